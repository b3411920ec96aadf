#!/bin/bash
# A system call fails during a rotation: the failure is reported, all values can be decrypted, and files are complete.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
. "$(dirname "$0")/../syscalls.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --set A=value app >/dev/null
mkdir "$TAP_WORK/folder" "$TAP_WORK/textfile"
metrics=$TAP_WORK/textfile/rotate.prom

# Several lines are allowed: a failure for one Secret does not stop the others, and the last line is the result.
is_reported() {
	[ "$STATUS" = 0 ] || [ "$STATUS" = 1 ] || FOUND+="not an exit status for this; "
	[ "$STATUS" = 0 ] || [ -n "$ERR" ] || FOUND+="no message; "
	[ -z "$ERR" ] || ! grep -qvE '^secret-rotate: .{10}' <<<"$ERR" || FOUND+="not in lines; "
}
decrypts() {
	is_reported
	[ "$("$BIN/secret-exec" --secret app -- printenv A 2>&1)" = value ] || FOUND+="it cannot be decrypted; "
	[ "$(ls -A "$TAP_WORK/textfile")" = rotate.prom ] || FOUND+="left: $(ls -A "$TAP_WORK/textfile"); "
	[[ $(head -c 6 "$metrics")$(tail -n 1 "$metrics") =~ ^'# HELP'.*[0-9]$ ]] || FOUND+="the metrics are not complete; "
}
syscalls_fail "the API, with metrics" : decrypts "$BIN/secret-rotate" -n demo --retries 0 --timeout 5s --metrics-file "$metrics"

"$BIN/secret-seal" --transit-key aes256-key --set A=value --dry-run=client file >"$TAP_WORK/folder/file.yaml"
shape() { sed 's/^  "A": .*/  "A": CIPHERTEXT/' "$TAP_WORK/folder/file.yaml"; }
other_lines=$(shape)
file_whole() {
	is_reported
	[ "$(ls -A "$TAP_WORK/folder")" = file.yaml ] || FOUND+="left: $(ls -A "$TAP_WORK/folder"); "
	[ "$(shape)" = "$other_lines" ] || FOUND+="its other lines are not the same; "
	value=$(sed -n 's/^  "A": //p' "$TAP_WORK/folder/file.yaml" | base64 -d)
	[ "$(A=$value "$BIN/secret-exec" --transit-key aes256-key -- printenv A 2>&1)" = value ] || FOUND+="it cannot be decrypted; "
}
rotate_key() { vault_call POST transit/keys/aes256-key/rotate; }
syscalls_fail "manifests in files" rotate_key file_whole "$BIN/secret-rotate" --retries 0 --timeout 5s --files "$TAP_WORK/folder"
done_testing

#!/bin/bash
# The reports of secret-rotate: the summary as text and JSON, the metrics file, and the progress.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

here=$(dirname "$0")
encoded() { printf '%s' "$1" | base64 -w0; }
for name in a b c; do
	"$BIN/secret-seal" --transit-key aes256-key --from-literal "A=a-$name" --from-literal B=b "$name" >/dev/null
done
"$BIN/secret-seal" --transit-key derived-key --from-literal A=bound bound >/dev/null

# -- the summary ------------------------------------------------------------------------------------

run "$BIN/secret-rotate" -n demo
status_is 0 "a rotation: exit 0"
out_like '^keys rotated 2, Secrets listed 4, current 4, rewrapped 4, conflicts 0, failed 0; [0-9.]+ s
transit/[a-z0-9]+-key: newest version 2; [0-9]+ values? on it
transit/[a-z0-9]+-key: newest version 2; [0-9]+ values? on it$' "the summary has a line for the Secrets and a line for each key"
out_like 'transit/aes256-key: newest version 2; 6 values on it' "values are counted by key"
run "$BIN/secret-rotate" -n demo --phase rotate --transit-key aes256-key
out_like '^keys rotated 1, Secrets listed 4; [0-9.]+ s
transit/aes256-key: newest version 3; 0 values on it, 6 on older versions, the oldest 2$' "after --phase rotate the summary has the old values"
run "$BIN/secret-rotate" -n demo -o json
status_is 0 "-o json: exit 0"
is "$(field ok) $(field complete) $(field keysRotated) $(field listed) $(field current) $(field failures)" \
	"true true 2 4 4 []" "-o json: the summary has its members"
is "$(field requests.patch) $(field valuesRewrapped)" "4 7" "-o json: the summary has requests and values"
is "$(wc -l <"$TAP_WORK/out")" 1 "-o json: the summary is one line"

# -- metrics ----------------------------------------------------------------------------------------

mkdir "$TAP_WORK/textfile"
file=$TAP_WORK/textfile/nightly.prom
# metrics SERIES...: print their numbers; names are without the prefix and the common label.  The whole file is checked.
metrics() {
	local series=() name
	for name in "$@"; do
		name=secretmanager_rotate_${name/\{/\{rotation=\"nightly\",}
		[[ $name == *\} ]] || name+='{rotation="nightly"}'
		series+=("$name")
	done
	"$here/prometheus-text" "${series[@]}" <"$file"
}
# shellcheck disable=SC2034 # until_true's condition
before=$(date +%s)
(umask 077 && exec "$BIN/secret-rotate" -n demo --metrics-file "$file" >/dev/null 2>"$TAP_WORK/err")
is "$?" 0 "a run with --metrics-file: exit 0"
is "$(metrics last_run_success keys_rotated rewrapped_secrets rewrapped_values conflicts)" "1 2 4 7 0" "metrics of the run"
is "$(metrics 'secrets{state="current"}' 'secrets{state="old"}' 'secrets{state="failed"}')" "4 0 0" "Secrets by state"
is "$(metrics 'values{transit_key="transit/aes256-key",version="5"}' 'values{transit_key="transit/derived-key",version="4"}')" \
	"6 1" "values by key and version"
is "$(metrics 'key_latest_version{transit_key="transit/aes256-key"}' 'key_oldest_version{transit_key="transit/aes256-key"}' \
	'key_min_decryption_version{transit_key="transit/aes256-key"}')" "5 5 1" "versions of keys"
is "$(metrics 'requests{kind="patch"}')" 4 "requests"
success=$(metrics last_success_timestamp_seconds)
ok "the time of the success" test "$success" -ge "$before" -a "$success" -le "$(date +%s)"
is "$success" "$(metrics last_run_timestamp_seconds)" "the time of the run is that of the success"
like "$(metrics last_run_duration_seconds)" '^[0-9]+\.[0-9]{3}$' "the duration is set"
is "$(stat -c %a "$file") $(ls -A "$TAP_WORK/textfile")" "644 nightly.prom" "every user may read the file, and no other file is left"

# A success of long ago, to distinguish the two times.
age() { sed -i -E "s/^(secretmanager_rotate_last_success_[^ ]*) [0-9]+/\1 ${1-1600000000}/" "$file"; }
age
kube_call POST /api/v1/namespaces/demo/secrets "{\"metadata\":{\"name\":\"garbled\",\"labels\":{\"secretmanager/sealed\":\"true\"},
	\"annotations\":{\"secretmanager/transit-key\":\"transit/aes256-key\"}},\"data\":{\"A\":\"$(encoded vault:v1:AAAA)\"}}"
run "$BIN/secret-rotate" -n demo --metrics-file "$file" -o json
status_is 1 "a run with a failure: exit 1"
is "$(field ok) $(field complete) $(field failed) $(field failures.0.secret)" "false true 1 demo/garbled" "the summary counts it"
is "$(metrics last_run_success last_success_timestamp_seconds)" "0 1600000000" "the time of the last success stays"
is "$(metrics 'secrets{state="failed"}' 'values{transit_key="transit/aes256-key",version="1"}')" "1 1" "the failure is counted"
ok "the run has a time of its own" test "$(metrics last_run_timestamp_seconds)" -ge "$success"
kube_call DELETE /api/v1/namespaces/demo/secrets/garbled

run env VAULT_ADDR=https://127.0.0.1:1 "$BIN/secret-rotate" -n demo --retries 0 --metrics-file "$file"
status_is 1 "without Vault: exit 1"
is "$(metrics last_run_success last_success_timestamp_seconds)" "0 1600000000" "the file has the failure"
is "$(metrics 'secrets{state="current"}' 'values{transit_key="transit/derived-key",version="5"}')" "- 1" \
	"values are counted, but not by state"
run "$BIN/secret-rotate" -n nowhere --name x --transit-key aes256-key --phase verify --metrics-file "$file"
status_is 1 "a missing Secret: exit 1"
is "$(metrics last_success_timestamp_seconds)" 1600000000 "the time of the last success stays"

age 99999999999
run "$BIN/secret-rotate" -n nowhere --name x --transit-key aes256-key --phase verify --metrics-file "$file"
err_like 'warning: --metrics-file .*/nightly.prom: the old file has no time of a success' "a last success in the future is ignored"
is "$(metrics last_run_success last_success_timestamp_seconds)" "0 -" "a last success in the future: its time is left out"
echo garbage >"$file"
run "$BIN/secret-rotate" -n demo --metrics-file "$file"
is "$STATUS $(metrics last_run_success)" "0 1" "another kind of file is replaced"
odd=$TAP_WORK/textfile/$'a"b\\c\nd\xff'
run "$BIN/secret-rotate" -n demo --metrics-file "$odd"
# shellcheck disable=SC1003 # the label's own escapes
is "$STATUS $("$here/prometheus-text" 'secretmanager_rotate_last_run_success{rotation="a\"b\\c?d?"}' <"$odd")" "0 1" \
	"the file's name may have any characters"
rm "$odd"

age
before=$(<"$file")
latest() { vault_call GET transit/keys/aes256-key && field data.latest_version; }
version=$(latest)
run "$BIN/secret-rotate" -n demo --metrics-file "$file" --dry-run
is "$STATUS $(<"$file")" "0 $before" "a dry run does not write the file"
run "$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/nowhere/rotate.prom"
fails_with 1 '^secret-rotate: --metrics-file .*/nowhere/rotate.prom: its directory: No such file' "a missing directory: exit 1"
run "$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/textfile"
fails_with 2 'not a regular file' "a directory: exit 2"
run "$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/textfile/"
fails_with 2 'a directory' "a path that ends in a slash: exit 2"
mkfifo "$TAP_WORK/textfile/fifo.prom"
run timeout "$PATIENCE" "$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/textfile/fifo.prom"
fails_with 2 'not a regular file' "a named pipe: exit 2"
rm "$TAP_WORK/textfile/fifo.prom"
is "$(latest)" "$version" "no key was rotated"
cd "$TAP_WORK/textfile" || exit 1
run "$BIN/secret-rotate" -n demo --metrics-file here.prom
is "$STATUS $(ls -A)" "0 here.prom
nightly.prom" "a relative path"
cd - >/dev/null || exit 1

# The API server becomes unavailable after the first of two Secrets.
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
age
bad_api relay code=503
run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" KUBERNETES_SERVICE_PORT="$BAD_PORT" \
	"$BIN/secret-rotate" -n demo --retries 0 --timeout 5s --name a --name bound --metrics-file "$file" -o json
status_is 1 "a pass that is not completed: exit 1"
is "$(field complete) $(field listed) $(field keys.0.name) $(field keys.0.valuesByVersion)" "false 1 transit/aes256-key " \
	"the summary has no values"
is "$(metrics last_run_success last_success_timestamp_seconds 'key_oldest_version{transit_key="transit/aes256-key"}')" \
	"0 1600000000 -" "the metrics have no values"

# -- progress -------------------------------------------------------------------------------------

[ "$STAGE" = dev ] || done_testing # the rest needs a server that can be stopped
# stopped TERMINAL-SCRIPT OPTION...: run it on a terminal while the servers do not answer.
stopped() {
	local script=$1
	shift
	kill -STOP "$SECRET_DEV_PID"
	run env TERM=xterm "$here/../terminal" "$script" -- "$BIN/secret-rotate" -n demo --yes "$@"
	kill -CONT "$SECRET_DEV_PID"
}
wipe=$'\r\x1b\\[K'
stopped "expect Finding Secrets: 0
	run kill -CONT $SECRET_DEV_PID
	expect keys rotated 2"
status_is 0 "a run of more than a second shows its progress on a terminal"
out_like "${wipe}Finding Secrets: 0${wipe}" "the progress line is wiped"
out_unlike 'Finding Secrets: 0[^0-9]*keys' "the progress line is wiped before the summary"
stopped "expect Finding Secrets: 0
	signal TERM
	run kill -CONT $SECRET_DEV_PID" --metrics-file "$file"
status_is 1 "a signal: exit 1"
out_like "Finding Secrets: 0${wipe}keys rotated 0.*secret-rotate: .*interrupted by a signal" "the line is wiped before the messages"
is "$(metrics last_run_success last_success_timestamp_seconds)" "0 1600000000" "the file has the failure"
done_testing

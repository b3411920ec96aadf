#!/bin/bash
# secret-seal --in-place replaces a manifest file as a whole or not at all.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

dir=$TAP_WORK/manifests
file=$dir/app.yaml
mkdir "$dir"
# values N: a manifest with N Secrets, each after a ConfigMap
plain() {
	local i
	for ((i = 1; i <= $1; i++)); do
		printf -- '---\nkind: ConfigMap   # %d\napiVersion: v1\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app-%d\nstringData:\n  PASSWORD: "hunter2" # keep\n' "$i" "$i"
	done
}
seal() { run "$BIN/secret-seal" --transit-key derived-key -n demo --in-place "$@"; }
inode() { stat -c '%i %Y %s' "$1"; }
# Ciphertext differs each time: compare its place.
places() { sed -E 's/dmF1bHQ6[A-Za-z0-9+/=]+/CIPHERTEXT/' "$1"; }
alone() { is "$(ls -A "$dir")" app.yaml "$1"; }

plain 1 >"$file"
chmod 0640 "$file"
chown 12345:23456 "$file" 2>/dev/null
owner=$(stat -c '%u:%g %a' "$file")
seal -f "$file"
status_is 0 "a manifest in place: exit 0"
err_is "secret-seal: $file: 1 Secret sealed" "a manifest in place: reported"
out_is "" "a manifest in place: nothing on standard output"
is "$(places "$file")" '---
kind: ConfigMap   # 1
apiVersion: v1
---
apiVersion: v1
kind: Secret
metadata:
  name: app-1
  labels:
    secretmanager/sealed: "true"
  annotations:
    secretmanager/transit-key: "transit/derived-key"
    secretmanager/layout: "per-key"
    secretmanager/scope: "strict"
data:
  PASSWORD: "CIPHERTEXT" # keep' "a manifest in place: only the values and the metadata change"
is "$(stat -c '%u:%g %a' "$file")" "$owner" "owner and mode are kept"
alone "no temporary file is left"
before=$(inode "$file")
seal -f "$file"
err_is "secret-seal: $file: nothing to seal" "a sealed manifest: nothing to seal"
is "$(inode "$file")" "$before" "a sealed manifest: the file is not replaced"

# A new value beside sealed ones.
printf '  NEW: bmV3\n' >>"$file"
old=$(grep PASSWORD "$file")
seal -f "$file"
status_is 0 "a new value beside sealed values: exit 0"
is "$(grep PASSWORD "$file")" "$old" "a new value beside sealed values: the sealed value is unchanged"
like "$(tail -1 "$file")" '^  NEW: dmF1bHQ6' "a new value beside sealed values: it is sealed"

plain 1 >"$file"
ln -s manifests/app.yaml "$TAP_WORK/link.yaml"
seal -f "$TAP_WORK/link.yaml"
status_is 0 "a symbolic link: exit 0"
ok "a symbolic link: still a link" [ -L "$TAP_WORK/link.yaml" ]
ok "a symbolic link: the file it leads to is sealed" grep -q dmF1bHQ6 "$file"

# Failures leave the file unchanged.
plain 3 >"$file"
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: last}\ndata: {A: no base64}\n' >>"$file"
before="$(inode "$file") $(sha256sum <"$file")"
unchanged() {
	is "$(inode "$file") $(sha256sum <"$file")" "$before" "$1: the file is unchanged"
	alone "$1: no temporary file is left"
}
seal -f "$file"
fails_with 1 'app.yaml: line 35, column 11: .*not base64' "an error in the last document"
unchanged "an error in the last document"
plain 3 >"$file"
before="$(inode "$file") $(sha256sum <"$file")"
VAULT_TOKEN=wrong seal -f "$file"
status_is 1 "an unknown token: exit 1"
unchanged "an unknown token"
run "$BIN/secret-seal" --transit-key derived-key --in-place -f "$file"
status_is 2 "no namespace: exit 2"
unchanged "no namespace"
seal -f "$dir" --set NEW=1
fails_with 2 'not a regular file' "one value in a folder"
mkfifo "$TAP_WORK/fifo"
seal -f "$TAP_WORK/fifo"
fails_with 2 'not a regular file' "a named pipe"
seal -f "$dir/none"
fails_with 1 'none: No such file' "a file that is missing"
run bash -c 'ulimit -f 0; trap "" XFSZ; exec "$@"' - "$BIN/secret-seal" --transit-key derived-key -n demo -i -f "$file"
is "$STATUS" 1 "no space for the new text: exit 1"
unchanged "no space for the new text"

# A signal during a request to Vault.
. "$(dirname "$0")/../faults.sh"
bad_vault hang
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA "$BIN/secret-seal" --transit-key derived-key -n demo -i -f "$file" 2>/dev/null &
waiting=$!
until [ -s "$BAD_LOG" ]; do kill -0 "$waiting" 2>/dev/null || break; done
is "$(find "$dir" -type f | wc -l)" 1 "no temporary file is created before Vault has answered"
kill -TERM "$waiting"
wait "$waiting" 2>/dev/null
is "$?" 143 "a signal: exit 143"
unchanged "a signal"

# Several files: the files before the failed one are sealed.
cp "$file" "$TAP_WORK/first.yaml"
seal -f "$TAP_WORK/first.yaml" -f "$dir/none" -f "$file"
is "$STATUS" 1 "a missing file between two files: exit 1"
ok "a missing file between two files: the one before is sealed" grep -q dmF1bHQ6 "$TAP_WORK/first.yaml"
unchanged "a missing file between two files: the one after it"

# Killed at each system call on files: the old text is there, or all of the new text.
plain 2 >"$TAP_WORK/plain.yaml"
cp "$TAP_WORK/plain.yaml" "$file"
seal -f "$file"
whole=$(places "$file")
calls=openat,write,fchown,fchmod,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,close,ftruncate
killed_at() {
	ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e "inject=$calls:signal=KILL:when=$1" \
		"$BIN/secret-seal" --transit-key derived-key -n demo --in-place -f "$file" >/dev/null
}
old=0 new=0 torn=0 ended=0 plaintext=0 again=0
for ((n = 1; n <= 400 && !ended; n++)); do
	rm -rf "$dir" && mkdir "$dir"
	cp "$TAP_WORK/plain.yaml" "$file"
	killed_at "$n" 2>/dev/null
	status=$?
	[ "$status" = 137 ] || ended=1
	if cmp -s "$file" "$TAP_WORK/plain.yaml"; then
		old=$((old + 1))
	elif [ "$(places "$file")" = "$whole" ]; then
		new=$((new + 1))
	else
		torn=$((torn + 1))
	fi
	for left in "$dir"/.[!.]*; do
		[ ! -e "$left" ] || ! grep -q hunter2 "$left" || plaintext=$((plaintext + 1))
	done
	[ "$ended" = 1 ] || [ $((n % 10)) != 0 ] || {
		"$BIN/secret-seal" --transit-key derived-key -n demo --in-place -f "$file" 2>/dev/null
		[ "$(places "$file")" = "$whole" ] || again=$((again + 1))
	}
done
tap_note "killed $((n - 2)) times: the old file $old times, the new one $new times"
is "$ended $status" "1 0" "secret-seal --in-place was killed at each system call until a run ended by itself"
is "$torn" 0 "no file is written in part"
ok "kills before the rename leave the old text" [ "$old" -gt 5 ]
ok "kills after the rename leave the new text" [ "$new" -gt 1 ]
is "$plaintext" 0 "temporary files hold no plaintext"
is "$again" 0 "the next run seals the file"

done_testing

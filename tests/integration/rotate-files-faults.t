#!/bin/bash
# secret-rotate --files reports what it cannot rewrap and does the rest: broken documents, files that cannot be replaced,
# files that another process changes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
file=$dir/app.yaml
mkdir "$dir"
unchanged() { is "$(inode "$file") $(sha256sum <"$file")" "$before" "$1: the file is unchanged"; }

# -- broken values and documents -------------------------------------------------------------------------

good=$(sealed aes256-key good)
printf '%s' "$good" >"$TAP_WORK/good"
new_version transit/aes256-key
{
	secret app A "$(base64 -w0 <"$TAP_WORK/good")"
	printf '  B: %s\n' "$(sed 's/\(.\{20\}\)..../\1AAAA/' "$TAP_WORK/good" | tr -d '\n' | base64 -w0)"
	printf '  C: %s\n' "$(printf 'vault:v1:no base64' | base64 -w0)"
	printf '  D: %s\n' "$(sed 's/^vault:v[0-9]*/vault:v99/' "$TAP_WORK/good" | tr -d '\n' | base64 -w0)"
	printf 'stringData: {E: "%s\\n"}\n' "$good"
} >"$file"
cp "$file" "$TAP_WORK/before.yaml"
rotate "$file"
status_is 1 "garbled values: exit 1"
out_like 'changed 1, Secrets 1, current 0, rewrapped 0, old 0, of other keys 0, failed 1' "garbled values: the Secret is counted as failed"
is "$(diff "$TAP_WORK/before.yaml" "$file" | grep -c '^>')" 1 "garbled values: the good value beside them is rewrapped"
err_like "$file:10: Secret demo/app: data key \"B\": Vault can't rewrap it: .*authentication" "a value that does not decrypt: reported with its line"
err_like "$file:11: Secret demo/app: data key \"C\": garbled ciphertext: not base64" "a value that is not base64: reported"
err_like "$file:12: Secret demo/app: data key \"D\": version v99 is newer .*Transit key transit/aes256-key \(v2\)" "a value of another key: reported"
err_like "$file:13: Secret demo/app: data key \"E\": garbled ciphertext: it ends in a newline" "a value with a newline: reported"
is "$(grep -c 'Secret demo/app' <<<"$ERR")" 4 "each value is reported once"

old=$(base64 -w0 <"$TAP_WORK/good")
# each document is refused by itself: NAME, its text
{
	secret first A "$old"
	printf -- '---\nbroken: [\ndata: {A: %s}\n' "$old"
	printf -- '---\ntemplate: {{ .Values.a }}\n'
	secret frozen A "$old"
	echo 'immutable: true'
	secret half A "$old" "$(annotated transit/aes256-key)
  labels: {secretmanager/sealed: \"true\"}"
	echo '  B: cGxhaW4='
	secret open A "$old"
	echo '  B: cGxhaW4='
	secret anchor A "$old"
	echo 'type: &x Opaque'
	secret twice A "$old"
	printf '  A: %s\n' "$old"
	secret badkey A "$old" "$(annotated '"no key/"')"
	secret badscope A "$old" "$(annotated transit/aes256-key somewhere)"
	secret last A "$old"
} >"$file"
cp "$file" "$TAP_WORK/before.yaml"
rotate --phase verify "$file"
err_like 'Secret demo/frozen: 1 value is of an old version' "verify reports an immutable Secret, too"
rotate "$file"
status_is 1 "broken documents: exit 1"
out_like 'changed 1, Secrets 8, current 0, rewrapped 3, old 0, of other keys 0, failed 5, not read or replaced 2' "broken documents: counted"
is "$(grep -c "$old" "$file")" 7 "broken documents: the good values beside them and in them are rewrapped"
err_like "$file: line 13, column 1: " "a document that is not YAML: the YAML library's message"
err_like "Secret demo/frozen: immutable; " "an immutable Secret: reported"
err_like "Secret demo/half: data key \"B\": not sealed; " "plaintext in a Secret that is labelled as sealed: reported"
err_unlike "Secret demo/open" "plaintext without the label: not reported"
err_like "Secret demo/anchor: an anchor or a tag in it; " "an anchor: reported"
err_like "duplicate key" "a key that appears twice: reported"
err_like "Secret demo/badkey: annotation secretmanager/transit-key: .*\[MOUNT/\]NAME" "a malformed annotation: reported"
err_like "Secret demo/badscope: annotation secretmanager/scope: .*scope" "an unknown scope: reported"
err_unlike 'template' "a template without ciphertext: not reported"
like "${ERR##*$'\n'}" '^secret-rotate: 5 of 8 Secrets are not all on the newest version: 2 documents or files cannot be read or replaced; see the errors above' "the last line counts what is left"

cp "$TAP_WORK/before.yaml" "$file"
rotate --phase all "$file"
is "$(grep -c 'line 13, column 1' <<<"$ERR") $(grep -c 'Secret demo/badkey' <<<"$ERR")" "1 1" "all phases: each error is reported once"

# An item of a List that cannot be changed does not stop the others.
cat >"$file" <<YAML
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: a, $(annotated transit/aes256-key)}, data: {A: $old}}
- {apiVersion: v1, kind: Secret, metadata: {name: b, $(annotated transit/aes256-key)}, data: &d {A: $old}}
- {apiVersion: v1, kind: Secret, metadata: {name: c, $(annotated transit/aes256-key)}, data: {A: $old}}
YAML
rotate "$file"
out_like 'Secrets 3, current 0, rewrapped 2, .*failed 1' "an anchor in one item of a List: the other items are counted as rewrapped"
is "$(grep -c "$old" "$file")" 1 "an anchor in one item of a List: the other items are rewrapped"

# -- files that cannot be read or replaced ------------------------------------------------------------

# As a user whom file modes restrict.
install -m 0755 "$BIN/secret-rotate" "$TAP_WORK/secret-rotate"
install -m 0644 "$VAULT_CACERT" "$TAP_WORK/ca.crt"
chmod 0711 "$TAP_WORK"
bound() {
	local user=()
	[ "$(id -u)" != 0 ] || user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	run env -u KUBECONFIG VAULT_CACERT="$TAP_WORK/ca.crt" "${user[@]}" "$TAP_WORK/secret-rotate" --files "$@"
}
rm -rf "$dir" && mkdir -p "$dir/closed" "$dir/fixed" "$dir/open"
for name in closed/a fixed/b open/c open/d open/e; do secret app A "$old" >"$dir/$name.yaml"; done
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$dir"
chmod 0000 "$dir/closed" "$dir/open/d.yaml"
chmod 0555 "$dir/fixed"
chmod 0444 "$dir/open/e.yaml"
bound "$dir"
status_is 1 "files and folders without permission: exit 1"
err_like "$dir/closed: Permission denied" "a folder that cannot be read: reported"
err_like "$dir/open/d.yaml: Permission denied" "a file that cannot be read: reported"
err_like "$dir/fixed/b.yaml: .*Permission denied" "a folder that cannot be written: reported"
out_like 'files 4, changed 2, Secrets 3, current 0, rewrapped 2, .*failed 1, not read or replaced 3' "files and folders without permission: counted"
chmod -R u+rwX "$dir"
is "$(grep -l "$old" "$dir"/*/*.yaml | sed "s|$dir/||" | tr '\n' ' ')" "closed/a.yaml fixed/b.yaml open/d.yaml " "files and folders without permission: the other files are rewrapped"
is "$(stat -c %a "$dir/open/e.yaml")" 644 "a file whose mode forbids writing: replaced, as secret-seal does"
is "$(find "$dir" -name '.*' -type f)" "" "files and folders without permission: no temporary file is left"
rotate "$dir/none" "$dir/fixed"
status_is 1 "a missing path: exit 1"
err_like 'none: No such file' "a missing path: reported"
out_like 'changed 1' "a missing path: the others are rewrapped"
mkfifo "$TAP_WORK/fifo"
rotate "$TAP_WORK/fifo"
err_like 'fifo: not a regular file' "a named pipe: reported"
printf '{"text": "%020000000d"}' 0 >"$TAP_WORK/large.json"
rotate "$TAP_WORK/large.json"
status_is 0 "a too large document without ciphertext: exit 0"
printf '{"text": "%020000000d %s"}' 0 "$good" >"$TAP_WORK/large.json"
rotate "$TAP_WORK/large.json"
fails_large='large.json: line 1: the document that begins here has more than 16 MiB'
err_like "$fails_large" "a too large document with ciphertext: reported"

run bash -c 'ulimit -f 0; trap "" XFSZ; exec "$@"' - "$BIN/secret-rotate" --files "$dir/closed"
is "$STATUS" 1 "no space for the new text: exit 1"
is "$(ls -A "$dir/closed")" a.yaml "no space for the new text: no temporary file is left"

# -- changes by other processes ---------------------------------------------------------------------------------

# while_rewrapping COMMAND: run it after Vault was asked to rewrap, and before it answers
while_rewrapping() {
	rm -rf "$dir" && mkdir "$dir"
	{
		secret app A "$old"
		secret two A "$old"
	} >"$file"
	secret other A "$old" >"$dir/other.yaml"
	bad_vault relay code=503=1 relay
	VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA "$BIN/secret-rotate" --files "$dir" >"$TAP_WORK/out" 2>"$TAP_WORK/err" &
	until_true grep -q 'POST .*/rewrap/.* code' "$BAD_LOG"
	"$@"
	before="$(inode "$file") $(sha256sum <"$file")"
	STATUS=0
	wait $! || STATUS=$?
	OUT=$(<"$TAP_WORK/out")
	ERR=$(<"$TAP_WORK/err")
}
edited() {
	is "$STATUS" 1 "$1: exit 1"
	err_like "$file: changed by another process" "$1: reported"
	unchanged "$1"
	is "$(grep -c "$old" "$dir/other.yaml")" 0 "$1: the other file is rewrapped"
	is "$(ls -A "$dir" | tr '\n' ' ')" "app.yaml other.yaml " "$1: no temporary file is left"
	out_like 'changed 1, Secrets 3, current 0, rewrapped 1, .*failed 2, not read or replaced 1' "$1: counted"
}
while_rewrapping sed -i '1,/^  namespace/s/^  namespace: demo/  namespace: demo # edited/' "$file"
edited "a file that another process replaces"
append() { echo '# more' >>"$file"; }
while_rewrapping append
edited "a file that another process writes to"
# In the second document, after the first one was written.
same_size() {
	local time at
	time=$(stat -c %y "$file")
	at=$(grep -abo 'name: two' "$file")
	printf N | dd of="$file" conv=notrunc bs=1 seek="${at%%:*}" status=none
	touch -d "$time" "$file"
}
while_rewrapping same_size
edited "a change that keeps size and time"
while_rewrapping true
is "$STATUS" 0 "no change by another process: exit 0 after a retry"
out_like 'changed 2' "no change by another process: both files are rewrapped"

secret app A "$old" >"$file"
before="$(inode "$file") $(sha256sum <"$file")"
accessors=$(vault_accessors)
bad_vault relay relay hang relay
"${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/rotator" VAULT_ADDR="$BAD_URL" \
	VAULT_CACERT="$BAD_CA" "$BIN/secret-rotate" --files "$dir" >"$TAP_WORK/out" 2>"$TAP_WORK/err" &
until_true grep -q 'POST .*/rewrap/.* hang' "$BAD_LOG"
kill -TERM $!
STATUS=0
wait $! || STATUS=$?
ERR=$(<"$TAP_WORK/err")
OUT=$(<"$TAP_WORK/out")
is "$STATUS" 1 "a signal: exit 1"
like "${ERR##*$'\n'}" 'interrupted by a? ?signal' "a signal: the message"
out_like 'files 2, changed 0, Secrets 2,' "a signal: the summary is printed"
unchanged "a signal"
is "$(ls -A "$dir" | tr '\n' ' ')" "app.yaml other.yaml " "a signal: no temporary file is left"
is "$(new_tokens "$accessors")" 0 "a signal: the token is revoked"
bad_vault relay hang
run env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" "$BIN/secret-rotate" --timeout 5s --files "$file"
is "$STATUS" 1 "a Vault that does not answer: exit 1"
unchanged "a Vault that does not answer"

done_testing

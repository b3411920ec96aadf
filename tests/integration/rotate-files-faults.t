#!/bin/bash
# What secret-rotate --files can't do stops nothing else, and nothing is lost: broken documents, files that can't be
# replaced, and those that change meanwhile.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
file=$dir/app.yaml
mkdir "$dir"
unchanged() { is "$(inode "$file") $(sha256sum <"$file")" "$before" "$1: it is as it was"; }

# -- what is broken stops nothing else ----------------------------------------------------------------

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
status_is 1 "values that are garbled"
out_like 'changed 1, Secrets 1, current 0, rewrapped 0, old 0, of other keys 0, failed 1' "are counted"
is "$(diff "$TAP_WORK/before.yaml" "$file" | grep -c '^>')" 1 "the good one beside them is done"
err_like "$file:10: Secret demo/app: data key \"B\": Vault can't rewrap it: .*authentication" "one that does not decrypt, with its line"
err_like "$file:11: Secret demo/app: data key \"C\": garbled ciphertext: no base64" "one that is no base64"
err_like "$file:12: Secret demo/app: data key \"D\": its version is v99, but the newest of Transit key transit/aes256-key is v2" "one of another key"
err_like "$file:13: Secret demo/app: data key \"E\": garbled ciphertext: it ends in a newline" "one with a newline"
is "$(grep -c 'Secret demo/app' <<<"$ERR")" 4 "each once"

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
err_like 'Secret demo/frozen: 1 value is of an old version' "verify tells of what can't be changed, too"
rotate "$file"
status_is 1 "documents that are broken"
out_like 'changed 1, Secrets 8, current 0, rewrapped 3, old 0, of other keys 0, failed 5, not read or replaced 2' "are counted"
is "$(grep -c "$old" "$file")" 7 "what is good is done: beside them, and in half a one"
err_like "$file: line 13, column 1: " "what is no YAML, in the library's words"
err_like "Secret demo/frozen: it is immutable: seal it again" "an immutable Secret"
err_like "Secret demo/half: data key \"B\": it is not sealed" "plaintext in a Secret that is labelled as sealed"
err_unlike "Secret demo/open" "without the label, plaintext is another's affair"
err_like "Secret demo/anchor: an anchor or a tag in it: write out" "an anchor"
err_like "a key for the second time" "a key that comes twice"
err_like "Secret demo/badkey: annotation secretmanager/transit-key: .*\[MOUNT/\]NAME" "a malformed annotation"
err_like "Secret demo/badscope: annotation secretmanager/scope: .*no scope" "a scope that is none"
err_unlike 'template' "a template without ciphertext"
like "${ERR##*$'\n'}" '^secret-rotate: 5 of 8 Secrets are not all on the newest version: 2 documents or files can.t be read or replaced: the reasons stand above' "the last line says what is left"

cp "$TAP_WORK/before.yaml" "$file"
rotate --phase all "$file"
is "$(grep -c 'line 13, column 1' <<<"$ERR") $(grep -c 'Secret demo/badkey' <<<"$ERR")" "1 1" "with all phases each is told once, too"

# One item of a List is no reason to leave the others.
cat >"$file" <<YAML
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: a, $(annotated transit/aes256-key)}, data: {A: $old}}
- {apiVersion: v1, kind: Secret, metadata: {name: b, $(annotated transit/aes256-key)}, data: &d {A: $old}}
- {apiVersion: v1, kind: Secret, metadata: {name: c, $(annotated transit/aes256-key)}, data: {A: $old}}
YAML
rotate "$file"
out_like 'Secrets 3, current 0, rewrapped 2, .*failed 1' "an anchor in one item of a List"
is "$(grep -c "$old" "$file")" 1 "the others are done"

# -- files that can't be read or replaced -------------------------------------------------------------

# As somebody whom modes of files bind.
install -m 0755 "$BIN/secret-rotate" "$TAP_WORK/secret-rotate"
install -m 0644 "$VAULT_CACERT" "$TAP_WORK/ca.crt"
chmod 0711 "$TAP_WORK"
bound() {
	local somebody=()
	[ "$(id -u)" != 0 ] || somebody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	run env -u KUBECONFIG VAULT_CACERT="$TAP_WORK/ca.crt" "${somebody[@]}" "$TAP_WORK/secret-rotate" --files "$@"
}
rm -rf "$dir" && mkdir -p "$dir/closed" "$dir/fixed" "$dir/open"
for name in closed/a fixed/b open/c open/d open/e; do secret app A "$old" >"$dir/$name.yaml"; done
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$dir"
chmod 0000 "$dir/closed" "$dir/open/d.yaml"
chmod 0555 "$dir/fixed"
chmod 0444 "$dir/open/e.yaml"
bound "$dir"
status_is 1 "a folder and a file that can't be read, a folder that can't be written"
err_like "$dir/closed: Permission denied" "the folder that can't be read"
err_like "$dir/open/d.yaml: Permission denied" "the file that can't be read"
err_like "$dir/fixed/b.yaml: a new file beside it: Permission denied" "the folder that can't be written"
out_like 'files 4, changed 2, Secrets 3, current 0, rewrapped 2, .*failed 1, not read or replaced 3' "are counted"
chmod -R u+rwX "$dir"
is "$(grep -l "$old" "$dir"/*/*.yaml | sed "s|$dir/||" | tr '\n' ' ')" "closed/a.yaml fixed/b.yaml open/d.yaml " "the others are done"
is "$(stat -c %a "$dir/open/e.yaml")" 644 "one whose mode forbids writing is replaced, as secret-seal does"
is "$(find "$dir" -name '.*' -type f)" "" "nothing is left behind"
rotate "$dir/none" "$dir/fixed"
status_is 1 "a path that leads nowhere"
err_like 'none: No such file' "is told"
out_like 'changed 1' "and the others are done"
mkfifo "$TAP_WORK/fifo"
rotate "$TAP_WORK/fifo"
err_like 'fifo: not a regular file' "a named pipe"
printf '{"text": "%020000000d"}' 0 >"$TAP_WORK/large.json"
rotate "$TAP_WORK/large.json"
status_is 0 "a large document without ciphertext is passed over"
printf '{"text": "%020000000d %s"}' 0 "$good" >"$TAP_WORK/large.json"
rotate "$TAP_WORK/large.json"
fails_large='large.json: line 1: the document that begins here has more than 16 MiB'
err_like "$fails_large" "with ciphertext it is told"

run bash -c 'ulimit -f 0; trap "" XFSZ; exec "$@"' - "$BIN/secret-rotate" --files "$dir/closed"
is "$STATUS" 1 "no room for the new text"
is "$(ls -A "$dir/closed")" a.yaml "and leaves nothing behind"

# -- while we work ------------------------------------------------------------------------------------

# meanwhile COMMAND: run when Vault has been asked to rewrap, and before it answers
meanwhile() {
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
	is "$STATUS" 1 "$1: exit status"
	err_like "$file: somebody changed it meanwhile, and it is as they left it: run again" "$1: it is told"
	unchanged "$1"
	is "$(grep -c "$old" "$dir/other.yaml")" 0 "$1: the other file is done"
	is "$(ls -A "$dir" | tr '\n' ' ')" "app.yaml other.yaml " "$1: nothing is left behind"
	out_like 'changed 1, Secrets 3, current 0, rewrapped 1, .*failed 2, not read or replaced 1' "$1: it is counted"
}
meanwhile sed -i '1,/^  namespace/s/^  namespace: demo/  namespace: demo # edited/' "$file"
edited "a file that is replaced meanwhile"
append() { echo '# more' >>"$file"; }
meanwhile append
edited "a file that is written to meanwhile"
# In the second document, when the first is written already.
same_size() {
	local time at
	time=$(stat -c %y "$file")
	at=$(grep -abo 'name: two' "$file")
	printf N | dd of="$file" conv=notrunc bs=1 seek="${at%%:*}" status=none
	touch -d "$time" "$file"
}
meanwhile same_size
edited "a file of the same size and time"
meanwhile true
is "$STATUS" 0 "nobody changes anything"
out_like 'changed 2' "after another try"

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
is "$STATUS" 1 "a signal"
like "${ERR##*$'\n'}" 'interrupted by a? ?signal' "is what it says"
out_like 'files 2, changed 0, Secrets 2,' "with the summary"
unchanged "a signal"
is "$(ls -A "$dir" | tr '\n' ' ')" "app.yaml other.yaml " "a signal: nothing is left behind"
is "$(new_tokens "$accessors")" 0 "a signal: the token is given back"
bad_vault relay hang
run env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" "$BIN/secret-rotate" --timeout 5s --files "$file"
is "$STATUS" 1 "a Vault that does not answer"
unchanged "a Vault that does not answer"

done_testing

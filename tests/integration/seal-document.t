#!/bin/bash
# --layout document: one data key for the whole JSON object, as the original project wrote it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

decrypted() {
	vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$(stored "$1" "$2")\"}"
	field data.plaintext
}

printf '{ "db_host": "h",\n  "n": 1.0 }\n\n' >"$TAP_WORK/doc.json"
run "$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/doc.json" matrix-secrets
status_is 0 "sealing a document: exit 0"
is "$(decrypted matrix-secrets secrets.json)" "$(base64 -w0 "$TAP_WORK/doc.json")" "the document is sealed byte for byte"
kube_call GET /api/v1/namespaces/demo/secrets/matrix-secrets
is "$(field data | tr ',' '\n' | grep -c :)" 1 "the Secret has one data key"
is "$(field metadata.annotations.secretmanager/layout)" document "the layout is annotated"
run "$BIN/secret-exec" --secret matrix-secrets -- sh -c 'echo "$db_host $n"'
out_is "h 1.0" "the document's members become variables"

run "$BIN/secret-seal" --transit-key aes256-key --layout document --data-key app.json --from-literal A=1 --from-literal B=é literals
status_is 0 "a document from literals: exit 0"
is "$(decrypted literals app.json | base64 -d)" '{"A":"1","B":"é"}' "a document from literals is an object of strings"

run "$BIN/secret-seal" --layout document --data-key app.json --from-literal C=3 literals
status_is 0 "a value is added to an existing document: exit 0"
is "$(decrypted literals app.json | base64 -d)" '{"A":"1","B":"é","C":"3"}' "the existing document keeps its other members"
run "$BIN/secret-seal" --layout document --from-document - matrix-secrets <<<'{"db_host":"new"}'
out_is "secret/matrix-secrets updated" "a whole document replaces the existing one"
run "$BIN/secret-exec" --secret matrix-secrets -- sh -c 'echo "$db_host ${n-gone}"'
out_is "new gone" "members of the old document are gone"

printf '{"A":"x"}' >"$TAP_WORK/config.json"
run "$BIN/secret-seal" --transit-key aes256-key --from-file "$TAP_WORK/config.json" files
run "$BIN/secret-exec" --secret files --fd 5 -- sh -c 'cat <&5'
out_is '{"config.json":"{\"A\":\"x\"}"}' "a .json file in the per-key layout is one value"

run "$BIN/secret-seal" --layout per-key --from-literal A=1 matrix-secrets
fails_with 2 'its layout is document; use --layout document' "--layout per-key for a document: exit 2"
run "$BIN/secret-seal" --from-literal A=1 matrix-secrets
is "$(decrypted matrix-secrets secrets.json | base64 -d)" '{"db_host":"new","A":"1"}' \
	"without --layout the Secret keeps its layout"
run "$BIN/secret-seal" --layout document --from-document "$TAP_WORK/doc.json" --from-literal A=1 matrix-secrets
fails_with 2 'cannot be used with other values' "a whole document together with values: exit 2"
printf '{"a":{"b": [1]},"i":5,"s":"x","gone":1}' >"$TAP_WORK/typed.json"
run "$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/typed.json" typed
printf 'i: 6\nnew: [true, 1.50]\ns: "7"\ngone: null\n' >"$TAP_WORK/typed.yaml"
run "$BIN/secret-seal" --from-document "$TAP_WORK/typed.yaml" --from-literal L=8 typed
status_is 0 "without --layout a document is merged into the existing one: exit 0"
is "$(decrypted typed secrets.json | base64 -d)" \
	'{"a":{"b": [1]},"i":6,"s":"7","gone":null,"L":"8","new":[true,1.50]}' "members merged into a document keep their JSON types"
run "$BIN/secret-seal" --from-document "$TAP_WORK/typed.json" typed
is "$(decrypted typed secrets.json | base64 -d)" \
	'{"a":{"b": [1]},"i":5,"s":"x","gone":1,"L":"8","new":[true,1.50]}' "members of a --from-document are sealed as they are spelt"
for text in '["a"]' '"text"' '{"A":1' '{"A":1,"A":2}' '{"A":1} x' ''; do
	printf '%s' "$text" >"$TAP_WORK/bad.json"
	run "$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/bad.json" bad
	fails_with 1 'bad\.json: ' "refused: $text"
done
kube_call GET /api/v1/namespaces/demo/secrets/bad
is "$STATUS" 404 "after refused documents nothing is written"

done_testing

#!/bin/bash
# --from-vault: values of KV engines, version 1 and 2, are sealed with the caller's own login.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
export SECRET_SEAL_RETRIES=0

kv_write secret/data/app-move '{"data":{"user":"old","password":"old"}}'
kv_write secret/data/app-move '{"data":{"user":"matrix","password":"ün\"ïcödé","port":5432,"debug":false,"hosts":["a","b"],"none":null,"empty":""}}'
kv_write kv1/app-move '{"user":"one","path":"a=b"}'
kv_write secret/data/other '{"data":{"user":"other"}}'

seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
# values SECRET: print what an application gets, by name.
values() {
	run "$BIN/secret-exec" --secret "$1" --fd 5 -- /usr/bin/python3 -IS -c '
import json
print(json.dumps(json.load(open(5)), sort_keys=True, ensure_ascii=False, separators=(",", ":")))'
}

# -- what is read -----------------------------------------------------------------------------------

seal --from-vault secret/data/app-move whole
is "$STATUS $OUT$ERR" "0 secret/whole created" "a path: exit 0"
values whole
out_is '{"debug":"false","empty":"","hosts":"[\"a\",\"b\"]","password":"ün\"ïcödé","port":"5432","user":"matrix"}' \
	"a path: each of its keys is a value; numbers, booleans and lists as in JSON, null is skipped"
seal --from-vault secret/data/app-move#password one
values one
out_is '{"password":"ün\"ïcödé"}' "PATH#KEY: the key is the name"
seal --from-vault DB_USER=secret/data/app-move#user --from-vault OLD=secret/data/app-move#user#1 --from-vault V1=kv1/app-move#user \
	--from-vault secret/data/other --from-literal A=literal several
status_is 0 "several references and a literal: exit 0"
values several
out_is '{"A":"literal","DB_USER":"matrix","OLD":"old","V1":"one","user":"other"}' \
	"NAME=PATH#KEY, a version, an engine of version 1, a whole path, a literal"
seal --from-vault DB_USER=vault:secret/data/app-move#user --from-vault vault:kv1/app-move references
values references
out_is '{"DB_USER":"matrix","path":"a=b","user":"one"}' "references of variables as they are, with vault:"
run env SECRET_SEAL_FROM_VAULT='A=secret/data/app-move#user,kv1/app-move#path' "$BIN/secret-seal" --transit-key aes256-key variable
values variable
out_is '{"A":"matrix","path":"a=b"}' "SECRET_SEAL_FROM_VAULT, separated by commas"
seal --from-vault secret/data/other one
values one
out_is '{"password":"ün\"ïcödé","user":"other"}' "an existing Secret: its other values are kept"
seal --layout document --from-vault secret/data/app-move#user --from-vault secret/data/app-move#port document
values document
out_is '{"port":"5432","user":"matrix"}' "the document layout"
seal --from-vault A=kv1/app-move#user --dry-run=client printed
out_like $'kind: Secret\n(.*\n)*data:\n *"A": dmF1bHQ6' "--dry-run=client: the manifest"
out_unlike "$(printf one | base64)" "--dry-run=client: without the plaintext"
cp "$TAP_WORK/out" "$TAP_WORK/secret.yaml"
seal -n demo -f "$TAP_WORK/secret.yaml" --in-place --from-vault B=secret/data/other#user
status_is 0 "-f --in-place: exit 0"
like "$(<"$TAP_WORK/secret.yaml")" '"?B"?: ' "-f --in-place: the value is in the manifest"

# The caller's own login, and one request for each version of a path.
bad_vault relay
run as_pod sealer env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" KUBECONFIG="$KUBECONFIG" "$BIN/secret-seal" --role sealer-kv \
	--transit-key aes256-key --from-vault A=secret/data/app-move#user --from-vault B=secret/data/app-move#port \
	--from-vault C=secret/data/app-move#user#1 login
status_is 0 "a login with a role: exit 0"
is "$(grep -c ' GET /v1/secret/data/app-move' "$BAD_LOG")" 2 "three keys of two versions: two requests"

# -- what is refused --------------------------------------------------------------------------------

fails() {
	local status=$1 regex=$2 name=$3
	shift 3
	seal "$@" refused
	fails_with "$status" "$regex" "$name"
}
fails 1 'KV path secret/data/app-move: key "nope" not found; check the text after #$' "a key that does not exist: exit 1" --from-vault secret/data/app-move#nope
fails 1 'key "none" not found' "a key that is null: exit 1" --from-vault secret/data/app-move#none
fails 1 'secret/data/absent.*check the path' "a path that does not exist: exit 1" --from-vault secret/data/absent
fails 1 'secret/app-move.*data/' "a path without data/ in an engine of version 2: exit 1" --from-vault secret/app-move#user
fails 1 'secret/data/app-move.*version 9' "a version that does not exist: exit 1" --from-vault secret/data/app-move#user#9
for text in secret '' =secret/data/app-move#user 'A=secret/data/app-move' 'secret/data/app-move#' 'secret/data/app-move#user#x' 'sys/mounts#a'; do
	fails 2 "--from-vault $text: " "--from-vault '$text': exit 2" --from-vault "$text"
done
fails 1 'variable user comes from both KV path secret/data/app-move and KV path secret/data/other' "two values with the same name: exit 1" --from-vault secret/data/app-move --from-vault secret/data/other
fails 2 'cannot be used with other values' "a whole document and --from-vault: exit 2" --layout document \
	--from-document /dev/null --from-vault secret/data/app-move
kv_write secret/data/ciphertext '{"data":{"A":"vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}'
fails 1 'A: .*ciphertext' "a value that is ciphertext: exit 1" --from-vault secret/data/ciphertext
kv_write secret/data/name '{"data":{"a b":"x"}}'
fails 1 'KV path secret/data/name: "a b": not a valid data key' "a key that cannot be a data key: exit 1" --from-vault secret/data/name
run as_pod sealer env KUBECONFIG="$KUBECONFIG" "$BIN/secret-seal" --role secret-seal --transit-key aes256-key --from-vault secret/data/app-move refused
fails_with 1 'secret/data/app-move.*"read" on secret/data/app-move' "a token that may not read the path: exit 1"
# bad STEP: Vault answers the read of the path so.
bad() {
	bad_vault --on GET /v1/secret/ 0 "$1" relay
	run env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" "$BIN/secret-seal" --transit-key aes256-key --from-vault secret/data/other refused
}
bad leased
fails_with 1 'KV path secret/data/other: a dynamic secret, which Vault revokes with the token' "a secret with a lease: exit 1"
for step in code=500 html=200 cut close; do
	bad "$step"
	fails_with 1 'KV path secret/data/other: ' "a bad answer, $step: exit 1, with the path"
done
kube_call GET /api/v1/namespaces/demo/secrets/refused
is "$STATUS" 404 "nothing is written after a refusal"

done_testing

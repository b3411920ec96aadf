#!/bin/bash
# The Secrets of the original Python project launch, and it would read ours.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

original() { "$(dirname "$0")/original-project" "$@"; }
document=$TAP_WORK/secrets.json
# White space, a final newline, no sorted members, characters of two, three and four bytes, escapes, all types.
cat >"$document" <<'JSON'
{
  "db_user" : "matrix",
  "DB_PASSWORD":"corr\"ect\\ horse\tbattery\u0020staple",
  "GREETING": "Grüße, 世界 😀 \u00e9 \ud83d\ude80",
  "PORT": 5432,	"RATIO": -0.5, "DEBUG": false, "VERBOSE": true, "UNSET": null,
  "EMPTY": "",
  "NESTED": { "list": [1, "zwei", null, {"ü": []}], "object": {} },
  "LIST": [ ]
}

JSON
expected=$(original environment "$document")
expected_escaped=$(original environment "$document" escaped)

# launch SECRET [VARIABLE]: as the original project's pod would start, with its own role and Vault's address in
# that variable; prints what the document set.
launch() {
	run as_pod sealer env -i PATH="$PATH" KEPT=kept "${2-VAULT_ADDR}=$VAULT_ADDR" VAULT_CACERT="$VAULT_CACERT" \
		KUBERNETES_SERVICE_HOST="$KUBERNETES_SERVICE_HOST" KUBERNETES_SERVICE_PORT="$KUBERNETES_SERVICE_PORT" \
		SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/sealer" VAULT_ROLE=demo \
		"$BIN/secret-exec" --secret "$1" --transit-key aes256-key -- /usr/bin/python3 -c '
import json, os
shell = ("PATH", "KEPT", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "LC_CTYPE")
print(json.dumps({k: v for k, v in os.environ.items() if k not in shell}, sort_keys=True))'
}

# -- written by encryptonator: the text as it was ---------------------------------------------------

run original write matrix-secrets "$document"
status_is 0 "the original project writes a Secret"
kube_call GET /api/v1/namespaces/demo/secrets/matrix-secrets
is "$(field type) $(field metadata.labels) $(field metadata.annotations)" "Opaque  " "the Secret has no label or annotation"
like "$(stored matrix-secrets secrets.json)" '^vault:v1:' "one data key holds the ciphertext"
launch matrix-secrets:secrets.json
status_is 0 "a Secret of the original project: the application starts"
out_is "$expected" "the application gets the document's members as variables, to the byte"
err_is "" "a start with a Secret of the original project prints no message"
launch matrix-secrets
out_is "$expected" "without the data key's name, the application gets the document's members"
launch matrix-secrets:secrets.json VAULT_URL
out_is "$expected" "VAULT_URL is accepted as the address of Vault"
err_like '^secret-exec: VAULT_URL: old name; use VAULT_ADDR$' "VAULT_URL: a note on stderr"

# -- written by recryptonator: the document as Python spells it -------------------------------------

run original rotate matrix-secrets
status_is 0 "the original project rotates its Secret"
like "$(stored matrix-secrets secrets.json)" '^vault:v2:' "the original project writes a new ciphertext"
run original read matrix-secrets
out_like '"db_user": "matrix", .*\\ud83d\\ude00' "the original project writes the document as Python spells it"
launch matrix-secrets:secrets.json
status_is 0 "after a rotation by the original project the application starts"
out_is "$expected_escaped" "after a rotation by the original project the environment is the same, with Python's escapes in nested values"

# -- the other way round: written by secret-seal ----------------------------------------------------

kube_call DELETE /api/v1/namespaces/demo/secrets/matrix-secrets
run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" --transit-key aes256-key --layout document \
	--from-document "$document" matrix-secrets
status_is 0 "secret-seal writes the document"
original read matrix-secrets >"$TAP_WORK/read"
ok "the original project reads the text as it was, to the byte" cmp "$document" "$TAP_WORK/read"
kube_call GET /api/v1/namespaces/demo/secrets/matrix-secrets
is "$(field type) $(field data | tr ',' '\n' | wc -l)" "Opaque 1" "the Secret that the original project reads is Opaque and has one data key"
launch matrix-secrets:secrets.json
out_is "$expected" "the application starts with the Secret that both projects read"
run original rotate matrix-secrets
launch matrix-secrets:secrets.json
out_is "$expected_escaped" "the application starts after the original project has rotated the Secret"
done_testing

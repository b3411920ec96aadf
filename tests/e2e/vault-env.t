#!/bin/bash
# docs/how-to/from-vault-env.md: with the same environment, the application gets the same variables by the rules of vault-env
# (its library, in modules/references) and from secret-exec; references that the page calls refused are refused; and a sealed
# Secret gives the same variables again.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
here=$(dirname "$0")
root=$(cd "$here/../.." && pwd)
programs=$("$here/build-programs" vault-references) || exit 1

kv_write secret/data/app-shop '{"data":{"user":"matrix","password":"first"}}'
kv_write secret/data/app-shop '{"data":{"user":"matrix","password":"gr\"ün #1","port":5432,"ratio":1.50,"debug":false,"empty":"","list":["a",1],"none":null}}'
kv_write kv1/app-shop '{"user":"one"}'
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf 'sealed' | base64)\"}"
ciphertext=$(field data.ciphertext)

# The settings of a pod of the service account app, for both programs.
settings=(VAULT_ADDR="$VAULT_ADDR" VAULT_CACERT="$VAULT_CACERT" VAULT_ROLE=app-kv VAULT_JWT_FILE="$STAGE_DIR/pod/app/token"
	SECRET_EXEC_JWT_FILE="$STAGE_DIR/pod/app/token" VAULT_TRANSIT_KEY_ID=aes256-key
	VAULT_CLIENT_TIMEOUT=30s KUBERNETES_SERVICE_HOST="$KUBERNETES_SERVICE_HOST" KUBERNETES_SERVICE_PORT="$KUBERNETES_SERVICE_PORT"
	SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app")
# An application that writes its variables as JSON, without settings and variables of its interpreter.
application=(/usr/bin/python3 -IS -c '
import json, os, sys
own = ("PATH", "HOME", "LC_CTYPE", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "VAULT_JWT_FILE",
       "SECRET_EXEC_JWT_FILE", "SECRETMANAGER_SERVICE_ACCOUNT_DIR", "VAULT_PATH")
with open(sys.argv[1], "w") as out:
    json.dump({k: v for k, v in os.environ.items() if k not in own}, out, sort_keys=True)' "$TAP_WORK/variables")
# start vault-env|secret-exec NAME=VALUE...: set $STATUS, $ERR, and $GOT to the application's variables.
start() {
	local launcher=("$programs/vault-references")
	[ "$1" = vault-env ] || launcher=("$BIN/secret-exec" --)
	shift
	rm -f "$TAP_WORK/variables"
	run env -i PATH=/usr/bin:/bin HOME="$TAP_WORK" "${settings[@]}" "$@" "${launcher[@]}" "${application[@]}"
	GOT=$(cat "$TAP_WORK/variables" 2>/dev/null || echo "not started")
}
# same NAME WANTED VARIABLE...: both give the application these variables.
same() {
	local name=$1 wanted=$2
	shift 2
	start vault-env "$@"
	is "$GOT" "$wanted" "$name: vault-env"
	start secret-exec "$@"
	is "$GOT" "$wanted" "$name: secret-exec gives the same"
	[ "$GOT" = "$wanted" ] || tap_note "$ERR"
}
# refused REGEX NAME VARIABLE...: secret-exec does not start the application.
refused() {
	local regex=$1 name=$2
	shift 2
	start secret-exec "$@"
	is "$GOT" "not started" "$name: secret-exec does not start"
	fails_with 125 "$regex" "$name: the message"
}
# differs WANTED REGEX NAME VARIABLE...: vault-env gives the variables WANTED (or does not start), secret-exec refuses.
differs() {
	local wanted=$1 regex=$2 name=$3
	shift 3
	start vault-env "$@"
	is "$GOT" "$wanted" "$name: vault-env"
	refused "$regex" "$name" "$@"
}

# -- references that both read ----------------------------------------------------------------------

same "other values" '{"A": "matrix", "B": "", "C": "http://vault:8200/", "D": "vault"}' \
	A=vault:secret/data/app-shop#user B= C=http://vault:8200/ D=vault
same "version 2 and 1, and other variables" '{"A": "matrix", "B": "one", "C": "plain"}' \
	A=vault:secret/data/app-shop#user B=vault:kv1/app-shop#user C=plain
same "a quoted character, and an empty value" '{"A": "gr\"\u00fcn #1", "B": ""}' A=vault:secret/data/app-shop#password B=vault:secret/data/app-shop#empty
same "a version" '{"A": "first"}' A=vault:secret/data/app-shop#password#1
same "numbers and a boolean" '{"A": "5432", "B": "1.5", "C": "false"}' \
	A=vault:secret/data/app-shop#port B=vault:secret/data/app-shop#ratio C=vault:secret/data/app-shop#debug
same "Transit ciphertext" '{"A": "sealed", "B": "sealed"}' A="$ciphertext" B="$ciphertext"
same "Transit ciphertext with VAULT_TRANSIT_PATH" '{"A": "sealed"}' A="$ciphertext" VAULT_TRANSIT_PATH=transit
same "settings are removed" '{"A": "matrix"}' A=vault:secret/data/app-shop#user VAULT_NAMESPACE=
for reference in secret/data/nope#user secret/data/app-shop#nope secret/data/app-shop#user#9; do
	differs "not started" 'variable A' "vault:$reference" A="vault:$reference"
done

# -- and those that differ, as on the page ------------------------------------------------------------

differs '{"A": "plain"}' 'nothing to decrypt' "a pod without references" A=plain
start vault-env A=vault:secret/data/app-shop#list
is "$GOT" "not started" "a list: vault-env does not start"
start secret-exec A=vault:secret/data/app-shop#list
is "$GOT" '{"A": "[\"a\",1]"}' "a list: secret-exec gives compact JSON"
differs '{"A": ""}' 'variable A' "null" A=vault:secret/data/app-shop#none
refused 'VAULT_ENV_FROM_PATH: not supported; write a reference' "all keys of a path" A=plain VAULT_ENV_FROM_PATH=secret/data/app-shop
# shellcheck disable=SC2016 # references
differs '{"A": "http://matrix@db"}' 'variable A' "an inline reference" A='http://${vault:secret/data/app-shop#user}@db'
# shellcheck disable=SC2016
differs '{"A": "matrix:5432"}' 'variable A' "a template" A='vault:secret/data/app-shop#${.user}:${.port}'
refused 'variable A' "a reference that writes" A='>>vault:kv1/written#a#{"a":"new"}'

# -- the page's manifests -----------------------------------------------------------------------------

# manifest FILE: print NAME=VALUE for the variables of the example, but for the settings of the stage.
manifest() {
	sed -nE '/^ *- name: [A-Z_]+$/{s/.*: //;N;s/\n *value: /=/p}' "$root/deploy/examples/from-vault-env/$1" |
		grep -vE '^(VAULT_ADDR|VAULT_CACERT|VAULT_ROLE|SECRET_EXEC_JWT_FILE)=' | sed 's,secret/data/shop#,secret/data/app-shop#,'
}
mapfile -t before < <(manifest vault-env.yaml)
mapfile -t after < <(manifest app.yaml | sed 's/^SECRET_EXEC_SECRET=shop$/SECRET_EXEC_SECRET=app/')
wanted='{"DB_PASSWORD": "gr\"\u00fcn #1", "DB_USER": "matrix", "SHOP_LANGUAGE": "de"}'
same "the example" "$wanted" "${before[@]}"
# shellcheck disable=SC2046 # options
run "$BIN/secret-seal" --namespace demo --transit-key aes256-key --annotation vault.security.banzaicloud.io/mutate=skip \
	$(printf '%s\n' "${before[@]}" | sed -n '/=vault:/s/^/--from-vault=/p') app
is "$STATUS $OUT" "0 secret/app created" "the example's values are sealed with one command"
start secret-exec "${after[@]}"
is "$GOT" "$wanted" "the example with the sealed Secret: the same variables"
# The settings that the page names.
start secret-exec "${before[@]}" VAULT_AUTH_METHOD=jwt VAULT_PATH=kubernetes SECRET_EXEC_AUTH_MOUNT=kubernetes
is "$GOT" "$wanted" "VAULT_AUTH_METHOD=jwt with the mount of VAULT_PATH"

done_testing

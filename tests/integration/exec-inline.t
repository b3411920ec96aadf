#!/bin/bash
# --auth-inline with OpenBao: each request contains the login, and no token is created.  Wrong logins.
# The server of the stage must be OpenBao: secret-dev, or with OPENBAO=yes a real one.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
[ -n "${OPENBAO-}" ] || dev_only "Vault does not support inline authentication"
export SECRET_DEV_VAULT_INLINE_AUTH=true SECRET_DEV_VAULT_MAX_STRINGS=1000
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
"$BIN/secret-seal" --transit-key derived-key --from-literal C=third second >/dev/null
pod=$STAGE_DIR/pod/app
sealed=$(stored app A)
before=$(vault_accessors)

# start OPTION...: as the pod of app, with ciphertext in its own environment
start() {
	run as_pod app env A="$sealed" "${certificate[@]}" "$BIN/secret-exec" --transit-key aes256-key --auth-inline "$@" -- printenv A
}
certificate=()
starts() {
	is "$STATUS $OUT $ERR" "0 value " "$1"
	is "$(new_tokens "$before")" 0 "$1: no token is created"
}
# asked PATTERN...: the log of bad-server has these requests, one a line.
asked() {
	local name=$1 line number=0
	shift
	is "$(wc -l <"$BAD_LOG")" $# "$name: $# requests to OpenBao"
	while read -r line; do
		number=$((number + 1))
		like "$line" "^[0-9]+ ${!number} relay [0-9a-f]+ X-Vault-Inline-Auth-Parameter-jwt$" "$name: request $number"
	done <"$BAD_LOG"
}
decryption="POST /v1/transit/decrypt"

# -- each method --------------------------------------------------------------------------------------

start --role secret-exec
starts "kubernetes"
start --role demo
starts "kubernetes: a role of service tokens"
start --role long
starts "a role whose tokens live for an hour: --max-token-ttl has no effect"
start --auth-method jwt --role app-jwt
starts "jwt"
start --role app-jwt --auth-mount jwt
starts "jwt: by --auth-mount"
run env -u VAULT_TOKEN A="$sealed" "$BIN/secret-exec" --transit-key aes256-key --auth-inline --service-account app --audience vault --role app-vault -- printenv A
starts "kubernetes: a JWT by TokenRequest"
certificate=(VAULT_CLIENT_CERT="$pod/client.crt" VAULT_CLIENT_KEY="$pod/client.key")
start --auth-method cert --role app-cert
starts "cert: with a role"
start --auth-method cert
starts "cert: without a role"
certificate=()

# -- requests -----------------------------------------------------------------------------------------

bad_vault relay
LAUNCH=(--auth-inline)
launch "VAULT_ADDR=$BAD_URL"
comes_through "a Secret of the API"
asked "a Secret of the API" "$decryption/aes256-key"

bad_vault relay
run "${POD[@]}" VAULT_ROLE=secret-exec SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	A="$sealed" "$BIN/secret-exec" --auth-inline --transit-key aes256-key -- printenv A
comes_through "ciphertext in the environment"
asked "ciphertext in the environment" "$decryption/aes256-key"

"$BIN/secret-seal" --transit-key derived-key --from-literal D=fourth app >/dev/null 2>&1 || true
bad_vault relay
run env -u VAULT_TOKEN SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_ROLE=secret-exec VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	"$BIN/secret-exec" --auth-inline --secret app --secret second -- printenv A C
is "$STATUS $OUT" "0 value"$'\n'third "two Transit keys: the start succeeds"
asked "two Transit keys" "$decryption/aes256-key" "$decryption/derived-key"

for ((i = 1; i <= 900; i++)); do echo "VALUE_$i=value $i"; done >"$TAP_WORK/values.env"
"$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/values.env" many >/dev/null
bad_vault relay
run env -u VAULT_TOKEN SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_ROLE=secret-exec VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	"$BIN/secret-exec" --auth-inline --secret many -- sh -c 'echo "$VALUE_1, $VALUE_900"; env | grep -c ^VALUE_'
is "$STATUS $OUT" "0 value 1, value 900"$'\n'900 "900 values: the start succeeds"
asked "900 values" "$decryption/aes256-key" "$decryption/aes256-key"

printf '{"A":"value","B":2}' >"$TAP_WORK/document.json"
"$BIN/secret-seal" --layout document --transit-key aes256-key --from-document "$TAP_WORK/document.json" document >/dev/null
bad_vault relay
run env -u VAULT_TOKEN SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_ROLE=secret-exec VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	"$BIN/secret-exec" --auth-inline --secret document -- printenv A B
is "$STATUS $OUT" "0 value"$'\n'2 "a document: the start succeeds"
asked "a document" "$decryption/aes256-key"
is "$(new_tokens "$before")" 0 "after all starts: no token is left"

# A retry sends the login again.
bad_vault code=503 relay
launch "VAULT_ADDR=$BAD_URL"
comes_through "a retry"
tried 1 "a retry: announced"
requests 2 "a retry: two requests"

vault_call POST kv1/app '{"password":"one"}'
for only in A '[AB]'; do
	bad_vault relay
	run "${POD[@]}" VAULT_ROLE=app-kv SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
		A='vault:kv1/app#password' B="$sealed" "$BIN/secret-exec" --auth-inline --transit-key aes256-key --only "$only" -- printenv A
	is "$STATUS $OUT $ERR" "0 one " "a reference to a KV engine (--only $only): the start succeeds"
	sort -k 3 -o "$BAD_LOG" "$BAD_LOG"
	expected=("GET /v1/kv1/app")
	[ "$only" = A ] || expected+=("$decryption/aes256-key")
	asked "a reference to a KV engine (--only $only)" "${expected[@]}"
done
is "$(new_tokens "$before")" 0 "references to KV engines: no token is left"

# --if-possible is the same with OpenBao.
LAUNCH=(--auth-inline=if-possible)
bad_vault relay
launch "VAULT_ADDR=$BAD_URL"
comes_through "if-possible"
asked "if-possible" "$decryption/aes256-key"

# -- wrong logins: never a token, also with if-possible -----------------------------------------------------

for option in --auth-inline --auth-inline=if-possible; do
	start "$option" --role missing
	fails_with 125 'login with role "missing": Vault: POST .*status 400: invalid role name "missing"; check the role' "$option: a role that does not exist: exit 125"
	start "$option" --role app-vault
	fails_with 125 'login with role "app-vault": .*status 403: failed to perform inline authentication: .*audience' "$option: a token for another audience: exit 125"
	start "$option" --role secret-exec --jwt-file "$STAGE_DIR/pod/stranger/token"
	fails_with 125 'login with role "secret-exec": .*status 403: .*allows this service account' "$option: another service account: exit 125"
	start "$option" --role secret-exec --auth-mount nowhere
	fails_with 125 'login with role "secret-exec": .*status 403: permission denied; .*--auth-mount' "$option: a mount that does not exist: exit 125"
	start "$option" --auth-method jwt --role app-jwt --jwt-file "$STAGE_DIR/pod/stranger/token"
	fails_with 125 'login with role "app-jwt": .*status 400: error validating' "$option: jwt: another service account: exit 125"
	start "$option" --auth-method jwt --role missing
	fails_with 125 'login with role "missing": .*status 400: role "missing" could not be found' "$option: jwt: a role that does not exist: exit 125"
done
certificate=(VAULT_CLIENT_CERT="$STAGE_DIR/pod/stranger/client.crt" VAULT_CLIENT_KEY="$STAGE_DIR/pod/stranger/client.key")
start --auth-method cert --role app-cert
fails_with 125 'login with role "app-cert": .*status 400: .*VAULT_CLIENT_CERT' "cert: a certificate that the role does not trust: exit 125"
certificate=()
start --role narrow
fails_with 125 'decrypt with Transit key transit/aes256-key: .*status 403: 1 error.*permission denied.*policy must allow "update" on transit/decrypt/aes256-key' "a role without the policy: exit 125"
start --role single-use --timeout 30s
fails_with 125 'status 500: .*internal error; .*token_num_uses' "a role with token_num_uses: exit 125, without a retry"
is "$(new_tokens "$before")" 0 "after refused logins: no token is left"

# -- usage --------------------------------------------------------------------------------------------

start --auth-method approle --role-id x
fails_with 125 '--auth-inline: not for auth method approle; use kubernetes, jwt or cert' "approle: exit 125"
start --auth-method token
fails_with 125 '--auth-inline: not for auth method token' "token: exit 125"
run as_pod app env A="$sealed" VAULT_TOKEN=hvs.x "$BIN/secret-exec" --transit-key aes256-key --auth-inline -- printenv A
fails_with 125 '--auth-inline: not for auth method token' "a token in the environment: exit 125"
start --role x --auth-mount 'team k8s'
fails_with 125 'auth mount "team k8s": only letters, digits' "a mount that is not plain text: exit 125"
start --auth-inline=perhaps
fails_with 125 'option --auth-inline: "perhaps" is not true, false or if-possible' "another value: exit 125"
run as_pod app env SECRET_EXEC_AUTH_INLINE=if-possible "$BIN/secret-exec" --role x --print-config -- true
like "$OUT" 'auth-inline: if-possible \(SECRET_EXEC_AUTH_INLINE\)' "--print-config shows it"
run as_pod app env SECRET_EXEC_AUTH_INLINE=true A="$sealed" "$BIN/secret-exec" --role secret-exec --transit-key aes256-key -- env
is "$STATUS $(grep -c AUTH_INLINE <<<"$OUT")" "0 0" "its variable is removed from the application's environment"
run as_pod app env SECRET_EXEC_AUTH_INLINE=true A="$sealed" "$BIN/secret-exec" --no-auth-inline --role demo --transit-key aes256-key -- printenv A
is "$STATUS $OUT" "0 value" "--no-auth-inline overrides its variable"
run "$BIN/secret-seal" --auth-inline --from-literal B=x app
status_is 2 "secret-seal does not have it: exit 2"
done_testing

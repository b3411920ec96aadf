#!/bin/bash
# --auth-inline with Vault, which ignores the headers: an error, or with if-possible a token.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
[ -z "${OPENBAO-}" ] || skip_all "OpenBao supports inline authentication"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
before=$(vault_accessors)

# path N: print method and path of request N of the log.
path() { sed -n "$1s/^[0-9]* \([A-Z]* [^ ]*\) .*/\1/p" "$BAD_LOG"; }

bad_vault relay
LAUNCH=(--auth-inline)
launch "VAULT_ADDR=$BAD_URL"
fails_with 125 "decrypt with Transit key transit/aes256-key: Vault: POST .*status 403: permission denied; .*if $BAD_URL is not OpenBao 2.4 or newer, omit --auth-inline, or set it to if-possible" "Vault: exit 125"
requests 1 "Vault: one request"
is "$(new_tokens "$before")" 0 "Vault: no token is created"

LAUNCH=(--auth-inline=if-possible)
bad_vault relay
launch "VAULT_ADDR=$BAD_URL"
comes_through "if-possible: the start succeeds"
err_is "secret-exec: Vault at $BAD_URL: the request with an inline login was denied; logging in for a token" "if-possible: one line about it"
is "$(path 1), $(path 2), $(path 3)" "POST /v1/transit/decrypt/aes256-key, POST /v1/auth/kubernetes/login, POST /v1/transit/decrypt/aes256-key" "if-possible: a login after the refusal"
requests 3 "if-possible: three requests"
run as_pod app "$BIN/secret-exec" --auth-inline if-possible --role demo --secret app -- printenv A
is "$STATUS $OUT" "0 value" "if-possible: with a service token"
is "$(new_tokens "$before")" 0 "if-possible: the service token is revoked"

vault_call POST kv1/app '{"password":"one"}'
kv=(env 'X=vault:kv1/app#password' "$BIN/secret-exec" --role app-kv)
run as_pod app "${kv[@]}" --auth-inline -- true
fails_with 125 "environment variable X: KV path kv1/app: .*omit --auth-inline, or set it to if-possible" "a reference to a KV engine: exit 125"
run as_pod app "${kv[@]}" --auth-inline=if-possible -- printenv X
is "$STATUS $OUT" "0 one" "if-possible: a reference to a KV engine"
run as_pod app "${kv[@]}" --auth-inline=if-possible --secret app -- printenv A X
is "$STATUS $OUT" $'0 value\none' "if-possible: a Secret and a reference to a KV engine"

run as_pod app "$BIN/secret-exec" --auth-inline=if-possible --role narrow --secret app -- printenv A
is "$STATUS" 125 "if-possible: a role without the policy: exit 125"
like "${ERR##*$'\n'}" 'status 403: .*policy must allow "update" on transit/decrypt/aes256-key$' "if-possible: a role without the policy: the cause"
run as_pod app "$BIN/secret-exec" --auth-inline=if-possible --role missing --secret app -- printenv A
is "$STATUS" 125 "if-possible: a role that does not exist: exit 125"
like "${ERR##*$'\n'}" 'login with role "missing": Vault: POST /v1/auth/kubernetes/login' "if-possible: a role that does not exist: the cause"
run as_pod app "$BIN/secret-exec" --auth-inline=if-possible --role long --secret app -- printenv A
is "$STATUS" 125 "if-possible: a token that lives too long: exit 125"
like "${ERR##*$'\n'}" 'would live 3600 s, more than the 10 s allowed' "if-possible: --max-token-ttl applies to the token"
is "$(new_tokens "$before")" 0 "if-possible: the rejected token is revoked"
done_testing

#!/bin/bash
# The Vault token: a service token is revoked before exec, others need no revocation.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null

before=$(vault_accessors)
ok "the stage's own tokens can be listed" [ -n "$before" ]

run as_pod app env VAULT_ROLE=demo "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with service tokens: the start succeeds"
is "$(new_tokens "$before")" 0 "a service token is revoked before the application runs"

run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with batch tokens: the start succeeds"
is "$(new_tokens "$before")" 0 "a batch token has no entry in Vault"

run as_pod app env VAULT_ROLE=single-use "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with single-use tokens: the start succeeds"
err_is "" "a single-use token: no message about revocation"
is "$(new_tokens "$before")" 0 "a single-use token is used up"

run as_pod app env VAULT_ROLE=long "$BIN/secret-exec" --secret app -- true
status_is 125 "a token that would live too long: exit 125"
is "$(new_tokens "$before")" 0 "a token that would live too long is revoked"

run as_pod app env VAULT_ROLE=demo "$BIN/secret-exec" --secret app:NOPE -- true
status_is 125 "a start that fails after the login: exit 125"
is "$(new_tokens "$before")" 0 "a start that fails after the login: the token is revoked"

run as_pod app env VAULT_ROLE=demo "SSLKEYLOGFILE=$TAP_WORK/keys" "$BIN/secret-exec" --secret app -- printenv SSLKEYLOGFILE
out_is "$TAP_WORK/keys" "SSLKEYLOGFILE is passed to the application, and not used"
ok "SSLKEYLOGFILE: no key of secret-exec's connections is written to it" [ ! -e "$TAP_WORK/keys" ]

run "$BIN/secret-exec" --secret app -- printenv A
out_is value "VAULT_TOKEN is used unchanged"
vault_call GET auth/token/lookup-self
is "$STATUS" 200 "VAULT_TOKEN is not revoked"

# -- a start that is ended while it waits, after the login: its token would live for an hour -----------

silent_server
before=$(vault_accessors)

# begin OPTION...: start, and come back when the token is there; its process is $launcher.
begin() {
	"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app" VAULT_ROLE=long \
		KUBERNETES_SERVICE_PORT="$SILENT_PORT" "$BIN/secret-exec" --max-token-ttl 1h --secret app "$@" -- \
		touch "$TAP_WORK/started" 2>"$TAP_WORK/err" &
	launcher=$!
	while kill -0 "$launcher" 2>/dev/null && [ "$(new_tokens "$before")" = 0 ]; do :; done
	is "$(new_tokens "$before")" 1 "$1: logged in"
}
# ended STATUS NAME: it has ended so, and the token is gone.
ended() {
	STATUS=0
	wait "$launcher" || STATUS=$?
	ERR=$(<"$TAP_WORK/err")
	status_is "$1" "$2"
	# A program that ends by a signal does not wait long for the answer to its revocation.
	ok "$2: the token is given back" until_true no_new_tokens "$before"
}
begin --timeout=60s
kill -TERM "$launcher"
ended 143 "SIGTERM after the login: the token is revoked"
err_like 'signal [0-9]+: ended before' "SIGTERM after the login: the message names the signal"
begin --timeout=10s
ended 125 "the time limit after the login: the token is revoked"
err_like '(timed out|limit).*--timeout' "the time limit after the login: the message names --timeout"
ok "starts that ended after the login: the application was not started" [ ! -e "$TAP_WORK/started" ]

done_testing

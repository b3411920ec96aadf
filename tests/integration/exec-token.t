#!/bin/bash
# What becomes of the Vault token: a service token is revoked before exec, others need no revoke.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null

accessors() {
	vault_call LIST auth/token/accessors
	field data.keys | tr ',' '\n' | grep -c '"'
}
before=$(accessors)
ok "the stage's own tokens can be counted" [ "$before" -ge 1 ]

run as_pod app env VAULT_ROLE=demo "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with service tokens launches"
is "$(accessors)" "$before" "and its token is gone when the application runs"

run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with batch tokens launches"
is "$(accessors)" "$before" "a batch token has no entry in Vault"

run as_pod app env VAULT_ROLE=single-use "$BIN/secret-exec" --secret app -- printenv A
out_is value "a role with tokens for a single use launches"
err_is "" "without a word about revoking"
is "$(accessors)" "$before" "the token is used up"

run as_pod app env VAULT_ROLE=long "$BIN/secret-exec" --secret app -- true
status_is 125 "a token that would live too long is refused"
is "$(accessors)" "$before" "and revoked all the same"

run as_pod app env VAULT_ROLE=demo "$BIN/secret-exec" --secret app:NOPE -- true
status_is 125 "a start that fails after the login"
is "$(accessors)" "$before" "revokes its token too"

run as_pod app env VAULT_ROLE=demo "SSLKEYLOGFILE=$TAP_WORK/keys" "$BIN/secret-exec" --secret app -- printenv SSLKEYLOGFILE
out_is "$TAP_WORK/keys" "SSLKEYLOGFILE is the application's"
ok "and no key of our own connections is written there" [ ! -e "$TAP_WORK/keys" ]

run "$BIN/secret-exec" --secret app -- printenv A
out_is value "a person's VAULT_TOKEN is used as it is"
vault_call GET auth/token/lookup-self
is "$STATUS" 200 "and is not revoked"

done_testing

#!/bin/bash
# A sealed Vault: tried again for a while, then said so.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
vault_call PUT sys/seal
like "$STATUS" '^20' "Vault is sealed"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app -- echo started
fails_with 125 'login with role "secret-exec".*503: Vault is sealed: unseal it' \
	"the application is not started, and one line says why and what to do"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" --verbose --secret app -- echo started
like "$ERR" 'status 503: trying again in [0-9]+ ms \(1 of 4\)' "--verbose tells that it was tried again"
done_testing

#!/bin/bash
# A sealed Vault: tried again for a while, then said so.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
vault_call PUT sys/seal
like "$STATUS" '^20' "Vault is sealed"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app --timeout 400ms -- echo started
is "$STATUS" 125 "the application is not started"
is "$OUT" "" "nothing is printed on stdout"
like "${ERR##*$'\n'}" 'login with role "secret-exec".*503: Vault is sealed: unseal it' "the last line says what to do"
done_testing

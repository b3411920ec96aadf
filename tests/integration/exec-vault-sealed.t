#!/bin/bash
# A sealed Vault: retried until it is unsealed or the time is over, with a message.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
vault_call PUT sys/seal
like "$STATUS" '^20' "Vault is sealed"
LAUNCH=(--retries 1)
launch
gives_up 'login with role "secret-exec": Vault: .*tried 2 times in [0-9.]+ s: status 503: Vault is sealed; unseal it' \
	"a sealed Vault: the application is not started, and one line has the reason and the advice"
LAUNCH=()
launch_begin
vault_unseal
launch_end
comes_through "a Vault that is unsealed during the start: the start succeeds"
err_like 'Vault at [^ ]+: POST /v1/auth/kubernetes/login: status 503; trying again in [0-9]+ ms \(1\)' "a Vault that is unsealed during the start: the retry is logged"
done_testing

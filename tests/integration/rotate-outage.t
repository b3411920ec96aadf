#!/bin/bash
# Servers that are away, busy or sealed in the middle of a rotation are waited for; the work continues.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

for name in a b c; do "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$name" "$name" >/dev/null; done
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
# rotate [NAME=VALUE...] [OPTION...]: run it as the rotator's pod, which also trusts the bad servers.
rotate() {
	local set=()
	while [[ ${1-} =~ ^[A-Z_]+= ]]; do set+=("$1") && shift; done
	run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "${set[@]}" \
		"$BIN/secret-rotate" -n demo --transit-key aes256-key --retries 0 "$@"
}
api() { echo "KUBERNETES_SERVICE_PORT=$BAD_PORT"; }
vault() { echo "VAULT_ADDR=$BAD_URL"; }
current() { is "$(stored a A | cut -d: -f2) $(stored b A | cut -d: -f2) $(stored c A | cut -d: -f2)" "v$1 v$1 v$1" "$2"; }

# Vault's requests: login, read, rotate, read, then the batch.
bad_vault relay relay relay relay sealed sealed relay
rotate "$(vault)"
status_is 0 "Vault is sealed before the rewrap: exit 0"
err_like 'waiting within --timeout: rewrap with Transit key transit/aes256-key: Vault: .*status 503: Vault is sealed' "the run waits for Vault"
err_like 'Vault answers again' "the run continues when Vault is unsealed"
is "$(grep -c 'waiting within' <<<"$ERR")" 1 "waiting is logged once"
current 2 "all Secrets are rewrapped"

bad_vault relay relay relay relay sealed
rotate "$(vault)" --timeout 5s
status_is 1 "Vault stays sealed: exit 1"
err_like 'Vault is sealed.*; run again to go on; --timeout is over' "the run waits until the time limit"
current 2 "no Secret is changed"
out_like 'rewrapped 0' "the summary counts none"
bad_vault sealed
rotate "$(vault)" --timeout 30s
status_is 1 "a Vault that never answered: exit 1"
err_like '^secret-rotate: login with role .*Vault is sealed; unseal it' "the run does not wait"
out_like '^keys rotated 0, Secrets listed 3; ' "no key is rotated"

bad_vault relay relay relay relay close relay
rotate "$(vault)" --phase all
status_is 0 "Vault closes a connection: exit 0"
current 4 "all Secrets are rewrapped"
bad_vault relay relay relay relay code=500
rotate "$(vault)"
status_is 1 "Vault answers 500: exit 1"
err_like 'Secret demo/a: data key "A": Vault can.t rewrap it: .*status 500' "each Secret is reported"
out_like 'failed 3' "the summary counts them as failed"
bad_vault relay relay code=403
rotate "$(vault)" --phase rewrap
status_is 1 "Vault denies the rewrap: exit 1"
err_like 'Secret demo/a: data key "A": Vault can.t rewrap it: .*403.*policy must allow "update" on transit/rewrap/aes256-key' "the missing right is named"

# The API server's requests: the list to find the keys, the list to rewrap, then the PATCHes.
bad_api relay code=503=1 code=429 relay
rotate "$(api)" --phase rewrap
status_is 0 "the API server answers 503 and 429 to PATCHes: exit 0"
err_like 'waiting within --timeout' "the run waits"
current 5 "all Secrets are rewrapped"
bad_api relay code=410 relay
rotate "$(api)"
status_is 0 "the list expires: exit 0"
err_like 'the list of Secrets has expired' "expiry is logged"
out_like 'Secrets listed 3, current 3, rewrapped 3' "each Secret is counted once"
bad_api code=410
rotate "$(api)" --phase rewrap
status_is 1 "the list expires each time: exit 1"
err_like 'status 410.*expired' "the last expiry is reported"
bad_api relay close relay
rotate "$(api)"
status_is 0 "a connection breaks while the next list is read: exit 0"
current 7 "all Secrets are rewrapped"
bad_api relay relay code=401
rotate "$(api)"
status_is 1 "the API server refuses the token: exit 1"
err_like '401.*is still valid' "the message asks whether it has expired"
vault_call POST transit/keys/aes256-key/rotate
bad_api relay code=403
rotate "$(api)" --phase rewrap --name a
status_is 1 "a Secret that may not be patched: exit 1"
err_like 'Secret demo/a: .*403.*must allow patch on secrets' "the missing right is named"
out_like 'listed 1, current 0, .*failed 1' "the summary counts it"
bad_api relay code=422
rotate "$(api)" --phase rewrap --name a
status_is 1 "the API server answers 422 to a PATCH: exit 1"
err_like 'Secret demo/a: .*422.*it is immutable, or larger than 1 MiB' "the Secret is reported with possible causes"
bad_api relay code=404
rotate "$(api)" --phase rewrap --name a
status_is 0 "a Secret is deleted during the run: exit 0"
out_like '1 deleted during the run' "a Secret is deleted during the run: counted as deleted"
bad_api relay code=500 relay
rotate "$(api)" --phase rewrap
status_is 0 "the API server answers 500 to one PATCH: exit 0"
err_like 'Secret demo/[abc]: .*status 500' "the Secret is reported"
current 9 "the next pass rewraps it"

vault_call POST transit/keys/aes256-key/rotate
bad_api --on PATCH /secrets/b 1000 code=503 relay
rotate "$(api)" --phase rewrap
status_is 1 "the API server always answers 503 for one Secret: exit 1"
err_like 'Secret demo/b: .*status 503' "the Secret is reported"
out_like 'current 2, .*failed 1' "the API server always answers 503 for one Secret: all others are rewrapped"
rotate --phase rewrap
current 10 "the next run rewraps it"

bad_api relay-close
rotate "$(api)"
status_is 0 "each answer ends its connection: exit 0"
current 11 "all Secrets are rewrapped"

# A signal in the middle ends the run; the next run continues.
bad_vault relay relay relay relay hang
rotate_in_background() {
	"${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "$(vault)" \
		env --default-signal "$BIN/secret-rotate" -n demo --transit-key aes256-key >"$TAP_WORK/out" 2>"$TAP_WORK/err" &
}
rotate_in_background
is_waiting() { [ "$(wc -l <"$BAD_LOG")" -ge 5 ]; }
until_true is_waiting
kill -TERM $!
STATUS=0
wait $! || STATUS=$?
ERR=$(<"$TAP_WORK/err") OUT=$(<"$TAP_WORK/out")
is "$STATUS" 1 "a signal while Vault is silent: exit 1"
err_like 'interrupted by a signal' "the message names the signal"
out_like 'rewrapped 0' "the summary is printed"
rotate --phase rewrap
current 12 "the next run continues"
done_testing

#!/bin/bash
# Servers that are away, busy or sealed in the middle of a rotation are waited for; what they lose comes again.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

for name in a b c; do "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$name" "$name" >/dev/null; done
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
# rotate [NAME=VALUE...] [OPTION...]: as the rotator's pod, which trusts the bad servers too.
rotate() {
	local set=()
	while [[ ${1-} =~ ^[A-Z_]+= ]]; do set+=("$1") && shift; done
	run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "${set[@]}" \
		"$BIN/secret-rotate" -n demo --transit-key aes256-key --retries 0 "$@"
}
api() { echo "KUBERNETES_SERVICE_PORT=$BAD_PORT"; }
vault() { echo "VAULT_ADDR=$BAD_URL"; }
current() { is "$(stored a A | cut -d: -f2) $(stored b A | cut -d: -f2) $(stored c A | cut -d: -f2)" "v$1 v$1 v$1" "$2"; }

# Vault: login, read, rotate, read, then the batch.
bad_vault relay relay relay relay sealed sealed relay
rotate "$(vault)"
status_is 0 "Vault is sealed when the values are to be rewrapped"
err_like 'rewrap with Transit key transit/aes256-key: Vault: .*status 503: Vault is sealed.*; waiting for it, within --timeout' "it is waited for"
err_like 'Vault answers again' "until it is open"
is "$(grep -c 'waiting for it' <<<"$ERR")" 1 "which is told once"
current 2 "and all is done"

bad_vault relay relay relay relay sealed
rotate "$(vault)" --timeout 5s
status_is 1 "Vault stays sealed"
err_like 'Vault is sealed.*waited for it until --timeout; run again' "until the time is over"
current 2 "nothing is lost"
out_like 'rewrapped 0' "the summary says so"
bad_vault sealed
rotate "$(vault)" --timeout 30s
status_is 1 "a Vault that has never answered"
err_like '^secret-rotate: login with role .*Vault is sealed; unseal it' "is not waited for"
out_like '^keys rotated 0, Secrets listed 3; ' "nothing was done"

bad_vault relay relay relay relay close relay
rotate "$(vault)" --phase all
status_is 0 "Vault is gone for a moment"
current 4 "and all is done"
bad_vault relay relay relay relay code=500
rotate "$(vault)"
status_is 1 "Vault has an error of its own"
err_like 'Secret demo/a: data key "A": Vault can.t rewrap it: .*status 500' "it is told of each Secret"
out_like 'failed 3' "and the run ends"
bad_vault relay relay code=403
rotate "$(vault)" --phase rewrap
status_is 1 "Vault denies it"
err_like 'Secret demo/a: data key "A": Vault can.t rewrap it: .*403.*policy must allow "update" on transit/rewrap/aes256-key' "and what is missing is named"

# The API server: the list to find the keys, the list to rewrap, then the PATCHes.
bad_api relay code=503=1 code=429 relay
rotate "$(api)" --phase rewrap
status_is 0 "the API server is busy when Secrets are stored"
err_like 'waiting for it, within --timeout' "it is waited for"
current 5 "and all is done"
bad_api relay code=410 relay
rotate "$(api)"
status_is 0 "a list that has expired"
err_like 'the list of Secrets has expired' "begins anew"
out_like 'Secrets listed 3, current 3, rewrapped 3' "and each is counted once"
bad_api code=410
rotate "$(api)" --phase rewrap
status_is 1 "again and again"
err_like 'status 410.*expired' "is given up"
bad_api relay close relay
rotate "$(api)"
status_is 0 "a connection that breaks while the next list is read"
current 7 "is no end"
bad_api relay relay code=401
rotate "$(api)"
status_is 1 "a token that the API server does not take any more"
err_like '401.*not accepted' "ends the run"
vault_call POST transit/keys/aes256-key/rotate
bad_api relay code=403
rotate "$(api)" --phase rewrap --name a
status_is 1 "a Secret that may not be patched"
err_like 'Secret demo/a: .*403.*must allow patch on secrets' "is named"
out_like 'listed 1, current 0, .*failed 1' "and counted"
bad_api relay code=422
rotate "$(api)" --phase rewrap --name a
status_is 1 "a Secret that is refused for what it would hold"
err_like 'Secret demo/a: .*422.*it is immutable, or larger than 1 MiB' "is named"
bad_api relay code=404
rotate "$(api)" --phase rewrap --name a
status_is 0 "a Secret that is deleted during the run"
out_like '1 deleted during the run' "is no failure"
bad_api relay code=500 relay
rotate "$(api)" --phase rewrap
status_is 0 "one that meets an error of the server's own"
err_like 'Secret demo/[abc]: .*status 500' "is named"
current 9 "and done by the next pass"

vault_call POST transit/keys/aes256-key/rotate
bad_api --on PATCH /secrets/b 1000 code=503 relay
rotate "$(api)" --phase rewrap
status_is 1 "one Secret about which the API server always fails"
err_like 'Secret demo/b: .*status 503' "is named in the end"
out_like 'current 2, .*failed 1' "and the others are done"
rotate --phase rewrap
current 10 "the next run does it"

bad_api relay-close
rotate "$(api)"
status_is 0 "each answer ends its connection"
current 11 "which costs no more than time"

# Ended by a signal in the middle, the rest is for the next run.
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
is "$STATUS" 1 "a signal while Vault is silent"
err_like 'interrupted by a signal' "ends the run in words"
out_like 'rewrapped 0' "with its summary"
rotate --phase rewrap
current 12 "and the next goes on"
done_testing

#!/bin/bash
# One rotation at a time holds the Lease; it is renewed while the run lasts, and given back.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LEASE=/apis/coordination.k8s.io/v1/namespaces/demo/leases/secret-rotate
lease() {
	kube_call GET "$LEASE"
	field "spec.$1"
}
rotate() { run "$BIN/secret-rotate" -n demo "$@"; }

rotate --dry-run
rotate --phase verify
kube_call GET "$LEASE"
is "$STATUS" 404 "what changes nothing needs no Lease"
rotate
status_is 0 "a run"
is "$(lease holderIdentity)" "" "gives the Lease back"
rotate --phase rewrap --shard 0/2
kube_call GET "$LEASE-shard-0-of-2"
is "$STATUS" 200 "a shard has one of its own"

# A run that waits for a sealed Vault keeps its Lease.
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
bad_vault relay relay relay relay sealed
"${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	env --default-signal "$BIN/secret-rotate" -n demo --transit-key aes256-key >"$TAP_WORK/first.out" 2>"$TAP_WORK/first.err" &
first=$!
at_end "kill $first 2>/dev/null"
is_waiting() { grep -q 'waiting for it' "$TAP_WORK/first.err"; }
until_true is_waiting
holder=$(lease holderIdentity) begun=$(lease renewTime)
like "$holder" "_${first}_[0-9a-f]{16}\$" "the holder is named by host and process"
rotate
fails_with_holder() { [ "$STATUS" = 1 ] && [[ $ERR == *"$holder holds it and renews it: another rotation is at work: "*--no-lease ]]; }
ok "another run says who holds it" fails_with_holder || tap_note "$ERR"
unlike "$(lease renewTime)" "^$begun\$" "it was renewed meanwhile"
is "$(lease holderIdentity)" "$holder" "and is held by the same"
rotate --no-lease
status_is 0 "--no-lease runs beside it"

# Taken away, it ends the run.
kube_call PATCH "$LEASE" '{"spec":{"holderIdentity":"somebody-else"}}' application/merge-patch+json
STATUS=0
wait "$first" || STATUS=$?
is "$STATUS" 1 "who has lost it ends"
like "$(<"$TAP_WORK/first.err")" 'Lease demo/secret-rotate is lost: somebody-else holds it now: run again' "and says to whom"
is "$(lease holderIdentity)" somebody-else "and leaves it there"

kube_call PATCH "$LEASE" '{"spec":{"leaseDurationSeconds":1}}' application/merge-patch+json
rotate
status_is 0 "a holder who does not renew it for its duration"
err_like 'somebody-else does not renew it: taking it over' "is thought dead"

run as_pod sealer env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo
status_is 1 "no right to Leases"
err_like 'Lease demo/secret-rotate: .*403.*leases.*--no-lease' "names what is missing, and the way without"
done_testing

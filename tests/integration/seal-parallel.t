#!/bin/bash
# Concurrent changes of one Secret all succeed, and none is lost.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
# parallel N COMMAND...: run it N times concurrently, each with its number; all must succeed.
parallel() {
	local count=$1 i pids=() statuses=''
	shift
	for ((i = 1; i <= count; i++)); do
		"$@" "$i" >"$TAP_WORK/out-$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
		statuses+=$?
	done
	is "${statuses//0/}" "" "$*: all succeed"
	[ -z "${statuses//0/}" ] || tap_note "$(cat "$TAP_WORK"/out-*)"
}
set_one() { "$BIN/secret-seal" --transit-key derived-key --set "KEY$1=$1" app; }
manifest_one() {
	printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData: {MANIFEST%s: x}\n' "$1" |
		"$BIN/secret-seal" --transit-key derived-key -f -
}
unset_one() { "$BIN/secret-seal" --unset "KEY$1" app; }
set_member() { "$BIN/secret-seal" --set "KEY$1=$1" doc; }
data_keys() {
	kube_call GET "$secrets/$1"
	field data | grep -oE '"[A-Z]+[0-9]*":' | sort | tr -d '":\n'
}

parallel 6 set_one
is "$(data_keys app)" KEY1KEY2KEY3KEY4KEY5KEY6 "a new Secret has all six values"
parallel 6 manifest_one
is "$(data_keys app)" KEY1KEY2KEY3KEY4KEY5KEY6MANIFEST1MANIFEST2MANIFEST3MANIFEST4MANIFEST5MANIFEST6 "the Secret has the values of all six manifests"
parallel 6 unset_one
is "$(data_keys app)" MANIFEST1MANIFEST2MANIFEST3MANIFEST4MANIFEST5MANIFEST6 "all six values are removed"
"$BIN/secret-seal" --transit-key derived-key --layout document --set A=a doc >/dev/null
parallel 6 set_member
run "$BIN/secret-exec" --secret doc -- sh -c 'echo $A$KEY1$KEY2$KEY3$KEY4$KEY5$KEY6'
out_is a123456 "a document has all six members"
run "$BIN/secret-seal" verify
status_is 0 "all values decrypt"

# A rotation replaces and retires the version after it was read and before it is decrypted.
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --set KEPT=k --set CHANGED=1 rotated >/dev/null
bad_vault --on POST /decrypt/ 1 "held=$TAP_WORK/retired" relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA "$BIN/secret-seal" --set CHANGED=2 rotated >"$TAP_WORK/out" 2>&1 &
sealing=$!
is_decrypting() { grep -q /decrypt/ "$BAD_LOG"; }
until_true is_decrypting
rotate() { run "$BIN/secret-rotate" -A --retire && [ "$STATUS" = 0 ]; }
ok "the version is retired after it was read" eval 'rotate && rotate'
[ "$STATUS" = 0 ] || tap_note "$ERR"
: >"$TAP_WORK/retired"
STATUS=0
wait "$sealing" || STATUS=$?
is "$STATUS" 0 "the Secret is read again: exit 0"
[ "$STATUS" = 0 ] || tap_note "$(cat "$TAP_WORK/out")"
run "$BIN/secret-exec" --secret rotated -- sh -c 'echo $KEPT$CHANGED'
out_is k2 "the Secret has the kept and the changed value"

done_testing

#!/bin/bash
# Killed at any system call on a socket, secret-seal leaves the whole old Secret or the whole new one.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
. "$(dirname "$0")/../killed.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
"$BIN/secret-seal" --transit-key derived-key --set A=old --set B=old --set C=kept app >/dev/null
# data NAME: print the stored data, with the resourceVersion.
data() {
	kube_call GET "$secrets/$1"
	printf %s "$OUT"
}
# opened NAME: print the values that an application gets.
# shellcheck disable=SC2016 # for that shell
opened() { "$BIN/secret-exec" --secret "$1" -- sh -c 'echo "$A $B $C"'; }

# The Secret is unchanged, or has the whole change.
remember() {
	[ "$FOUND" = old ] || "$BIN/secret-seal" --set A=old --set B=old app >/dev/null
	BEFORE=$(data app)
}
look() {
	local now
	now=$(data app)
	FOUND="neither the old Secret nor the new one"
	if [ "$now" = "$BEFORE" ]; then
		FOUND=old
	elif [ "$(stored app C)" = "$kept" ] && [ "$(opened app)" = "new new kept" ]; then
		FOUND=new
	fi
}
kept=$(stored app C)
killed_everywhere "values are set" "$SERVER_CALLS,recvfrom" remember look "$BIN/secret-seal" --set A=new --set B=new app
run "$BIN/secret-seal" verify app
status_is 0 "after all kills every value decrypts"

# A new Secret exists with all its values, or does not exist.
none_yet() { [ "$FOUND" = old ] || kube_call DELETE "$secrets/app"; }
is_made() {
	kube_call GET "$secrets/app"
	FOUND="a part of it"
	if [ "$STATUS" = 404 ]; then
		FOUND=old
	elif [ "$(opened app)" = "1 2 " ]; then
		FOUND=new
	fi
}
killed_everywhere "a new Secret" "$SERVER_CALLS" none_yet is_made \
	"$BIN/secret-seal" --transit-key derived-key --set A=1 --set B=2 app

# A stream of manifests in few requests: each of its Secrets is whole.
"$BIN/secret-seal" --transit-key derived-key --set A=old --set B=old --set C=kept first >/dev/null
"$BIN/secret-seal" --transit-key derived-key --set A=old --set B=old --set C=kept second >/dev/null
write_stream() {
	local name
	TURN=$1
	for name in first second; do
		printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {A: turn-%s, B: turn-%s}\n' "$name" "$TURN" "$TURN"
	done >"$TAP_WORK/stream.yaml"
	FIRST=$(data first) SECOND=$(data second)
}
look_at_both() {
	local first second
	first=$(data first) second=$(data second)
	FOUND=
	[ "$first" = "$FIRST" ] || [ "$(opened first)" = "turn-$TURN turn-$TURN kept" ] || FOUND="the first is broken"
	[ "$second" = "$SECOND" ] || [ "$(opened second)" = "turn-$TURN turn-$TURN kept" ] || FOUND+="the second is broken"
	if [ -z "$FOUND" ]; then [ "$first$second" = "$FIRST$SECOND" ] && FOUND=old || FOUND=new; fi
}
killed_everywhere "a stream of manifests" "$SERVER_CALLS" write_stream look_at_both \
	"$BIN/secret-seal" -n demo --transit-key derived-key -f "$TAP_WORK/stream.yaml"

done_testing

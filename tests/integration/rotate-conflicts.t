#!/bin/bash
# While other writers change Secrets, neither the rotation's nor their work is lost.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

names=()
for i in 1 2 3 4 5 6 7 8; do
	names+=("s$i")
	"$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$i" --from-literal COUNT=0 "s$i" >/dev/null
done
# Another writer seals COUNT again and again until the rotations are over.
mkfifo "$TAP_WORK/started"
(
	n=0
	while [ ! -e "$TAP_WORK/stop" ]; do
		n=$((n + 1))
		for name in "${names[@]}"; do
			"$BIN/secret-seal" --from-literal "COUNT=$n" "$name" >/dev/null 2>&1 && echo "$n" >"$TAP_WORK/last-$name"
		done
		[ "$n" = 1 ] && echo >"$TAP_WORK/started"
	done
) &
writer=$!
at_end "touch $TAP_WORK/stop; wait $writer"
read -r _ <"$TAP_WORK/started"
failed=0
for _ in 1 2 3 4 5; do
	run "$BIN/secret-rotate" -n demo --transit-key aes256-key
	[ "$STATUS" = 0 ] || { failed=$((failed + 1)); tap_note "$ERR"; }
done
touch "$TAP_WORK/stop"
wait "$writer"
is "$failed" 0 "each of five rotations succeeds"
run "$BIN/secret-rotate" -n demo --transit-key aes256-key
out_like 'current 8, rewrapped 8, .*failed 0' "a last one has all Secrets"
for name in "${names[@]}"; do
	run "$BIN/secret-exec" --secret "$name" -- sh -c 'echo "$A $COUNT"'
	out_is "${name#s} $(cat "$TAP_WORK/last-$name")" "$name: the last values of both writers"
	like "$(stored "$name" A)$(stored "$name" COUNT)" '^vault:v7:.*vault:v7:' "$name: on the newest version"
done
done_testing

#!/bin/bash
# Annotations of one Secret (very long, with control characters) spoil neither others' work nor a terminal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" -n demo --transit-key aes256-key --from-literal A=good good >/dev/null
"$BIN/secret-seal" -n demo --transit-key aes256-key --from-literal A=bad bad >/dev/null
annotate() { # annotate NAME=VALUE: of Secret bad; VALUE as JSON has it
	kube_call PATCH /api/v1/namespaces/demo/secrets/bad "{\"metadata\":{\"annotations\":{\"secretmanager/${1%%=*}\":\"${1#*=}\"}}}" \
		application/merge-patch+json
	[ "$STATUS" = 200 ] || echo "Bail out! not annotated: $OUT"
}
long=$(head -c 200000 /dev/zero | tr '\0' k)
lines_are_short() { ok "$1: no line is over 1,200 bytes" [ "$(awk '{ if (length > most) most = length } END { print most + 0 }' <<<"$ERR")" -le 1200 ]; }

# -- length -------------------------------------------------------------------------------------------

annotate "transit-key=$long"
for phase in '' '--phase rewrap' '--phase verify' '--retire' '--transit-key aes256-key'; do
	# shellcheck disable=SC2086 # words
	run "$BIN/secret-rotate" -A $phase
	status_is 1 "a key of 200,000 characters, $phase: exit 1"
	err_like 'Secret demo/bad: annotation secretmanager/transit-key: Transit key "kkk' "$phase: the Secret is named"
	err_like 'kkk": .*\[MOUNT/\]NAME' "$phase: and the cause"
	lines_are_short "$phase"
	run "$BIN/secret-rotate" -A -o json --phase verify --transit-key aes256-key
	is "$(field current)" 1 "$phase: the other Secret is on the newest version"
done
for form in table json yaml prometheus; do
	run "$BIN/secret-seal" status -A -o $form
	status_is 0 "status -o $form: exit 0"
	err_like 'warning: Secret demo/bad: annotation secretmanager/transit-key: .*\[MOUNT/\]NAME' "status -o $form: a warning"
	unlike "$OUT" 'kkkk' "status -o $form: without the key"
	like "$OUT" good "status -o $form: the others are there"
	lines_are_short "status -o $form"
done
run "$BIN/secret-seal" verify -A
status_is 1 "verify: exit 1"
err_like '1 of 2 Secrets does not decrypt|1 of 2 Secrets do not decrypt' "verify: the other one decrypts"
lines_are_short "verify"
run "$BIN/secret-exec" --secret bad -- true
fails_with 125 'Secret demo/bad.*Transit key "kkk.*\[MOUNT/\]NAME' "secret-exec: the Secret is named"
lines_are_short "secret-exec"
run "$BIN/secret-seal" --set A=new bad
fails_with 2 'Secret demo/bad: Transit key "kkk.*\[MOUNT/\]NAME' "secret-seal --set: the Secret is named"
for annotation in scope layout; do
	annotate transit-key=transit/aes256-key
	annotate "$annotation=$long"
	run "$BIN/secret-rotate" -A
	lines_are_short "$annotation"
	run "$BIN/secret-seal" status -A -o prometheus
	status_is 0 "$annotation of 200,000 characters: status: exit 0"
	lines_are_short "$annotation, status"
	run "$BIN/secret-exec" --secret bad -- printenv A
	lines_are_short "$annotation, secret-exec"
	annotate "$annotation="
done

# -- characters that steer a terminal -----------------------------------------------------------------

# shown NAME: neither output holds one of them
shown() {
	ok "$1: no control or bidi character" /usr/bin/python3 -IS -c '
import sys
text = (sys.argv[1] + sys.argv[2]).replace("\n", "")
bad = [c for c in text if ord(c) < 32 and c != "\t" or 127 <= ord(c) < 160 or c in "\u061c\u200e\u200f"
       or 0x2028 <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069]
sys.exit(repr(bad[:3]) if bad else 0)' "$OUT" "$ERR"
}
wild='transit/a\u001b]0;x\u0007\u007f\u009b31m\u202ed\u2066e'
for annotation in transit-key scope layout; do
	annotate scope=
	annotate layout=
	annotate transit-key=transit/aes256-key
	annotate "$annotation=$wild"
	for form in table json yaml prometheus; do
		run "$BIN/secret-seal" status -A -o $form
		shown "$annotation, status -o $form"
	done
	run "$BIN/secret-rotate" -A -o json
	shown "$annotation, secret-rotate -o json"
	run "$BIN/secret-rotate" -A --log-format json --metrics-file "$TAP_WORK/a.prom"
	shown "$annotation, secret-rotate"
	OUT=$(<"$TAP_WORK/a.prom")
	shown "$annotation, --metrics-file"
	run "$BIN/secret-seal" verify -A
	shown "$annotation, verify"
	run "$BIN/secret-exec" --secret bad -- true
	shown "$annotation, secret-exec"
done

# -- a wide Secret ------------------------------------------------------------------------------------

data=$(seq -f '"k-%.0f":"",' 1 40000 | tr -d '\n')
printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"wide","labels":{"secretmanager/sealed":"true"},"annotations":{"secretmanager/transit-key":"%s"}},"data":{%s}}' \
	"$(head -c 500 /dev/zero | tr '\0' k)" "${data%,}" >"$TAP_WORK/wide"
kube_call POST /api/v1/namespaces/demo/secrets "@$TAP_WORK/wide"
is "$STATUS" 201 "a Secret with 40,000 data keys"
for form in table json prometheus; do
	peak=$(/usr/bin/python3 -IS -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$BIN/secret-seal" status -A -o $form)
	if under_asan; then
		tap_result yes "status -o $form: memory # SKIP AddressSanitizer"
	else
		ok "status -o $form: within 32 MiB ($peak KiB)" [ "$peak" -lt 32768 ]
	fi
done
done_testing

#!/bin/bash
# A Secret that cannot be rewrapped does not stop the others; it is reported, and the exit status is 1.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
good=$(stored app A)
encoded() { printf '%s' "$1" | base64 -w0; }
# broken NAME DATA [FIELDS]
broken() {
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$1\",
		\"labels\":{\"secretmanager/sealed\":\"true\"},\"annotations\":{\"secretmanager/transit-key\":\"transit/aes256-key\"}},\"data\":$2${3-}}"
	[ "$STATUS" = 201 ] || echo "Bail out! $1 can't be made"
}
broken garbled "{\"A\":\"$(encoded "${good:0:20}AAAA${good:24}")\",\"B\":\"$(encoded "$good")\"}"
broken half "{\"A\":\"$(encoded "$good")\",\"B\":\"$(encoded plain)\"}"
broken frozen "{\"A\":\"$(encoded "$good")\"}" ',"immutable":true'

run "$BIN/secret-rotate" -n demo
status_is 1 "some Secrets cannot be rewrapped: exit 1"
out_like 'listed 4, current 1, rewrapped 3, .*failed 3' "the summary counts them"
err_like 'Secret demo/garbled: data key "A": Vault can.t rewrap it: .*authentication' "garbled ciphertext: Vault's message"
err_like 'Secret demo/half: data key "B": not sealed' "plaintext beside ciphertext is reported"
err_like 'Secret demo/frozen: immutable' "an immutable Secret is reported"
err_like '3 of 4 Secrets are left on an old version.*run again' "the last line has the advice"
err_unlike 'plain[^t]' "no value is shown"
is "$(grep -c 'Secret demo/frozen' <<<"$ERR")" 1 "each Secret is reported once"
like "$(stored app A)" '^vault:v2:' "the good Secret is on the new version"
like "$(stored garbled B)" '^vault:v2:' "the good values of the other Secrets are on the new version"
run "$BIN/secret-exec" --secret app -- printenv A
out_is value "the good Secret can be decrypted"
run "$BIN/secret-exec" --secret frozen -- printenv A
out_is value "the Secret left on the old version can be decrypted"

for name in garbled half frozen; do kube_call DELETE "/api/v1/namespaces/demo/secrets/$name"; done
good=$(stored app A)
annotate() {
	kube_call PATCH "/api/v1/namespaces/demo/secrets/$1" \
		"{\"metadata\":{\"annotations\":{\"secretmanager/transit-key\":$2}}}" application/merge-patch+json
}
for name in forbidden malformed unsaid; do broken "$name" "{\"A\":\"$(encoded "$good")\"}"; done
annotate forbidden '"team/transit/team-key"'
annotate malformed '"no key/"'
annotate unsaid null
run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo
status_is 1 "annotations with unusable keys: exit 1"
out_like '^keys rotated 1, Secrets listed 4, current 1, rewrapped 1, .*failed 3' "annotations with unusable keys: the Secret of the usable key is rewrapped"
err_like 'rotating: Transit key team/transit/team-key: .*403.*policy' "the key is reported with Vault's message"
err_like 'Secret demo/forbidden: its Transit key team/transit/team-key can.t be used in this run' "a key that the policy forbids: its Secret is reported"
err_like 'Secret demo/malformed: annotation secretmanager/transit-key: .*no key/.*\[MOUNT/\]NAME' "a malformed annotation is reported"
err_like 'Secret demo/unsaid: no Transit key is known' "a missing annotation is reported"
like "$(stored app A)" '^vault:v3:' "the good Secret is on the new version"
broken forbidden-too "{\"A\":\"$(encoded "$good")\"}"
annotate forbidden-too '"team/transit/team-key"'
for option in --dry-run --keep-versions=9; do
	run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo --phase retire "$option"
	is "$(grep -c "can't be used in this run" <<<"$ERR")" 1 "retiring, $option, with a key that the policy forbids: reported for its first Secret"
done
kube_call DELETE /api/v1/namespaces/demo/secrets/forbidden-too

run "$BIN/secret-rotate" -n demo extra
fails_with 2 '"extra": unexpected operand' "an operand: exit 2"
run "$BIN/secret-rotate" -n demo -A
is "$STATUS" 2 "-n with -A: exit 2"
run "$BIN/secret-rotate" -n demo --transit-key no-such-key
is "$STATUS" 1 "a Transit key that does not exist: exit 1"
like "$ERR" 'Transit key transit/no-such-key' "the Transit key is named"
run as_pod stranger env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo
is "$STATUS" 1 "a service account that may not list: exit 1"
like "$ERR" 'forbidden' "the API server's message is shown"

done_testing

#!/bin/bash
# secret-rotate rotates the key and rewraps every sealed Secret; the values stay the same.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

for name in app b c; do
	"$BIN/secret-seal" --transit-key aes256-key --from-literal "A=a-$name" --from-literal "B=b-$name" "$name" >/dev/null
done
"$BIN/secret-seal" --transit-key derived-key --from-literal A=bound bound >/dev/null
"$BIN/secret-seal" --transit-key team/transit/team-key --from-literal A=team team >/dev/null
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"not-ours"},"data":{"A":"cGxhaW4="}}'
kube_call PATCH /api/v1/namespaces/demo/secrets/app '{"metadata":{"labels":{"team":"red"}}}' application/merge-patch+json

run "$BIN/secret-rotate" -n demo --transit-key aes256-key
status_is 0 "one key: exit 0"
out_like '^keys rotated 1, Secrets listed 5, current 3, rewrapped 3, conflicts 0, failed 0, 2 of other keys; [0-9.]+ s
transit/aes256-key: newest version 2; 6 values on it$' "the summary"
err_like 'transit/aes256-key: rotated to version 2' "the log has the new version"
for name in app b c; do
	like "$(stored "$name" A) $(stored "$name" B)" '^vault:v2:.* vault:v2:' "$name is on the new version"
done
like "$(stored bound A)" '^vault:v1:' "Secrets of other keys are unchanged"
run "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B"'
out_is "a-app b-app" "the values are the same"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field metadata.labels.team)" red "labels are kept"

run "$BIN/secret-rotate" -n demo
status_is 0 "without --transit-key: every key that a Secret names"
out_like '^keys rotated 3, Secrets listed 5, current 5, rewrapped 5,' "the summary counts all"
like "$(stored app A)" '^vault:v3:' "aes256-key is rotated again"
like "$(stored bound A)" '^vault:v2:' "derived-key, with each value's context"
like "$(stored team A)" '^vault:v2:' "a key on another mount"
run "$BIN/secret-exec" --secret bound --secret team:A -- true
fails_with 125 'A comes from both' "two Secrets of one name in two namespaces"
run "$BIN/secret-exec" --secret bound -- printenv A
out_is bound "a bound value can be decrypted after the rotation"
is "$(stored not-ours A)" plain "a Secret without the label is not touched"

run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" --all-namespaces --transit-key aes256-key
status_is 0 "the rights of the secret-rotate policy and of a ClusterRole suffice"
like "$(stored app A)" '^vault:v4:' "--all-namespaces with the policy secret-rotate: the Secret is rewrapped"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-rotate" -n demo --transit-key aes256-key
is "$STATUS" 1 "an application's rights do not suffice"

kube_call DELETE /api/v1/namespaces/demo/secrets/team
kube_call DELETE /api/v1/namespaces/demo/secrets/bound
for name in app b c; do kube_call DELETE "/api/v1/namespaces/demo/secrets/$name"; done
run "$BIN/secret-rotate" -n demo
status_is 0 "nothing sealed: exit 0"
out_like '^keys rotated 0, Secrets listed 0,' "nothing sealed: no key is rotated"

done_testing

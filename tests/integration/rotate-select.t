#!/bin/bash
# Selection of Secrets: labels, names, data keys, shards; Secrets of the original project.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

seal() { "$BIN/secret-seal" "$@" >/dev/null; }
for i in 1 2 3 4 5 6; do seal -n demo --transit-key aes256-key --from-literal "A=$i" --label "team=t$((i % 2))" "s$i"; done
seal -n default --transit-key aes256-key --from-literal A=other elsewhere
rotate() { run "$BIN/secret-rotate" "$@"; }
versions() { for i in 1 2 3 4 5 6; do stored "s$i" A | cut -d: -f2; done | tr '\n' ' '; }
current() { is "$(versions)" "$1 " "$2"; }

rotate -n demo -l team=t1
status_is 0 "--selector"
current "v2 v1 v2 v1 v2 v1" "takes those with the label"
rotate -A --phase rewrap --name demo/s2
fails_with 2 '--name cannot be used with --all-namespaces' "--name with --all-namespaces: exit 2"
rotate -n demo --phase rewrap --name s2 --name demo/s4
status_is 0 "--name: exit 0"
current "v2 v2 v2 v2 v2 v1" "--name selects only the named Secrets"
rotate -n demo --phase rewrap --name s2 --name missing --name s6
status_is 1 "one of the named Secrets is missing: exit 1"
err_like 'Secret demo/missing: .*404.*check the name' "the missing Secret is reported"
current "v2 v2 v2 v2 v2 v2" "one of the named Secrets is missing: all others are rewrapped"
rotate -n demo --name missing
status_is 1 "only a missing Secret is named: exit 1"
err_like 'Secret demo/missing: .*404' "only a missing Secret is named: the Secret is reported"
rotate --name 'no/good/name'
fails_with 2 'not a valid name of a Secret' "an invalid name: exit 2"

rotate -A
status_is 0 "--all-namespaces"
out_like 'Secrets listed 7, current 7, rewrapped 7' "--all-namespaces selects all"

# A Secret of the original project: one document, no label, no annotation.
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf '{"USER":"matrix","PASSWORD":"neo"}' | base64 -w0)\"}"
text=$(field data.ciphertext)
kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"matrix-secrets\"},
	\"data\":{\"secrets.json\":\"$(printf %s "$text" | base64 -w0)\",\"note\":\"cGxhaW4=\"}}"
rotate -n demo --name matrix-secrets --data-key secrets.json
status_is 2 "a Secret of the original project without --transit-key: exit 2"
err_like 'matrix-secrets: no Transit key is known.*--transit-key' "a Secret of the original project without --transit-key: the unknown key is reported"
err_like 'no Transit key is named by the annotations of 1 sealed Secrets; pass --transit-key' "the advice is --transit-key"
rotate -n demo --name matrix-secrets --data-key secrets.json --transit-key aes256-key
status_is 0 "a Secret of the original project with --transit-key: exit 0"
like "$(stored matrix-secrets secrets.json)" '^vault:v4:' "a Secret of the original project with --transit-key: its document is rewrapped"
is "$(stored matrix-secrets note)" plain "another data key is unchanged"
run "$BIN/secret-exec" --secret matrix-secrets:secrets.json --transit-key aes256-key -- sh -c 'echo "$USER $PASSWORD"'
out_is "matrix neo" "the document can be decrypted"

kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain"},"data":{"A":"cGxhaW4="}}'
rotate -n demo --all-secrets --transit-key aes256-key
status_is 0 "--all-secrets: exit 0"
out_like 'Secrets listed 8, current 7, rewrapped 7, .*1 not sealed' "--all-secrets selects by ciphertext, with or without a label"
like "$(stored matrix-secrets secrets.json)" '^vault:v5:' "--all-secrets rewraps the document of a Secret without label"
is "$(stored plain A)" plain "a plaintext Secret is unchanged"
rotate -n demo --phase verify --data-key B
out_like 'current 6' "--data-key skips other data keys"

rotate -n demo --phase rotate --transit-key aes256-key
for shard in 0 1 2; do
	rotate -n demo --phase rewrap --shard "$shard/3" -o json
	is "$STATUS" 0 "shard $shard of 3"
	echo "$(field listed) $(field rewrapped) $(field otherShard)" >>"$TAP_WORK/shards"
done
is "$(awk '{ l += $1; r += $2; o += $3 } END { print l, r, o }' "$TAP_WORK/shards")" "6 6 12" "together the shards select each Secret once"
current "v6 v6 v6 v6 v6 v6" "the shards together rewrap all Secrets"
run env JOB_COMPLETION_INDEX=1 "$BIN/secret-rotate" -n demo --phase verify --shard /3
status_is 0 "the shard's index comes from an Indexed Job"
rotate --shard /3 --phase rewrap
fails_with 2 'JOB_COMPLETION_INDEX is not set' "without an index: exit 2"
rotate --shard 3/3 --phase rewrap
fails_with 2 'counted from 0' "an index beyond the count: exit 2"
rotate --shard 0/3
fails_with 2 '--shard: each run would rotate the keys' "a shard with a phase that rotates: exit 2"
done_testing

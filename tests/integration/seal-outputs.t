#!/bin/bash
# Everything of a Secret but its values: type, labels, immutability, version, key; dry runs; adopting.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
refuse() {
	local status=$1 regex=$2 name=$3
	shift 3
	seal "$@"
	fails_with "$status" "$regex" "$name"
}

seal --set tls.crt=c --set tls.key=k --type kubernetes.io/tls --label team=red --annotation 'note=kept, with = signs' tls
status_is 0 "type, label and annotation: exit 0"
kube_call GET "$secrets/tls"
is "$(field type)" kubernetes.io/tls "the type is set"
is "$(field metadata.labels.team)" red "the label is set"
is "$(field metadata.annotations.note)" 'kept, with = signs' "the annotation is set"
seal --set tls.key=new --label team=blue tls
kube_call GET "$secrets/tls"
is "$(field metadata.labels.team) $(field type)" "blue kubernetes.io/tls" "a label changes, the type does not"
refuse 2 'Secret demo/tls exists with type kubernetes.io/tls' "another type" --type Opaque --set A=1 tls
refuse 2 'type kubernetes.io/dockerconfigjson cannot be sealed.*does not decrypt' "a type that the kubelet reads" \
	--type kubernetes.io/dockerconfigjson --set .dockerconfigjson='{}' docker
for label in x x=a/b 'a b=c' /x=y Up/x=y "$(printf 'a%.0s' {1..64})=x"; do
	refuse 2 '--label "' "an invalid label: ${label:0:20}" --label "$label" --set A=1 labels
done
refuse 2 'set by secret-seal itself' "a label with the prefix secretmanager/" --label secretmanager/sealed=false --set A=1 labels
refuse 2 'set by secret-seal itself' "an annotation with the prefix secretmanager/" --annotation secretmanager/scope=x --set A=1 labels
kube_call GET "$secrets/labels"
is "$STATUS" 404 "after refused metadata nothing is written"

# Immutable: a new name each time.
seal --immutable --set A=1 app
like "$OUT" '^secret/app-[a-z0-9]{10} created$' "an immutable Secret has a suffix"
first=${OUT#secret/} first=${first% created}
kube_call GET "$secrets/$first"
is "$(field immutable)" true "the Secret is immutable"
is "$("$BIN/secret-exec" --secret "$first" -- printenv A)" 1 "an immutable Secret decrypts"
seal --immutable --set A=1 app
unlike "$OUT" "$first" "the next immutable Secret has another name"
refuse 1 'it is immutable; seal a new Secret' "a change of an immutable Secret" --set A=2 "$first"
run "$BIN/secret-seal" --immutable --transit-key derived-key --set A=bound app
bound=${OUT#secret/} bound=${bound% created}
is "$("$BIN/secret-exec" --secret "$bound" -- printenv A)" bound "a strictly bound immutable Secret is bound to its whole name"

# Versions.
vault_call POST transit/keys/aes256-key/rotate '{}'
seal --key-version 1 --set A=1 versions
like "$(stored versions A)" '^vault:v1:' "--key-version"
seal --set A=1 versions
like "$(stored versions A)" '^vault:v2:' "the default is the latest version"
refuse 2 '--key-version 3: Transit key transit/aes256-key decrypts only versions 1 to 2' "a missing version" \
	--key-version 3 --set A=1 versions
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
refuse 2 'versions 2 to 2' "a retired version" --key-version 1 --set A=1 versions
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":1}'

# A missing key.
run "$BIN/secret-seal" --transit-key fresh --set A=1 fresh
fails_with 1 'no such key' "without --create-key a missing key: exit 1"
run "$BIN/secret-seal" --transit-key fresh --create-key --set A=1 fresh
out_is "secret/fresh created" "--create-key"
unmade() {
	vault_call GET "transit/keys/$1"
	is "$STATUS" 404 "$2: no key is created"
}
run "$BIN/secret-seal" --transit-key unmade --create-key --type kubernetes.io/tls --set A=1 unmade
fails_with 2 'tls.crt' "--create-key with a type that lacks data keys: exit 2"
unmade unmade "a type"
head -c 600000 /dev/zero >"$TAP_WORK/big"
run "$BIN/secret-seal" --transit-key unmade --create-key --from-file "A=$TAP_WORK/big" --from-file "B=$TAP_WORK/big" unmade
fails_with 1 'its ciphertexts have at least 1600000 bytes' "--create-key with too large values: exit 1"
unmade unmade "a size"
run "$BIN/secret-seal" --transit-key unmade --create-key --key-version 2 --set A=1 unmade
fails_with 2 'versions 1 to 1' "--create-key with a version that a new key lacks: exit 2"
unmade unmade "a version"
for dry_run in server client; do
	run "$BIN/secret-seal" --transit-key unmade --create-key --dry-run=$dry_run -f - <<<'{}'
	fails_with 2 "--create-key cannot be used with --dry-run=$dry_run" "a dry run of manifests"
	unmade unmade "$dry_run"
done
run "$BIN/secret-seal" --transit-key unmade --create-key --set A=1 unmade
status_is 0 "--create-key after all checks: exit 0"
vault_call POST transit/keys/unmade/config '{"deletion_allowed":true}'
vault_call DELETE transit/keys/unmade
run "$BIN/secret-seal" --create-key --set B=1 unmade
fails_with 1 'data key "A" is sealed with Transit key transit/unmade, which no longer exists' "--create-key for a deleted key of existing values: exit 1"
unmade unmade "what stays"
for name in first second; do
	printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},"stringData":{"A":"%s"}}\n---\n' $name $name
done >"$TAP_WORK/two.yaml"
run "$BIN/secret-seal" --transit-key for-manifests --create-key -f "$TAP_WORK/two.yaml"
out_is $'secret/first created\nsecret/second created' "manifests with --create-key: created"
is "$("$BIN/secret-exec" --secret second -- printenv A)" second "manifests with --create-key decrypt"
vault_call GET transit/keys/fresh
is "$(field data.derived) $(field data.exportable) $(field data.type)" "true false aes256-gcm96" \
	"derived, not exportable, AES-256-GCM"
run "$BIN/secret-seal" --transit-key aes256-key --create-key --set A=1 there
out_is "secret/there created" "--create-key does not change an existing key"
run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" --transit-key other --create-key --set A=1 other
is "$STATUS" 1 "--create-key without permission: exit 1"
like "$ERR" '403' "--create-key without permission: the message"

# Dry runs and outputs.
for dry_run in server client; do
	refuse 2 "--create-key cannot be used with --dry-run=$dry_run" "--create-key in a dry run" --dry-run=$dry_run --create-key --set A=1 dry
done
seal --dry-run=server --set A=1 dry
out_is "secret/dry sealed (server dry run)" "--dry-run=server of a new Secret"
kube_call GET "$secrets/dry"
is "$STATUS" 404 "the dry run writes nothing"
kube_call GET "$secrets/versions"
before=$OUT
seal --dry-run=server --set B=1 -o json versions
is "$(field kind) $(field data.B | base64 -d | cut -c1-8)" "Secret vault:v2" "--dry-run=server -o json of an existing Secret"
like "$(field data.A)" . "the output has the values that stay"
kube_call GET "$secrets/versions"
is "$OUT" "$before" "the dry run writes nothing"
refuse 1 'Secret demo/dry: its ciphertexts|422|Too long|holds 1048576' "a dry run of values that the API rejects" --dry-run=server \
	--from-file "A=$(head -c 600000 /dev/zero >"$TAP_WORK/a" && echo "$TAP_WORK/a")" --from-file "B=$TAP_WORK/a" dry
seal -o name --dry-run=client --set A=1 dry
out_is "secret/dry sealed (dry run)" "-o name"
seal -o yaml --set B=1 versions
out_like 'type: Opaque' "-o yaml prints the Secret as it is stored"
like "$OUT" '"A": ' "the output has the values that stay"

# Adopting.
kube_call POST "$secrets" '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain",
	"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"A\":\"cGxhaW4=\"}}","note":"kept"}},
	"data":{"A":"cGxhaW4=","config.json":"e30="}}'
refuse 1 'not sealed: data key "A".*pass --adopt' "a Secret that is not sealed" --set B=2 plain
seal --adopt --set B=2 plain
out_is "secret/plain updated" "--adopt"
for key in A B config.json; do
	like "$(stored plain "$key")" '^vault:v' "$key is sealed"
done
kube_call GET "$secrets/plain"
is "$(field metadata.annotations.kubectl~kubernetes~io/last-applied-configuration)" "" "--adopt removes kubectl's copy of the plaintext"
is "$(field metadata.annotations.note)" kept "--adopt keeps other annotations"
is "$("$BIN/secret-exec" --secret plain:A --secret plain:B -- sh -c 'echo $A $B')" "plain 2" "an adopted Secret decrypts"
kube_call PATCH "$secrets/plain" '{"data":{"C":"cGxhaW4="}}' application/merge-patch+json
seal --adopt plain
out_is "secret/plain updated" "--adopt of a half sealed Secret: updated"
like "$(stored plain C)" '^vault:v' "--adopt seals the plaintext value"

done_testing

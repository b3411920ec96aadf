#!/bin/bash
# What secret-seal makes of a Secret beside its values: type, labels, immutability, version, key; dry runs.
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
status_is 0 "type, label and annotation"
kube_call GET "$secrets/tls"
is "$(field type)" kubernetes.io/tls "the type"
is "$(field metadata.labels.team)" red "the label"
is "$(field metadata.annotations.note)" 'kept, with = signs' "the annotation"
seal --set tls.key=new --label team=blue tls
kube_call GET "$secrets/tls"
is "$(field metadata.labels.team) $(field type)" "blue kubernetes.io/tls" "a label changes, the type stays"
refuse 2 'Secret demo/tls exists with type kubernetes.io/tls' "another type" --type Opaque --set A=1 tls
refuse 2 'type kubernetes.io/dockerconfigjson cannot be sealed.*does not decrypt' "a type that the kubelet reads" \
	--type kubernetes.io/dockerconfigjson --set .dockerconfigjson='{}' docker
for label in x x=a/b 'a b=c' /x=y Up/x=y "$(printf 'a%.0s' {1..64})=x"; do
	refuse 2 '--label "' "a label that is none: ${label:0:20}" --label "$label" --set A=1 labels
done
refuse 2 'set by secret-seal itself' "a label of ours" --label secretmanager/sealed=false --set A=1 labels
refuse 2 'set by secret-seal itself' "an annotation of ours" --annotation secretmanager/scope=x --set A=1 labels
kube_call GET "$secrets/labels"
is "$STATUS" 404 "and nothing was written"

# Immutable: a new name each time.
seal --immutable --set A=1 app
like "$OUT" '^secret/app-[a-z0-9]{10} created$' "an immutable Secret has a suffix"
first=${OUT#secret/} first=${first% created}
kube_call GET "$secrets/$first"
is "$(field immutable)" true "it is immutable"
is "$("$BIN/secret-exec" --secret "$first" -- printenv A)" 1 "and launches"
seal --immutable --set A=1 app
unlike "$OUT" "$first" "the next has another name"
refuse 1 'it is immutable; seal a new Secret' "it can't be changed" --set A=2 "$first"
run "$BIN/secret-seal" --immutable --transit-key derived-key --set A=bound app
bound=${OUT#secret/} bound=${bound% created}
is "$("$BIN/secret-exec" --secret "$bound" -- printenv A)" bound "a strictly bound one is bound to its whole name"

# Versions.
vault_call POST transit/keys/aes256-key/rotate '{}'
seal --key-version 1 --set A=1 versions
like "$(stored versions A)" '^vault:v1:' "--key-version"
seal --set A=1 versions
like "$(stored versions A)" '^vault:v2:' "the latest is the default"
refuse 2 '--key-version 3: Transit key transit/aes256-key decrypts only versions 1 to 2' "a version that is not there" \
	--key-version 3 --set A=1 versions
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
refuse 2 'versions 2 to 2' "a version that would not decrypt" --key-version 1 --set A=1 versions
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":1}'

# A key where there is none.
run "$BIN/secret-seal" --transit-key fresh --set A=1 fresh
fails_with 1 'no such key' "a key is not made unasked"
run "$BIN/secret-seal" --transit-key fresh --create-key --set A=1 fresh
out_is "secret/fresh created" "--create-key"
unmade() {
	vault_call GET "transit/keys/$1"
	is "$STATUS" 404 "$2: and no key is left behind"
}
run "$BIN/secret-seal" --transit-key unmade --create-key --type kubernetes.io/tls --set A=1 unmade
fails_with 2 'tls.crt' "a type that lacks data keys"
unmade unmade "a type"
head -c 600000 /dev/zero >"$TAP_WORK/big"
run "$BIN/secret-seal" --transit-key unmade --create-key --from-file "A=$TAP_WORK/big" --from-file "B=$TAP_WORK/big" unmade
fails_with 1 'its ciphertexts have at least 1600000 bytes' "too much for a Secret"
unmade unmade "a size"
run "$BIN/secret-seal" --transit-key unmade --create-key --key-version 2 --set A=1 unmade
fails_with 2 'versions 1 to 1' "a version that a new key won't have"
unmade unmade "a version"
for dry_run in server client; do
	run "$BIN/secret-seal" --transit-key unmade --create-key --dry-run=$dry_run -f - <<<'{}'
	fails_with 2 "--create-key cannot be used with --dry-run=$dry_run" "a dry run of manifests"
	unmade unmade "$dry_run"
done
run "$BIN/secret-seal" --transit-key unmade --create-key --set A=1 unmade
status_is 0 "nothing in the way: it is made"
vault_call POST transit/keys/unmade/config '{"deletion_allowed":true}'
vault_call DELETE transit/keys/unmade
run "$BIN/secret-seal" --create-key --set B=1 unmade
fails_with 1 'data key "A" is sealed with Transit key transit/unmade, which no longer exists' "a key that went is not made anew under what stays"
unmade unmade "what stays"
for name in first second; do
	printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},"stringData":{"A":"%s"}}\n---\n' $name $name
done >"$TAP_WORK/two.yaml"
run "$BIN/secret-seal" --transit-key for-manifests --create-key -f "$TAP_WORK/two.yaml"
out_is $'secret/first created\nsecret/second created' "manifests with a key that is made"
is "$("$BIN/secret-exec" --secret second -- printenv A)" second "decrypt with it"
vault_call GET transit/keys/fresh
is "$(field data.derived) $(field data.exportable) $(field data.type)" "true false aes256-gcm96" \
	"derived, not exportable, AES-256-GCM"
run "$BIN/secret-seal" --transit-key aes256-key --create-key --set A=1 there
out_is "secret/there created" "a key that is there is taken as it is"
run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" --transit-key other --create-key --set A=1 other
is "$STATUS" 1 "a policy that does not allow it"
like "$ERR" '403' "and the message says so"

# Dry runs and outputs.
for dry_run in server client; do
	refuse 2 "--create-key cannot be used with --dry-run=$dry_run" "a dry run makes no key" --dry-run=$dry_run --create-key --set A=1 dry
done
seal --dry-run=server --set A=1 dry
out_is "secret/dry sealed (server dry run)" "--dry-run=server of a new Secret"
kube_call GET "$secrets/dry"
is "$STATUS" 404 "nothing was written"
kube_call GET "$secrets/versions"
before=$OUT
seal --dry-run=server --set B=1 -o json versions
is "$(field kind) $(field data.B | base64 -d | cut -c1-8)" "Secret vault:v2" "of an existing one, as it would be"
like "$(field data.A)" . "with the values that stay"
kube_call GET "$secrets/versions"
is "$OUT" "$before" "nothing was written"
refuse 1 'Secret demo/dry: its ciphertexts|422|Too long|holds 1048576' "what the API would refuse" --dry-run=server \
	--from-file "A=$(head -c 600000 /dev/zero >"$TAP_WORK/a" && echo "$TAP_WORK/a")" --from-file "B=$TAP_WORK/a" dry
seal -o name --dry-run=client --set A=1 dry
out_is "secret/dry sealed (dry run)" "-o name"
seal -o yaml --set B=1 versions
out_like 'type: Opaque' "-o yaml prints the Secret as it is stored"
like "$OUT" '"A": ' "with the values that stay"

# Adopting.
kube_call POST "$secrets" '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain",
	"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"A\":\"cGxhaW4=\"}}","note":"kept"}},
	"data":{"A":"cGxhaW4=","config.json":"e30="}}'
refuse 1 'not sealed: data key "A".*pass --adopt' "a Secret that nobody sealed" --set B=2 plain
seal --adopt --set B=2 plain
out_is "secret/plain updated" "--adopt"
for key in A B config.json; do
	like "$(stored plain "$key")" '^vault:v' "$key is sealed"
done
kube_call GET "$secrets/plain"
is "$(field metadata.annotations.kubectl~kubernetes~io/last-applied-configuration)" "" "kubectl's copy of the plaintext is gone"
is "$(field metadata.annotations.note)" kept "other annotations stay"
is "$("$BIN/secret-exec" --secret plain:A --secret plain:B -- sh -c 'echo $A $B')" "plain 2" "and it launches"
kube_call PATCH "$secrets/plain" '{"data":{"C":"cGxhaW4="}}' application/merge-patch+json
seal --adopt plain
out_is "secret/plain updated" "half sealed, without other values"
like "$(stored plain C)" '^vault:v' "what was plaintext is sealed"

done_testing

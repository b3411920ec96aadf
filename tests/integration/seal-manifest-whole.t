#!/bin/bash
# secret-seal -f to the API: each member of a Secret in a manifest is written, or refused by name.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
file=$TAP_WORK/app.yaml
# manifest METADATA REST: the Secret app, in flow style.
manifest() { printf '{apiVersion: v1, kind: Secret, metadata: {name: app%s}%s, stringData: {A: one}}\n' "$1" "$2" >"$file"; }
seal() { run "$BIN/secret-seal" --transit-key derived-key -f "$file" "$@"; }
# A Secret with finalizers is not deleted before they are gone.
delete() {
	kube_call PATCH "$secrets/app" '{"metadata":{"finalizers":null}}' application/merge-patch+json
	kube_call DELETE "$secrets/app"
}
at_end delete
owner() { printf '{apiVersion: v1, kind: ConfigMap, name: %s, uid: %s%s}' "$1" "$2" "${3-}"; }
one=6f9619ff-8b86-4d01-b42d-00cf4fc964ff two=7f9619ff-8b86-4d01-b42d-00cf4fc964ff

# -- a new Secret -----------------------------------------------------------------------------------------------

manifest ", finalizers: [example.com/hold], ownerReferences: [$(owner config $one ', controller: true, blockOwnerDeletion: false')],
  labels: {team: red}, annotations: {note: x}" ', type: example.com/own'
seal
out_is "secret/app created" "a new Secret: created"
kube_call GET "$secrets/app"
is "$(field metadata.finalizers)" '["example.com/hold"]' "a new Secret: its finalizers"
is "$(field metadata.ownerReferences.0.name) $(field metadata.ownerReferences.0.controller) $(field metadata.ownerReferences.0.blockOwnerDeletion)" \
	"config true false" "a new Secret: its owners"
is "$(field type) $(field metadata.labels.team) $(field metadata.annotations.note)" "example.com/own red x" "a new Secret: type, label and annotation"

# A printed Secret has finalizers and owners, too.
for form in yaml json; do
	run "$BIN/secret-seal" --set B=two -o "$form" app
	run "$BIN/secret-seal" --transit-key derived-key -n demo -f - --dry-run=server <<<"$OUT"
	out_is "secret/app sealed (server dry run)" "-o $form: the API accepts it"
	run "$BIN/secret-seal" --set B=two -o "$form" app
	out_like 'finalizers.*example.com/hold.*ownerReferences.*blockOwnerDeletion"?: ?false' "-o $form: with finalizers and owners"
done

# -- an existing Secret -----------------------------------------------------------------------------------------

# Others have added an owner and a finalizer since.
kube_call PATCH "$secrets/app" "{\"metadata\":{\"finalizers\":[\"example.com/hold\",\"example.com/theirs\"],\"ownerReferences\":[
	{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"config\",\"uid\":\"$one\"},
	{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"theirs\",\"uid\":\"$two\"}]}}" application/merge-patch+json
manifest ", finalizers: [example.com/ours], ownerReferences: [$(owner renamed $one)]" ', type: example.com/own, immutable: true'
seal
out_is "secret/app updated" "an existing Secret: updated"
kube_call GET "$secrets/app"
is "$(field metadata.finalizers)" '["example.com/hold", "example.com/theirs", "example.com/ours"]' "an existing Secret: finalizers are added, as kubectl apply does"
is "$(field metadata.ownerReferences.0.name) $(field metadata.ownerReferences.1.name)" "renamed theirs" "an existing Secret: owners are replaced by uid"
is "$(field immutable)" true "an existing Secret: it becomes immutable"
seal
fails_with 1 'Secret demo/app: it is immutable' "an immutable Secret: exit 1"
delete

# -- data keys that the manifest does not have ------------------------------------------------------------------

"$BIN/secret-seal" --transit-key derived-key --set A=one --set OLD=two --set OLDER=three app >/dev/null
manifest '' ''
seal
out_is "secret/app updated" "data keys that the manifest lacks: exit 0"
err_like 'Secret demo/app: 2 data keys are not in the manifest, and kept: OLD, OLDER; to remove one: secret-seal -n demo --unset NAME app' "data keys that the manifest lacks: a warning names them and the command to remove them"
run "$BIN/secret-seal" -n demo --unset OLD --unset OLDER app
status_is 0 "the command of the warning: exit 0"
seal
is "$ERR" "" "no data keys that the manifest lacks: no warning"
delete

# -- a controller's Secret --------------------------------------------------------------------------------------

kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"ownerReferences\":[
	{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"other\",\"uid\":\"$two\"},
	{\"apiVersion\":\"external-secrets.io/v1\",\"kind\":\"ExternalSecret\",\"name\":\"app-es\",\"uid\":\"$one\",\"controller\":true}]},
	\"data\":{\"A\":\"b25l\"}}"
run "$BIN/secret-seal" --transit-key derived-key --adopt --dry-run=server app
err_like 'Secret demo/app: owned by ExternalSecret app-es, which may write plaintext into it again' "--adopt: a warning names the controller"
seal --adopt
out_is "secret/app updated" "-f --adopt: updated"
err_like 'owned by ExternalSecret app-es' "-f --adopt: a warning names the controller"
seal
is "$ERR" "" "a sealed Secret: no warning"
delete

# -- members that the API server sets ---------------------------------------------------------------------------

manifest ', creationTimestamp: null, uid: x, managedFields: [], generation: 1, selfLink: x' ''
seal
out_is "secret/app created" "members that the API server sets are ignored"
kube_call GET "$secrets/app"
version=$(field metadata.resourceVersion)
manifest ", resourceVersion: \"$version\"" ''
seal
out_is "secret/app updated" "the current resourceVersion: updated"
seal
fails_with 1 "manifest has resourceVersion $version, and the Kubernetes API has [0-9]+; get the Secret again" "an older resourceVersion: exit 1"
delete
seal
fails_with 1 "manifest has resourceVersion $version, and the Kubernetes API has no such Secret" "the resourceVersion of a deleted Secret: exit 1"

# -- members that would be lost ---------------------------------------------------------------------------------

# refused METADATA REST REGEX
refused() {
	manifest "$1" "$2"
	seal
	fails_with 1 "app.yaml: line 1, column [0-9]+: $3" "refused: $1$2"
	seal -n demo -o yaml
	status_is 0 "refused: $1$2: -o yaml prints it"
}
refused ', clusterName: x' '' 'metadata.clusterName: not a member of a Secret'
refused ', finalisers: [x]' '' 'metadata.finalisers: not a member of a Secret'
refused '' ', spec: {x: y}' 'spec: not a member of a Secret'
refused '' ', immutible: true' 'immutible: not a member of a Secret'
refused ', generateName: app-' '' '.*metadata.generateName and metadata.name'
refused ', finalizers: x' '' 'metadata.finalizers is not a list'
refused ', finalizers: [1]' '' 'neither a string nor true or false'
kube_call GET "$secrets/app"
is "$STATUS" 404 "refused manifests: no Secret was written"

done_testing

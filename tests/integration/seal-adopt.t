#!/bin/bash
# secret-seal --adopt seals all plaintext of existing Secrets, or changes nothing.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
# plain NAME DATA: create a plaintext Secret, as "kubectl apply" does.
plain() {
	kube_call DELETE "$secrets/$1"
	kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$1\",\"labels\":{\"team\":\"red\"},
		\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"stringData\\\":{\\\"A\\\":\\\"hunter2\\\"}}\"}},
		\"type\":\"${3-Opaque}\",\"data\":{$2}}"
}
manifest() { printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\n%s\n' "$1" "$2"; }
adopt() { run "$BIN/secret-seal" --transit-key derived-key --adopt "$@"; }
launch() { run "$BIN/secret-exec" --secret "$1" -- bash -c "echo $2"; }
is_plain() {
	kube_call GET "$secrets/$1"
	unlike "$(field data)" '"dmF1bHQ6' "$2"
}

# -- by manifests, in the API ------------------------------------------------------------------------------

plain app '"A":"b2xk","KEPT":"a2VwdA=="'
manifest app 'stringData: {A: new, B: b}' >"$TAP_WORK/app.yaml"
run "$BIN/secret-seal" --transit-key derived-key -f "$TAP_WORK/app.yaml"
fails_with 1 'no Secret was written: .*line 2: Secret demo/app: .*pass --adopt' "a Secret that is not sealed: exit 1"
is_plain app "a Secret that is not sealed does not change"
adopt -f "$TAP_WORK/app.yaml" --dry-run=server
out_is "secret/app sealed (server dry run)" "--adopt in a dry run: exit 0"
is_plain app "--adopt in a dry run changes nothing"
adopt -f "$TAP_WORK/app.yaml"
out_is "secret/app updated" "--adopt seals a Secret that is not sealed"
launch app '$A $B $KEPT'
out_is "new b kept" "an adopted Secret has the manifest's values and its own other value"
kube_call GET "$secrets/app"
unlike "$(field data)" 'b2xk|a2VwdA' "an adopted Secret has no plaintext"
is "$(field metadata.labels)" '{"secretmanager/sealed": "true", "team": "red"}' "an adopted Secret keeps its label"
unlike "$(field metadata.annotations)" 'hunter2' "the plaintext copy of kubectl apply is removed"
run "$BIN/secret-seal" verify app
out_is "1 Secret with 3 values decrypts" "all its values decrypt"

plain one '"A":"MQ=="'
"$BIN/secret-seal" --transit-key derived-key --set A=sealed two >/dev/null
{ manifest one 'stringData: {B: b}' && manifest two 'stringData: {B: b}' && manifest three 'stringData: {B: b}'; } >"$TAP_WORK/three.yaml"
adopt -f - <"$TAP_WORK/three.yaml"
out_is $'secret/one updated\nsecret/two updated\nsecret/three created' "with --adopt, sealed and new Secrets are written as without"
launch two '$A $B'
out_is "sealed b" "a sealed Secret keeps its other value"

# A manifest that is already sealed.
plain kept '"A":"MQ==","B":"Mg=="'
run "$BIN/secret-seal" --transit-key derived-key -n demo -f - -o yaml < <(manifest kept 'stringData: {A: new}')
printf '%s\n' "$OUT" >"$TAP_WORK/kept.yaml"
run "$BIN/secret-seal" --adopt -f "$TAP_WORK/kept.yaml"
launch kept '$A $B'
out_is "new 2" "--adopt with a sealed manifest"

# The document layout.
doc='metadata: {name: doc, annotations: {secretmanager/layout: document}}'
plain doc '"app.json":"eyJBIjoib2xkIn0=","more.json":"eyJCIjoiYiJ9"'
adopt -f - < <(printf 'apiVersion: v1\nkind: Secret\n%s\nstringData: {app.json: "{\\"A\\": \\"new\\"}"}\n' "$doc")
out_is "secret/doc updated" "--adopt in the document layout"
launch doc '$A $B'
out_is "new b" "--adopt in the document layout: a document that only the Secret has is sealed too"
plain doc '"app.json":"eyJBIjoib2xkIn0=","PLAIN":"aHVudGVyMg=="'
adopt -f - < <(printf 'apiVersion: v1\nkind: Secret\n%s\nstringData: {app.json: "{\\"A\\": \\"new\\"}"}\n' "$doc")
status_is 1 "a value beside a document that is not JSON: exit 1"
err_like 'Secret demo/doc, data key PLAIN: .*must be a JSON object' "the value is named"
is_plain doc "the Secret does not change"
adopt --layout document --data-key app.json --set A=new doc
fails_with 1 'Secret demo/doc, data key PLAIN: .*must be a JSON object' "a value that is not JSON, without -f: exit 1"
is_plain doc "without -f the Secret does not change"
plain doc '"app.json":"eyJBIjoib2xkIn0=","more.json":"eyJCIjoiYiJ9"'
adopt --layout document --data-key app.json --set A=new doc
launch doc '$A $B'
out_is "new b" "--adopt without -f seals documents"

# -- refusals ----------------------------------------------------------------------------------------------

for how in '--output yaml' '--dry-run=client' '--in-place'; do
	# shellcheck disable=SC2086 # two words
	adopt -f "$TAP_WORK/app.yaml" $how
	fails_with 2 "--adopt is for Secrets in the Kubernetes API; .*${how%%=*}" "--adopt with $how"
done
plain typed '"A":"MQ=="' example.com/own
adopt -f - < <(manifest typed 'stringData: {A: a}')
fails_with 2 'Secret demo/typed: .*type example.com/own, which cannot change to Opaque' "--adopt with another type: exit 2"
adopt -f - < <(manifest typed 'type: example.com/own
stringData: {A: a}')
out_is "secret/typed updated" "--adopt with the Secret's type: updated"
plain pull '".dockerconfigjson":"e30="' kubernetes.io/dockerconfigjson
adopt pull
fails_with 2 'a Secret of type kubernetes.io/dockerconfigjson cannot be sealed' "an image pull secret: exit 2"

done_testing

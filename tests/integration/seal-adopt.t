#!/bin/bash
# secret-seal --adopt takes over Secrets that hold plaintext: all of it is sealed, or nothing is changed.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
# plain NAME DATA: a Secret as somebody else made it, by "kubectl apply".
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
fails_with 1 'no Secret was written: .*line 2: Secret demo/app: .*pass --adopt' "a Secret that nobody sealed"
is_plain app "is left as it is"
adopt -f "$TAP_WORK/app.yaml" --dry-run=server
out_is "secret/app sealed (server dry run)" "--adopt, in a dry run"
is_plain app "which changes nothing"
adopt -f "$TAP_WORK/app.yaml"
out_is "secret/app updated" "--adopt takes it over"
launch app '$A $B $KEPT'
out_is "new b kept" "with the manifest's values and its own other one"
kube_call GET "$secrets/app"
unlike "$(field data)" 'b2xk|a2VwdA' "nothing in it is plaintext"
is "$(field metadata.labels)" '{"secretmanager/sealed": "true", "team": "red"}' "its label stays"
unlike "$(field metadata.annotations)" 'hunter2' "and the copy that kubectl keeps is gone"
run "$BIN/secret-seal" verify app
out_is "1 Secret with 3 values decrypts" "all of it decrypts under its own name"

plain one '"A":"MQ=="'
"$BIN/secret-seal" --transit-key derived-key --set A=sealed two >/dev/null
{ manifest one 'stringData: {B: b}' && manifest two 'stringData: {B: b}' && manifest three 'stringData: {B: b}'; } >"$TAP_WORK/three.yaml"
adopt -f - <"$TAP_WORK/three.yaml"
out_is $'secret/one updated\nsecret/two updated\nsecret/three created' "what needs no adopting is as ever"
launch two '$A $B'
out_is "sealed b" "and keeps what it has"

# A manifest that is sealed already.
plain kept '"A":"MQ==","B":"Mg=="'
run "$BIN/secret-seal" --transit-key derived-key -n demo -f - -o yaml < <(manifest kept 'stringData: {A: new}')
printf '%s\n' "$OUT" >"$TAP_WORK/kept.yaml"
run "$BIN/secret-seal" --adopt -f "$TAP_WORK/kept.yaml"
launch kept '$A $B'
out_is "new 2" "by a manifest from Git"

# The document layout.
doc='metadata: {name: doc, annotations: {secretmanager/layout: document}}'
plain doc '"app.json":"eyJBIjoib2xkIn0=","more.json":"eyJCIjoiYiJ9"'
adopt -f - < <(printf 'apiVersion: v1\nkind: Secret\n%s\nstringData: {app.json: "{\\"A\\": \\"new\\"}"}\n' "$doc")
out_is "secret/doc updated" "documents"
launch doc '$A $B'
out_is "new b" "the other one too"
plain doc '"app.json":"eyJBIjoib2xkIn0=","PLAIN":"aHVudGVyMg=="'
adopt -f - < <(printf 'apiVersion: v1\nkind: Secret\n%s\nstringData: {app.json: "{\\"A\\": \\"new\\"}"}\n' "$doc")
status_is 1 "a value beside a document that is none"
err_like 'Secret demo/doc, data key PLAIN: .*must be a JSON object' "is told"
is_plain doc "and nothing is changed"
adopt --layout document --data-key app.json --set A=new doc
fails_with 1 'Secret demo/doc, data key PLAIN: .*must be a JSON object' "the same without -f"
is_plain doc "nothing is changed here either"
plain doc '"app.json":"eyJBIjoib2xkIn0=","more.json":"eyJCIjoiYiJ9"'
adopt --layout document --data-key app.json --set A=new doc
launch doc '$A $B'
out_is "new b" "documents are sealed by it"

# -- refusals ----------------------------------------------------------------------------------------------

for how in '--output yaml' '--dry-run=client' '--in-place'; do
	# shellcheck disable=SC2086 # two words
	adopt -f "$TAP_WORK/app.yaml" $how
	fails_with 2 "--adopt is for Secrets in the Kubernetes API; .*${how%%=*}" "--adopt with $how"
done
plain typed '"A":"MQ=="' example.com/own
adopt -f - < <(manifest typed 'stringData: {A: a}')
fails_with 2 'Secret demo/typed: .*type example.com/own, which cannot change to Opaque' "another type"
adopt -f - < <(manifest typed 'type: example.com/own
stringData: {A: a}')
out_is "secret/typed updated" "its own type"
plain pull '".dockerconfigjson":"e30="' kubernetes.io/dockerconfigjson
adopt pull
fails_with 2 'a Secret of type kubernetes.io/dockerconfigjson cannot be sealed' "an image pull secret"

done_testing

#!/bin/bash
# secret-seal prints manifests that the API server takes, and seals the Secrets in plain ones.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo app
status_is 0 "a manifest"
out_like '^apiVersion: v1
kind: Secret
metadata:
  name: "app"
  namespace: "demo"
  labels:
    secretmanager/sealed: "true"
  annotations:
    secretmanager/transit-key: "transit/aes256-key"
    secretmanager/layout: "per-key"
type: Opaque
data:
  "A": [A-Za-z0-9+/=]+$' "it is YAML, one line a value"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 404 "and nothing was written"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo -o json app
manifest=$OUT
is "$(field kind)" Secret "or JSON"
kube_call POST /api/v1/namespaces/demo/secrets "$manifest"
is "$STATUS" 201 "which the API server takes"
run "$BIN/secret-exec" --secret app -- printenv A
out_is one "and secret-exec launches from"

run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key aes256-key \
	--from-literal A=one --dry-run=client app
status_is 0 "no cluster is needed for it"
out_unlike 'namespace:' "nor a namespace"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o yaml written
out_like 'name: "?written' "-o yaml alone writes and prints"
kube_call GET /api/v1/namespaces/demo/secrets/written
is "$STATUS" 200 "the Secret is there"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=all app
fails_with 2 '--dry-run "all": write none, client or server' "a dry run that is none"
run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o xml app
fails_with 2 '--output "xml"' "an output that is none"

# -- plain manifests, by -f ---------------------------------------------------------------------------

plain() { printf '%s' '# the application
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: demo}   # as it is
data:
  A:   "x"
---
apiVersion: v1
kind: Secret
metadata:
  name: plain # its name
  namespace: demo
type: Opaque
stringData:
  # the password
  PASSWORD: hunter2   # secret
  FILE: |
    one
    two
data:
  BYTES: YnQ=
'; }
# Ciphertext is new each time: its place is what counts.
places() { sed -E 's/(["'"'"']?)dmF1bHQ6[A-Za-z0-9+/=]+/\1CIPHERTEXT/'; }
plain >"$TAP_WORK/plain.yaml"
sealed='# the application
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: demo}   # as it is
data:
  A:   "x"
---
apiVersion: v1
kind: Secret
metadata:
  name: plain # its name
  namespace: demo
  labels:
    secretmanager/sealed: "true"
  annotations:
    secretmanager/transit-key: "transit/derived-key"
    secretmanager/layout: "per-key"
    secretmanager/scope: "strict"
type: Opaque
data:
  BYTES: CIPHERTEXT
  # the password
  PASSWORD: CIPHERTEXT   # secret
  FILE: CIPHERTEXT'

seal_plain() { run "$BIN/secret-seal" --transit-key derived-key "$@"; }
seal_plain -f "$TAP_WORK/plain.yaml" -o yaml
status_is 0 "a plain manifest is sealed"
is "$(places <<<"$OUT")" "$sealed" "and only what must differ does"
kube_call GET /api/v1/namespaces/demo/secrets/plain
is "$STATUS" 404 "nothing was written"
run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key derived-key \
	-f - --dry-run=client < <(plain)
is "$(places <<<"$OUT")" "$sealed" "from standard input, without a cluster"
printf '%s\n' "$OUT" >"$TAP_WORK/sealed.yaml"
run env -u VAULT_ADDR -u VAULT_TOKEN "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml" -o yaml
status_is 2 "Vault's address is asked for"
run "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml" -o yaml
is "$OUT" "$(<"$TAP_WORK/sealed.yaml")" "what is sealed goes through as it is"

seal_plain -f "$TAP_WORK/plain.yaml"
status_is 0 "to the API"
out_is "secret/plain created" "with a line a Secret"
err_like 'what is no Secret \(1 document\) was not written' "what is none is told"
run "$BIN/secret-exec" --secret plain -- bash -c 'printf "%s|%s" "$PASSWORD" "$FILE"'
out_is $'hunter2|one\ntwo' "it decrypts"
run "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml"
out_is "secret/plain updated" "a sealed manifest is written as it is"
is "$(stored plain PASSWORD)" "$(sed -n 's/^  PASSWORD: \([^ ]*\).*/\1/p' "$TAP_WORK/sealed.yaml" | base64 -d)" "the same ciphertext"
seal_plain -f "$TAP_WORK/plain.yaml" --dry-run=server
out_is "secret/plain sealed (server dry run)" "a dry run on the server"

# Forms that kubectl prints.
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"listed",
	"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"stringData\":{\"A\":\"hunter2\"}}"}},"data":{"A":"aHVudGVyMg=="}}'
kube_call GET /api/v1/namespaces/demo/secrets/listed
printf '{"apiVersion":"v1","kind":"List","items":[%s]}\n' "$OUT" >"$TAP_WORK/list.json"
seal_plain -f "$TAP_WORK/list.json" -o yaml
status_is 0 "a List in JSON"
is "$(field items.0.metadata.labels.secretmanager/sealed)" "true" "it is JSON still"
out_unlike 'hunter2|aHVudGVyMg' "without the plaintext that kubectl apply leaves"
is "$(field 'items.0.metadata.annotations.kubectl~kubernetes~io/last-applied-configuration')" "" "in an annotation, which goes"

seal_plain -f "$TAP_WORK/list.json" -f "$TAP_WORK/plain.yaml" -o yaml
like "$OUT" $'\n---\n# the application' "two files are two documents"

printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: doc\n  annotations: {secretmanager/layout: document}\nstringData:\n  app.json: |\n    {"A": "one"}\n' >"$TAP_WORK/doc.yaml"
seal_plain -f "$TAP_WORK/doc.yaml"
out_is "secret/doc created" "a document"
run "$BIN/secret-exec" --secret doc -- printenv A
out_is one "which secret-exec takes apart"

# -- refusals -----------------------------------------------------------------------------------------

# secret NAME-LINE REST: a Secret whose metadata is said
secret() { printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  %s\n%s\n' "$1" "$2" >"$TAP_WORK/s.yaml"; }
refuses() {
	seal_plain -f "$TAP_WORK/s.yaml" -n demo -o yaml "${@:3}"
	fails_with "$1" "$2" "refused: $2"
}
secret 'generateName: app-' 'data: {A: YQ==}'
refuses 2 's\.yaml: line 1: .*generateName'
secret 'name: app' 'data: {A: YQ}'
refuses 1 's\.yaml: line 5, column 11: .*no base64'
secret 'name: App' 'data: {A: YQ==}'
refuses 1 's\.yaml: line 1: "App" can.t be a Secret.s name'
secret 'namespace: other
  name: app' 'data: {A: YQ==}'
refuses 2 'its namespace is other, but demo is asked for'
secret 'name: app' 'type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: "{}"}'
refuses 2 's\.yaml: line 1: a Secret of type kubernetes.io/dockerconfigjson can.t be sealed: the API server takes only JSON'
secret 'name: app' 'stringData: {A: a}
data: {A: YQ==}'
refuses 1 'line 5, column 14: .*in data and in stringData'
secret 'name: app
  annotations: {secretmanager/transit-key: team/transit/team-key}' 'data: {A: YQ==}'
refuses 2 'sealed with Transit key team/transit/team-key, but derived-key'
secret 'name: app
  annotations: {secretmanager/layout: document}' 'data: {A: YQ==}'
refuses 1 's\.yaml: line 1: A: '
secret 'name: app' "stringData: {B: b}
data: {A: $(printf 'vault:v1:%s' "$(head -c 40 /dev/zero | base64 -w0)" | base64 -w0)}"
refuses 2 'the Transit key of data key "A" is unknown'
secret 'name: app
  annotations: {secretmanager/transit-key: transit/derived-key, secretmanager/scope: strict}' "stringData: {B: b}
data: {A: $(printf 'vault:v1:%s' "$(head -c 40 /dev/zero | base64 -w0)" | base64 -w0)}"
refuses 1 'a value that would be kept does not decrypt'
for misspelt in stringdata StringData string_data; do
	secret 'name: app' "data: {A: YQ==}
$misspelt: {B: b}"
	refuses 1 's\.yaml: line 6, column 1: Kubernetes knows no such member of a Secret: write stringData'
	out_unlike . "its plaintext does not pass through"
done
secret 'name: app' 'Data: {A: YQ==}'
refuses 1 's\.yaml: line 5, column 1: .*: write data'
secret 'name: app' 'data: &a {A: YQ==}'
refuses 1 's\.yaml: line 5, column 7: an anchor'
secret 'name: app' 'data: {A: YQ==}'
run "$BIN/secret-seal" --transit-key derived-key -f "$TAP_WORK/s.yaml" -o yaml
fails_with 2 's\.yaml: line 1: scope strict binds to the namespace: name it with -n' "a strict binding without a namespace"
run "$BIN/secret-seal" --transit-key no-such-key -f "$TAP_WORK/s.yaml" -o yaml
fails_with 1 's\.yaml: line 1: .*no such key' "a key that does not exist"
run "$BIN/secret-seal" -f "$TAP_WORK/s.yaml" -o yaml
fails_with 2 's\.yaml: line 1: .*no Transit key is known' "no key"
secret 'name: app' "stringData:
  A: \"$(head -c 786400 /dev/zero | tr '\0' x)\""
refuses 1 's\.yaml: line 1: A: a value of 786400 bytes: Vault could not decrypt it again'

fails() {
	run "$BIN/secret-seal" --transit-key derived-key "${@:2}"
	fails_with 2 "$1" "refused: $1"
}
fails '-f: all Secrets in the manifests are sealed: leave out NAME' -f "$TAP_WORK/s.yaml" app
fails '-f: values are set in one Secret of one file: with --in-place' -f "$TAP_WORK/s.yaml" --from-literal A=a
fails '-f: --type' -f "$TAP_WORK/s.yaml" --type Opaque
fails '-f: a stream of manifests is no one JSON text: --output yaml prints' -f "$TAP_WORK/s.yaml" -o json
fails '--in-place goes with -f' --in-place --from-literal A=a app
fails '--in-place: standard input is no file' -i -f -
fails '--in-place: leave out' -i -f "$TAP_WORK/s.yaml" -o yaml
run "$BIN/secret-seal" --transit-key derived-key -f /nowhere/file -o yaml
fails_with 1 '/nowhere/file: No such file' "a file that is missing"
run "$BIN/secret-seal" --transit-key derived-key -f /dev/null -o yaml
err_like 'no Secret was found' "an empty file is told"

# A password may begin as ciphertext does.
for value in vault:vXX vault:v1: vault:v0:eA==; do
	run "$BIN/secret-seal" --transit-key aes256-key -f - -o yaml \
		< <(printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  P: "%s"\n' "$value")
	fails_with 1 'data key "P": garbled ciphertext' "what only begins like ciphertext ($value) does not pass for it"
done

# What is not a manifest yet, or not in UTF-8.
head=$'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\n'
# not_yet PATTERN TEXT: refused, and in place left as it is.
not_yet() {
	printf '%s' "$2" >"$TAP_WORK/t.yaml"
	run "$BIN/secret-seal" --transit-key aes256-key -n demo -i -f "$TAP_WORK/t.yaml"
	fails_with 1 "t\.yaml: $1" "refused: $1"
	is "$(<"$TAP_WORK/t.yaml")" "${2%$'\n'}" "it is as it was"
}
not_yet 'line 1: .*a template, such as Helm' "$head"$'stringData: {A: "{{ .Values.a }}"}\n'
not_yet 'line 4, column 11: .*Helm template; render it first' "$head"$'data: {A: "{{ .Values.a | b64enc }}"}\n'
not_yet 'line 1: .*a template, such as Helm' $'apiVersion: v1\nkind: Secret\nmetadata: {name: "{{ .Release.Name }}"}\nstringData: {A: a}\n'
not_yet 'line 4, column 3: a Secret in an OpenShift Template; process the template first' \
	$'apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: app}\n  stringData: {A: "${A}"}\n'
printf '%s' "$head" 'stringData: {A: "{{ .Values.a }}"}' >"$TAP_WORK/t.yaml"
run "$BIN/secret-seal" --transit-key aes256-key -n demo -i -f "$TAP_WORK/t.yaml" app --set B=b
fails_with 1 't\.yaml: .*a template, such as Helm' "one value set beside a template's"
printf '%s' "$head" 'stringData: {A: a}' | iconv -f UTF-8 -t UTF-16 >"$TAP_WORK/t.yaml"
for target in -i '-o yaml'; do
	run "$BIN/secret-seal" --transit-key aes256-key -n demo $target -f "$TAP_WORK/t.yaml"
	fails_with 1 't\.yaml: text in UTF-16; convert it to UTF-8' "UTF-16, $target"
done
run "$BIN/secret-seal" --transit-key aes256-key --from-document "$TAP_WORK/t.yaml" document
fails_with 1 't\.yaml: text in UTF-16; convert it to UTF-8' "UTF-16 as a document"

done_testing

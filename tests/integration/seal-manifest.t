#!/bin/bash
# secret-seal prints manifests that the API server accepts, and seals the Secrets in plain manifests.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo app
status_is 0 "--dry-run=client: exit 0"
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
  "A": [A-Za-z0-9+/=]+$' "--dry-run=client: YAML, one line for each value"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 404 "--dry-run=client: nothing is written"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo -o json app
manifest=$OUT
is "$(field kind)" Secret "--dry-run=client -o json: JSON"
kube_call POST /api/v1/namespaces/demo/secrets "$manifest"
is "$STATUS" 201 "the API server accepts the printed JSON"
run "$BIN/secret-exec" --secret app -- printenv A
out_is one "secret-exec decrypts the printed JSON"

run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key aes256-key \
	--from-literal A=one --dry-run=client app
status_is 0 "--dry-run=client without a cluster: exit 0"
out_unlike 'namespace:' "--dry-run=client without a namespace: none is printed"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o yaml written
out_like 'name: "?written' "-o yaml without --dry-run: prints the Secret"
kube_call GET /api/v1/namespaces/demo/secrets/written
is "$STATUS" 200 "-o yaml without --dry-run: writes the Secret"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=all app
fails_with 2 '--dry-run "all": not valid; write none, client or server' "an unknown --dry-run: exit 2"
run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o xml app
fails_with 2 '--output "xml"' "an unknown --output: exit 2"

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
# Ciphertext differs each time: compare its place.
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
status_is 0 "-f FILE -o yaml: exit 0"
is "$(places <<<"$OUT")" "$sealed" "-f FILE -o yaml: only values and metadata change"
kube_call GET /api/v1/namespaces/demo/secrets/plain
is "$STATUS" 404 "-f FILE -o yaml: nothing is written"
run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key derived-key \
	-f - --dry-run=client < <(plain)
is "$(places <<<"$OUT")" "$sealed" "-f - without a cluster: the same text"
printf '%s\n' "$OUT" >"$TAP_WORK/sealed.yaml"
run env -u VAULT_ADDR -u VAULT_TOKEN "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml" -o yaml
status_is 2 "no address of Vault: exit 2"
run "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml" -o yaml
is "$OUT" "$(<"$TAP_WORK/sealed.yaml")" "a sealed manifest is printed unchanged"

seal_plain -f "$TAP_WORK/plain.yaml"
status_is 0 "-f FILE to the API: exit 0"
out_is "secret/plain created" "-f FILE to the API: one line for each Secret"
err_like '1 document without a Secret not written; ' "-f FILE to the API: other documents are counted in a warning"
run "$BIN/secret-exec" --secret plain -- bash -c 'printf "%s|%s" "$PASSWORD" "$FILE"'
out_is $'hunter2|one\ntwo' "-f FILE to the API: it decrypts"
run "$BIN/secret-seal" -f "$TAP_WORK/sealed.yaml"
out_is "secret/plain updated" "a sealed manifest to the API: updated"
is "$(stored plain PASSWORD)" "$(sed -n 's/^  PASSWORD: \([^ ]*\).*/\1/p' "$TAP_WORK/sealed.yaml" | base64 -d)" "a sealed manifest to the API: the same ciphertext"
seal_plain -f "$TAP_WORK/plain.yaml" --dry-run=server
out_is "secret/plain sealed (server dry run)" "--dry-run=server: reported"

# Formats that kubectl prints.
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"listed",
	"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"stringData\":{\"A\":\"hunter2\"}}"}},"data":{"A":"aHVudGVyMg=="}}'
kube_call GET /api/v1/namespaces/demo/secrets/listed
printf '{"apiVersion":"v1","kind":"List","items":[%s]}\n' "$OUT" >"$TAP_WORK/list.json"
seal_plain -f "$TAP_WORK/list.json" -o yaml
status_is 0 "a List in JSON: exit 0"
is "$(field items.0.metadata.labels.secretmanager/sealed)" "true" "a List in JSON: the output is JSON"
out_unlike 'hunter2|aHVudGVyMg' "a List in JSON: no plaintext is left"
is "$(field 'items.0.metadata.annotations.kubectl~kubernetes~io/last-applied-configuration')" "" "a List in JSON: the annotation with a copy of the plaintext is removed"

seal_plain -f "$TAP_WORK/list.json" -f "$TAP_WORK/plain.yaml" -o yaml
like "$OUT" $'\n---\n# the application' "two files: a separator between them"

printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: doc\n  annotations: {secretmanager/layout: document}\nstringData:\n  app.json: |\n    {"A": "one"}\n' >"$TAP_WORK/doc.yaml"
seal_plain -f "$TAP_WORK/doc.yaml"
out_is "secret/doc created" "the document layout: created"
run "$BIN/secret-exec" --secret doc -- printenv A
out_is one "the document layout: secret-exec reads its members"

# -- refusals -----------------------------------------------------------------------------------------

# secret NAME-LINE REST: a Secret with this line in its metadata
secret() { printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  %s\n%s\n' "$1" "$2" >"$TAP_WORK/s.yaml"; }
refuses() {
	seal_plain -f "$TAP_WORK/s.yaml" -n demo -o yaml "${@:3}"
	fails_with "$1" "$2" "refused: $2"
}
secret 'generateName: app-' 'data: {A: YQ==}'
refuses 2 's\.yaml: line 1: .*generateName'
secret 'name: app' 'data: {A: YQ}'
refuses 1 's\.yaml: line 5, column 11: .*not base64'
secret 'name: App' 'data: {A: YQ==}'
refuses 1 's\.yaml: line 1: "App": not a valid Secret name'
secret 'namespace: other
  name: app' 'data: {A: YQ==}'
refuses 2 'its namespace is other, and -n is demo'
secret 'name: app' 'type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: "{}"}'
refuses 2 's\.yaml: line 1: a Secret of type kubernetes.io/dockerconfigjson cannot be sealed: .*only JSON'
secret 'name: app' 'stringData: {A: a}
data: {A: YQ==}'
refuses 1 'line 5, column 14: .*both data and stringData'
secret 'name: app
  annotations: {secretmanager/transit-key: team/transit/team-key}' 'data: {A: YQ==}'
refuses 2 'sealed with Transit key team/transit/team-key, but derived-key'
secret 'name: app
  annotations: {secretmanager/layout: document}' 'data: {A: YQ==}'
refuses 1 's\.yaml: line 1: .*data key A'
secret 'name: app' "stringData: {B: b}
data: {A: $(printf 'vault:v1:%s' "$(head -c 40 /dev/zero | base64 -w0)" | base64 -w0)}"
refuses 2 'the Transit key of data key "A" is unknown'
secret 'name: app
  annotations: {secretmanager/transit-key: transit/derived-key, secretmanager/scope: strict}' "stringData: {B: b}
data: {A: $(printf 'vault:v1:%s' "$(head -c 40 /dev/zero | base64 -w0)" | base64 -w0)}"
refuses 1 'a value that stays does not decrypt'
for misspelt in stringdata StringData string_data; do
	secret 'name: app' "data: {A: YQ==}
$misspelt: {B: b}"
	refuses 1 's\.yaml: line 6, column 1: .*write stringData'
	out_unlike . "refused: $misspelt: its plaintext is not printed"
done
secret 'name: app' 'Data: {A: YQ==}'
refuses 1 's\.yaml: line 5, column 1: .*write data'
secret 'name: app' 'data: &a {A: YQ==}'
refuses 1 's\.yaml: line 5, column 7: an anchor'
secret 'name: app' 'data: {A: YQ==}'
run "$BIN/secret-seal" --transit-key derived-key -f "$TAP_WORK/s.yaml" -o yaml
fails_with 2 's\.yaml: line 1: scope strict binds to the namespace; pass -n' "a strict binding without a namespace: exit 2"
run "$BIN/secret-seal" --transit-key no-such-key -f "$TAP_WORK/s.yaml" -o yaml
fails_with 1 's\.yaml: line 1: .*no such key' "a missing Transit key: exit 1"
run "$BIN/secret-seal" -f "$TAP_WORK/s.yaml" -o yaml
fails_with 2 's\.yaml: line 1: .*no Transit key is known' "no Transit key: exit 2"
secret 'name: app' "stringData:
  A: \"$(head -c 786400 /dev/zero | tr '\0' x)\""
refuses 1 's\.yaml: line 1: A: a value of 786400 bytes: too large: Vault cannot decrypt'

fails() {
	run "$BIN/secret-seal" --transit-key derived-key "${@:2}"
	fails_with 2 "$1" "refused: $1"
}
fails '-f seals all Secrets in the manifests; leave out NAME' -f "$TAP_WORK/s.yaml" app
fails '-f sets values in one Secret of one file; add --in-place' -f "$TAP_WORK/s.yaml" --from-literal A=a
fails '--type and --immutable cannot be used with -f' -f "$TAP_WORK/s.yaml" --type Opaque
fails '-f: --output json is refused, .*; use --output yaml' -f "$TAP_WORK/s.yaml" -o json
fails '--in-place: only with -f' --in-place --from-literal A=a app
fails '--in-place cannot change standard input; name a file' -i -f -
fails '--in-place cannot be used with --output' -i -f "$TAP_WORK/s.yaml" -o yaml
run "$BIN/secret-seal" --transit-key derived-key -f /nowhere/file -o yaml
fails_with 1 '/nowhere/file: No such file' "a missing file: exit 1"
run "$BIN/secret-seal" --transit-key derived-key -f /dev/null -o yaml
err_like 'no Secret was found' "an empty file: a warning"

# A password may begin as ciphertext does.
run "$BIN/secret-seal" --transit-key aes256-key -n demo -f - -o yaml \
	< <(printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  P: "vault:v1"\n')
status_is 0 "a value that begins with vault:v, but is not ciphertext: sealed"
for value in vault:v1: vault:v0:eA==; do
	run "$BIN/secret-seal" --transit-key aes256-key -f - -o yaml \
		< <(printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  P: "%s"\n' "$value")
	fails_with 1 'data key "P": garbled ciphertext' "a password that begins like ciphertext ($value): exit 1"
done

# Templates, and text that is not in UTF-8.
head=$'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\n'
# not_yet PATTERN TEXT: refused, and the file is unchanged.
not_yet() {
	printf '%s' "$2" >"$TAP_WORK/t.yaml"
	run "$BIN/secret-seal" --transit-key aes256-key -n demo -i -f "$TAP_WORK/t.yaml"
	fails_with 1 "t\.yaml: $1" "refused: $1"
	is "$(<"$TAP_WORK/t.yaml")" "${2%$'\n'}" "refused: $1: the file is unchanged"
}
not_yet 'line 1: .*a template, such as Helm' "$head"$'stringData: {A: "{{ .Values.a }}"}\n'
not_yet 'line 4, column 11: .*render the Helm template first' "$head"$'data: {A: "{{ .Values.a | b64enc }}"}\n'
not_yet 'line 1: .*a template, such as Helm' $'apiVersion: v1\nkind: Secret\nmetadata: {name: "{{ .Release.Name }}"}\nstringData: {A: a}\n'
not_yet 'line 4, column 3: a Secret in an OpenShift Template; process the template first' \
	$'apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: app}\n  stringData: {A: "${A}"}\n'
printf '%s' "$head" 'stringData: {A: "{{ .Values.a }}"}' >"$TAP_WORK/t.yaml"
run "$BIN/secret-seal" --transit-key aes256-key -n demo -i -f "$TAP_WORK/t.yaml" app --set B=b
fails_with 1 't\.yaml: .*a template, such as Helm' "--set beside a template: exit 1"
printf '%s' "$head" 'stringData: {A: a}' | iconv -f UTF-8 -t UTF-16 >"$TAP_WORK/t.yaml"
for target in -i '-o yaml'; do
	run "$BIN/secret-seal" --transit-key aes256-key -n demo $target -f "$TAP_WORK/t.yaml"
	fails_with 1 't\.yaml: text in UTF-16; convert it to UTF-8' "UTF-16, $target: exit 1"
done
run "$BIN/secret-seal" --transit-key aes256-key --from-document "$TAP_WORK/t.yaml" document
fails_with 1 't\.yaml: text in UTF-16; convert it to UTF-8' "UTF-16 as a document: exit 1"

done_testing

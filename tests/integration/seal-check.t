#!/bin/bash
# secret-seal check finds plaintext in Secrets, and ciphertext that no rotation finds, without a server.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "no server is used"
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/repository
mkdir "$dir"
# Ciphertext is only looked at, so any base64 will do.
sealed="vault:v1:$(printf 'x%.0s' {1..40} | base64 -w0)"
encoded=$(printf %s "$sealed" | base64 -w0)
marks='labels: {secretmanager/sealed: "true"}, annotations: {secretmanager/transit-key: transit/app}'
password=hunter2-do-not-print
plain=$(printf %s $password | base64)

check() { run env -i HOME=/nonexistent "$BIN/secret-seal" check "$@"; }
# file NAME: write standard input to a file of the folder
file() {
	mkdir -p "$(dirname "$dir/$1")"
	cat >"$dir/$1"
}
# clean CASE: the folder has no problem; it is empty afterwards
clean() {
	check "$dir"
	status_is 0 "$1: exit 0"
	out_like '^[0-9]+ files? with [0-9]+ Secrets?: no problem found$' "$1: one line"
	err_is "" "$1: no message"
	rm -rf "${dir:?}"/*
}
# found CASE LINE...: the folder has exactly these problems; each is a pattern of a line without the folder
found() {
	local name=$1 line got
	shift
	check "$dir"
	status_is 1 "$name: exit 1"
	got=${OUT//"$dir/"/}
	is "$(wc -l <"$TAP_WORK/out")" $# "$name: one line for each problem"
	for line; do like "$got" "(^|"$'\n'")$line" "$name: the line"; done
	unlike "$OUT$ERR" "$password|$plain" "$name: the value is not printed"
	err_like "^secret-seal: $# problems? found; see the lines above$" "$name: the last message counts the problems"
	rm -rf "${dir:?}"/*
}

# -- Secrets ------------------------------------------------------------------------------------------

file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app, namespace: demo, $marks}
data:
  A: $encoded
stringData:
  B: $sealed"
clean "a sealed Secret"
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app, namespace: demo}
data:
  A: $plain
stringData:
  B: $password"
found "a Secret of plaintext" \
	'app.yaml:5: Secret demo/app: data key "A": plaintext; seal it with secret-seal --in-place -f FILE' \
	'app.yaml:7: Secret demo/app: data key "B": plaintext; '
file app.json <<<"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [
{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"one\"}, \"type\": \"kubernetes.io/tls\",
\"data\": {\"tls.crt\": \"$plain\"}}]}
{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"generateName\": \"two-\"}, \"stringData\": {\"A\": \"$password\"}}"
found "JSON, a List and a type of Kubernetes" 'app.json:3: Secret one: data key "tls.crt": plaintext' \
	'app.json:4: Secret \(metadata.generateName\): data key "A": plaintext'
{
	printf 'apiVersion: v1\nkind: List\nitems:\n'
	for i in {1..300}; do printf -- '- {apiVersion: v1, kind: Secret, metadata: {name: app-%s}, data: {A: %s}}\n' "$i" "$plain"; done
} | file list.yaml
check "$dir"
is "$(wc -l <"$TAP_WORK/out")" 300 "a List of many Secrets: a line for each"
like "${OUT##*$'\n'}" "^$dir/list.yaml:303: Secret app-300: " "a List of many Secrets: the last line"
rm "$dir/list.yaml"
file in/app.yml <<<"# nothing
---
apiVersion: v1
kind: Secret
metadata: {name: app, $marks}
data: {A: $encoded}
---
apiVersion: v1
kind: Secret
metadata: {name: half, $marks}
data: {A: $encoded,
  B: $plain}"
found "plaintext beside ciphertext, in the second document, in a folder" 'in/app.yml:12: Secret half: data key "B": plaintext'
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app, $marks}
stringData: {A: 'vault:v1:$password'}"
found "a password that begins like ciphertext" 'app.yaml:4: Secret app: data key "A": garbled ciphertext'
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: empty}"
clean "a Secret without values"
file .git/app.yaml <<<"{apiVersion: v1, kind: Secret, metadata: {name: app}, data: {A: $plain}}"
file note.txt <<<"{apiVersion: v1, kind: Secret, metadata: {name: app}, data: {A: $plain}}"
file app.yaml </dev/null
clean "hidden folders and other files are not read"
rm -r "$dir/.git"
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
data: {A: $encoded}
---
apiVersion: v1
kind: Secret
metadata: {name: key, labels: {secretmanager/sealed: 'true'}}
data: {A: $encoded}"
found "ciphertext without the label or the annotation" \
	'app.yaml:1: Secret app: ciphertext that secret-rotate does not find; add the label secretmanager/sealed: "true" and the annotation secretmanager/transit-key' \
	'app.yaml:6: Secret key: ciphertext that secret-rotate does not find; add the annotation secretmanager/transit-key'

# -- other tools and templates ------------------------------------------------------------------------

file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
stringData: {A: 'ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]'}
---
apiVersion: v1
kind: Secret
metadata: {name: two}
data: {A: 'ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]'}
sops: {version: 3.9.0}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
spec: {encryptedData: {A: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq}}"
clean "values that SOPS and sealed-secrets have encrypted"
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app, labels: {app: '{{ .Release.Name }}'}}
stringData:
  A: '{{ .Values.password }}'
  B: 'postgres://app:{{ .Values.password }}@db'
  C: $password"
found "a template that is YAML" 'app.yaml:7: Secret app: data key "C": plaintext'
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: alertmanager}
stringData:
  A: 'password: $password # {{ .CommonLabels }}'"
found "braces in the value of a Secret that is not a template" 'app.yaml:5: Secret alertmanager: data key "A": plaintext'
file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
data:
  A: {{ .Values.password | b64enc | quote }}
{{- end }}"
check "$dir"
status_is 0 "a template that is not YAML: exit 0"
err_like "^secret-seal: warning: not checked: $dir/app.yaml: line [0-9]+.*render the Helm template first" "a template that is not YAML: a warning"
file app.yaml <<<"apiVersion: template.openshift.io/v1
kind: Template
objects: [{kind: Secret, apiVersion: v1, metadata: {name: app}, stringData: {A: '\${A}'}}]"
check "$dir"
status_is 0 "an OpenShift Template: exit 0"
err_like '^secret-seal: warning: not checked: .*OpenShift Template' "an OpenShift Template: a warning"
file app.yaml <<<"apiVersion: v1
kind: Secret
data:
  A: $sealed
{{- end }}"
found "a template that is not YAML, with ciphertext" 'app.yaml: line '
check - <<<"{apiVersion: v1, kind: Secret, metadata: {name: app}, data: {A: $plain}}"
status_is 1 "standard input: exit 1"
out_like '^standard input:1: Secret app: data key "A": plaintext' "standard input: the line"

# -- documents and files that cannot be read ----------------------------------------------------------

file app.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
data: {A: $password}"
found "plaintext in data that is not base64" 'app.yaml: line 4, column 11: a value in data is not base64'
file app.yaml <<<"\"kind\" : \"SecretList\"
a: [
---
kind: SecretStore
a: ["
found "a broken document that may be a Secret" 'app.yaml: line '
file app.yaml <<<"a Secret: [
---
<<: *base"
clean "broken documents that are not Secrets"
printf '\xff\xfek\0i\0n\0d\0' >"$dir/app.yaml"
found "UTF-16" 'app.yaml: text in UTF-16; convert it'
ln -s missing "$dir/app.yaml"
found "a link to a missing file" 'app.yaml: No such file'
mkfifo "$dir/app.yaml"
found "a pipe" 'app.yaml: not a regular file'
check "$dir"
status_is 1 "a folder without manifests: exit 1"
out_like "^$dir: no manifest found \(\*\.yaml, \*\.yml, \*\.json\); check the path$" "a folder without manifests: reported"
check "$dir/missing.yaml"
status_is 1 "a missing file: exit 1"
out_like 'missing.yaml: No such file' "a missing file: reported"

# -- ciphertext in other places -----------------------------------------------------------------------

file app.yaml <<<"apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data:
  A: $sealed
binaryData:
  B: $encoded
---
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec: {template: {spec: {containers: [{name: c, env: [{name: A, value: '$sealed'}]}]}}}
- apiVersion: v1
  kind: Secret
  metadata: {name: app, $marks}
  data: {A: $encoded}
---
# vault:v1: is a prefix
apiVersion: batch/v1
kind: CronJob
metadata: {name: example, annotations: {doc: 'vault:v1:ciphertext'}}"
found "ciphertext in a ConfigMap and a pod template" \
	'app.yaml:5: ConfigMap app: ciphertext that no rotation rewraps; move it to a sealed Secret' \
	'app.yaml:7: ConfigMap app: ciphertext' 'app.yaml:15: Deployment web: ciphertext'

# -- Helm values --------------------------------------------------------------------------------------

file values.yaml <<<"password: $password
data: {A: $password}
app:
  annotations: {secretmanager/transit-key: transit/app}
  data: {A: $sealed, B: $encoded, C: '{{ .Values.x }}', D: }
extraObjects:
- apiVersion: v1
  kind: Secret
  metadata: {name: app}
  data: {A: $encoded}"
clean "Helm values with ciphertext, and values that need not be of a Secret"
file values.yaml <<<"app:
  metadata: {labels: {secretmanager/sealed: 'true'}}
  stringData:
    A: $password
extraObjects:
- apiVersion: v1
  kind: Secret
  data: {B: $plain}
config:
  kind: ConfigMap
  annotations: {secretmanager/transit-key: transit/app}
  data: {C: text}"
found "Helm values with plaintext" 'values.yaml:4: values of a Secret: data key "A": plaintext; seal the value' \
	'values.yaml:8: values of a Secret: data key "B": plaintext'

# -- kustomizations -----------------------------------------------------------------------------------

file base/kustomization.yaml <<<"secretGenerator:
- name: app
  options: {labels: {secretmanager/sealed: 'true'}}
  literals:
  - A=$sealed
  - B='$sealed'
  - C
  envs: [app.env, missing.env]
  files: [cert, key=cert, https://example.com/x]
configMapGenerator:
- name: config
  literals: [A=text]"
printf '\xef\xbb\xbf# a comment\n\n  A=%s\r\nFROM_ENVIRONMENT\n' "$sealed" | file base/app.env
printf %s "$sealed" | file base/cert
clean "a kustomization with ciphertext"
file base/Kustomization <<<"secretGenerator:
- name: app
  literals:
  - A=$password
  - \"B=vault:v1:$password\"
  envs: [../app.env]
  env: base.env
  files:
  - key.pem
  - cert=crt.pem
configMapGenerator:
- name: config
  literals: [A=$sealed]
  envs: [../app.env]"
file app.env <<<"# comment
A=$sealed
 B=$password"
file base/base.env <<<"C=\"$sealed\""
file base/key.pem <<<"$password"
printf %s "$sealed" | file base/crt.pem
found "a kustomization with plaintext" \
	'base/Kustomization:4: secretGenerator app: literal "A": plaintext; seal the value, or list a sealed Secret under resources' \
	'base/Kustomization:5: secretGenerator app: literal "B": garbled ciphertext' \
	'base/../app.env:3: secretGenerator app: variable: plaintext' \
	'base/base.env:1: secretGenerator app: variable: plaintext' \
	'base/key.pem:1: secretGenerator app: file "key.pem": plaintext' \
	'base/Kustomization:2: secretGenerator app: ciphertext that secret-rotate does not find; add the label' \
	'base/Kustomization:13: configMapGenerator config: literal "A": ciphertext that no rotation rewraps' \
	'base/../app.env:2: configMapGenerator config: variable: ciphertext that no rotation rewraps'
file base/kustomization.yaml <<<"secretGenerator:
- name: app
  envs: [pem.env]"
file base/pem.env <<<"KEY=\"-----BEGIN PRIVATE KEY-----
bGFzdCBsaW5lIG9mIGEga2V5==
-----END PRIVATE KEY-----\""
found "a PEM file in an environment file" \
	'base/pem.env:1: secretGenerator app: variable: plaintext' \
	'base/pem.env:2: secretGenerator app: variable: plaintext'
unlike "$OUT" bGFzdC "a PEM file in an environment file: no part of the key is printed"
file other.yaml <<<"apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
secretGenerator:
- literals: [A=$password]"
found "a component of any name" 'other.yaml:4: secretGenerator without a name: literal "A": plaintext'
file other.yaml <<<"secretGenerator: [{name: app, literals: [A=$password]}]"
clean "a file that kustomize does not read"
file kustomization.yaml <<<"secretGenerator: [{envs: [/dev/zero]}, {envs: [large]}, {files: [folder]}]"
mkdir "$dir/folder"
head -c 2000000 /dev/zero | file large
found "inputs that cannot be read" '/dev/zero: not a regular file' 'large: ' 'folder: not a regular file'
file kustomization.yaml <<<"secretGenerator: [literals, {literals: {A: B}, envs: 1, files: [[a]]}, null]
configMapGenerator: none"
clean "generators of another form"

# -- usage --------------------------------------------------------------------------------------------

check
fails_with 2 'check: name the files or folders' "no path: exit 2"
check --vault-addr x .
fails_with 2 '--vault-addr: unknown option; see secret-seal check --help' "an option of commands with a server: exit 2"
file app.yaml <<<"a: b"
run env -i "$BIN/secret-seal" check -v "$dir/app.yaml"
status_is 0 "without HOME and other variables: exit 0"

# The hook of .pre-commit-hooks.yaml, as pre-commit runs it: entry and args, in the repository.
hooks=$(dirname "$0")/../../.pre-commit-hooks.yaml
read -ra hook <<<"$(sed -nE 's/^  entry: //p' "$hooks") $(sed -nE 's/^  args: \[(.*)\]$/\1/p' "$hooks")"
file app.yaml <<<"{apiVersion: v1, kind: Secret, metadata: {name: app}, data: {A: $plain}}"
cd "$dir" || exit
PATH=$BIN:$PATH run "${hook[@]}"
status_is 1 "the hook of pre-commit, with plaintext: exit 1"
out_like '^\./app\.yaml:1: Secret app: data key "A": plaintext' "the hook of pre-commit: names the file"
done_testing

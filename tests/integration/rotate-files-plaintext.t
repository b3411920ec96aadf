#!/bin/bash
# secret-rotate --files --phase verify fails for Secrets of plaintext; the other phases leave them alone.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
mkdir "$dir"
password=hunter2-do-not-print
plain=$(printf %s $password | base64)
secret sealed A "$(b64 aes256-key value)" >"$dir/sealed.yaml"
rotate --phase verify "$dir"
status_is 0 "a sealed Secret: exit 0"
out_unlike 'plaintext' "a sealed Secret: no count of plaintext"

# file: write standard input to the second file
file() { cat >"$dir/app.yaml"; }
# fails CASE PATTERN...: the verification reports these lines, and does not print the value
fails() {
	local name=$1 pattern
	shift
	rotate --phase verify "$dir"
	status_is 1 "$name: exit 1"
	for pattern; do err_like "(^|"$'\n'")secret-rotate: $dir/app.yaml:$pattern" "$name: reported"; done
	unlike "$OUT$ERR" "$password|$plain" "$name: the value is not printed"
}

secret app A "$plain" 'labels: {app: app}' | file
fails "a Secret of plaintext" '[0-9]+: Secret demo/app: data key "A": not sealed; seal it with secret-seal --in-place'
out_like ', of plaintext 1$' "a Secret of plaintext: counted"
like "${ERR##*$'\n'}" '^secret-rotate: 1 Secret of plaintext; see the errors above and correct them$' "a Secret of plaintext: the last line"
rotate --phase verify --transit-key aes256-key "$dir"
status_is 1 "a Secret of plaintext, with --transit-key: exit 1"
cp "$dir/app.yaml" "$TAP_WORK/before"
for phase in rewrap all; do
	rotate --phase $phase "$dir"
	status_is 0 "a Secret of plaintext: --phase $phase: exit 0"
done
rotate --dry-run "$dir"
status_is 0 "a Secret of plaintext: a dry run: exit 0"
is "$(<"$dir/app.yaml")" "$(<"$TAP_WORK/before")" "a Secret of plaintext: not changed"

{
	secret app A "$(b64 aes256-key value)"
	echo "stringData: {B: $password}"
} | file
fails "plaintext beside ciphertext without the label" '[0-9]+: Secret demo/app: data key "B": not sealed'
like "${ERR##*$'\n'}" '^secret-rotate: 1 of 2 Secrets are not all on the newest version' "plaintext beside ciphertext without the label: the last line"
file <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
data: {A: $password}"
fails "plaintext in data that is not base64" ' line 4, column 11: a value in data is not base64'
file <<<"apiVersion: v1
kind: Secret
metadata: {name: '{{ .Release.Name }}'}
stringData: {A: '{{ .Values.a }}', B: $password}"
fails "plaintext in a template that is YAML" '4: Secret \{\{ .Release.Name \}\}: data key "B": not sealed'

file <<<"apiVersion: v1
kind: Secret
metadata: {name: '{{ .Release.Name }}'}
stringData: {A: '{{ .Values.a }}'}
---
apiVersion: v1
kind: Secret
metadata: {name: empty}
---
apiVersion: v1
kind: Secret
metadata: {name: sops}
stringData: {A: 'ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]'}
---
apiVersion: v1
kind: Secret
data: {A: {{ .Values.a }}}
{{- end }}"
rotate --phase verify "$dir"
status_is 0 "placeholders, no values, and values of another tool: exit 0"
err_like 'warning: not checked.*app.yaml: line 1: a template' "placeholders: a warning"
done_testing

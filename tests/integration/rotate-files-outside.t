#!/bin/bash
# secret-rotate --files reports old ciphertext outside sealed Secrets, does not rewrap it, and exits 1.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
mkdir "$dir"
old=$(sealed aes256-key value)
new_version transit/aes256-key
new=$(sealed aes256-key value)

# file NAME: write standard input to a file of the folder
file() { tee "$dir/$1" >"$TAP_WORK/before"; }
# named NAME LINE CASE: each phase reports the file and that line, and does not change it
named() {
	local phase
	for phase in rewrap verify; do
		rotate --transit-key aes256-key --phase $phase "$dir"
		status_is 1 "$3: --phase $phase: exit 1"
		err_like "(^|"$'\n'")secret-rotate: $dir/$1:$2: ciphertext of version 1 outside a sealed Secret is not rewrapped" "$3: reported"
		out_like ', old outside Secrets 1$' "$3: counted"
	done
	rotate --transit-key aes256-key --dry-run "$dir"
	status_is 1 "$3: a dry run: exit 1"
	is "$(<"$dir/$1")" "$(<"$TAP_WORK/before")" "$3: the file is unchanged"
	sed -i "s|$old|$new|" "$dir/$1"
	rotate --transit-key aes256-key "$dir"
	status_is 0 "$3: on the newest version: exit 0"
	rm "$dir/$1"
}

file map.yaml <<<"apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data:
  A: $old"
named map.yaml 5 "a ConfigMap"
file web.yaml <<<"apiVersion: apps/v1
kind: Deployment
spec: {template: {spec: {containers: [{name: c, env: [{name: A, value: '$old'}]}]}}}"
named web.yaml 3 "a Deployment"
file values.yaml <<<"image: a
password: $old"
named values.yaml 2 "Helm values"
file kustomization.yaml <<<"secretGenerator:
- name: app
  literals: [\"A=$old\"]"
named kustomization.yaml 3 "a secretGenerator"
file app.json <<<"{\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\", \"data\": {\"A\": \"$old\"}}"
named app.json 1 "JSON"
for name in app.env .env .env.production app.properties; do
	file $name <<<"# a
A=$old"
	named $name 2 "$name"
done
file two.yaml <<<"$(secret app A "$(b64 aes256-key value)")
---
apiVersion: v1
kind: ConfigMap
data: {A: $old}"
named two.yaml "[0-9]*" "a ConfigMap beside a sealed Secret"
item() { printf -- '- {apiVersion: v1, kind: Secret, metadata: {name: %s, %s}, data: {A: %s}}' "$1" "$(annotated transit/aes256-key)" "$(b64 aes256-key value)"; }
file list.yaml <<<"apiVersion: v1
kind: List
items:
$(item a)
- {apiVersion: v1, kind: ConfigMap, data: {A: $old}}
$(item b)"
named list.yaml 5 "a ConfigMap between sealed Secrets in a List"
file nested.yaml <<<"apiVersion: v1
kind: Secret
metadata: {name: app}
stringData:
  values.yaml: |
    password: $old"
named nested.yaml 6 "text in a Secret"

# -- whose key ----------------------------------------------------------------------------------------

file map.yaml <<<"# vault:v1: and vault:v1:ciphertext are words
data: {A: $old}"
rotate "$dir"
status_is 1 "no key is known: exit 1"
err_like 'map.yaml:2: ciphertext of version 1 outside a sealed Secret: its Transit key is not known; pass --transit-key' "no key is known: reported"
file map.yaml <<<"# secretmanager/transit-key: transit/derived-key
data: {A: $old}"
rotate "$dir"
status_is 0 "a comment names a key, whose newest version it is: exit 0"
rotate --transit-key aes256-key "$dir"
status_is 0 "a comment names another key than --transit-key: exit 0"
file map.yaml <<<"metadata: {annotations: {\"secretmanager/transit-key\": \"transit/aes256-key\"}}
data: {A: $old}"
rotate "$dir"
status_is 1 "an annotation names a key with a newer version: exit 1"
err_like 'map.yaml:2: .*but version 2 of Transit key transit/aes256-key is the newest' "an annotation names a key with a newer version: reported"
done_testing

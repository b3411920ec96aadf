#!/bin/bash
# Which data keys are JSON documents whose members become variables: one rule for every source, and --document decides.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1

account='{"private_key": "p", "client_email": "e"}'
printf %s "$account" >sa.json
mkdir mounted

# sources NAME: the ciphertext of sa.json as data key NAME, in the API (annotated and not), in a volume, in the environment.
sources() {
	rm -f mounted/*
	printf %s "$ciphertext" >"mounted/$1"
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"$2},
		\"data\":{\"$1\":\"$(printf %s "$ciphertext" | base64 -w0)\"}}"
	[ "$STATUS" = 201 ] || echo "Bail out! the Secret can't be made"
}
options=(--transit-key aes256-key)
from_api() { run as_pod app "$BIN/secret-exec" "${options[@]}" --secret app "$@"; }
from_key() { run as_pod app "$BIN/secret-exec" "${options[@]}" --secret "app:$name" "$@"; }
from_volume() { run as_pod app "$BIN/secret-exec" "${options[@]}" --secret-dir mounted "$@"; }
from_environment() { run as_pod app env "$name=$ciphertext" "$BIN/secret-exec" "${options[@]}" "$@"; }

"$BIN/secret-seal" --transit-key aes256-key --from-file sa.json sealed >/dev/null
ciphertext=$(stored sealed sa.json)

name=sa.json
sources sa.json
for source in from_api from_key from_volume from_environment; do
	"$source" --memfd sa.json -- cat {}
	out_is "$account" "$source: sa.json is one value"
	"$source" -- env
	if [ "$source" = from_api ] || [ "$source" = from_volume ]; then
		fails_with 125 '"sa.json" is not a valid environment variable name.*--document' "$source: whose members do not become variables"
	else
		like "$OUT" "(^|"$'\n'")sa.json=\{" "$source: named, it is a variable"
		unlike "$OUT" '(^|'$'\n'')private_key=' "$source: whose members do not become variables"
	fi
	"$source" --document sa.json -- sh -c 'echo "$private_key $client_email"'
	out_is "p e" "$source: --document takes its members"
	"$source" --document '*.json' --only client_email -- sh -c 'echo "$client_email ${private_key-none}"'
	out_is "e none" "$source: --only chooses from them"
	"$source" --document sa.json --memfd sa.json -- cat {}
	fails_with 125 '--memfd sa.json: no secret "sa.json"; use one of: private_key, client_email' "$source: then it is not one value"
done

name=secrets.json
sources secrets.json
for source in from_api from_key from_volume from_environment; do
	"$source" -- sh -c 'echo "$private_key $client_email"'
	out_is "p e" "$source: secrets.json is a document without being named"
	"$source" --document none --memfd secrets.json -- cat {}
	out_is "$account" "$source: unless --document names others"
done

name=sa.json
sources sa.json ',"annotations":{"secretmanager/layout":"document"}'
for source in from_api from_key; do
	"$source" -- sh -c 'echo "$private_key"'
	out_is p "$source: the annotation document counts"
	"$source" --document none --memfd sa.json -- cat {}
	out_is "$account" "$source: --document wins over it"
done
name=secrets.json
sources secrets.json ',"annotations":{"secretmanager/layout":"per-key"}'
for source in from_api from_key; do
	"$source" --memfd secrets.json -- cat {}
	out_is "$account" "$source: the annotation per-key counts"
	"$source" --document secrets.json -- printenv private_key
	out_is p "$source: --document wins over it"
done

kube_call POST /api/v1/namespaces/demo/configmaps "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"map\"},
	\"data\":{\"sa.json\":\"{\\\"private_key\\\": \\\"p\\\"}\"}}"
plain() { run "$BIN/secret-exec" --allow-plaintext --from-config-map "$@"; }
plain map --memfd sa.json -- cat {}
out_is '{"private_key": "p"}' "a ConfigMap's JSON value is one value"
plain map --document sa.json -- printenv private_key
out_is p "a ConfigMap with --document: its members"
plain map:sa.json --document none --memfd sa.json -- cat {}
out_is '{"private_key": "p"}' "a ConfigMap's named data key with --document: its members"

done_testing

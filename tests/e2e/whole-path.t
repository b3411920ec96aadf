#!/bin/bash
# Seal, launch, rotate, launch again, each by a pod with minimal rights.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

# Each program has a separate role and the token of its service account.
seal() { run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" "$@"; }
rotate() { run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" "$@"; }
launch() { run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-exec" "$@"; }
# shellcheck disable=SC2016 # the application's shell expands it
show='printf "%s|%s\n" "$DB_USER" "$DB_PASSWORD"'
password='correct horse "battery" ü'

for key in aes256-key derived-key; do
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	seal --transit-key "$key" --from-literal DB_USER=matrix --from-literal "DB_PASSWORD=$password" app
	status_is 0 "$key: sealer seals two values"
	like "$(stored app DB_USER) $(stored app DB_PASSWORD)" '^vault:v1:[^ ]+ vault:v1:[^ ]+$' \
		"$key: ciphertext of version 1 is stored"
	launch --secret app -- sh -c "$show"
	status_is 0 "$key: app launches"
	out_is "matrix|$password" "$key: app has the values in its environment"
	launch --secret app --fd 3 -- sh -c 'cat <&3; echo; echo "${DB_USER-nothing} in the environment"'
	status_is 0 "$key: app launches with a pipe"
	is "$(printf %s "${OUT%%$'\n'*}" | /usr/bin/python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["DB_USER"], d["DB_PASSWORD"])')" \
		"matrix $password" "$key: the pipe has the values as JSON"
	like "$OUT" 'nothing in the environment' "$key: the environment does not have them"

	rotate --namespace demo
	status_is 0 "$key: rotator rotates"
	like "$(stored app DB_USER) $(stored app DB_PASSWORD)" '^vault:v2:[^ ]+ vault:v2:[^ ]+$' \
		"$key: ciphertext of version 2 is stored"
	launch --secret app -- sh -c "$show"
	out_is "matrix|$password" "$key: app launches again with the same values"
	rotate --all-namespaces
	status_is 0 "$key: rotator rotates all namespaces"
	like "$(stored app DB_USER)" '^vault:v3:' "$key: version 3"
	vault_call POST "transit/keys/$key/config" '{"min_decryption_version":3}'
	is "$STATUS" 200 "$key: the old versions are retired"
	launch --secret app -- sh -c "$show"
	out_is "matrix|$password" "$key: app launches after retiring"
done

# -- missing rights ------------------------------------------------------------------------------

seal --transit-key aes256-key --from-literal A=other other
status_is 0 "sealer seals another Secret"
launch --secret other -- echo started
fails_with 125 'Secret demo/other: .*403.*User "system:serviceaccount:demo:app" cannot get' "app cannot read another Secret"
run as_pod app env VAULT_ROLE=secret-rotate "$BIN/secret-exec" --secret app -- echo started
fails_with 125 'login with role "secret-rotate".*403: service account name not authorized' "app cannot use rotator's role"
run as_pod app-expired env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app -- echo started
fails_with 125 '403: invalid expiration time.*token is expired' "an expired token: login denied"
run as_pod stranger env VAULT_ROLE=secret-exec "$BIN/secret-exec" --secret app -- echo started
fails_with 125 'login with role "secret-exec".*403: service account name not authorized' "stranger: login denied"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-seal" --from-literal A=1 app
fails_with 1 '403' "app cannot seal"
run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-exec" --secret app -- echo started
fails_with 125 'transit/decrypt/.*403' "rotator cannot decrypt"
run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-rotate" --namespace demo
like "$STATUS $ERR" '^1 .*403' "sealer cannot rotate"
like "$(stored app DB_USER)" '^vault:v3:' "denied runs: no change"
done_testing

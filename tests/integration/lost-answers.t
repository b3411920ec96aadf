#!/bin/bash
# Requests that a server carries out and does not answer: nothing is done twice, and what was done counts as done.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

# as ACCOUNT NAME=VALUE... COMMAND...: in a pod that trusts the bad servers too.
as() {
	cp "$STAGE_DIR/pod/$1/token" "$BAD_POD/token"
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "${@:2}"
}
seal() { as sealer VAULT_ROLE=secret-seal KUBERNETES_SERVICE_PORT="$BAD_PORT" "$BIN/secret-seal" --transit-key aes256-key "$@" app; }
rotate() { as rotator VAULT_ROLE=secret-rotate "$1" "$BIN/secret-rotate" -n demo --transit-key aes256-key "${@:2}"; }
newest() { vault_call GET transit/keys/aes256-key >/dev/null && field data.latest_version; }
sent() { grep -c " $1 " "$BAD_LOG"; }
values() { "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B $C"'; }

bad_api --on POST /secrets 1 lost relay
seal --set A=one
status_is 0 "a new Secret whose answer is lost: exit 0"
out_is "secret/app created" "a new Secret whose answer is lost: reported as created"
err_like 'Secret demo/app: written, although the response was lost: .* was read back' "a new Secret whose answer is lost: a warning"
bad_api --on POST /secrets 1 close relay
kube_call DELETE /api/v1/namespaces/demo/secrets/app
seal --set A=one
out_is "secret/app created" "a new Secret whose first request is lost: created"
is "$(sent POST)" 2 "a new Secret whose first request is lost: the request is sent again"

# On a kept connection libcurl would send it again by itself, and not count that.
bad_api --on PATCH /secrets/app 1 lost relay
seal --set B=two --set C=x
out_is "secret/app updated" "a change whose answer is lost: updated"
is "$(values) $(sent PATCH)" "one two x 2" "a change whose answer is lost: sent again, stored once, other values kept"
err_unlike 'another (client|process|writer)' "a change whose answer is lost: the conflict is not attributed to another writer"
bad_api --on PATCH /secrets/app 1 lost relay
seal --retries 0 --set B=2
out_is "secret/app updated" "a change whose answer is lost, with --retries 0: updated"
is "$(values) $(sent PATCH)" "one 2 x 1" "a change whose answer is lost, with --retries 0: the request is sent once"
bad_api --on PATCH /secrets/app 1 lost relay
seal --unset C
out_is "secret/app updated" "a removed data key whose answer is lost: updated"
bad_api --on PATCH /secrets/app 1 close --on PATCH /secrets/app 1 touch relay
seal --set B=three
status_is 0 "another writer's change after a lost request: exit 0"
is "$(values)" "one three " "another writer's change after a lost request: the changed Secret is updated"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field metadata.annotations.touched)" 1 "another writer's change after a lost request: the other writer's annotation is kept"

before=$(newest)
bad_vault --on POST /rotate 1 lost relay
rotate VAULT_ADDR="$BAD_URL"
status_is 0 "a rotation of the key whose answer is lost: exit 0"
err_like "the key was read back, and has version $((before + 1)): .*no answer: " "a rotation of the key whose answer is lost: the new version is found in the key"
is "$(newest) $(sent 'POST [^ ]*/rotate')" "$((before + 1)) 1" "a rotation of the key whose answer is lost: the request is sent once"
is "$(grep -c "^$(sed -n 's/ POST [^ ]*\/rotate .*//p' "$BAD_LOG") " "$BAD_LOG")" 1 "a rotation of the key: the request has its own connection"
like "$(stored app A)" "^vault:v$((before + 1)):" "a rotation of the key whose answer is lost: the Secrets are rewrapped"
bad_vault --on POST /rotate 1 close relay
rotate VAULT_ADDR="$BAD_URL"
status_is 1 "a rotation of the key whose request is lost: exit 1"
err_like "run again, because the key still has version $((before + 1))" "a rotation of the key whose request is lost: the advice is to run again"
is "$(newest) $(sent 'POST [^ ]*/rotate')" "$((before + 1)) 1" "a rotation of the key whose request is lost: the request is not sent again"
bad_vault --on POST /rotate 1 html=503 relay
rotate VAULT_ADDR="$BAD_URL"
is "$STATUS $(sent 'POST [^ ]*/rotate')" "1 1" "a rotation of the key that a gateway answers with 503: the request is not sent again"

for options in "" "--retries 0"; do
	bad_api --on PATCH /secrets/app 1 lost relay
	# shellcheck disable=SC2086 # words
	rotate KUBERNETES_SERVICE_PORT="$BAD_PORT" $options
	status_is 0 "a rewrapped Secret whose answer is lost${options:+, with $options}: exit 0"
	out_like 'current 1, rewrapped 1, .*conflicts 0, .*failed 0' "a rewrapped Secret whose answer is lost${options:+, with $options}: counted as rewrapped, not as a conflict"
	is "$(values)" "one three " "a rewrapped Secret whose answer is lost${options:+, with $options}: its values are kept"
done
done_testing

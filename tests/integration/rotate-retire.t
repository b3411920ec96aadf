#!/bin/bash
# Old key versions are retired once nothing in any namespace needs them, and not before.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

seal() { "$BIN/secret-seal" "$@" >/dev/null; }
rotate() { run "$BIN/secret-rotate" "$@"; }
limits() {
	vault_call GET transit/keys/aes256-key
	echo "$(field data.latest_version) $(field data.min_decryption_version) $(field data.min_encryption_version) $(field data.min_available_version)"
}
seal -n demo --transit-key aes256-key --from-literal A=app app
seal -n default --transit-key aes256-key --from-literal A=other elsewhere

rotate -n demo --retire
status_is 0 "two versions are kept"
is "$(limits)" "2 1 0 0" "so that nothing is retired yet"
rotate -n demo --retire
status_is 1 "another namespace stands on what would be retired"
err_like 'Secret default/elsewhere: 1 value on an old version of Transit key transit/aes256-key; the oldest is 1, wanted is 2' "it is named"
err_like 'transit/aes256-key: version 1 is in use; no version is retired' "and so is the key"
out_like 'rewrapped 1' "the rest of the run is done"
is "$(limits)" "3 1 0 0" "the versions stay"
rotate -A --retire
status_is 0 "all is rewrapped"
err_like 'transit/aes256-key: versions below 3 are retired' "then they are retired"
is "$(limits)" "4 3 0 0" "but for two"
run "$BIN/secret-exec" --secret app -- printenv A
out_is app "all decrypts"
rotate --phase retire --transit-key aes256-key -n demo
status_is 0 "a second time"
err_like 'versions below 3 are retired already' "there is nothing to do"
rotate --phase retire -n demo --keep-versions 1 --dry-run
status_is 0 "a dry run"
err_like 'dry run: would retire the versions of Transit key transit/aes256-key below 4' "says it"
is "$(limits)" "4 3 0 0" "and does not"
rotate --phase retire -n demo --keep-versions 1
status_is 0 "--keep-versions 1"
is "$(limits)" "4 4 0 0" "leaves the newest alone"

# Without a label and without a key: its version counts for every key.
old=$(stored app A)
rotate -A
rotate -A
kube_call POST /api/v1/namespaces/default/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"found\"},
	\"data\":{\"A\":\"$(printf %s "$old" | base64 -w0)\"}}"
rotate --phase retire -n demo
status_is 1 "a Secret without label and annotation"
err_like 'Secret default/found: no Transit key is known' "holds it up"
is "$(limits)" "6 4 0 0" "nothing is retired"
rotate --phase retire -n demo --retire-namespaces demo
status_is 0 "--retire-namespaces says that the others don't matter"
is "$(limits)" "6 5 0 0" "and so it goes"
kube_call GET /api/v1/namespaces/default/secrets/found
rotate --phase retire -n demo
status_is 1 "what is below the limit already"
err_like 'version 4 is in use, but below min_decryption_version 5; lower it' "is said"
kube_call DELETE /api/v1/namespaces/default/secrets/found

run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo --phase retire --retire-namespaces 'demo,no good'
fails_with 2 '"no good" is not a valid name' "a namespace that can.t be"
rotate --phase retire --keep-versions 0
fails_with 2 'must be at least 1' "--keep-versions 0"
run as_pod stranger "$BIN/secret-rotate" -n demo --phase retire
is "$STATUS" 1 "who may not list retires nothing"
run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo --phase retire --keep-versions 1
status_is 1 "the policy of a rotation does not allow it"
err_like 'retiring: Transit key transit/aes256-key: .*403.*policy must allow it' "which is said"
is "$(limits)" "6 5 0 0" "nothing is changed"

rotate --phase retire -n demo --trim
status_is 0 "--trim"
err_like 'transit/aes256-key: versions below 5 are deleted' "deletes them for ever"
is "$(limits)" "6 5 5 5" "in Vault"
run "$BIN/secret-exec" --secret app -- printenv A
out_is app "all decrypts"
run "$BIN/secret-seal" -n demo --from-literal B=new app
status_is 0 "and is sealed"
rotate -A --retire --keep-versions 1
status_is 0 "a key that was trimmed is rotated and retired again"
is "$(limits)" "7 7 7 5" "its minimum for encryption has followed"

# make NAME LABELS ANNOTATION [CIPHERTEXT]: a Secret in default, made by hand; ANNOTATION names its key.
make() {
	kube_call DELETE "/api/v1/namespaces/default/secrets/$1"
	kube_call POST /api/v1/namespaces/default/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$1\",
		\"labels\":{$2},\"annotations\":{\"secretmanager/transit-key\":\"$3\"}},
		\"data\":{${4+\"A\":\"$(base64 -w0 <<<"$4")\"}}}"
}
# base64 of a here-string has the newline: without it for what is not to be garbled.
make_well() { make "$1" '' "$2" && kube_call PATCH "/api/v1/namespaces/default/secrets/$1" \
	"{\"data\":{\"A\":\"$(printf %s "$3" | base64 -w0)\"}}" application/merge-patch+json; }
sealed_label='"secretmanager/sealed":"true"'
old=$(stored app A)
rotate -n demo
rotate -n demo
for name in 'aes256-key ' /transit/aes256-key transit/aes256-key/; do
	make_well slip "$name" "$old"
	rotate -n demo --phase retire --transit-key aes256-key --trim
	status_is 1 "--transit-key, and an annotation that names no key: \"$name\""
	err_like 'Secret default/slip: annotation secretmanager/transit-key: Transit key "[^"]*": write' "the Secret is named"
	err_like 'version 7 is in use; no version is retired' "and holds it up"
done
make slip '' aes256-key "$old"
rotate -n demo --phase retire --trim
status_is 1 "ciphertext to which a newline was added"
err_like 'Secret default/slip: data key "A": garbled ciphertext: it ends in a newline' "is named"
err_like 'version 7 is in use; no version is retired' "and holds it up"
is "$(limits)" "9 7 7 5" "nothing is retired"
kube_call DELETE /api/v1/namespaces/default/secrets/slip
rotate -A --phase rewrap

vault_call POST transit/keys/derived-key/rotate
vault_call POST transit/keys/derived-key/rotate
make empty "$sealed_label" derived-key
rotate -n default --phase retire
err_unlike derived-key "a Secret without values names no key"
make plain "$sealed_label" derived-key plaintext
rotate -n default --phase retire --trim
status_is 0 "a key that an annotation names, and nothing is sealed with"
err_like 'transit/derived-key: no value is sealed with it; .*--transit-key' "is left as it is"
vault_call GET transit/keys/derived-key
is "$(field data.min_decryption_version) $(field data.min_available_version)" "1 0" "for whom it may serve elsewhere"
rotate -n default --phase retire --transit-key derived-key
err_like 'transit/derived-key: versions below 2 are retired' "unless it is asked for"

# Between the retirement and the look after it something old is written, and something that has the key read again.
. "$(dirname "$0")/../faults.sh"
old=$(stored app A)
rotate -A
rotate -A
bad_api --on GET /api/v1/secrets 1 relay --on GET /api/v1/secrets 1 "held=$TAP_WORK/written" relay
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
env -u KUBECONFIG SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" KUBERNETES_SERVICE_PORT="$BAD_PORT" \
	"$BIN/secret-rotate" --phase retire -n demo 2>"$TAP_WORK/err" >/dev/null &
beside=$!
is_raised() { [[ $(limits) = "11 10 "* ]]; }
until_true is_raised
make_well late aes256-key "$old"
make_well anew aes256-key vault:v99:QUFBQUFBQUE=
: >"$TAP_WORK/written"
STATUS=0
wait "$beside" || STATUS=$?
ERR=$(<"$TAP_WORK/err")
status_is 1 "what is old and written meanwhile"
err_like 'version 9 was written during the run, so min_decryption_version is restored' "is seen"
like "$(limits)" '^11 8 ' "and the bound is as it was"
done_testing

#!/bin/bash
# Old key versions are retired when no namespace uses them, and not before.
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
status_is 0 "two versions are kept: exit 0"
is "$(limits)" "2 1 0 0" "with two versions nothing is retired"
rotate -n demo --retire
status_is 1 "another namespace uses a version that would be retired: exit 1"
err_like 'Secret default/elsewhere: 1 value on an old version of Transit key transit/aes256-key .the oldest is 1, wanted is 2' "the Secret that uses it is reported"
err_like 'transit/aes256-key: version 1 is in use, so no version is retired' "the key is reported"
out_like 'rewrapped 1' "a version in use: the phases before retire are done"
is "$(limits)" "3 1 0 0" "a version in use in another namespace: no version is retired"
rotate -A --retire
status_is 0 "all Secrets are rewrapped: exit 0"
err_like 'transit/aes256-key: versions below 3 are retired' "all Secrets are rewrapped: old versions are retired"
is "$(limits)" "4 3 0 0" "two versions are kept"
run "$BIN/secret-exec" --secret app -- printenv A
out_is app "the Secret can be decrypted"
rotate --phase retire --transit-key aes256-key -n demo
status_is 0 "--phase retire again: exit 0"
err_like 'versions below 3 are retired already' "the versions are already retired"
rotate --phase retire -n demo --keep-versions 1 --dry-run
status_is 0 "--phase retire in a dry run: exit 0"
err_like 'dry run: would retire the versions of Transit key transit/aes256-key below 4' "--phase retire in a dry run logs the versions that would be retired"
is "$(limits)" "4 3 0 0" "--phase retire in a dry run changes nothing"
rotate --phase retire -n demo --keep-versions 1
status_is 0 "--keep-versions 1: exit 0"
is "$(limits)" "4 4 0 0" "only the newest version is kept"

# A Secret without a label and without a key: its version counts for every key.
old=$(stored app A)
rotate -A
rotate -A
kube_call POST /api/v1/namespaces/default/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"found\"},
	\"data\":{\"A\":\"$(printf %s "$old" | base64 -w0)\"}}"
rotate --phase retire -n demo
status_is 1 "ciphertext without label and annotation: exit 1"
err_like 'Secret default/found: no Transit key is known' "ciphertext without label and annotation: its Secret is reported"
is "$(limits)" "6 4 0 0" "ciphertext without label and annotation: no version is retired"
rotate --phase retire -n demo --retire-namespaces demo
status_is 0 "--retire-namespaces excludes its namespace: exit 0"
is "$(limits)" "6 5 0 0" "the versions are retired"
kube_call GET /api/v1/namespaces/default/secrets/found
rotate --phase retire -n demo
status_is 1 "a version in use is already refused: exit 1"
err_like 'version 4 is in use, but below min_decryption_version 5; lower it' "the advice is to lower min_decryption_version"
kube_call DELETE /api/v1/namespaces/default/secrets/found

run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo --phase retire --retire-namespaces 'demo,no good'
fails_with 2 '"no good" is not a valid name' "an invalid namespace: exit 2"
rotate --phase retire --keep-versions 0
fails_with 2 'must be at least 1' "--keep-versions 0: exit 2"
run as_pod stranger "$BIN/secret-rotate" -n demo --phase retire
is "$STATUS" 1 "a service account that may not list: exit 1"
run as_pod rotator env VAULT_ROLE=secret-rotate "$BIN/secret-rotate" -n demo --phase retire --keep-versions 1
status_is 1 "a policy without the right to retire: exit 1"
err_like 'retiring: Transit key transit/aes256-key: .*403.*policy must allow it' "a policy without the right to retire: Vault's message is shown"
is "$(limits)" "6 5 0 0" "a policy without the right to retire: the key is unchanged"

rotate --phase retire -n demo --trim
status_is 0 "--trim: exit 0"
err_like 'transit/aes256-key: versions below 5 are deleted' "the deleted versions are logged"
is "$(limits)" "6 5 5 5" "Vault has deleted them"
run "$BIN/secret-exec" --secret app -- printenv A
out_is app "the Secret can be decrypted"
run "$BIN/secret-seal" -n demo --from-literal B=new app
status_is 0 "new values can be sealed"
rotate -A --retire --keep-versions 1
status_is 0 "a trimmed key is rotated and retired again: exit 0"
is "$(limits)" "7 7 7 5" "a trimmed key that is retired again: min_encryption_version is raised too"

# make NAME LABELS ANNOTATION [CIPHERTEXT]: create a Secret in default without secret-seal; ANNOTATION names its key.
make() {
	kube_call DELETE "/api/v1/namespaces/default/secrets/$1"
	kube_call POST /api/v1/namespaces/default/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$1\",
		\"labels\":{$2},\"annotations\":{\"secretmanager/transit-key\":\"$3\"}},
		\"data\":{${4+\"A\":\"$(base64 -w0 <<<"$4")\"}}}"
}
# The base64 of a here-string includes the newline; this one does not.
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
	err_like 'Secret default/slip: annotation secretmanager/transit-key: Transit key "[^"]*": not of the form' "the Secret is reported"
	err_like 'version 7 is in use, so no version is retired' "the key is not retired"
done
make slip '' aes256-key "$old"
rotate -n demo --phase retire --trim
status_is 1 "ciphertext with an extra newline: exit 1"
err_like 'Secret default/slip: data key "A": garbled ciphertext: it ends in a newline' "ciphertext with an extra newline is reported"
err_like 'version 7 is in use, so no version is retired' "the key is not retired"
is "$(limits)" "9 7 7 5" "ciphertext with an extra newline: no version is retired or trimmed"
kube_call DELETE /api/v1/namespaces/default/secrets/slip
rotate -A --phase rewrap

vault_call POST transit/keys/derived-key/rotate
vault_call POST transit/keys/derived-key/rotate
make empty "$sealed_label" derived-key
rotate -n default --phase retire
err_unlike derived-key "a Secret without values names no key"
make plain "$sealed_label" derived-key plaintext
rotate -n default --phase retire --trim
status_is 0 "a key without values, named by an annotation: exit 0"
err_like 'transit/derived-key: no value is sealed with it; .*--transit-key' "the advice is --transit-key"
vault_call GET transit/keys/derived-key
is "$(field data.min_decryption_version) $(field data.min_available_version)" "1 0" "a key without values: its versions are kept"
rotate -n default --phase retire --transit-key derived-key
err_like 'transit/derived-key: versions below 2 are retired' "--transit-key retires its versions"

# Between raising and the second look an old version is written, and a newer version, for which the key is read again.
. "$(dirname "$0")/../faults.sh"
old=$(stored app A)
rotate -A
rotate -A
# retire_begin: begin a run that waits before its second look; retire_end: let it look
retire_begin() {
	rm -f "$TAP_WORK/written"
	bad_api --on GET /api/v1/secrets 1 relay --on GET /api/v1/secrets 1 "held=$TAP_WORK/written" relay
	cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
	env -u KUBECONFIG SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" KUBERNETES_SERVICE_PORT="$BAD_PORT" \
		"$BIN/secret-rotate" --phase retire -n demo 2>"$TAP_WORK/err" >/dev/null &
	beside=$!
	until_true grep -q " held=" "$BAD_LOG"
}
retire_end() {
	: >"$TAP_WORK/written"
	STATUS=0
	wait "$beside" || STATUS=$?
	ERR=$(<"$TAP_WORK/err")
}
retire_begin
like "$(limits)" '^11 10 ' "min_decryption_version is raised before the second look"
make_well late aes256-key "$old"
make_well newer aes256-key vault:v99:QUFBQUFBQUE=
retire_end
status_is 1 "an old version is written during the run: exit 1"
err_like 'version 9 was written during the run, so min_decryption_version is restored' "an old version is written during the run: the restored setting is reported"
like "$(limits)" '^11 8 ' "min_decryption_version is restored"

# The same after another run has raised min_decryption_version: this run cannot restore it.
kube_call DELETE /api/v1/namespaces/default/secrets/late
kube_call DELETE /api/v1/namespaces/default/secrets/newer
rotate --phase retire -n demo
like "$(limits)" '^11 10 ' "another run retires the versions"
retire_begin
make_well late aes256-key "$old"
retire_end
status_is 1 "an old version is written after another run retired it: exit 1"
err_like 'version 9 is in use, but below min_decryption_version 10; lower it' "an old version below min_decryption_version is reported"
done_testing

#!/bin/bash
# Whoever may write a Secret may write its annotations.  They are used for new values only if all existing
# ciphertext decrypts as they state, also replaced and removed values.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
vault_call POST transit/keys/other-key '{"derived":true}'

# sealed [OPTION...]: create the Secret app, with one strictly bound value or from the options.
sealed() {
	kube_call DELETE "$secrets/app"
	"$BIN/secret-seal" --transit-key derived-key "$@" app >/dev/null
}
# forge [ANNOTATION=JSON...]: change its annotations.
forge() {
	local pairs=() pair
	for pair; do pairs+=("\"secretmanager/${pair%%=*}\":${pair#*=}"); done
	kube_call PATCH "$secrets/app" "{\"metadata\":{\"annotations\":{$(
		IFS=,
		echo "${pairs[*]}"
	)}}}" application/merge-patch+json
	kube_call GET "$secrets/app"
	forged=$(field metadata.resourceVersion)
}
seal() { run "$BIN/secret-seal" "$@" app; }
untouched() {
	kube_call GET "$secrets/app"
	is "$(field metadata.resourceVersion)" "$forged" "$1: nothing is written"
}
annotation() { field "metadata.annotations.secretmanager/$1"; }

# -- the only value is replaced ---------------------------------------------------------------------------------

# shellcheck disable=SC2089 # words of JSON
for claim in 'scope="cluster-wide"' 'scope="namespace-wide"' 'transit-key="transit/other-key"' \
	'transit-key="transit/aes256-key" scope=null' 'transit-key="transit/other-key" scope="cluster-wide"'; do
	sealed --set A=one
	# shellcheck disable=SC2086,SC2090 # words
	forge $claim
	seal --set A=new
	fails_with 1 'Secret demo/app: data key A does not decrypt.*pass --transit-key' "a value is replaced with the forged $claim: exit 1"
	untouched "a value is replaced with the forged $claim"
	seal --set B=two --unset A
	fails_with 1 'data key A does not decrypt' "a value is removed with the forged $claim: exit 1"
	untouched "a value is removed with the forged $claim"
done
sealed --set A=one
forge 'scope="cluster-wide"'
seal --transit-key derived-key --set A=new
fails_with 1 'data key A does not decrypt' "a forged scope with --transit-key: exit 1"
seal --transit-key derived-key --scope strict --set A=new
out_is "secret/app updated" "--transit-key and --scope replace the value"
kube_call GET "$secrets/app"
is "$(annotation scope)" strict "--scope is annotated"
forge 'transit-key="transit/made"'
seal --create-key --set A=new
fails_with 1 'create-key: .*data key "A" is sealed with Transit key transit/made, which no longer exists' "--create-key for a forged name"
vault_call GET transit/keys/made
is "$STATUS" 404 "a forged key name creates no key"
seal --unset A --set B=two --transit-key aes256-key
fails_with 2 'sealed with Transit key transit/made, but aes256-key is requested' "--transit-key and a forged key: exit 2"

# Annotations that the ciphertext proves.
sealed --scope namespace-wide --set A=one
seal --set A=new
out_is "secret/app updated" "a scope that the value proves: updated"
kube_call GET "$secrets/app"
is "$(annotation scope)" namespace-wide "a scope that the value proves is kept"

# -- the document layout ----------------------------------------------------------------------------------------

sealed --layout document --set A=one
forge 'scope="cluster-wide"'
run "$BIN/secret-seal" --layout document --from-document - app <<<'{"A": "new"}'
fails_with 1 'data key secrets.json does not decrypt' "a whole document replaced: exit 1"
seal --set A=new
fails_with 1 'data key secrets.json: does not decrypt' "a member of a document: exit 1"
untouched "a document"

# -- a Secret without ciphertext --------------------------------------------------------------------------------

# empty [DATA]: create a Secret with the annotations of a sealed one.
empty() {
	kube_call DELETE "$secrets/app"
	kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"labels\":{\"secretmanager/sealed\":\"true\"},
		\"annotations\":{\"secretmanager/transit-key\":\"transit/other-key\",\"secretmanager/scope\":\"cluster-wide\"}},\"data\":{${1-}}}"
	forged=$(field metadata.resourceVersion)
}
empty
seal --set A=one
fails_with 2 'Secret demo/app: no Transit key is known' "the annotation of an empty Secret is not used: exit 2"
untouched "an empty Secret"
seal --transit-key derived-key --set A=one
out_is "secret/app updated" "an empty Secret with --transit-key: updated"
err_like 'annotation secretmanager/scope does not count without ciphertext, so the scope is strict' "an empty Secret's scope: a warning"
kube_call GET "$secrets/app"
is "$(annotation transit-key) $(annotation scope)" "transit/derived-key strict" "an empty Secret gets scope strict"
empty
seal --transit-key aes256-key --set A=one
kube_call GET "$secrets/app"
is "$(annotation scope)" "" "with a key that is not derived the scope is removed"
empty '"A":"b25l"'
seal --adopt
fails_with 2 'Secret demo/app: no Transit key' "--adopt of a Secret without ciphertext: exit 2"
seal --set A=new
fails_with 2 'Secret demo/app: no Transit key' "plaintext replaced in a Secret without ciphertext: exit 2"
empty
run setsid -w "$BIN/secret-seal" edit --editor 'echo opened >&2;' app </dev/null
fails_with 2 'Secret demo/app: no Transit key is known' "edit of a Secret without ciphertext opens no editor: exit 2"

# -- without decrypting -----------------------------------------------------------------------------------------

sealed --scope cluster-wide --set A=one
seal --no-verify --set B=two
fails_with 2 'with --no-verify its annotations do not count.*--transit-key transit/derived-key --scope cluster-wide' "--no-verify"
seal --no-verify --transit-key derived-key --set B=two
fails_with 2 'with --no-verify its annotations do not count' "--no-verify with only --transit-key: exit 2"
seal --no-verify --transit-key derived-key --scope cluster-wide --set B=two
out_is "secret/app updated" "--no-verify with --transit-key and --scope: updated"
seal --no-verify --unset B
out_is "secret/app updated" "--no-verify without new values: updated"

# -- edit -------------------------------------------------------------------------------------------------------

sealed --set A=one
forge 'transit-key="transit/other-key"'
run setsid -w "$BIN/secret-seal" edit --editor 'sed -i s/one/new/' app </dev/null
fails_with 1 'Secret demo/app, data key A: ' "edit with a forged key: exit 1"
untouched "edit with a forged key"

# -- manifests --------------------------------------------------------------------------------------------------

file=$TAP_WORK/app.yaml
sealed --set A=one
"$BIN/secret-seal" --transit-key derived-key -n demo --set A=one --dry-run=client app >"$TAP_WORK/good.yaml"
# in_place FROM TO: the manifest states TO, and each change of it is refused.
in_place() {
	local change
	sed "s,$1,$2," "$TAP_WORK/good.yaml" >"$TAP_WORK/before.yaml"
	cp "$TAP_WORK/before.yaml" "$file"
	for change in '--set A=new' '--unset A --set B=two' '--set B=two'; do
		# shellcheck disable=SC2086 # words
		run "$BIN/secret-seal" -n demo -i -f "$file" $change
		fails_with 1 'does not decrypt' "a manifest with $2, $change"
		ok "the manifest does not change" cmp -s "$file" "$TAP_WORK/before.yaml"
	done
}
in_place 'scope: "strict"' 'scope: "cluster-wide"'
in_place transit/derived-key transit/other-key
# plain ANNOTATIONS: make a manifest with only plaintext.
plain() {
	printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  annotations: {%s}\nstringData: {A: new}\n' "$1" >"$file"
}
plain 'secretmanager/transit-key: transit/derived-key'
run "$BIN/secret-seal" -n demo -f "$file" -o yaml
out_like 'derived-key' "the key annotation of a plaintext manifest is used for its values"
run "$BIN/secret-seal" -n demo -i -f "$file" --set A=two
fails_with 2 'Secret demo/app: no Transit key is known' "the key annotation of a plaintext manifest is not used for other values: exit 2"
plain 'secretmanager/scope: cluster-wide'
run "$BIN/secret-seal" --transit-key derived-key -n demo -f "$file" -o yaml
out_like 'scope: "strict"' "the scope annotation of a plaintext manifest is not used"
err_like 'scope is strict; for another, pass --scope' "the scope annotation of a plaintext manifest: a warning"
run "$BIN/secret-seal" --transit-key derived-key --scope cluster-wide -n demo -f "$file" -o yaml
out_like 'scope: "?cluster-wide' "--scope is used"

# The annotations of the API's Secret are not used for a manifest's values.
forge 'scope="cluster-wide"'
plain ''
run "$BIN/secret-seal" --transit-key derived-key -f "$file"
out_is "secret/app updated" "a manifest replaces the only value: updated"
kube_call GET "$secrets/app"
is "$(annotation scope)" strict "the Secret gets the manifest's scope"

done_testing

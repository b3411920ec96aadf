#!/bin/bash
# Whoever may write a Secret may write its annotations: they decide for new values only where all ciphertext that is
# there decrypts as they claim, replaced and removed values too.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
vault_call POST transit/keys/other-key '{"derived":true}'

# sealed [OPTION...]: the Secret app, with one strictly bound value or as the options have it.
sealed() {
	kube_call DELETE "$secrets/app"
	"$BIN/secret-seal" --transit-key derived-key "$@" app >/dev/null
}
# forge [ANNOTATION=JSON...]: what its annotations say then.
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
	fails_with 1 'Secret demo/app: data key A does not decrypt.*pass --transit-key' "replaced, with $claim"
	untouched "replaced"
	seal --set B=two --unset A
	fails_with 1 'data key A does not decrypt' "removed, with $claim"
	untouched "removed"
done
sealed --set A=one
forge 'scope="cluster-wide"'
seal --transit-key derived-key --set A=new
fails_with 1 'data key A does not decrypt' "a scope beside a key that is named"
seal --transit-key derived-key --scope strict --set A=new
out_is "secret/app updated" "key and scope that are named replace it"
kube_call GET "$secrets/app"
is "$(annotation scope)" strict "with the scope that was named"
forge 'transit-key="transit/made"'
seal --create-key --set A=new
fails_with 1 'create-key: .*data key "A" is sealed with Transit key transit/made, which no longer exists' "--create-key for a forged name"
vault_call GET transit/keys/made
is "$STATUS" 404 "makes no key"
seal --unset A --set B=two --transit-key aes256-key
fails_with 2 'sealed with Transit key transit/made, but aes256-key is requested' "a key that is named must agree"

# What is true, counts.
sealed --scope namespace-wide --set A=one
seal --set A=new
out_is "secret/app updated" "a scope that the value proves"
kube_call GET "$secrets/app"
is "$(annotation scope)" namespace-wide "is kept"

# -- the document layout ----------------------------------------------------------------------------------------

sealed --layout document --set A=one
forge 'scope="cluster-wide"'
run "$BIN/secret-seal" --layout document --from-document - app <<<'{"A": "new"}'
fails_with 1 'data key secrets.json does not decrypt' "a document that is replaced whole"
seal --set A=new
fails_with 1 'data key secrets.json: does not decrypt' "a member of it"
untouched "a document"

# -- a Secret without ciphertext --------------------------------------------------------------------------------

# empty [DATA]: a Secret that claims to be sealed.
empty() {
	kube_call DELETE "$secrets/app"
	kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"labels\":{\"secretmanager/sealed\":\"true\"},
		\"annotations\":{\"secretmanager/transit-key\":\"transit/other-key\",\"secretmanager/scope\":\"cluster-wide\"}},\"data\":{${1-}}}"
	forged=$(field metadata.resourceVersion)
}
empty
seal --set A=one
fails_with 2 'Secret demo/app: no Transit key is known' "an empty Secret gives no key"
untouched "an empty Secret"
seal --transit-key derived-key --set A=one
out_is "secret/app updated" "with a key that is named"
err_like 'annotation secretmanager/scope does not count without ciphertext; sealing with scope strict' "a warning"
kube_call GET "$secrets/app"
is "$(annotation transit-key) $(annotation scope)" "transit/derived-key strict" "it is strictly bound"
empty
seal --transit-key aes256-key --set A=one
kube_call GET "$secrets/app"
is "$(annotation scope)" "" "with a key that binds nothing, no scope is left"
empty '"A":"b25l"'
seal --adopt
fails_with 2 'Secret demo/app: no Transit key' "--adopt of plaintext"
seal --set A=new
fails_with 2 'Secret demo/app: no Transit key' "plaintext that is replaced"
empty
run setsid -w "$BIN/secret-seal" edit --editor 'echo opened >&2;' app </dev/null
fails_with 2 'Secret demo/app: it holds no ciphertext' "edit does not open an editor"

# -- without decrypting -----------------------------------------------------------------------------------------

sealed --scope cluster-wide --set A=one
seal --no-verify --set B=two
fails_with 2 'with --no-verify its annotations do not count.*--transit-key transit/derived-key --scope cluster-wide' "--no-verify"
seal --no-verify --transit-key derived-key --set B=two
fails_with 2 'with --no-verify its annotations do not count' "--no-verify with the key"
seal --no-verify --transit-key derived-key --scope cluster-wide --set B=two
out_is "secret/app updated" "--no-verify with both"
seal --no-verify --unset B
out_is "secret/app updated" "--no-verify that seals nothing"

# -- edit -------------------------------------------------------------------------------------------------------

sealed --set A=one
forge 'transit-key="transit/other-key"'
run setsid -w "$BIN/secret-seal" edit --editor 'sed -i s/one/new/' app </dev/null
fails_with 1 'Secret demo/app, data key A: ' "edit"
untouched "edit"

# -- manifests --------------------------------------------------------------------------------------------------

file=$TAP_WORK/app.yaml
sealed --set A=one
"$BIN/secret-seal" --transit-key derived-key -n demo --set A=one --dry-run=client app >"$TAP_WORK/good.yaml"
# in_place FROM TO: the manifest claims TO, and each change of it is refused.
in_place() {
	local change
	sed "s,$1,$2," "$TAP_WORK/good.yaml" >"$TAP_WORK/before.yaml"
	cp "$TAP_WORK/before.yaml" "$file"
	for change in '--set A=new' '--unset A --set B=two' '--set B=two'; do
		# shellcheck disable=SC2086 # words
		run "$BIN/secret-seal" -n demo -i -f "$file" $change
		fails_with 1 'does not decrypt' "a manifest with $2, $change"
		ok "is left as it is" cmp -s "$file" "$TAP_WORK/before.yaml"
	done
}
in_place 'scope: "strict"' 'scope: "cluster-wide"'
in_place transit/derived-key transit/other-key
# plain ANNOTATIONS: one with plaintext alone.
plain() {
	printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  annotations: {%s}\nstringData: {A: new}\n' "$1" >"$file"
}
plain 'secretmanager/transit-key: transit/derived-key'
run "$BIN/secret-seal" -n demo -f "$file" -o yaml
out_like 'derived-key' "a manifest of plaintext names the key for its own values"
run "$BIN/secret-seal" -n demo -i -f "$file" --set A=two
fails_with 2 'Secret demo/app: no Transit key is known' "not for others"
plain 'secretmanager/scope: cluster-wide'
run "$BIN/secret-seal" --transit-key derived-key -n demo -f "$file" -o yaml
out_like 'scope: "strict"' "nor a scope"
err_like 'scope strict; for another, pass --scope' "which is told"
run "$BIN/secret-seal" --transit-key derived-key --scope cluster-wide -n demo -f "$file" -o yaml
out_like 'scope: "?cluster-wide' "unless it is named"

# To the API, what the API's own Secret claims does not count either.
forge 'scope="cluster-wide"'
plain ''
run "$BIN/secret-seal" --transit-key derived-key -f "$file"
out_is "secret/app updated" "a manifest replaces the only value"
kube_call GET "$secrets/app"
is "$(annotation scope)" strict "as the manifest has it"

done_testing

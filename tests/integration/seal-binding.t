#!/bin/bash
# With a derived key values are bound: copied elsewhere, a ciphertext does not decrypt.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

run "$BIN/secret-seal" --transit-key derived-key --from-literal A=one app
status_is 0 "sealing with a derived key: exit 0"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field metadata.annotations.secretmanager/scope)" strict "the default scope is strict"
run "$BIN/secret-exec" --secret app -- printenv A
out_is one "a bound value decrypts in its own Secret"

# copy_to NAME: the Secret app's data and annotations under another name.
copy_to() {
	kube_call GET /api/v1/namespaces/demo/secrets/app
	local annotations data
	annotations=$(field metadata.annotations) data=$(field data)
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",
		\"metadata\":{\"name\":\"$1\",\"annotations\":$annotations},\"data\":$data}"
}
copy_to copy
run "$BIN/secret-exec" --secret copy -- printenv A
fails_with 125 'Secret demo/copy, data key A: .*copied from another Secret' "a copy does not decrypt: exit 125, with the reason"

for scope in namespace-wide cluster-wide; do
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	run "$BIN/secret-seal" --transit-key derived-key --scope "$scope" --from-literal A=one app
	status_is 0 "sealing with scope $scope: exit 0"
	copy_to "copy-$scope"
	run "$BIN/secret-exec" --secret "copy-$scope" -- printenv A
	out_is one "a copy in the namespace decrypts with scope $scope"
done

# Changed annotations must not have a new value sealed with another key or scope.
kube_call DELETE /api/v1/namespaces/demo/secrets/app
"$BIN/secret-seal" --transit-key derived-key --from-literal A=one app >/dev/null
annotate() {
	kube_call PATCH /api/v1/namespaces/demo/secrets/app \
		"{\"metadata\":{\"annotations\":{\"secretmanager/$1\":$2}}}" application/merge-patch+json
}
vault_call POST transit/keys/other-key '{"derived":true}'
# changed NAME VALUE [OPTION...]: the annotation is changed, a value sealed, the annotation put back.
changed() {
	local name=$1 value=$2
	shift 2
	annotate "$name" "$value"
	run "$BIN/secret-seal" "$@" --from-literal B=two app
	fails_with 1 'does not decrypt.*annotations' "annotation $name changed to $value: exit 1"
	annotate scope '"strict"'
	annotate transit-key '"transit/derived-key"'
}
changed scope '"cluster-wide"'
changed scope null --scope namespace-wide
changed transit-key '"transit/other-key"'
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field data.B)" "" "after changed annotations nothing is written"
kube_call DELETE /api/v1/namespaces/demo/secrets/app
"$BIN/secret-seal" --transit-key derived-key --scope cluster-wide --from-literal A=one app >/dev/null

run "$BIN/secret-seal" --scope strict --from-literal B=two app
fails_with 2 'bound with scope cluster-wide' "another scope than the Secret's: exit 2"
run "$BIN/secret-seal" --transit-key aes256-key --scope strict --from-literal A=one plain
fails_with 2 'is not derived and cannot bind' "--scope with a key that is not derived: exit 2"
run "$BIN/secret-seal" --transit-key derived-key --scope wide --from-literal A=one other
fails_with 2 '"wide" is not a scope' "an unknown scope: exit 2"
run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key derived-key \
	--from-literal A=one --dry-run=client app
fails_with 2 'scope strict binds to the namespace; pass -n' "scope strict without a namespace: exit 2"

done_testing

#!/bin/bash
# A Secret's type: types that the API server would reject are refused before anything is sealed.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
nothing_written() {
	kube_call GET "$secrets/${1-app}"
	is "$STATUS" 404 "no Secret ${1-app} is written"
}
# lacks TYPE WORDS OPTION...: in the API, in a printed manifest, and in a sealed manifest.
lacks() {
	local type=$1 words=$2
	shift 2
	seal --type "$type" "$@" app
	fails_with 2 "a Secret of type $type must have the data key $words, or the API server rejects it" "$type without its data keys: exit 2"
	nothing_written
	seal --type "$type" "$@" --dry-run=client -n demo app
	fails_with 2 "must have the data key $words" "$type without its data keys, as a manifest: exit 2"
}
lacks kubernetes.io/tls 'tls.crt and the data key tls.key' --set tls.crt=c
lacks kubernetes.io/tls 'tls.crt and the data key tls.key' --set tls.key=k
lacks kubernetes.io/basic-auth 'username or password' --set user=u
lacks kubernetes.io/ssh-auth 'ssh-privatekey' --set ssh-publickey=k
lacks kubernetes.io/tls 'tls.crt and the data key tls.key' --layout document --set tls.crt=c --set tls.key=k

seal --type kubernetes.io/tls --set tls.crt=c --set tls.key=k tls
out_is "secret/tls created" "TLS with both"
seal --type kubernetes.io/basic-auth --set password=p basic
out_is "secret/basic created" "basic-auth with one"
seal --type kubernetes.io/ssh-auth --set ssh-privatekey= ssh
out_is "secret/ssh created" "ssh-auth with an empty key, whose ciphertext is not empty"
seal --type 'A type, (of) any-characters_ä/b/c' --set A=a any
out_is "secret/any created" "any text as a type: created"
kube_call GET "$secrets/any"
is "$(field type)" 'A type, (of) any-characters_ä/b/c' "any text as a type is stored"
seal --type '' --set A=a none
kube_call GET "$secrets/none"
is "$(field type)" Opaque "the empty type is Opaque"

# Changing a Secret.
seal --unset tls.key tls
fails_with 2 'must have the data key tls.crt and the data key tls.key' "--unset of a required data key: exit 2"
seal --rename tls.key=key tls
fails_with 2 'must have the data key tls.crt and the data key tls.key' "--rename of a required data key: exit 2"
seal --unset tls.key --set tls.key2=k tls
fails_with 2 'must have the data key tls.crt and the data key tls.key' "a required data key replaced by another: exit 2"
seal --set tls.key=new --set ca.crt=c tls
out_is "secret/tls updated" "a required data key gets a new value"
seal --unset ca.crt tls
out_is "secret/tls updated" "another data key is removed"

# Types that Kubernetes itself reads.
for type in dockerconfigjson dockercfg; do
	seal --type "kubernetes.io/$type" --from-literal ".$type={}" pull
	fails_with 2 "type: a Secret of type kubernetes.io/$type cannot be sealed: .*only JSON" "an image pull secret ($type): exit 2"
	nothing_written pull
done
seal --type kubernetes.io/service-account-token --set token=t sa
fails_with 2 'cannot be sealed: Kubernetes itself writes the token into it' "a service account's token: exit 2"
seal --type bootstrap.kubernetes.io/token --set token-id=t boot
fails_with 2 'cannot be sealed: the API server reads it, and does not decrypt' "a bootstrap token: exit 2"

# In manifests.
manifest() { printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: demo}\ntype: %s\nstringData: {%s}\n' "$1" "$2"; }
for target in '-o yaml' '--dry-run=server' ''; do
	# shellcheck disable=SC2086 # two words, or none
	seal -f - $target < <(manifest kubernetes.io/tls 'tls.crt: c')
	fails_with 2 'standard input: line 1: a Secret of type kubernetes.io/tls must have' "a manifest without its data keys (${target:-to the API}): exit 2"
done
nothing_written
manifest kubernetes.io/tls 'tls.crt: c, tls.key: k' >"$TAP_WORK/tls.yaml"
seal -i -f "$TAP_WORK/tls.yaml" --unset tls.key
fails_with 2 'a Secret of type kubernetes.io/tls must have' "a manifest that removes a required data key: exit 2"
seal -f "$TAP_WORK/tls.yaml"
out_is "secret/app created" "a manifest with both"

done_testing

# manifests.sh: make sealed manifests in files without secret-seal; source it after stage.sh.
#
#   rotate PATH...                    run secret-rotate --files without a Kubernetes API
#   sealed KEY PLAINTEXT [CONTEXT]    print ciphertext of the newest version of [MOUNT/]KEY
#   b64 KEY PLAINTEXT [CONTEXT]       the same in base64, for data
#   secret NAME KEY VALUE [METADATA]  print a document: a Secret in demo with METADATA (default: annotated for aes256-key)
#   annotated MOUNT/KEY [SCOPE]       print METADATA for a key
#   new_version MOUNT/KEY...          rotate these keys
#   versions FILE                     count the values of each key version: "v1 x 2, v3 x 1"
#   inode FILE                        print properties that change when a file is replaced or written
# shellcheck shell=bash

rotate() { run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST "$BIN/secret-rotate" --files "$@"; }
sealed() {
	local mount=transit context=
	[[ $1 != */* ]] || mount=${1%/*}
	[ -z "${3-}" ] || context=",\"context\":\"$(printf %s "$3" | base64 -w0)\""
	vault_call POST "$mount/encrypt/${1##*/}" "{\"plaintext\":\"$(printf %s "$2" | base64 -w0)\"$context}"
	field data.ciphertext
}
b64() { sealed "$@" | tr -d '\n' | base64 -w0; }
new_version() { for key; do vault_call POST "${key%/*}/keys/${key##*/}/rotate"; done; }
inode() { stat -c '%i %Y %s' "$1"; }
versions() {
	{
		grep -oE 'dmF1bHQ6[A-Za-z0-9+/=]+' "$1" | while read -r text; do
			base64 -d <<<"${text:0:16}" 2>/dev/null
			echo
		done
		grep -oE 'vault:v[0-9]+:[A-Za-z0-9+/]' "$1"
	} | grep -aoE '^vault:v[0-9]+:' | cut -d: -f2 | sort | uniq -c | awk '{ printf "%s%s x %s", n++ ? ", " : "", $2, $1 } END { print "" }'
}
annotated() { printf 'annotations: {secretmanager/transit-key: %s%s}' "$1" "${2:+, secretmanager/scope: $2}"; }
secret() {
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: demo\n  %s\ndata:\n  %s: %s\n' \
		"$1" "${4-$(annotated transit/aes256-key)}" "$2" "$3"
}

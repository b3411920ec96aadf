#!/bin/bash
# The User-Agent: both servers get the names of the pod and of the Secrets, proxies and other servers do not.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
unset POD_NAME POD_NAMESPACE HOSTNAME
for secret in app other; do
	"$BIN/secret-seal" --transit-key aes256-key --from-literal "A_$secret=value" "$secret" >/dev/null
done
program=$("$BIN/secret-exec" --version)
program=${program%% (*} program=secret-exec/${program#* }

ciphertext=SECRET=$(stored app A_app)

agents=$TAP_WORK/agents
bad_vault --agents "$agents" relay
vault=$BAD_URL
bad_api --agents "$agents" relay
api=(KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT")
start() {
	: >"$agents"
	run "${POD[@]}" "VAULT_ADDR=$vault" "${api[@]}" VAULT_ROLE=demo SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" \
		VAULT_CACERT="$BAD_CA" "$@"
}
exec_app() { start "$@" "$BIN/secret-exec" --retries 0 --secret app -- true; }
# sent USER-AGENT NAME: all requests of the start had it.
sent() { is "$STATUS $(cut -d ' ' -f 3- "$agents" | sort -u)" "0 $1" "$2"; }

exec_app POD_NAMESPACE=shop POD_NAME=web-1
sent "$program (shop/web-1; demo/app)" "POD_NAMESPACE and POD_NAME name the pod"
is "$(cut -d ' ' -f 1,2 "$agents" | sort)" "GET /api/v1/namespaces/demo/secrets/app
POST /v1/auth/kubernetes/login
POST /v1/auth/token/revoke-self
POST /v1/transit/decrypt/aes256-key" "the login, the read, the decryption and the revocation were sent"
exec_app HOSTNAME=web-2
sent "$program (demo/web-2; demo/app)" "without them: the service account's namespace, and HOSTNAME"
exec_app
sent "$program (demo/; demo/app)" "without a pod's name: only the namespace"
exec_app POD_NAMESPACE='x; admin/y' POD_NAME=$'web-1\r\nX-Vault-Namespace: other' HOSTNAME='()'
sent "$program (demo/; demo/app)" "invalid names: omitted"
mv "$BAD_POD/namespace" "$TAP_WORK/namespace"
exec_app HOSTNAME=laptop POD_NAME=web-1 SECRET_EXEC_NAMESPACE=demo
sent "$program (/web-1; demo/app)" "without a namespace: the pod's name"
exec_app HOSTNAME=laptop SECRET_EXEC_NAMESPACE=demo
sent "$program (; demo/app)" "not in a pod: HOSTNAME is not sent"
mkdir "$BAD_POD/namespace"
start POD_NAME=web-1 HOSTNAME=laptop "$ciphertext" "$BIN/secret-exec" --transit-key aes256-key -- true
sent "$program (/web-1)" "a namespace that cannot be read: the application starts"
rmdir "$BAD_POD/namespace"
mv "$TAP_WORK/namespace" "$BAD_POD/namespace"

# Sources.
start POD_NAME=web-1 "$ciphertext" "$BIN/secret-exec" --transit-key aes256-key -- true
sent "$program (demo/web-1)" "ciphertext of the environment: no Secret is named"
start POD_NAME=web-1 KUBECONFIG="$KUBECONFIG" "$BIN/secret-exec" --secret app --secret demo/other --secret app:A_app=B -- true
is "$STATUS $(grep -o '(.*' "$agents" | sort -u)" "0 (demo/web-1; demo/app, demo/other)" "several Secrets: each is named once"
many=()
for ((i = 1; i <= 40; i++)); do
	many+=(--secret "a-secret-with-a-long-name-$i")
done
start POD_NAME=web-1 "$BIN/secret-exec" --retries 0 "${many[@]}" -- true
is "$STATUS $(awk 'length($0) > 400' "$agents")" "125 " "40 Secrets: the header is bounded"
like "$(<"$agents")" "a-secret-with-a-long-name-1, .*, \+3[0-9]\)" "40 Secrets: the Secrets that do not fit are counted"

# A proxy gets the program's default with CONNECT.
bad_server --plain --agents "$TAP_WORK/proxy" tunnel
start POD_NAME=web-1 "VAULT_PROXY_ADDR=$BAD_URL" "$BIN/secret-exec" --secret app -- true
is "$STATUS $(cut -d ' ' -f 1,3- "$TAP_WORK/proxy" | sort -u)" "0 CONNECT secretmanager" "a proxy does not get the pod's name"
sent "$program (demo/web-1; demo/app)" "through a proxy: Vault gets the pod's name"

# The other programs name themselves only.
VAULT_ADDR=$vault VAULT_CACERT=$BAD_CA POD_NAME=web-1 run "$BIN/secret-seal" --transit-key aes256-key --from-literal A_app=v app
like "$(<"$agents")" "secret-seal/${program#*/}"$'(\n|$)' "secret-seal names itself"
: >"$agents"
VAULT_ADDR=$vault VAULT_CACERT=$BAD_CA POD_NAME=web-1 run "$BIN/secret-rotate" -n demo
is "$STATUS $(cut -d ' ' -f 3- "$agents" | sort -u)" "0 secret-rotate/${program#*/}" "secret-rotate names itself"

done_testing

# empty-vault.sh: a separate, empty real Vault in addition to the stage's; to be sourced after stage_start.
#
#   empty_vault      start it, and set VAULT_ADDR and VAULT_TOKEN (root's) to it; VAULT_CACERT stays
#   vault_state      print its settings, without random and growing values, for comparison
#   vault_wipe       remove all settings
#   $CLUSTER         options of policies/setup with which this Vault reaches the stage's API server
#
# The vault CLI is on the PATH.
# shellcheck shell=bash disable=SC2034 # for the script that sources this

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
servers=$STAGE_PROGRAMS
. "$root/tests/e2e/servers.sh"
PATH=$servers:$PATH
at_end stop_servers

# new_vault: start on free ports; fail if it ends instead of answering.
new_vault() {
	local port cluster_port
	read -r port cluster_port < <(free_ports 2)
	start_vault 127.0.0.1 "$port" "$cluster_port"
	VAULT_ADDR=https://127.0.0.1:$port
	until curl -s --noproxy '*' --cacert "$VAULT_CACERT" -o /dev/null "$VAULT_ADDR/v1/sys/health"; do
		kill -0 "${pids[-1]}" 2>/dev/null || return 1
		sleep 0.05
	done
}

empty_vault() {
	local folder=$TAP_WORK/empty-vault here=$PWD plugin=vault-plugin-auth-kubernetes
	mkdir "$folder"
	cp "$STAGE_DIR"/vault.{crt,key} "$folder"
	cd "$folder" || exit 1
	new_vault || new_vault || new_vault || exit 1
	cd "$here" || exit 1
	VAULT_CALL_TOKEN='' vault_call PUT sys/init '{"secret_shares":1,"secret_threshold":1}'
	VAULT_TOKEN=$(field root_token)
	VAULT_CALL_TOKEN='' vault_call PUT sys/unseal "{\"key\":\"$(field keys.0)\"}"
	until [ "$STATUS" = 200 ]; do VAULT_CALL_TOKEN='' vault_call GET sys/health; done
	export VAULT_ADDR VAULT_TOKEN
	# This minimal build of Vault does not contain it.
	vault_call PUT sys/plugins/catalog/auth/kubernetes \
		"{\"command\":\"$plugin\",\"sha256\":\"$(sha256sum "$STAGE_PLUGINS/$plugin" | cut -d' ' -f1)\"}"
	kube_call POST /api/v1/namespaces/demo/serviceaccounts/vault-reviewer/token \
		'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":7200}}'
	(umask 077 && field status.token >"$TAP_WORK/reviewer")
	CLUSTER=(--kubernetes-host "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
		--kubernetes-ca "$STAGE_DIR/kube-ca.crt" --reviewer-jwt "$TAP_WORK/reviewer")
}

vault_state() { "$root/tests/e2e/vault-state"; }
vault_wipe() { "$root/tests/e2e/vault-state" --wipe; }

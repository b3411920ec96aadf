# stage.sh: a pair of running servers in a known state, to be sourced after tap.sh.
#
# STAGE=dev (the default): secret-dev, started by stage_start and ended with the script.
# STAGE=real: Vault, kube-apiserver and etcd that tests/e2e/run has started; stage_start brings them back
# to the same known state, which docs/contributing.md describes.
# shellcheck shell=bash

: "${BIN:?the folder of the built programs}"
STAGE=${STAGE:-dev}

stage_start() {
	if [ "$STAGE" = real ]; then
		"$(dirname "${BASH_SOURCE[0]}")/e2e/seed" reset || exit 1
		STAGE_ADMIN_TOKEN=$STAGE_DIR/admin/token
		return
	fi
	local variables
	variables=$("$BIN/secret-dev" --print-env) || exit 1
	eval "$variables"
	at_end "kill $SECRET_DEV_PID"
	STAGE_DIR=$SECRET_DEV_DIR
	STAGE_ADMIN_TOKEN=$TAP_WORK/admin-token
	sed -n 's/^ *token: *//p' "$KUBECONFIG" >"$STAGE_ADMIN_TOKEN"
}

# Are the programs built by "make sanitize"?  AddressSanitizer keeps what was freed for a while.
under_asan() { grep -q __asan_init "$BIN/secret-exec"; }

# For what only one of the two can show.
dev_only() { [ "$STAGE" = dev ] || skip_all "$1"; }

# What a pod does not have: a person's credentials.
POD=(env -u VAULT_TOKEN -u KUBECONFIG)

# Run a command as a pod of this service account would: with its token and no other credential.
as_pod() {
	local account=$1
	shift
	"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/$account" "$@"
}

# stage_curl METHOD URL CA HEADER [BODY [CONTENT-TYPE]]: sets $OUT and $STATUS.  BODY is text, or @FILE.
# The credential goes through a file descriptor, not argv.
stage_curl() {
	local method=$1 url=$2 ca=$3 header=$4 body=${5-} type=${6-application/json}
	local options=(-sS --noproxy '*' --cacert "$ca" -X "$method" -o "$TAP_WORK/body" -w '%{http_code}' -H "Content-Type: $type")
	if [ -n "${KUBE_CALL_ACCEPT-}" ]; then options+=(-H "Accept: $KUBE_CALL_ACCEPT"); fi
	if [ -n "${VAULT_CALL_CERT-}" ]; then
		options+=(--cert "$STAGE_DIR/pod/$VAULT_CALL_CERT/client.crt" --key "$STAGE_DIR/pod/$VAULT_CALL_CERT/client.key")
	fi
	case $body in
	'') ;;
	@*) options+=(--data-binary "$body") ;;
	*)
		printf '%s' "$body" >"$TAP_WORK/request"
		options+=(--data-binary "@$TAP_WORK/request")
		;;
	esac
	: >"$TAP_WORK/body"
	# shellcheck disable=SC2034 # for the script that sources this
	STATUS=$(curl "${options[@]}" -H @<(printf '%s\n' "$header") "$url")
	OUT=$(tr -d '\0' <"$TAP_WORK/body")
}

# vault_call METHOD PATH [BODY]: with the token $VAULT_CALL_TOKEN (none where it is empty), else the root
# token; with the client certificate of $VAULT_CALL_CERT (a service account of the stage).  $OUT, $STATUS.
vault_call() {
	stage_curl "$1" "$VAULT_ADDR/v1/$2" "$VAULT_CACERT" \
		"X-Vault-Token: ${VAULT_CALL_TOKEN-$VAULT_TOKEN}" "${3-}"
}

# kube_call METHOD PATH [BODY [CONTENT-TYPE]]: with the token of $KUBE_CALL_AS (a service account of the
# stage), else as cluster administrator; Accept is $KUBE_CALL_ACCEPT, where set.  $OUT, $STATUS.
kube_call() {
	local token=$STAGE_ADMIN_TOKEN
	[ -z "${KUBE_CALL_AS-}" ] || token=$STAGE_DIR/pod/$KUBE_CALL_AS/token
	stage_curl "$1" "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT$2" \
		"$STAGE_DIR/pod/app/ca.crt" \
		"Authorization: Bearer $(cat "$token")" \
		"${3-}" "${4-application/json}"
}

# The tokens that have an entry in Vault, and how many of them are not among those $1 that there were before:
# others may end meanwhile.
vault_accessors() {
	vault_call LIST auth/token/accessors
	field data.keys | grep -oE '"[^"]+"' | sort
}
new_tokens() { comm -13 <(printf '%s\n' "$1") <(vault_accessors) | wc -l; }
no_new_tokens() { [ "$(new_tokens "$1")" = 0 ]; }

# Open a Vault that has been sealed.
vault_unseal() {
	VAULT_CALL_TOKEN='' vault_call PUT sys/unseal "{\"key\":\"$(<"$STAGE_DIR/vault-unseal-key")\"}"
	while [ "$STATUS" != 200 ]; do VAULT_CALL_TOKEN='' vault_call GET sys/health; done
}

# field PATH: a value of the JSON in $OUT, by names and indexes: field data.batch_results.0.plaintext
field() {
	/usr/bin/python3 -IS -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[int(part)] if isinstance(value, list) else value.get(part.replace("~", "."), "")
print(value if isinstance(value, str) else json.dumps(value))' "$1" <<<"$OUT" 2>/dev/null
}

# stored NAME KEY: what the API server keeps for a data key of a Secret in demo.
stored() {
	kube_call GET "/api/v1/namespaces/demo/secrets/$1"
	field "data.${2//./\~}" | base64 -d 2>/dev/null
}

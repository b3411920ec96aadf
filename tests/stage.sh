# stage.sh: a pair of running servers in a known state; source it after tap.sh.
#
# STAGE=dev (the default): secret-dev, which stage_start starts and which ends with the script.
# STAGE=real: Vault, kube-apiserver and etcd, which tests/e2e/run starts; stage_start resets them to the same
# state, which docs/contributing.md describes.
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

# Succeed if the programs were built with AddressSanitizer, which keeps freed memory for a while.
under_asan() { grep -q __asan_init "$BIN/secret-exec"; }

# Skip the script on the real servers, for the given reason.
dev_only() { [ "$STAGE" = dev ] || skip_all "$1"; }

# Run a command without a person's credentials, as in a pod.
POD=(env -u VAULT_TOKEN -u KUBECONFIG)

# split_variables WORD...: set $VARIABLES to the words NAME=VALUE at the beginning, and $WORDS to the others.
# shellcheck disable=SC2034 # for scripts that source this
split_variables() {
	VARIABLES=()
	while [[ ${1-} == [A-Z]*=* ]]; do
		VARIABLES+=("$1")
		shift
	done
	WORDS=("$@")
}

# as_pod ACCOUNT COMMAND...: run it as in a pod of this service account: its token is the only credential.
as_pod() {
	local account=$1
	shift
	"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/$account" "$@"
}

# stage_curl METHOD URL CA HEADER [BODY [CONTENT-TYPE]]: set $OUT and $STATUS.  BODY is text, or @FILE.
# The credential is passed by a file descriptor, not in argv.
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

# vault_call METHOD PATH [BODY]: use $VAULT_CALL_TOKEN if set (empty: no token), otherwise the root token, and the
# client certificate of the service account $VAULT_CALL_CERT.  Set $OUT and $STATUS.
vault_call() {
	stage_curl "$1" "$VAULT_ADDR/v1/$2" "$VAULT_CACERT" \
		"X-Vault-Token: ${VAULT_CALL_TOKEN-$VAULT_TOKEN}" "${3-}"
}

# kv_write PATH JSON: write a secret of a KV engine.  In version 2, JSON has the member "data".
kv_write() {
	vault_call POST "$1" "$2"
	[[ $STATUS = 20[04] ]] || echo "Bail out! $1 cannot be written: $STATUS $OUT"
}

# kube_call METHOD PATH [BODY [CONTENT-TYPE]]: use the token of the service account $KUBE_CALL_AS, otherwise the
# administrator's; the header Accept is $KUBE_CALL_ACCEPT, if set.  Set $OUT and $STATUS.
kube_call() {
	local token=$STAGE_ADMIN_TOKEN
	[ -z "${KUBE_CALL_AS-}" ] || token=$STAGE_DIR/pod/$KUBE_CALL_AS/token
	stage_curl "$1" "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT$2" \
		"$STAGE_DIR/pod/app/ca.crt" \
		"Authorization: Bearer $(cat "$token")" \
		"${3-}" "${4-application/json}"
}

# Print the accessors of the tokens in Vault; count those that are not in the earlier list $1.  Older tokens may expire.
vault_accessors() {
	vault_call LIST auth/token/accessors
	field data.keys | grep -oE '"[^"]+"' | sort
}
new_tokens() { comm -13 <(printf '%s\n' "$1") <(vault_accessors) | wc -l; }
no_new_tokens() { [ "$(new_tokens "$1")" = 0 ]; }

# Unseal Vault.
vault_unseal() {
	VAULT_CALL_TOKEN='' vault_call PUT sys/unseal "{\"key\":\"$(<"$STAGE_DIR/vault-unseal-key")\"}"
	while [ "$STATUS" != 200 ]; do VAULT_CALL_TOKEN='' vault_call GET sys/health; done
}

# field PATH: print a value of the JSON in $OUT, by names and indexes: field data.batch_results.0.plaintext
field() {
	/usr/bin/python3 -IS -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[int(part)] if isinstance(value, list) else value.get(part.replace("~", "."), "")
print(value if isinstance(value, str) else json.dumps(value))' "$1" <<<"$OUT" 2>/dev/null
}

# stored NAME KEY: print the stored value of a data key of a Secret in demo.
stored() {
	kube_call GET "/api/v1/namespaces/demo/secrets/$1"
	field "data.${2//./\~}" | base64 -d 2>/dev/null
}

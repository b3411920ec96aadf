# faults.sh: servers that misbehave, and checks of how secret-exec ends; source it after stage.sh.
#
#   bad_server [OPTION...] STEP...    start tests/integration/bad-server; set $BAD_URL, $BAD_PORT, $BAD_LOG.
#                                     It speaks TLS with a certificate that $BAD_CA trusts; with --plain, HTTP;
#                                     with --untrusted, TLS with an untrusted certificate
#   bad_vault, bad_api                the same; the step "relay" forwards to the stage's Vault, or API server
#   launch [NAME=VALUE...]            run secret-exec as the pod $BAD_POD, which trusts $BAD_CA; on success it prints
#                                     "value"; $LAUNCH holds its options
#   launch_begin, launch_end          the same in two parts: until it announces another try, and the rest
#   bad_kubeconfig FILE [CA]          write a kubeconfig for $BAD_URL as API server, with this CA (default $BAD_CA)
#   STAGE_VAULT_URL, STAGE_API_URL    addresses of the stage's servers
#   gives_up REGEX NAME               the last line on stderr matches, only retry lines precede it, status 125
#   comes_through NAME                it printed "value"
#   tried N NAME                      N lines announce another try
#   requests N NAME                   $BAD_LOG has N requests
# shellcheck shell=bash

BAD_COUNT=0
BAD_SERVER=$(realpath "$(dirname "${BASH_SOURCE[0]}")/integration/bad-server")
BAD_CA=$TAP_WORK/bad-ca.crt
BAD_POD=$TAP_WORK/pod
LAUNCH=()
STAGE_VAULT_URL=$VAULT_ADDR
STAGE_API_URL=https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT

# certificate NAME SUBJECT-ALTERNATIVE-NAMES
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$TAP_WORK/$1.key" -subj "/CN=$1" \
		-addext "subjectAltName=$2" -days 2 -out "$TAP_WORK/$1.crt" 2>/dev/null || echo "Bail out! no certificate"
}
certificate bad IP:127.0.0.1,IP:::1,DNS:vault.localhost
certificate untrusted IP:127.0.0.1
cat "$VAULT_CACERT" "$STAGE_DIR/pod/app/ca.crt" "$TAP_WORK/bad.crt" >"$BAD_CA"
mkdir "$BAD_POD"
cp "$STAGE_DIR/pod/app/token" "$STAGE_DIR/pod/app/namespace" "$BAD_POD/"
cp "$BAD_CA" "$BAD_POD/ca.crt"

bad_server() {
	local tls=(--tls "$TAP_WORK/bad.crt" "$TAP_WORK/bad.key") start
	case $1 in
	--plain) tls=() && shift ;;
	--untrusted) tls=(--tls "$TAP_WORK/untrusted.crt" "$TAP_WORK/untrusted.key") && shift ;;
	esac
	start=$TAP_WORK/bad-$((++BAD_COUNT))
	BAD_LOG=$start.log
	mkfifo "$start"
	: >"$BAD_LOG"
	/usr/bin/python3 -I "$BAD_SERVER" --log "$BAD_LOG" "${tls[@]}" "$@" \
		>"$start" &
	at_end "kill $! 2>/dev/null"
	read -r BAD_URL <"$start" || { echo "Bail out! bad-server does not start" && exit 1; }
	# shellcheck disable=SC2034 # for the script that sources this
	BAD_PORT=${BAD_URL##*:}
}
bad_vault() {
	local trust=()
	case $1 in --plain | --untrusted) trust=("$1") && shift ;; esac
	bad_server "${trust[@]}" --relay "$STAGE_VAULT_URL" "$VAULT_CACERT" "$@"
}
bad_api() {
	local trust=()
	case $1 in --plain | --untrusted) trust=("$1") && shift ;; esac
	bad_server "${trust[@]}" --relay "$STAGE_API_URL" "$STAGE_DIR/pod/app/ca.crt" "$@"
}

bad_kubeconfig() {
	cat >"$1" <<-END
		apiVersion: v1
		kind: Config
		current-context: bad
		contexts: [{name: bad, context: {cluster: bad, user: person, namespace: demo}}]
		clusters: [{name: bad, cluster: {server: "$BAD_URL", certificate-authority: "${2-$BAD_CA}"}}]
		users: [{name: person, user: {tokenFile: "$STAGE_ADMIN_TOKEN"}}]
	END
}

launcher() {
	"${POD[@]}" VAULT_ROLE=secret-exec SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "$@" \
		"$BIN/secret-exec" "${LAUNCH[@]}" --secret app -- printenv A
}
launch() { run launcher "$@"; }

launch_begin() {
	local line
	ERR=''
	exec {LAUNCHED}< <(launcher "$@" 2>&1 >"$TAP_WORK/out" || echo "status $?")
	while read -r line <&"$LAUNCHED"; do
		ERR+=$line$'\n'
		[[ $line != *"trying again in"* ]] || break
	done
}
launch_end() {
	ERR+=$(cat <&"$LAUNCHED")
	exec {LAUNCHED}<&-
	STATUS=0
	[[ ! $ERR =~ status\ ([0-9]+)$ ]] || STATUS=${BASH_REMATCH[1]} ERR=${ERR%$'\n'status*}
	OUT=$(<"$TAP_WORK/out")
}

gives_up() {
	local last=${ERR##*$'\n'} before
	before=$(grep -vc 'trying again in [0-9]* ms' <<<"$ERR")
	if [ "$STATUS" = 125 ] && [[ $last =~ ^secret-exec:\ $1 ]] && [ "$before" = 1 ] && [ -z "$OUT" ]; then
		tap_result yes "$2"
	else
		tap_result no "$2"
		tap_note "status: $STATUS, stdout: $OUT"
		tap_note "stderr: $ERR"
		tap_note "wanted a last line like: $1"
	fi
}
comes_through() {
	is "$STATUS $OUT" "0 value" "$1"
	[ "$STATUS" = 0 ] || tap_note "stderr: $ERR"
}
tried() { is "$(grep -c 'trying again in [0-9]* ms' <<<"$ERR")" "$1" "$2"; }
requests() { is "$(wc -l <"$BAD_LOG")" "$1" "$2"; }

#!/bin/bash
# secret-seal's memory is bounded for any list of the API server, as secret-rotate's is.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

"$BIN/secret-seal" -n demo --transit-key aes256-key --from-literal A=value app >/dev/null
# peak COMMAND...: set $PEAK, its peak memory in KiB, and do the work of run
# shellcheck disable=SC2034 # for tap.sh
peak() {
	PEAK=$(/usr/bin/python3 -IS -c '
import resource, subprocess, sys
with open(sys.argv[1], "w") as out, open(sys.argv[2], "w") as err:
    status = subprocess.run(sys.argv[3:], stdout=out, stderr=err).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$TAP_WORK/out" "$TAP_WORK/err" "$@")
	STATUS=$?
	OUT=$(<"$TAP_WORK/out")
	ERR=$(<"$TAP_WORK/err")
}
within() {
	if under_asan; then
		tap_result yes "$2: memory # SKIP AddressSanitizer"
	else
		ok "$2: within $1 MiB ($PEAK KiB)" [ "$PEAK" -lt $(($1 * 1024)) ]
	fi
}
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
through_api() {
	peak env -u KUBECONFIG SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" KUBERNETES_SERVICE_PORT="$BAD_PORT" "$@"
}

# A list of 60 MB, for any requested limit.
bad_api --on GET 'secrets?' 0 items=150000 relay
for command in status verify; do
	through_api "$BIN/secret-seal" $command -A
	status_is 1 "$command: a page that stays too large: exit 1"
	err_like 'listing Secrets in all namespaces: ' "$command: the message has the list"
	within 64 "$command"
	is "$(grep -o 'limit=[0-9]*' "$BAD_LOG" | tr '\n' ' ')" "limit=100 limit=25 limit=6 limit=1 " "$command: smaller pages are requested first"
	: >"$BAD_LOG"
done

# As many Secrets as fit into an answer.
bad_api --on GET 'secrets?' 0 items=4000 relay
for command in 'status -o prometheus' verify; do
	# shellcheck disable=SC2086 # words
	through_api "$BIN/secret-seal" $command -A
	status_is 0 "$command: 4,000 Secrets in a page"
	within 64 "$command, 4,000 Secrets in a page"
done

# As many JSON values as fit into an answer.
bad_api --on GET 'secrets?' 0 tokens=1300000 relay
through_api "$BIN/secret-seal" status -A
status_is 1 "an answer of 1,300,000 numbers: exit 1"
within 64 "an answer of 1,300,000 numbers"
done_testing

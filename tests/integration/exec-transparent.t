#!/bin/bash
# The application finds its surroundings as it would without the launcher; nothing differs but the secrets.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
probe=${PROBE:-$(dirname "$BIN")/tests/probe}
[ -x "$probe" ] || exit 1 # make integration builds it
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=first --from-literal B=second app >/dev/null
mkdir -p "$TAP_WORK/elsewhere"
cd "$TAP_WORK/elsewhere" || exit 1
echo 'lines of a file' >"$TAP_WORK/input"

# with FILE [OPTION...]: the probe's facts in FILE, by way of the launcher; without FILE: without it.  Both
# under $conditions, a command that becomes another, and in the same environment.
application=("$probe" FACTS first "" "last  argument")
variables=("PATH=$PATH" EMPTY= "TWO LINES=first
second" "VAULT_ADDR=$VAULT_ADDR" "VAULT_CACERT=$VAULT_CACERT" KEPT=kept VAULT_ROLE=secret-exec
	"SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app" SECRET_EXEC_TIMEOUT=30s
	"KUBERNETES_SERVICE_HOST=$KUBERNETES_SERVICE_HOST" "KUBERNETES_SERVICE_PORT=$KUBERNETES_SERVICE_PORT"
	"ASAN_OPTIONS=${ASAN_OPTIONS-}")
conditions=()
facts() {
	local file=$1
	shift
	rm -f "$TAP_WORK/facts"
	STATUS=0
	env -i "${variables[@]}" "${conditions[@]}" "$@" "${application[@]/#FACTS/$TAP_WORK/facts}" \
		<"$TAP_WORK/input" >"$TAP_WORK/out" 2>"$TAP_WORK/err" || STATUS=$?
	[ "$STATUS" = 0 ] || tap_note "status $STATUS: $(cat "$TAP_WORK/err")"
	mv "$TAP_WORK/facts" "$TAP_WORK/$file"
}
without() { facts "$1"; }
with() {
	local file=$1
	shift
	facts "$file" "$BIN/secret-exec" --secret app "$@" --
}

# The launcher changes this: its configuration is removed, the secrets are added.
delivered=("environment: A=first" "environment: B=second")
expected() {
	grep -vE '^environment: (VAULT_|SECRET_EXEC_|SECRETMANAGER_)' "$1" |
		awk -v last="$(printf '%s\n' "${delivered[@]}")" '
			/^\/proc/ && !done { if (last != "") print last; done = 1 } { print }'
}
# same NAME: after without and with.
same() {
	local differences
	differences=$(diff <(expected "$TAP_WORK/without") "$TAP_WORK/with")
	is "$differences" '' "$1"
}
compare() {
	local name=$1
	shift
	without without
	with with "$@"
	same "$name"
}

compare "only the secrets differ"
is "$(grep -c . "$TAP_WORK/with")" "$(($(grep -c . "$TAP_WORK/without") - 3))" "the probe prints the same number of lines"
like "$(<"$TAP_WORK/without")" $'^fd 0: [^\n]*/input[^\n]*\nfd 1: ' "the probe's output is complete"

conditions=("$probe" --odd)
compare "only the secrets differ under odd conditions: descriptors, signals, limits, timers, attributes, session"
like "$(<"$TAP_WORK/with")" 'process: the same' "the process is the same"
like "$(<"$TAP_WORK/with")" 'fd 400: [^'$'\n'']* offset 5' "the position of a descriptor in its file is the same"
like "$(<"$TAP_WORK/with")" 'SigPnd:	0000000000000200' "a pending signal stays pending"

variables=("${variables[@]/#VAULT_ROLE=*/VAULT_ROLE=demo}")
compare "only the secrets differ with a token that is revoked"
conditions=(bash -c 'unset PROBE_PID; umask 0; ulimit -n 64; ulimit -c 0; trap "" INT; exec 9<"$0"; exec "$@"' "$TAP_WORK/input")
compare "only the secrets differ with few descriptors, an ignored signal, an open umask"

for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
	conditions=(bash -c "exec \"\$0\" \"\$@\" $closed")
	compare "standard descriptors closed ($closed) stay so"
	unlike "$(<"$TAP_WORK/with")" 'socket' "closed descriptors stay closed"
done

conditions=("$probe" --odd)
delivered=("environment: SECRETS_FD=5")
without without
with with --fd 5
sed -i '/^fd 5: pipe flags 00 offset -1$/d' "$TAP_WORK/with"
same "a pipe adds exactly one descriptor"

# Messages must not go to a socket that has the number of stderr.  Only root may look.
if [ "$(id -u)" = 0 ]; then
	silent_server
	env -i "${variables[@]}" "VAULT_ADDR=https://127.0.0.1:$SILENT_PORT" \
		"$BIN/secret-exec" --secret app -- true <&- >&- 2>&- {SILENT_EVENTS}<&- &
	launcher=$!
	silent_connected
	is "$(readlink "/proc/$launcher/fd/"{0,1,2} | sort -u)" / "closed standard descriptors are reserved during the start"
	kill "$launcher"
	wait "$launcher"
	is "$?" 143 "a signal ends the start with closed standard descriptors"
fi
done_testing

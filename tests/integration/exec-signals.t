#!/bin/bash
# A signal during the start ends it immediately with 128+N, and the application is not started.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

silent_server

# start [COMMAND...]: the launcher in the background, put there by COMMAND, and connected; $launcher.
start() {
	# Not as_pod, whose shell would get the signal; and bash ignores INT and QUIT in the background.
	"${POD[@]}" --default-signal "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app" \
		"VAULT_ADDR=https://127.0.0.1:$SILENT_PORT" "$@" "$BIN/secret-exec" --secret app -- \
		touch "$TAP_WORK/started" 2>"$TAP_WORK/err" &
	launcher=$!
	silent_connected
}
# ended_by SIGNAL NAME: the launcher has.
ended_by() {
	STATUS=0
	wait "$launcher" || STATUS=$?
	ERR=$(cat "$TAP_WORK/err")
	is "$STATUS" "$((128 + $(kill -l "$1")))" "$2: 128 and its number"
	like "$ERR" 'signal [0-9]+: ended before touch was started' "$2: the message names the signal"
}

ending=(TERM INT HUP QUIT USR1 USR2 ALRM PROF IO RTMIN+3)
for signal in "${ending[@]}"; do
	start
	kill "-$signal" "$launcher"
	ended_by "$signal" "SIG$signal"
done

# The kernel discards signals that PID 1 does not catch.
pid_namespace=(unshare --pid --fork)
[ "$(id -u)" = 0 ] || pid_namespace+=(--user --map-root-user)
if "${pid_namespace[@]}" true 2>/dev/null; then
	for signal in "${ending[@]}"; do
		start "${pid_namespace[@]}"
		read -r first <"/proc/$launcher/task/$launcher/children"
		kill "-$signal" "$first"
		ended_by "$signal" "SIG$signal to PID 1"
	done
else
	tap_note "no PID namespace may be made here: nothing is tested as PID 1"
fi
ok "the application was never started" [ ! -e "$TAP_WORK/started" ]

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
# The application's signals, with the launcher and without; one signal is ignored.
signals() { sed -nE 's/^(Sig(Blk|Ign|Cgt)):\t(.*)/\1 \3/p'; }
run as_pod app bash -c 'trap "" HUP; exec "$@"' - cat /proc/self/status
without=$(signals <<<"$OUT")
run as_pod app bash -c 'trap "" HUP; exec "$@"' - "$BIN/secret-exec" --secret app -- cat /proc/self/status
like "$without" 'SigIgn [0-9a-f]*[13579bdf]'$'\n' "a signal is ignored"
is "$(signals <<<"$OUT")" "$without" "blocked, ignored and caught signals are as the launcher found them"

done_testing

#!/bin/bash
# A signal that lands during the start ends it at once with 128+N, and the application is not started.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

# A server that accepts and never answers; it says its port, and then when somebody has connected.
mkfifo "$TAP_WORK/events"
/usr/bin/python3 -u -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1])
while True:
    kept = s.accept()
    print("connected")
    kept[0].recv(1)
    kept[0].recv(100000)
' >"$TAP_WORK/events" &
at_end "kill $!"
exec 7<"$TAP_WORK/events"
read -r port <&7

for signal in TERM INT HUP QUIT; do
	# Not as_pod, whose shell would get the signal; and bash ignores INT and QUIT in the background.
	"${POD[@]}" --default-signal "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app" \
		"VAULT_ADDR=https://127.0.0.1:$port" "$BIN/secret-exec" --secret app -- \
		touch "$TAP_WORK/started" 2>"$TAP_WORK/err" &
	launcher=$!
	read -r _ <&7
	kill "-$signal" "$launcher"
	STATUS=0
	wait "$launcher" || STATUS=$?
	ERR=$(cat "$TAP_WORK/err")
	is "$STATUS" "$((128 + $(kill -l "$signal")))" "SIG$signal: 128 and its number"
	like "$ERR" 'ended by signal .* before touch was started' "SIG$signal: it says so"
done
ok "the application was never started" [ ! -e "$TAP_WORK/started" ]

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
# What the application finds, with and without the launcher in between; one signal is ignored.
signals() { sed -nE 's/^(Sig(Blk|Ign|Cgt)):\t(.*)/\1 \3/p'; }
run as_pod app bash -c 'trap "" HUP; exec "$@"' - cat /proc/self/status
without=$(signals <<<"$OUT")
run as_pod app bash -c 'trap "" HUP; exec "$@"' - "$BIN/secret-exec" --secret app -- cat /proc/self/status
like "$without" 'SigIgn [0-9a-f]*[13579bdf]'$'\n' "a signal is ignored"
is "$(signals <<<"$OUT")" "$without" "signals blocked, ignored and caught are as the launcher found them"

done_testing

#!/bin/bash
# --watch: the application is restarted when a plaintext has changed, once the old one has ended, and only then.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
export VAULT_ROLE=secret-exec

# An application that prints when it starts and ends; HUP and USR2 end it too, and with "slow" only the gate does.
cat >"$TAP_WORK/app.py" <<'END'
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # whatever becomes of the test, this ends with it
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())
value = os.environ.get("A", "none")
way = sys.argv[1] if len(sys.argv) > 1 else ""
if way == "leaves" and os.fork() == 0:
    value, way = "child of " + value, "stubborn"
say("start", value, os.getpid())
while True:
    number = signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2})
    if number == signal.SIGHUP:
        say("hup", open(sys.argv[2]).read())
        continue
    if number == signal.SIGUSR2:
        sys.exit(5)
    if way == "stubborn":
        say("stays", value)
        continue
    if way == "slow":
        say("ending", value)
        open(sys.argv[2]).read()
    say("end", value, signal.Signals(number).name)
    sys.exit(3)
END
app=(/usr/bin/python3 -IS "$TAP_WORK/app.py")

# begin COMMAND...: under the launcher in the background, whose messages come among its lines; $launcher.
mkfifo "$TAP_WORK/events" "$TAP_WORK/gate"
exec 7<>"$TAP_WORK/events"
variables=() options=(--secret app)
begin() {
	"${POD[@]}" --default-signal "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app" "${variables[@]}" \
		"$BIN/secret-exec" "${options[@]}" -v --init --watch --watch-interval 100ms --watch-debounce 50ms \
		--watch-max-delay 50ms "${more[@]}" -- "$@" >"$TAP_WORK/events" 2>&1 7<&- &
	launcher=$!
	at_end "kill -KILL $launcher 2>/dev/null"
	SEEN=''
}
more=()
# comes REGEX NAME: wait up to $PATIENCE seconds for a line that matches; $LINE is the line, $SEEN all lines since `begin`.
comes() {
	local until=$((SECONDS + PATIENCE))
	while [ $SECONDS -lt $until ] && read -r -t "$PATIENCE" LINE <&7; do
		SEEN+=$LINE$'\n'
		[[ ! $LINE =~ $1 ]] || { tap_result yes "$2" && return; }
	done
	tap_result no "$2"
	tap_note "no line like: $1"
	tap_note "$(tail -12 <<<"$SEEN")"
	exit 1 # what follows waits for lines that don't come, each as long
}
# comes_or_came REGEX NAME: the same for a line that may have come before the last one: two processes print in any order.
comes_or_came() {
	if grep -qE "$1" <<<"$SEEN"; then
		tap_result yes "$2"
	else
		comes "$1" "$2"
	fi
}
# stop: end it as whoever runs containers does.
stop() {
	kill -TERM "$launcher"
	ended
}
ended() {
	STATUS=0
	wait "$launcher" 2>/dev/null || STATUS=$?
}
# Children of the init but for the application.
candidate() {
	local child
	for child in $(<"/proc/$launcher/task/$launcher/children"); do
		[ "$child" = "$application" ] || echo "$child"
	done
}
has_candidate() { [ -n "$(candidate)" ]; }
# seen REGEX: how many of the lines so far are such.
seen() { grep -cE "$1" <<<"$SEEN"; }
seal() { "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$1" app >/dev/null; }
# patch_value TEXT: set the data key A to any text.
patch_value() {
	kube_call PATCH /api/v1/namespaces/demo/secrets/app \
		"{\"data\":{\"A\":\"$(printf %s "$1" | base64 -w0)\"}}" application/merge-patch+json
}

# -- changes that restart, and changes that do not -----------------------------------------------

seal one
begin "${app[@]}"
comes '^start one' "the application starts"
first=${LINE##* }
seal two
comes '^start two' "a changed value restarts the application with the new one"
second=${LINE##* }
like "$SEEN" $'\nend one SIGTERM\n(.*\n)?start two' "the new application starts after the old one has ended"
like "$SEEN" 'secret-exec: a secret has changed: sending SIGTERM to the application to restart it' "a restart is logged"
ok "as another process" [ "$first" != "$second" ]

"$BIN/secret-rotate" -n demo --transit-key aes256-key >/dev/null 2>&1
comes 'the ciphertext has changed, the values are the same' "a rotation is detected"
seal two
comes 'the ciphertext has changed, the values are the same' "a value that is sealed again is detected"
is "$(seen '^start') $(seen '^end')" "2 1" "neither a rotation nor a new seal restarts the application"

# goes_on WHAT REGEX: one warning, at least two tries, no restart.
goes_on() {
	comes "warning: the application keeps its present values: .*$2" "$1: the warning has the reason"
	comes "^secret-exec: the application keeps.*$2" "$1: it is tried again"
	comes "^secret-exec: the application keeps.*$2" "$1: and again"
	is "$(seen "warning: .*$2")" 1 "$1: one warning"
	is "$(seen '^start')" 2 "$1: the old one goes on"
}
garbage=vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
patch_value "$garbage"
goes_on "what does not decrypt" 'data key A'
patch_value 'plaintext'
goes_on "what is not sealed" 'not sealed'
kube_call DELETE /api/v1/namespaces/demo/secrets/app
goes_on "a Secret that is gone" '404'
"$BIN/secret-seal" --transit-key aes256-key --from-literal LD_PRELOAD=/x.so app >/dev/null
goes_on "a name that is refused" 'LD_PRELOAD'
kube_call DELETE /api/v1/namespaces/demo/secrets/app
"$BIN/secret-seal" --transit-key team/transit/team-key --from-literal A=forbidden app >/dev/null
goes_on "a Transit key that the pod may not use" '403'
kube_call DELETE /api/v1/namespaces/demo/secrets/app
seal three
comes '^start three' "a usable value after unusable ones restarts the application"
is "$(seen '^end two SIGTERM')" 1 "the application that had continued is stopped"
stop
is "$STATUS" 3 "a signal to the init ends the application, and the init with its status"
comes '^end three SIGTERM' "the application gets the signal"

more=(--watch-debounce 2s)
begin "${app[@]}"
comes '^start three' "another application starts"
application=${LINE##* }
# seal_unseen VALUE: the process that watches does not run until the value is stored, however long that takes.
seal_unseen() {
	kill -STOP "$(candidate)"
	seal "$1"
	kill -CONT "$(candidate)"
}
seal four
comes 'the sources have changed' "a change is detected"
seal_unseen five
comes 'the sources have changed' "a second change follows before the first has settled"
seal_unseen six
comes '^start six' "a third change follows"
is "$(seen '^start')" 2 "three changes together restart the application once"
stop
more=()

# -- how the old one ends --------------------------------------------------------------------------

more=(--stop-signal INT)
begin "${app[@]}"
comes '^start six' "an application with --stop-signal starts"
seal seven
comes '^end six SIGINT' "a change sends --stop-signal"
comes '^start seven' "a change restarts the application with --stop-signal"
stop

more=(--stop-timeout 200ms)
begin "${app[@]}" stubborn
comes '^start seven' "an application that ignores the signal starts"
old=${LINE##* }
seal eight
comes 'warning: the application did not stop in 200 ms, and gets SIGKILL' "an application that ignores the signal is killed after --stop-timeout"
comes '^start eight' "an application that was killed is restarted"
ok "when the old one is gone" [ ! -e "/proc/$old" ]
kill -USR2 "$launcher"
ended
is "$STATUS" 5 "the exit status of the restarted application is the init's"

more=(--init-group --stop-timeout 200ms)
begin "${app[@]}" leaves
# children: the processes that the application leaves behind.
children() { sed -n 's/^start child of [a-z]* //p' <<<"$SEEN"; }
comes '^start' "with --init-group: an application starts"
comes '^start' "with --init-group: its child starts"
child=$(children)
seal nine
comes '^start .*nine' "with --init-group: a change restarts the application"
ok "when the child is gone too" [ ! -e "/proc/$child" ]
comes '^start' "with --init-group: application and child run again"
stop
kill -KILL "$(children | tail -1)"
more=()

begin "${app[@]}" slow "$TAP_WORK/gate"
comes '^start nine' "an application that needs time to stop starts"
application=${LINE##* }
seal ten
comes '^ending nine' "a change stops it"
kill -TERM "$launcher"
ok "a signal to the init comes in between" until_true grep -q '^ShdPnd:.*4...$' "/proc/$application/status"
echo >"$TAP_WORK/gate"
comes '^end nine' "a signal to the init during that: the application ends"
ended
is "$STATUS $(seen '^start')" "3 1" "a signal to the init during that: it is not restarted"

# -- ends, as they may come -------------------------------------------------------------------------

begin "${app[@]}"
comes '^start ten' "an application whose watching process will be killed starts"
application=${LINE##* }
ok "and a process that watches" until_true has_candidate
watching=$(candidate)
kill -KILL "$watching"
comes 'warning: the process that watches for changes ended with status 137, and is started again' "a killed watching process is logged"
seal eleven
comes '^start eleven' "a new watching process detects the next change"
application=${LINE##* }
ok "which has a successor" until_true has_candidate
watching=$(candidate)
kill -USR2 "$application"
ended
is "$STATUS" 5 "an application that ends by itself ends the init with its status"
ok "an application that ends by itself: the process that watches ends too" [ ! -e "/proc/$watching" ]

# Vault serves the start (login, decryption, revocation), lets the candidate log in, and falls silent.
before=$(vault_accessors)
bad_vault relay relay relay relay hang relay
variables=(VAULT_ROLE=demo "VAULT_ADDR=$BAD_URL" "VAULT_CACERT=$BAD_CA")
begin "${app[@]}"
comes '^start eleven' "an application starts before a watching process hangs"
seal twelve
asked() { [ "$(wc -l <"$BAD_LOG")" = "$1" ]; }
ok "whose new values are being decrypted" until_true asked 5
stop
is "$STATUS" 3 "a signal ends the init while the watching process hangs"
ok "and the token for it is given back" until_true asked 6
ok "as Vault knows" until_true no_new_tokens "$before"
comes '^end eleven' "a signal ends the application while the watching process hangs"

# The API serves the start (twice, for the comparison later), then fails, then works again.
bad_api relay relay code=503 code=503 code=503 relay
variables=("KUBERNETES_SERVICE_PORT=$BAD_PORT" "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$BAD_POD")
seal thirteen
begin "${app[@]}"
comes '^start thirteen' "an application starts before an outage"
comes_or_came 'warning: the application keeps its present values: looking for changes: .*503' "an outage of the API server: the application continues"
seal fourteen
comes '^start fourteen' "a change during the outage is detected afterwards"
is "$(seen warning)" 1 "an outage gives one warning"
stop
variables=()

# -- a signal instead ---------------------------------------------------------------------------------

if mkdir -p /dev/shm && shared=$(mktemp -d /dev/shm/exec-watch.XXXXXX); then
	at_end "rm -rf $shared"
	more=(--watch-signal HUP --file "A=$shared/a")
	begin "${app[@]}" reads "$shared/a"
	comes '^start none' "an application with --watch-signal starts"
	application=${LINE##* }
	is "$(<"$shared/a")" fourteen "--watch-signal: the application has its file"
	seal fifteen
	comes '^hup' "--watch-signal: a change sends the signal"
	is "$LINE" "hup fifteen" "--watch-signal: the file is renewed before the signal"
	seal sixteen
	comes '^hup sixteen' "--watch-signal: a second change sends the signal again"
	seal sixteen
	comes 'the ciphertext has changed, the values are the same' "--watch-signal: an unchanged value sends no signal"
	patch_value "$garbage"
	comes 'warning: the application keeps its present values' "--watch-signal: an unusable value gives a warning"
	is "$(<"$shared/a")" sixteen "--watch-signal: an unusable value leaves the file unchanged"
	is "$(seen '^start') $(seen '^hup')" "1 2" "--watch-signal: the application is not restarted"
	is "$(echo "$shared"/*)" "$shared/a" "--watch-signal: the folder has only this file"
	seal seventeen
	comes '^hup seventeen' "--watch-signal: the next usable value is delivered"
	stop
	more=()
else
	tap_note "no /dev/shm: --watch-signal is not tested"
fi

# Pipes of the lowest numbers, at each start.
more=(--fd "3=A" --fd "4=A" --fd "5=A" --fd "6=A")
# shellcheck disable=SC2016 # for the application's shell
begin bash -c 'echo "pipes $(cat <&3) $(cat <&4) $(cat <&5) $(cat <&6)"; exec "$@"' - "${app[@]}"
comes '^start none' "an application with pipes starts"
seal eighteen
comes '^start none' "an application with pipes is restarted"
is "$(seen '^pipes( seventeen){4}$') $(seen '^pipes( eighteen){4}$')" "1 1" "the restarted application has new pipes"
stop
more=()

# -- usage --------------------------------------------------------------------------------------------

refused() {
	local name=$1 regex=$2
	shift 2
	run as_pod app "$BIN/secret-exec" "$@" -- true
	fails_with 125 "$regex" "$name"
}
refused "--watch alone" '--watch needs --init' --secret app --watch
refused "nothing that could change" 'cannot see changes of environment variables' --init --watch
# -- processes that the old application leaves behind, and changes soon after each other

# Children in its process group, in their own session, and one that ignores the signal.
cat >"$TAP_WORK/leaves" <<'END'
sleep 1000 &
left=$!
setsid sleep 1000 &
left+=" $!"
bash -c 'trap "" TERM; echo deaf; sleep 1000' &
left+=" $!"
trap 'exit 3' TERM
echo "start $A left $left"
while :; do wait; done
END
seal one
more=(--stop-timeout 1s)
begin bash "$TAP_WORK/leaves"
comes '^deaf' "an application with children starts"
comes_or_came '^start one' "an application with children prints its start"
left=$(sed -n 's/^start one left //p' <<<"$SEEN")
seal two
comes '^start two' "an application with children is restarted"
alive() { for process in $left; do [ ! -e "/proc/$process" ] || echo "$process"; done; }
is "$(wc -w <<<"$left") $(alive)" "3 " "no child of the old application is left"
stop
# Soon after another: within ten times the pause.
more=(--watch-interval 2s)
begin "${app[@]}"
comes '^start two' "an application starts before two changes"
seal three
comes '^start three' "the first change restarts the application"
seal four
comes 'secrets change often: looking for changes again in 4000 ms' "a change soon after another: the next look is delayed"
comes '^start four' "the second change restarts the application"
stop
more=()

run "$BIN/secret-exec" --watch-jitter 7s --print-config
out_like 'watch-max-delay: 7s' "--watch-jitter, the earlier name of --watch-max-delay: accepted"
refused "no pause" '--watch-interval 0' --secret app --init --watch --watch-interval 0
refused "a signal that is none" '--stop-signal: "NOPE" is not a signal' --secret app --init --stop-signal NOPE
refused "--watch-signal without --watch: refused" '--watch-signal needs --watch' --secret app --init --watch-signal HUP
refused "a signal without a file" '--watch-signal: only files can be renewed' --secret app --init --watch --watch-signal HUP

done_testing

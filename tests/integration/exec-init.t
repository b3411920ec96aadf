#!/bin/bash
# --init: secret-exec stays as a minimal init: it forwards signals, reaps orphans, and exits as its child does.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plaintext-0b7d app >/dev/null

# An application that prints its name and each signal that it gets; USR2 ends it.
cat >"$TAP_WORK/signals.py" <<'END'
import os, signal, sys
name = sys.argv[1]
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
def say(what):
    os.write(1, f"{name} {what}\n".encode())
if len(sys.argv) > 2:
    child = os.fork()
    if child == 0:
        name = sys.argv[2]
say(f"ready {os.getpid()} {os.getpgrp()} {os.getppid()}")
while True:
    number = signal.sigwait(signal.valid_signals())
    say(number)
    if number == signal.SIGUSR2:
        os._exit(9)
END
signals=(/usr/bin/python3 -IS "$TAP_WORK/signals.py")

# begin COMMAND...: the launcher in the background, its output on descriptor 7; $launcher.  Not as_pod, whose shell
# would get the signals; and bash ignores INT and QUIT in the background.
mkfifo "$TAP_WORK/events" "$TAP_WORK/gate"
exec 7<>"$TAP_WORK/events"
begin() {
	"${POD[@]}" --default-signal "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app" "${conditions[@]}" \
		"$BIN/secret-exec" "${options[@]}" --secret app --init -- "$@" >"$TAP_WORK/events" 2>"$TAP_WORK/err" 7<&- &
	launcher=$!
	at_end "kill -KILL $launcher 2>/dev/null"
}
conditions=() options=()
# next: the next line of it; $LINE.
next() { read -r -t "$PATIENCE" LINE <&7 || LINE='(nothing came)'; }
# ended: the launcher has; $STATUS, $ERR.
ended() {
	STATUS=0
	wait "$launcher" 2>/dev/null || STATUS=$?
	ERR=$(<"$TAP_WORK/err")
}

# -- exit status ------------------------------------------------------------------------------

run as_pod app "$BIN/secret-exec" --secret app --init -- sh -c 'echo "$A"; echo written >&2'
status_is 0 "exit status 0 of the child is the init's"
out_is plaintext-0b7d "the child has the secret"
err_is written "a start prints nothing of its own"
for status in 7 125; do
	run as_pod app "$BIN/secret-exec" --secret app --init -- sh -c "exit $status"
	status_is "$status" "with $status"
done
for signal in KILL TERM SEGV; do
	run as_pod app "$BIN/secret-exec" --secret app --init -- sh -c "kill -$signal \$\$"
	status_is "$((128 + $(kill -l "$signal")))" "with 128+N when SIG$signal ended it"
done
run as_pod app env --ignore-signal=CHLD "$BIN/secret-exec" --secret app --init -- sh -c 'exit 7'
status_is 7 "exit status with SIGCHLD ignored: kept"
run as_pod app "$BIN/secret-exec" --secret app --init -- /no/such/command
fails_with 127 '/no/such/command: No such file' "a command that does not exist: exit 127"
run as_pod app "$BIN/secret-exec" --secret app --init -- /
fails_with 126 '/: Permission denied' "a command that cannot be executed: exit 126"
run as_pod app "$BIN/secret-exec" --secret app:NOPE --init -- true
fails_with 125 'NOPE' "a start that fails: one message with the reason"
run as_pod app "$BIN/secret-exec" --secret app --init --check -- true
status_is 0 "--check works without an init"
run as_pod app env SECRET_EXEC_INIT=true "$BIN/secret-exec" --secret app --fd 3 -- sh -c 'cat <&3; env'
out_like '^\{"A":"plaintext-0b7d"\}' "--fd 3, the lowest number, works"
unlike "$OUT" 'SECRET_EXEC' "the configuration is removed from the child's environment"
run as_pod app "$BIN/secret-exec" --init-group --secret app -- true
fails_with 125 '--init-group needs --init' "--init-group without --init: exit 125"

# -- signals ------------------------------------------------------------------------------------

begin "${signals[@]}" app
next
read -r _ _ pid group parent <<<"$LINE"
is "$group" "$pid" "the application leads a process group"
is "$parent" "$launcher" "the application's parent is the init"
for signal in HUP INT QUIT USR1 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR \
	RTMIN RTMIN+3 RTMAX; do
	kill "-$signal" "$launcher"
	next
	is "$LINE" "app $(kill -l "$signal")" "SIG$signal is forwarded"
done
kill -USR2 "$launcher"
next
ended
is "$STATUS" 9 "orphans are reaped and the exit status is kept"
is "$ERR" '' "reaping prints nothing"

begin "${signals[@]}" app child
next && two=$LINE && next
left=$(sed -n 's/^child ready \([0-9]*\) .*/\1/p' <<<"$two"$'\n'"$LINE")
at_end "kill -KILL $left 2>/dev/null"
kill -TERM "$launcher"
next
is "$LINE" "app 15" "a signal is forwarded to the application"
kill -USR2 "$launcher"
next
is "$LINE" "app 12" "a signal is forwarded only to the application"
ended
kill -USR2 "$left"
next
is "$LINE" "child 12" "a process that the application leaves behind lives on, because the init is not PID 1"

options=(--init-group)
begin "${signals[@]}" app child
next && next
kill -TERM "$launcher"
next && first=$LINE && next
is "$(printf '%s\n' "$first" "$LINE" | sort)" $'app 15\nchild 15' "with --init-group, a signal is forwarded to the process group"
kill -USR2 "$launcher"
next && next
ended
is "$STATUS" 9 "with --init-group, the process group ends"
options=()

# The application's signals; one is ignored, one blocked.
found() { sed -nE 's/^(Sig(Blk|Ign|Cgt)|ShdPnd|NoNewPrivs|Cap[A-Z][a-z]*):\t(.*)/\1 \3/p'; }
odd=(env --ignore-signal=HUP --ignore-signal=CHLD --block-signal=USR1)
run as_pod app "${odd[@]}" cat /proc/self/status
without=$(found <<<"$OUT")
run as_pod app "${odd[@]}" "$BIN/secret-exec" --secret app --init -- cat /proc/self/status
is "$(found <<<"$OUT")" "$without" "signals blocked, ignored and caught are as the launcher found them"
run as_pod app "$BIN/secret-exec" --secret app --init -- sh -c 'ls -l /proc/$$/fd'
unlike "$OUT" 'socket|signalfd|anon_inode' "the application inherits no descriptor of the init"

# -- orphans, and being PID 1 --------------------------------------------------------------------

pid_namespace=(unshare --pid --fork --mount-proc --kill-child)
[ "$(id -u)" = 0 ] || pid_namespace+=(--user --map-root-user)

# The process that is the init.
find_init() {
	init=$launcher
	[ ${#conditions[@]} = 0 ] || read -r init <"/proc/$launcher/task/$launcher/children"
}
has_children() { [ "$(wc -w <"/proc/$init/task/$init/children")" = "$1" ]; }

# An orphan that ends when it can read from the gate, and an application that waits for another.
cat >"$TAP_WORK/orphan.sh" <<'END'
(sh -c 'echo orphan; read -r _ <"$0"' "$1" &)
read -r _ <"$2"
exit 4
END
mkfifo "$TAP_WORK/end"
reaps() {
	begin sh "$TAP_WORK/orphan.sh" "$TAP_WORK/gate" "$TAP_WORK/end"
	next
	find_init
	ok "$1: an orphan comes to the init" until_true has_children 2
	echo >"$TAP_WORK/gate"
	ok "$1: and is reaped" until_true has_children 1
	echo >"$TAP_WORK/end"
	ended
	is "$STATUS" 4 "$1: the application's exit status, not the orphan's"
}
forwards() {
	begin "${signals[@]}" app
	next
	find_init
	for signal in TERM INT USR1 TSTP; do
		kill "-$signal" "$init"
		next
		is "$LINE" "app $(kill -l "$signal")" "$1: SIG$signal is forwarded"
	done
	kill -USR2 "$init"
	next
	ended
	is "$STATUS" 9 "$1: and the exit status handed on"
}
reaps "orphans are reaped as a subreaper"
if "${pid_namespace[@]}" true 2>/dev/null; then
	conditions=("${pid_namespace[@]}")
	reaps "orphans are reaped as PID 1"
	forwards "as PID 1"
	conditions=()
else
	tap_note "no PID namespace may be made here: nothing is tested as PID 1"
fi

# Children of whoever became the launcher are not its application.
conditions=(bash -c 'sh -c "exit 3" & exec "$@"' -)
begin sh -c 'exit 5'
ended
is "$STATUS" 5 "an existing child is not taken for the application"
conditions=()

# -- a signal during the start -----------------------------------------------------------------

silent_server
during_start() {
	begin touch "$TAP_WORK/started"
	silent_connected
	find_init
	kill "-$1" "$init"
	ended
	is "$STATUS" "$((128 + $(kill -l "$1")))" "$2: 128 and its number"
	like "$ERR" 'signal [0-9]+: ended before (touch|the application) was started$' "$2: the message names the signal"
}
vault=$VAULT_ADDR
export VAULT_ADDR=https://127.0.0.1:$SILENT_PORT
for signal in TERM INT USR1; do
	during_start "$signal" "SIG$signal during the start"
done
if "${pid_namespace[@]}" true 2>/dev/null; then
	conditions=("${pid_namespace[@]}")
	during_start TERM "SIGTERM to PID 1 during the start ends it"
	conditions=()
fi

begin touch "$TAP_WORK/started"
silent_connected
read -r child <"/proc/$launcher/task/$launcher/children"
gone() { [ ! -e "/proc/$1" ] || [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status")" = Z ]; }
{
	kill -KILL "$launcher"
	until_true gone "$child" && left=none
	ended
} 2>/dev/null
is "$left" none "SIGKILL to the init ends the start"
ok "the application was never started" [ ! -e "$TAP_WORK/started" ]
export VAULT_ADDR=$vault

# -- the init's memory and terminal --------------------------------------------------------------

begin "${signals[@]}" app
next
read -r _ _ pid _ <<<"$LINE"
holds_secret() { /usr/bin/python3 -IS - "$1" <<'END'
import sys
pid = sys.argv[1]
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
    for line in maps:
        span, modes, *rest = line.split()
        if modes[0] != "r" or rest[-1] in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
            continue
        start, end = (int(x, 16) for x in span.split("-"))
        memory.seek(start)
        try:
            if b"plaintext-0b7d" in memory.read(end - start):
                sys.exit(0)
        except OSError:
            pass
sys.exit(1)
END
}
if [ "$(id -u)" = 0 ]; then
	if [[ $BIN != */sanitize/* ]]; then
		own=$(sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p' "/proc/$launcher/smaps_rollup")
		ok "the init has less than 512 KB of its own ($own KB)" [ "$own" -lt 512 ]
	fi
	ok "the application's memory holds the secret" holds_secret "$pid"
	holds_secret "$launcher"
	is "$?" 1 "the init's memory does not contain the secret"
fi
kill -USR2 "$launcher"
next
ended

# -- the terminal ---------------------------------------------------------------------------------

# terminal SCRIPT: run a shell script as leader of a session on a new terminal; once it has printed "ready", press
# Ctrl-C, and once that has come to it, type "typed".  What it writes is in $OUT.
cat >"$TAP_WORK/terminal.py" <<'END'
import os, pty, signal, sys
signal.alarm(int(os.environ["PATIENCE"]))
child, master = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", "-c", sys.argv[1], "bash", *sys.argv[2:]])
seen = b""
answers = [(b"ready", b"\003"), (b"got INT", b"typed\n")]
while True:
    try:
        read = os.read(master, 4096)
    except OSError:
        break
    seen += read
    if answers and answers[0][0] in seen:
        os.write(master, answers.pop(0)[1])
_, status = os.waitpid(child, 0)
sys.stdout.write(seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(status))
END
cat >"$TAP_WORK/foreground.py" <<'END'
import os
print("foreground" if os.tcgetpgrp(0) == os.getpgrp() else "background")
END
export foreground="/usr/bin/python3 -IS $TAP_WORK/foreground.py"
terminal() {
	run as_pod app env --default-signal /usr/bin/python3 -IS "$TAP_WORK/terminal.py" "$1" "$BIN/secret-exec" --secret app --init --
}
terminal 'exec "$@" $foreground'
out_is foreground "the application has the terminal"
terminal '"$@" $foreground; $foreground'
out_is $'foreground\nforeground' "the terminal is returned at the end"
# With job control, a background job has its own process group, and not the terminal.
terminal 'set -m; "$@" $foreground & wait; $foreground'
out_like $'^background\n.*\nforeground$' "in the background, the init does not take the terminal"
# A shell's read may block with a trap still to be run.
cat >"$TAP_WORK/interrupted.py" <<'END'
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
signal.sigwait({signal.SIGINT})
print("got INT", flush=True)
print("read " + input())
if signal.SIGINT in signal.sigpending():
    print("got INT")
END
export interrupted="/usr/bin/python3 -IS $TAP_WORK/interrupted.py"
terminal 'exec "$@" $interrupted'
out_like 'read typed' "input of the terminal reaches the application"
is "$(grep -c 'got INT' <<<"$OUT")" 1 "an interrupt of the terminal reaches the application once"

# -- Ctrl-Z

# The terminal stops the application, which prints the signals that it gets until it ends.
cat >"$TAP_WORK/stopped.py" <<'END'
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
print("ready", flush=True)
signal.sigwait({signal.SIGCONT})
print("goes on", flush=True)
END
sed -i 's/(b"ready", b"\\003")/(b"ready", os.environ.get("PRESS", "\\003").encode())/' "$TAP_WORK/terminal.py"
export stopped="/usr/bin/python3 -IS $TAP_WORK/stopped.py" PRESS=$'\032'
terminal 'exec "$@" $stopped'
is "$STATUS" 0 "Ctrl-Z where the init leads its session: it does not stop itself"
out_like 'goes on' "Ctrl-Z where the init leads its session: the application goes on"
terminal '"$@" $stopped; echo ended $?'
out_like $'goes on\nended 0' "Ctrl-Z in a shell without job control: both continue"
terminal 'set -m; "$@" $stopped; echo shell; fg; echo ended $?'
out_like $'shell\n(.*\n)*goes on\nended 0' "Ctrl-Z in a shell with job control: both stop, and continue by fg"
unset PRESS

done_testing

#!/bin/bash
# While secrets are in its memory, no process of the same user can look into the launcher, and it leaves no core dump.
# run: stageless
. "$(dirname "$0")/../tap.sh"
: "${BIN:?the folder of the built programs}"
[ "$(id -u)" = 0 ] || skip_all "it starts programs as another user"

# A user without privileges, for whom /proc has the usual rules.
user_name=$(id -un 65534)
other_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 711 "$TAP_WORK"
install -m 0755 "$BIN/secret-exec" "$TAP_WORK/secret-exec"
looks() { "${other_user[@]}" head -c 1 "/proc/$1/$2" >/dev/null 2>&1; }

"${other_user[@]}" sleep 600 &
other=$!
at_end "kill $other 2>/dev/null"
until_true looks "$other" environ
ok "a program's environment can be read by its user" looks "$other" environ

# In the middle of a start, with a token: it waits for an answer.
silent_server
A=vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA VAULT_TOKEN=t VAULT_ADDR=http://127.0.0.1:$SILENT_PORT \
	"${other_user[@]}" "$TAP_WORK/secret-exec" --transit-key k -- "$(command -v sleep)" 600 >/dev/null 2>&1 &
launcher=$!
at_end "kill $launcher 2>/dev/null"
silent_connected
ok "the launcher is at work" [ "$(readlink "/proc/$launcher/exe")" = "$TAP_WORK/secret-exec" ]
for file in environ auxv maps; do
	ok "its $file cannot be read, so no process can attach either" eval "! looks $launcher $file"
done
is "$(stat -c %u "/proc/$launcher/maps")" 0 "the launcher is not dumpable: its files in /proc belong to root"
is "$(stat -c %u "/proc/$other/maps")" 65534 "the files in /proc of another program belong to its user"
kill $launcher

# -- under --init: the init may be looked into, where it has no secret; the child may not

printf 't' >"$TAP_WORK/token"
echo '{"A": "1"}' >"$TAP_WORK/plain.json"
chmod 644 "$TAP_WORK/token" "$TAP_WORK/plain.json"
# supervise NAME=VALUE...: $init, and its child at work
supervise() {
	env "$@" A=vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA VAULT_ADDR="http://127.0.0.1:$SILENT_PORT" \
		"${other_user[@]}" "$TAP_WORK/secret-exec" --init --transit-key k -- "$(command -v sleep)" 600 >/dev/null 2>&1 &
	init=$!
	at_end "kill $init 2>/dev/null"
	silent_connected
	child=$(pgrep -P "$init")
}
supervise SECRET_EXEC_TOKEN_FILE="$TAP_WORK/token"
is "$(stat -c %u "/proc/$init/maps" "/proc/$child/maps" | xargs)" "65534 0" "the init is dumpable, its child is not"
kill "$init"
supervise VAULT_TOKEN=t
is "$(stat -c %u "/proc/$init/maps" "/proc/$child/maps" | xargs)" "0 0" "an init with a token in its environment is not dumpable"
kill "$init"
# On one processor, where init often runs later than the application.
reached=0
for ((i = 0; i < 60; i++)); do
	# shellcheck disable=SC2016 # expanded by the inner shell
	run "${other_user[@]}" taskset -c "$(taskset -cp $$ | grep -oE '[0-9]+' | tail -1)" "$TAP_WORK/secret-exec" --init --allow-plaintext \
		--from-document "$TAP_WORK/plain.json" -- sh -c 'readlink "/proc/$PPID/fd/1" >/dev/null && echo yes'
	[ "$STATUS $OUT" != "0 yes" ] || reached=$((reached + 1))
done
is "$reached" 60 "the application can always open the standard output of its init"

# -- between exec and main

# is_stopped TRACER PROGRAM: $STOPPED is the process, which has not run its first instruction.
is_stopped() {
	STOPPED=$(pgrep -P "$1") && [ "$(readlink "/proc/$STOPPED/exe")" = "$2" ] && grep -q '^State:.[tT]' "/proc/$STOPPED/status"
}
# shellcheck disable=SC2016 # expanded by the inner shell
stop_at_exec() {
	strace -o /dev/null -u "$user_name" -e trace=execve -e inject=execve:signal=STOP sh -c 'exec "$0" --version' "$1" >/dev/null 2>&1 &
	disown
	at_end "kill $! 2>/dev/null"
	until_true is_stopped $! "$1"
	at_end "kill -KILL $STOPPED 2>/dev/null"
}
# shellcheck disable=SC2016 # expanded by the inner shell
opens_memory() { setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'exec 9<"/proc/$1/mem"' - "$1" 2>/dev/null; }
if command -v strace >/dev/null && strace -o /dev/null -u "$user_name" true 2>/dev/null; then
	install -m 0711 "$BIN/secret-exec" "$TAP_WORK/installed"
	stop_at_exec "$TAP_WORK/secret-exec"
	ok "before main, a program that its user can read: another process of that user opens its memory" opens_memory "$STOPPED"
	stop_at_exec "$TAP_WORK/installed"
	ok "before main, a program of mode 0711: its memory cannot be opened" eval "! opens_memory $STOPPED"
	run "${other_user[@]}" "$TAP_WORK/installed" --version
	like "$STATUS $OUT" '^0 secret-exec ' "a program of mode 0711 runs as any user"
else
	ok "before main # SKIP strace may not trace here" true
fi
done_testing

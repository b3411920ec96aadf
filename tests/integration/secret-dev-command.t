#!/bin/bash
# With a command, secret-dev ends when the command ends, and with its exit status.
. "$(dirname "$0")/../tap.sh"

run "$BIN/secret-dev" -- sh -c 'exit 7'
status_is 7 "a command that exits 7: exit 7"
is "$ERR" "" "a command that exits 7: no message"
run "$BIN/secret-dev" -- sh -c 'kill -KILL $$'
status_is 137 "a command ended by a signal: exit 128+N"
run "$BIN/secret-dev" -- /no/such/command
fails_with 127 'secret-dev: /no/such/command: No such file' "a command that does not exist: exit 127"
run "$BIN/secret-dev" -- /dev/null
fails_with 126 'secret-dev: /dev/null: Permission denied' "a command that is not executable: exit 126"
run env VAULT_TOKEN=mine KEPT=yes "$BIN/secret-dev" -- sh -c 'echo "$VAULT_TOKEN $KEPT $#" "$@"' sh one 'two words'
out_like '^hvs\.[A-Za-z0-9_-]+ yes 2 one two words$' "the command: its variables replace existing variables; all others and the arguments are kept"
run "$BIN/secret-dev" -- sh -c 'printf %s "$SECRET_DEV_DIR"; stat -c %a "$SECRET_DEV_DIR" "$SECRET_DEV_DIR/kubeconfig" "$SECRET_DEV_DIR/pod/app/token" >&2'
is "$ERR" $'700\n600\n600' "the servers' files are readable only by the owner"
ok "its directory is removed when the command has ended" test ! -e "$OUT"

# Signals are passed on to the command.
mkfifo "$TAP_WORK/started"
"$BIN/secret-dev" -- sh -c 'trap "exit 42" TERM; echo $$ >"$0"; while :; do sleep 0.05; done' "$TAP_WORK/started" &
pid=$!
at_end "kill $pid 2>/dev/null"
read -r command_pid <"$TAP_WORK/started"
kill "$pid"
wait "$pid"
is $? 42 "SIGTERM is passed on, and the exit status is that of the command"
ok "the command has ended before secret-dev" test ! -e "/proc/$command_pid"

# An existing directory stays, without the files of secret-dev.
mkdir "$TAP_WORK/mine"
echo kept >"$TAP_WORK/mine/note"
run "$BIN/secret-dev" --directory "$TAP_WORK/mine" -- sh -c 'ls "$SECRET_DEV_DIR/pod"'
is "$OUT" $'app\napp-expired\nrotator\nsealer\nstranger' "--directory: the files are in it"
is "$(find "$TAP_WORK/mine" -mindepth 1 -printf '%P\n')" note "--directory: an existing directory is restored"
run "$BIN/secret-dev" --directory "$TAP_WORK/new" -- true
ok "--directory: a directory that it made is removed" test ! -e "$TAP_WORK/new"

done_testing

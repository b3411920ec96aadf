#!/bin/bash
# With a command it lives as long as the command, and ends as it did.
. "$(dirname "$0")/../tap.sh"

run "$BIN/secret-dev" -- sh -c 'exit 7'
status_is 7 "the exit status is the command's"
is "$ERR" "" "and nothing else is said"
run "$BIN/secret-dev" -- sh -c 'kill -KILL $$'
status_is 137 "128+N for a signal"
run "$BIN/secret-dev" -- /no/such/command
fails_with 127 'secret-dev: /no/such/command: No such file' "a command that is not there"
run "$BIN/secret-dev" -- /dev/null
fails_with 126 'secret-dev: /dev/null: Permission denied' "a command that can't be run"
run env VAULT_TOKEN=mine KEPT=yes "$BIN/secret-dev" -- sh -c 'echo "$VAULT_TOKEN $KEPT $#" "$@"' sh one 'two words'
out_like '^hvs\.[A-Za-z0-9_-]+ yes 2 one two words$' "its variables replace ours; arguments and the rest stay"
run "$BIN/secret-dev" -- sh -c 'printf %s "$SECRET_DEV_DIR"; stat -c %a "$SECRET_DEV_DIR" "$SECRET_DEV_DIR/kubeconfig" "$SECRET_DEV_DIR/pod/app/token" >&2'
is "$ERR" $'700\n600\n600' "what it writes is for its user alone"
ok "and gone when the command has ended" test ! -e "$OUT"

# Signals go to the command, which decides.
mkfifo "$TAP_WORK/started"
"$BIN/secret-dev" -- sh -c 'trap "exit 42" TERM; echo $$ >"$0"; while :; do sleep 0.05; done' "$TAP_WORK/started" &
pid=$!
at_end "kill $pid 2>/dev/null"
read -r command_pid <"$TAP_WORK/started"
kill "$pid"
wait "$pid"
is $? 42 "SIGTERM is passed on, and the command's answer is the status"
ok "the command has ended" test ! -e "/proc/$command_pid"

# A directory that was there stays, without what secret-dev wrote.
mkdir "$TAP_WORK/mine"
echo kept >"$TAP_WORK/mine/note"
run "$BIN/secret-dev" --directory "$TAP_WORK/mine" -- sh -c 'ls "$SECRET_DEV_DIR/pod"'
is "$OUT" $'app\napp-expired\nrotator\nsealer\nstranger' "a given directory is used"
is "$(find "$TAP_WORK/mine" -mindepth 1 -printf '%P\n')" note "and left as it was"
run "$BIN/secret-dev" --directory "$TAP_WORK/new" -- true
ok "one that it made is removed" test ! -e "$TAP_WORK/new"

done_testing

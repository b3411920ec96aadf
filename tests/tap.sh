# tap.sh: TAP for bash scripts; source it.
#
#   run COMMAND...            run it; set $OUT and $ERR to its output, $STATUS to its exit status
#   status_is N NAME          out_is, out_like, out_unlike, err_like, err_unlike: check the latest run
#   ok NAME CONDITION...      is GOT WANTED NAME        like GOT REGEX NAME       unlike
#   until_true, silent_server, silent_connected: see below
#   done_testing              print the plan; a script that ends without it has failed
#
# Details of a failure are printed after '#'.  The programs under test never print secret values, so their output is safe
# to print.
# shellcheck shell=bash

# Longest wait for an event, in seconds.  Only a failure takes so long, also on a busy machine.
export PATIENCE=${PATIENCE:-300}
TAP_COUNT=0
TAP_FAILED=0
OUT='' ERR='' STATUS=0
TAP_WORK=$(mktemp -d)
TAP_CLEANUP=("rm -rf $TAP_WORK")

# campaign SHORT WHOLE: print WHOLE with CAMPAIGN=whole, otherwise SHORT.
campaign() { if [ "${CAMPAIGN-}" = whole ]; then echo "$2"; else echo "$1"; fi; }

# at_end COMMAND: run it when the script ends for any reason; the last one first.
at_end() { TAP_CLEANUP+=("$1"); }
tap_end() {
	local i
	for ((i = ${#TAP_CLEANUP[@]} - 1; i >= 0; i--)); do
		eval "${TAP_CLEANUP[i]}"
	done
}
# The signal that ends a script may come twice.
trap 'trap "" INT TERM HUP; tap_end' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

tap_result() {
	local passed=$1 name=$2
	TAP_COUNT=$((TAP_COUNT + 1))
	if [ "$passed" = yes ]; then
		printf 'ok %d - %s\n' "$TAP_COUNT" "$name"
		return 0
	fi
	TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$TAP_COUNT" "$name"
	return 0
}

tap_note() { printf '%s\n' "$*" | cut -c1-2000 | sed 's/^/#   /'; }

ok() {
	local name=$1
	shift
	if "$@"; then tap_result yes "$name"; else tap_result no "$name"; fi
}

is() {
	if [ "$1" = "$2" ]; then
		tap_result yes "$3"
	else
		tap_result no "$3"
		tap_note "got:    $1"
		tap_note "wanted: $2"
	fi
}

like() {
	if [[ $1 =~ $2 ]]; then
		tap_result yes "$3"
	else
		tap_result no "$3"
		tap_note "got:    $1"
		tap_note "wanted: $2"
	fi
}

unlike() {
	if [[ $1 =~ $2 ]]; then
		tap_result no "$3"
		tap_note "got:      $1"
		tap_note "unwanted: $2"
	else
		tap_result yes "$3"
	fi
}

# Output is kept exactly, except for final newlines and NUL bytes.
run() {
	STATUS=0
	"$@" >"$TAP_WORK/out" 2>"$TAP_WORK/err" || STATUS=$?
	OUT=$(tr -d '\0' <"$TAP_WORK/out")
	ERR=$(tr -d '\0' <"$TAP_WORK/err")
}

status_is() {
	is "$STATUS" "$1" "$2"
	[ "$STATUS" = "$1" ] || tap_note "stderr: $ERR"
}
out_is() { is "$OUT" "$1" "$2"; }
out_like() { like "$OUT" "$1" "$2"; }
out_unlike() { unlike "$OUT" "$1" "$2"; }
err_is() { is "$ERR" "$1" "$2"; }
err_like() { like "$ERR" "$1" "$2"; }
err_unlike() { unlike "$ERR" "$1" "$2"; }

# fails_with STATUS REGEX NAME: the status, one matching line on stderr, nothing on stdout.
fails_with() {
	local status=$1 regex=$2 name=$3
	if [ "$STATUS" = "$status" ] && [[ $ERR =~ $regex ]] && [ "$(wc -l <"$TAP_WORK/err")" = 1 ] && [ -z "$OUT" ]; then
		tap_result yes "$name"
	else
		tap_result no "$name"
		tap_note "status: $STATUS (wanted $status)"
		tap_note "stderr: $ERR"
		tap_note "wanted one line like: $regex"
		[ -z "$OUT" ] || tap_note "stdout: $OUT"
	fi
}

# until_true COMMAND...: wait until it succeeds, at most $PATIENCE seconds.
until_true() {
	local i
	for ((i = 0; i < PATIENCE * 20; i++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

# silent_server: start a server that accepts and never answers, on $SILENT_PORT of loopback.
# silent_connected: wait for its next connection.
silent_server() {
	mkfifo "$TAP_WORK/silent-server"
	/usr/bin/python3 -Iu -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
kept = []
while True:
    kept.append(s.accept())
    print("connected")
' >"$TAP_WORK/silent-server" &
	at_end "kill $! 2>/dev/null"
	exec {SILENT_EVENTS}<"$TAP_WORK/silent-server"
	# shellcheck disable=SC2034 # for the script that sources this
	read -r SILENT_PORT <&"$SILENT_EVENTS"
}
silent_connected() { read -r -t "$PATIENCE" _ <&"$SILENT_EVENTS"; }

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" = 0 ] || exit 1
	exit 0
}

# killed.sh: kill a program at each system call that matters; source it after stage.sh.
#
#   killed_everywhere NAME CALLS BEFORE AFTER COMMAND...
#                                     run the command repeatedly, killed at the first, second ... of each of these system
#                                     calls (names of strace), until it makes no more of them; at every third call
#                                     without CAMPAIGN=whole.  BEFORE is called first,
#                                     with the number of the run; AFTER sets $FOUND to "old", "new", or a description
#                                     of the damage.  Test that there is never damage, that some kills came before
#                                     the change and some after it, and that a run that is not killed succeeds
# shellcheck shell=bash

command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"

# shellcheck disable=SC2034 # for the script that sources this
# Calls that talk to servers; calls that create, change and remove files and processes.  Some machines lack some of them.
SERVER_CALLS=connect,sendto,sendmsg,write,writev
# shellcheck disable=SC2034
FILE_CALLS='openat,?mkdir,mkdirat,flock,fchmod,fchown,fsync,pwrite64,?rename,renameat,renameat2,?unlink,unlinkat,?rmdir,clone,wait4'

# kill_at N CALL COMMAND...: kill the command at its Nth CALL, not the processes that it starts (no -f).
# The message "Killed" of the shell between them is discarded.
kill_at() {
	local at=$1 call=$2
	shift 2
	# shellcheck disable=SC2016
	ASAN_OPTIONS=detect_leaks=0 run sh -c '"$@"; exit $?' - strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$at" "$@"
}

killed_everywhere() {
	local name=$1 calls=$2 before=$3 after=$4 call at step whole=0 new=0 runs=0 status failed=
	step=$(campaign 3 1)
	shift 4
	FOUND=
	for call in ${calls//,/ }; do
		at=$((1 - step)) status=137
		while [ "$status" = 137 ]; do
			"$before" $((++runs))
			kill_at $((at += step)) "$call" "$@"
			status=$STATUS
			"$after"
			case $FOUND in
			old) whole=$((whole + 1)) ;;
			new) whole=$((whole + 1)) new=$((new + 1)) ;;
			*) tap_note "killed at $call $at: $FOUND" ;;
			esac
		done
		[ "$status" = 0 ] || failed+="$call: status $status: $ERR "
	done
	tap_note "$name: $runs runs; $new of them had made the change"
	is "$whole" "$runs" "$name: no kill causes damage"
	is "$failed" "" "$name: a run that is not killed succeeds"
	[ "$step" = 1 ] || return 0 # a sample may miss the few calls before or after the change
	ok "$name: some kills came before the change" [ $((runs - new)) -gt "$(wc -w <<<"${calls//,/ }")" ]
	ok "$name: some kills came after the change" [ "$new" -gt "$(wc -w <<<"${calls//,/ }")" ]
}

# killed.sh: end a program by SIGKILL at each system call that matters; to be sourced after stage.sh.
#
#   killed_everywhere NAME CALLS BEFORE AFTER COMMAND...
#                                     run it again and again, killed at the first, second ... of each of these system
#                                     calls (strace's names), until it makes no more.  BEFORE is called first, with a
#                                     number of its own each time; AFTER sets $FOUND to "old", "new", or words about
#                                     what is broken.  Tests that nothing is ever broken, that some kills came before
#                                     the change and some after it, and that it gets through when it is not killed
# shellcheck shell=bash

command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"

# shellcheck disable=SC2034 # for the script that sources this
# What talks to servers; what makes, changes and removes files and processes.  Some are there on some machines only.
SERVER_CALLS=connect,sendto,sendmsg,write,writev
# shellcheck disable=SC2034
FILE_CALLS='openat,?mkdir,mkdirat,flock,fchmod,fchown,fsync,pwrite64,?rename,renameat,renameat2,?unlink,unlinkat,?rmdir,clone,wait4'

# kill_at N CALL COMMAND...: strace counts each call for itself.  Without its -f, what the command starts is not
# killed.  A shell in between says "Killed" where nobody hears it.
kill_at() {
	local at=$1 call=$2
	shift 2
	# shellcheck disable=SC2016
	ASAN_OPTIONS=detect_leaks=0 run sh -c '"$@"; exit $?' - strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$at" "$@"
}

killed_everywhere() {
	local name=$1 calls=$2 before=$3 after=$4 call at whole=0 new=0 runs=0 status failed=
	shift 4
	FOUND=
	for call in ${calls//,/ }; do
		at=0 status=137
		while [ "$status" = 137 ]; do
			"$before" $((++runs))
			kill_at $((++at)) "$call" "$@"
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
	tap_note "$name: $runs runs; after $new of them what was wanted was there"
	is "$whole" "$runs" "$name: after each kill all is whole"
	ok "$name: some kills came before the change" [ $((runs - new)) -gt "$(wc -w <<<"${calls//,/ }")" ]
	ok "$name: and some after it" [ "$new" -gt "$(wc -w <<<"${calls//,/ }")" ]
	is "$failed" "" "$name: it gets through when it is not killed"
}

# syscalls.sh: make each system call of a program fail; source it after stage.sh.
#
#   syscalls_fail NAME BEFORE AFTER COMMAND...
#                      start the command with "${SYSCALLS_AS[@]}", with an error in one system call: for each of its calls and
#                      each error that fits the call with CAMPAIGN=whole, otherwise for a sample of them.  BEFORE is called
#                      first each time; AFTER sets $FOUND to a description of what is wrong with $STATUS, $OUT, $ERR or the
#                      changed objects
#   one_clear_line PROGRAM STATUS...
#                      set $FOUND unless $STATUS is one of these and $ERR is one bounded line of the program, not counting
#                      warnings; if a file cannot be opened, the line must name the cause
# shellcheck shell=bash

command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
under_asan && skip_all "the sanitizer's own system calls would fail"

SYSCALLS_AS=()

# Errors by system call.  Other calls do not fail, or libc cannot report it.  fcntl never fails on a socket, and without
# O_NONBLOCK libcurl would wait forever.  brk reports errors differently.
declare -A SYSCALL_ERRORS=(
	[openat]='EMFILE EIO ENOMEM' [read]='EIO EINTR' [pread64]=EIO [write]='ENOSPC EIO EINTR' [writev]='EIO' [close]='EIO EINTR'
	[newfstatat]='EIO ENOMEM' [fstat]=EIO [statx]=EIO [access]=EIO [readlink]=EIO [getdents64]='EIO' [lseek]=EIO
	[mmap]=ENOMEM [mremap]=ENOMEM [mlock2]='ENOMEM EPERM' [mlock]=ENOMEM [madvise]=EINVAL
	[socket]='EMFILE ENOBUFS' [socketpair]=EMFILE [pipe2]=EMFILE [eventfd2]=EMFILE [epoll_create1]=EMFILE [connect]='ETIMEDOUT ENETUNREACH'
	[sendto]='EPIPE EINTR' [recvfrom]='ECONNRESET EINTR' [poll]='EINTR ENOMEM' [ppoll]='EINTR' [setsockopt]=ENOBUFS [getsockopt]=ENOBUFS
	[getsockname]=ENOBUFS [getpeername]=ENOTCONN [ioctl]=EIO [dup2]=EMFILE [dup3]=EMFILE
	[memfd_create]='EMFILE ENOMEM' [ftruncate]=ENOSPC [fchmod]=EPERM [fchown]=EPERM [fsync]=EIO [rename]='ENOSPC EACCES' [renameat]=ENOSPC
	[renameat2]=ENOSPC [unlink]=EACCES [unlinkat]=EACCES [mkdir]=ENOSPC [mkdirat]=ENOSPC [flock]=ENOLCK [copy_file_range]=EIO
	[prctl]=EINVAL [prlimit64]=EPERM [rt_sigaction]=EINVAL [rt_sigprocmask]=EINVAL [clone]=EAGAIN [clone3]=EAGAIN [vfork]=EAGAIN
	[landlock_create_ruleset]='EMFILE ENOMEM' [landlock_add_rule]=ENOMEM [landlock_restrict_self]=E2BIG
	[execve]='EACCES ENOMEM' [wait4]=EINTR)

declare -A SYSCALL_WORDS=([EMFILE]='Too many open files' [EIO]='Input/output error' [ENOMEM]='Cannot allocate memory')

# Print the system calls of a run, from the first call in main to the execve of the application, as lines
# "CALL FIRST LAST" with the numbers that strace counts.
syscall_ranges() {
	awk '{ sub(/\(.*/, "") }
		{ calls[NR] = $1; if ($1 == "execve") last = NR }
		END {
			if (last == 1) last = NR
			for (i = 1; i <= last; i++) {
				count[calls[i]]++
				if (calls[i] == "rt_sigaction") begun = 1
				if (begun && !(calls[i] in first)) first[calls[i]] = count[calls[i]]
				if (begun) latest[calls[i]] = count[calls[i]]
			}
			for (call in first) print call, first[call], latest[call]
		}' "$TAP_WORK/syscalls" | sort
}

# All calls of rt_sigaction are alike; two of them suffice.
syscall_cases() {
	local call first last error number
	while read -r call first last; do
		[ "$call" != rt_sigaction ] || [ $((last - first)) -lt 2 ] || last=$((first + 1))
		for ((number = first; number <= last; number++)); do
			for error in ${SYSCALL_ERRORS[$call]-}; do echo "$call $number $error"; done
		done
	done < <(syscall_ranges)
}

syscalls_fail() {
	local name=$1 before=$2 after=$3 cases=() at step=1 call number error wrong=0
	shift 3
	"$before"
	run "${SYSCALLS_AS[@]}" strace -qq -o "$TAP_WORK/syscalls" "$@"
	"$after"
	is "$STATUS $FOUND" "0 " "$name: succeeds without an error"
	mapfile -t cases < <(syscall_cases)
	step=$(campaign $((${#cases[@]} / 25 + 1)) 1)
	# Each run takes another sample.
	for ((at = RANDOM % step; at < ${#cases[@]}; at += step)); do
		read -r call number error <<<"${cases[at]}"
		"$before"
		run "${SYSCALLS_AS[@]}" timeout -k 1 "$PATIENCE" strace -qq -o /dev/null -e trace="$call" -e inject="$call:error=$error:when=$number" "$@"
		FOUND=
		"$after"
		[ -n "$FOUND" ] || continue
		wrong=$((wrong + 1))
		[ "$wrong" -gt 10 ] || tap_note "$call $number $error: $FOUND: status $STATUS, stdout: $OUT, stderr: $ERR"
	done
	is "$wrong" 0 "$name: success, or one clear error line, and no partial change ($((${#cases[@]} / step)) of ${#cases[@]} cases)"
}

one_clear_line() {
	local program=$1 lines
	shift
	[[ " $* " = *" $STATUS "* ]] || FOUND+="not an exit status for this; "
	lines=$(grep -v "^$program: warning: " <<<"$ERR")
	[ "$(wc -l <<<"$lines")" = 1 ] && [[ $lines =~ ^$program:\ .{10} ]] && [ ${#lines} -lt 1100 ] || FOUND+="not one line; "
	# CA certificates are opened by libcurl, which does not report the cause.
	[ "${call-}" != openat ] || [[ $ERR == *TLS* ]] || [[ $ERR == *"${SYSCALL_WORDS[$error]}"* ]] || FOUND+="the cause is not named; "
}

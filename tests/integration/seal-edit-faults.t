#!/bin/bash
# secret-seal edit removes its plaintext whichever system call fails, or logs that it could not.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
stage_start

export XDG_RUNTIME_DIR=/dev/shm/edit-faults-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "chmod -R u+rwx $XDG_RUNTIME_DIR; rm -rf $XDG_RUNTIME_DIR"
"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=hunter2 app >/dev/null
# Files that an editor leaves beside the text.
printf '#!/bin/sh\nfolder=$(dirname "$1")\nmkdir "$folder/x"\ncp "$1" "$folder/x"\ncp "$1" "$1~"\nln -s /etc/passwd "$folder/link"\nmkfifo "$folder/fifo"\n' >"$TAP_WORK/editor"
chmod +x "$TAP_WORK/editor"

# fail CALL ERROR: let each of its calls fail, one a run.
fail() {
	local call=$1 error=$2 at left=''
	for ((at = 1; at < 200; at++)); do
		ASAN_OPTIONS=detect_leaks=0 run setsid -w strace -qq -o "$TAP_WORK/trace" -e trace="$call" -e inject="$call:error=$error:when=$at" \
			"$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app </dev/null
		[ -z "$(ls -A "$XDG_RUNTIME_DIR")" ] || [[ $ERR =~ "may contain plaintext" ]] || left+=" $at"
		# A failed call may leave a file, if a message reports it.
		rm -rf "${XDG_RUNTIME_DIR:?}"/*
		grep -q INJECTED "$TAP_WORK/trace" || break
	done
	is "$left" "" "$call that fails with $error leaves no file ($at calls)"
}
for call in newfstatat fstat openat getdents64 pwrite64 lseek flock unlinkat rmdir mkdir statfs; do fail "$call" EIO; done
fail openat EMFILE

done_testing

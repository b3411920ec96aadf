#!/bin/bash
# --install PATH: the program copies itself, for an init container whose image has nothing else.
. "$(dirname "$0")/../tap.sh"

# No server, no pod: an init container has neither.
bare=(env -i "$BIN/secret-exec")
target=$TAP_WORK/target
mkdir "$target"
left() { find "$target" -mindepth 1 -printf '%P\n' | sort | xargs; }

run "${bare[@]}" --install "$target/copy"
status_is 0 "the program copies itself to a path"
is "$OUT$ERR" "" "the copy prints nothing"
ok "byte for byte" cmp -s "$BIN/secret-exec" "$target/copy"
is "$(stat -c %a "$target/copy")" 711 "a copy by root has mode 0711"
run "$target/copy" --version
out_like '^secret-exec ' "the copy can be executed"
run "$target/copy" --install "$target/second"
ok "and copies itself" cmp -s "$BIN/secret-exec" "$target/second"
is "$(left)" "copy second" "the folder has no other files"

rm "$target"/*
(umask 077 && "${bare[@]}" --install "$target")
is "$(left)" secret-exec "a directory as the path: the copy is named secret-exec"
is "$(stat -c %a "$target/secret-exec")" 711 "mode 0711 is independent of the umask"
run env SECRET_EXEC_INSTALL="$target/by-variable" "$BIN/secret-exec"
ok "SECRET_EXEC_INSTALL does it too" cmp -s "$BIN/secret-exec" "$target/by-variable"
(cd "$target" && "${bare[@]}" --install here)
ok "a relative path" cmp -s "$BIN/secret-exec" "$target/here"

# -- an older copy, that may be running

rm "$target"/*
cp "$(type -P sleep)" "$target/secret-exec"
"$target/secret-exec" 1000 &
at_end "kill $! 2>/dev/null"
run "${bare[@]}" --install "$target"
status_is 0 "a program that is running is replaced"
ok "wholly" cmp -s "$BIN/secret-exec" "$target/secret-exec"
kill $!
ln -sf "$TAP_WORK/elsewhere" "$target/link"
run "${bare[@]}" --install "$target/link"
ok "a symbolic link is replaced itself" test ! -L "$target/link" -a ! -e "$TAP_WORK/elsewhere"

# -- refusals

rm "$target"/*
run "${bare[@]}" --install "$target/copy" -- true
fails_with 125 '--install copies this program, and starts no command' "--install with a command: exit 125"
run "${bare[@]}" --install
fails_with 125 'install' "--install without a path: exit 125"
run "${bare[@]}" --install ''
fails_with 125 '--install: "": not the path of a file' "--install with an empty path: exit 125"
run "${bare[@]}" --install "$TAP_WORK/nowhere/copy"
fails_with 125 "--install: $TAP_WORK/nowhere: No such file or directory" "a missing directory: exit 125"
mkdir "$target/secret-exec"
run "${bare[@]}" --install "$target"
fails_with 125 "--install: $target/secret-exec: is a directory" "a directory with the copy's name: exit 125"
rmdir "$target/secret-exec"
run "${bare[@]}" --install /proc/self/copy
fails_with 125 '--install /proc/self/copy: creating a file' "a folder without the right to write: exit 125"
# A file system that is full before the copy ends.
run bash -c 'ulimit -f 100; trap "" XFSZ; exec "$@"' - "${bare[@]}" --install "$target/copy"
fails_with 125 "--install $target/copy: write: File too large" "a full file system: exit 125"
is "$(left)" "" "failures leave no file"

# -- where init containers run

if [ "$(id -u)" = 0 ]; then
	# TMPDIR may be of a folder that others can't enter.
	open=$(mktemp -d /tmp/exec-install.XXXXXX)
	at_end "rm -rf $open"
	chmod 755 "$open"
	install -m 755 "$BIN/secret-exec" "$open/program"
	mkdir -m 777 "$open/shared"
	run setpriv --reuid=12345 --regid=12345 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
		env -i "$open/program" --install "$open/shared"
	status_is 0 "any user can install, without a capability"
	is "$(stat -c '%u %a' "$open/shared/secret-exec")" "12345 111" "as another user: mode 0111, so that it cannot read its own copy"
	chmod 711 "$open/program"
	any=(setpriv --reuid=12345 --regid=12345 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs env -i)
	run "${any[@]}" "$open/program" --install "$open/shared/again"
	fails_with 125 "program: not readable by user 12345; run --install as root" "a program that its user cannot read: exit 125"
	install -m 444 "$BIN/secret-exec" "$open/program.copy"
	run "${any[@]}" "$open/program" --install "$open/shared/again"
	ok "a program that its user cannot read, with a readable copy beside it: installed" cmp -s "$BIN/secret-exec" "$open/shared/again"
	rm "$open/program.copy"
	mkfifo "$open/program.copy"
	run "${any[@]}" "$open/program" --install "$open/shared/third"
	fails_with 125 "program.copy: not a regular file" "a copy that is a FIFO: exit 125"
	# A root with nothing but the program, as FROM scratch has it, read-only; /proc is the kernel's.
	root=$TAP_WORK/root
	mkdir -p "$root/proc" "$root/shared"
	install -m 755 "$BIN/secret-exec" "$root/secret-exec"
	# shellcheck disable=SC2016 # expanded by the inner shell
	run unshare --mount --pid --fork bash -c 'mount --bind "$1" "$1" && mount -t proc proc "$1/proc" &&
		mount -t tmpfs tmpfs "$1/shared" && mount -o remount,bind,ro "$1" || exit 99
		chroot "$1" /secret-exec --install /shared || exit 98
		chroot "$1" /shared/secret-exec --version' - "$root"
	if [[ $(ldd "$BIN/secret-exec" 2>/dev/null) == *libc* ]]; then
		ok "a scratch root # SKIP this is not a static build" true
	elif [ "$STATUS" = 99 ]; then
		ok "a scratch root # SKIP no right to mount here" true
	else
		status_is 0 "a read-only root without other files: the program copies itself"
		out_like '^secret-exec ' "a read-only root without other files: the copy can be executed"
	fi
else
	ok "other uids and roots # SKIP only root can make them" true
fi

done_testing

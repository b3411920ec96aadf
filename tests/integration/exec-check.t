#!/bin/bash
# --check ends as a start would: every command that the kernel does not execute is refused, with the same message.
# run: stageless
. "$(dirname "$0")/../tap.sh"
cd "$TAP_WORK" || exit 1
printf 'A=1\n' >app.env
chmod 600 app.env
options=(--allow-plaintext --from-env-file app.env)

# file NAME CONTENT [MODE]
file() {
	printf %b "$2" >"$1"
	chmod "${3-755}" "$1"
}
# same STATUS COMMAND...: --check and a start end alike.
same() {
	local wanted=$1 started
	shift
	run "$BIN/secret-exec" "${options[@]}" -- "$@"
	started="$STATUS ${ERR#*$'\n'}"
	run "$BIN/secret-exec" "${options[@]}" --check -- "$@"
	is "$STATUS" "$wanted" "$*: status"
	is "$STATUS ${ERR#*$'\n'}" "$started" "$*: as when it is started"
}
file no-interpreter '#!/nowhere/sh\necho ran\n'
file crlf '#!/bin/sh\r\necho ran\r\n'
file directory-interpreter '#!/tmp\n'
file plain '' 644
file plain-interpreter "#!$TAP_WORK/plain\n"
file no-line 'echo ran\n'
file empty ''
file no-name '#!\necho ran\n'
file blank-name "#!$(printf '%300s' '')\n"
file long-name "#!/$(printf '%300s' '' | tr ' ' a)\n"
file binary '\0177ELF\02\01\01 is not one'
head -c 100 /bin/sh >truncated
chmod 755 truncated
cp /bin/true foreign
printf '\377\376' | dd of=foreign bs=1 seek=18 conv=notrunc 2>/dev/null
sed 's|/lib64/ld-linux-x86-64.so.2|/lib64/ld-nowhere-64.so.2|;s|/lib/ld-linux-aarch64.so.1|/lib/ld-nowhere-h64.so.1|' /bin/true >no-loader
chmod 755 no-loader
file loop-0 '#!/bin/sh\necho ran\n'
for i in 1 2 3 4 5 6 7; do file "loop-$i" "#!$TAP_WORK/loop-$((i - 1))\n"; done
mkdir folder
ln -s nowhere dangling
ln -s itself itself
for name in no-interpreter crlf no-loader dangling; do same 127 "./$name"; done
for name in directory-interpreter plain plain-interpreter no-line empty no-name blank-name long-name binary truncated foreign loop-7 folder itself; do
	same 126 "./$name"
done
same 127 ''
same 127 ./plain/x
for name in no-interpreter crlf; do PATH=$TAP_WORK:$PATH same 127 "$name"; done
for name in no-line plain-interpreter foreign; do PATH=$TAP_WORK:$PATH same 126 "$name"; done
PATH=$TAP_WORK/folder:$PATH same 127 there-is-no-such-program

# A command that can run passes, and is not run.
file script '#!/bin/sh\ntouch ran\n'
file relative '#!./script\n'
file argument '#! /bin/sh -e\ntouch ran\n'
file closed '#!/bin/sh\ntouch ran\n'
ln -s script link
for name in ./script ./relative ./argument ./loop-3 ./link /bin/true true; do
	run "$BIN/secret-exec" "${options[@]}" --check -- "$name"
	like "$STATUS $ERR" '^0 .*check passed: 1 variables: A$' "$name: passes"
done
ok "and nothing was run" test ! -e ran
run "$BIN/secret-exec" "${options[@]}" --fd 3 --check -- ./script
status_is 0 "a command with a pipe: the check passes"
is "$(pgrep -f "^(/bin/sh )?./script" || true)" "" "no process of the check remains"

if unshare --user --map-root-user --mount true 2>/dev/null; then
	run unshare --user --map-root-user --mount sh -c 'mkdir noexec && mount -t tmpfs -o noexec tmpfs noexec && cp script noexec &&
		exec "$@"' - "$BIN/secret-exec" "${options[@]}" --check -- ./noexec/script
	like "$STATUS $ERR" '^126 .*/noexec/script: Permission denied' "a command on a noexec mount: exit 126"
fi
# If tracing is not allowed, the permission is checked.
ASAN_OPTIONS=detect_leaks=0 run strace -f -o /dev/null -e trace=ptrace -e inject=ptrace:error=EPERM "$BIN/secret-exec" "${options[@]}" --check -- ./plain
like "$STATUS $ERR" '^126 .*/plain: Permission denied' "without ptrace: the permission is checked"
ASAN_OPTIONS=detect_leaks=0 run strace -f -o /dev/null -e trace=ptrace -e inject=ptrace:error=EPERM "$BIN/secret-exec" "${options[@]}" --check -- ./script
status_is 0 "without ptrace: a script passes"

done_testing

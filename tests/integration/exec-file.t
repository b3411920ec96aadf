#!/bin/bash
# --file KEY=PATH: one value as a file, in memory, with its owner and mode, whole or not at all.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

memory=$(mktemp -d /dev/shm/exec-file.XXXXXX)
at_end "rm -rf $memory"
is "$(stat -f -c %T "$memory")" tmpfs "/dev/shm is a tmpfs, which the tests below need"
left() { find "$memory" -mindepth 1 -printf '%P\n' | sort | xargs; }

printf 'two\nlines \0\xff' >"$TAP_WORK/bytes"
"$BIN/secret-seal" --transit-key aes256-key --from-file "tls.key=$TAP_WORK/bytes" --from-literal A=plain app >/dev/null
exec_app() { as_pod app "$BIN/secret-exec" --secret app "$@"; }

run exec_app --file "tls.key=$memory/key" -- cmp "$memory/key" "$TAP_WORK/bytes"
status_is 0 "the file holds the value's bytes"
run stat -c '%a %u:%g %F' "$memory/key"
out_is "400 $(id -u):$(id -g) regular file" "the file has mode 0400 and our owner"
is "$(left)" key "the folder has no other file"
run exec_app --file "tls.key=$memory/key" -- sh -c 'echo "$A"; env'
out_like $'^plain\n' "with --file, the secrets that it does not name are in the environment"
out_unlike 'tls.key=' "the secret in the file is not in the environment"

# The key is the name in the Secret: it need not be valid for a variable, and two files may have it.
rm "$memory/key"
run exec_app --file "A=$memory/one" --file "A=$memory/two" --file "tls.key=$memory/key" -- cat "$memory/one" "$memory/two"
out_is plainplain "one value may go to two files"
cd "$memory" || exit 1
run exec_app --file "A=relative" --file "tls.key=$memory/key" -- cat relative
out_is plain "a relative path begins at the working directory"
cd "$OLDPWD" || exit 1

run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" --file-mode 0440 -- stat -c %a "$memory/one"
out_is 440 "--file-mode sets the mode"
umask 077
run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" --file-mode 644 -- sh -c 'stat -c %a "$1"; umask' - "$memory/one"
out_is $'644\n0077' "--file-mode is independent of the umask, which is not changed"
umask 022
if [ "$(id -u)" = 0 ]; then
	run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" --file-owner 1000:2000 -- stat -c '%u:%g %a' "$memory/one"
	out_is "1000:2000 400" "--file-owner UID:GID sets both"
	run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" --file-owner 1000 -- stat -c '%u:%g' "$memory/one"
	out_is "1000:0" "--file-owner UID sets the user"
	run setpriv --bounding-set=-all --inh-caps=-all "$BIN/secret-exec" --secret app --file "A=$memory/one" \
		--file "tls.key=$memory/key" --file-owner 1000 -- true
	fails_with 125 '--file A=.*changing the owner: Operation not permitted; run it as root' "--file-owner without the right: exit 125"
fi

# -- an existing file at the path

echo old >"$memory/one"
exec 8<"$memory/one"
run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" -- cat "$memory/one"
out_is plain "an existing file is replaced"
is "$(cat <&8)" old "an existing file is not overwritten: an open descriptor reads the old bytes"
exec 8<&-
echo target >"$memory/target"
ln -sf "$memory/target" "$memory/one"
run exec_app --file "A=$memory/one" --file "tls.key=$memory/key" -- stat -c %F "$memory/one"
out_is "regular file" "a symbolic link is replaced"
is "$(cat "$memory/target")" target "the target of a symbolic link is not changed"
rm -rf "${memory:?}"/*

mkdir "$memory/directory"
run exec_app --file "A=$memory/directory" --file "tls.key=$memory/key" -- true
fails_with 125 "--file A=$memory/directory: $memory/directory: is a directory" "a directory at the path: exit 125"
mkfifo "$memory/fifo"
run exec_app --file "A=$memory/fifo" --file "tls.key=$memory/key" -- true
fails_with 125 'not a regular file' "a device at the path: exit 125"
rm -r "${memory:?}"/*

# -- places

run exec_app --file "A=$memory/nowhere/a" --file "tls.key=$memory/key" -- true
fails_with 125 "--file A=$memory/nowhere/a: $memory/nowhere: No such file or directory; mount an emptyDir volume with \"medium: Memory\" there" \
	"a missing directory: exit 125, with the advice to mount one"
run exec_app --file "A=/proc/self/a" --file "tls.key=$memory/key" -- true
fails_with 125 '/proc/self/a: not on tmpfs, so the secret would reach a disk; mount an emptyDir .*or pass --allow-disk' "a path that is not on tmpfs: exit 125"
disk=$(mktemp -d "$PWD/build/exec-file.XXXXXX" 2>/dev/null || mktemp -d)
at_end "rm -rf $disk"
run exec_app --file "A=$disk/a" --file "tls.key=$memory/key" --allow-disk -- cat "$disk/a"
out_is plain "a path on a disk with --allow-disk: written"
rm -f "$memory/key"
run exec_app --file "A=$memory/a" --file "tls.key=$memory/./a" -- true
fails_with 125 "--file tls.key=$memory/./a: another --file has the same path" "two values with one path: exit 125"
is "$(left)" "" "failures leave no file"

# -- a start that fails

run exec_app --file "A=$memory/a" --file "tls.key=$memory/key" -- /no/such/command
status_is 127 "a command that does not exist: exit 127"
is "$(left)" "" "a command that does not exist: no file is left"
echo '#!/no/such/interpreter' >"$TAP_WORK/script"
chmod +x "$TAP_WORK/script"
run exec_app --file "A=$memory/a" --file "tls.key=$memory/key" -- "$TAP_WORK/script"
is "$(left)" "" "a command whose interpreter is missing: no file is left"
run exec_app --file "A=$memory/a" --file "tls.key=$memory/key" --check -- true
status_is 0 "--check with --file passes"
is "$(left)" "" "--check makes no file"
echo old >"$memory/a"
run exec_app --file "A=$memory/a" --file "tls.key=$memory/key" --check -- true
is "$(left):$(cat "$memory/a")" a:old "--check does not change an existing file"
rm "$memory/a"
mkdir "$memory/a"
run exec_app --file "tls.key=$memory/key" --file "A=$memory/a/" -- true
fails_with 125 "not the path of a file" "a path without a file name: exit 125"
run exec_app --file "tls.key=$memory/key" --file "A=$memory/b" --fd 700=A -- sh -c true
status_is 0 "several deliveries of one value"
rm -r "${memory:?}"/*

# -- refusals

run exec_app --file "B=$memory/b" -- true
fails_with 125 "--file B=$memory/b: no secret \"B\"; use one of: A, tls.key\$" "an unknown key: exit 125, with the names"
for wrong in '' A A= =/x; do
	run exec_app --file "$wrong" -- true
	fails_with 125 "--file \"$wrong\": not valid; write KEY=PATH" "--file '$wrong'"
done
for wrong in 8 1777 u=r 04000 -1; do
	run exec_app --file "A=$memory/a" --file-mode "$wrong" -- true
	fails_with 125 "--file-mode \"$wrong\"" "--file-mode $wrong"
done
for wrong in root 1: :1 1:2:3 4294967295; do
	run exec_app --file "A=$memory/a" --file-owner "$wrong" -- true
	fails_with 125 "--file-owner \"$wrong\"" "--file-owner $wrong"
done
is "$(left)" "" "no file is left"

done_testing

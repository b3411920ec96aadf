#!/bin/bash
# While secrets are in its memory nobody of the same user can look into the launcher, and it leaves no core dump.
# run: stageless
. "$(dirname "$0")/../tap.sh"
: "${BIN:?the folder of the built programs}"
[ "$(id -u)" = 0 ] || skip_all "it starts programs as another user"

# A user who is nobody, for whom /proc has the same rules as for any.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 711 "$TAP_WORK"
install -m 0755 "$BIN/secret-exec" "$TAP_WORK/secret-exec"
looks() { "${nobody[@]}" head -c 1 "/proc/$1/$2" >/dev/null 2>&1; }

"${nobody[@]}" sleep 600 &
other=$!
at_end "kill $other 2>/dev/null"
until_true looks "$other" environ
ok "a program's environment can be read by its user" looks "$other" environ

# In the middle of a start, with a token: it waits for an answer.
silent_server
A=vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA VAULT_TOKEN=t VAULT_ADDR=http://127.0.0.1:$SILENT_PORT \
	"${nobody[@]}" "$TAP_WORK/secret-exec" --transit-key k -- "$(command -v sleep)" 600 >/dev/null 2>&1 &
launcher=$!
at_end "kill $launcher 2>/dev/null"
silent_connected
ok "the launcher is at work" [ "$(readlink "/proc/$launcher/exe")" = "$TAP_WORK/secret-exec" ]
for file in environ auxv maps; do
	ok "its $file can't be read, so that nobody attaches either" eval "! looks $launcher $file"
done
is "$(stat -c %u "/proc/$launcher/maps")" 0 "to the kernel it is not dumpable: its files in /proc are root's"
is "$(stat -c %u "/proc/$other/maps")" 65534 "unlike those of other programs"
done_testing

#!/bin/bash
# --fd N: the secrets come over an inherited pipe that is filled before the application starts.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plain --from-literal "B=it's \"two\" lines" app >/dev/null

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'cat <&5'
status_is 0 "an application reads the pipe to its end"
out_is '{"A":"plain","B":"it'\''s \"two\" lines"}' "the pipe contains JSON"

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'echo "$SECRETS_FD ${A-unset}"'
out_is "5 unset" "SECRETS_FD has the pipe's number, and the environment no secret"

run as_pod app "$BIN/secret-exec" --secret app --fd 5:dotenv -- true
fails_with 125 'data key B: the value of B has line breaks, quotes, .*readers of dotenv form take differently; use json or nul' \
	"dotenv form: a value that readers interpret differently is refused"
run as_pod app "$BIN/secret-exec" --secret app --only A --fd 5:dotenv -- sh -c 'eval "$(cat <&5)"; echo "$A"'
out_is plain "dotenv form can be read by a shell"

run as_pod app "$BIN/secret-exec" --secret app --fd 5:nul -- sh -c 'tr "\0" "\n" <&5'
out_is $'A=plain\nB=it\'s "two" lines' "nul form is the form of /proc/PID/environ"

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'cat <&5 >/dev/null; cat <&5; echo end'
out_is end "a pipe that has been read is empty"

head -c 700000 /dev/zero | tr '\0' x >"$TAP_WORK/large"
"$BIN/secret-seal" --transit-key aes256-key --from-file "LARGE=$TAP_WORK/large" large >/dev/null
run "$BIN/secret-exec" --secret large --fd 5 -- sh -c 'wc -c <&5'
out_is 700012 "700,000 bytes fit, without a writing process"
run "$BIN/secret-exec" --secret large -- true
fails_with 125 'LARGE has 700000 bytes.*--fd' "700,000 bytes as a variable: exit 125, with --fd"

"$BIN/secret-seal" --transit-key aes256-key --from-file "NUL=/dev/stdin" nul < <(printf 'a\0b') >/dev/null
run "$BIN/secret-exec" --secret nul -- true
fails_with 125 'NUL contains a NUL byte.*--fd N=NUL' "a NUL byte as a variable: exit 125"
run "$BIN/secret-exec" --secret nul --fd 5 -- sh -c 'cat <&5'
out_is '{"NUL":"a\u0000b"}' "a NUL byte in JSON: delivered"
run "$BIN/secret-exec" --secret nul --fd 5:nul -- true
fails_with 125 'NUL byte, which ends a value in nul form; deliver it alone.*--fd N=NUL' "a NUL byte in nul form: exit 125"

"$BIN/secret-seal" --transit-key aes256-key --from-literal PATH=/tmp/evil path >/dev/null
for form in dotenv nul; do
	run "$BIN/secret-exec" --secret path --fd "5:$form" -- true
	fails_with 125 'refusing to set PATH.*--allow-env PATH' "$form, which becomes an environment, holds no dangerous name"
done
run "$BIN/secret-exec" --secret path --fd 5 -- sh -c 'cat <&5'
out_is '{"PATH":"/tmp/evil"}' "a dangerous name in JSON: delivered"

run "$BIN/secret-exec" --secret nul --fd 5=NUL -- sh -c 'od -An -c <&5'
out_is '   a  \0   b' "--fd N=KEY: the bytes are delivered unchanged"

# -- several pipes

run as_pod app "$BIN/secret-exec" --secret app --fd 5=A --fd 6=B --fd 7=A -- \
	sh -c 'cat <&5; echo; cat <&6; echo; cat <&7; echo; echo "${SECRETS_FD-none} ${A-unset} ${B-unset}"'
out_is $'plain\nit\'s "two" lines\nplain\nnone unset unset' "each value can have its own pipe, one value two pipes"
run as_pod app "$BIN/secret-exec" --secret app --fd 6 --fd 5=A -- sh -c 'cat <&5; echo; cat <&6; echo "$SECRETS_FD"'
out_is $'plain\n{"B":"it\'s \\"two\\" lines"}6' "a value with its own pipe is not in the pipe for all"
run as_pod app "$BIN/secret-exec" --secret app --fd 5 --env B -- sh -c 'echo "$B"; cat <&5'
out_is $'it\'s "two" lines\n{"A":"plain"}' "--env keeps the selected names in the environment"
run as_pod app env MY_PIPE=9 "$BIN/secret-exec" --secret app --fd 5 --fd-variable MY_PIPE -- env
is "$(grep -E '^(MY_PIPE|SECRETS_FD)=' <<<"$OUT")" MY_PIPE=5 "--fd-variable names the variable, which is set once"
run env VAULT_ADDR=https://nowhere.invalid "$BIN/secret-exec" --secret app --fd 5 --fd-variable 'MY PIPE' -- true
fails_with 125 '--fd-variable "MY PIPE"' "--fd-variable with an invalid name: refused before any server is contacted"
run as_pod app env SECRET_EXEC_FD=5:nul,6=A "$BIN/secret-exec" --secret app -- sh -c 'cat <&6; tr "\0" "\n" <&5'
out_is $'plainB=it\'s "two" lines' "SECRET_EXEC_FD names several pipes"

run as_pod app "$BIN/secret-exec" --secret app --fd 5 --fd 6:nul -- true
fails_with 125 '--fd 5 and --fd 6:nul: only one can take all' "a second pipe for all: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --fd 5=A --fd 5=B -- true
fails_with 125 "--fd 5=A and --fd 5=B: same number" "one number twice: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --fd 5=C -- true
fails_with 125 '--fd 5=C: no secret "C"; use one of: A, B$' "an unknown key: exit 125, with the names"
run as_pod app env -u VAULT_ADDR "$BIN/secret-exec" --secret app --fd 5=A --fd 5=B -- true
fails_with 125 "same number" "an option that is wrong by itself: refused before any server is contacted"

run as_pod app ls -1 /proc/self/fd
without=$OUT
run as_pod app "$BIN/secret-exec" --secret app --fd 5 --fd 9=A -- ls -1 /proc/self/fd
is "$(printf '%s\n' $OUT | sort -n)" "$(printf '%s\n' $without 5 9 | sort -n)" "the application inherits no other descriptor"

head -c 900000 /dev/urandom | base64 -w0 | head -c 785000 >"$TAP_WORK/large2"
"$BIN/secret-seal" --transit-key aes256-key --from-file "LARGE2=$TAP_WORK/large2" large2 >/dev/null
# With the capability SYS_RESOURCE the kernel gives any size.
without=()
[ "$(id -u)" != 0 ] || without=(setpriv --bounding-set=-all --inh-caps=-all)
run "${without[@]}" "$BIN/secret-exec" --secret large --secret large2 --fd 5 -- true
fails_with 125 '--fd 5: the kernel refuses a pipe of 1485024 bytes.*use --memfd' "more than a pipe can contain: the message names --memfd"

for wrong in 2 1024 x 5:xml 5: ''; do
	run as_pod app "$BIN/secret-exec" --secret app --fd "$wrong" -- true
	fails_with 125 '--fd' "--fd '$wrong' is refused"
done
run as_pod app bash -c 'exec 5</dev/null; exec "$@"' - "$BIN/secret-exec" --secret app --fd 5 -- true
fails_with 125 '--fd 5: descriptor is already open' "a descriptor that is in use: exit 125"

done_testing

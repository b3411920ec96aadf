#!/bin/bash
# --memfd: the secrets are in a sealed file in memory, whose path is an argument of the application.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plain --from-literal "B=it's two" app >/dev/null

run as_pod app "$BIN/secret-exec" --secret app --memfd :json -- cat {}
status_is 0 "an application reads the memfd by its path"
out_is '{"A":"plain","B":"it'\''s two"}' ":json contains all secrets as JSON"
run as_pod app "$BIN/secret-exec" --secret app --memfd :dotenv -- sh -c '. "$1"; echo "$A/$B"' - {}
out_is "plain/it's two" ":dotenv can be sourced by a shell"
run as_pod app "$BIN/secret-exec" --secret app --memfd :nul -- tr '\0' '\n' '<' {}
status_is 1 "arguments are not interpreted by a shell"
run as_pod app "$BIN/secret-exec" --secret app --memfd :nul -- sh -c 'tr "\0" "\n" <"$1"' - {}
out_is $'A=plain\nB=it\'s two' ":nul contains all secrets in nul form"
run as_pod app "$BIN/secret-exec" --secret app --memfd :json -- sh -c 'cat "$1" "$1" | wc -c; env' - {}
out_like $'^56\n' "a memfd can be read repeatedly"
out_unlike 'plain|SECRETS_FD' "secrets in a memfd are not in the environment"

run as_pod app "$BIN/secret-exec" --secret app --memfd A -- sh -c 'echo "$1 $B ${A-unset}"; cat "${1#--config=}"' - --config={}
out_like $'^--config=/proc/self/fd/[0-9]+ it\'s two unset\nplain$' "one value, with {} inside an argument"
run as_pod app "$BIN/secret-exec" --secret app --memfd A --memfd B -- sh -c 'cat "$1"; echo; cat "$2"' - '{B}' '{A}'
out_is $'it\'s two\nplain' "several memfds are named by their keys"
run as_pod app "$BIN/secret-exec" --secret app --memfd A --memfd :json -- sh -c 'cat "$1"; echo; cat "$2"' - '{A}' {}
out_is $'plain\n{"B":"it\'s two"}' "{} is the memfd of all others"
run as_pod app "$BIN/secret-exec" --secret app --fd 3 --fd 4=A --memfd B -- sh -c 'echo "$1"; cat <&3; cat <&4; cat "$1"' - '{B}'
out_like $'^/proc/self/fd/([5-9]|[0-9]{2,})\n\\{\\}plainit\'s two$' "a memfd does not get the number of a pipe"
run as_pod app "$BIN/secret-exec" --secret app -- echo {} '{A}'
out_is "{} {A}" "without --memfd, braces are not changed"

# The application cannot change it.
run as_pod app "$BIN/secret-exec" --secret app --memfd A -- /usr/bin/python3 -IS -c '
import fcntl, os, sys
fd = int(sys.argv[1].rsplit("/", 1)[1])
status = os.fstat(fd)
def fails(call, *arguments):
    try:
        call(*arguments)
        return "worked"
    except OSError as problem:
        return problem.strerror
print(oct(status.st_mode & 0o7777), os.lseek(fd, 0, os.SEEK_CUR))
print(fcntl.fcntl(fd, fcntl.F_GET_SEALS) & 0xF)
print(fails(os.write, fd, b"x"), fails(os.ftruncate, fd, 0), fails(os.ftruncate, fd, 9), sep=", ")
print(fails(fcntl.fcntl, fd, fcntl.F_ADD_SEALS, 16))
print(os.path.basename(os.readlink("/proc/self/fd/%d" % fd)))
' {}
out_is $'0o400 0\n15\nOperation not permitted, Operation not permitted, Operation not permitted\nOperation not permitted\nmemfd:secrets (deleted)' \
	"mode 0400, offset 0, sealed against writing, growing, shrinking and further seals"

run as_pod app ls -1 /proc/self/fd
without=$OUT
run as_pod app "$BIN/secret-exec" --secret app --memfd A -- ls -1 /proc/self/fd {}
like "$OUT" $'^/proc/self/fd/[0-9]+\n' "the application inherits the memfd"
is "$(sed -n '/^\/proc\/self\/fd:/,$p' <<<"$OUT" | grep -c '^[0-9]*$')" "$(($(wc -l <<<"$without") + 1))" \
	"the application inherits no other descriptor"

# -- sizes and bytes

head -c 786000 /dev/urandom >"$TAP_WORK/large"
"$BIN/secret-seal" --transit-key aes256-key --from-file "LARGE=$TAP_WORK/large" large >/dev/null
run "$BIN/secret-exec" --secret large --memfd LARGE -- cmp {} "$TAP_WORK/large"
status_is 0 "786,000 random bytes are delivered unchanged"
run "$BIN/secret-exec" --secret large --memfd :json -- cat {}
fails_with 125 'the value of LARGE is not UTF-8, which JSON requires; deliver it alone with .*--memfd LARGE' "binary data in JSON: exit 125, with --memfd KEY"
run "$BIN/secret-exec" --secret large --memfd :dotenv -- cat {}
fails_with 125 'the value of LARGE (is binary|contains a NUL byte).*dotenv form' "binary data in dotenv form: exit 125"

# -- other braces

run as_pod app "$BIN/secret-exec" --secret app --memfd A -- sh -c 'A=shell; echo "${A} {} {\"A\": {}}"; cat "$1"' - {}
out_is $'shell {} {"A": {}}\nplain' "braces within an argument are not changed"
run as_pod app "$BIN/secret-exec" --secret app --memfd A -- sh -c 'cat {memfd} {memfd:A}'
out_is plainplain "{memfd} and {memfd:KEY} within an argument are replaced"
run as_pod app "$BIN/secret-exec" --secret app --memfd A -- find "$BIN" -name secret-exec -exec sh -c 'echo "${1##*/}"; cat "$2"' - '{{}}' '{A}' ';'
out_is $'secret-exec\nplain' "{{}} becomes {}"
run "$BIN/secret-exec" --memfd A --print-config -- find . -exec cat '{{}}' {} ';' -name 'a b' --config={}
status_is 0 "--print-config with a command passes"
out_like $'\ncommand: find \\. -exec cat \'\\{\\}\' /proc/self/fd/N \';\' -name \'a b\' --config=/proc/self/fd/N$' "--print-config shows the command with its placeholders replaced"
run "$BIN/secret-exec" --memfd A --print-config -- cat 'x{}'
status_is 125 "--print-config without a placeholder for a memfd: exit 125"
err_like '--memfd A: no place for its path' "--print-config names the memfd without a placeholder"

# -- refusals

run as_pod app "$BIN/secret-exec" --secret app --memfd A -- cat
fails_with 125 '--memfd A: no place for its path in the command; write \{\} as an argument' "a command without a placeholder: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --memfd A --memfd B -- cat '{A}'
fails_with 125 '--memfd B: .*write \{B\}' "one of two placeholders is missing: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --memfd A --memfd B -- cat '{A}' '{B}' {}
fails_with 125 '\{\} in the command: ambiguous with 2 memfds' "{} with two memfds: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --memfd C -- cat {}
fails_with 125 '--memfd C: no secret "C"; use one of: A, B$' "an unknown key: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --memfd A --memfd A -- cat {}
fails_with 125 '--memfd A: given twice' "one key twice: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --memfd :json --memfd :nul -- cat {}
fails_with 125 'only one can take all variables' "two memfds for all: exit 125"
for wrong in '' : :xml; do
	run as_pod app "$BIN/secret-exec" --secret app --memfd "$wrong" -- cat {}
	fails_with 125 "--memfd \"$wrong\"" "--memfd '$wrong'"
done
"$BIN/secret-seal" --transit-key aes256-key --from-literal LD_PRELOAD=/evil.so danger >/dev/null
run "$BIN/secret-exec" --secret danger --memfd :dotenv -- cat {}
fails_with 125 'refusing to set LD_PRELOAD' "a dangerous name in dotenv form: exit 125"
run "$BIN/secret-exec" --secret danger --memfd :json -- cat {}
out_is '{"LD_PRELOAD":"/evil.so"}' "a dangerous name in JSON: delivered"

done_testing

#!/bin/bash
# The clients of docs/examples read what secret-exec hands over a pipe.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
examples=$(cd "$(dirname "$0")/../../docs/examples" && pwd)

password=$'it\'s "two", $HOME `x` \\ and ünïcödé'
"$BIN/secret-seal" --transit-key aes256-key --from-literal FIRST=1 --from-literal "PASSWORD=$password" --from-literal LAST= app >/dev/null

run "${CC:-cc}" -Wall -Wextra -Werror -o "$TAP_WORK/read-pipe" "$examples/read-pipe.c"
status_is 0 "C: it compiles without a warning"
run as_pod app "$BIN/secret-exec" --secret app --fd 3:nul -- "$TAP_WORK/read-pipe" PASSWORD
out_is "$password" "C: the secret"
run as_pod app "$BIN/secret-exec" --secret app --fd 3:nul -- "$TAP_WORK/read-pipe" LAST
is "$STATUS$OUT" 0 "C: one that is empty"
run as_pod app "$BIN/secret-exec" --secret app --fd 3:nul -- "$TAP_WORK/read-pipe" NONE
status_is 1 "C: one that is not there"

run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- /usr/bin/python3 "$examples/read-pipe.py" PASSWORD
out_is "$password" "Python: the secret"
run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- /usr/bin/python3 "$examples/read-pipe.py" LAST
is "$STATUS$OUT" 0 "Python: one that is empty"
run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- /usr/bin/python3 "$examples/read-pipe.py" NONE
status_is 1 "Python: one that is not there"

run as_pod app "$BIN/secret-exec" --secret app --fd 3:dotenv -- "$examples/read-pipe.sh"
out_is "$password" "shell: the secret"
# What it starts: nothing but what it had.
sed 's/^printf.*/env; ls -l \/proc\/self\/fd/' "$examples/read-pipe.sh" >"$TAP_WORK/child.sh"
run as_pod app "$BIN/secret-exec" --secret app --fd 9:dotenv -- sh "$TAP_WORK/child.sh"
status_is 0 "shell: it starts a program"
out_unlike 'PASSWORD=|FIRST=' "shell: which gets no secret by itself"
out_unlike ' 9 -> pipe' "shell: and no pipe"

if type -P go >/dev/null; then
	run env GOTOOLCHAIN=local GOFLAGS= go build -o "$TAP_WORK/read-pipe-go" "$examples/read-pipe.go"
	status_is 0 "Go: it compiles"
	is "$(gofmt -l "$examples/read-pipe.go")" "" "Go: as gofmt has it"
	run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- "$TAP_WORK/read-pipe-go" PASSWORD
	out_is "$password" "Go: the secret"
	run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- "$TAP_WORK/read-pipe-go" LAST
	is "$STATUS$OUT" 0 "Go: one that is empty"
	run as_pod app "$BIN/secret-exec" --secret app --fd 3 -- "$TAP_WORK/read-pipe-go" NONE
	status_is 1 "Go: one that is not there"
else
	ok "Go: the secret # SKIP go is not installed" true
fi

done_testing

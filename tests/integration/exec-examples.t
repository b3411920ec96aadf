#!/bin/bash
# The applications of deploy/examples/pipe read their values from a pipe of secret-exec, to the byte, and end on SIGTERM.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
examples=$(cd "$(dirname "$0")/../../deploy/examples/pipe" && pwd)

password=$'it\'s "two", $HOME `x` \\ and ünïcödé'
"$BIN/secret-seal" --transit-key aes256-key --from-literal FIRST=1 --from-literal "DB_PASSWORD=$password" --from-literal LAST= app >/dev/null
characters=$(LC_ALL=C.UTF-8; echo ${#password})
bytes=$(LC_ALL=C; echo ${#password})

# launch FORMAT COMMAND...
launch() {
	local format=$1
	shift
	run as_pod app "$BIN/secret-exec" --secret app --fd "9:$format" -- "$@"
}
# prints NAME FORMAT LINES COMMAND...: the application prints these lines, and SIGTERM ends it with status 0.
prints() {
	local name=$1 format=$2 lines=$3 printed=$TAP_WORK/printed-$1
	shift 3
	# Not by as_pod: the signal is for the application, and not for a shell around it.
	"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app" \
		"$BIN/secret-exec" --secret app --fd "9:$format" -- "$@" >"$printed" 2>&1 &
	local pid=$!
	until_true grep -q '^DB_PASSWORD' "$printed"
	kill "$pid"
	run wait "$pid"
	is "$STATUS $(sort "$printed")" "0 $lines" "$name: the application prints the values' lengths, and ends on SIGTERM"
}
# reads NAME FORMAT COMMAND...: a program that prints the secret it is asked for, made of the application.
reads() {
	local name=$1
	shift
	launch "$@" DB_PASSWORD
	out_is "$password" "$name: the secret"; [ "$STATUS" = 0 ] || tap_note "$ERR"
	launch "$@" LAST
	is "$STATUS$OUT" 0 "$name: one that is empty"
	launch "$@" NONE
	status_is 1 "$name: one that is not there"
}

# -- C --------------------------------------------------------------------------------------------------

run "${CC:-cc}" -Wall -Wextra -Werror -o "$TAP_WORK/app" "$examples/c/app.c"
status_is 0 "C: it compiles without a warning"
prints C nul "DB_PASSWORD: $bytes bytes"$'\nFIRST: 1 bytes\nLAST: 0 bytes' "$TAP_WORK/app"
cat >"$TAP_WORK/print.c" <<-'PRINT'
	#define main application
	#include "app.c"
	#undef main
	int main(int argc, char **argv)
	{
		FILE *pipe = open_secrets();
		size_t length = strlen(argv[argc - 1]);
		int status = 1;
		char *secret;
		while ((secret = next_secret(pipe))) {
			if (strncmp(secret, argv[1], length) == 0 && secret[length] == '=')
				status = puts(secret + length + 1) < 0;
			forget_secret(secret);
		}
		return status;
	}
PRINT
"${CC:-cc}" -I"$examples/c" -o "$TAP_WORK/print" "$TAP_WORK/print.c"
reads C nul "$TAP_WORK/print"

# -- Python ---------------------------------------------------------------------------------------------

prints Python json "DB_PASSWORD: $characters characters"$'\nFIRST: 1 characters\nLAST: 0 characters' /usr/bin/python3 "$examples/python/app.py"
reads Python json env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$examples/python" /usr/bin/python3 -c '
import os, sys
from app import read_secrets
secrets = read_secrets()
sys.exit(1) if sys.argv[1] not in secrets or "SECRETS_FD" in os.environ else print(secrets[sys.argv[1]])'

# -- shell ----------------------------------------------------------------------------------------------

# Its format accepts only values that all readers of .env files read alike.
launch dotenv true
fails_with 125 'DB_PASSWORD has line breaks, quotes' "shell: a value with quotes and backslashes is refused"
password=$'two words, $HOME # `x` and ünïcödé'
"$BIN/secret-seal" --set "DB_PASSWORD=$password" app >/dev/null
characters=$(LC_ALL=C.UTF-8; echo ${#password})
bytes=$(LC_ALL=C; echo ${#password})
prints shell dotenv "DB_PASSWORD: $characters characters" env LC_ALL=C.UTF-8 bash "$examples/shell/app"
# Its children get only the variables that it had.
sed 's/^while.*/env; ls -l \/proc\/self\/fd; printf "%s\\n" "$DB_PASSWORD"; exit/' "$examples/shell/app" >"$TAP_WORK/child"
launch dotenv sh "$TAP_WORK/child"
is "${OUT##*$'\n'}" "$password" "shell: it prints the secret"
out_unlike 'DB_PASSWORD=|FIRST=|SECRETS_FD=' "shell: its child gets no secret"
out_unlike ' 9 -> pipe' "shell: its child gets no pipe"

# -- Go -------------------------------------------------------------------------------------------------

if type -P go >/dev/null; then
	export GOTOOLCHAIN=local GOFLAGS=
	run go build -o "$TAP_WORK/app-go" "$examples/go/app.go"
	status_is 0 "Go: it compiles"
	is "$(gofmt -l "$examples/go/app.go")" "" "Go: formatted by gofmt"
	prints Go json "DB_PASSWORD: $bytes bytes"$'\nFIRST: 1 bytes\nLAST: 0 bytes' "$TAP_WORK/app-go"
	sed 's/for name, secret := range secrets/if secret, found := secrets[os.Args[1]]; found/
		s/fmt.Printf(.*/fmt.Println(secret); os.Exit(0)/; s/<-stop/os.Exit(1)/' "$examples/go/app.go" >"$TAP_WORK/print.go"
	go build -o "$TAP_WORK/print-go" "$TAP_WORK/print.go"
	reads Go json "$TAP_WORK/print-go"
else
	ok "Go: the secret # SKIP go is not installed" true
fi

done_testing

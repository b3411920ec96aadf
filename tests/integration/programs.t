#!/bin/bash
# What all programs have in common: --help, --version, the log's form.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

for program in secret-exec secret-seal secret-rotate secret-dev; do
	run "$BIN/$program" --help
	status_is 0 "$program --help"
	out_like "^usage: $program " "its usage on stdout"
	run "$BIN/$program" --version
	status_is 0 "$program --version"
	out_like "^$program [0-9]+\.[0-9]+\.[0-9]+.*" "its version"
	run "$BIN/$program" --no-such-option
	like "$STATUS" '^(2|125)$' "an unknown option: its status"
	like "$ERR" "^$program: unknown option --no-such-option: see $program --help\$" "and its message"
done

run env -u VAULT_ADDR "$BIN/secret-exec" --log-format json -- true
status_is 125 "--log-format json"
line=$ERR
OUT=$line
is "$(field level)/$(field program)" error/secret-exec "is one JSON object a line"
like "$(field message)" "nothing to decrypt" "with the message"
run "$BIN/secret-exec" --log-format xml -- true
fails_with 125 'write text or json' "another form is refused"

run "$BIN/secret-seal" --help
out_like 'VAULT_TOKEN' "the token's variable is listed"
out_unlike '--vault-token' "but not as an option"

done_testing

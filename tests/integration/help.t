#!/bin/bash
# --help is one screen with the usual options, --help=all lists every option; "help" and "version" are words too.
. "$(dirname "$0")/../tap.sh"
: "${BIN:?the folder of the built programs}"

for program in secret-exec secret-seal secret-rotate; do
	run "$BIN/$program" --help
	help=$OUT lines=$(wc -l <<<"$OUT")
	ok "$program --help: 24 to 40 lines" test "$lines" -ge 24 -a "$lines" -le 40
	like "$help" $'\n--help=all lists every option' "$program --help: names --help=all"
	run "$BIN/$program" help
	is "$STATUS $OUT" "0 $help" "$program help: as --help"
	run "$BIN/$program" --help=all
	status_is 0 "$program --help=all: exit 0"
	out_like '--vault-capath DIR .*VAULT_CAPATH,BAO_CAPATH' "$program --help=all: every option with all its variables"
	# An option is usual or not, and has the same text in both.
	unknown=
	for option in $(grep -oE '^ +(-., )?--[a-z-]+' <<<"$help" | grep -oE -- '--.*'); do
		[[ $OUT =~ (^|[[:space:]])"$option"[[:space:]] ]] || unknown+=" $option"
	done
	is "$unknown" "" "$program --help: only options of --help=all"
	run "$BIN/$program" --version
	version=$OUT
	run "$BIN/$program" version
	is "$STATUS $OUT" "0 $version" "$program version: as --version"
done
run "$BIN/secret-dev" help
status_is 0 "secret-dev help: exit 0"
out_like '--print-env' "secret-dev help: a short list has all options"
run "$BIN/secret-seal" help edit
out_like '^usage: secret-seal edit ' "secret-seal help COMMAND: the help of the command"
run "$BIN/secret-seal" edit --help=all
out_like '--vault-capath' "secret-seal edit --help=all: every option"
run "$BIN/secret-exec" --help=most
fails_with 125 'option --help: unknown argument; write --help or --help=all$' "another argument of --help: exit 125"

# A command called help can be run.
printf '#!/bin/sh\necho "command $*"\n' >"$TAP_WORK/help"
chmod +x "$TAP_WORK/help"
printf 'A=1\n' >"$TAP_WORK/env"
run env PATH="$TAP_WORK:$PATH" SECRET_EXEC_ALLOW_PLAINTEXT=true SECRET_EXEC_FROM_ENV_FILE="$TAP_WORK/env" "$BIN/secret-exec" -- help
out_is "command " "secret-exec -- help: the command"
run env PATH="$TAP_WORK:$PATH" SECRET_EXEC_ALLOW_PLAINTEXT=true SECRET_EXEC_FROM_ENV_FILE="$TAP_WORK/env" "$BIN/secret-exec" help me
out_is "command me" "secret-exec help with an argument: the command"

done_testing

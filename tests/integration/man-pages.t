#!/bin/bash
# Each man page says what --help says: the same options in the same order, with the same arguments and variables.
. "$(dirname "$0")/../tap.sh"

: "${BIN:?the folder of the built programs}"
pages=$(dirname "$0")/../../docs/man

# The words of "program: command" as an invocation.
invoke() {
	# shellcheck disable=SC2086 # the command is a word of its own, or none
	"$BIN/$1" $2 --help
}
# "-s, --secret ARG" of each option, from --help.
options_of_help() {
	invoke "$1" "$2" | sed -nE 's/^ +((-[a-zA-Z], )?--[a-z0-9-]+( [^ ]+)?)( .*)?$/\1/p'
}
# The same from ".It Fl s , Fl -secret Ar ARG": of a page that has commands, those of the command and those of all.
options_of_page() {
	awk -v command="$2" '
		/^\.Sh ENVIRONMENT/ { exit }
		/^\.Sh COMMANDS/ { commands = 1; next }
		/^\.Sh/ { commands = 0 }
		/^\.Ss/ { ours = $2 == command }
		/^\.It Fl / && (!commands || ours) { sub(/^\.It /, ""); print }' "$1" |
		sed -E -e 's/Fl ([a-zA-Z]) , /-\1, /' -e 's/Fl -/--/' -e 's/ Ar / /'
}
variables_of_help() {
	invoke "$1" "$2" | sed -nE -e '/^usage/d' -e 's/.*\[([A-Z_,]+)\]$/\1/p' -e 's/^  ([A-Z_,]+) .*/\1/p' | tr ',' '\n' | sort -u
}
commands_of_help() { invoke "$1" '' | sed -n '/^Commands/,/^$/ s/^  \([a-z]*\) .*/\1/p'; }

# compare PAGE PROGRAM COMMAND
compare() {
	local page=$1 program=$2 command=$3 name=$2${3:+ $3} missing variable
	options_of_help "$program" "$command" >"$TAP_WORK/help"
	options_of_page "$page" "$command" >"$TAP_WORK/page"
	# A command that asks no server has none of the options of the others.
	[ "$(cat "$TAP_WORK/help")" != "-h, --help" ] || { grep -qxF -- "-h, --help" "$TAP_WORK/page" && return; }
	ok "$name: --help lists options" test "$(wc -l <"$TAP_WORK/help")" -gt 5
	is "$(diff "$TAP_WORK/help" "$TAP_WORK/page")" "" "$program.1 has the options of $name --help"
	missing=
	for variable in $(variables_of_help "$program" "$command"); do
		grep -q "^\.\(It \|Bq \)\?Ev .*\<$variable\>" "$page" || missing+=" $variable"
	done
	is "$missing" "" "$program.1 names the variables of $name --help"
}
for page in "$pages"/*.1; do
	program=$(basename "$page" .1)
	commands=$(commands_of_help "$program")
	if [ -z "$commands" ]; then
		compare "$page" "$program" ''
		continue
	fi
	is "$(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/ s/^\.Ss //p' "$page")" "$commands" "$program.1 has the commands of --help"
	for command in $commands; do compare "$page" "$program" "$command"; done
done
ok "there is a page" test "$TAP_COUNT" -gt 2

done_testing

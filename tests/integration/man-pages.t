#!/bin/bash
# Each man page says what --help says: the same options in the same order, with the same arguments and variables.
. "$(dirname "$0")/../tap.sh"

: "${BIN:?the folder of the built programs}"
pages=$(dirname "$0")/../../docs/man

# "-s, --secret ARG" of each option, from --help.
options_of_help() {
	"$BIN/$1" --help | sed -nE 's/^ +((-[a-zA-Z], )?--[a-z0-9-]+( [^ ]+)?)( .*)?$/\1/p'
}
# The same from ".It Fl s , Fl -secret Ar ARG".
options_of_page() {
	sed -nE -e '/^\.Sh ENVIRONMENT/q' -e 's/^\.It (Fl .*)$/\1/p' "$1" |
		sed -E -e 's/Fl ([a-zA-Z]) , /-\1, /' -e 's/Fl -/--/' -e 's/ Ar / /'
}
variables_of_help() {
	"$BIN/$1" --help | sed -nE -e 's/.*\[([A-Z_,]+)\]$/\1/p' -e 's/^  ([A-Z_,]+) .*/\1/p' | tr ',' '\n' | sort -u
}

for page in "$pages"/*.1; do
	program=$(basename "$page" .1)
	options_of_help "$program" >"$TAP_WORK/help"
	options_of_page "$page" >"$TAP_WORK/page"
	ok "$program: --help lists options" test "$(wc -l <"$TAP_WORK/help")" -gt 5
	is "$(diff "$TAP_WORK/help" "$TAP_WORK/page")" "" "$program.1 has the options of --help"
	missing=
	for variable in $(variables_of_help "$program"); do
		grep -q "^\.\(It \|Bq \)\?Ev .*\<$variable\>" "$page" || missing+=" $variable"
	done
	is "$missing" "" "$program.1 names the variables of --help"
done
ok "there is a page" test "$TAP_COUNT" -gt 2

done_testing

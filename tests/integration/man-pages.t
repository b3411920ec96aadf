#!/bin/bash
# Each man page has the options of --help in the same order, with the same arguments and variables; and sealed-secret.5
# describes the output of secret-seal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "pages and programs are the same on any stage"

root=$(cd "$(dirname "$0")/../.." && pwd)
pages=$root/docs/man

# The words of "program: command" as an invocation.
invoke() {
	# shellcheck disable=SC2086 # the command is a word of its own, or none
	"$BIN/$1" $2 --help=all
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
	# A command that uses no server has some of the options of all commands.
	if ! grep -qF -- "--vault-addr" "$TAP_WORK/help"; then
		is "$(grep -vxFf "$TAP_WORK/page" "$TAP_WORK/help")" "" "$program.1 has the options of $name --help"
		return
	fi
	ok "$name: --help lists options" test "$(wc -l <"$TAP_WORK/help")" -gt 5
	is "$(diff "$TAP_WORK/help" "$TAP_WORK/page")" "" "$program.1 has the options of $name --help"
	missing=
	for variable in $(variables_of_help "$program" "$command"); do
		grep -q "^\.\(It \|Bq \)\?Ev .*\<$variable\>" "$page" || missing+=" $variable"
	done
	is "$missing" "" "$program.1 names the variables of $name --help"
}
# Options that the page mentions about the time limit, and all that it lists.
mentioned() { sed -n '/^\.It Fl -timeout/,/^\.It Fl -retries/p' "$1" | grep -oE 'Fl -[a-z0-9-]+' | sed 's/.*Fl -//' | sort -u; }
listed() { sed -nE 's/^\.It (Fl [a-zA-Z] , )?Fl -([a-z0-9-]+).*/\2/p' "$1" | sort -u; }
for page in "$pages"/*.1; do
	program=$(basename "$page" .1)
	is "$(comm -23 <(mentioned "$page") <(listed "$page"))" "" "$program.1: --timeout mentions options of its own program"
	commands=$(commands_of_help "$program")
	if [ -z "$commands" ]; then
		compare "$page" "$program" ''
		continue
	fi
	is "$(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/ s/^\.Ss //p' "$page")" "$commands" "$program.1 has the commands of --help"
	for command in $commands; do compare "$page" "$program" "$command"; done
done
ok "there are pages" test "$TAP_COUNT" -gt 2

# sections_missing PAGE SECTION...
sections_missing() {
	local page=$1 section missing=
	shift
	for section in "$@"; do grep -q "^\.Sh $section" "$page" || missing+=" $section"; done
	echo "$missing"
}
for program in "$BIN"/*; do
	is "$(sections_missing "$pages/${program##*/}.1" NAME SYNOPSIS DESCRIPTION OPTIONS ENVIRONMENT FILES "EXIT STATUS" EXAMPLES "SEE ALSO")" \
		"" "${program##*/}: a page with the usual sections"
done
dangling=
for reference in $(sed -nE 's/^\.Xr (se[a-z]*-[a-z]*) ([1-8]).*/\1.\2/p' "$pages"/*.[1-8] | sort -u); do
	[ -e "$pages/$reference" ] || dangling+=" $reference"
done
is "$dangling" "" "references between pages exist"
is "$(sed -nE 's/^ +"(\/etc\/[^"]+)",.*/\1/p' "$root/lib/http/bundle.c" | sort)" \
	"$(grep -oE '/etc/[^ ,]+\.(pem|crt)' "$pages/secret-exec.1" | sort -u)" "the page lists the paths of the system's bundle"

# -- the format --

page=$pages/sealed-secret.5
stage_start
is "$(sed -nE 's/^\.It Li (secretmanager\/[a-z-]+).*/\1/p' "$page" | sort)" \
	"$(sed -nE 's/^#define SEALED_(LABEL|ANNOTATION_[A-Z]+) "([^"]+)".*/\2/p' "$root/lib/sealed/sealed.h" | sort)" \
	"sealed-secret.5 names the label and the annotations"

# The first literal block is a Secret, but for its ciphertext.
mask() { sed -E 's/dmF1bHQ6[A-Za-z0-9+\/=]+/CIPHERTEXT/'; }
run "$BIN/secret-seal" -n demo --transit-key derived-key --from-literal DB_PASSWORD=hunter2 --dry-run=client app
is "$(sed -n '/^\.Bd/,/^\.Ed/ { /^\./!p }' "$page" | mask)" "$(mask <<<"$OUT")" "the example in sealed-secret.5 is the output of secret-seal"

# shellcheck disable=SC2016 # a command of the page
context_command=$(sed -n 's/^\.Dl \$ \(printf .* base64\)$/\1/p' "$page")
context=$(sed -n '/^\.Dl \$ printf .* base64$/ { n; s/^\.Dl //p }' "$page")
is "$(bash -c "$context_command")" "$context" "the command for a context prints the shown output"
ciphertext=$(sed -nE 's/^  "DB_PASSWORD": //p' <<<"$OUT" | base64 -d)
decrypted() {
	vault_call POST transit/decrypt/derived-key "{\"ciphertext\":\"$1\",\"context\":\"$2\"}"
	field data.plaintext | base64 -d
}
is "$(decrypted "$ciphertext" "$context")" hunter2 "the value decrypts under that context"
for scope in namespace-wide:demo//DB_PASSWORD cluster-wide://DB_PASSWORD; do
	run "$BIN/secret-seal" -n demo --transit-key derived-key --scope "${scope%%:*}" --from-literal DB_PASSWORD=hunter2 --dry-run=client app
	ciphertext=$(sed -nE 's/^  "DB_PASSWORD": //p' <<<"$OUT" | base64 -d)
	is "$(decrypted "$ciphertext" "$(printf %s "${scope#*:}" | base64)")" hunter2 "scope ${scope%%:*}: the value decrypts under its context"
done

# Sizes: what is taken at most, and how much longer ciphertext is.
most=$(sed -nE 's/^rejects values of more than ([0-9,]+) bytes.*/\1/p' "$page" | tr -d ,)
head -c "$most" /dev/zero >"$TAP_WORK/most"
run "$BIN/secret-seal" --transit-key aes256-key --from-file V="$TAP_WORK/most" --dry-run=client app
status_is 0 "a value of $most bytes is sealed"
printf x >>"$TAP_WORK/most"
run "$BIN/secret-seal" --transit-key aes256-key --from-file V="$TAP_WORK/most" --dry-run=client app
fails_with 1 'Vault cannot decrypt' "a value of one byte more is rejected"
run "$BIN/secret-seal" --transit-key aes256-key --from-literal V=0123456789 --dry-run=client app
ciphertext=$(sed -nE 's/^  "V": //p' <<<"$OUT" | base64 -d)
overhead=$(sed -nE 's/.*longer than its value by ([0-9]+) bytes.*/\1/p' "$page")
is "${#ciphertext}" $(((10 + overhead + 2) / 3 * 4 + 9)) "the difference in length is the documented one"

printf '{"A": 1}\n' >"$TAP_WORK/document"
run "$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/document" --dry-run=client app
like "$OUT" "\"$(sed -n '/^The default name of this data key is/ { n; s/^\.Li \(.*\) \.$/\1/p }' "$page")\"" "sealed-secret.5 names the default data key of a document"
vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$(sed -nE 's/^  "secrets.json": //p' <<<"$OUT" | base64 -d)\"}"
is "$(field data.plaintext | base64 -d | od -c)" "$(od -c "$TAP_WORK/document")" "a document decrypts to its text, byte for byte"

done_testing

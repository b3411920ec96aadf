# desk.sh: an administrator's shell for the real servers, to run the commands of a page; to be sourced after stage.sh.
#
#   desk PAGE                 at_desk COMMAND...         perform SECTION [back]
#   part SECTION forward|back                            block LANGUAGE SECTION
#   all_performed
# shellcheck shell=bash

# desk PAGE: set up kubectl, the vault CLI, a kubeconfig, and the token file of `vault login`.
desk() {
	DESK_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	DESK_PAGE=$DESK_ROOT/$1
	DESK_PROGRAMS=$("$(dirname "${BASH_SOURCE[0]}")/build-programs" kubectl vault) || exit 1
	mkdir "$TAP_WORK/home"
	(umask 077 && printf %s "$VAULT_TOKEN" >"$TAP_WORK/home/.vault-token")
}
at_desk() {
	env -i HOME="$TAP_WORK/home" PATH="$BIN:$DESK_PROGRAMS:$PATH" KUBECONFIG="$KUBECONFIG" VAULT_ADDR="$VAULT_ADDR" \
		VAULT_CACERT="$VAULT_CACERT" LC_ALL=C.UTF-8 "$@"
}

# part SECTION PART: print the text of the section before its "Way back" (forward) or after it (back).
part() {
	awk -v section="## $1" -v wanted="$2" '
		/^## / { here = index($0, section) == 1; part = "forward" }
		/^\*\*Way back\.\*\*/ { part = "back" }
		here && part == wanted' "$DESK_PAGE"
}
# block LANGUAGE SECTION: print the code in this language.
block() { part "$2" forward | sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/!p}"; }

# perform SECTION [back]: run the commands of that part; each is an assertion.
perform() {
	local line
	part "$1" "${2:-forward}" >"$TAP_WORK/part.md"
	while IFS= read -r line; do
		case $line in
		'ok '*) tap_result yes "$1${2:+, back}: ${line#*.md: }" ;;
		'not ok '*) tap_result no "$1${2:+, back}: ${line#*.md: }" ;;
		'#'*) echo "$line" ;;
		1..*) ;;
		*) tap_result no "$1${2:+, back}: $line" ;;
		esac
		[[ $line != *'.md: '* ]] || echo "${line#*.md: }" >>"$TAP_WORK/performed"
	done < <(at_desk "$DESK_ROOT/tests/guide" "$TAP_WORK/part.md" 2>&1)
}
all_performed() {
	is "$(sort -u "$TAP_WORK/performed")" "$(sed -n -e 's/#/\\#/g' -e 's/^\$ //p' "$DESK_PAGE" | sort -u)" \
		"every command of the page was performed"
}

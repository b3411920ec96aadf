#!/bin/bash
# Completion scripts are made from the options table: each shell takes them, and they complete.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

"$BIN/secret-seal" completion bash >"$TAP_WORK/bash"
"$BIN/secret-seal" completion zsh >"$TAP_WORK/zsh"
"$BIN/secret-seal" completion fish >"$TAP_WORK/fish"

# bash_completes WORD...: the words that bash offers for the last one.
bash_completes() {
	# shellcheck disable=SC2016
	bash --norc -c 'compopt() { echo "compopt $*"; }; . "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _secret_seal; printf "%s\n" "${COMPREPLY[@]}"' \
		"$TAP_WORK/bash" "$@"
}
is "$(bash_completes secret-seal st)" status "bash: a command"
is "$(bash_completes secret-seal '' | tr '\n' ' ')" "seal edit status verify reveal completion " "all of them"
is "$(bash_completes secret-seal --layo)" --layout "an option of the default command"
is "$(bash_completes secret-seal --layout d)" document "an option's word"
is "$(bash_completes secret-seal --layout = p)" per-key "behind ="
is "$(bash_completes secret-seal status -o p)" prometheus "the word of another command's option"
is "$(bash_completes secret-seal edit --edi)" --editor "an option of a command"
is "$(bash_completes secret-seal edit --layo)" "" "which has only its own"
like "$(bash_completes secret-seal --from-file x)" '^compopt -o default' "files"
is "$(bash_completes secret-seal completion z)" zsh "an operand"
unlike "$(cat "$TAP_WORK/bash")" '--vault-token' "what is no option is not offered"

# Every option that --help lists is in each script.
for command in seal edit status verify reveal; do
	missing=
	for option in $("$BIN/secret-seal" "$command" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*'); do
		[ -n "$(bash_completes secret-seal "$command" "$option")" ] || missing+=" $option"
		grep -qE -- "-l ${option#--}( |\$)" "$TAP_WORK/fish" || missing+=" fish:$option"
		grep -qE -- "'\*?$option=?\[" "$TAP_WORK/zsh" || missing+=" zsh:$option"
	done
	is "$missing" "" "all options of $command"
done

if command -v fish >/dev/null; then
	fish_completes() { fish --no-config -c "source '$TAP_WORK/fish'; complete -C '$1'" | cut -f1 | sort | tr '\n' ' '; }
	is "$(fish_completes 'secret-seal st')" "status " "fish: a command"
	is "$(fish_completes 'secret-seal --layout ')" "document per-key " "an option's words"
	is "$(fish_completes 'secret-seal edit --edi')" "--editor " "an option of a command"
	is "$(fish_completes 'secret-seal completion z')" "zsh " "an operand"
fi
if command -v zsh >/dev/null; then
	ok "zsh takes the script" zsh -f -c "autoload -Uz compinit; compinit -u -d '$TAP_WORK/dump'; source '$TAP_WORK/zsh'; [[ \$_comps[secret-seal] == _secret-seal ]]"
fi

run "$BIN/secret-seal" completion tcsh
fails_with 2 'write bash, zsh or fish' "a shell that is none of them"
run "$BIN/secret-seal" completion
fails_with 2 'write bash' "no shell"

# The commands themselves.
run "$BIN/secret-seal" --help
for command in seal edit status verify reveal completion; do
	like "$OUT" "  $command +[a-z]" "--help lists $command"
	"$BIN/secret-seal" "$command" --help >"$TAP_WORK/help"
	like "$(head -1 "$TAP_WORK/help")" "^usage: secret-seal $command " "$command --help"
done
ln -s "$BIN/secret-seal" "$TAP_WORK/kubectl-seal"
run "$TAP_WORK/kubectl-seal" edit --help
out_like '^usage: kubectl seal edit \[OPTIONS\] NAME' "as kubectl-seal it is called kubectl seal"
run "$TAP_WORK/kubectl-seal" --no-such-option
fails_with 2 '^kubectl seal: unknown option --no-such-option; see kubectl seal --help' "in messages too"
run "$BIN/secret-seal" edit --no-such-option app
fails_with 2 '^secret-seal: unknown option --no-such-option; see secret-seal edit --help' "a command's own --help is named"
run "$BIN/secret-seal" -n demo edit app
fails_with 2 '"edit": a command must come first; write secret-seal edit' "a command that is not the first word"

done_testing

#!/bin/bash
# Completion scripts are made from the options table: each shell loads them, and completes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

"$BIN/secret-seal" completion bash >"$TAP_WORK/bash"
"$BIN/secret-seal" completion zsh >"$TAP_WORK/zsh"
"$BIN/secret-seal" completion fish >"$TAP_WORK/fish"

# bash_completes WORD...: print bash's completions of the last word.
bash_completes() {
	# shellcheck disable=SC2016
	bash --norc -c 'compopt() { echo "compopt $*"; }; . "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _secret_seal; printf "%s\n" "${COMPREPLY[@]}"' \
		"$TAP_WORK/bash" "$@"
}
is "$(bash_completes secret-seal st)" status "bash: a command"
is "$(bash_completes secret-seal '' | tr '\n' ' ')" "seal edit status verify reveal check completion " "bash: all commands"
is "$(bash_completes secret-seal --layo)" --layout "bash: an option of the default command"
is "$(bash_completes secret-seal --layout d)" document "bash: an option's argument"
is "$(bash_completes secret-seal --layout = p)" per-key "bash: an option's argument after ="
is "$(bash_completes secret-seal status -o p)" prometheus "bash: the argument of another command's option"
is "$(bash_completes secret-seal edit --edi)" --editor "bash: an option of a command"
is "$(bash_completes secret-seal edit --layo)" "" "bash: a command has only its own options"
like "$(bash_completes secret-seal --from-file x)" '^compopt -o default' "bash: files"
is "$(bash_completes secret-seal completion z)" zsh "bash: an operand"
unlike "$(cat "$TAP_WORK/bash")" '--vault-token' "bash: removed and environment-only options are not completed"

# Every option that --help lists is in each script.
for command in seal edit status verify reveal check; do
	missing=
	for option in $("$BIN/secret-seal" "$command" --help=all | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*'); do
		[ -n "$(bash_completes secret-seal "$command" "$option")" ] || missing+=" $option"
		grep -qE -- "-l ${option#--}( |\$)" "$TAP_WORK/fish" || missing+=" fish:$option"
		grep -qE -- "'\*?$option=?\[" "$TAP_WORK/zsh" || missing+=" zsh:$option"
	done
	is "$missing" "" "$command: all options of --help are in each script"
done

if command -v fish >/dev/null; then
	fish_completes() { fish --no-config -c "source '$TAP_WORK/fish'; complete -C '$1'" | cut -f1 | sort | tr '\n' ' '; }
	is "$(fish_completes 'secret-seal st')" "status " "fish: a command"
	is "$(fish_completes 'secret-seal --layout ')" "document per-key " "fish: an option's arguments"
	is "$(fish_completes 'secret-seal edit --edi')" "--editor " "fish: an option of a command"
	is "$(fish_completes 'secret-seal completion z')" "zsh " "fish: an operand"
fi
if command -v zsh >/dev/null; then
	ok "zsh loads the script" zsh -f -c "autoload -Uz compinit; compinit -u -d '$TAP_WORK/dump'; source '$TAP_WORK/zsh'; [[ \$_comps[secret-seal] == _secret-seal ]]"
fi

run "$BIN/secret-seal" completion tcsh
fails_with 2 'write bash, zsh or fish' "an unknown shell: exit 2"
run "$BIN/secret-seal" completion
fails_with 2 'write bash' "completion without a shell: exit 2"

# The commands themselves.
run "$BIN/secret-seal" --help
for command in seal edit status verify reveal check completion; do
	like "$OUT" "  $command +[a-z]" "--help lists $command"
	"$BIN/secret-seal" "$command" --help >"$TAP_WORK/help"
	like "$(head -1 "$TAP_WORK/help")" "^usage: secret-seal $command " "$command --help"
done
ln -s "$BIN/secret-seal" "$TAP_WORK/kubectl-seal"
run "$TAP_WORK/kubectl-seal" edit --help
out_like '^usage: kubectl seal edit \[OPTIONS\] NAME' "called as kubectl-seal, --help has kubectl seal"
run "$TAP_WORK/kubectl-seal" --no-such-option
fails_with 2 '^kubectl seal: --no-such-option: unknown option; see kubectl seal --help' "called as kubectl-seal, messages have kubectl seal"
run "$BIN/secret-seal" edit --no-such-option app
fails_with 2 '^secret-seal: --no-such-option: unknown option; see secret-seal edit --help' "an unknown option of a command: its own --help is named"
run "$BIN/secret-seal" -n demo edit app
fails_with 2 '"edit": a command must come first; write secret-seal edit' "a command that is not the first word: exit 2"

done_testing

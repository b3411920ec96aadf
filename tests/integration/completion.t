#!/bin/bash
# Completion of secret-exec and secret-rotate: options from their tables, and the application's command line after "--".
. "$(dirname "$0")/../tap.sh"

: "${BIN:?the folder of the built programs}"
terminal=$(cd "$(dirname "$0")/.." && pwd)/terminal
PATH=$BIN:$PATH
mkdir "$TAP_WORK/in"
touch "$TAP_WORK/in/a-file"

# bash_completes FIRST-COMMAND WORD...: print bash's completions of the last word, after running the first command.
bash_completes() {
	local before=$1
	shift
	# shellcheck disable=SC2016
	(cd "$TAP_WORK/in" && bash --norc -c "$before"'
		compopt() { echo "compopt $*"; }
		. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE}
		_${1//-/_}
		printf "%s\n" "${COMPREPLY[@]}"' "$TAP_WORK/$1.bash" "$@" | sort -u)
}
fish_completes() {
	(cd "$TAP_WORK/in" && fish --no-config -c "source '$TAP_WORK/${1%% *}.fish'; complete -C '$1'" | cut -f1 | sort -u | tr '\n' ' ')
}
for program in secret-exec secret-rotate; do
	for shell in bash zsh fish; do
		run "$BIN/$program" --completion $shell
		status_is 0 "$program --completion $shell: exit 0"
		printf '%s\n' "$OUT" >"$TAP_WORK/$program.$shell"
		like "$OUT" "$program --completion $shell" "$program --completion $shell: the script has the command that loads it"
	done
	# Every option that --help lists is in each script.
	missing=
	for option in $("$BIN/$program" --help=all | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*'); do
		[ -n "$(bash_completes : "$program" "$option")" ] || missing+=" $option"
		grep -qE -- "-l ${option#--}( |\$)" "$TAP_WORK/$program.fish" || missing+=" fish:$option"
		grep -qE -- "'\*?$option=?\[" "$TAP_WORK/$program.zsh" || missing+=" zsh:$option"
	done
	is "$missing" "" "$program: all options"
	is "$(bash_completes : "$program" --log-format '')" "json
text" "$program: bash: an option's words"
	if command -v fish >/dev/null; then
		is "$(fish_completes "$program --log-f")" "--log-format " "$program: fish: an option"
		is "$(fish_completes "$program --log-format ")" "json text " "$program: fish: an option's words"
	fi
done
run "$BIN/secret-exec" --completion tcsh
fails_with 125 '--completion "tcsh": .*use bash, zsh or fish' "secret-exec: an unknown shell: exit 125"
run "$BIN/secret-rotate" --completion tcsh
fails_with 2 '--completion "tcsh": .*use bash, zsh or fish' "secret-rotate: an unknown shell: exit 2"

# A command line follows "--".
is "$(bash_completes : secret-exec -s app -- sha256s)" sha256sum "bash, after --: commands"
is "$(bash_completes : secret-exec -s app -- cat a)" "
compopt -o default" "bash, after --: arguments are files"
is "$(bash_completes : secret-exec -- ls --secret-d)" "
compopt -o default" "bash, after --: not the options of secret-exec"
is "$(bash_completes : secret-exec --secret-d)" --secret-dir "bash, before --: the options of secret-exec"
completion=/usr/share/bash-completion/bash_completion
if [ -e $completion ]; then
	is "$(bash_completes ". $completion; . $TAP_WORK/secret-rotate.bash" secret-exec --secret = app -- secret-rotate --log-format j)" json "bash-completion, after --: the options of that command"
fi
if command -v fish >/dev/null; then
	is "$(fish_completes 'secret-exec -s app -- sha256s')" "sha256sum " "fish, after --: commands"
	is "$(fish_completes 'secret-exec -s app -- cat a')" "a-file " "fish, after --: arguments are files"
	is "$(fish_completes 'secret-exec -- cat --secret-d')" "" "fish, after --: not the options of secret-exec"
	is "$(fish_completes 'secret-exec --secret=app --secret-d')" "--secret-dir " "fish, before --: the options of secret-exec"
fi
# zsh completes only on a terminal.  Its prompt returns after each line.
zsh_completes() {
	local program=$1 name=$2
	shift 2
	(
		cd "$TAP_WORK/in" && run "$terminal" "expect ready>
			send autoload -Uz compinit; compinit -u -d $TAP_WORK/dump; fpath=($TAP_WORK \$fpath); source $TAP_WORK/$program.zsh\\r
			expect ready>
			$(printf '%s\n' "$@")
			send \\x15exit\\r" -- env PS1='ready> ' TERM=dumb zsh -f -i
		[ "$STATUS" = 0 ] || tap_note "$OUT"
		exit "$STATUS"
	)
	is $? 0 "zsh: $name"
}
if command -v zsh >/dev/null; then
	zsh_completes secret-exec "an option" 'send secret-exec --print-c\t' 'expect onfig'
	zsh_completes secret-exec "an option's word" 'send secret-exec --log-format j\t' 'expect son'
	zsh_completes secret-exec "commands after --" 'send secret-exec -s app -- sha256s\t' 'expect um'
	zsh_completes secret-exec "files after --" 'send secret-exec -s app -- cat a\t' 'expect -file'
	zsh_completes secret-rotate "an option of secret-rotate" 'send secret-rotate --all-n\t' 'expect amespaces'
fi

# make install copies the scripts to the folders of the shells.
if command -v make >/dev/null && [ -f "$BIN/../flags" ]; then
	(cd "$(dirname "$0")/../.." && env -u MAKEFLAGS -u MAKELEVEL make BUILD="$(basename "$(dirname "$BIN")")" install \
		DESTDIR="$TAP_WORK/root" PREFIX=/usr) >"$TAP_WORK/make" 2>&1 || tap_note "$(tail -5 "$TAP_WORK/make")"
	share=$TAP_WORK/root/usr/share
	for program in secret-exec secret-rotate; do
		ok "installed for bash: $program" cmp -s "$TAP_WORK/$program.bash" "$share/bash-completion/completions/$program"
		ok "installed for zsh: $program" cmp -s "$TAP_WORK/$program.zsh" "$share/zsh/site-functions/_$program"
		ok "installed for fish: $program" cmp -s "$TAP_WORK/$program.fish" "$share/fish/vendor_completions.d/$program.fish"
	done
	"$BIN/secret-seal" completion zsh >"$TAP_WORK/seal.zsh"
	ok "installed for zsh: secret-seal" cmp -s "$TAP_WORK/seal.zsh" "$share/zsh/site-functions/_secret-seal"
	is "$(find "$share" \( -path "$share/man" -o -path "$share/doc" \) -prune -o -type f -perm 644 -print | wc -l)" 9 "installed scripts are readable"
	if command -v zsh >/dev/null; then
		OUT=$(cd "$TAP_WORK/in" && "$terminal" "expect ready>
			send fpath=($share/zsh/site-functions \$fpath); autoload -Uz compinit; compinit -u -d $TAP_WORK/dump2\\r
			expect ready>
			send secret-seal stat\\t
			expect us
			send \\x15exit\\r" -- env PS1='ready> ' TERM=dumb zsh -f -i)
		is $? 0 "zsh finds the installed script"
	fi
fi

done_testing

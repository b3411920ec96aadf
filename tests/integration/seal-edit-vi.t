#!/bin/bash
# secret-seal edit with a real vi on a terminal: what a person types, saves or leaves.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

editors=()
for editor in vim.tiny vim.basic; do
	if command -v $editor >/dev/null; then editors+=("$editor"); fi
done
[ ${#editors[@]} -gt 0 ] || skip_all "needs vim-tiny"
stage_start

terminal=$(dirname "$0")/../terminal
export XDG_RUNTIME_DIR=/dev/shm/vi-$$ HOME=$TAP_WORK/home TERM=vt100
mkdir -m 700 "$XDG_RUNTIME_DIR" "$HOME"
at_end "rm -rf $XDG_RUNTIME_DIR"
# What docs/sealing.md has vim do.
grep '^autocmd' "$(dirname "$0")/../../docs/sealing.md" >"$HOME/.vimrc"
is "$(wc -l <"$HOME/.vimrc")" 1 "there is a line for ~/.vimrc in the documentation"

wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1: nothing is left of it in memory"; }
value() { "$BIN/secret-exec" --secret app -- printenv "$1"; }
# edit SCRIPT: once the editor shows the value.
edit() {
	run "$terminal" "expect hunter2
		$1" -- "$BIN/secret-seal" edit --editor "$editor" app
}
change='send /hunter2\rcwswordfish\x1b'

for editor in "${editors[@]}"; do
	"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=hunter2 --set KEEP=kept app >/dev/null
	before=$(stored app PASSWORD) kept=$(stored app KEEP)

	edit 'send :q\r'
	is "$STATUS" 0 "$editor: left without a change"
	like "$OUT" 'secret/app not changed' "$editor: it is said"
	edit "$change:q!\\r"
	is "$STATUS" 0 "$editor: a change that is not saved"
	like "$OUT" 'secret/app not changed' "$editor: is none"
	edit "$change:w\\r:cq\\r"
	is "$STATUS" 1 "$editor: left by :cq"
	like "$OUT" 'secret-seal: the editor .* ended with status 1: nothing was changed' "$editor: nothing is changed although it was saved"
	is "$(stored app PASSWORD)" "$before" "$editor: nothing of that was sealed"

	edit "$change:wq\\r"
	is "$STATUS" 0 "$editor: a change that is saved"
	like "$OUT" 'secret-seal: ~ PASSWORD.*secret/app edited' "$editor: it is told by its name"
	is "$(value PASSWORD)" swordfish "$editor: it is sealed"
	is "$(stored app KEEP)" "$kept" "$editor: and nothing else"

	"$BIN/secret-seal" --set PASSWORD=hunter2 app >/dev/null
	edit 'send oBROKEN: [\x1b:wq\r
		expect (e)dit again
		send e\r
		expect BROKEN
		send /BROKEN\rcwMENDED\x1b/\\[\rxa"yes"\x1b:wq\r'
	is "$STATUS" 0 "$editor: what does not parse is edited again"
	is "$(value MENDED)" yes "$editor: in the same editor on the same terminal"
	wiped "$editor"
	is "$(grep -rlE 'hunter2|swordfish' "$HOME")" "" "$editor: nor at home"
	"$BIN/secret-seal" --unset MENDED app >/dev/null
done

done_testing

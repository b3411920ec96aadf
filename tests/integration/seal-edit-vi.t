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
# The vim configuration in docs/sealing.md.
grep '^autocmd' "$(dirname "$0")/../../docs/sealing.md" >"$HOME/.vimrc"
is "$(wc -l <"$HOME/.vimrc")" 1 "docs/sealing.md has one line for ~/.vimrc"

wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1: the folder is removed"; }
value() { "$BIN/secret-exec" --secret app -- printenv "$1"; }
# edit SCRIPT: run the script after the editor shows the value.
edit() {
	run "$terminal" "expect hunter2
		$1" -- "$BIN/secret-seal" edit --editor "$editor" app
}
change='send /hunter2\rcwswordfish\x1b'

for editor in "${editors[@]}"; do
	"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=hunter2 --set KEEP=kept app >/dev/null
	before=$(stored app PASSWORD) kept=$(stored app KEEP)

	edit 'send :q\r'
	is "$STATUS" 0 "$editor left without a change: exit 0"
	like "$OUT" 'secret/app not changed' "$editor left without a change: not changed"
	edit "$change:q!\\r"
	is "$STATUS" 0 "$editor with an unsaved change: exit 0"
	like "$OUT" 'secret/app not changed' "$editor with an unsaved change: not changed"
	edit "$change:w\\r:cq\\r"
	is "$STATUS" 1 "$editor left by :cq: exit 1"
	like "$OUT" 'secret-seal: the editor .* ended with status 1: nothing was changed' "$editor left by :cq: the status is reported"
	is "$(stored app PASSWORD)" "$before" "$editor left by :cq: nothing is sealed"

	edit "$change:wq\\r"
	is "$STATUS" 0 "$editor with a saved change: exit 0"
	like "$OUT" 'secret-seal: ~ PASSWORD.*secret/app edited' "$editor with a saved change: the name is logged"
	is "$(value PASSWORD)" swordfish "$editor with a saved change: the value is sealed"
	is "$(stored app KEEP)" "$kept" "$editor with a saved change: no other value is sealed"

	"$BIN/secret-seal" --set PASSWORD=hunter2 app >/dev/null
	edit 'send oBROKEN: [\x1b:wq\r
		expect (e)dit again
		send e\r
		expect BROKEN
		send /BROKEN\rcwMENDED\x1b/\\[\rxa"yes"\x1b:wq\r'
	is "$STATUS" 0 "$editor with a text that does not parse, edited again: exit 0"
	is "$(value MENDED)" yes "$editor with a text that does not parse, edited again: sealed"
	wiped "$editor"
	is "$(grep -rlE 'hunter2|swordfish' "$HOME")" "" "$editor leaves no plaintext in the home folder"
	"$BIN/secret-seal" --unset MENDED app >/dev/null
done

done_testing

#!/bin/bash
# secret-seal edit with editors that return while a window shows the text, and without a terminal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

terminal=$(dirname "$0")/../terminal
export XDG_RUNTIME_DIR=/dev/shm/window-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "rm -rf $XDG_RUNTIME_DIR"
"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=first app >/dev/null
wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1"; }
value() { "$BIN/secret-exec" --secret "app:PASSWORD" -- printenv PASSWORD; }
mkfifo "$TAP_WORK/saved" "$TAP_WORK/go"
editor() {
	printf '#!/bin/sh\n%s\n' "$1" >"$TAP_WORK/editor"
	chmod +x "$TAP_WORK/editor"
}

# Known editors that give the text to a window are refused before anything is decrypted.
for editor in code '/usr/bin/code --new-window' subl 'kate -n' xdg-open; do
	run "$BIN/secret-seal" edit --editor "$editor" app
	fails_with 2 "the editor $editor does not wait until the text is closed; (write .*--(wait|block)|use another)" "$editor"
done
for editor in 'code --wait' 'subl -n -w' 'kate -b' codefish 'vi code'; do
	run env PATH=/nowhere "$BIN/secret-seal" edit --editor "$editor" app
	err_unlike 'does not wait' "$editor"
done

# An editor that goes to the background, as gvim without -f.
editor "( read -r go <$TAP_WORK/go; sed -i 's/PASSWORD: .*/PASSWORD: third/' \"\$1\"; echo saved >$TAP_WORK/saved ) >/dev/null 2>&1 </dev/null &"
run "$terminal" "expect went to the background
	run echo go >$TAP_WORK/go; read -r _ <$TAP_WORK/saved" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
is "$(value)" third "an editor in the background: the change is sealed"
wiped "the folder is removed"
editor "setsid sh -c 'read -r go <$TAP_WORK/go; sed -i \"s/PASSWORD: .*/PASSWORD: fourth/\" \"\$1\"' - \"\$1\" >/dev/null 2>&1 </dev/null &"
{ echo go >"$TAP_WORK/go"; } &
run setsid -w "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app </dev/null
out_is "secret/app edited" "an editor in the background, without a terminal: edited"
err_like 'the editor went to the background; waiting until its processes end' "an editor in the background: the wait is logged"
is "$(value)" fourth "an editor in the background, without a terminal: the change is sealed"
wiped "the folder is removed"
# An editor that leaves a process, as emacs leaves its server.
editor "( read -r go <$TAP_WORK/go; sed -i 's/PASSWORD: .*/PASSWORD: stayed/' \"\$1\"; echo saved >$TAP_WORK/saved; sleep 1000 ) >/dev/null 2>&1 </dev/null &"
run "$terminal" "expect press Enter
	run echo go >$TAP_WORK/go; read -r _ <$TAP_WORK/saved
	send \\r" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
is "$(value)" stayed "an editor that leaves a process: Enter ends the wait"
wiped "the folder is removed"
editor "( sleep 1000 ) >/dev/null 2>&1 </dev/null &"
run "$terminal" "expect press Enter
	signal TERM" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
status_is 143 "a signal during the question: exit 143"
wiped "a signal during the question: the folder is removed"

# Without a terminal, or in a pipeline.
exec {pipe}<> <(:)
for editor in '' vi; do
	run env -u KUBE_EDITOR -u VISUAL EDITOR="$editor" setsid -w "$BIN/secret-seal" edit app <&"$pipe"
	fails_with 2 'the editor vi needs a terminal; pass another --editor' "vi without a terminal: EDITOR=$editor"
done
editor 'cat >/dev/null; sed -i s/stayed/fifth/ "$1"'
run setsid -w "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app <&"$pipe"
out_is "secret/app edited" "an editor does not read standard input, which is a pipe"
editor '[ -t 0 ] && [ -t 1 ] && read -r word && sed -i "s/PASSWORD: .*/PASSWORD: $word/" "$1"'
mkfifo "$TAP_WORK/pipe"
run "$terminal" "echo on
	send typed\\r" -- bash -c "\"\$@\" <>$TAP_WORK/pipe | cat; exit \${PIPESTATUS[0]}" - "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
is "$(value)" typed "in a pipeline the editor gets the terminal"

done_testing

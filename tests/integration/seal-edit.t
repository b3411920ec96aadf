#!/bin/bash
# secret-seal edit opens an editor on the decrypted values, in memory, and seals only the changed values.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
terminal=$(dirname "$0")/../terminal
export XDG_RUNTIME_DIR=/dev/shm/edit-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "rm -rf $XDG_RUNTIME_DIR"

# editor BODY: make the editor, a shell script; $1 is the file.
editor() {
	printf '#!/bin/sh\n%s\n' "$1" >"$TAP_WORK/editor"
	chmod +x "$TAP_WORK/editor"
}
# edit BODY [OPTION...]: edit without a terminal.
edit() {
	editor "$1"
	shift
	run setsid -w "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" "$@" </dev/null
}
wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1"; }
value() { "$BIN/secret-exec" --secret "app:$1" -- printenv "$1"; }

printf 'line 1\nline 2\n' >"$TAP_WORK/lines"
printf '\376\377' >"$TAP_WORK/binary"
"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=hunter2 --set NUMBER=007 --set KEEP='it: # "stays"' \
	--from-file "LINES=$TAP_WORK/lines" --from-file "BINARY=$TAP_WORK/binary" app >/dev/null
keep=$(stored app KEEP) binary=$(stored app BINARY)

edit "cat \"\$1\" >$TAP_WORK/seen; stat -f -c %T \"\$1\" >$TAP_WORK/kind; stat -c %a \"\$1\" \"\$(dirname \"\$1\")\" >$TAP_WORK/modes" app
out_is "secret/app not changed" "an edit without a change: not changed"
is "$(grep -v '^#' "$TAP_WORK/seen")" '"BINARY (base64)": "/v8="
KEEP: "it: # \"stays\""
LINES: |
  line 1
  line 2
NUMBER: "007"
PASSWORD: "hunter2"' "what the editor shows"
is "$(cat "$TAP_WORK/kind")" tmpfs "the text is on a file system in memory"
is "$(tr '\n' ' ' <"$TAP_WORK/modes")" "600 700 " "only its owner can read the text"
is "$(stored app KEEP)" "$keep" "an edit without a change seals no value again"
wiped "the folder is removed"

edit 'sed -i -e s/hunter2/swordfish/ -e /NUMBER/d "$1"; echo "NEW: 1.50" >>"$1"; cp "$1" "$1~"; mkdir "$(dirname "$1")/x"; cp "$1" "$(dirname "$1")/x"' app
out_is "secret/app edited" "values changed, added and removed: edited"
is "$ERR" 'secret-seal: ~ PASSWORD
secret-seal: + NEW
secret-seal: - NUMBER' "the names are logged, and no value"
is "$(value PASSWORD) $(value NEW)" "swordfish 1.50" "the application gets the edited values"
is "$(stored app KEEP)$(stored app BINARY)" "$keep$binary" "values that are not edited keep their ciphertext"
kube_call GET "$secrets/app"
is "$(field data.NUMBER)" "" "a removed value is removed from the Secret"
wiped "backups and folders of the editor are wiped"

# A document.
printf '{"a":1.0,"b":{"x":[1]},"c":"old"}' | "$BIN/secret-seal" --transit-key derived-key --layout document --from-document - document >/dev/null
edit "cp \"\$1\" $TAP_WORK/seen; sed -i s/old/new/ \"\$1\"" document
out_is "secret/document edited" "a document: edited"
err_is 'secret-seal: ~ c' "a document: the changed member is logged"
is "$(cat "$TAP_WORK/seen")" '{
  "a": 1.0,
  "b": {"x":[1]},
  "c": "old"
}' "a document is shown with one member a line"
run "$BIN/secret-exec" --secret document -- sh -c 'echo "$a $b $c"'
out_is '1.0 {"x":[1]} new' "a document is sealed as it was edited"

# Failed edits change nothing.
kube_call GET "$secrets/app"
before=$OUT
refuse() {
	local status=$1 regex=$2 name=$3
	shift 3
	edit "$@"
	is "$STATUS" "$status" "$name: status"
	err_like "$regex" "$name: message"
	wiped "$name: the folder is removed"
}
refuse 1 'nothing was changed: the edited text: line [0-9]+, column' "text that does not parse" 'echo "A: [" >"$1"' app
refuse 1 'PASSWORD: no value; write ""' "a name without a value" 'echo "PASSWORD:" >"$1"' app
refuse 1 'A: a list or a mapping' "a nested value" 'echo "A: [1]" >"$1"' app
refuse 1 'duplicate' "a duplicate name" 'echo "NEW: x" >>"$1"' app
refuse 1 'A \(base64\): ' "invalid base64" 'echo "\"A (base64)\": \"x\"" >>"$1"' app
refuse 1 '"a b": not a valid data key' "an invalid data key" 'echo "a b: x" >>"$1"' app
refuse 2 'refusing to remove the last value' "all values removed" 'echo "# none" >"$1"; echo "{}" >>"$1"' app
refuse 1 'the edited text: line [12], column' "a document that is not JSON" 'echo "{" >"$1"' document
refuse 1 'ended with status 3: nothing was changed' "an editor that fails" 'echo "A: 1" >"$1"; exit 3' app
run "$BIN/secret-seal" edit --editor /nowhere/editor app
fails_with 2 '/nowhere/editor: no such editor' "a missing editor: exit 2"
run "$BIN/secret-seal" edit nothing
fails_with 1 'Secret demo/nothing: .*404' "a missing Secret: exit 1"
run "$BIN/secret-seal" edit
fails_with 2 'pass one NAME or FILE' "edit without a name: exit 2"
kube_call GET "$secrets/app"
is "$OUT" "$before" "after failed edits the Secret is unchanged"

# The shell splits the editor's command, and the environment sets it.
editor "sed -i \"s/\$1/\$2/\" \"\$3\""
run env -u KUBE_EDITOR VISUAL="'$TAP_WORK/editor' swordfish 'two words'" EDITOR=false "$BIN/secret-seal" edit app
is "$(value PASSWORD)" "two words" "an editor with arguments, from VISUAL"

# An editor gets no credentials for Vault, so the other process has its own.
run env VAULT_SECRET_ID=secret-id VAULT_JWT=jwt BAO_JWT=jwt ID=jwt ACTIONS_ID_TOKEN_REQUEST_TOKEN=token SECRET_SEAL_VAULT_TOKEN="$VAULT_TOKEN" BAO_TOKEN="$VAULT_TOKEN" SECRET_SEAL_FROM_LITERAL=A=x \
	SECRET_SEAL_SET=A=x HTTP_PROXY=http://user:swordfish@127.0.0.1:9 http_proxy=http://127.0.0.1:9 \
	"$BIN/secret-seal" edit --auth-method token --jwt-env ID --editor "env >$TAP_WORK/environment; :" app
status_is 0 "an editor that prints its environment: exit 0"
is "$(grep -cE '(TOKEN|SECRET_ID|JWT|^ID)=' "$TAP_WORK/environment")" 0 "an editor gets no credential for Vault"
is "$(grep -cE '(LITERAL|SET)=' "$TAP_WORK/environment")" 0 "an editor gets no values to seal"
is "$(grep -c swordfish "$TAP_WORK/environment")" 0 "an editor gets no password of a proxy"
is "$(grep -c '^http_proxy=' "$TAP_WORK/environment")" 1 "a proxy without a password stays"
like "$(cat "$TAP_WORK/environment")" "VAULT_ADDR=$VAULT_ADDR" "an editor gets the rest of the environment"
printf '#!/bin/sh\nVAULT_TOKEN=%s exec "%s/secret-seal" "$@"\n' "$VAULT_TOKEN" "$BIN" >"$TAP_WORK/theirs"
chmod 700 "$TAP_WORK/theirs"

# Another process changes another value while the editor is open, and then the same value.
# once COMMAND: for an editor that is opened again
once() { echo "[ -e $TAP_WORK/once ] || { touch $TAP_WORK/once; $1; }"; }
edit "$(once "sed -i 's/two words/mine/' \"\$1\"; $TAP_WORK/theirs --set KEEP=theirs app")" app
is "$(value PASSWORD) $(value KEEP)" "mine theirs" "changes of another process to another value stay"
rm "$TAP_WORK/once"
edit "$(once "sed -i 's/mine/again/' \"\$1\"; $TAP_WORK/theirs --set PASSWORD=theirs app >/dev/null")" app
is "$STATUS" 1 "both changed the same value, and the conflict is not resolved: exit 1"
err_like 'line [0-9]+: conflict marker' "a conflict that is not resolved is refused"
is "$(value PASSWORD)" theirs "the other process's value stays"

# On a terminal the text can be corrected.
editor 'if grep -q broken "$1"; then sed -i "s/broken: \[/MENDED: yes/" "$1"; else echo "broken: [" >>"$1"; fi'
run "$terminal" 'expect (e)dit again
	send e\r' -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
status_is 0 "after the answer e the editor opens again with the person's text: exit 0"
is "$(value MENDED)" yes "after the answer e the corrected text is sealed"
editor 'echo "broken: [" >>"$1"'
run "$terminal" 'expect (e)dit again
	send g\r' -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
status_is 1 "the answer g gives up: exit 1"
wiped "the answer g: the folder is removed"

# Ctrl-C and Ctrl-\ go only to the editor.
for key in '\x03' '\x1c'; do
	printf '#!/bin/bash\ntrap "exit 0" INT QUIT; echo waits >/dev/tty; until read -r -t 0.1 _ </dev/tty; do :; done; exit 1\n' >"$TAP_WORK/editor"
	run "$terminal" "expect waits
		send $key" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
	status_is 0 "$key goes only to the editor: exit 0"
	like "$OUT" 'secret/app not changed' "$key: the edit continues"
done

# Signals while the editor runs, also before secret-seal waits for it.
if strace -o /dev/null true 2>/dev/null; then
	editor 'sleep 0.3; echo "SLOW: yes" >>"$1"'
	ASAN_OPTIONS=detect_leaks=0 run timeout 60 strace -qq -o /dev/null -e trace=pidfd_open \
		-e inject=pidfd_open:error=EPERM "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
	status_is 0 "a sandbox without pidfd_open: exit 0"
	is "$(value SLOW)" yes "a sandbox without pidfd_open: edited"
	editor 'kill -HUP $(ps -o ppid= -p $$); exec sleep 1000'
	ASAN_OPTIONS=detect_leaks=0 run timeout 60 env --default-signal strace -qq -o /dev/null -e trace=clone,fork,vfork,clone3 \
		-e inject=clone,fork,vfork,clone3:delay_exit=1000000 "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
	is "$STATUS" 129 "SIGHUP before the wait for the editor ends it: exit 129"
	wiped "SIGHUP before the wait"
fi
mkfifo "$TAP_WORK/started"
for signal in TERM HUP; do
	editor "echo \$PPID \$\$ >$TAP_WORK/started; exec sleep 1000"
	STATUS=0
	env --default-signal "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app >"$TAP_WORK/out" 2>"$TAP_WORK/err" &
	sealer=$!
	read -r parent child <"$TAP_WORK/started"
	at_end "kill $child $sealer 2>/dev/null"
	kill -"$signal" "$parent"
	wait $sealer || STATUS=$?
	is "$STATUS" "$((128 + $(kill -l $signal)))" "SIG$signal ends the editor and the program"
	wiped "the folder is removed"
done

# Without a folder in memory there must be an error.  Tested if a disk can be mounted over all of them.
if [ "$(stat -f -c %T /tmp)" != tmpfs ] && unshare -rm mount --rbind / /dev/shm 2>/dev/null; then
	run env -u XDG_RUNTIME_DIR -u TMPDIR unshare -rm sh -c 'mount --rbind / /dev/shm && mount --rbind / /run && exec "$@"' - \
		"$BIN/secret-seal" edit --editor true app
	fails_with 1 'no folder in memory to edit in: .*plaintext must not be on a disk' "without a tmpfs: exit 1"
fi

done_testing

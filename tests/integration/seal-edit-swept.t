#!/bin/bash
# An edit wipes the folder of a killed edit, and not the folder of a running one.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

export XDG_RUNTIME_DIR=/dev/shm/swept-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "chmod -R u+rwx $XDG_RUNTIME_DIR; rm -rf $XDG_RUNTIME_DIR"
"$BIN/secret-seal" --transit-key aes256-key --set PASSWORD=hunter2 app >/dev/null

# An editor that writes its process id and stays, with files, folders and links beside the text.
mkfifo "$TAP_WORK/started"
cat >"$TAP_WORK/stays" <<SH
#!/bin/sh
folder=\$(dirname "\$1")
mkdir "\$folder/backups"
cp "\$1" "\$folder/backups/1"
cp "\$1" "\$1~"
chmod 400 "\$1~"
chmod 500 "\$folder/backups"
ln -s /etc/passwd "\$folder/link"
echo "\$PPID \$\$ \$1" >$TAP_WORK/started
exec sleep 1000
SH
chmod +x "$TAP_WORK/stays"
# begin: start an edit in the background, and set $sealer, $editor, $file and $folder.
begin() {
	env --default-signal "$BIN/secret-seal" edit --editor "$TAP_WORK/stays" app >"$TAP_WORK/background" 2>&1 &
	read -r sealer editor file <"$TAP_WORK/started"
	at_end "kill $sealer $editor 2>/dev/null"
	folder=$(dirname "$file")
}
edit() { run "$BIN/secret-seal" edit --editor true app; }
# Without a message of the shell.
kill_hard() {
	disown
	kill -KILL "$1"
	until_true is_gone "$1"
}
is_gone() { [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == @(|Z*) ]]; }
holds() { grep -qr hunter2 "$1"; }

begin
running=$folder running_sealer=$sealer
edit
status_is 0 "an edit beside a running one: exit 0"
err_is '' "the running edit is not logged"
ok "the running edit's folder stays" holds "$running"

begin
kill_hard "$sealer"
ok "a killed edit leaves plaintext" holds "$folder"
ok "the editor of a killed edit ends" until_true is_gone "$editor"
exec {text}<"$file" {backup}<"$file~"
mkdir "$XDG_RUNTIME_DIR/secret-seal-other" "$XDG_RUNTIME_DIR/other-abcdef"
ln -s "$XDG_RUNTIME_DIR/other-abcdef" "$XDG_RUNTIME_DIR/secret-seal-abcdef"
touch "$XDG_RUNTIME_DIR/secret-seal-fedcba" "$XDG_RUNTIME_DIR/other-abcdef/kept"
edit
err_is "secret-seal: $folder: removed; a killed edit had left it" "the next edit logs its folder"
is "$(ls -d "$folder" 2>/dev/null)" "" "the next edit removes the folder"
is "$(cat <&"$text" <&"$backup" | tr -d '\0' | wc -c)" 0 "the next edit overwrites the folder's files, also read-only files"
ok "other files and folders stay" test -e "$XDG_RUNTIME_DIR/other-abcdef/kept" -a -L "$XDG_RUNTIME_DIR/secret-seal-abcdef" \
	-a -f "$XDG_RUNTIME_DIR/secret-seal-fedcba" -a -d "$XDG_RUNTIME_DIR/secret-seal-other"
ok "the running edit's folder still stays" holds "$running"
edit
err_is '' "a second edit finds nothing to wipe"

# In every parent folder, not only in the one in use.
begin
kill_hard "$sealer"
left=$folder
run env XDG_RUNTIME_DIR="$TAP_WORK" TMPDIR="$XDG_RUNTIME_DIR" "$BIN/secret-seal" edit --editor true app
is "$(ls -d "$left" 2>/dev/null)" "" "a folder in another parent is wiped too"

# Folders of other users.
if [ "$(id -u)" = 0 ]; then
	mkdir -m 700 "$XDG_RUNTIME_DIR/secret-seal-theirs"
	chown 65534 "$XDG_RUNTIME_DIR/secret-seal-theirs"
	edit
	ok "another user's folder stays" test -d "$XDG_RUNTIME_DIR/secret-seal-theirs"
fi

kill -TERM "$running_sealer"
until_true is_gone "$running_sealer"
is "$(ls -d "$running" 2>/dev/null)" "" "an edit that is terminated removes its folder"

done_testing

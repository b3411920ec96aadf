#!/bin/bash
# An edit that a server refuses stays in memory while the person is asked, and is then wiped; after a conflict both versions are edited.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

terminal=$(dirname "$0")/../terminal
export XDG_RUNTIME_DIR=/dev/shm/refused-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "rm -rf $XDG_RUNTIME_DIR"
wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1: the folder is removed"; }
value() { "$BIN/secret-exec" --secret "app:$1" -- printenv "$1"; }
reset_secret() { "$BIN/secret-seal" --set A=old --set B=old app >/dev/null; }
"$BIN/secret-seal" --transit-key aes256-key --set A=old --set B=old app >/dev/null

# An editor that changes A the first time, and records the value it is shown each time.
cat >"$TAP_WORK/editor" <<SH
#!/bin/sh
grep ^A: "\$1" >>$TAP_WORK/shown
sed -i 's/^A: "old"/A: "mine"/' "\$1"
SH
chmod +x "$TAP_WORK/editor"
# While the question is open, the text is in a folder of its owner alone.
cat >"$TAP_WORK/kept" <<SH
[ "\$(stat -c %a $XDG_RUNTIME_DIR/secret-seal-*)" = 700 ] && grep -q '^A: "mine"' $XDG_RUNTIME_DIR/secret-seal-*/secret.yaml
SH
# edit SCRIPT [NAME=VALUE...]: as the sealer, which also trusts the CA of the faulty servers.
edit() {
	local script=$1
	shift
	: >"$TAP_WORK/shown"
	run "${POD[@]}" VAULT_ROLE=secret-seal HOME="$TAP_WORK" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "$@" \
		"$terminal" "$script" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" --retries 0 app
}
cp "$STAGE_DIR/pod/sealer/token" "$BAD_POD/"
question="expect Your text is in $XDG_RUNTIME_DIR/secret-seal-
	expect /secret.yaml until you answer
	run sh $TAP_WORK/kept
	expect (e)dit again, (t)ry again, or (g)ive up?"

# The API: GET to edit, GET to change, PATCH.
for code in 422 503 403; do
	bad_api relay relay "code=$code" relay
	edit "expect PATCH
		expect $code
		$question
		send t\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
	status_is 0 "the API answers $code, then another try: exit 0"
	like "$OUT" 'secret/app edited' "$code, then another try: edited"
	is "$(value A) $(value B)" "mine old" "$code, then another try: the text is sealed"
	is "$(cat "$TAP_WORK/shown")" 'A: "old"' "$code, then another try: the editor does not open again"
	wiped "$code"
	reset_secret
done
steps=()
for _ in 1 2 3 4 5 6; do steps+=(relay relay code=409); done
bad_api "${steps[@]}" relay
edit "expect 409
	expect The editor opens again
	$question
	send t\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
status_is 0 "an API that answers 409 six times, then another try: exit 0"
is "$(value A)" mine "after 409 the text is sealed"
is "$(wc -l <"$TAP_WORK/shown")" 6 "after 409 the editor opens again, five times at most"
wiped 409
reset_secret
# After an answer, conflicts are merged however many attempts were made before.
steps=(relay)
for _ in 1 2 3 4 5 6 7; do steps+=(relay code=422); done
bad_api "${steps[@]}" relay code=409 relay
retries=
for _ in 1 2 3 4 5 6 7; do retries+="
	expect 422
	expect or (g)ive up?
	send t\\r"; done
edit "$retries
	expect The editor opens again" KUBERNETES_SERVICE_PORT="$BAD_PORT"
status_is 0 "409 after seven answers: exit 0"
is "$(value A)" mine "409 after seven answers: the text is merged and sealed"
wiped "409 after seven answers"
reset_secret

# Vault: requests before the encryption succeed.
bad_vault relay
edit '' VAULT_ADDR="$BAD_URL"
status_is 0 "an edit through a relay: exit 0"
until=$(($(grep -n transit/encrypt "$BAD_LOG" | cut -d: -f1) - 1))
reset_secret
steps=()
for ((i = 0; i < until; i++)); do steps+=(relay); done
for code in 400 403 503; do
	bad_vault "${steps[@]}" "code=$code" relay
	edit "expect $code
		$question
		send e\\r" VAULT_ADDR="$BAD_URL"
	status_is 0 "Vault answers $code to encrypt, then edit again: exit 0"
	is "$(cat "$TAP_WORK/shown")" 'A: "old"
A: "mine"' "the editor opens with the person's text"
	is "$(value A)" mine "$code, then edit again: the text is sealed"
	wiped "Vault answers $code"
	reset_secret
done

# Ways to give up.
before=$(stored app A)
bad_api relay relay code=422 relay relay code=422 relay relay code=422 relay relay code=422
given_up() {
	local status=$1 typed=$2 name=$3
	edit "$question
		$typed" KUBERNETES_SERVICE_PORT="$BAD_PORT"
	is "$STATUS" "$status" "$name: status"
	is "$(stored app A)" "$before" "$name: the Secret is unchanged"
	wiped "$name"
}
given_up 1 'send g\r' "the answer g"
like "$OUT" 'secret-seal: nothing was changed: .*422' "given up: the last line has the cause"
given_up 1 'send \x04' "the end of input"
given_up 130 'send \x03' "Ctrl-C"
given_up 129 'signal HUP' "a signal"
bad_api relay relay code=422
edit "$question
	send \\r
	$question
	send what?\\r
	$question
	send Give up\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
is "$STATUS" 1 "an unknown answer is asked again"
wiped "an unknown answer"

# Another process changes the Secret while the editor is open: the editor opens again with both versions.
printf '#!/bin/sh\nVAULT_TOKEN=%s exec "%s/secret-seal" "$@"\n' "$VAULT_TOKEN" "$BIN" >"$TAP_WORK/theirs"
chmod 700 "$TAP_WORK/theirs"
# The editor runs sed with $EDIT while the other process runs $THEIRS; the second time it runs $AGAIN.
# shellcheck disable=SC2016 # for that script
printf '#!/bin/sh\nif [ -e %s ]; then cp "$1" %s; eval "$AGAIN"; else touch %s && sed -i "$EDIT" "$1" && %s $THEIRS; fi\n' \
	"$TAP_WORK/edited" "$TAP_WORK/merged" "$TAP_WORK/edited" "$TAP_WORK/theirs" >"$TAP_WORK/editor"
# conflict EDIT THEIRS AGAIN [OPTION...]
conflict() {
	export EDIT=$1 THEIRS=$2 AGAIN=$3
	shift 3
	rm -f "$TAP_WORK/edited" "$TAP_WORK/merged"
	run "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" "$@"
}
mine='s/^A: .*/A: "mine"/'
# shellcheck disable=SC2016 # for the editor
keep_mine='sed -i "/^<<<<<<< /d; /^=======\$/,/^>>>>>>> /d" "$1"' keep_theirs='sed -i "/^<<<<<<< /,/^=======\$/d; /^>>>>>>> /d" "$1"'
reset_secret
conflict "$mine" "--set A=theirs app" 'exit 1' app
status_is 1 "both changed the same value, and the editor fails: exit 1"
err_like 'Secret demo/app: .*changed by another process. The editor opens again' "a conflict is logged"
err_like 'other process:.*~ A' "a conflict is logged with the names of the changes"
is "$(value A)" theirs "the other process's value stays"
is "$(grep -v '^#' "$TAP_WORK/merged")" '<<<<<<< your text
A: "mine"
=======
A: "theirs"
>>>>>>> the Secret now
B: "old"' "both versions are between conflict markers"
like "$(grep '^#' "$TAP_WORK/merged")" 'Secret demo/app was changed by another process.*#   ~ A' "a comment names the changes"
wiped "a conflict"
reset_secret
conflict "$mine" "--set A=theirs app" : app
status_is 1 "a conflict that is not resolved: exit 1"
err_like 'nothing was changed: the edited text: line [0-9]+: conflict marker; keep one' "a conflict marker is named by line"
is "$(value A)" theirs "the other process's value stays"
reset_secret
conflict "$mine" "--set A=theirs --set B=theirs app" "$keep_mine" app
status_is 0 "a conflict resolved for the own value: exit 0"
is "$(value A) $(value B)" "mine theirs" "the own value is sealed, and the other process's other value stays"
reset_secret
conflict "$mine" "--set A=theirs app" "$keep_theirs" app
status_is 0 "a conflict resolved for the other value: exit 0"
like "$OUT" 'secret/app not changed' "a conflict resolved for the other value: not changed"
is "$(value A)" theirs "the other process's value stays"
reset_secret
conflict "$mine" "--unset A --set B=theirs app" "$keep_mine" app
status_is 0 "the other process removed a value that was edited: exit 0"
is "$(value A) $(value B)" "mine theirs" "the own value is sealed again"
reset_secret
conflict '/^A:/d;s/^B: .*/B: "mine"/' "--unset A --set C=theirs app" : app
status_is 0 "both removed the same value, without a conflict: exit 0"
is "$(value B) $(value C)" "mine theirs" "all other changes of both are sealed"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field data.A)" "" "the value is removed"

# The same in a manifest, and in a document.
"$BIN/secret-seal" --transit-key derived-key -n demo --dry-run=client --set A=old --set B=old in-file >"$TAP_WORK/app.yaml"
conflict "$mine" "-n demo -i -f $TAP_WORK/app.yaml --set A=theirs --set B=theirs" "$keep_mine" -n demo "$TAP_WORK/app.yaml"
status_is 0 "a conflict in a manifest: exit 0"
"$BIN/secret-seal" -f "$TAP_WORK/app.yaml" >/dev/null
run "$BIN/secret-exec" --secret in-file -- sh -c 'echo "$A $B"'
out_is "mine theirs" "the manifest has both changes"
"$BIN/secret-seal" --transit-key aes256-key --layout document --set A=old --set B=old document >/dev/null
conflict 's/"A": "old"/"A": "mine"/' "--set B=theirs document" : document
status_is 0 "a document of which both changed other members: exit 0"
run "$BIN/secret-exec" --secret document -- sh -c 'echo "$A $B"'
out_is "mine theirs" "the document has both changes"
conflict 's/"A": "mine"/"A": "again"/' "--set A=theirs --set B=old document" "$keep_mine" document
status_is 0 "a document of which both changed the same member: exit 0"
is "$(<"$TAP_WORK/merged")" '{
<<<<<<< your text
  "A": "again",
=======
  "A": "theirs",
>>>>>>> the Secret now
  "B": "old"
}' "both versions are between conflict markers"
run "$BIN/secret-exec" --secret document -- sh -c 'echo "$A $B"'
out_is "again old" "the document has both changes"
wiped "after all edits"

done_testing

#!/bin/bash
# An edit that a server refuses is kept in memory, the person is told where, goes on with it or gives it up; then it is wiped.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

terminal=$(dirname "$0")/../terminal
export XDG_RUNTIME_DIR=/dev/shm/refused-$$
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "rm -rf $XDG_RUNTIME_DIR"
wiped() { is "$(ls -A "$XDG_RUNTIME_DIR")" "" "$1: nothing is left of it"; }
value() { "$BIN/secret-exec" --secret "app:$1" -- printenv "$1"; }
set_anew() { "$BIN/secret-seal" --set A=old --set B=old app >/dev/null; }
"$BIN/secret-seal" --transit-key aes256-key --set A=old --set B=old app >/dev/null

# An editor that changes A, and then, each time that it comes again, only writes down what it was shown.
cat >"$TAP_WORK/editor" <<SH
#!/bin/sh
grep ^A: "\$1" >>$TAP_WORK/shown
sed -i 's/^A: "old"/A: "mine"/' "\$1"
SH
chmod +x "$TAP_WORK/editor"
# What holds while the question stands: the text is where it is told to be, for its owner alone.
cat >"$TAP_WORK/kept" <<SH
[ "\$(stat -c %a $XDG_RUNTIME_DIR/secret-seal-*)" = 700 ] && grep -q '^A: "mine"' $XDG_RUNTIME_DIR/secret-seal-*/secret.yaml
SH
# edit SCRIPT [NAME=VALUE...]: as the sealer, whose CAs are those of misbehaving servers too.
edit() {
	local script=$1
	shift
	: >"$TAP_WORK/shown"
	run "${POD[@]}" VAULT_ROLE=secret-seal HOME="$TAP_WORK" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "$@" \
		"$terminal" "$script" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" --retries 0 app
}
cp "$STAGE_DIR/pod/sealer/token" "$BAD_POD/"
told="expect What you wrote is in $XDG_RUNTIME_DIR/secret-seal-
	expect /secret.yaml until you answer
	run sh $TAP_WORK/kept
	expect (e)dit again, (t)ry again as it is, or (g)ive up?"

# The API: GET to edit, GET to change, PATCH.
for code in 422 503 403; do
	bad_api relay relay "code=$code" relay
	edit "expect PATCH
		expect $code
		$told
		send t\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
	status_is 0 "the API says $code, and another try is made"
	like "$OUT" 'secret/app edited' "which works"
	is "$(value A) $(value B)" "mine old" "what was written is sealed"
	is "$(cat "$TAP_WORK/shown")" 'A: "old"' "without another word of the editor"
	wiped "$code"
	set_anew
done
steps=()
for _ in 1 2 3 4 5 6; do steps+=(relay relay code=409); done
bad_api "${steps[@]}" relay
edit "expect 409
	expect Going on puts what you wrote in the place of theirs
	$told
	send t\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
status_is 0 "an API that never stops to say 409"
is "$(value A)" mine "and another try"
wiped 409
set_anew

# Vault: what comes before the encryption goes through.
bad_vault relay
edit '' VAULT_ADDR="$BAD_URL"
status_is 0 "an edit by a Vault in between"
until=$(($(grep -n transit/encrypt "$BAD_LOG" | cut -d: -f1) - 1))
set_anew
steps=()
for ((i = 0; i < until; i++)); do steps+=(relay); done
for code in 400 403 503; do
	bad_vault "${steps[@]}" "code=$code" relay
	edit "expect $code
		$told
		send e\\r" VAULT_ADDR="$BAD_URL"
	status_is 0 "Vault refuses to encrypt with $code, and the editor is wanted again"
	is "$(cat "$TAP_WORK/shown")" 'A: "old"
A: "mine"' "it has the text as it was left"
	is "$(value A)" mine "which is sealed"
	wiped "Vault's $code"
	set_anew
done

# Given up, in each of the ways.
before=$(stored app A)
bad_api relay relay code=422 relay relay code=422 relay relay code=422 relay relay code=422
given_up() {
	local status=$1 typed=$2 name=$3
	edit "$told
		$typed" KUBERNETES_SERVICE_PORT="$BAD_PORT"
	is "$STATUS" "$status" "$name: status"
	is "$(stored app A)" "$before" "$name: the Secret is as it was"
	wiped "$name"
}
given_up 1 'send g\r' "given up"
like "$OUT" 'secret-seal: nothing was changed: .*422' "and the last line says what was wrong"
given_up 1 'send \x04' "the end of input"
given_up 130 'send \x03' "Ctrl-C"
given_up 129 'signal HUP' "a signal"
bad_api relay relay code=422
edit "$told
	send \\r
	$told
	send what?\\r
	$told
	send Give up\\r" KUBERNETES_SERVICE_PORT="$BAD_PORT"
is "$STATUS" 1 "what is no answer is asked once more"
wiped "after that"

# Somebody else changed the same value: it is for the person to say whose it shall be.
printf '#!/bin/sh\nVAULT_TOKEN=%s exec "%s/secret-seal" "$@"\n' "$VAULT_TOKEN" "$BIN" >"$TAP_WORK/theirs"
chmod 700 "$TAP_WORK/theirs"
# The first time, the editor edits as $EDIT says, and somebody else does what $THEIRS says.
# shellcheck disable=SC2016 # for that script
printf '#!/bin/sh\n[ -e %s ] || { touch %s && sed -i "$EDIT" "$1" && %s $THEIRS; }\n' \
	"$TAP_WORK/edited" "$TAP_WORK/edited" "$TAP_WORK/theirs" >"$TAP_WORK/editor"
# conflict WHAT EDIT THEIRS TYPED [OPTION...]: they changed the value WHAT.
conflict() {
	local what=$1 script=$4
	export EDIT=$2 THEIRS=$3
	shift 4
	rm -f "$TAP_WORK/edited"
	run "$terminal" "expect somebody else changed $what meanwhile
		expect Going on puts what you wrote in the place of theirs
		$script" -- "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" "$@"
}
mine='s/^A: .*/A: "mine"/'
set_anew
conflict A "$mine" "--set A=theirs app" 'send g\r' app
status_is 1 "they changed the same value, and mine is given up"
is "$(value A)" theirs "it stays theirs"
set_anew
conflict A "$mine" "--set A=theirs --set B=theirs app" 'send t\r' app
status_is 0 "the same, and tried again"
is "$(value A) $(value B)" "mine theirs" "mine comes in its place, and theirs stays elsewhere"
set_anew
conflict A "$mine" "--unset A --set B=theirs app" 'send e\r' app
status_is 0 "they took it away, and mine is edited again"
is "$(value A) $(value B)" "mine theirs" "it is there as I wrote it"
set_anew
conflict A '/^A:/d;s/^B: .*/B: "mine"/' "--unset A --set C=theirs app" 'send t\r' app
status_is 0 "both took it away"
is "$(value B) $(value C)" "mine theirs" "what both changed is there"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field data.A)" "" "and it is gone"

# The same in a manifest, and in a document, which is one value.
"$BIN/secret-seal" --transit-key derived-key -n demo --dry-run=client --set A=old --set B=old in-file >"$TAP_WORK/app.yaml"
conflict A "$mine" "-n demo -i -f $TAP_WORK/app.yaml --set A=theirs --set B=theirs" 'send t\r' -n demo "$TAP_WORK/app.yaml"
status_is 0 "a manifest"
"$BIN/secret-seal" -f "$TAP_WORK/app.yaml" >/dev/null
run "$BIN/secret-exec" --secret in-file -- sh -c 'echo "$A $B"'
out_is "mine theirs" "mine comes in the place of theirs"
"$BIN/secret-seal" --transit-key aes256-key --layout document --set A=old --set B=old document >/dev/null
conflict secrets.json 's/"A": "old"/"A": "mine"/' "--set B=theirs document" 'send t\r' document
status_is 0 "a document"
run "$BIN/secret-exec" --secret document -- sh -c 'echo "$A $B"'
out_is "mine old" "comes in the place of theirs as a whole"
wiped "after all that"

done_testing

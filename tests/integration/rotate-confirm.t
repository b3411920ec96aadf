#!/bin/bash
# On a terminal secret-rotate shows what it would change, and asks.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

terminal=$(dirname "$0")/../terminal
"$BIN/secret-seal" --transit-key aes256-key --set A=1 one >/dev/null
"$BIN/secret-seal" --transit-key aes256-key --set A=1 two >/dev/null
version() { stored one A | cut -d: -f2; }
on_terminal() {
	local script=$1
	shift
	run "$terminal" "$script" -- "$BIN/secret-rotate" "$@"
}
question='Rotate these keys and rewrap these Secrets? [y/n]'

on_terminal "expect $question
	send n\\r" -n demo
status_is 1 "the answer n: exit 1"
like "$OUT" "Kubernetes API: https://127\.0\.0\.1:[0-9]+" "the question shows the API server"
like "$OUT" "Vault: $VAULT_ADDR" "the question shows Vault"
like "$OUT" 'Sealed Secrets: 2 \(Secrets.* in namespace demo\)' "the question shows the number of Secrets"
like "$OUT" 'Transit keys: transit/aes256-key' "the question shows the keys"
like "$OUT" 'secret-rotate: not confirmed, and nothing was changed' "the answer n: the message"
is "$(version)" v1 "the answer n: nothing is rewrapped"
vault_call GET transit/keys/aes256-key
is "$(field data.latest_version)" 1 "the answer n: the key is not rotated"
on_terminal "expect $question
	send \\x04" -n demo
status_is 1 "the end of input: exit 1"
like "$OUT" '\[y/n\] '$'\r?\n''.*confirmation: the input ended before a value.*hint: pass --yes' "the end of input: a new line, and --yes is the advice"
on_terminal "expect $question
	send \\x03" -n demo
status_is 1 "Ctrl-C at the question: exit 1"
is "$(version)" v1 "without an answer nothing is rewrapped"

export -f stage_curl vault_call field vault_accessors new_tokens
export TAP_WORK VAULT_CALL_TOKEN=$VAULT_TOKEN
vault_accessors >"$TAP_WORK/accessors"
on_terminal "expect $question
	run [ \"\$(new_tokens \"\$(cat $TAP_WORK/accessors)\")\" = 0 ]
	send y\\r
	expect Secrets listed 2" -n demo
status_is 0 "the answer y: exit 0"
is "$(version)" v2 "the answer y: the Secret is rewrapped"

on_terminal 'expect Rotate these keys? [y/n]
	send y\r' -n demo --phase rotate
status_is 0 "--phase rotate: its own question"
on_terminal 'expect Rewrap these Secrets? [y/n]
	send y\r' -n demo --phase rewrap --transit-key aes256-key
status_is 0 "--phase rewrap with a key: asked"
like "$OUT" 'Sealed Secrets: 2 ' "--phase rewrap with a key: the Secrets are counted"
is "$(version)" v3 "--phase rewrap: the Secret is rewrapped"
on_terminal 'expect rewrap these Secrets, and delete old versions? [y/n]
	send n\r' -A --retire --trim
status_is 1 "--retire --trim: the question names the deletion"
on_terminal "expect $question
	run sleep 16
	send y\\r" -n demo --timeout 15s
status_is 0 "an answer after the time limit: exit 0, as only the servers have a limit"
is "$(version)" v4 "an answer after the time limit: the Secret is rewrapped"
run "$terminal" '' -- setsid --wait "$BIN/secret-rotate" -n demo
status_is 2 "a terminal that cannot be asked, because it belongs to another session: exit 2"
like "$OUT" 'confirmation: no terminal \(/dev/tty: .*hint: pass --yes' "a terminal that cannot be asked: --yes is the advice"
is "$(version)" v4 "a terminal that cannot be asked: nothing is rewrapped"

unasked() {
	local status=$1 name=$2
	shift 2
	run "$terminal" '' -- "$@"
	is "$STATUS" "$status" "$name: not asked, exit $status"
	unlike "$OUT" '\[y/n\]' "$name: not asked"
}
unasked 0 --yes "$BIN/secret-rotate" -n demo --yes
is "$(version)" v5 "--yes: the Secret is rewrapped"
unasked 0 SECRET_ROTATE_YES env SECRET_ROTATE_YES=true "$BIN/secret-rotate" -n demo
unasked 0 --dry-run "$BIN/secret-rotate" -n demo --dry-run
unasked 0 "--phase verify" "$BIN/secret-rotate" -n demo --phase verify
unasked 0 "no sealed Secret" "$BIN/secret-rotate" -n default
# shellcheck disable=SC2016 # for the shell on the terminal
unasked 0 "standard input is not a terminal" sh -c '"$0" -n demo </dev/null' "$BIN/secret-rotate"
# shellcheck disable=SC2016
unasked 0 "standard error is not a terminal" sh -c '"$0" -n demo 2>/dev/null' "$BIN/secret-rotate"
is "$(version)" v8 "without a terminal: the Secret is rewrapped"

done_testing

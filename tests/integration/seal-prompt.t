#!/bin/bash
# --prompt asks on the terminal, shows nothing, and leaves the terminal as it was.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
# shellcheck disable=SC2016 # scripts for the terminal

terminal=$(dirname "$0")/../terminal
# on_terminal SCRIPT OPTION...: run secret-seal on a new terminal; the last line of the output is the
# terminal's mode afterwards.
# shellcheck disable=SC2016
on_terminal() {
	local script=$1
	shift
	run "$terminal" "$script" -- sh -c 'trap : INT; "$@"; status=$?; stty -a | grep -oE -- "-?(echo|icanon|isig)\>|susp = [^;]*" | tr "\n" " "; exit $status' \
		- "$BIN/secret-seal" --transit-key aes256-key "$@"
}
restored() { like "$OUT" 'susp = \^Z.*isig icanon echo ' "$1"; }

on_terminal 'expect Value of A:
	echo off
	send hunter2\r
	expect Value of A, again:
	echo off
	send hunter2\r' --prompt A app
status_is 0 "a value is asked for twice: exit 0"
like "$OUT" 'secret/app created' "the prompted value is sealed: created"
unlike "$OUT" hunter2 "the terminal does not show the value"
restored "the terminal is restored"
is "$("$BIN/secret-exec" --secret app -- printenv A)" hunter2 "the typed value is sealed"

on_terminal 'expect Value of A:
	send one\r
	expect again:
	send other\r
	expect differ
	expect Value of A:
	send three\r
	expect again:
	send three\r' --prompt A app </dev/null
status_is 0 "two different answers: asked again, exit 0"
is "$("$BIN/secret-exec" --secret app -- printenv A)" three "standard input is not read"

before=$(stored app A)
on_terminal 'expect Value of A:
	send a\r
	expect again:
	send b\r
	expect Value of A:
	send a\r
	expect again:
	send b\r
	expect Value of A:
	send a\r
	expect again:
	send b\r' --prompt A app
status_is 1 "always different answers: exit 1"
like "$OUT" 'secret-seal: --prompt A: the two values differ' "always different answers: the message"
on_terminal 'expect Value of A:
	send \r' --prompt A app
like "$OUT" 'an empty value.*hint: to seal one' "an empty value"
on_terminal 'expect Value of A:
	send \x04' --prompt A app
like "$OUT" 'the input ended before a value' "the end of input"
restored "the terminal is restored"
on_terminal "expect Value of A:
	send $(printf 'x%.0s' {1..4094})\\r" --prompt A app
like "$OUT" 'as long as a terminal.s line, or longer' "a value that may be cut"

# Pasted lines after the first are neither lost nor the next answer.
sealed=$(stored app A)
for paste in 'uno\rdos' 'uno\rdos\r' 'uno\runo\r' 'uno\r\rdos\r' 'uno\runo\rtres\r'; do
	on_terminal "expect Value of A:
		send $paste" --prompt A --prompt B app
	status_is 1 "several pasted lines: exit 1:  ${paste//\\r/|}"
	like "$OUT" 'secret-seal: --prompt A: more than one line was pasted.*hint: take a value of several lines from a file' "several pasted lines: the message"
	unlike "$OUT" 'uno|dos|tres' "several pasted lines: none is shown"
	restored "the terminal is restored"
done
on_terminal 'expect Value of A:
	send uno\r
	expect again:
	send uno\rdos' --prompt A app
like "$OUT" 'more than one line was pasted' "several lines pasted at the second question"
is "$(stored app A)" "$sealed" "after pasted lines nothing is sealed"
on_terminal 'expect Value of A:
	send uno\r\r
	expect again:
	send uno\r\r' --prompt A breaks
status_is 0 "pasted line breaks are ignored: exit 0"

on_terminal 'expect Value of A:
	send half\x03' --prompt A app
status_is 130 "Ctrl-C: exit 130"
like "$OUT" 'interrupted by signal 2' "Ctrl-C: the message"
restored "the terminal is restored"
for signal in TERM HUP QUIT; do
	run "$terminal" "expect Value of A:
		signal $signal
		expect interrupted by signal
		echo on" -- "$BIN/secret-seal" --transit-key aes256-key --prompt A app
	is "$STATUS" "$((128 + $(kill -l "$signal")))" "SIG$signal at the question: exit status, and the terminal is restored"
done
is "$(stored app A)" "$before" "after signals nothing is written"

# All checks are made before the question.
unasked() {
	local status=$1 regex=$2 name=$3
	shift 3
	run "$terminal" '' -- "$BIN/secret-seal" --prompt A "$@"
	is "$STATUS" "$status" "not asked: $name: status"
	like "$OUT" "$regex" "not asked: $name: message"
	unlike "$OUT" 'Value of' "not asked: $name"
}
key=(--transit-key aes256-key)
printf '{"a": ' >"$TAP_WORK/broken.json"
kube_call POST /api/v1/namespaces/demo/secrets '{"metadata":{"name":"plain"},"data":{"B":"eA=="}}'
kube_call POST /api/v1/namespaces/demo/secrets '{"metadata":{"name":"fixed"},"data":{},"immutable":true}'
"$BIN/secret-seal" "${key[@]}" --layout document --set B=1 document >/dev/null
"$BIN/secret-seal" "${key[@]}" -n demo --set B=1 --dry-run=client one >"$TAP_WORK/one.yaml"
unasked 2 "not a valid Secret name" "an invalid name of a Secret" "${key[@]}" No_Name
unasked 2 '"a b": not a valid data key' "an invalid data key" "${key[@]}" --prompt 'a b' app
unasked 2 'write per-key or document' "an invalid option" "${key[@]}" --layout none app
unasked 2 '--label' "an invalid label" "${key[@]}" --label x app
unasked 1 'broken.json: line 1' "another input that is invalid" "${key[@]}" --from-document "$TAP_WORK/broken.json" app
unasked 2 '"A": named twice' "a name in two changes" "${key[@]}" --unset A app
unasked 1 'no data key "NONE"' "--unset of a missing value" "${key[@]}" --unset NONE app
unasked 1 'Secret demo/plain: .*--adopt' "a Secret that is not sealed" "${key[@]}" plain
unasked 1 'Secret demo/fixed: it is immutable' "an immutable Secret" "${key[@]}" fixed
unasked 2 'its layout is document' "a Secret of the other layout" "${key[@]}" --layout per-key document
unasked 2 'no Transit key' "no Transit key" new
unasked 2 'transit/aes256-key.*other-key|other-key.*transit/aes256-key' "another Transit key than the Secret's" --transit-key other-key app
unasked 1 'no-such-key' "a missing Transit key" --transit-key no-such-key new
unasked 2 'scope strict: .*not derived' "a scope without a derived key" "${key[@]}" --scope strict new
unasked 2 '--key-version 99' "a missing version of the key" "${key[@]}" --key-version 99 new
unasked 1 "$TAP_WORK/none.yaml: No such file" "a missing manifest" -i -f "$TAP_WORK/none.yaml"
unasked 1 'no Secret is called two' "a Secret that is missing in the manifest" -n demo -i -f "$TAP_WORK/one.yaml" two
VAULT_TOKEN=wrong unasked 1 '403' "a token that Vault refuses" "${key[@]}" new
VAULT_ADDR=https://127.0.0.1:1 unasked 1 '127.0.0.1:1' "a Vault that does not answer" "${key[@]}" --retries 0 new

# The checks leave nothing: no file beside the manifest, no token, no key.
mkdir "$TAP_WORK/folder"
mv "$TAP_WORK/one.yaml" "$TAP_WORK/folder"
on_terminal "expect Value of A:
	run [ \$(ls -A $TAP_WORK/folder) = one.yaml ]
	send one\\r
	expect again:
	send one\\r" -n demo --prompt A -i -f "$TAP_WORK/folder/one.yaml"
status_is 0 "a prompt for a manifest: no other file during the question, exit 0"
is "$(grep -cE '^ +"?[AB]"?: ' "$TAP_WORK/folder/one.yaml")" 2 "a prompt for a manifest: the value is set"
export -f stage_curl vault_call field vault_accessors new_tokens
export TAP_WORK
vault_accessors >"$TAP_WORK/accessors"
export VAULT_CALL_TOKEN=$VAULT_TOKEN
run as_pod sealer env VAULT_ROLE=secret-seal HOME="$TAP_WORK" "$terminal" 'expect Value of A:
	run [ "$(new_tokens "$(cat "$TAP_WORK/accessors")")" = 0 ]
	send one\r
	expect again:
	send one\r' -- "$BIN/secret-seal" --transit-key derived-key --prompt A own
status_is 0 "a prompt after a login: no token exists during the question, exit 0"
run "$terminal" 'expect Value of A:
	run vault_call GET transit/keys/new-key; [ "$STATUS" = 404 ]
	send \x03' -- "$BIN/secret-seal" --transit-key new-key --create-key --prompt A new
status_is 130 "--create-key with a prompt that is interrupted: no key, exit 130"
run "$terminal" 'expect Value of A:
	send one\r
	expect again:
	send one\r' -- "$BIN/secret-seal" --transit-key new-key --create-key --prompt A new
status_is 0 "--create-key with a prompt: exit 0"
is "$("$BIN/secret-exec" --secret new -- printenv A)" one "--create-key with a prompt: the value decrypts"

run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A app </dev/null
fails_with 2 '--prompt A: no terminal .*--from-file NAME=-' "--prompt without a terminal: exit 2"
run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A --set A=1 app </dev/null
fails_with 2 '--prompt: duplicate name A' "a duplicate name is refused before the question: exit 2"

vault_call POST secret/data/app '{"data":{"user":"matrix"}}'
on_terminal 'expect Value of A:
	send typed\r
	expect again:
	send typed\r' --prompt A --from-vault secret/data/app kv
status_is 0 "--from-vault beside --prompt: exit 0"
is "$("$BIN/secret-exec" --secret kv -- sh -c 'echo "$A $user"')" "typed matrix" "--from-vault beside --prompt: both values are sealed"
run "$terminal" '' -- "$BIN/secret-seal" --transit-key aes256-key --prompt A --from-vault secret/data/app#nope kv
like "$STATUS $OUT" '^1 .*key "nope" not found' "--from-vault without its key: refused before the question"

done_testing

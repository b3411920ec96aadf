#!/bin/bash
# --prompt asks on the terminal, shows nothing, and leaves the terminal as it was.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
# shellcheck disable=SC2016 # scripts for the terminal

terminal=$(dirname "$0")/../terminal
# on_terminal SCRIPT OPTION...: secret-seal on a terminal of its own; what the terminal then shows of its mode
# is the last line.
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
status_is 0 "a value is asked for twice"
like "$OUT" 'secret/app created' "and sealed"
unlike "$OUT" hunter2 "the terminal never shows it"
restored "the terminal is as it was"
is "$("$BIN/secret-exec" --secret app -- printenv A)" hunter2 "it is what was typed"

on_terminal 'expect Value of A:
	send one\r
	expect again:
	send other\r
	expect differ
	expect Value of A:
	send three\r
	expect again:
	send three\r' --prompt A app </dev/null
status_is 0 "two that differ: asked once more"
is "$("$BIN/secret-exec" --secret app -- printenv A)" three "standard input plays no part"

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
status_is 1 "they always differ"
like "$OUT" 'secret-seal: --prompt A: the two values differ' "and the message says so"
on_terminal 'expect Value of A:
	send \r' --prompt A app
like "$OUT" 'an empty value; to seal one' "an empty value"
on_terminal 'expect Value of A:
	send \x04' --prompt A app
like "$OUT" 'the input ended before a value' "the end of input"
restored "the terminal is as it was"
on_terminal "expect Value of A:
	send $(printf 'x%.0s' {1..4094})\\r" --prompt A app
like "$OUT" 'as long as a terminal.s line, or longer' "a value that may be cut"

# What is pasted beyond the first line is neither lost nor the next answer.
sealed=$(stored app A)
for paste in 'uno\rdos' 'uno\rdos\r' 'uno\runo\r' 'uno\r\rdos\r' 'uno\runo\rtres\r'; do
	on_terminal "expect Value of A:
		send $paste" --prompt A --prompt B app
	status_is 1 "several lines that are pasted: ${paste//\\r/|}"
	like "$OUT" 'secret-seal: --prompt A: more than one line was pasted; take a value of several lines from a file' "and the message says so"
	unlike "$OUT" 'uno|dos|tres' "and shows none of them"
	restored "the terminal is as it was"
done
on_terminal 'expect Value of A:
	send uno\r
	expect again:
	send uno\rdos' --prompt A app
like "$OUT" 'more than one line was pasted' "at the second question too"
is "$(stored app A)" "$sealed" "nothing was sealed"
on_terminal 'expect Value of A:
	send uno\r\r
	expect again:
	send uno\r\r' --prompt A breaks
status_is 0 "line breaks alone are no value"

on_terminal 'expect Value of A:
	send half\x03' --prompt A app
status_is 130 "Ctrl-C: 128+2"
like "$OUT" 'interrupted by signal 2' "and the message says so"
restored "the terminal is as it was"
for signal in TERM HUP QUIT; do
	run "$terminal" "expect Value of A:
		signal $signal
		expect interrupted by signal
		echo on" -- "$BIN/secret-seal" --transit-key aes256-key --prompt A app
	is "$STATUS" "$((128 + $(kill -l "$signal")))" "SIG$signal at the question: its status, and the terminal as it was"
done
is "$(stored app A)" "$before" "nothing of that was written"

# All that can be known is known before the question.
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
unasked 2 "not a valid Secret name" "a Secret's name that is none" "${key[@]}" No_Name
unasked 1 '"a b": not a valid data key' "a data key that is none" "${key[@]}" --prompt 'a b' app
unasked 2 'write per-key or document' "an option that is wrong" "${key[@]}" --layout none app
unasked 2 '--label' "a label that is none" "${key[@]}" --label x app
unasked 1 'broken.json: line 1' "another input that is wrong" "${key[@]}" --from-document "$TAP_WORK/broken.json" app
unasked 2 '"A": named twice' "a name in two changes" "${key[@]}" --unset A app
unasked 1 'no data key "NONE"' "a value to unset that is not there" "${key[@]}" --unset NONE app
unasked 1 'Secret demo/plain: .*--adopt' "a Secret that nobody sealed" "${key[@]}" plain
unasked 1 'Secret demo/fixed: it is immutable' "a Secret that can't be changed" "${key[@]}" fixed
unasked 2 'its layout is document' "a Secret of the other layout" "${key[@]}" --layout per-key document
unasked 2 'no Transit key' "no Transit key" new
unasked 2 'transit/aes256-key.*other-key|other-key.*transit/aes256-key' "another Transit key than the Secret's" --transit-key other-key app
unasked 1 'no-such-key' "a Transit key that is not there" --transit-key no-such-key new
unasked 2 '--scope: .*not derived' "a scope without a derived key" "${key[@]}" --scope strict new
unasked 2 '--key-version 99' "a version that the key has not" "${key[@]}" --key-version 99 new
unasked 1 "$TAP_WORK/none.yaml: No such file" "a manifest that is not there" -i -f "$TAP_WORK/none.yaml"
unasked 1 'no Secret is called two' "a Secret that the manifest has not" -n demo -i -f "$TAP_WORK/one.yaml" two
VAULT_TOKEN=wrong unasked 1 '403' "a token that Vault refuses" "${key[@]}" new
VAULT_ADDR=https://127.0.0.1:1 unasked 1 '127.0.0.1:1' "a Vault that does not answer" "${key[@]}" --retries 0 new

# Nothing of a rehearsal stays: no file beside the manifest, no token, no key.
mkdir "$TAP_WORK/folder"
mv "$TAP_WORK/one.yaml" "$TAP_WORK/folder"
on_terminal "expect Value of A:
	run [ \$(ls -A $TAP_WORK/folder) = one.yaml ]
	send one\\r
	expect again:
	send one\\r" -n demo --prompt A -i -f "$TAP_WORK/folder/one.yaml"
status_is 0 "a value in a manifest: nothing lies beside it meanwhile"
is "$(grep -cE '^ +"?[AB]"?: ' "$TAP_WORK/folder/one.yaml")" 2 "it is set"
export -f stage_curl vault_call field vault_accessors new_tokens
export TAP_WORK
vault_accessors >"$TAP_WORK/accessors"
export VAULT_CALL_TOKEN=$VAULT_TOKEN
run as_pod sealer env VAULT_ROLE=secret-seal HOME="$TAP_WORK" "$terminal" 'expect Value of A:
	run [ "$(new_tokens "$(cat "$TAP_WORK/accessors")")" = 0 ]
	send one\r
	expect again:
	send one\r' -- "$BIN/secret-seal" --transit-key derived-key --prompt A own
status_is 0 "a value that is asked for after a login: the token is given back meanwhile"
run "$terminal" 'expect Value of A:
	run vault_call GET transit/keys/new-key; [ "$STATUS" = 404 ]
	send \x03' -- "$BIN/secret-seal" --transit-key new-key --create-key --prompt A new
status_is 130 "a key that is to be made is not made before the question"
run "$terminal" 'expect Value of A:
	send one\r
	expect again:
	send one\r' -- "$BIN/secret-seal" --transit-key new-key --create-key --prompt A new
status_is 0 "but after it"
is "$("$BIN/secret-exec" --secret new -- printenv A)" one "and the value is sealed with it"

run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A app </dev/null
fails_with 2 '--prompt A: no terminal .*--from-file NAME=-' "without a terminal"
run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A --set A=1 app </dev/null
fails_with 1 '--prompt: duplicate name A' "a name that comes twice is refused before the question"

done_testing

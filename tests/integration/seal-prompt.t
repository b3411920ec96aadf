#!/bin/bash
# --prompt asks on the terminal, shows nothing, and leaves the terminal as it was.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

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
like "$OUT" 'an empty value: if it is meant' "an empty value"
on_terminal 'expect Value of A:
	send \x04' --prompt A app
like "$OUT" 'the input ended before a value was given' "the end of input"
restored "the terminal is as it was"
on_terminal "expect Value of A:
	send $(printf 'x%.0s' {1..4094})\\r" --prompt A app
like "$OUT" 'as long as a terminal.s line, or longer' "a value that may be cut"

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

run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A app </dev/null
fails_with 2 '--prompt A: there is no terminal to ask on .*--from-file NAME=-' "without a terminal"
run setsid -w "$BIN/secret-seal" --transit-key aes256-key --prompt A --set A=1 app </dev/null
fails_with 1 '--prompt: A comes twice' "a name that comes twice is refused before the question"

done_testing

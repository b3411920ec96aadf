#!/bin/bash
# A system call fails while values are sealed: they are stored, or one line has the reason; a Secret and a file are whole.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
. "$(dirname "$0")/../syscalls.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --set A=0 --set KEPT=kept app >/dev/null
mkdir "$TAP_WORK/folder"
file=$TAP_WORK/folder/app.yaml

# -- the API; the value is a growing number -----------------------------------------------------------

newest=0
next() { newest=$((newest + 1)) && printf '%s' "$newest" >"$TAP_WORK/value"; }
stored_whole() {
	local now
	now=$("$BIN/secret-exec" --secret app -- bash -c 'echo "$A $KEPT"' 2>&1)
	[ "$STATUS" = 0 ] || one_clear_line secret-seal 1
	[[ "$now" = "$newest kept" || ($STATUS != 0 && "$now" = "$((newest - 1)) kept") ]] || FOUND+="it holds $now; "
	newest=${now%% *}
}
syscalls_fail "a Secret in the API" next stored_whole "$BIN/secret-seal" --retries 0 --timeout 30s --transit-key aes256-key \
	--from-file "A=$TAP_WORK/value" app

# -- a manifest in place ------------------------------------------------------------------------------

plain='# a Secret
apiVersion: v1
kind: Secret
metadata: {name: app}
stringData:
  A: plaintext-71e2 # a value'
give_plain() { echo "$plain" >"$file"; }
file_whole() {
	local now
	now=$(<"$file")
	[ "$(ls -A "$TAP_WORK/folder")" = app.yaml ] || FOUND+="left: $(ls -A "$TAP_WORK/folder"); "
	if [ "$STATUS" = 0 ]; then
		[[ $now != *plaintext-71e2* && $now = '# a Secret'*'A: '*' # a value' ]] || FOUND+="it holds $now; "
	else
		one_clear_line secret-seal 1
		[ "$now" = "$plain" ] || [[ $now = '# a Secret'*'A: '*' # a value' ]] || FOUND+="it holds $now; "
	fi
}
syscalls_fail "a manifest in its place" give_plain file_whole "$BIN/secret-seal" --retries 0 --timeout 30s --transit-key aes256-key \
	--in-place -f "$file"
done_testing

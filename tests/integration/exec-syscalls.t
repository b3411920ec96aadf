#!/bin/bash
# A system call that fails during a start: the application starts as it should, or one line has the reason, and nothing is left.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
. "$(dirname "$0")/../syscalls.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plaintext-5a1c app >/dev/null
mkdir -p /dev/shm && shared=$(mktemp -d /dev/shm/exec-syscalls.XXXXXX) || skip_all "no /dev/shm"
at_end "rm -rf $shared"
SYSCALLS_AS=("${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app" VAULT_ROLE=demo)
before=$(vault_accessors)

clean() { rm -f "$shared"/*; }
started() {
	if [ "$STATUS" = 0 ]; then
		[ "$OUT" = plaintext-5a1c ] || FOUND+="the application got something else; "
		[ -z "$ERR" ] || grep -qv '^secret-exec: warning: ' <<<"$ERR" || return
		[ -z "$ERR" ] || FOUND+="unexpected words; "
		return
	fi
	one_clear_line secret-exec 125 126 127
	[ -z "$OUT" ] || FOUND+="output; "
	[[ $ERR != *plaintext-5a1c* ]] || FOUND+="the secret is printed; "
	[ -z "$(ls -A "$shared")" ] || FOUND+="left: $(ls -A "$shared"); "
}
try() {
	local name=$1
	shift
	syscalls_fail "$name" clean started "$BIN/secret-exec" --retries 0 --timeout 30s --secret app "$@"
}

try "the environment" -- printenv A
try "a pipe" --fd 3=A -- cat /proc/self/fd/3
try "a memfd" --memfd A -- cat '{}'
try "a file" --file "A=$shared/a" -- cat "$shared/a"
try "a denied token" --deny-token=if-possible -- printenv A
no_new() { [ "$(new_tokens "$before")" = 0 ]; }
ok "no token outlives its ten seconds" until_true no_new
done_testing

#!/bin/bash
# Killed at any system call that talks to a server, secret-seal leaves the old Secret, or the new one: no half of either.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
stage_start

secret=/api/v1/namespaces/demo/secrets/app
calls=connect,sendto,sendmsg,write,writev,recvfrom,read,close
value() { "$BIN/secret-exec" --secret "app:$1" -- printenv "$1"; }
"$BIN/secret-seal" --transit-key derived-key --set A=old --set B=old --set C=kept app >/dev/null

# kill_at N OPTION...: at the Nth of those calls.
kill_at() {
	local at=$1
	shift
	# A shell in between says "Killed" where nobody hears it.
	# shellcheck disable=SC2016
	run sh -c '"$@"; exit $?' - strace -f -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$at" \
		"$BIN/secret-seal" "$@" app
}
# data: what is stored, in one line.
data() {
	kube_call GET "$secret"
	field data
}

# Where the wanted change is not there yet, it is as it was; where it is, all of it is.
whole=0 new=0 at=1
before=$(data) kept=$(stored app C)
while :; do
	kill_at "$at" --set "A=new" --set "B=new"
	after=$(data)
	if [ "$after" = "$before" ]; then
		whole=$((whole + 1))
	elif [ "$(stored app C)" = "$kept" ] && [ "$(value A)$(value B)" = newnew ]; then
		whole=$((whole + 1)) new=$((new + 1))
	else
		tap_note "killed at call $at: neither the old Secret nor the new one"
	fi
	before=$after
	[ "$STATUS" = 0 ] && break
	[ "$at" -lt 1000 ] || break
	at=$((at + 1))
done
tap_note "killed at $((at - 1)) calls; after $new of them the new values were there"
is "$whole" "$at" "after each kill the Secret is whole"
ok "some kills came before the writing" [ "$((at - new))" -gt 10 ]
ok "and some after it" [ "$new" -gt 1 ]
run "$BIN/secret-seal" verify app
status_is 0 "and all of it decrypts"

# A new Secret: it is there with all its values, or not at all.
whole=0 tries=0
for at in $(seq 1 3 60); do
	kube_call DELETE "$secret"
	kill_at "$at" --transit-key derived-key --set A=1 --set B=2
	kube_call GET "$secret"
	if [ "$STATUS" = 404 ] || [[ $(field data) =~ \"A\".*\"B\" ]]; then whole=$((whole + 1)); fi
	tries=$((tries + 1))
done
is "$whole" "$tries" "a new Secret is made at once"

done_testing

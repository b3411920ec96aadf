#!/bin/bash
# A forged annotation makes a document of any JSON value: its members' names are part of a secret, and not shown.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1

printf %s '{"hunter2 word": "vault:v1:AAAA", "hunter2@example": "b", "1hunter2": "c", "hunter2=x": "d", "hunter2-\u00fc": "e", "hunter2.x": "f"}' >value
printf %s '{"hunter2.x": "\u0000"}' >binary
secrets=/api/v1/namespaces/demo/secrets
# forge FILE...: a Secret of these values, annotated as documents; ciphertext that is not a JSON object decrypts all the same.
forge() {
	kube_call DELETE "$secrets/app"
	"$BIN/secret-seal" --transit-key aes256-key "${@/#/--from-file=}" app >/dev/null
	kube_call PATCH "$secrets/app" '{"metadata":{"annotations":{"secretmanager/layout":"document"}}}' application/merge-patch+json
}
hides() { err_unlike hunter2 "$1: no member's name is shown"; }

forge value
for options in "" --verbose --sanitize "--sanitize --verbose" "--fd 3:dotenv" "--fd 3:nul" --upper-case \
	"--prefix P_" "--memfd value" "--file value=/dev/shm/x" "--env hunter2* --fd 3:dotenv" "--sanitize --prefix 1" "--override --sanitize"; do
	# shellcheck disable=SC2086
	run as_pod app "$BIN/secret-exec" --secret app $options --check -- true {}
	hides "--check ${options:-without more}"
done
for options in "" "--fd 3:dotenv" "--memfd x" "--fd 3:nul"; do
	# shellcheck disable=SC2086
	run as_pod app "$BIN/secret-exec" --secret app $options -- true {}
	like "$STATUS $ERR" '^125 .*\(name not shown\)' "${options:-environment}: refused with a message"
	hides "${options:-environment}"
done
run as_pod app env hunter2_x=other "$BIN/secret-exec" --secret app --sanitize --only hunter2.x -- true
fails_with 125 'Secret demo/app, data key value, member 6 \(name not shown\): variable \(name not shown\) is already set' "a clash: exit 125"
hides "a clash: the member's name is not shown"

forge value binary
run as_pod app "$BIN/secret-exec" --secret app --sanitize -- true
fails_with 125 'variable \(name not shown\) comes from both .*data key .*and .*data key ' "two documents with one name: refused"
hides "two documents with one name: the name is not shown"
forge binary
run as_pod app "$BIN/secret-exec" --secret app --sanitize -- true
fails_with 125 'the value of \(name not shown\) contains a NUL byte' "a value that the environment cannot contain: exit 125"
hides "a value that the environment cannot contain: its name is not shown"
run "$BIN/secret-seal" verify --transit-key aes256-key app
hides "secret-seal verify: no name is shown"

forge value
mkdir -m 700 "/dev/shm/forged-$$"
at_end "rm -rf /dev/shm/forged-$$"
printf '#!/bin/sh\nsed -i s/\\"d\\"/\\"changed\\"/ "$1"\n' >editor
chmod +x editor
run env XDG_RUNTIME_DIR="/dev/shm/forged-$$" setsid -w "$BIN/secret-seal" edit --allow-encrypted --editor "$PWD/editor" app </dev/null
is "$STATUS $ERR" "0 secret-seal: ~ (name not shown)" "secret-seal edit: no name is shown"

done_testing

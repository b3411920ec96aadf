#!/bin/bash
# Invalid input of secret-seal: one clear line each, and the old Secret does not change.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secret=/api/v1/namespaces/demo/secrets/app
seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
make_secret() {
	kube_call DELETE "$secret"
	kube_call POST /api/v1/namespaces/demo/secrets "$1"
	kube_call GET "$secret"
	before=$OUT
}
unchanged() {
	kube_call GET "$secret"
	is "$OUT" "$before" "$1"
}

run "$BIN/secret-seal" --from-literal A=1
fails_with 2 'NAME: missing; see secret-seal --help' "no name: exit 2"
seal --from-literal A=1 one two
fails_with 2 'one Secret at a time' "two names: exit 2"
seal --from-literal A=1 Not_A_Name
fails_with 2 "\"Not_A_Name\": not a valid Secret name" "an invalid name of a Secret: exit 2"
seal --from-literal A=1 -n Not_A_Name app
fails_with 2 'namespace "Not_A_Name"' "an invalid namespace: exit 2"
seal app
fails_with 2 'nothing to seal; pass --from-literal' "no input: exit 2"
seal --from-literal hunter2 app
fails_with 2 '--from-literal: without NAME=; write --from-literal NAME=VALUE' "a literal without a name: exit 2"
err_unlike hunter2 "a literal without a name is not printed, as it may be the secret"
seal --from-literal 'A B=1' app
fails_with 2 "\"A B\": not a valid data key" "an invalid data key: exit 2"
seal --from-literal A=1 --from-literal A=2 app
fails_with 2 '--from-literal: duplicate name A' "a duplicate name: exit 2"
run "$BIN/secret-seal" --from-literal A=1 app
fails_with 2 'no Transit key; pass --transit-key' "no Transit key: exit 2"
run "$BIN/secret-seal" --transit-key no-such-key --from-literal A=1 app
fails_with 1 'Transit key transit/no-such-key.*404.*no such key' "a missing Transit key: exit 1"
vault_call GET transit/keys/no-such-key
is "$STATUS" 404 "a missing Transit key is not created"
is_command() {
	run "$BIN/secret-seal" "$1" app
	fails_with 2 "\"$1\": not a command; write secret-seal $2 .*secret-seal seal $1" "a word that looks like a command: exit 2: $1"
}
for word in sttaus statu statuss ststus; do is_command "$word" status; done
for word in sael seall eal; do is_command "$word" seal; done
is_command compltoin completion
is_command verfiy verify
is_command edti edit
for word in list ls; do is_command "$word" status; done
for word in get decrypt unseal; do is_command "$word" reveal; done
is_command help --help
is_command version --version
run "$BIN/secret-seal" delete app
fails_with 2 '"delete": not a command; write kubectl delete secret ..., or for a Secret of this name secret-seal seal delete' \
	"a word of kubectl: exit 2, with its command"
run "$BIN/secret-seal" decrypt
fails_with 2 '"decrypt": not a command; write secret-seal reveal' "a word that looks like a command, without other operands: exit 2"
seal --from-literal A=1 state
status_is 0 "a name that does not look like a command, state: exit 0"
seal --from-literal A=1 --dry-run=server -- list
out_is "secret/list sealed (server dry run)" "after -- a word is a Secret's name"
run "$BIN/secret-seal" seal --transit-key aes256-key --from-literal A=1 --dry-run=server list
out_is "secret/list sealed (server dry run)" "after the command a word is a Secret's name"
run "$BIN/secret-seal" other app
fails_with 2 'one Secret at a time' "two names that do not look like commands: exit 2"
seal --layout both --from-literal A=1 app
fails_with 2 '--layout "both": not valid; write per-key or document' "an unknown layout: exit 2"
seal --data-key x --from-literal A=1 app
fails_with 2 '--data-key: only for --layout document' "--data-key without a document: exit 2"
seal --from-file /nowhere/file app
fails_with 1 '--from-file: /nowhere/file: No such file' "a missing file: exit 1"

n=0
while IFS= read -r line; do
	n=$((n + 1))
	printf 'GOOD=1\n%b\n' "$line" >"$TAP_WORK/bad.env"
	seal --from-env-file "$TAP_WORK/bad.env" app
	fails_with 1 'bad\.env: line 2(, column [0-9]+)?: ' "a .env file with an ambiguous line: exit 1: $line"
done <<'LINES'
no equals
=value
1A=x
A =x
A= x
A=x y \t
A=x # comment or value?
A="no end
A='no end
A="bad \\q"
A="$HOME"
A=${HOME}
A=$(id)
A="x" y
A=\xff
GOOD=2
LINES
ok "all lines were tested" [ "$n" = 16 ]

# Existing Secrets.
make_secret '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"app"},"data":{"A":"cGxhaW4="}}'
seal --from-literal A=1 app
fails_with 1 'Secret demo/app: not sealed: data key "A".*pass --adopt' "a Secret that is not sealed: exit 1"
unchanged "the Secret does not change"
make_secret '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"app","annotations":{"secretmanager/transit-key":"transit/aes256-key"}},"immutable":true,"data":{"A":"dmF1bHQ6djE6QUFBQQ=="}}'
seal --from-literal A=1 app
fails_with 1 'Secret demo/app: it is immutable' "an immutable Secret: exit 1"
unchanged "the Secret does not change"
make_secret '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"app"},"data":{"A":"dmF1bHQ6djE6QUFBQQ=="}}'
seal --from-literal B=1 app
fails_with 2 'the Transit key of data key "A" is unknown' "a sealed Secret without the annotation: exit 2"
unchanged "a sealed Secret without the annotation does not change"
make_secret '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"app","annotations":{"secretmanager/transit-key":"team/transit/team-key"}},"data":{"A":"dmF1bHQ6djE6QUFBQQ=="}}'
seal --from-literal B=1 app
fails_with 2 'sealed with Transit key team/transit/team-key, but aes256-key is requested' "a Secret with another Transit key: exit 2"
unchanged "with another Transit key the Secret does not change"
kube_call DELETE "$secret"
seal --from-literal A=1 app
kube_call GET "$secret"
before=$OUT
head -c 786400 /dev/zero >"$TAP_WORK/large"
seal --from-file "B=$TAP_WORK/large" app
fails_with 1 'value of 786400 bytes: too large: Vault cannot decrypt' "a value too large for Vault to decrypt: exit 1"
unchanged "a value too large for Vault to decrypt is not written"
head -c 600000 /dev/zero >"$TAP_WORK/half"
seal --from-file "B=$TAP_WORK/half" --from-file "C=$TAP_WORK/half" app
fails_with 1 'ciphertexts have .* bytes, and a Secret holds 1048576' "ciphertext too large for a Secret: exit 1"
unchanged "ciphertext too large for a Secret is not written"
run as_pod stranger env VAULT_ROLE=demo "$BIN/secret-seal" --from-literal A=1 app
is "$STATUS" 1 "a service account without permission: exit 1"
unchanged "a service account without permission does not change the Secret"

done_testing

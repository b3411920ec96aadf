#!/bin/bash
# Limits: the size of a value that Vault can decrypt, and the size of a Secret.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
bytes() { head -c "$1" /dev/zero | tr '\0' x >"$TAP_WORK/value"; }

# Vault encrypts values that it cannot decrypt: tests/conformance/vault-limits.t.
bytes 786400
seal --from-file "A=$TAP_WORK/value" app
fails_with 1 'value of 786400 bytes: too large: Vault cannot decrypt' "a value that Vault cannot decrypt: exit 1"
bytes 786384
seal --from-file "A=$TAP_WORK/value" app
fails_with 1 'value of 786384 bytes: too large: Vault cannot decrypt' "a value one byte too large: exit 1"
kube_call GET "$secrets/app"
is "$STATUS" 404 "after too large values nothing is written"
bytes 786383
seal --from-file "A=$TAP_WORK/value" app
status_is 0 "the largest value: exit 0"
# shellcheck disable=SC2016
run "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'wc -c <&5'
out_is $((786383 + 8)) "the largest value decrypts"
seal --set B=1 app
fails_with 1 'ciphertexts have at least [0-9]+ bytes, and a Secret holds 1048576' "a new value beside existing ones, too large together: exit 1"

# A thousand values are one batch, and one Secret.
for i in $(seq 1000); do echo "KEY_$i=value-$i"; done >"$TAP_WORK/thousand.env"
seal --from-env-file "$TAP_WORK/thousand.env" thousand
status_is 0 "a thousand values: exit 0"
run "$BIN/secret-exec" --secret thousand -- printenv KEY_1000
out_is value-1000 "a thousand values decrypt"
seal --set KEY_1=new --unset KEY_2 --rename KEY_3=KEY_THREE thousand
status_is 0 "one of a thousand values changes: exit 0"
for i in $(seq 1500); do printf 'KEY_%d=%0600d\n' "$i" 0; done >"$TAP_WORK/many.env"
seal --from-env-file "$TAP_WORK/many.env" many
fails_with 1 'ciphertexts have at least [0-9]+ bytes, and a Secret holds 1048576' "new values larger than a Secret: exit 1"
head -c 1048577 /dev/zero >"$TAP_WORK/large"
seal --from-file "A=$TAP_WORK/large" many
fails_with 1 'large' "a file larger than a Secret: exit 1"
kube_call GET "$secrets/many"
is "$STATUS" 404 "after too large values nothing is written"

# A document has no limit of members, the editor has one.
printf '{' >"$TAP_WORK/members.json"
for ((i = 0; i < 10000; i++)); do printf '"N%d": 1, ' "$i" >>"$TAP_WORK/members.json"; done
printf '"LAST": 1}' >>"$TAP_WORK/members.json"
seal --layout document --from-document "$TAP_WORK/members.json" members
status_is 0 "a document of 10,001 members: exit 0"
run "$BIN/secret-seal" edit --editor false members
fails_with 1 'Secret demo/members: more than 10000 values, too many to edit; change single values with secret-seal --set NAME=VALUE$' \
	"edit of 10,001 members: exit 1, before the editor opens"
run "$BIN/secret-seal" --set N7=2 --unset LAST members
status_is 0 "--set in a document of 10,001 members: exit 0"
run "$BIN/secret-exec" --secret members -- printenv N7
out_is 2 "--set in a document of 10,001 members: the new value is delivered"
for ((i = 0; i < 10001; i++)); do echo "N$i=1"; done >"$TAP_WORK/many.env"
seal --from-env-file "$TAP_WORK/many.env" many
fails_with 1 'many.env: line 10001: more than 10000 values$' "10,001 values in a file: exit 1"

done_testing

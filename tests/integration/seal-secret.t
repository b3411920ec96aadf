#!/bin/bash
# secret-seal creates a sealed Secret, or changes single data keys; everything else does not change.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secret=/api/v1/namespaces/demo/secrets/app

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --from-literal B=two=2 app
status_is 0 "a new Secret: exit 0"
out_is "secret/app created" "a new Secret: the output of kubectl"
kube_call GET "$secret"
is "$(field type)" Opaque "a new Secret: the type"
is "$(field metadata.labels.secretmanager/sealed)" true "a new Secret: the label"
is "$(field metadata.annotations.secretmanager/transit-key)" transit/aes256-key "a new Secret: the annotation"
like "$(stored app A)" '^vault:v1:[A-Za-z0-9+/]+=*$' "a new Secret: the value is Transit ciphertext"
b=$(stored app B)

kube_call PATCH "$secret" '{"metadata":{"labels":{"team":"red"},"annotations":{"note":"kept"}}}' application/merge-patch+json
run "$BIN/secret-seal" --from-literal A=new --from-literal C=three app
out_is "secret/app updated" "an existing Secret is updated with its annotated Transit key"
is "$(stored app B)" "$b" "other data keys keep their ciphertext"
kube_call GET "$secret"
is "$(field metadata.labels.team)" red "labels do not change"
is "$(field metadata.annotations.note)" kept "annotations do not change"
run "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B $C"'
out_is "new two=2 three" "all values decrypt"

run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" --from-literal A=again app
out_is "secret/app updated" "the secret-seal policy and a Role suffice"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-seal" --from-literal A=again app
is "$STATUS" 1 "an application's permissions do not suffice: exit 1"

printf 'a\0b\xff' >"$TAP_WORK/binary"
run "$BIN/secret-seal" --transit-key aes256-key --from-file "BIN=$TAP_WORK/binary" --from-file "$TAP_WORK/binary" binary
status_is 0 "files, with and without a name: exit 0"
run "$BIN/secret-exec" --secret binary:BIN --fd 5:json -- true
fails_with 125 'not UTF-8' "binary bytes are sealed unchanged"

printf '# comment\nexport X=1\nY="a '\''b'\''\\n"\n\nZ='\''$x'\''\r\n' >"$TAP_WORK/env"
run "$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/env" env
status_is 0 "a .env file: exit 0"
run "$BIN/secret-exec" --secret env -- sh -c 'echo "$X|$Y|$Z"'
out_is $'1|a \'b\'\n|$x' "a .env file: the values"
printf 'A="a \\"b\\""\n' >"$TAP_WORK/env"
run "$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/env" quoted
fails_with 1 'line 1, column 6: no such escape' "a quote with a backslash in a .env file, which node reads as the end: exit 1"

printf '{"N": 1, "O": {"k": [true, null]}, "S": "s"}' >"$TAP_WORK/json"
run "$BIN/secret-seal" --transit-key aes256-key --from-document "$TAP_WORK/json" doc
status_is 0 "a JSON object, one data key a member: exit 0"
run "$BIN/secret-exec" --secret doc -- sh -c 'echo "$N|$O|$S"'
out_is '1|{"k":[true,null]}|s' "a JSON object: the values"
run "$BIN/secret-seal" --transit-key aes256-key --from-document - stdin <<<'{"A":"from stdin"}'
status_is 0 "standard input: exit 0"

done_testing

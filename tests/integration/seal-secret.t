#!/bin/bash
# secret-seal makes a sealed Secret, or changes single keys of one; what is not named survives.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secret=/api/v1/namespaces/demo/secrets/app

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --from-literal B=two=2 app
status_is 0 "a new Secret"
out_is "secret/app created" "as kubectl would say it"
kube_call GET "$secret"
is "$(field type)" Opaque "its type"
is "$(field metadata.labels.secretmanager/sealed)" true "its label"
is "$(field metadata.annotations.secretmanager/transit-key)" transit/aes256-key "its annotation"
like "$(stored app A)" '^vault:v1:[A-Za-z0-9+/]+=*$' "its value is Transit ciphertext"
b=$(stored app B)

kube_call PATCH "$secret" '{"metadata":{"labels":{"team":"red"},"annotations":{"note":"kept"}}}' application/merge-patch+json
run "$BIN/secret-seal" --from-literal A=new --from-literal C=three app
out_is "secret/app updated" "an existing one is updated; its annotation names the Transit key"
is "$(stored app B)" "$b" "a key that is not named keeps its ciphertext"
kube_call GET "$secret"
is "$(field metadata.labels.team)" red "labels survive"
is "$(field metadata.annotations.note)" kept "annotations survive"
run "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B $C"'
out_is "new two=2 three" "and all of it launches"

run as_pod sealer env VAULT_ROLE=secret-seal "$BIN/secret-seal" --from-literal A=again app
out_is "secret/app updated" "the rights of the secret-seal policy and of a Role suffice"
run as_pod app env VAULT_ROLE=secret-exec "$BIN/secret-seal" --from-literal A=again app
is "$STATUS" 1 "those of an application do not"

printf 'a\0b\xff' >"$TAP_WORK/binary"
run "$BIN/secret-seal" --transit-key aes256-key --from-file "BIN=$TAP_WORK/binary" --from-file "$TAP_WORK/binary" binary
status_is 0 "files, named or by their own name"
run "$BIN/secret-exec" --secret binary:BIN --fd 5:json -- true
fails_with 125 'no UTF-8 text' "binary stays binary"

printf '# comment\nexport X=1\nY="a '\''b'\''\\n"\n\nZ='\''$x'\''\r\n' >"$TAP_WORK/env"
run "$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/env" env
status_is 0 "a .env file"
run "$BIN/secret-exec" --secret env -- sh -c 'echo "$X|$Y|$Z"'
out_is $'1|a \'b\'\n|$x' "its values"
printf 'A="a \\"b\\""\n' >"$TAP_WORK/env"
run "$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/env" quoted
fails_with 1 'line 1, column 6: no such escape' "a quote with a backslash in a .env file, which node reads as the end: refused"

printf '{"N": 1, "O": {"k": [true, null]}, "S": "s"}' >"$TAP_WORK/json"
run "$BIN/secret-seal" --transit-key aes256-key --from-document "$TAP_WORK/json" doc
status_is 0 "a JSON object, one data key a member"
run "$BIN/secret-exec" --secret doc -- sh -c 'echo "$N|$O|$S"'
out_is '1|{"k":[true,null]}|s' "its values"
run "$BIN/secret-seal" --transit-key aes256-key --from-document - stdin <<<'{"A":"from stdin"}'
status_is 0 "standard input"

done_testing

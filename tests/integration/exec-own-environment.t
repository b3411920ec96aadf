#!/bin/bash
# Ciphertext in the environment (envFrom of a sealed Secret) is decrypted in place, with no right on Secrets.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --from-literal B=two sealed >/dev/null
a=$(stored sealed A) b=$(stored sealed B)
like "$a" '^vault:v1:' "the Secret holds ciphertext"

run as_pod app env "A=$a" "B=$b" PLAIN=plain "$BIN/secret-exec" --transit-key aes256-key -- \
	sh -c 'echo "$A $B $PLAIN"'
out_is "one two plain" "variables that hold ciphertext are decrypted, others stay"

run as_pod app env "A=$a" "$BIN/secret-exec" -- true
fails_with 125 'environment variable A: no Transit key is known.*--transit-key' \
	"without a Transit key it is refused"

run as_pod app env "A=$a" "B=vault:v1:AAAA" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 "environment variable B: Vault can't decrypt it" "a garbled one names its variable"

run as_pod app env "A=vault:v1:not base64" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 'environment variable A: garbled ciphertext' "text that is no ciphertext never reaches Vault"

run as_pod app env "A=vault:verbatim" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 'environment variable A: garbled ciphertext: no key version' \
	"nor does what only begins like one"

"$BIN/secret-seal" --transit-key aes256-key --from-literal C=three app >/dev/null
run as_pod app env "A=$a" "$BIN/secret-exec" --transit-key aes256-key --secret app -- sh -c 'echo "$A $C"'
out_is "one three" "Secrets from the API come beside it"

run as_pod app env "C=$a" "$BIN/secret-exec" --transit-key aes256-key --secret app -- true
fails_with 125 'variable C comes from both environment variable C and Secret demo/app' \
	"one name from two sources is an error that names both"

# envFrom makes each data key of a Secret a variable, also of what is no secret.
envfrom() { run as_pod app env "A=$a" "$@" "$BIN/secret-exec" --transit-key aes256-key -- true; }
envfrom SECRET_EXEC_VAULT_ADDR=https://evil.example
fails_with 125 'SECRET_EXEC_VAULT_ADDR and VAULT_ADDR are both set, and differ' "a Secret can't redirect to another Vault"
envfrom VAULT_CACERT_BYTES=other
fails_with 125 "Vault's CA certificate is given in more than one way" "nor have another CA trusted beside the pod's"
envfrom "SECRET_EXEC_VAULT_ADDR=$VAULT_ADDR"
status_is 0 "the same value twice is no conflict"

run as_pod app "$BIN/secret-exec" -- true
fails_with 125 'nothing to decrypt.*--secret' "nothing to decrypt is an error: the application expects secrets"

done_testing

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
out_is "one two plain" "variables with ciphertext are decrypted, others are not changed"

run as_pod app env "A=$a" "$BIN/secret-exec" -- true
fails_with 125 'environment variable A: no Transit key.*--transit-key' \
	"without a Transit key: exit 125"

run as_pod app env "A=$a" "B=vault:v1:AAAA" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 "environment variable B: Vault cannot decrypt it" "a garbled variable: the message names it"

run as_pod app env "A=vault:v1:not base64" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 'environment variable A: garbled ciphertext' "text that is not ciphertext: not sent to Vault"

run as_pod app env "A=vault:v0:AAAA" "$BIN/secret-exec" --transit-key aes256-key -- true
fails_with 125 'environment variable A: garbled ciphertext: invalid key version' "an invalid key version: not sent to Vault"
run as_pod app env "A=vault:v1" "B=$b" "$BIN/secret-exec" --transit-key aes256-key -- sh -c 'echo "$A $B"'
out_is "vault:v1 two" "text that only begins like ciphertext: not changed"

"$BIN/secret-seal" --transit-key aes256-key --from-literal C=three app >/dev/null
run as_pod app env "A=$a" "$BIN/secret-exec" --transit-key aes256-key --secret app -- sh -c 'echo "$A $C"'
out_is "one three" "Secrets of the API are added"

run as_pod app env "C=$a" "$BIN/secret-exec" --transit-key aes256-key --secret app -- true
fails_with 125 'variable C comes from both environment variable C and Secret demo/app' \
	"one name from two sources: exit 125, with both sources"

# envFrom makes a variable of each data key of a Secret or ConfigMap, whether or not any of them is ciphertext.
mkdir "$TAP_WORK/mounted"
printf %s "$a" >"$TAP_WORK/mounted/A"
from_pod() { run as_pod app env "A=$a" "$@" "$BIN/secret-exec" --transit-key aes256-key -- true; }
from_api() { run as_pod app env "$@" "$BIN/secret-exec" --secret app -- true; }
from_directory() { run as_pod app env "$@" "$BIN/secret-exec" --transit-key aes256-key --secret-dir "$TAP_WORK/mounted" -- true; }
from_file() { run as_pod app env "$@" "$BIN/secret-exec" --allow-plaintext --from-env-file /dev/null --secret app -- true; }
differ='are both set, and differ, .*set one of them$'
for source in from_pod from_api from_directory from_file; do
	"$source" SECRET_EXEC_VAULT_ADDR=https://evil.example
	fails_with 125 "SECRET_EXEC_VAULT_ADDR and VAULT_ADDR $differ" "$source: another Vault beside the pod's is refused"
	"$source" BAO_ADDR=https://evil.example
	fails_with 125 "VAULT_ADDR and BAO_ADDR $differ" "$source: by any of its names"
	"$source" SECRET_EXEC_ROLE=other
	fails_with 125 "SECRET_EXEC_ROLE and VAULT_ROLE $differ" "$source: another role is refused"
	"$source" VAULT_CACERT_BYTES=other
	fails_with 125 "Vault's CA certificate is given in more than one way" "$source: another CA beside the pod's is refused"
	for name in VAULT_SKIP_VERIFY BAO_SKIP_VERIFY SECRET_EXEC_VAULT_SKIP_VERIFY; do
		"$source" "$name=true"
		fails_with 125 "$name: not accepted from the environment.*use --vault-skip-verify" "$source: $name is refused"
	done
	"$source" VAULT_TLS_SERVER_NAME=localhost
	fails_with 125 "VAULT_TLS_SERVER_NAME: not accepted from the environment.*use --vault-tls-server-name" \
		"$source: another name for Vault's certificate is refused"
	"$source" "SECRET_EXEC_VAULT_ADDR=$VAULT_ADDR" "BAO_ADDR=$VAULT_ADDR/" VAULT_SKIP_VERIFY=false BAO_SKIP_VERIFY=0 \
		VAULT_CLIENT_TIMEOUT=60s BAO_CLIENT_TIMEOUT=1m
	status_is 0 "$source: the same value twice, and verification switched on, are accepted"
done
run as_pod app env SECRET_EXEC_VAULT_ADDR=https://evil.example "$BIN/secret-exec" --vault-addr "$VAULT_ADDR" --secret app -- true
status_is 0 "variables that the command line overrides do not conflict"

# Which of them, and that their names stay.
run as_pod app env "A=$a" "B=$b" "$BIN/secret-exec" --transit-key aes256-key --prefix P_ --upper-case -- \
	sh -c 'echo "$A $B ${P_A-none}"'
out_is "one two none" "names of decrypted variables are not changed"
run as_pod app env "A=$a" "B=vault:v1:AAAA" "$BIN/secret-exec" --transit-key aes256-key --exclude B -- \
	sh -c 'echo "$A $B"'
out_is "one vault:v1:AAAA" "an excluded variable: not decrypted, not changed"
run as_pod app env "A=$a" "B=vault:v1:AAAA" "$BIN/secret-exec" --transit-key aes256-key --only 'A*' -- \
	sh -c 'echo "$A $B"'
out_is "one vault:v1:AAAA" "a variable that --only does not select: not decrypted"
run as_pod app env "A=$a" "$BIN/secret-exec" --transit-key aes256-key --exclude '*' -- true
fails_with 125 '--only and --exclude exclude all' "all values excluded: exit 125"

# A document, as envFrom of the original project's Secret makes it.
printf '{"host": "h", "port": 1}' >"$TAP_WORK/app.json"
"$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/app.json" document >/dev/null
kube_call GET /api/v1/namespaces/demo/secrets/document
document=$(stored document "$(field data | sed 's/^{"\([^"]*\)".*/\1/')")
run as_pod app env "secrets.json=$document" "$BIN/secret-exec" --transit-key aes256-key --upper-case --only host -- \
	sh -c 'echo "$HOST ${PORT-none}"; env | grep -c vault:v'
out_is $'h none\n0' "a document's members are renamed and filtered"

# Values that are bound to their Secret.
"$BIN/secret-seal" --transit-key derived-key --from-literal A=one --from-literal B=two bound >/dev/null
"$BIN/secret-seal" --transit-key derived-key --from-literal A=three other >/dev/null
bound=("A=$(stored bound A)" "B=$(stored bound B)")
run as_pod app env "${bound[@]}" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key -- true
fails_with 125 "environment variable A: Vault cannot decrypt it with Transit key derived-key: missing 'context'.*pass --bound-to" \
	"a derived key without --bound-to: exit 125, with the advice"
run as_pod app env "${bound[@]}" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key --bound-to bound -- \
	sh -c 'echo "$A $B"'
out_is "one two" "--bound-to names the Secret of envFrom"
run as_pod app env "X_${bound[0]}" "Y_A=$(stored other A)" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key \
	--bound-to bound:X_ --bound-to demo/other:Y_ -- sh -c 'echo "$X_A $Y_A"'
out_is "one three" "two Secrets with envFrom.prefix: each value gets its Secret"
run as_pod app env "${bound[@]}" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key --bound-to other -- true
fails_with 125 "environment variable A: Vault cannot decrypt it.*check --bound-to; it may be garbled, or sealed for another Secret and data key" "--bound-to with another Secret: exit 125"
run as_pod app env "${bound[@]}" "Z=$a" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key \
	--bound-to bound:A --exclude 'B' --exclude Z -- true
fails_with 125 "environment variable A: Vault cannot decrypt it" "a prefix as part of the data key: exit 125"

# With --no-env-config, variables that a Secret sets by envFrom are ignored.
options=(--no-env-config --vault-addr "$VAULT_ADDR" --vault-cacert "$VAULT_CACERT" --role secret-exec
	--service-account-dir "$STAGE_DIR/pod/app" --transit-key aes256-key)
run as_pod app env "A=$a" SECRET_EXEC_VAULT_ADDR=https://evil.example VAULT_PROXY_ADDR=http://evil.example:1 \
	HTTPS_PROXY=http://evil.example:1 SSL_CERT_FILE=/evil VAULT_SKIP_VERIFY=1 SECRET_EXEC_CHECK=1 VAULT_TOKEN=evil \
	SECRET_EXEC_ENV_CONFIG=1 "$BIN/secret-exec" "${options[@]}" -- printenv A
is "$STATUS $OUT $ERR" "0 one " "--no-env-config: only the command line configures"
run as_pod app env "A=$a" "$BIN/secret-exec" --no-env-config --transit-key aes256-key -- true
fails_with 125 'no Vault address' "--no-env-config without a required option: exit 125"

run as_pod app "$BIN/secret-exec" -- true
fails_with 125 'nothing to decrypt.*--secret' "nothing to decrypt: exit 125, because the application expects secrets"

done_testing

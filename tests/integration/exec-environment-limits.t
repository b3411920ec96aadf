#!/bin/bash
# A value that an environment cannot contain is refused before the application starts, with a delivery that can.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

# seal NAME KEY: seal the value from stdin.
seal() { "$BIN/secret-seal" --transit-key aes256-key --from-file "$2=/dev/stdin" "$1" >/dev/null; }
bytes() { head -c "$1" /dev/zero | tr '\0' x; }

# NAME=value and its NUL may have 131,072 bytes.
bytes 131065 | seal fits LARGE
run "$BIN/secret-exec" --secret fits -- sh -c 'echo ${#LARGE}'
out_is 131065 "the largest value that an environment can contain: delivered"
bytes 131066 | seal larger LARGE
run "$BIN/secret-exec" --secret larger -- true
fails_with 125 'Secret demo/larger, data key LARGE: the value of LARGE has 131066 bytes, and the kernel allows 131072 for one variable; deliver it alone with --file LARGE=PATH, --memfd LARGE or --fd N=LARGE' \
	"one byte more: exit 125, with the other deliveries"
run "$BIN/secret-exec" --secret larger --fd 3=LARGE -- sh -c 'wc -c <&3'
out_is 131066 "one byte more, by --fd: delivered"
run "$BIN/secret-exec" --secret larger --memfd LARGE -- sh -c 'wc -c <"$1"' - {}
out_is 131066 "one byte more, by --memfd: delivered"
run "$BIN/secret-exec" --secret larger --fd 3 --env LARGE -- true
fails_with 125 'has 131066 bytes' "one byte more, kept by --env: exit 125"

# All strings together: a quarter of the stack's limit.
for i in 1 2 3; do bytes 120000 | seal "part$i" "PART$i"; done
parts=(--secret part1 --secret part2 --secret part3)
limited=(bash -c 'ulimit -s 1024; exec "$@"' - env -i "PATH=$PATH")
stage=("VAULT_ADDR=$VAULT_ADDR" "VAULT_CACERT=$VAULT_CACERT" "VAULT_TOKEN=$VAULT_TOKEN" "KUBECONFIG=$KUBECONFIG")
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" --secret part1 --secret part2 -- sh -c 'echo ${#PART1} ${#PART2}'
out_is "120000 120000" "two large values within the limit: delivered"
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" "${parts[@]}" -- true
fails_with 125 'environment and arguments have 360[0-9]{3} bytes, and the kernel allows 262144 .*; deliver secrets with --fd, --memfd or --file' \
	"three large values: exit 125"
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" "${parts[@]}" --fd 5 -- sh -c 'wc -c <&5'
out_is 360034 "three large values by a pipe: delivered"
run "$BIN/secret-exec" "${parts[@]}" -- sh -c 'echo ${#PART1} ${#PART2} ${#PART3}'
out_is "120000 120000 120000" "three large values with the usual stack limit: delivered"

# -- binary values

printf 'a\0b' | seal nul KEY
printf '\xff\xfe' | seal bytes KEY
run "$BIN/secret-exec" --secret nul -- true
fails_with 125 'KEY contains a NUL byte, which an environment variable cannot; deliver it alone with --file KEY=PATH, --memfd KEY or --fd N=KEY' "a NUL byte in a variable: exit 125"
run "$BIN/secret-exec" --secret bytes -- true
fails_with 125 'KEY is binary \(not UTF-8\).*; deliver it alone with --file KEY=PATH, --memfd KEY or --fd N=KEY' "binary data in a variable: exit 125"
run "$BIN/secret-exec" --secret bytes --fd 3 -- true
fails_with 125 'KEY is not UTF-8, which JSON requires' "binary data in JSON: exit 125"
run "$BIN/secret-exec" --secret bytes --fd 3:dotenv -- true
fails_with 125 'KEY is binary .* dotenv form' "binary data in dotenv form: exit 125"
run "$BIN/secret-exec" --secret bytes --fd 3:nul -- sh -c 'od -An -tx1 <&3'
out_is " 4b 45 59 3d ff fe 00" "binary data in nul form: delivered"
for way in "--fd 3=KEY" "--memfd KEY"; do
	# shellcheck disable=SC2086 # two words
	run "$BIN/secret-exec" --secret nul $way -- sh -c 'od -An -tx1 "${1#-}"' - "$([[ $way == *memfd* ]] && echo {} || echo /dev/fd/3)"
	out_is " 61 00 62" "$way takes any bytes"
done

# -- names

printf x | seal names tls.crt
run "$BIN/secret-exec" --secret names -- true
fails_with 125 '"tls.crt" is not a valid environment variable name; rename it.*--memfd :json' "a name that is invalid for a variable: exit 125"
run "$BIN/secret-exec" --secret names --fd 3:dotenv -- true
fails_with 125 '"tls.crt" is not a valid name in dotenv form.*; use json' "a name that is invalid for a variable, in dotenv form: exit 125"
run "$BIN/secret-exec" --secret names --fd 3:nul -- sh -c 'tr "\0" "\n" <&3'
out_is "tls.crt=x" "a name that is invalid for a variable, in nul form: delivered"

# -- clashes

printf same | seal clash VALUE
run env VALUE=same "$BIN/secret-exec" --secret clash -- sh -c 'env | grep ^VALUE='
out_is VALUE=same "a variable that already has the secret's value: not a clash"
run env VALUE=other "$BIN/secret-exec" --secret clash -- true
fails_with 125 'VALUE is already set' "a variable with another value: exit 125"
run env VALUE=other "$BIN/secret-exec" --secret clash --fd 3=VALUE -- sh -c 'cat <&3; echo " $VALUE"'
out_is "same other" "a variable with another value, when the secret is delivered in a file: no clash"
run env VALUE=other "$BIN/secret-exec" --secret clash --override -- sh -c 'env | grep ^VALUE='
out_is VALUE=same "a variable with another value, with --override: replaced"

done_testing

#!/bin/bash
# A value that an environment cannot contain is refused before the application starts, with a delivery that can.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

# seal NAME KEY: the value comes on stdin.
seal() { "$BIN/secret-seal" --transit-key aes256-key --from-file "$2=/dev/stdin" "$1" >/dev/null; }
bytes() { head -c "$1" /dev/zero | tr '\0' x; }

# NAME=value and its NUL may have 131,072 bytes.
bytes 131065 | seal fits LARGE
run "$BIN/secret-exec" --secret fits -- sh -c 'echo ${#LARGE}'
out_is 131065 "the largest value that an environment holds"
bytes 131066 | seal larger LARGE
run "$BIN/secret-exec" --secret larger -- true
fails_with 125 'Secret demo/larger, data key LARGE: the value of LARGE has 131066 bytes, and the kernel allows 131072 for one variable; deliver it alone with --file LARGE=PATH, --memfd LARGE or --fd N=LARGE' \
	"one byte more, and how to deliver it"
run "$BIN/secret-exec" --secret larger --fd 3=LARGE -- sh -c 'wc -c <&3'
out_is 131066 "by --fd"
run "$BIN/secret-exec" --secret larger --memfd LARGE -- sh -c 'wc -c <"$1"' - {}
out_is 131066 "by --memfd"
run "$BIN/secret-exec" --secret larger --fd 3 --env LARGE -- true
fails_with 125 'has 131066 bytes' "--env asks for what can't be"

# All strings together: a quarter of the stack's limit.
for i in 1 2 3; do bytes 120000 | seal "part$i" "PART$i"; done
parts=(--secret part1 --secret part2 --secret part3)
limited=(bash -c 'ulimit -s 1024; exec "$@"' - env -i "PATH=$PATH")
stage=("VAULT_ADDR=$VAULT_ADDR" "VAULT_CACERT=$VAULT_CACERT" "VAULT_TOKEN=$VAULT_TOKEN" "KUBECONFIG=$KUBECONFIG")
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" --secret part1 --secret part2 -- sh -c 'echo ${#PART1} ${#PART2}'
out_is "120000 120000" "two large values within the limit"
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" "${parts[@]}" -- true
fails_with 125 'environment and arguments have 360[0-9]{3} bytes, and the kernel allows 262144 .*; deliver secrets with --fd, --memfd or --file' \
	"three are too many together"
run "${limited[@]}" "${stage[@]}" "$BIN/secret-exec" "${parts[@]}" --fd 5 -- sh -c 'wc -c <&5'
out_is 360034 "but not for a pipe"
run "$BIN/secret-exec" "${parts[@]}" -- sh -c 'echo ${#PART1} ${#PART2} ${#PART3}'
out_is "120000 120000 120000" "nor for the usual limit"

# -- binary values

printf 'a\0b' | seal nul KEY
printf '\xff\xfe' | seal bytes KEY
run "$BIN/secret-exec" --secret nul -- true
fails_with 125 'KEY contains a NUL byte, which an environment variable cannot; deliver it alone with --file KEY=PATH, --memfd KEY or --fd N=KEY' "a NUL byte"
run "$BIN/secret-exec" --secret bytes -- true
fails_with 125 'KEY is binary \(not UTF-8\).*; deliver it alone with --file KEY=PATH, --memfd KEY or --fd N=KEY' "bytes that are no text"
run "$BIN/secret-exec" --secret bytes --fd 3 -- true
fails_with 125 'KEY is not UTF-8, which JSON requires' "nor are they JSON"
run "$BIN/secret-exec" --secret bytes --fd 3:dotenv -- true
fails_with 125 'KEY is binary .* dotenv form' "nor dotenv"
run "$BIN/secret-exec" --secret bytes --fd 3:nul -- sh -c 'od -An -tx1 <&3'
out_is " 4b 45 59 3d ff fe 00" "nul form takes them"
for way in "--fd 3=KEY" "--memfd KEY"; do
	# shellcheck disable=SC2086 # two words
	run "$BIN/secret-exec" --secret nul $way -- sh -c 'od -An -tx1 "${1#-}"' - "$([[ $way == *memfd* ]] && echo {} || echo /dev/fd/3)"
	out_is " 61 00 62" "$way takes any bytes"
done

# -- names

printf x | seal names tls.crt
run "$BIN/secret-exec" --secret names -- true
fails_with 125 '"tls.crt" is not a valid environment variable name; rename it.*--memfd :json' "a name that no variable can have"
run "$BIN/secret-exec" --secret names --fd 3:dotenv -- true
fails_with 125 '"tls.crt" is not a valid name in dotenv form.*; use json' "nor dotenv"
run "$BIN/secret-exec" --secret names --fd 3:nul -- sh -c 'tr "\0" "\n" <&3'
out_is "tls.crt=x" "nul form can"

# -- clashes

printf same | seal clash VALUE
run env VALUE=same "$BIN/secret-exec" --secret clash -- sh -c 'env | grep ^VALUE='
out_is VALUE=same "a variable that already has the secret's value: not a clash"
run env VALUE=other "$BIN/secret-exec" --secret clash -- true
fails_with 125 'VALUE is already set' "another value is"
run env VALUE=other "$BIN/secret-exec" --secret clash --fd 3=VALUE -- sh -c 'cat <&3; echo " $VALUE"'
out_is "same other" "but not where the secret goes another way"
run env VALUE=other "$BIN/secret-exec" --secret clash --override -- sh -c 'env | grep ^VALUE='
out_is VALUE=same "--override lets the secret win"

done_testing

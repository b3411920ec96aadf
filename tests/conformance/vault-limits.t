#!/bin/bash
# What Vault refuses for its size (1.20 and newer), and the plaintext that it encrypts but never decrypts.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

body=$TAP_WORK/big
# plaintext_of BYTES: a request to encrypt that many zero bytes, in $body
plaintext_of() { printf '{"plaintext":"%s"}' "$(head -c "$1" /dev/zero | base64 -w0)" >"$body"; }
# send VERB: $body to transit/VERB/aes256-key
send() { vault_call POST "transit/$1/aes256-key" "@$body"; }
too_long='JSON string value exceeds allowed length'

# -- a string: 1,048,576 characters ------------------------------------------------------------------

plaintext_of 786390
send encrypt
is "$STATUS" 200 "786,390 bytes are encrypted"
is "$(field data.ciphertext | tr -d '\n' | wc -c)" 1048569 "into 1,048,569 characters"
printf '%s' "{\"ciphertext\":\"$(field data.ciphertext)\"}" >"$body"
send decrypt
is "$STATUS" 200 "which decrypt"
is "$(field data.plaintext | base64 -d | wc -c)" 786390 "to as many bytes"

plaintext_of 786400
send encrypt
is "$STATUS" 200 "786,400 bytes are encrypted too"
is "$(field data.ciphertext | tr -d '\n' | wc -c)" 1048581 "into 1,048,581 characters"
printf '%s' "{\"ciphertext\":\"$(field data.ciphertext)\"}" >"$body"
send decrypt
is "$STATUS" 500 "which do not decrypt"
like "$OUT" "$too_long" "message"
send rewrap
is "$STATUS" 500 "nor rewrap"
like "$OUT" "$too_long" "message"

printf '{"plaintext":"%s"}' "$(head -c 1048576 /dev/zero | tr '\0' A)" >"$body"
send encrypt
is "$STATUS" 200 "a string of 1,048,576 characters"
printf '{"plaintext":"%s"}' "$(head -c 1048580 /dev/zero | tr '\0' A)" >"$body"
send encrypt
is "$STATUS" 500 "four more"
like "$OUT" "$too_long" "message"

# -- an array: 10,000 elements; a body: 32 MiB -------------------------------------------------------

# batch_of ITEMS: a request to encrypt that many, in $body
batch_of() {
	printf '{"batch_input":[' >"$body"
	yes '{"plaintext":"YQ=="}' | head -n "$1" | paste -sd, | tr -d '\n' >>"$body"
	printf ']}' >>"$body"
}
batch_of 10000
send encrypt
is "$STATUS" 200 "10,000 items"
like "$(field data.batch_results.9999.ciphertext)" '^vault:v1:' "the last one is there"
batch_of 10001
send encrypt
is "$STATUS" 500 "10,001 items"
like "$OUT" 'JSON array exceeds allowed element count' "message"

{
	printf '{"batch_input":['
	for _ in {1..34}; do
		printf '{"plaintext":"%s"},' "$(head -c 1000000 /dev/zero | tr '\0' A)"
	done
	printf '{"plaintext":"YQ=="}]}'
} >"$body"
send encrypt
is "$STATUS" 413 "a body over 32 MiB"
like "$OUT" 'request body too large' "message"
done_testing

#!/bin/bash
# Vault's limits on requests (1.20 and newer), and the plaintext that it encrypts but cannot decrypt.
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
is "$STATUS" 200 "encrypt 786,390 bytes: status 200"
is "$(field data.ciphertext | tr -d '\n' | wc -c)" 1048569 "786,390 bytes: 1,048,569 characters of ciphertext"
printf '%s' "{\"ciphertext\":\"$(field data.ciphertext)\"}" >"$body"
send decrypt
is "$STATUS" 200 "786,390 bytes: the ciphertext decrypts, status 200"
is "$(field data.plaintext | base64 -d | wc -c)" 786390 "786,390 bytes: the plaintext has as many bytes"

plaintext_of 786400
send encrypt
is "$STATUS" 200 "encrypt 786,400 bytes: status 200"
is "$(field data.ciphertext | tr -d '\n' | wc -c)" 1048581 "786,400 bytes: 1,048,581 characters of ciphertext"
printf '%s' "{\"ciphertext\":\"$(field data.ciphertext)\"}" >"$body"
send decrypt
is "$STATUS" 500 "786,400 bytes: the ciphertext does not decrypt, status 500"
like "$OUT" "$too_long" "786,400 bytes, decrypt: message"
send rewrap
is "$STATUS" 500 "786,400 bytes: the ciphertext does not rewrap, status 500"
like "$OUT" "$too_long" "786,400 bytes, rewrap: message"

printf '{"plaintext":"%s"}' "$(head -c 1048576 /dev/zero | tr '\0' A)" >"$body"
send encrypt
is "$STATUS" 200 "a string of 1,048,576 characters: status 200"
printf '{"plaintext":"%s"}' "$(head -c 1048580 /dev/zero | tr '\0' A)" >"$body"
send encrypt
is "$STATUS" 500 "a string of 1,048,580 characters: status 500"
like "$OUT" "$too_long" "a string of 1,048,580 characters: message"

# -- an array: 10,000 elements; a body: 32 MiB -------------------------------------------------------

# batch_of ITEMS: a request to encrypt that many, in $body
batch_of() {
	printf '{"batch_input":[' >"$body"
	yes '{"plaintext":"YQ=="}' | head -n "$1" | paste -sd, | tr -d '\n' >>"$body"
	printf ']}' >>"$body"
}
batch_of 10000
send encrypt
is "$STATUS" 200 "a batch of 10,000 items: status 200"
like "$(field data.batch_results.9999.ciphertext)" '^vault:v1:' "a batch of 10,000 items: the last result"
batch_of 10001
send encrypt
is "$STATUS" 500 "a batch of 10,001 items: status 500"
like "$OUT" 'JSON array exceeds allowed element count' "a batch of 10,001 items: message"

{
	printf '{"batch_input":['
	for _ in {1..34}; do
		printf '{"plaintext":"%s"},' "$(head -c 1000000 /dev/zero | tr '\0' A)"
	done
	printf '{"plaintext":"YQ=="}]}'
} >"$body"
send encrypt
is "$STATUS" 413 "a body over 32 MiB: status 413"
like "$OUT" 'request body too large' "a body over 32 MiB: message"
done_testing

#!/bin/bash
# A sealed Vault answers every call with 503; unsealed, it has the same keys as before.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
at_end vault_unseal

vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf value | base64)\"}"
ciphertext=$(field data.ciphertext)
vault_call POST transit/keys/aes256-key/rotate
jwt=$(cat "$STAGE_DIR/pod/app/token")

vault_call PUT sys/seal
is "$STATUS" 204 "seal: status 204"
# sealed METHOD PATH [JSON]
sealed() {
	vault_call "$@"
	is "$STATUS" 503 "$1 $2: status"
	is "$(field errors)" '["Vault is sealed"]' "$1 $2: message"
}
sealed POST auth/kubernetes/login "{\"role\":\"secret-exec\",\"jwt\":\"$jwt\"}"
sealed POST transit/decrypt/aes256-key "{\"ciphertext\":\"$ciphertext\"}"
sealed POST transit/encrypt/aes256-key '{"plaintext":"YQ=="}'
sealed POST transit/rewrap/aes256-key "{\"ciphertext\":\"$ciphertext\"}"
sealed GET transit/keys/aes256-key
sealed POST transit/keys/aes256-key/rotate
sealed POST auth/token/revoke-self
VAULT_CALL_TOKEN='' vault_call GET sys/health
is "$STATUS $(field sealed)" "503 true" "sealed: sys/health has status 503"

vault_unseal
VAULT_CALL_TOKEN='' vault_call GET sys/health
is "$STATUS $(field sealed)" "200 false" "unsealed: sys/health has status 200"
vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$ciphertext\"}"
is "$STATUS $(field data.plaintext)" "200 $(printf value | base64)" "unsealed: ciphertext from before decrypts"
vault_call GET transit/keys/aes256-key
is "$(field data.latest_version)" 2 "unsealed: the key has the same version"
VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login "{\"role\":\"secret-exec\",\"jwt\":\"$jwt\"}"
is "$STATUS" 200 "unsealed: login has status 200"
done_testing

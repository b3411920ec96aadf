# For the rotation CronJob: it rewraps inside Vault and never sees a plaintext, so it needs neither
# encrypt nor decrypt.
path "transit/keys/aes256-key" {
  capabilities = ["read"]
}
path "transit/keys/aes256-key/rotate" {
  capabilities = ["update"]
}
path "transit/rewrap/aes256-key" {
  capabilities = ["update"]
}

path "transit/keys/derived-key" {
  capabilities = ["read"]
}
path "transit/keys/derived-key/rotate" {
  capabilities = ["update"]
}
path "transit/rewrap/derived-key" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

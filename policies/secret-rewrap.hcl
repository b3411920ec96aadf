# For a pipeline with secret-rotate --files: rewrap manifests inside Vault, without rotating, encrypting and decrypting.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "transit/rewrap/derived-key" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

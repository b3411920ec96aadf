# For a pipeline with secret-seal --no-verify: set secrets, and read none.
#
# It allows setting, unsetting and (unbound) renaming, but nothing that decrypts: edit, reveal, verify, documents.
path "transit/encrypt/derived-key" {
  capabilities = ["update"]
}

# Read whether the key is derived, and its newest version.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

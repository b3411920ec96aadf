# For people and pipelines with secret-seal: encrypt with one key, decrypt the sealed values to verify them, and the
# values that stay in a changed Secret.  It allows reading every secret of the key; see secret-seal-only-encrypt.hcl
# for users who must not.
#
# "update" without "create": otherwise encrypting with a mistyped name would create a key.
path "transit/encrypt/derived-key" {
  capabilities = ["update"]
}

path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Read whether the key is derived, and its newest version.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# secret-seal, for people and pipelines: it encrypts with one key, and decrypts what it has just sealed and what
# stays in a Secret that it changes.  So this policy reads every secret of the key; secret-seal-only-encrypt.hcl
# is for those that must not.
#
# "update" without "create": encrypting under a key that does not exist would make it, so that a mistyped name
# would go unnoticed.
path "transit/encrypt/derived-key" {
  capabilities = ["update"]
}

path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Whether the key is derived, and its newest version.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

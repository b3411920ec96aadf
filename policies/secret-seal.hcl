# For people and pipelines that seal.  "update" without "create": on a key that does not exist
# encrypt would create it when "create" were given, so a typing error must fail instead.
path "transit/encrypt/aes256-key" {
  capabilities = ["update"]
}
path "transit/encrypt/derived-key" {
  capabilities = ["update"]
}

# Reading back once what was sealed, before the Secret is written.
path "transit/decrypt/aes256-key" {
  capabilities = ["update"]
}
path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Whether the key is derived, and its newest version.
path "transit/keys/aes256-key" {
  capabilities = ["read"]
}
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# For pods that start under secret-exec: decrypt with one key, and nothing else.
# One key per trust domain: whoever may decrypt with a key may decrypt everything under it.
path "transit/decrypt/aes256-key" {
  capabilities = ["update"]
}
path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Give the token back when the application starts (service tokens; batch tokens need none).
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

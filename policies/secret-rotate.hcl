# For the CronJob of secret-rotate: rewrap inside Vault, without encrypt and decrypt.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

# Add a version to the key; parameters are denied.
path "transit/keys/derived-key/rotate" {
  capabilities      = ["update"]
  denied_parameters = { "*" = [] }
}

path "transit/rewrap/derived-key" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

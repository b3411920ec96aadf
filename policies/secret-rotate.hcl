# secret-rotate, for the rotation's CronJob: it rewraps inside Vault and never sees a plaintext, so it has neither
# encrypt nor decrypt.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

# A new version, as the key is: without parameters.
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

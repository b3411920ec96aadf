# Beside secret-rotate.hcl, for a rotation that also retires old key versions (--retire, --phase retire).
# It may move the bounds between versions, and change nothing else of a key, such as making it exportable.
path "transit/keys/aes256-key/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [] }
}
path "transit/keys/derived-key/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [] }
}

# With --trim alone: versions below the bound are deleted for ever.
path "transit/keys/aes256-key/trim" {
  capabilities       = ["update"]
  allowed_parameters = { "min_available_version" = [] }
}
path "transit/keys/derived-key/trim" {
  capabilities       = ["update"]
  allowed_parameters = { "min_available_version" = [] }
}

# Beside secret-rotate.hcl, for a rotation that also retires old key versions (--retire, --phase retire).
#
# It moves the bounds between versions, which can be moved back, and sets nothing else of a key, such as making it
# exportable or letting it be deleted.
path "transit/keys/derived-key/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [] }
}

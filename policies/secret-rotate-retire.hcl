# In addition to secret-rotate.hcl, for a rotation that retires old key versions (--retire, --phase retire).
#
# It allows changing the minimum versions, which can be undone, and no other setting of a key, such as exportable or
# deletion_allowed.
path "transit/keys/derived-key/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [] }
}

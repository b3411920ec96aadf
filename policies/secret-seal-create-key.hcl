# In addition to secret-seal.hcl, for secret-seal --create-key: create the key, but not an exportable key or one with
# plaintext backup, which cannot be undone.
#
# "update", because Vault does not distinguish a new key here from an existing key, which stays as it is.  No parameter is
# required, because Vault would require it also for reading the key.
path "transit/keys/derived-key" {
  capabilities = ["update"]
  allowed_parameters = {
    "type"       = ["aes256-gcm96"]
    "derived"    = [true]
    "exportable" = [false]
  }
}

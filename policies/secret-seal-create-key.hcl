# Beside secret-seal.hcl, for secret-seal --create-key: it may make the key, but never one that can be exported or
# backed up in plain text, since that can't be taken back.
#
# "update", since Vault makes no difference here between a key that is there, which stays as it is, and one that is
# not.  No parameter is required: Vault would require it of those who only read the key, too.
path "transit/keys/derived-key" {
  capabilities = ["update"]
  allowed_parameters = {
    "type"       = ["aes256-gcm96"]
    "derived"    = [true]
    "exportable" = [false]
  }
}

# Beside secret-seal.hcl, for secret-seal --create-key: it may make the key, in one way alone.
#
# A key that can be exported or backed up in plain text can't be made safe again; that is why each of these
# parameters has one value, and the others have none.
path "transit/keys/derived-key" {
  capabilities        = ["create", "update"]
  required_parameters = ["type", "derived"]
  allowed_parameters = {
    "type"       = ["aes256-gcm96"]
    "derived"    = [true]
    "exportable" = [false]
  }
}

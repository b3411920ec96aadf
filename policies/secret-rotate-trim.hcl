# Beside secret-rotate-retire.hcl, for --trim alone: retired versions are deleted for ever, and with them what they
# have encrypted.  A rotation that runs by itself can do without.
path "transit/keys/derived-key/trim" {
  capabilities       = ["update"]
  allowed_parameters = { "min_available_version" = [] }
}

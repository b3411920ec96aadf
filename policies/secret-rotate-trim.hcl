# In addition to secret-rotate-retire.hcl, for --trim: delete retired versions permanently, and so all values that only
# they can decrypt.  A scheduled rotation does not need it.
path "transit/keys/derived-key/trim" {
  capabilities       = ["update"]
  allowed_parameters = { "min_available_version" = [] }
}

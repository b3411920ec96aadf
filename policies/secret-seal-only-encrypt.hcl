# secret-seal --no-verify, for a pipeline that may set secrets and never read one.
#
# It can set, unset and (unbound) rename; what must decrypt, such as edit, reveal, verify and documents, is refused.
path "transit/encrypt/derived-key" {
  capabilities = ["update"]
}

# Whether the key is derived, and its newest version.
path "transit/keys/derived-key" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

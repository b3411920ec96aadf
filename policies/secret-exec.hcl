# For pods with secret-exec: decrypt with one key, and nothing else.
#
# A policy that allows decrypting with a key allows decrypting all of its values: use a key and policies for each trust
# domain.  All files here are for the key derived-key of the mount transit.  policies/setup and policies/terraform
# replace these names; so does
#   sed s,/derived-key,/payments, policies/secret-exec.hcl | vault policy write secret-exec-payments -
path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Revoke a service token before the application starts.  Batch tokens need no revocation.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

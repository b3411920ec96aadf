# secret-exec, for pods: it decrypts with one key, and nothing else.
#
# Whoever may decrypt with a key may decrypt everything under it: one key per trust domain, and a policy for each.
# All files here are written for the key derived-key of the mount transit.  policies/setup and policies/terraform
# put other names in their place, and so does
#   sed s,/derived-key,/payments, policies/secret-exec.hcl | vault policy write secret-exec-payments -
path "transit/decrypt/derived-key" {
  capabilities = ["update"]
}

# Give a service token back before the application starts.  Batch tokens need no revoke.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

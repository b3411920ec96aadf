output "transit_key" {
  description = "The value for --transit-key of secret-seal and secret-rotate."
  value       = "${vault_transit_secret_backend_key.key.backend}/${vault_transit_secret_backend_key.key.name}"
}

output "roles" {
  description = "The values of VAULT_ROLE, and their service accounts."
  value       = { for role, account in local.roles : role => "${account.namespace}/${account.service_account}" }
}

output "policies" {
  description = "The policies, for roles of other auth methods, such as those by which people log in."
  value       = [for policy in vault_policy.program : policy.name]
}

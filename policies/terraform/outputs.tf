output "transit_key" {
  description = "What --transit-key of secret-seal and secret-rotate takes."
  value       = "${vault_transit_secret_backend_key.key.backend}/${vault_transit_secret_backend_key.key.name}"
}

output "roles" {
  description = "What VAULT_ROLE is, and for whom."
  value       = { for role, account in local.roles : role => "${account.namespace}/${account.service_account}" }
}

output "policies" {
  description = "The policies, for roles of other auth methods, such as those by which people log in."
  value       = [for policy in vault_policy.program : policy.name]
}

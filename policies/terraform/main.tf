# What policies/setup makes, for Terraform and OpenTofu: what one trust domain needs in Vault.  docs/how-to/set-up-vault.md
# says how it is used; variables.tf, what can be chosen.  Where Vault is, and whose token is used, the provider reads
# from VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT and VAULT_NAMESPACE.
terraform {
  required_version = ">= 1.3"
  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 3.3, < 4" # tested with 3.3.1; a new major version may change resources
    }
  }
}

locals {
  key    = coalesce(var.key, var.domain, "derived-key")
  suffix = var.domain == null ? "" : lower("-${var.domain}") # as Vault has the names of policies and roles

  rotation = concat(
    ["secret-rotate"],
    var.retire || var.trim ? ["secret-rotate-retire"] : [],
    var.trim ? ["secret-rotate-trim"] : [],
  )
  policies = concat(["secret-exec", "secret-seal"], local.rotation)

  # role => who logs in with it, and what it may
  roles = merge(
    {
      "secret-seal${local.suffix}" = {
        namespace = var.namespace, service_account = "secret-seal", policies = ["secret-seal"]
      }
      "secret-rotate${local.suffix}" = {
        namespace = var.namespace, service_account = "secret-rotate", policies = local.rotation
      }
    },
    {
      for role, application in var.applications : role => {
        namespace = application.namespace, service_account = application.service_account, policies = ["secret-exec"]
      }
    },
  )
}

# -- the transit engine and its key ---------------------------------------------------------------------

resource "vault_mount" "transit" {
  count = var.create_mount ? 1 : 0
  path  = var.mount
  type  = "transit"

  lifecycle {
    prevent_destroy = true
  }
}

# secret-rotate gives the key its versions, so it has no auto_rotate_period.
resource "vault_transit_secret_backend_key" "key" {
  backend          = var.create_mount ? vault_mount.transit[0].path : var.mount
  name             = local.key
  type             = "aes256-gcm96"
  derived          = true
  exportable       = false
  deletion_allowed = false

  # A key that is lost takes every value that was sealed with it along.
  lifecycle {
    prevent_destroy = true
    # The bounds between versions are secret-rotate's to move.
    ignore_changes = [min_decryption_version, min_encryption_version]
  }
}

# -- the auth method ----------------------------------------------------------------------------------------

resource "vault_auth_backend" "kubernetes" {
  count = var.create_auth_mount ? 1 : 0
  path  = var.auth_mount
  type  = "kubernetes"
}

# An application's token is for the audience "vault" and so none for the API server: either Vault's pod asks with its
# own service account, or Vault is given a reviewer's token.  With the latter nothing of its pod counts.
resource "vault_kubernetes_auth_backend_config" "cluster" {
  count                = var.create_auth_mount ? 1 : 0
  backend              = vault_auth_backend.kubernetes[0].path
  kubernetes_host      = var.kubernetes_host
  kubernetes_ca_cert   = var.kubernetes_ca
  token_reviewer_jwt   = var.reviewer_jwt
  disable_local_ca_jwt = var.reviewer_jwt != null

  # Vault's own default: the API server, which is asked, knows its tokens' issuer.
  disable_iss_validation = true
}

# -- policies and roles -------------------------------------------------------------------------------------

resource "vault_policy" "program" {
  for_each = toset(local.policies)
  name     = "${each.key}${local.suffix}"

  # The files are written for transit/…/derived-key.
  policy = replace(
    replace(file("${path.module}/../${each.key}.hcl"), "/derived-key", "/${local.key}"),
    "\"transit/", "\"${var.mount}/",
  )
}

resource "vault_kubernetes_auth_backend_role" "role" {
  for_each  = local.roles
  backend   = var.create_auth_mount ? vault_auth_backend.kubernetes[0].path : var.auth_mount
  role_name = each.key

  bound_service_account_namespaces = [each.value.namespace]
  bound_service_account_names      = [each.value.service_account]
  audience                         = "vault"

  token_policies          = [for policy in each.value.policies : vault_policy.program[policy].name]
  token_no_default_policy = true
  token_type              = "batch"
  token_ttl               = 10
  token_max_ttl           = 10

  lifecycle {
    precondition {
      condition = !contains(each.value.policies, "secret-exec") || !contains(
        ["secret-seal${local.suffix}", "secret-rotate${local.suffix}"], lower(each.key),
      )
      error_message = "The role ${each.key} is that of a program: call the application's otherwise."
    }
  }
}

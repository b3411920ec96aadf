# Set up one trust domain in Vault with Terraform or OpenTofu, as policies/setup does.  See docs/how-to/set-up-vault.md;
# variables.tf has the options.  The provider reads VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT and VAULT_NAMESPACE.
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
  suffix = var.domain == null ? "" : lower("-${var.domain}") # as Vault stores the names of policies and roles

  rotation = concat(
    ["secret-rotate"],
    var.retire || var.trim ? ["secret-rotate-retire"] : [],
    var.trim ? ["secret-rotate-trim"] : [],
  )
  policies = concat(["secret-exec", "secret-seal"], local.rotation, [for pipeline in values(var.pipelines) : pipeline.policy])

  # role => its service account and policies
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

# Without auto_rotate_period, because secret-rotate rotates the key.
resource "vault_transit_secret_backend_key" "key" {
  backend          = var.create_mount ? vault_mount.transit[0].path : var.mount
  name             = local.key
  type             = "aes256-gcm96"
  derived          = true
  exportable       = false
  deletion_allowed = false

  # Without the key, every value sealed with it is lost.
  lifecycle {
    prevent_destroy = true
    # secret-rotate changes the minimum versions.
    ignore_changes = [min_decryption_version, min_encryption_version]
  }
}

# -- the auth method ----------------------------------------------------------------------------------------

resource "vault_auth_backend" "kubernetes" {
  count = var.create_auth_mount ? 1 : 0
  path  = var.auth_mount
  type  = "kubernetes"
}

# An application's token is for the audience "vault" and not valid for the API server.  Vault calls the API server with
# its own pod's service account, or with a reviewer token; then it does not use its own pod's.
resource "vault_kubernetes_auth_backend_config" "cluster" {
  count                = var.create_auth_mount ? 1 : 0
  backend              = vault_auth_backend.kubernetes[0].path
  kubernetes_host      = var.kubernetes_host
  kubernetes_ca_cert   = var.kubernetes_ca
  token_reviewer_jwt   = var.reviewer_jwt
  disable_local_ca_jwt = var.reviewer_jwt != null

  # Vault's own default: the API server checks the issuer of its tokens.
  disable_iss_validation = true
}

# Validates the ID tokens of a CI system.
resource "vault_jwt_auth_backend" "issuer" {
  count                  = var.issuer != null && var.create_jwt_mount ? 1 : 0
  path                   = var.jwt_mount
  type                   = "jwt"
  bound_issuer           = var.issuer
  oidc_discovery_url     = var.issuer_key == null ? var.issuer : null
  jwt_validation_pubkeys = var.issuer_key == null ? null : [trimspace(var.issuer_key)]
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
      error_message = "The role ${each.key} is that of a program; choose another name for the application's role."
    }
  }
}

resource "vault_jwt_auth_backend_role" "pipeline" {
  for_each  = var.pipelines
  backend   = length(vault_jwt_auth_backend.issuer) > 0 ? vault_jwt_auth_backend.issuer[0].path : var.jwt_mount
  role_name = each.key
  role_type = "jwt"

  user_claim      = "sub"
  bound_audiences = [var.audience]
  bound_claims    = each.value.claims

  token_policies          = [vault_policy.program[each.value.policy].name]
  token_no_default_policy = true
  token_type              = "batch"
  token_ttl               = 10
  token_max_ttl           = 10
}

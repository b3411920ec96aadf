variable "applications" {
  description = "The applications that secret-exec starts: Vault role (preferably named like the service account) => service account."
  type        = map(object({ namespace = string, service_account = string }))
  default     = {}

  validation {
    condition     = length(setintersection([for role in keys(var.applications) : lower(role)], ["secret-seal", "secret-rotate"])) == 0
    error_message = "The roles secret-seal and secret-rotate are those of the programs."
  }

  validation {
    condition     = length(distinct([for role in keys(var.applications) : lower(role)])) == length(var.applications)
    error_message = "Vault stores the names of roles in lower case; two of these would be the same."
  }

  validation {
    condition     = alltrue([for role in keys(var.applications) : can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", role))])
    error_message = "A role's name: letters, digits, '-', '_' and '.'."
  }

  validation {
    condition     = alltrue([for a in values(var.applications) : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "${a.namespace}/${a.service_account}"))])
    error_message = "A namespace's and a service account's name: letters, digits, '-' and '.', in lower case."
  }
}

variable "namespace" {
  description = "The namespace of the service accounts secret-seal and secret-rotate."
  type        = string
  default     = "secretmanager"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.namespace))
    error_message = "A namespace's name: letters, digits, '-' and '.', in lower case."
  }
}

variable "domain" {
  description = "The name of one of several trust domains: the name of its key, and the end of its policies' and roles' names."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", var.domain))
    error_message = "A name: letters, digits, '-', '_' and '.'."
  }
}

variable "key" {
  description = "The Transit key: by default derived-key, or the domain's name."
  type        = string
  default     = null

  validation {
    condition     = var.key == null || can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", var.key))
    error_message = "A name: letters, digits, '-', '_' and '.'."
  }
}

variable "retire" {
  description = "Allow the rotation to retire old key versions."
  type        = bool
  default     = false
}

variable "trim" {
  description = "Allow the rotation to delete retired versions permanently, too."
  type        = bool
  default     = false
}

variable "mount" {
  description = "The mount of the transit engine."
  type        = string
  default     = "transit"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$", var.mount))
    error_message = "Names of letters, digits, '-', '_' and '.', separated by '/'."
  }
}

variable "create_mount" {
  description = "Mount the transit engine; false for another trust domain in the same engine."
  type        = bool
  default     = true
}

variable "auth_mount" {
  description = "The mount of the kubernetes auth method."
  type        = string
  default     = "kubernetes"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$", var.auth_mount))
    error_message = "Names of letters, digits, '-', '_' and '.', separated by '/'."
  }
}

variable "create_auth_mount" {
  description = "Mount and configure the auth method; false for another trust domain of the same cluster."
  type        = bool
  default     = true
}

variable "kubernetes_host" {
  description = "The address of the API server for Vault."
  type        = string
  default     = "https://kubernetes.default.svc"
}

variable "kubernetes_ca" {
  description = "The API server's CA certificate in PEM form; by default the CA in Vault's own pod."
  type        = string
  default     = null
}

variable "reviewer_jwt" {
  description = "The token with which Vault calls the API server, for a Vault outside the cluster. The state contains it in plain text."
  type        = string
  default     = null
  sensitive   = true
}

variable "pipelines" {
  description = "The pipelines that log in with an ID token of the issuer: Vault role => policy, and all the claims that the token must have. One claim must be unique to the project."
  type        = map(object({ policy = string, claims = map(string) }))
  default     = {}

  validation {
    condition     = alltrue([for role in keys(var.pipelines) : can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", role))])
    error_message = "A role's name: letters, digits, '-', '_' and '.'."
  }

  validation {
    condition     = length(distinct([for role in keys(var.pipelines) : lower(role)])) == length(var.pipelines)
    error_message = "Vault stores the names of roles in lower case; two of these would be the same."
  }

  validation {
    condition     = alltrue([for p in values(var.pipelines) : contains(["secret-exec", "secret-seal", "secret-seal-only-encrypt", "secret-rewrap", "secret-rotate"], p.policy)])
    error_message = "The policy: secret-seal, secret-seal-only-encrypt, secret-rewrap, secret-rotate or secret-exec."
  }

  validation {
    condition     = alltrue([for p in values(var.pipelines) : length(p.claims) > 0])
    error_message = "Without claims, every pipeline of the issuer could log in."
  }
}

variable "issuer" {
  description = "The CI system that issues the ID tokens, such as https://gitlab.com or https://token.actions.githubusercontent.com."
  type        = string
  default     = null

  validation {
    condition     = var.issuer == null || can(regex("^https://[A-Za-z0-9._:/-]+$", var.issuer))
    error_message = "An https URL."
  }
}

variable "issuer_key" {
  description = "The issuer's public key in PEM form, if Vault cannot reach it; by default the keys are those of OIDC discovery."
  type        = string
  default     = null
}

variable "audience" {
  description = "The audience of the ID tokens."
  type        = string
  default     = "vault"
}

variable "jwt_mount" {
  description = "The mount of the jwt auth method."
  type        = string
  default     = "jwt"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$", var.jwt_mount))
    error_message = "Names of letters, digits, '-', '_' and '.', separated by '/'."
  }
}

variable "create_jwt_mount" {
  description = "With an issuer, mount and configure the jwt auth method; false if another trust domain has it already."
  type        = bool
  default     = true
}

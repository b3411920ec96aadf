variable "applications" {
  description = "The applications that start under secret-exec: their Vault role (best called as the service account), and who they are."
  type        = map(object({ namespace = string, service_account = string }))
  default     = {}

  validation {
    condition     = length(setintersection([for role in keys(var.applications) : lower(role)], ["secret-seal", "secret-rotate"])) == 0
    error_message = "The roles secret-seal and secret-rotate are those of the programs."
  }

  validation {
    condition     = length(distinct([for role in keys(var.applications) : lower(role)])) == length(var.applications)
    error_message = "Vault has the names of roles in lower case: two of these would be the same."
  }

  validation {
    condition     = alltrue([for role in keys(var.applications) : can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", role))])
    error_message = "A role's name: letters, digits, '-', '_' and '.'."
  }

  validation {
    condition     = alltrue([for a in values(var.applications) : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "${a.namespace}/${a.service_account}"))])
    error_message = "A namespace's and a service account's name: letters, digits, '-' and '.', without capitals."
  }
}

variable "namespace" {
  description = "Where the service accounts secret-seal and secret-rotate are."
  type        = string
  default     = "secretmanager"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.namespace))
    error_message = "A namespace's name: letters, digits, '-' and '.', without capitals."
  }
}

variable "domain" {
  description = "One of several trust domains: its key is called so, and its policies and the programs' roles end in it."
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
  description = "Whether the rotation may retire old key versions."
  type        = bool
  default     = false
}

variable "trim" {
  description = "Whether it may delete retired versions for ever, too."
  type        = bool
  default     = false
}

variable "mount" {
  description = "Where the transit engine is mounted."
  type        = string
  default     = "transit"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$", var.mount))
    error_message = "Names of letters, digits, '-', '_' and '.', parted by '/'."
  }
}

variable "create_mount" {
  description = "Whether to mount it: not for a second trust domain in the same engine."
  type        = bool
  default     = true
}

variable "auth_mount" {
  description = "Where the kubernetes auth method is mounted."
  type        = string
  default     = "kubernetes"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$", var.auth_mount))
    error_message = "Names of letters, digits, '-', '_' and '.', parted by '/'."
  }
}

variable "create_auth_mount" {
  description = "Whether to mount and configure it: not for a second trust domain of the same cluster."
  type        = bool
  default     = true
}

variable "kubernetes_host" {
  description = "The API server, as Vault reaches it."
  type        = string
  default     = "https://kubernetes.default.svc"
}

variable "kubernetes_ca" {
  description = "Its CA certificate in PEM form; without it, the one that is mounted into Vault's own pod."
  type        = string
  default     = null
}

variable "reviewer_jwt" {
  description = "The token with which Vault asks the cluster, for a Vault that runs outside of it. The state has it in plain text."
  type        = string
  default     = null
  sensitive   = true
}

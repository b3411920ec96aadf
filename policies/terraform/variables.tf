variable "applications" {
  description = "The applications that start under secret-exec: their Vault role (best called as the service account), and who they are."
  type        = map(object({ namespace = string, service_account = string }))
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.applications), ["secret-seal", "secret-rotate"])) == 0
    error_message = "The roles secret-seal and secret-rotate are those of the programs."
  }
}

variable "namespace" {
  description = "Where the service accounts secret-seal and secret-rotate are."
  type        = string
  default     = "secretmanager"
}

variable "domain" {
  description = "One of several trust domains: its key is called so, and its policies and the programs' roles end in it."
  type        = string
  default     = null
}

variable "key" {
  description = "The Transit key: by default derived-key, or the domain's name."
  type        = string
  default     = null
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

{{/* The options of secret-rotate for extraArgs. */}}
{{- define "secretmanager.options" -}}
{{- "all-secrets|audience|auth-method|auth-mount|context|data-key|dry-run|kubeconfig|log-format|max-token-ttl|" -}}
{{- "metrics-file|min-age|name|output|phase|retries|role|role-id|secret-id-file|selector|service-account|" -}}
{{- "service-account-dir|shard|timeout|token-file|token-lifetime|transit-key|vault-addr|vault-cacert|" -}}
{{- "vault-cacert-bytes|vault-capath|vault-client-cert|vault-client-key|vault-namespace|vault-proxy-addr|" -}}
{{- "vault-skip-verify|vault-timeout|vault-tls-server-name|verbose|yes" -}}
{{- end -}}

{{/* Checks of several values; values.schema.json checks each value. */}}
{{- define "secretmanager.checks" -}}
{{- with .Values }}
{{- if and .namespaces .shards.count }}
{{- fail "shards.count: only for a rotation of all namespaces; leave namespaces empty" }}
{{- end }}
{{- if .restartAnnotated }}
{{- fail "restartAnnotated: removed; to restart a workload, use kubectl rollout restart; a rotation changes no plaintext" }}
{{- end }}
{{- if .replaceImmutable }}
{{- fail "replaceImmutable: removed; seal a new Secret with secret-seal and delete the immutable one, which is reported" }}
{{- end }}
{{- if and .retire.enabled .namespaces (not .retire.noOtherNamespaces) }}
{{- fail "retire.enabled: retiring affects all namespaces, and only some can be searched; set retire.noOtherNamespaces=true if no other namespace has Secrets of these keys" }}
{{- end }}
{{- if and .retire.trim (not .retire.enabled) }}
{{- fail "retire.trim: only retired versions can be trimmed; set retire.enabled=true" }}
{{- end }}
{{- if and .image.digest .image.tag }}
{{- fail "image.tag: cannot be used with image.digest; leave the tag empty" }}
{{- end }}
{{- range .extraArgs }}
{{- if regexMatch "^(-[An]|--(all-namespaces|namespace|retire|trim|keep-versions|retire-namespaces|i-know-namespaces|jwt-file|jwt-env)(=|$))" . }}
{{- fail (printf "extraArgs: %s: set by other values (namespaces, retire) or by the chart (the JWT)" .) }}
{{- end }}
{{- if not (regexMatch (printf "^(-[lov]|--(%s)(=|$))" (include "secretmanager.options" $)) .) }}
{{- fail (printf "extraArgs: %s: not an option of secret-rotate in a CronJob; see secret-rotate --help" .) }}
{{- end }}
{{- end }}
{{- with .admission }}
{{- $version := $.Capabilities.KubeVersion.Version }}
{{- if and .inject.enabled (semverCompare "<1.34.0-0" $version) }}
{{- fail (printf "admission.inject: Kubernetes %s does not have MutatingAdmissionPolicy; it needs 1.34 or newer (with helm template, pass --kube-version)" $version) }}
{{- end }}
{{- if and .inject.enabled (semverCompare "<1.36.0-0" $version) (not ($.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy")) }}
{{- fail (printf "admission.inject: off in Kubernetes %s; start the API server with --feature-gates=MutatingAdmissionPolicy=true --runtime-config=admissionregistration.k8s.io/v1beta1=true (with helm template, pass --api-versions admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy)" $version) }}
{{- end }}
{{- if and (or .sealedOnly.enabled .trackedOnly.enabled) (semverCompare "<1.30.0-0" $version) }}
{{- fail (printf "admission: Kubernetes %s does not have ValidatingAdmissionPolicy; it needs 1.30 or newer (with helm template, pass --kube-version)" $version) }}
{{- end }}
{{- end }}
{{- $seen := dict }}
{{- range .applications }}
{{- $application := printf "%s/%s" .namespace .serviceAccount }}
{{- if hasKey $seen $application }}
{{- fail (printf "applications: %s: duplicate; name all its Secrets in one entry" $application) }}
{{- end }}
{{- $_ := set $seen $application true }}
{{- end }}
{{- end }}
{{- end -}}

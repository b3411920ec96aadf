{{/* secret-rotate's arguments, where . has root and namespace ("" for all): for every run, and for a whole rotation. */}}
{{- define "secretmanager.arguments" -}}
{{- with .root.Values -}}
- {{ $.namespace | empty | ternary "--all-namespaces" (printf "--namespace=%s" $.namespace) }}
- --min-age={{ .minAge }}
- --jwt-file=/var/run/secrets/vault/token
- --timeout={{ .timeoutMinutes }}m
- --log-format=json
- --output=json
{{- with .vault.authMount }}
- --auth-mount={{ . }}
{{- end }}
{{- range .extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "secretmanager.whole" -}}
{{- with .root.Values -}}
{{ include "secretmanager.arguments" $ }}
{{- if .retire.enabled }}
- --retire
{{- if ne (int .retire.keepVersions) 2 }}
- --keep-versions={{ .retire.keepVersions }}
{{- end }}
{{- if .retire.trim }}
- --trim
{{- end }}
{{- if .namespaces }}
- --retire-namespaces={{ join "," .namespaces }}
{{- end }}
{{- end }}
{{- if .metrics.volume }}
- --metrics-file=/var/lib/node_exporter/{{ include "secretmanager.rotation" $ }}.prom
{{- end }}
{{- end }}
{{- end -}}

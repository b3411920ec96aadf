{{/* What one value alone can't tell; the rest is in values.schema.json. */}}
{{- define "secretmanager.checks" -}}
{{- with .Values }}
{{- if and .namespaces .shards.count }}
{{- fail "shards.count: shards are for a rotation of all namespaces: leave namespaces empty" }}
{{- end }}
{{- if .restartAnnotated }}
{{- fail "restartAnnotated: removed; a rotation changes no plaintext; to restart a workload, use kubectl rollout restart" }}
{{- end }}
{{- if .replaceImmutable }}
{{- fail "replaceImmutable: removed; an immutable Secret is reported; seal a new one with secret-seal and delete the old one" }}
{{- end }}
{{- if and .retire.enabled .namespaces (not .retire.noOtherNamespaces) }}
{{- fail "retire.enabled: versions are retired for all namespaces, and only some may be looked at: say retire.noOtherNamespaces=true where no others have Secrets of these keys" }}
{{- end }}
{{- if and .retire.trim (not .retire.enabled) }}
{{- fail "retire.trim: only what is retired can be trimmed: say retire.enabled=true" }}
{{- end }}
{{- if and .image.digest .image.tag }}
{{- fail "image.tag: the digest says which image it is: leave the tag empty" }}
{{- end }}
{{- range .extraArgs }}
{{- if regexMatch "^(-[An]|--(all-namespaces|namespace|retire|trim|keep-versions|retire-namespaces|i-know-namespaces|jwt-file)(=|$))" . }}
{{- fail (printf "extraArgs: %s: other values say so (namespaces, retire), or the chart by itself (--jwt-file)" .) }}
{{- end }}
{{- end }}
{{- $seen := dict }}
{{- range .applications }}
{{- $application := printf "%s/%s" .namespace .serviceAccount }}
{{- if hasKey $seen $application }}
{{- fail (printf "applications: %s comes twice: name all its Secrets in one entry" $application) }}
{{- end }}
{{- $_ := set $seen $application true }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The name of a whole rotation's CronJob, for one namespace if . has one, short enough for its Jobs' suffixes. */}}
{{- define "secretmanager.rotation" -}}
{{- $name := .root.Values.name -}}
{{- if .namespace }}{{ $name = printf "%s-%s" $name .namespace }}{{ end -}}
{{- if gt (len $name) 52 }}{{ $name = printf "%s-%s" (trunc 43 $name | trimSuffix "-") (sha256sum $name | trunc 8) }}{{ end -}}
{{- $name -}}
{{- end -}}

{{- define "secretmanager.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{/*
The members of "metadata:": . has root, name, namespace if it is not the release's ("" for none), and additional labels.
Values do not replace the chart's own labels.
*/}}
{{- define "secretmanager.metadata" -}}
{{- $namespace := hasKey . "namespace" | ternary .namespace .root.Release.Namespace -}}
{{- $labels := dict "app.kubernetes.io/part-of" "secretmanager" "app.kubernetes.io/instance" .root.Release.Name
      "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/managed-by" .root.Release.Service
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) -}}
name: {{ .name | quote }}
{{- with $namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- toYaml (merge (dict) (.labels | default dict) $labels .root.Values.labels) | nindent 2 }}
{{- with .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The end of a binding to the Role or ClusterRole of this kind and name, for a service account. */}}
{{- define "secretmanager.binds" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .serviceAccount | quote }}
    namespace: {{ .namespace | quote }}
{{- end -}}

{{/* A CronJob of secret-rotate: . has root, name, component, schedule, arguments (YAML) and, for an Indexed Job, shards. */}}
{{- define "secretmanager.cronjob" -}}
{{- $labels := dict "app.kubernetes.io/name" "secret-rotate" "app.kubernetes.io/part-of" "secretmanager" -}}
{{- $indexed := gt (int .shards) 0 -}}
{{- $metrics := and (eq .component "rotation") .root.Values.metrics.volume -}}
{{- with .root.Values -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "secretmanager.metadata" (dict "root" $.root "name" $.name "labels" (dict
        "app.kubernetes.io/name" "secret-rotate" "app.kubernetes.io/component" $.component)) | nindent 2 }}
spec:
  schedule: {{ $.schedule | quote }}
  timeZone: {{ .timeZone | quote }}
  # A run continues after the last one, so that missed runs need not be repeated.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: {{ .successfulJobsHistoryLimit }}
  failedJobsHistoryLimit: {{ .failedJobsHistoryLimit }}
  jobTemplate:
    metadata:
      labels:
        {{- toYaml $labels | nindent 8 }}
    spec:
      {{- if $indexed }}
      completionMode: Indexed
      completions: {{ $.shards }}
      parallelism: {{ $.shards }}
      backoffLimitPerIndex: 2
      {{- else }}
      # A retry rotates no key twice, because the newest version is then younger than --min-age.
      backoffLimit: 2
      {{- end }}
      # A little more than --timeout, at which the run ends and reports its progress.
      activeDeadlineSeconds: {{ add (mul .timeoutMinutes 60) 300 }}
      ttlSecondsAfterFinished: 604800
      # Exit status 2: wrong configuration, which a retry does not correct.
      podFailurePolicy:
        rules:
          - action: FailJob
            onExitCodes:
              containerName: secret-rotate
              operator: In
              values: [2]
      template:
        metadata:
          labels:
            {{- toYaml (merge (dict) $labels .podLabels) | nindent 12 }}
          {{- with .podAnnotations }}
          annotations:
            {{- toYaml . | nindent 12 }}
          {{- end }}
        spec:
          serviceAccountName: {{ .name | quote }}
          automountServiceAccountToken: true
          restartPolicy: Never
          terminationGracePeriodSeconds: 30
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            runAsGroup: 65532
            fsGroup: 65532
            seccompProfile:
              type: RuntimeDefault
          {{- with .image.pullSecrets }}
          imagePullSecrets:
            {{- range . }}
            - name: {{ . | quote }}
            {{- end }}
          {{- end }}
          {{- with .priorityClassName }}
          priorityClassName: {{ . | quote }}
          {{- end }}
          {{- with .nodeSelector }}
          nodeSelector:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .tolerations }}
          tolerations:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .affinity }}
          affinity:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          containers:
            - name: secret-rotate
              image: {{ include "secretmanager.image" $.root | quote }}
              {{- with .image.pullPolicy }}
              imagePullPolicy: {{ . }}
              {{- end }}
              command: [/usr/local/bin/secret-rotate]
              args:
                {{- $.arguments | nindent 16 }}
              env:
                - name: VAULT_ADDR
                  valueFrom:
                    configMapKeyRef:
                      name: vault
                      key: address
                - name: VAULT_CACERT
                  value: /etc/vault/ca.crt
                - name: VAULT_ROLE
                  value: {{ .vault.role | default .name | quote }}
                {{- with .vault.namespace }}
                - name: VAULT_NAMESPACE
                  value: {{ . | quote }}
                {{- end }}
              {{- with .resources }}
              resources:
                {{- toYaml . | nindent 16 }}
              {{- end }}
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              volumeMounts:
                - name: vault-token
                  mountPath: /var/run/secrets/vault
                  readOnly: true
                - name: vault-ca
                  mountPath: /etc/vault
                  readOnly: true
                {{- if $metrics }}
                - name: metrics
                  mountPath: /var/lib/node_exporter
                {{- end }}
          volumes:
            # Only for Vault: the API server rejects this audience, and Vault rejects the pod's other token.
            - name: vault-token
              projected:
                sources:
                  - serviceAccountToken:
                      path: token
                      audience: vault
                      expirationSeconds: 600
            - name: vault-ca
              configMap:
                name: {{ .vault.caConfigMap | quote }}
            {{- if $metrics }}
            - name: metrics
              {{- toYaml .metrics.volume | nindent 14 }}
            {{- end }}
{{- end }}
{{- end -}}

#!/bin/bash
# secret-seal prints manifests that the API server takes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo app
status_is 0 "a manifest"
out_like '^apiVersion: v1
kind: Secret
metadata:
  name: "app"
  namespace: "demo"
  labels:
    secretmanager/sealed: "true"
  annotations:
    secretmanager/transit-key: "transit/aes256-key"
    secretmanager/layout: "per-key"
type: Opaque
data:
  "A": [A-Za-z0-9+/=]+$' "it is YAML, one line a value"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 404 "and nothing was written"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -n demo -o json app
manifest=$OUT
is "$(field kind)" Secret "or JSON"
kube_call POST /api/v1/namespaces/demo/secrets "$manifest"
is "$STATUS" 201 "which the API server takes"
run "$BIN/secret-exec" --secret app -- printenv A
out_is one "and secret-exec launches from"

run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME=/nowhere "$BIN/secret-seal" --transit-key aes256-key \
	--from-literal A=one --dry-run=client app
status_is 0 "no cluster is needed for it"
out_unlike 'namespace:' "nor a namespace"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o yaml written
out_like 'name: "?written' "-o yaml alone writes and prints"
kube_call GET /api/v1/namespaces/demo/secrets/written
is "$STATUS" 200 "the Secret is there"

run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=all app
fails_with 2 '--dry-run "all": write none, client or server' "a dry run that is none"
run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=one -o xml app
fails_with 2 '--output "xml"' "an output that is none"

done_testing

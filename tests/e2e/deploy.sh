# deploy.sh: manifests, checked by the real API server; to be sourced after stage_start.
#
#   rendered FOLDER          print kustomize's manifests of a folder
#   templated [OPTION...]    print the chart's, by "helm template"
#   objects COMMAND          see tests/e2e/deploy/objects
#   namespaces NAME...       create these, labelled as in deploy/kustomize, until the script ends
#   schemas_start            write kubeconform's schemas from the API server's
#   conforms FILE            check its objects with kubeconform
#   accepted FILE            check its objects with a dry run of the API server
#   taken FILE NAME          assert that both accept them, and that the CronJobs' pods are admitted in restricted
#                            namespaces; their namespaces and service accounts must exist
#
# kubectl, helm, kustomize and kubeconform are on the PATH; $root, $kustomize, $chart and $given (tests/e2e/deploy) are folders.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kustomize=$root/deploy/kustomize
chart=$root/deploy/helm/secretmanager
given=$root/tests/e2e/deploy
PATH=$("$root/tests/e2e/build-programs" kubectl helm kustomize kubeconform):$PATH || exit 1
# Not the home folder's configuration, which can name repositories and plugins.
export HELM_CONFIG_HOME=$TAP_WORK/helm HELM_CACHE_HOME=$TAP_WORK/helm HELM_DATA_HOME=$TAP_WORK/helm
# helm template and helm lint call no server.
KUBE_VERSION=$(kubectl get --raw /version | /usr/bin/python3 -IS -c 'import json, sys; print(json.load(sys.stdin)["gitVersion"])')

objects() { "$given/objects" "$@"; }
rendered() { kustomize build "$1"; }
templated() { helm template secretmanager "$chart" --namespace secretmanager --kube-version "$KUBE_VERSION" "$@"; }

# Finalize the namespaces here, because no controller does.
namespace_end() {
	kubectl delete namespace "$1" --wait=false >/dev/null
	kubectl delete role,rolebinding,networkpolicy,configmap,secret,serviceaccount,deployment,statefulset,daemonset,cronjob,job,pod \
		--all -n "$1" >/dev/null
	kube_call PUT "/api/v1/namespaces/$1/finalize" "{\"metadata\":{\"name\":\"$1\"},\"spec\":{}}"
}
namespaces() {
	local name
	for name; do
		at_end "namespace_end $name"
		sed "s/^  name: .*/  name: $name/" "$kustomize/base/namespace.yaml" | kubectl apply -f - >/dev/null || exit 1
	done
}

schemas_start() {
	SCHEMAS=$TAP_WORK/schemas
	mkdir "$SCHEMAS"
	kubectl get --raw /openapi/v2 | "$given/schemas" "$SCHEMAS"
}
conforms() { kubeconform -strict -schema-location "$SCHEMAS/{{.ResourceKind}}{{.KindSuffix}}.json" "$@"; }
# "strict" rejects unknown fields.
accepted() { kubectl apply --server-side --dry-run=server --validate=strict -f "$1"; }
taken() {
	run conforms -summary "$1"
	status_is 0 "$2: kubeconform takes every object"
	out_like "$(objects names <"$1" | wc -l) resources found .* Invalid: 0, Errors: 0, Skipped: 0" "and has judged all of them"
	run accepted "$1"
	status_is 0 "and so does the API server"
	grep -q '^kind: CronJob' "$1" || return 0
	objects pods <"$1" >"$TAP_WORK/pods.json"
	run kubectl create --dry-run=server --validate=strict -f "$TAP_WORK/pods.json"
	status_is 0 "which admits the pods into a restricted namespace"
	is "$(grep -c '^pod/.* created' <<<"$OUT")" "$(grep -c '^kind: CronJob' "$1")" "each CronJob's"
}

#!/bin/bash
# deploy/helm: the chart has the same objects as kustomize, the real API server accepts it with any values, and wrong values
# are rejected.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"

version=$(sed -n 's/^#define SECRETMANAGER_VERSION "\(.*\)"/\1/p' "$root/lib/base/version.h")
is "$(sed -n 's/^version: //p' "$chart/Chart.yaml") $(sed -n 's/^appVersion: //p' "$chart/Chart.yaml")" "$version $version" \
	"the chart and its application have the programs' version"
is "$(sed -n 's/^ *image: //p' "$kustomize/rotation/cronjob.yaml")" "registry.example.com/secretmanager:$version" \
	"kustomize's image has the programs' version"

run helm lint --strict --kube-version "$KUBE_VERSION" "$chart" -f "$given/all-values.yaml"
status_is 0 "helm lint: exit 0"
out_unlike 'WARNING|ERROR' "helm lint with all values: no warning"
# A value in only one of them is unchecked or undocumented.
run /usr/bin/python3 -I - "$chart" <<'PY'
import json, sys, yaml
chart = sys.argv[1]
schema = json.load(open(chart + "/values.schema.json"))
def compare(values, schema, where):
    known = {name for name, of in schema["properties"].items() if not of.get("deprecated")} - {"global"}
    for name in known ^ set(values):
        print(where + name)
    for name in known & set(values):
        if "properties" in schema["properties"][name]:
            compare(values[name], schema["properties"][name], where + name + ".")
compare(yaml.safe_load(open(chart + "/values.yaml")), schema, "")
PY
is "$STATUS $OUT" "0 " "values.yaml and values.schema.json have the same values"

# -- the same as kustomize --------------------------------------------------------------------------

# same FOLDER NAME [OPTION...]: compare the chart with these options and the folder for kustomize.
same() {
	local folder=$1 name=$2
	shift 2
	run diff <(rendered "$folder" | objects same) <(templated "$@" | objects same)
	is "$STATUS $OUT" "0 " "$name: the same objects as with kustomize, except for Helm's labels"
}
same "$kustomize/overlays/cluster-wide" "default values"
for values in "$given"/*/values.yaml; do
	same "$(dirname "$values")" "$(basename "$(dirname "$values")")" -f "$values"
done
# The two programs differ in the empty lines of folded text.
without_empty_lines() { sed 's/\\n\(\\n\)*/\\n/g'; }
for policy in inject:inject sealed-only:sealedOnly tracked-only:trackedOnly; do
	run diff <(rendered "$kustomize/admission/${policy%:*}" | objects same | without_empty_lines) \
		<(templated --set "admission.${policy#*:}.enabled=true" -s templates/admission.yaml | objects same | without_empty_lines)
	is "$STATUS $OUT" "0 " "admission.${policy#*:}: the same objects as with kustomize, except for Helm's labels"
done
rules() { # in demo
	/usr/bin/python3 -I -c '
import json, sys, yaml
for thing in yaml.safe_load_all(sys.stdin):
    if thing and thing["metadata"].get("namespace") == "demo" and "Role" in thing["kind"]:
        del thing["metadata"]["labels"]
        print(json.dumps(thing, sort_keys=True))' | sort
}
is "$(templated --set 'applications[0].namespace=demo,applications[0].serviceAccount=app,applications[0].secrets={app},sealing.namespaces={demo}' | rules)" \
	"$(rendered "$kustomize/application" | rules)" "an application's rights are the same as in the example"

# -- every value ------------------------------------------------------------------------------------

schemas_start
long=$(sed -n 's/^namespaces: .*, \(.*\)]/\1/p' "$given/all-values.yaml")
namespaces secretmanager team-a "$long"
templated -f "$given/all-values.yaml" >"$TAP_WORK/all.yaml"
kubectl apply -f <(templated -f "$given/all-values.yaml" -s templates/service-accounts.yaml) >/dev/null
taken "$TAP_WORK/all.yaml" "every value is set"
is "$(objects arguments rotate-blue-team-a <"$TAP_WORK/all.yaml")" "--namespace=team-a
--min-age=12h30m
--jwt-file=/var/run/secrets/vault/token
--timeout=10m
--log-format=json
--output=json
--auth-mount=blue/kubernetes
--transit-key=blue/transit/key
--selector=team=blue,tier in (a,b)
--retire
--keep-versions=1
--trim
--retire-namespaces=team-a,$long
--metrics-file=/var/lib/node_exporter/rotate-blue-team-a.prom" "every value is in the arguments"
# secret-rotate rejects unknown arguments before it looks for a server.
mapfile -t arguments < <(objects arguments rotate-blue-team-a <"$TAP_WORK/all.yaml" | grep -v '^--\(metrics\|jwt\)-file')
run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST HOME="$TAP_WORK" "$BIN/secret-rotate" "${arguments[@]}"
err_like 'no access to the Kubernetes API: not in a pod' "secret-rotate accepts the arguments"
is "$(objects names <"$TAP_WORK/all.yaml" | awk '/^CronJob/ { print length($2) - length("secretmanager/") }' | sort -n | tail -1)" 52 \
	"a long namespace: the CronJob's name has at most 52 characters, for its Jobs' suffixes"

# value SET REGEX NAME: the manifests with this value match.
value() {
	run templated --set "$1"
	out_like "$2" "$3"
}
value networkPolicy.enabled=false 'CronJob' "networkPolicy.enabled=false: a CronJob"
out_unlike NetworkPolicy "networkPolicy.enabled=false: no NetworkPolicy"
value image.tag=2.0 'image: "registry.example.com/secretmanager:2.0"' "image.tag is the image's tag"
value vault.namespace=team/blue 'name: VAULT_NAMESPACE[[:space:]]*value: "team/blue"' "Vault's namespace is an environment variable"
value shards.count=3 '- --shard=/3' "three shards"
is "$(objects completions secret-rotate-rewrap <<<"$OUT")" 3 "shards.count=3: three pods"
value 'sealing.namespaces={demo},sealing.create=false' 'verbs: \[get, list, patch\]' "sealing.create=false: the Role does not allow create"
value 'labels.team=blue,labels.app\.kubernetes\.io/part-of=mine,labels.app\.kubernetes\.io/component=mine' 'team: blue' "labels are added"
is "$(sed -n 's,^ *app.kubernetes.io/part-of: ,,p' <<<"$OUT" | sort -u) $(objects component <<<"$OUT")" "secretmanager rotation" \
	"labels of the chart are not overwritten"
value 'admission.sealedOnly.enabled=true,admission.sealedOnly.exemptTypes={kubernetes.io/tls,example.com/a}' \
	"object.type in \[''kubernetes.io/tls'', ''example.com/a''\]" "admission.sealedOnly.exemptTypes are in the policy"
value 'admission.sealedOnly.enabled=true,admission.sealedOnly.exemptTypes=null' "object.type in \[''''\]" \
	"no admission.sealedOnly.exemptTypes: no type is exempt"
beta=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy
run templated --kube-version 1.35.4 --api-versions "$beta" --set admission.inject.enabled=true -s templates/admission.yaml
is "$(sed -n '/^apiVersion: /h;/^kind: /{G;s/\n/ /;p}' <<<"$OUT" | sort -u)" "kind: ConfigMap apiVersion: v1
kind: MutatingAdmissionPolicy apiVersion: ${beta%/*}
kind: MutatingAdmissionPolicyBinding apiVersion: ${beta%/*}
kind: ValidatingAdmissionPolicy apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding apiVersion: admissionregistration.k8s.io/v1" "admission.inject on Kubernetes 1.35: v1beta1 of MutatingAdmissionPolicy"
run helm template secretmanager "$chart" --namespace other --kube-version 1.36.0 --set admission.inject.enabled=true -s templates/admission.yaml
is "$(sed -n 's/^ *namespace: //p; s/.*ConfigMap \(.*\)\/secretmanager-injection.*/"\1"/p' <<<"$OUT" | sort -u)" $'"other"\nother' \
	"admission.inject in another namespace: the settings are there"
value 'admission.inject.enabled=true,vault.namespace=team,vault.authMount=blue' \
	'VAULT_NAMESPACE: "team"[[:space:]]*SECRET_EXEC_AUTH_MOUNT: "blue"' "admission.inject: Vault's namespace and the auth mount are settings"
value admission=null CronJob "values of a release before admission: a CronJob"
out_unlike AdmissionPolicy "values of a release before admission: no policy"
run templated
out_unlike AdmissionPolicy "default values: no admission policy"
# Words that are not strings in YAML unless quoted.
run helm template on "$chart" --namespace null --kube-version "$KUBE_VERSION" -f <(printf %s '{"name": "true", "namespaces": ["null", "on", "1e3"],
	"image": {"pullSecrets": ["no"]}, "vault": {"caConfigMap": "yes"}, "sealing": {"namespaces": ["null"]},
	"applications": [{"namespace": "null", "serviceAccount": "off", "secrets": ["on"]}]}')
status_is 0 "names that are YAML words: exit 0"
run /usr/bin/python3 -I -c '
import sys, yaml
def texts(thing, where):
    for key, part in thing.items() if isinstance(thing, dict) else enumerate(thing):
        if isinstance(part, (dict, list)):
            texts(part, where + [key])
        elif not isinstance(part, str) and (key in ("name", "namespace", "serviceAccountName") or {"labels", "resourceNames"} & set(where)):
            print(where, key, part)
for thing in yaml.safe_load_all(sys.stdin):
    texts(thing or {}, [])' <<<"$OUT"
is "$STATUS $OUT" "0 " "names that are YAML words stay strings"

# -- wrong values -----------------------------------------------------------------------------------

refused() { # VALUES REGEX
	run templated -f <(printf %s "$1")
	like "$STATUS $ERR" "^1 .*$2" "refused: $1"
}
refused '{"scheduel": "@daily"}' "additional properties 'scheduel' not allowed"
refused '{"schedule": "daily"}' "at '/schedule': 'daily' does not match"
refused '{"vault": {"address": "http://vault:8200"}}' "at '/vault/address': 'http://vault:8200' does not match pattern '\^https"
refused '{"vault": {"ca": "vault-ca.crt"}}' "at '/vault/ca'"
refused '{"image": {"digest": "latest"}}' "at '/image/digest'"
refused '{"shards": {"count": "8"}}' "at '/shards/count': got string, want integer"
refused '{"retire": {"keepVersions": 0}}' "at '/retire/keepVersions': minimum"
refused '{"applications": [{"namespace": "demo", "serviceAccount": "app", "secrets": []}]}' "at '/applications/0/secrets': minItems"
refused '{"networkPolicy": {"vault": {"to": []}}}' "at '/networkPolicy/vault/to': minItems"
refused '{"extraArgs": ["transit-key"]}' "at '/extraArgs/0'"
for argument in --retire --trim --keep-versions=1 --retire-namespaces=a --i-know-namespaces=a --jwt-file=/a --jwt-env=A --namespace=a --all-namespaces -A; do
	refused "{\"extraArgs\": [\"$argument\"]}" "extraArgs: $argument: set by other values"
done
# The other options of secret-rotate are accepted, except some that have no use in a CronJob.
"$BIN/secret-rotate" --completion bash | sed -n "s/^[[:space:]]*options='\(--.*\)'/\1/p" | tr -s ' ' '\n' | sort | grep . >"$TAP_WORK/options"
while read -r option; do
	templated -f <(printf '{"extraArgs": ["%s=1"]}' "$option") >/dev/null 2>&1 || echo "$option"
done <"$TAP_WORK/options" >"$TAP_WORK/options-refused"
like "$(wc -l <"$TAP_WORK/options")" '^[4-9][0-9]$' "the options of secret-rotate are listed"
is "$(tr '\n' ' ' <"$TAP_WORK/options-refused")" \
	'--all-namespaces --completion --files --help --jwt-env --jwt-file --keep-versions --namespace --retire --retire-namespaces --trim --version ' \
	"extraArgs: the other options of secret-rotate are accepted"
for argument in --lease --no-lease --no-event --restart-annotated --replace-immutable --select=a -x -; do
	refused "{\"extraArgs\": [\"$argument\"]}" "extraArgs: $argument: not an option of secret-rotate in a CronJob"
done
refused '{"admission": {"sealedOnly": {"exemptTypes": ["Opaque"]}}}' "at '/admission/sealedOnly/exemptTypes/0': 'not' failed"
refused '{"admission": {"sealedOnly": {"exemptTypes": ["a\u0027]) || true || (\u0027"]}}}' "at '/admission/sealedOnly/exemptTypes/0'"
refused '{"admission": {"sealedOnly": true}}' "at '/admission/sealedOnly': got boolean, want object"
refused '{"admission": {"inject": {"launcher": "image"}}}' "at '/admission/inject/launcher'"
for variable in VAULT_ADDR VAULT_NAMESPACE SECRET_EXEC_AUTH_MOUNT PATH vault_role; do
	refused "{\"admission\": {\"inject\": {\"variables\": {\"$variable\": \"a\"}}}}" "at '': invalid propertyName '$variable'"
done
run templated --kube-version 1.33.1 --set admission.inject.enabled=true
like "$STATUS $ERR" '^1 .*admission.inject: Kubernetes v1.33.1 does not have MutatingAdmissionPolicy; it needs 1.34 or newer' \
	"admission.inject on Kubernetes 1.33: refused"
run templated --kube-version 1.35.4 --set admission.inject.enabled=true
like "$STATUS $ERR" '^1 .*admission.inject: off in Kubernetes v1.35.4; .*--feature-gates=MutatingAdmissionPolicy=true' \
	"admission.inject on Kubernetes 1.35 without v1beta1: refused"
for policy in sealedOnly trackedOnly; do
	run templated --kube-version 1.29.3 --set "admission.$policy.enabled=true"
	like "$STATUS $ERR" '^1 .*admission: Kubernetes v1.29.3 does not have ValidatingAdmissionPolicy; it needs 1.30 or newer' \
		"admission.$policy on Kubernetes 1.29: refused"
done
run templated --kube-version 1.29.3
status_is 0 "no admission policy on Kubernetes 1.29: exit 0"
run templated --kube-version 1.30.0 --set admission.sealedOnly.enabled=true,admission.trackedOnly.enabled=true
status_is 0 "admission policies on Kubernetes 1.30: exit 0"
refused '{"name": "secret-seal"}' "at '/name': 'not' failed"
refused '{"applications": [{"namespace": "demo", "serviceAccount": "app", "secrets": ["a"]},
	{"namespace": "demo", "serviceAccount": "app", "secrets": ["b"]}]}' 'applications: demo/app: duplicate'
refused '{"namespaces": ["team-a"], "shards": {"count": 8}}' 'shards.count: .*leave namespaces empty'
refused '{"namespaces": ["team-a"], "retire": {"enabled": true}}' 'retire.enabled: .*noOtherNamespaces=true'
refused '{"restartAnnotated": true}' 'restartAnnotated: removed; .*kubectl rollout restart'
refused '{"replaceImmutable": true}' 'replaceImmutable: removed; .*seal a new Secret'
refused '{"retire": {"trim": true}}' 'retire.trim: .*retire.enabled=true'
refused "{\"image\": {\"tag\": \"1\", \"digest\": \"sha256:$(printf %064d 0)\"}}" 'image.tag: .*leave the tag empty'

# -- in the cluster ---------------------------------------------------------------------------------

kubectl delete serviceaccount -n secretmanager --all >/dev/null
at_end 'helm uninstall -n secretmanager it >/dev/null 2>&1'
run helm install -n secretmanager it "$chart" --set shards.count=2,retire.enabled=true,admission.inject.enabled=true,admission.sealedOnly.enabled=true,admission.trackedOnly.enabled=true
status_is 0 "helm install: exit 0"
out_like 'token_policies=secret-rotate,secret-rotate-retire audience=vault' "helm install prints the role for Vault"
out_like 'WARNING: .* ports 443, 6443 of ANY address' "helm install warns about open ports"
run helm upgrade -n secretmanager it "$chart" --reuse-values --set "image.tag=2.0,networkPolicy.apiServer.to[0].ipBlock.cidr=198.51.100.1/32"
status_is 0 "helm upgrade: exit 0"
out_unlike WARNING "helm upgrade with the API server's address: no warning"
is "$(kubectl get cronjobs -n secretmanager -o jsonpath='{.items[*].spec.jobTemplate.spec.template.spec.containers[0].image}' | tr ' ' '\n' | uniq -c | tr -s ' ')" \
	" 3 registry.example.com/secretmanager:2.0" "helm upgrade: every CronJob has the new image"
policies=validatingadmissionpolicies,validatingadmissionpolicybindings,mutatingadmissionpolicies,mutatingadmissionpolicybindings
is "$(kubectl get "$policies" -l app.kubernetes.io/part-of=secretmanager -o name | wc -l)" 12 "helm install: the admission policies and their bindings"
# A policy takes effect some time after it is created.
printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: {name: app, labels: {secretmanager/inject: "true"}, annotations: {secretmanager/secret: app}}' \
	'spec: {serviceAccountName: app, containers: [{name: app, image: app, command: [/app]}]}' >"$TAP_WORK/pod.yaml"
is_injected() {
	[ "$(kubectl create --dry-run=server -n demo -f "$TAP_WORK/pod.yaml" -o jsonpath='{.spec.containers[0].command[1:]}')" = '-- /app' ]
}
ok "helm install: a pod gets the launcher" until_true is_injected
run helm uninstall -n secretmanager it
status_is 0 "helm uninstall: exit 0"
is "$(kubectl get all,"$policies",clusterroles,clusterrolebindings,roles,rolebindings,networkpolicies,configmaps,secrets -n secretmanager \
	-l app.kubernetes.io/part-of=secretmanager 2>/dev/null)" '' "helm uninstall removes all objects"
done_testing

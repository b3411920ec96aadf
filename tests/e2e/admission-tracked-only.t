#!/bin/bash
# deploy/kustomize/admission/tracked-only: in a labelled namespace the API server stores ciphertext only in Secrets.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"
. "$(dirname "$0")/admission.sh"

in_namespace() { kubectl -n tracked "$@"; }
letters=$(printf 'A%.0s' {1..40})
ciphertext=vault:v1:$letters
encoded=$(printf %s "$ciphertext" | base64 -w 0)
not_rewrapped='ciphertext that secret-rotate does not rewrap'

# config_map NAME [KEY VALUE]...
config_map() { json '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": pairs}' "$@"; }
binary() { json '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "binaryData": pairs}' "$@"; }
# pod NAME [VARIABLE VALUE]...; workload KIND NAME [VARIABLE VALUE]...
spec='{"restartPolicy": "Never", "containers": [{"name": "app", "image": "app", "env": variables}]}'
template='{"metadata": {"labels": {"app": name}}, "spec": '$spec'}'
pod() { json '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": '"$spec"'}' "$@"; }
workload() {
	local kind=$1 template=$template body
	shift
	[ "$kind" = Job ] || [ "$kind" = CronJob ] || template=${template/Never/Always}
	case $kind in
	Job) body='"batch/v1", {"template": '$template'}' ;;
	CronJob) body='"batch/v1", {"schedule": "@daily", "jobTemplate": {"spec": {"template": '$template'}}}' ;;
	*) body='"apps/v1", {"selector": {"matchLabels": {"app": name}}, "template": '$template'}' ;;
	esac
	json 'dict(zip(("apiVersion", "spec"), ('"$body"')), kind="'"$kind"'", metadata={"name": name})' "$@"
}
# json PYTHON NAME [KEY VALUE]...: print an object as JSON.
json() {
	/usr/bin/python3 -IS -c '
import json, sys
expression, name, *words = sys.argv[1:]
pairs = dict(zip(words[::2], words[1::2]))
variables = [{"name": key, "value": value} for key, value in pairs.items()]
print(json.dumps(eval(expression)))' "$@"
}
kinds=(Deployment StatefulSet DaemonSet Job CronJob)

# -- before the namespace has the label ---------------------------------------------------------------

labelled tracked
policies tracked-only
config_map probe A "$ciphertext" >"$TAP_WORK/probe.json"
for kind in "${kinds[@]}"; do workload "$kind" old A "$ciphertext"; done >"$TAP_WORK/old.json"
config_map old A "$ciphertext" >>"$TAP_WORK/old.json"
pod old A "$ciphertext" >>"$TAP_WORK/old.json"
in_namespace create -f "$TAP_WORK/old.json" >/dev/null
kubectl label namespace tracked secretmanager/sealed-only=true >/dev/null
until_refused tracked "$TAP_WORK/probe.json"

# -- ConfigMaps ---------------------------------------------------------------------------------------

denied "ConfigMap app: $not_rewrapped: A; move it to a sealed Secret" "a ConfigMap with ciphertext: refused" \
	in_namespace create configmap app --from-literal A="$ciphertext" --from-literal B=plain
denied "ConfigMap app: $not_rewrapped: A;" "kubectl apply: refused" in_namespace apply -f <(config_map app A "$ciphertext")
denied "ConfigMap app: $not_rewrapped: A;" "server-side apply: refused" in_namespace apply --server-side -f <(config_map app A "$ciphertext")
denied "ConfigMap app: $not_rewrapped: A;" "a server-side dry run: refused" in_namespace apply --dry-run=server -f <(config_map app A "$ciphertext")
denied "ConfigMap app: $not_rewrapped: app.env;" "ciphertext within a text: refused" \
	in_namespace create -f <(config_map app app.env "USER=a"$'\n'"PASSWORD=$ciphertext"$'\n')
denied "ConfigMap app: $not_rewrapped: A;" "a sealed manifest within a text: refused" \
	in_namespace create -f <(config_map app A "data: {A: $encoded}")
pairs=()
for number in {1..2500}; do pairs+=("K$number" QUFB); done
# of_both NAME [KEY VALUE]...: a ConfigMap with the pairs as text, and as bytes under other names.
of_both() {
	json '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": pairs,
	       "binaryData": {"B" + key: pairs[key] for key in pairs}}' "$@"
}
admitted "a ConfigMap with 5,000 data keys: accepted" in_namespace create -f <(of_both numerous "${pairs[@]}")
denied 'ConfigMap app: more than 5,000 data keys; split it' "a ConfigMap with more data keys: refused" \
	in_namespace create -f <(of_both app "${pairs[@]}" ONE QUFB)
for prefix in '' x xy xyz; do
	denied "ConfigMap app: $not_rewrapped: A;" "binaryData, ciphertext after ${#prefix} bytes: refused" \
		in_namespace create -f <(binary app A "$(printf '%s%s' "$prefix" "$ciphertext" | base64 -w 0)")
done
# shellcheck disable=SC2046 # words
denied "ConfigMap app: $not_rewrapped: [^;]{200}…; move" "many keys: the message has 200 characters of their names" \
	in_namespace create -f <(config_map app $(printf "KEY_%s $ciphertext " {1..100}))

# secret-rotate's search does not find these, either.
admitted "examples in text: accepted" in_namespace create -f <(config_map examples \
	A vault:v1: B 'vault:v1:…' C "vault:vx:$letters" D "vault:v:$letters" E "vault:v1x$letters" F dmF1bHQ6 G "$(printf vault:vault | base64)")
admitted "examples in binaryData: accepted" in_namespace create -f <(binary examples-2 \
	A "$(printf %s "vault:vx:$letters" | base64 -w 0)" B "$(printf %s "xvault:vx:$letters" | base64 -w 0)" C "$(printf %s "xyvault:vx:$letters" | base64 -w 0)" D "")
admitted "an empty ConfigMap: accepted" in_namespace create configmap empty
head -c 1000000 /dev/zero | tr '\0' a >"$TAP_WORK/large"
head -c 1000000 /dev/zero >"$TAP_WORK/zeros"
admitted "1 MB of text: accepted" in_namespace create configmap large --from-file A="$TAP_WORK/large"
admitted "1 MB of bytes: accepted" in_namespace create configmap large-2 --from-file A="$TAP_WORK/zeros"
printf ' %s' "$ciphertext" >>"$TAP_WORK/large"
denied "ConfigMap large-3: $not_rewrapped: A;" "1 MB of text with ciphertext at the end: refused" \
	in_namespace create configmap large-3 --from-file A="$TAP_WORK/large"

denied "ConfigMap examples: $not_rewrapped: A;" "a patch that adds ciphertext: refused" \
	in_namespace patch configmap examples -p "{\"data\":{\"A\":\"$ciphertext\"}}"
admitted "a label on an old ConfigMap: accepted" in_namespace label configmap old team=red
denied "ConfigMap old: $not_rewrapped: A;" "a changed value of an old ConfigMap: refused" \
	in_namespace patch configmap old -p '{"data":{"B":"plain"}}'
denied "ConfigMap old: $not_rewrapped: A;" "changed binaryData of an old ConfigMap: refused" \
	in_namespace patch configmap old -p '{"binaryData":{"B":"AAAA"}}'
admitted "an old ConfigMap from which the ciphertext is removed: accepted" in_namespace patch configmap old -p '{"data":{"A":null}}'
admitted "a Secret: accepted" in_namespace create secret generic app --from-literal A="$ciphertext"

# -- pods ---------------------------------------------------------------------------------------------

admitted "a pod with other variables: accepted" in_namespace create -f <(pod app A plain B '' C vault:v1:)
admitted "a pod that takes ciphertext from a Secret: accepted" in_namespace create --dry-run=server -f <(pod other A plain |
	sed 's/"env": \[/"envFrom": [{"secretRef": {"name": "app"}}], &{"name": "B", "valueFrom": {"secretKeyRef": {"name": "app", "key": "A"}}}, /')
denied "Pod other: $not_rewrapped: app/B;" "a pod's variable: refused" in_namespace create -f <(pod other A plain B "$ciphertext")
denied "Pod other: $not_rewrapped: app/A;" "a pod's variable with more text: refused" in_namespace create -f <(pod other A "x $ciphertext")
denied "Pod other: $not_rewrapped: app/B, first/A;" "an init container's variable: refused, and every variable is named" \
	in_namespace create -f <(pod other B "$ciphertext" | sed "s,\"containers\":,\"initContainers\": [{\"name\": \"first\"\\, \"image\": \"app\"\\, \"env\": [{\"name\": \"A\"\\, \"value\": \"$ciphertext\"}]}]\\, &,")
denied "Pod other-[a-z0-9]+: $not_rewrapped: app/A;" "a pod with a generated name: refused" \
	in_namespace create -f <(pod other A "$ciphertext" | sed 's/"name": "other"/"generateName": "other-"/')

# ephemeral POD NAME VALUE: add an ephemeral container with the variable A.
ephemeral() {
	in_namespace patch pod "$1" --subresource ephemeralcontainers -p '{"spec":{"ephemeralContainers":[{"name":"'"$2"'","image":"app","env":[{"name":"A","value":"'"$3"'"}]}]}}'
}
denied "Pod app: $not_rewrapped: debug/A;" "an ephemeral container's variable: refused" ephemeral app debug "$ciphertext"
admitted "an ephemeral container: accepted" ephemeral app debug plain
admitted "an ephemeral container in an old pod: accepted" ephemeral old debug plain
admitted "another ephemeral container in an old pod: accepted" ephemeral old debug-2 plain
denied "Pod old: $not_rewrapped: debug-3/A;" "an ephemeral container's variable in an old pod: refused" ephemeral old debug-3 "$ciphertext"
admitted "a label on an old pod: accepted" in_namespace label pod old team=red

# -- workloads ----------------------------------------------------------------------------------------

for kind in "${kinds[@]}"; do
	denied "$kind app: $not_rewrapped: app/A;" "$kind: ciphertext in a variable: refused" \
		in_namespace create -f <(workload "$kind" app A "$ciphertext")
	admitted "$kind: no ciphertext: accepted" in_namespace create -f <(workload "$kind" app A plain)
	admitted "$kind: a label on an old one: accepted" in_namespace label "$kind" old team=red
done
for kind in Deployment StatefulSet; do
	admitted "$kind: another number of replicas for an old one: accepted" in_namespace patch "$kind" old -p '{"spec":{"replicas":3}}'
	admitted "$kind: scaling an old one: accepted" in_namespace scale "$kind" old --replicas 2
done
admitted "CronJob: suspending an old one: accepted" in_namespace patch cronjob old -p '{"spec":{"suspend":true}}'
for kind in Deployment StatefulSet DaemonSet; do
	denied "$kind old: $not_rewrapped: app/A;" "$kind: a changed template of an old one: refused" \
		in_namespace set image "$kind/old" app=other
	denied "$kind app: $not_rewrapped: app/A;" "$kind: a changed variable: refused" in_namespace set env "$kind/app" A="$ciphertext"
done
denied "CronJob old: $not_rewrapped: app/A;" "CronJob: a changed template of an old one: refused" in_namespace set image cronjob/old app=other
admitted "a changed template without the ciphertext: accepted" in_namespace set env deployment/old A-

# -- together with secretmanager/sealed-only, and other namespaces ------------------------------------

labelled free
admitted "a namespace without the label: accepted" kubectl create -n free -f "$TAP_WORK/probe.json"
labelled audited secretmanager/sealed-only=warn
until_warned audited "$TAP_WORK/probe.json"
run kubectl create -n audited -f "$TAP_WORK/probe.json"
is "$STATUS $OUT" "0 configmap/probe created" "a namespace with the label warn: accepted"
err_like "^Warning: Validation failed for ValidatingAdmissionPolicy 'secretmanager-tracked-only' with binding 'secretmanager-tracked-only-warn': ConfigMap probe: $not_rewrapped: A; move it to a sealed Secret$" \
	"a namespace with the label warn: kubectl prints a warning"
run grep '"resource":"configmaps"' "$STAGE_DIR/audit.log"
out_like '"annotations":\{[^}]*"validation.policy.admission.k8s.io/validation_failure":"[^}]*ConfigMap probe: '"$not_rewrapped" \
	"a namespace with the label warn: the audit log has the message"

kubectl delete -k "$kustomize/admission/tracked-only" >/dev/null
until_accepted tracked "$TAP_WORK/probe.json"
admitted "after removal of the policy: accepted" in_namespace create -f "$TAP_WORK/probe.json"
done_testing

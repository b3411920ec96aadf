#!/bin/bash
# deploy/kustomize/admission/inject: the real API server puts the launcher into pods, and refuses those that would start
# without it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"
schemas_start
admission=$kustomize/admission

kinds=mutatingadmissionpolicy,mutatingadmissionpolicybinding,validatingadmissionpolicy,validatingadmissionpolicybinding
at_end "kubectl delete --ignore-not-found $kinds -l app.kubernetes.io/part-of=secretmanager >/dev/null"
namespaces secretmanager team-a
kubectl create serviceaccount app -n team-a >/dev/null

# -- pods, and the API server's answers ---------------------------------------------------------------------------

# create NAME=VALUE...: create a pod by a dry run; set $OUT to it.  Standard input is its spec.  NAMEs are annotations;
# inject is the label, "true" by default and none if empty.  $MORE are more members of its metadata.
create() {
	local label='secretmanager/inject: "true"' annotations='' word
	for word; do
		case $word in
		inject=) label='' ;;
		inject=*) label="secretmanager/inject: \"${word#*=}\"" ;;
		*) annotations+="secretmanager/${word%%=*}: \"${word#*=}\", " ;;
		esac
	done
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: app, labels: {%s}, annotations: {%s}}\nspec:\n' "$label" "$annotations" \
		>"$TAP_WORK/pod.yaml"
	sed 's/^/  /' >>"$TAP_WORK/pod.yaml"
	run kubectl create --dry-run=server --output json --namespace "${NAMESPACE:-demo}" -f "$TAP_WORK/pod.yaml"
}
refused() { like "$STATUS $ERR" "^1 .*$1" "$2"; }

# look EXPRESSION: print the value of a Python expression about the pod: "spec", containers c["NAME"], their variables
# env["NAME"], and volumes v["NAME"].
look() {
	/usr/bin/python3 -IS -c '
import json, sys
pod = json.load(sys.stdin)
spec = pod["spec"]
def named(things):
    return {thing.pop("name"): thing for thing in json.loads(json.dumps(things))}
c, v, init = named(spec["containers"]), named(spec.get("volumes", [])), named(spec.get("initContainers", []))
env = {name: {e["name"]: e.get("value", "") for e in spec.get("env", [])} for name, spec in c.items()}
value = eval(sys.argv[1])
print(value if isinstance(value, str) else json.dumps(value, sort_keys=True))' "$1" <<<"$OUT" 2>&1
}
sees() { is "$(look "$1")" "$2" "$3"; }

one='serviceAccountName: app
containers:
  - {name: app, image: app, command: [/app, --flag], args: [one, two words], env: [{name: DB_HOST, value: db}]}'
silent='serviceAccountName: app
containers:
  - {name: app, image: app, args: [start]}'
two="$one"'
  - {name: sidecar, image: sidecar, command: [/sidecar]}'
env_from='serviceAccountName: app
automountServiceAccountToken: false
containers:
  - {name: app, image: app, command: [/app], envFrom: [{secretRef: {name: db}, prefix: DB_}, {configMapRef: {name: other}}, {secretRef: {name: mail}}]}
  - {name: reader, image: app, command: [/app], env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: A}}}]}
  - {name: other, image: app, command: [/app]}'
restricted='serviceAccountName: app
securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
containers:
  - name: app
    image: app
    command: [/app]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}'
bin=/.secretmanager/bin/usr/local/bin/secret-exec

# -- the manifests ----------------------------------------------------------------------------------------------------

rendered "$admission/inject" >"$TAP_WORK/inject.yaml"
taken "$TAP_WORK/inject.yaml" admission/inject
is "$(kubectl kustomize "$admission/inject")" "$(<"$TAP_WORK/inject.yaml")" "admission/inject: kubectl builds the same"
version=$(sed -n 's/^#define SECRETMANAGER_VERSION "\(.*\)"/\1/p' "$root/lib/base/version.h")
is "$(sed -n 's/^  image: //p' "$admission/inject/settings.yaml")" "registry.example.com/secretmanager:$version" \
	"the settings' image has the programs' version"
# shared FILE: print the expressions that both policies have.
shared() { sed -n '/^    - name: annotations$/,/^    - name: \(ready\|unknown\)$/{/^    - name: \(ready\|unknown\)$/d;/^ *#/d;/^$/d;p}' "$1"; }
like "$(shared "$admission/inject/policy.yaml" | grep -c 'name:') $(diff <(shared "$admission/inject/policy.yaml") \
	<(shared "$admission/inject/check.yaml") && echo same)" '^6 same' "the policy and the check select containers by the same expressions"

# works FILE: apply the manifests, and wait until the API server uses them.
works() {
	kubectl apply -f "$1" >"$TAP_WORK/apply.log" 2>&1 || tap_note "$(<"$TAP_WORK/apply.log")"
	until_true injects
}
injects() {
	create <<<"$one"
	[[ $ERR = *secretmanager-inject-check* ]] || return
	create secret=app <<<"$one"
	[[ $(look 'c["app"]["command"][0]') = /.secretmanager/* ]]
}

create secret=app <<<"$one"
sees 'c["app"]["command"]' '["/app", "--flag"]' "without the policies: not changed"
works "$TAP_WORK/inject.yaml"

# -- what a pod gets -------------------------------------------------------------------------------------------------

create secret=app <<<"$one"
status_is 0 "a pod with a Secret: admitted"
sees 'c["app"]["command"]' "[\"$bin\", \"--\", \"/app\", \"--flag\"]" "the launcher is before the command"
sees 'c["app"]["args"]' '["one", "two words"]' "the arguments are not changed"
sees 'env["app"]' '{"DB_HOST": "db", "SECRET_EXEC_JWT_FILE": "/.secretmanager/vault/token", "SECRET_EXEC_SECRET": "app",'\
' "VAULT_ADDR": "https://vault.vault.svc:8200", "VAULT_CACERT": "/.secretmanager/vault/ca.crt", "VAULT_ROLE": "app"}' \
	"the container's variables, and those of the launcher"
sees 'v["secretmanager-launcher"]' "{\"image\": {\"pullPolicy\": \"IfNotPresent\", \"reference\": \"registry.example.com/secretmanager:$version\"}}" \
	"the launcher is in an image volume"
sees 'v["secretmanager-vault"]["projected"]["sources"]' '[{"serviceAccountToken": {"audience": "vault", "expirationSeconds": 600, "path": "token"}},'\
' {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "vault-ca"}}]' "a token for Vault for 10 minutes, and the CA"
sees '[(m["name"], m["mountPath"], m["readOnly"]) for m in c["app"]["volumeMounts"] if m["name"].startswith("secretmanager-")]' \
	'[["secretmanager-launcher", "/.secretmanager/bin", true], ["secretmanager-vault", "/.secretmanager/vault", true]]' \
	"both are mounted read-only"
sees 'init' '{}' "no init container"
sees 'pod["metadata"]["annotations"]["secretmanager/containers"]' app "the annotation records the containers"

create 'secret=db,mail?:KEY' role=writer <<<"$one"
sees 'env["app"]["SECRET_EXEC_SECRET"] + " " + env["app"]["VAULT_ROLE"]' 'db,mail?:KEY writer' "two Secrets, one of them optional, and a role"
create secret=app <<<"${one/DB_HOST, value: db/VAULT_ROLE, value: mine}"
sees 'env["app"]["VAULT_ROLE"]' mine "a variable that the container sets is not changed"
sees '[e["name"] for e in spec["containers"][0]["env"]].count("VAULT_ROLE")' 1 "and is there once"

create secret=app <<<"$two"
sees '[c[n]["command"][0] for n in ("app", "sidecar")]' "[\"$bin\", \"$bin\"]" "by default every container gets the launcher"
create secret=app containers=app <<<"$two"
sees '[c["sidecar"]["command"], [m["name"] for m in c["sidecar"]["volumeMounts"] if "secretmanager" in m["name"]], env["sidecar"]]' \
	'[["/sidecar"], [], {}]' "a container that is not selected is not changed"

create secret=app <<<"$one"'
initContainers:
  - {name: first, image: first, command: [/first]}
  - {name: proxy, image: proxy, restartPolicy: Always, command: [/proxy]}'
sees '[init[n]["command"] for n in init]' '[["/first"], ["/proxy"]]' "init containers and their sidecars are not changed"

create secret=app entrypoint='/entry --x' <<<"$silent"
sees '[c["app"]["command"], c["app"]["args"]]' "[[\"$bin\", \"--\", \"/entry\", \"--x\"], [\"start\"]]" \
	"the annotation secretmanager/entrypoint is the command of a container without one"
create secret=app entrypoint=/entry containers=app,silent <<<"$one"'
  - {name: silent, image: silent}'
sees '[c[n]["command"] for n in ("app", "silent")]' "[[\"$bin\", \"--\", \"/app\", \"--flag\"], [\"$bin\", \"--\", \"/entry\"]]" \
	"a container with a command keeps it"

# -- Secrets by envFrom ---------------------------------------------------------------------------------------------

create <<<"$env_from"
status_is 0 "envFrom: admitted without an annotation and without a token for the API"
sees '[c[n]["command"] for n in ("app", "reader", "other")]' "[[\"$bin\", \"--\", \"/app\"], [\"$bin\", \"--\", \"/app\"], [\"/app\"]]" \
	"the containers with variables of Secrets get the launcher"
sees 'env["app"].get("SECRET_EXEC_SECRET", "none")' none "they do not read the API"
sees 'env["app"]["SECRET_EXEC_BOUND_TO"]' demo/db:DB_,demo/mail "the values of envFrom are bound to their Secrets"
sees '"SECRET_EXEC_BOUND_TO" in env["reader"]' false "secretKeyRef does not show the binding"
sees 'pod["metadata"]["annotations"]["secretmanager/containers"]' app,reader "the annotation records them"
create <<<'serviceAccountName: app
containers:
  - {name: app, image: app, command: [/app], env: [{name: A, value: "vault:secret/data/app#password"}]}
  - {name: other, image: app, command: [/app], env: [{name: A, value: "vault:8200"}, {name: B, value: "#vault:x"}]}'
sees 'c["app"]["command"][0]' "$bin" "a reference to Vault: the launcher is before the command"
sees 'c["other"]["command"]' '["/app"]' "a variable that is not a reference: the container is not changed"
create <<<"${env_from/ prefix: DB_}"
sees '"SECRET_EXEC_BOUND_TO" in env["app"]' false "two Secrets with the same prefix: no binding is given"
create secret=app containers=other <<<"${env_from/automountServiceAccountToken: false/}"
sees '[c[n]["command"][0] for n in ("app", "reader", "other")]' "[\"/app\", \"/app\", \"$bin\"]" "the annotations take precedence"

# -- refusals ---------------------------------------------------------------------------------------------------------

create <<<"$one"
refused 'names no Secret \(volumes do not count\); set the annotation secretmanager/secret' "a label without a Secret"
create <<<"$one"'
volumes:
  - {name: db, secret: {secretName: db}}'
refused 'names no Secret \(volumes do not count\); set the annotation' "a Secret that is only a volume"
create secret= <<<"$one"
refused 'names no Secret' "an empty annotation"
create containers=other <<<"$env_from"
refused 'names no Secret' "the selected container has no variable of a Secret"
create secret=app <<<"$silent"
refused 'container app: no command, and the API server cannot look up the ENTRYPOINT of an image; set command in the pod, or the annotation secretmanager/entrypoint' \
	"a container without a command"
create secret=app entrypoint= <<<"$silent"
refused 'container app: no command' "an empty entrypoint"
create secret=app entrypoint=/entry <<<"$silent"'
  - {name: second, image: second}'
refused 'container app, second: no command, .*; set command in the pod$' "one entrypoint for two containers without a command"
create secret=app containers=app,spelt,wrong <<<"$one"
refused 'annotation secretmanager/containers: no container "spelt", "wrong"; correct the list' "unknown containers"
create secret=app containers= <<<"$one"
refused 'annotation secretmanager/containers: no container ""' "an empty list of containers"
create secret=app containers=wrong <<<"$one"
refused 'annotation secretmanager/containers: no container "wrong"' "only unknown containers"
create secret=app containers="$(printf 'app,%.0s' {1..1000})app" <<<"$one"
refused 'secretmanager-inject-check' "a list of more than 1,000 containers, which costs the API server too much time"
create secret=app entrypoint="$(printf 'a %.0s' {1..2048})a" <<<"$silent"
refused 'container app: no command' "an entrypoint of more than 4,096 characters"
create secret=app <<<"$one"$'\nautomountServiceAccountToken: false'
refused 'container app: no token for the Kubernetes API, .*; set automountServiceAccountToken: true, or use envFrom' \
	"a Secret of the API without a token for the API"
create secret=app <<<"${one/\/app, --flag/$bin, --init, --, \/app}"
refused 'container app: the command begins with the launcher and options; remove them' "a command that begins with the launcher and options"

# Volumes of these names in the manifest.
create secret=app <<<"$one"'
volumes: [{name: secretmanager-launcher, emptyDir: {}}]'
refused 'more than 1 volume type' "another volume with the launcher's name"
create secret=app <<<"$one"'
volumes: [{name: secretmanager-vault, emptyDir: {}}]'
sees 'list(v["secretmanager-vault"])' '["projected"]' "another volume with the token's name: replaced"
# mounted VOLUME [SUBPATH [PATH]]: print the pod with a volume mounted at the launcher's path, or another.
mounted() {
	printf 'serviceAccountName: app\ncontainers:\n  - name: app\n    image: app\n    command: [/app]\n    volumeMounts:\n'
	printf '      - {name: %s, mountPath: %s, subPath: "%s"}\nvolumes: [{name: mine, emptyDir: {}}]\n' "$1" "${3-/.secretmanager/bin}" "${2-}"
}
create secret=app < <(mounted mine)
sees '[m["name"] for m in c["app"]["volumeMounts"] if m["mountPath"] == "/.secretmanager/bin"]' '["secretmanager-launcher"]' \
	"another mount at the launcher's path: replaced"
create secret=app < <(mounted secretmanager-launcher other)
refused 'container app: the launcher was not put in' "another part of the launcher's volume"
for path in /.secretmanager /.secretmanager/ /.secretmanager/bin/ /.secretmanager/bin/usr /.secretmanager/vault/token /x/../.secretmanager/bin; do
	create secret=app < <(mounted mine '' "$path")
	refused 'container app: another mount under /.secretmanager; remove it' "another mount at $path"
done
create secret=app < <(mounted secretmanager-launcher usr/bin /.secretmanager/bin/usr/local)
refused 'container app: another mount under /.secretmanager' "the launcher's volume at another path"
create secret=app containers=app <<<"$one"'
  - {name: other, image: other, volumeMounts: [{name: mine, mountPath: /.secretmanager/bin}]}
volumes: [{name: mine, emptyDir: {}}]'
status_is 0 "a container that is not selected may have mounts at this path"

# -- namespaces -------------------------------------------------------------------------------------------------------

NAMESPACE=team-a
create inject= secret=app <<<"$restricted"
sees 'c["app"]["command"]' '["/app"]' "without a label: not changed"
kubectl label namespace team-a secretmanager/inject=true >/dev/null
labelled() { create inject= secret=app <<<"$restricted"; [ "$(look 'c["app"]["command"][0]')" = "$bin" ]; }
ok "a namespace with the label: its pods get the launcher, also in a restricted namespace" until_true labelled
create inject= <<<"$restricted"
sees '[c["app"]["command"], sorted(v), pod["metadata"].get("annotations", {})]' \
	"$(look '[["/app"], [n for n in sorted(v) if n.startswith("kube-api-access-")], {}]')" "its pods without a Secret are not changed"
create inject=false secret=app <<<"$restricted"
sees 'c["app"]["command"]' '["/app"]' "its pods with the label \"false\" are not changed"
create secret=app <<<"$restricted"
sees 'c["app"]["command"]' "[\"$bin\", \"--\", \"/app\"]" "its pods with the label get the launcher once"
create inject= secret=app <<<"${restricted/    command: \[\/app\]/}"
refused 'container app: no command' "its pods without a command are refused"
kubectl label namespace team-a secretmanager/inject- >/dev/null
NAMESPACE=

# -- again ------------------------------------------------------------------------------------------------------------

# again: create the pod of $OUT, as a copy of a running one.
again() { run kubectl create --dry-run=server --output json --namespace demo -f <(printf '%s' "$OUT"); }
# The API server sets other random names.
steady() { look '(lambda p: (p["metadata"]["annotations"], p["spec"]))(json.loads(json.dumps(pod).replace(
	next((n for n in v if n.startswith("kube-api-access-")), "-"), "access")))'; }
create secret=app <<<"$two"
first=$(steady)
again
is "$(steady)" "$first" "a copy of an injected pod is the same"
create secret=app entrypoint=/entry <<<"$silent"
first=$(steady)
again
is "$(steady)" "$first" "a copy of a pod with an entrypoint is the same"

# A policy that adds a container after the first invocation.  Policies have no order, so it waits for the other's mark.
at_end 'kubectl delete --ignore-not-found mutatingadmissionpolicy,mutatingadmissionpolicybinding later >/dev/null'
kubectl apply -f - >/dev/null <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: later}
spec:
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  matchConditions:
    - name: injected
      expression: "'secretmanager/containers' in object.metadata.?annotations.orValue({}) && !object.spec.containers.exists(c, c.name == 'added')"
  mutations:
    - patchType: JSONPatch
      jsonPatch:
        expression: "[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'added', image: 'added'}}]"
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: later}
spec: {policyName: later}
YAML
added() { create secret=app <<<"$one"; [ "$(look '"added" in c')" = true ]; }
ok "a later policy adds a container" until_true added
sees '[c["added"].get("command"), c["app"]["command"]]' "[null, [\"$bin\", \"--\", \"/app\", \"--flag\"]]" \
	"a container that a later policy adds is not changed, and needs no command"
kubectl delete mutatingadmissionpolicy,mutatingadmissionpolicybinding later >/dev/null

# kubectl's view of the objects.
kubectl apply --namespace demo -f - >/dev/null <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app, secretmanager/inject: "true"}, annotations: {secretmanager/secret: app}}
    spec: {containers: [{name: app, image: app, command: [/app]}]}
YAML
ok "a Deployment is not changed" [ "$(kubectl get deployment app -n demo -o jsonpath='{.spec.template.spec.containers[0].command}')" = '["/app"]' ]

# -- settings ---------------------------------------------------------------------------------------------------------

# settings PATCH: change the ConfigMap.
settings() { kubectl patch configmap secretmanager-injection -n secretmanager --type merge -p "{\"data\": $1}" >/dev/null; }
shows() { create secret=app <<<"$one"; [ "$STATUS" = 0 ] && [ "$(look "$1")" = "$2" ]; }
refuses() { create secret=app <<<"$one"; [[ $STATUS = 1 && $ERR =~ $1 ]]; }

settings '{"VAULT_NAMESPACE": "team", "SECRET_EXEC_TIMEOUT": "2m", "BAO_X": "y", "vault_other": "z", "PATH": "/evil", "VAULT_ROLE": "all", "VAULT_CACERT": "/other"}'
ok "settings of the launcher become variables" until_true shows \
	'[env["app"].get(n) for n in ("VAULT_NAMESPACE", "SECRET_EXEC_TIMEOUT", "BAO_X")]' '["team", "2m", "y"]'
sees '[n in env["app"] for n in ("vault_other", "PATH", "image", "audience")]' '[false, false, false, false]' "other keys do not"
sees '[env["app"][n] for n in ("VAULT_ROLE", "VAULT_CACERT")]' '["all", "/.secretmanager/vault/ca.crt"]' "a role for all pods; the path of the CA"
create secret=app role=mine <<<"$one"
sees 'env["app"]["VAULT_ROLE"]' mine "the annotation's role takes precedence"
settings '{"caConfigMap": null, "VAULT_CACERT": null, "VAULT_CACERT_BYTES": "PEM"}'
ok "no ConfigMap for the CA: a variable instead" until_true shows \
	'[env["app"].get("VAULT_CACERT_BYTES"), "VAULT_CACERT" in env["app"], len(v["secretmanager-vault"]["projected"]["sources"])]' '["PEM", false, 1]'

for key in image launcher audience VAULT_ADDR; do
	settings "{\"$key\": null}"
	ok "no $key in the settings: refused" until_true refuses \
		"ConfigMap secretmanager/secretmanager-injection: missing or empty: $key; set it"
	kubectl apply -f "$TAP_WORK/inject.yaml" >/dev/null
done
settings '{"launcher": "sidecar"}'
ok "an unknown way of the launcher: refused" until_true refuses 'launcher: not image-volume or init-container'
kubectl delete configmap secretmanager-injection -n secretmanager >/dev/null
ok "no settings: refused" until_true refuses 'secretmanager-inject.*no params found'
create inject= <<<"$one"
status_is 0 "other pods do not need them"

# -- an init container ------------------------------------------------------------------------------------------------

bin=/.secretmanager/bin/secret-exec
sed 's/launcher: image-volume/launcher: init-container/' "$TAP_WORK/inject.yaml" >"$TAP_WORK/init.yaml"
works "$TAP_WORK/init.yaml"
until_true shows 'c["app"]["command"][0]' "$bin"
create secret=app <<<"$one"'
initContainers: [{name: first, image: first, command: [/first]}]'
sees 'c["app"]["command"]' "[\"$bin\", \"--\", \"/app\", \"--flag\"]" "init-container: the launcher is before the command"
sees '[[n, init[n]["image"], init[n]["command"]] for n in init]' "[[\"secretmanager-launcher\", \"registry.example.com/secretmanager:$version\",\
 [\"/usr/local/bin/secret-exec\", \"--install\", \"/.secretmanager/bin\"]], [\"first\", \"first\", [\"/first\"]]]" "its init container is the first"
sees 'v["secretmanager-launcher"]' '{"emptyDir": {"medium": "Memory"}}' "its volume is in memory"
first=$(steady)
again
is "$(steady)" "$first" "a copy of a pod with the init container is the same"
NAMESPACE=team-a create secret=app <<<"$restricted"
status_is 0 "it is admitted into a restricted namespace"
sees 'init["secretmanager-launcher"]["securityContext"].get("runAsUser")' null "in other pods it has the user of the pod or the image"
create secret=app <<<"$one"$'\nsecurityContext: {runAsUser: 0}'
sees 'init["secretmanager-launcher"]["securityContext"]["runAsUser"]' "$(sed -n 's/^USER \(.*\):.*/\1/p' "$root/deploy/Dockerfile" | head -n 1)" \
	"in a pod of root it has the image's user"
create secret=app <<<"$one"'
initContainers: [{name: secretmanager-launcher, image: mine, command: [/mine]}]'
sees '[init[n]["image"] for n in init]' "[\"registry.example.com/secretmanager:$version\"]" "another init container with its name: replaced"

# -- a policy that is missing -----------------------------------------------------------------------------------------

kubectl delete mutatingadmissionpolicybinding secretmanager-inject-pods >/dev/null
ok "without the policy: pods are refused" until_true refuses \
	'container app: the launcher was not put in; check the MutatingAdmissionPolicy secretmanager-inject'
# A pod that has all parts except the right image.
fake() {
	create secret=app containers=app <<-YAML
		serviceAccountName: app
		initContainers: [{name: secretmanager-launcher, image: $1, command: [/usr/local/bin/secret-exec, --install, /.secretmanager/bin]}]
		containers: [{name: app, image: app, command: [$bin, --, /app], volumeMounts: [{name: secretmanager-launcher, mountPath: /.secretmanager/bin}, {name: secretmanager-vault, mountPath: /.secretmanager/vault}]}]
		volumes: [{name: secretmanager-launcher, emptyDir: {}}, {name: secretmanager-vault, projected: {sources: [{serviceAccountToken: {path: token, audience: $2}}]}}]
	YAML
}
fake "registry.example.com/secretmanager:$version" vault
status_is 0 "a manifest with all parts is admitted"
fake mine vault
refused 'the volume secretmanager-launcher or secretmanager-vault is not as in the settings' "the launcher of another image is refused"
fake "registry.example.com/secretmanager:$version" other
refused 'the volume secretmanager-launcher or secretmanager-vault is not as in the settings' "a token for another audience is refused"

# -- Kubernetes 1.34 and 1.35 -----------------------------------------------------------------------------------------

mkdir "$TAP_WORK/beta"
printf '%s\n' 'apiVersion: kustomize.config.k8s.io/v1beta1' 'kind: Kustomization' 'resources: [inject]' 'components: [v1beta1]' >"$TAP_WORK/beta/kustomization.yaml"
cp -r "$admission"/* "$TAP_WORK/beta"
rendered "$TAP_WORK/beta" >"$TAP_WORK/beta.yaml"
is "$(grep -A1 '^apiVersion: admission' "$TAP_WORK/beta.yaml" | grep -v '^--' | paste -d' ' - - | sort | uniq -c | tr -s ' ')" \
	" 1 apiVersion: admissionregistration.k8s.io/v1 kind: ValidatingAdmissionPolicy
 2 apiVersion: admissionregistration.k8s.io/v1 kind: ValidatingAdmissionPolicyBinding
 1 apiVersion: admissionregistration.k8s.io/v1beta1 kind: MutatingAdmissionPolicy
 2 apiVersion: admissionregistration.k8s.io/v1beta1 kind: MutatingAdmissionPolicyBinding" "v1beta1: the mutating policy and its bindings"
works "$TAP_WORK/beta.yaml"
bin=/.secretmanager/bin/usr/local/bin/secret-exec
until_true shows 'c["app"]["command"][0]' "$bin"
sees 'c["app"]["command"]' "[\"$bin\", \"--\", \"/app\", \"--flag\"]" "v1beta1: the launcher is before the command"
done_testing

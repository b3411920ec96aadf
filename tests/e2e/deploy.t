#!/bin/bash
# deploy/rotation: the real API server takes it, and its rules and policies are enough for the work, and no more.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

root=$(cd "$(dirname "$0")/../.." && pwd)
rotation=$root/deploy/rotation
account=system:serviceaccount:secretmanager:secret-rotate

# -- the API server's word --------------------------------------------------------------------------

# The documents of a file, each in a file of its own: $TAP_WORK/NAME-1.yaml, ...
split() {
	awk -v to="$TAP_WORK/$(basename "$1" .yaml)-" 'BEGIN { n = 1 } /^---$/ { n++; next } { print >(to n ".yaml") }' "$1"
}
# Where a document's object is created.
place() {
	local kind namespace
	kind=$(sed -n 's/^kind: //p' "$1")
	namespace=$(sed -n '/^metadata:/,/^[a-zA-Z]*:$/s/^  namespace: //p' "$1")
	case $kind in
	Namespace) echo /api/v1/namespaces ;;
	ServiceAccount) echo "/api/v1/namespaces/$namespace/serviceaccounts" ;;
	ClusterRole | ClusterRoleBinding) echo "/apis/rbac.authorization.k8s.io/v1/${kind,,}s" ;;
	Role | RoleBinding) echo "/apis/rbac.authorization.k8s.io/v1/namespaces/$namespace/${kind,,}s" ;;
	Job | CronJob) echo "/apis/batch/v1/namespaces/$namespace/${kind,,}s" ;;
	esac
}
name_of() { echo "$(sed -n 's/^kind: //p' "$1") $(sed -n '/^metadata:/,/^[a-zA-Z]*:$/s/^  name: //p' "$1")"; }

for file in rbac cronjob indexed-job; do split "$rotation/$file.yaml"; done
is "$(ls "$TAP_WORK"/*.yaml | wc -l)" 10 "ten objects"
# No controller ends a namespace here: it is done by hand.
at_end 'kube_call PUT /api/v1/namespaces/secretmanager/finalize "{\"metadata\":{\"name\":\"secretmanager\"},\"spec\":{}}"'
at_end 'kube_call DELETE /api/v1/namespaces/secretmanager'
at_end 'kube_call DELETE /apis/coordination.k8s.io/v1/namespaces/secretmanager/leases'
at_end 'kube_call DELETE /api/v1/namespaces/secretmanager/events'
for file in "$TAP_WORK"/rbac-?.yaml; do
	kube_call POST "$(place "$file")?fieldValidation=Strict" "@$file" application/yaml
	is "$STATUS" 201 "$(name_of "$file") is taken"
	[ "$STATUS" = 201 ] || tap_note "$OUT"
	[[ $file = *-1.yaml ]] || at_end "kube_call DELETE $(place "$file")/secret-rotate"
done
pods='/api/v1/namespaces/secretmanager/pods?dryRun=All&fieldValidation=Strict'
# A pod made of the template at $1 in $OUT, as the namespace's Pod Security level would have it.
pod_is_taken() {
	/usr/bin/python3 -IS -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[part]
json.dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "try-"}, "spec": value}, sys.stdout)' "$1" \
		<<<"$OUT" >"$TAP_WORK/pod.json"
	kube_call POST "$pods" "@$TAP_WORK/pod.json"
	is "$STATUS" 201 "$2: a restricted namespace admits its pod"
	[ "$STATUS" = 201 ] || tap_note "$OUT"
}
# arguments PATH: the container's arguments, one a line.
arguments() { field "$1.spec.containers.0.args" | /usr/bin/python3 -IS -c 'import json, sys; print(*json.load(sys.stdin), sep="\n")'; }
declare -A spoken
for file in "$TAP_WORK"/cronjob-1.yaml "$TAP_WORK"/indexed-job-?.yaml; do
	name=$(name_of "$file")
	kube_call POST "$(place "$file")?dryRun=All&fieldValidation=Strict" "@$file" application/yaml
	is "$STATUS" 201 "$name is taken"
	[ "$STATUS" = 201 ] || tap_note "$OUT"
	template=spec.template
	[[ $name != CronJob* ]] || template=spec.jobTemplate.spec.template
	spoken[${name#* }]=$(arguments "$template")
	[[ $name != *rewrap ]] || shards=$(field spec.completions)
	pod_is_taken "$template.spec" "$name"
done
sed -i 's/"allowPrivilegeEscalation": false/"allowPrivilegeEscalation": true/' "$TAP_WORK/pod.json"
kube_call POST "$pods" "@$TAP_WORK/pod.json"
like "$STATUS $OUT" '^403.*PodSecurity' "one that could gain privileges it does not admit"

# -- what its pods may ------------------------------------------------------------------------------

# may ANSWER VERB GROUP RESOURCE [NAMESPACE [NAME]]
may() {
	kube_call POST /apis/authorization.k8s.io/v1/subjectaccessreviews "{\"spec\":{\"user\":\"$account\",
		\"groups\":[\"system:serviceaccounts\",\"system:authenticated\"],\"resourceAttributes\":{\"verb\":\"$2\",
		\"group\":\"$3\",\"resource\":\"$4\",\"namespace\":\"${5-}\",\"name\":\"${6-}\"}}}"
	is "$(field status.allowed)" "$1" "it may$([ "$1" = true ] || echo ' not') $2 $4 ${5:-everywhere} ${6-}"
}
for verb in get list patch; do may true "$verb" '' secrets; done
for verb in create update delete deletecollection watch; do may false "$verb" '' secrets demo; done
for verb in get patch; do may true "$verb" coordination.k8s.io leases secretmanager secret-rotate; done
may true create coordination.k8s.io leases secretmanager
for verb in update delete; do may false "$verb" coordination.k8s.io leases secretmanager secret-rotate; done
may true patch coordination.k8s.io leases secretmanager secret-rotate-shard-7-of-8
may false get coordination.k8s.io leases secretmanager other
may false create coordination.k8s.io leases kube-system
may true create '' events secretmanager
may false create events.k8s.io events secretmanager
may false create '' events demo
may false get '' configmaps secretmanager
may false patch apps deployments demo
may false create '' serviceaccounts/token secretmanager

# -- and that it is enough --------------------------------------------------------------------------

policy() { /usr/bin/python3 -IS -c 'import json, sys; print(json.dumps({"policy": sys.stdin.read()}))' <"$root/policies/$1.hcl"; }
# role NAME POLICIES: as rbac.yaml's head has it.
role() {
	vault_call POST "auth/kubernetes/role/$1" "{\"bound_service_account_names\":\"secret-rotate\",
		\"bound_service_account_namespaces\":\"secretmanager\",\"audience\":\"vault\",\"token_policies\":$2,
		\"token_type\":\"batch\",\"token_ttl\":\"10s\",\"token_no_default_policy\":true}"
	at_end "vault_call DELETE auth/kubernetes/role/$1"
}
vault_call PUT sys/policies/acl/secret-rotate-retire "$(policy secret-rotate-retire)"
is "$STATUS" 204 "Vault takes the policy for retiring"
at_end 'vault_call DELETE sys/policies/acl/secret-rotate-retire'
role deployed '["secret-rotate"]'
role retiring '["secret-rotate","secret-rotate-retire"]'
# What the kubelet would mount.
pod=$TAP_WORK/pod
mkdir "$pod"
token() {
	kube_call POST /api/v1/namespaces/secretmanager/serviceaccounts/secret-rotate/token \
		"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{\"expirationSeconds\":600$1}}"
	field status.token
}
(umask 077 && token '' >"$pod/token" && token ',"audiences":["vault"]' >"$pod/vault-token")
cp "$STAGE_DIR/pod/rotator/ca.crt" "$pod/"
printf secretmanager >"$pod/namespace"

# deployed ROLE ARGUMENTS [OPTION...]: with a container's arguments and the files of its pod; keys are rotated
# however young they are.
deployed() {
	local role=$1 options
	mapfile -t options < <(sed -e "s,/var/run/secrets/vault/token,$pod/vault-token," -e 's/^--min-age=.*/--min-age=0s/' <<<"$2")
	shift 2
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$pod" VAULT_ROLE="$role" "$BIN/secret-rotate" "${options[@]}" "$@"
}
sealed_in() { # NAMESPACE NAME
	"$BIN/secret-seal" --transit-key aes256-key -n "$1" --from-literal A=value "$2" >/dev/null
}
sealed_in demo app
sealed_in default far
"$BIN/secret-seal" --transit-key derived-key --from-literal A=bound bound >/dev/null
for i in 1 2 3 4 5 6; do sealed_in demo "s$i"; done

run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$pod" VAULT_ROLE=deployed "$BIN/secret-rotate" -A
status_is 1 "the API server's token is none for Vault"
err_like 'login with role "deployed".*403.*aud' "since it is for another audience"
deployed deployed "${spoken[secret-rotate]}"
status_is 0 "the CronJob's arguments, service account and role do it"
is "$(field keysRotated) $(field current) $(field rewrapped)" "2 9 9" "in all namespaces"
like "$(stored app A)" '^vault:v2:' "a Secret is on the new version"
kube_call GET /apis/coordination.k8s.io/v1/namespaces/secretmanager/leases/secret-rotate
is "$STATUS $(field spec.holderIdentity)" "200 " "it held the Lease, and gave it back"
kube_call GET /api/v1/namespaces/secretmanager/events
like "$OUT" '"reason": *"RotationDone",[[:space:]]*"message": *"keys rotated 2, ' "and left an Event"
ok "it rotates nothing twice" grep -q -- '^--min-age=' <<<"${spoken[secret-rotate]}"

deployed deployed "${spoken[secret-rotate-1-rotate]}"
status_is 0 "the first Job"
is "$(field keysRotated) $(field rewrapped)" "2 0" "rotates, and that alone"
deployed deployed "${spoken[secret-rotate-3-verify]}"
status_is 1 "the third before the second"
err_like '9 of 9 Secrets are left on an old version' "names what is old"
rewrapped=0
for ((index = 0; index < shards; index++)); do
	JOB_COMPLETION_INDEX=$index deployed deployed "${spoken[secret-rotate-2-rewrap]}"
	[ "$STATUS" = 0 ] || tap_note "shard $index: $ERR"
	rewrapped=$((rewrapped + $(field rewrapped)))
done
is "$rewrapped" 9 "the shards of the second rewrap all"
JOB_COMPLETION_INDEX=$shards deployed deployed "${spoken[secret-rotate-2-rewrap]}"
status_is 2 "there are as many as --shard says"
deployed deployed "${spoken[secret-rotate-3-verify]}"
status_is 0 "the third finds nothing old"

# -- retiring ---------------------------------------------------------------------------------------

deployed deployed "${spoken[secret-rotate]}" --retire --keep-versions 1
status_is 1 "retiring needs the other policy"
err_like 'retiring: Transit key transit/aes256-key: .*403' "which Vault's word tells"
deployed retiring "${spoken[secret-rotate]}" --retire --keep-versions 1
status_is 0 "with it old versions are retired"
is "$(field keys.0.minDecryptionVersion) $(field keys.0.latestVersion)" "5 5" "all but the newest"
deployed retiring "${spoken[secret-rotate]}" --retire --keep-versions 1 --trim
status_is 0 "and trimmed"
vault_call GET transit/keys/aes256-key
is "$(field data.min_available_version)" 6 "for ever"
# As Vault has it for whoever logs in so.
vault_call POST auth/kubernetes/login "{\"role\":\"retiring\",\"jwt\":\"$(<"$pod/vault-token")\"}"
# shellcheck disable=SC2034 # for vault_call
VAULT_CALL_TOKEN=$(field auth.client_token)
vault_call POST transit/keys/aes256-key/config '{"exportable":true}'
is "$STATUS" 403 "it can't make a key exportable"
vault_call POST transit/keys/aes256-key/config '{"deletion_allowed":true}'
is "$STATUS" 403 "nor one that can be deleted"
done_testing

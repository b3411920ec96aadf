#!/bin/bash
# deploy/kustomize: the rights of the service accounts are sufficient for the CronJobs' arguments with their pods' tokens,
# and minimal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"
namespaces secretmanager team-a team-b

# applied FOLDER: apply its manifests, until withdrawn.
applied() {
	rendered "$1" >"$TAP_WORK/applied.yaml"
	kubectl apply -f "$TAP_WORK/applied.yaml" >"$TAP_WORK/apply.log" 2>&1 || tap_note "$(<"$TAP_WORK/apply.log")"
}
# Delete all except the namespaces, which are deleted at the end of the script.
withdrawn() { kubectl delete --ignore-not-found -f <(sed '/^kind: Namespace$/,/^---$/d' "$TAP_WORK/applied.yaml") >/dev/null; }
withdraw_for_all() {
	kubectl delete clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding secret-rotate \
		--ignore-not-found >/dev/null
}
at_end withdraw_for_all

# may true|false VERB GROUP RESOURCE [NAMESPACE [NAME]]: check a right of $account.
may() {
	kube_call POST /apis/authorization.k8s.io/v1/subjectaccessreviews "{\"spec\":{\"user\":\"system:serviceaccount:$account\",
		\"groups\":[\"system:serviceaccounts\",\"system:authenticated\"],\"resourceAttributes\":{\"verb\":\"$2\",
		\"group\":\"$3\",\"resource\":\"$4\",\"namespace\":\"${5-}\",\"name\":\"${6-}\"}}}"
	is "$(field status.allowed)" "$1" "$account may$([ "$1" = true ] || echo ' not') $2 $4 ${5:-everywhere} ${6-}"
}

# The additional policies of the rotation, for both keys of the stage, as in tests/e2e/seed.
retiring='"secret-rotate"'
for file in "$root"/policies/secret-rotate-*.hcl; do
	name=$(basename "$file" .hcl)
	vault_call PUT "sys/policies/acl/$name" "$(cat "$file" <(sed s,/derived-key,/aes256-key, "$file") |
		/usr/bin/python3 -IS -c 'import json, sys; print(json.dumps({"policy": sys.stdin.read()}))')"
	is "$STATUS" 204 "Vault accepts the policy $name"
	at_end "vault_call DELETE sys/policies/acl/$name"
	retiring+=,\"$name\"
done
# role NAME ACCOUNT POLICIES: create a role as in the comments of overlays/cluster-wide.
role() {
	vault_call POST "auth/kubernetes/role/$1" "{\"bound_service_account_names\":\"${2#*:}\",
		\"bound_service_account_namespaces\":\"${2%:*}\",\"audience\":\"vault\",\"token_policies\":$3,
		\"token_type\":\"batch\",\"token_ttl\":\"10s\",\"token_no_default_policy\":true}"
	at_end "vault_call DELETE auth/kubernetes/role/$1"
}
# pod_of ACCOUNT: create the folder $pod with the files that the kubelet would mount.
pod_of() {
	pod=$TAP_WORK/${1/:/-}
	mkdir -p "$pod"
	(umask 077 && kubectl create token -n "${1%:*}" "${1#*:}" >"$pod/token" &&
		kubectl create token -n "${1%:*}" "${1#*:}" --audience vault >"$pod/vault-token")
	cp "$STAGE_DIR/pod/rotator/ca.crt" "$pod/"
	printf %s "${1%:*}" >"$pod/namespace"
}
as_account() { "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$pod" "$@"; }
# deployed ROLE CRONJOB [OPTION...]: run secret-rotate as the CronJob's pod with its arguments; rotate keys of any age.
deployed() {
	local role=$1 options
	mapfile -t options < <(objects arguments "$2" <"$TAP_WORK/applied.yaml" |
		sed -e "s,/var/run/secrets/vault/token,$pod/vault-token," -e 's/^--min-age=.*/--min-age=0s/')
	shift 2
	run as_account VAULT_ROLE="$role" "$BIN/secret-rotate" "${options[@]}" "$@"
}
newest() {
	vault_call GET transit/keys/aes256-key
	field data.latest_version
}
sealed_in() { # NAMESPACE NAME
	"$BIN/secret-seal" --transit-key aes256-key -n "$1" --from-literal A=value "$2" >/dev/null
}
sealed_in team-a near
sealed_in demo app
sealed_in default far
"$BIN/secret-seal" --transit-key derived-key --from-literal A=bound bound >/dev/null
for i in 1 2 3 4 5; do sealed_in demo "s$i"; done
role deployed secretmanager:secret-rotate '["secret-rotate"]'
role retiring secretmanager:secret-rotate "[$retiring]"

# -- in single namespaces ---------------------------------------------------------------------------

account=secretmanager:secret-rotate
applied "$kustomize/overlays/namespaced"
pod_of "$account"
for verb in get list patch; do may true "$verb" '' secrets team-a; done
for verb in create delete; do may false "$verb" '' secrets team-a; done
may false list '' secrets
may false get '' secrets secretmanager
deployed deployed secret-rotate-team-a
status_is 0 "the CronJob of one namespace: exit 0"
is "$(field keysRotated) $(field rewrapped)" "1 1" "the CronJob of one namespace: a key and a Secret"
deployed deployed secret-rotate-team-a --retire
status_is 1 "the CronJob of one namespace with --retire: exit 1"
err_like 'retiring needs a look at every Secret' "the CronJob of one namespace with --retire: a message"
withdrawn

# -- in all -----------------------------------------------------------------------------------------

applied "$kustomize/overlays/cluster-wide"
pod_of "$account"
for verb in get list patch; do may true "$verb" '' secrets; done
for verb in create update delete deletecollection watch; do may false "$verb" '' secrets demo; done
for group in coordination.k8s.io/leases /events; do may false create "${group%/*}" "${group#*/}" secretmanager; done
may false get '' configmaps secretmanager
may false list apps deployments
may false create '' serviceaccounts/token secretmanager

is "$(objects token secret-rotate <"$TAP_WORK/applied.yaml")" \
	"$(objects arguments secret-rotate <"$TAP_WORK/applied.yaml" | sed -n 's/^--jwt-file=//p') vault 600" \
	"the pod has a token for Vault where its arguments say"
run as_account VAULT_ROLE=deployed "$BIN/secret-rotate" -A
status_is 1 "a token for the API server at Vault: exit 1"
err_like 'login with role "deployed".*403.*aud' "a token for the API server at Vault: rejected for its audience"
deployed deployed secret-rotate
status_is 0 "the cluster-wide CronJob: exit 0"
is "$(field keysRotated) $(field current) $(field rewrapped)" "2 9 9" "the cluster-wide CronJob: all namespaces"
like "$(stored app A)" "^vault:v$(newest):" "the cluster-wide CronJob: a Secret is on the new version"
like "$(objects arguments secret-rotate <"$TAP_WORK/applied.yaml")" '--min-age=' "the cluster-wide CronJob: --min-age prevents a second rotation"

# -- in shards, and retiring ------------------------------------------------------------------------

applied "$given/shards"
# To search other objects for old versions before retiring.
for resource in configmaps pods; do may true list '' $resource && may false get '' $resource demo; done
for resource in deployments statefulsets daemonsets; do may true list apps $resource && may false patch apps $resource demo; done
for resource in jobs cronjobs; do may true list batch $resource && may false create batch $resource demo; done
deployed deployed secret-rotate-keys
status_is 0 "shards, first CronJob: exit 0"
is "$(field keysRotated) $(field rewrapped)" "2 0" "shards, first CronJob: only rotates"
shards=$(objects completions secret-rotate-rewrap <"$TAP_WORK/applied.yaml")
rewrapped=0
for ((index = 0; index < shards; index++)); do
	JOB_COMPLETION_INDEX=$index deployed deployed secret-rotate-rewrap
	[ "$STATUS" = 0 ] || tap_note "shard $index: $ERR"
	rewrapped=$((rewrapped + $(field rewrapped)))
	[ "$(field rewrapped)" = 0 ] || last=$index
done
is "$rewrapped" 9 "shards, second CronJob: its pods rewrap all Secrets"
JOB_COMPLETION_INDEX=$shards deployed deployed secret-rotate-rewrap
status_is 2 "a shard number beyond --shard: exit 2"
# As if that pod had failed, after another rotation of the keys.
deployed deployed secret-rotate-keys
for ((index = 0; index < shards; index++)); do
	[ "$index" = "$last" ] || JOB_COMPLETION_INDEX=$index deployed deployed secret-rotate-rewrap
done
deployed retiring secret-rotate --keep-versions 1 --min-age 1h
status_is 0 "shards, third CronJob: exit 0"
ok "shards, third CronJob: rewraps the Secrets of a failed pod" [ "$(field rewrapped)" -gt 0 ]
is "$(field keys.0.minDecryptionVersion)" "$(field keys.0.latestVersion)" "shards, third CronJob: retires all versions but the newest"
deployed deployed secret-rotate --keep-versions 1
status_is 1 "retiring without its policy: exit 1"
err_like 'retiring: Transit key transit/aes256-key: .*403' "retiring without its policy: an error from Vault"
deployed retiring secret-rotate --keep-versions 1 --trim
status_is 0 "trimming with its policy: exit 0"
vault_call GET transit/keys/aes256-key
is "$(field data.min_available_version)" "$(field data.latest_version)" "trimming deletes all old versions"
# With a token of the role.
vault_call POST auth/kubernetes/login "{\"role\":\"retiring\",\"jwt\":\"$(<"$pod/vault-token")\"}"
VAULT_CALL_TOKEN=$(field auth.client_token)
vault_call POST transit/keys/aes256-key/config '{"exportable":true}'
is "$STATUS" 403 "the policy does not allow making a key exportable"
vault_call POST transit/keys/aes256-key/config '{"deletion_allowed":true}'
is "$STATUS" 403 "the policy does not allow making a key deletable"
unset VAULT_CALL_TOKEN
withdrawn

# -- an application, and sealing for it -----------------------------------------------------------

cp -r "$kustomize/application" "$TAP_WORK/application"
(cd "$TAP_WORK/application" && kustomize edit set namespace team-b)
kubectl apply -f "$kustomize/base/service-accounts.yaml" >/dev/null
applied "$TAP_WORK/application"
account=secretmanager:secret-seal
for verb in get list create patch; do may true "$verb" '' secrets team-b; done
for verb in update delete watch; do may false "$verb" '' secrets team-b; done
may false get '' secrets team-a
account=team-b:app
may true get '' secrets team-b app
may false get '' secrets team-b other
for verb in list watch patch; do may false "$verb" '' secrets team-b app; done
may false get '' secrets demo app
role sealing secretmanager:secret-seal '["secret-seal"]'
role launching team-b:app '["secret-exec"]'
pod_of secretmanager:secret-seal
run as_account VAULT_ROLE=sealing "$BIN/secret-seal" --jwt-file "$pod/vault-token" -n team-b --transit-key derived-key --from-literal A=plain app
status_is 0 "a pod of secret-seal: seals"
pod_of team-b:app
run as_account VAULT_ROLE=launching "$BIN/secret-exec" --jwt-file "$pod/vault-token" --secret app -- printenv A
is "$STATUS $OUT" "0 plain" "a pod of the application: starts with the value"
done_testing

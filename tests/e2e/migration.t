#!/bin/bash
# docs/migration.md works on real servers: each step's commands, its way back, and the step again.  After each step the
# application starts with the settings of the page's Deployment.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

. "$(dirname "$0")/desk.sh"
desk docs/migration.md
original() { "$(dirname "$0")/original-project" "$@"; }

# -- the pod ----------------------------------------------------------------------------------------

# The files that the kubelet would mount: the pod's own token, and a token for Vault.
pod=$TAP_WORK/pod
cp -r "$STAGE_DIR/pod/app" "$pod"
kube_call POST /api/v1/namespaces/demo/serviceaccounts/app/token '{"apiVersion":"authentication.k8s.io/v1",
	"kind":"TokenRequest","spec":{"expirationSeconds":600,"audiences":["vault"]}}'
(umask 077 && field status.token >"$pod/vault-token")
# launch SECTION COMMAND...: run secret-exec as a pod with the variables of the section's YAML.
launch() {
	local section=$1 variables
	shift
	mapfile -t variables < <(block yaml "$section" |
		sed -nE "s/^ *- \{name: ([A-Z_]+), value: \"?([^\"}]*)\"?\}$/\1=\2/p" |
		sed -e "s,^VAULT_ADDR=.*,VAULT_ADDR=$VAULT_ADDR," -e "s,^VAULT_CACERT=.*,VAULT_CACERT=$VAULT_CACERT," \
			-e "s,/var/run/secrets/vault/token,$pod/vault-token,")
	run env -i PATH="$PATH" KUBERNETES_SERVICE_HOST="$KUBERNETES_SERVICE_HOST" \
		KUBERNETES_SERVICE_PORT="$KUBERNETES_SERVICE_PORT" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$pod" \
		"${variables[@]}" "${MORE[@]}" "$BIN/secret-exec" -- "$@"
}
MORE=()
application=(/usr/bin/python3 -c '
import json, os
shell = ("PATH", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "LC_CTYPE")
print(json.dumps({k: v for k, v in os.environ.items() if k not in shell}, sort_keys=True))')
# starts SECTION [NAME]: assert that the application starts with the variables of the document.
starts() {
	launch "$1" "${application[@]}"
	is "$STATUS $OUT" "0 $expected" "$1${2:+, $2}: the application starts with the same variables"
	[ "$STATUS" = 0 ] || tap_note "$ERR"
}

# -- the initial state ----------------------------------------------------------------------------

document=$TAP_WORK/secrets.json
cat >"$document" <<'JSON'
{
  "db_user": "matrix",
  "DB_PASSWORD": "corr\"ect\\ horse staple",
  "GREETING": "Grüße, 世界 \ud83d\ude80",
  "PORT": 5432, "DEBUG": false, "UNSET": null, "EMPTY": "",
  "NESTED": { "list": [1, "zwei", null], "object": {} }
}
JSON
expected=$(original environment "$document")
# Restore the objects of the stage with these names at the end.
keep() {
	vault_call GET "$1"
	/usr/bin/python3 -IS -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["data"]))' <<<"$OUT" \
		>"$TAP_WORK/kept-${1//\//-}"
	at_end "vault_call DELETE $1; vault_call POST $1 @$TAP_WORK/kept-${1//\//-}"
}
keep auth/kubernetes/role/demo
keep auth/kubernetes/role/secret-rotate
keep sys/policies/acl/demo
keep sys/policies/acl/secret-rotate
at_end 'vault_call DELETE auth/kubernetes/role/app'
at_end 'vault_call DELETE sys/policies/acl/app'
# Finalize the namespace here, because no controller does.
at_end 'kube_call PUT /api/v1/namespaces/secretmanager/finalize "{\"metadata\":{\"name\":\"secretmanager\"},\"spec\":{}}"'
at_end 'kube_call DELETE /api/v1/namespaces/secretmanager'
at_end 'at_desk kubectl delete role,rolebinding matrix matrix-secrets -n demo --ignore-not-found >/dev/null'
at_end 'at_desk kubectl delete cronjob recryptonator -n demo --ignore-not-found >/dev/null'
at_end 'at_desk kubectl delete configmap --all -n secretmanager >/dev/null'
at_end 'at_desk kubectl delete -k "$DESK_ROOT/deploy/kustomize/overlays/cluster-wide" --ignore-not-found --wait=false >/dev/null'

original write matrix-secrets "$document"
first=$(stored matrix-secrets secrets.json)
at_desk kubectl create cronjob recryptonator -n demo --image=registry.example.com/recryptonator --schedule='0 3 * * *' >/dev/null
suspended() {
	kube_call GET /apis/batch/v1/namespaces/demo/cronjobs/recryptonator
	field spec.suspend
}
# decrypts CIPHERTEXT
decrypts() {
	vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$1\"}"
	[ "$STATUS" = 200 ]
}

# -- the steps --------------------------------------------------------------------------------------

perform "Before you begin"
is "$(stored matrix-secrets secrets.json)" "$first" "the Secret is as it was"

launch "Step 1" true
fails_with 125 'secrets "matrix-secrets" is forbidden' "before step 1 the pod may not read the Secret"
perform "Step 1"
starts "Step 1"
perform "Step 1" back
original read matrix-secrets >"$TAP_WORK/read"
ok "back from step 1 the old project reads its document" cmp "$TAP_WORK/read" "$document"
perform "Step 1"
starts "Step 1" again
is "$(stored matrix-secrets secrets.json)" "$first" "the Secret is as it was"
MORE=(SECRET_EXEC_SECRET=matrix-secrets:secrets.json=DOCUMENT SECRET_EXEC_FD=3=DOCUMENT)
like "$(part "Step 1" forward)" 'SECRET_EXEC_SECRET` = `matrix-secrets:secrets\.json=DOCUMENT` and `SECRET_EXEC_FD` = `3=DOCUMENT`' \
	"Step 1: the settings for the document in a pipe"
launch "Step 1" /usr/bin/python3 -c "$(block python "Step 1")
print(settings == json.load(open('$document')))"
is "$STATUS $OUT" "0 True" "Step 1: the application's dictionary is unchanged"
MORE=()

perform "Step 2"
starts "Step 2"
perform "Step 2" back
launch "Step 2" true
fails_with 125 'login with role "app".*invalid role name' "back from step 2 the new role is gone"
starts "Step 1" "back from step 2"
perform "Step 2"
starts "Step 2" again
MORE=(SECRET_EXEC_JWT_FILE="$pod/token")
launch "Step 2" true
fails_with 125 'login with role "app".*403' "Step 2: a token for another audience: rejected"
MORE=()

perform "Step 3"
is "$(suspended)" true "Step 3: the old rotation is suspended"
like "$(stored matrix-secrets secrets.json)" '^vault:v2:' "Step 3: the Secret is on a new version"
starts "Step 2" "after step 3"
perform "Step 3" back
is "$(suspended)" false "back from step 3: the old rotation is active"
ok "back from step 3: the copy decrypts" decrypts "$first"
original read matrix-secrets >"$TAP_WORK/read"
ok "back from step 3: the old project reads the rewrapped Secret" cmp "$TAP_WORK/read" "$document"
perform "Step 3"

perform "Step 4"
perform "Step 4" back
kube_call GET /api/v1/namespaces/demo/secrets/matrix-secrets
unlike "$OUT" 'secretmanager/' "back from step 4: no label or annotation remains"
perform "Step 4"
starts "Step 2" "after step 4"

perform "Step 5"
starts "Step 5"
perform "Step 5" back
starts "Step 2" "back from step 5"
perform "Step 5"
starts "Step 5" again
kube_call GET /api/v1/namespaces/demo/secrets/matrix
like "$(field metadata.annotations)" '"secretmanager/scope": "strict"' "Step 5: values are bound to their Secret"
# A value of another key does not decrypt.
kube_call PATCH /api/v1/namespaces/demo/secrets/matrix \
	"{\"data\":{\"DB_PASSWORD\":\"$(stored matrix db_user | base64 -w0)\"}}" application/merge-patch+json
launch "Step 5" true
like "$STATUS $ERR" '^125 .*DB_PASSWORD.*message authentication failed' "Step 5: a swapped value does not decrypt"
perform "Step 5" back
perform "Step 5"

perform "Step 6"
ok "Step 6: the copy does not decrypt any more" eval '! decrypts "$first"'
starts "Step 2" "after step 6"
perform "Step 6" back
ok "back from step 6: the copy decrypts" decrypts "$first"
perform "Step 6"

perform "Step 7"
starts "Step 5" "after step 7"
vault_call POST auth/kubernetes/login "{\"role\":\"demo\",\"jwt\":\"$(<"$pod/token")\"}"
like "$STATUS $OUT" '^400 .*invalid role name' "Step 7: the old role is gone"
vault_call GET sys/policies/acl/demo
is "$STATUS" 404 "Step 7: the old policy too"

all_performed
done_testing

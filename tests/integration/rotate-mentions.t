#!/bin/bash
# Ciphertext outside Secrets (ConfigMaps, pod templates, other text): its versions are neither retired nor trimmed.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

rotate() { run "$BIN/secret-rotate" "$@"; }
limits() {
	vault_call GET transit/keys/aes256-key
	echo "$(field data.latest_version) $(field data.min_decryption_version) $(field data.min_available_version)"
}
# object PATH KIND APIVERSION NAME FIELDS [ANNOTATIONS]
object() {
	kube_call POST "$1" "{\"apiVersion\":\"$3\",\"kind\":\"$2\",\"metadata\":{\"name\":\"$4\",\"annotations\":{${6-}}},$5}"
	[ "$STATUS" = 201 ] || echo "Bail out! no $2: $OUT"
}
containers() { printf '"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"%s"}]}]' "$1"; }
template() { printf '"template":{"metadata":{"labels":{"app":"a"}},"spec":{%s%s}}' "$(containers "$1")" "${2-}"; }
selector='"selector":{"matchLabels":{"app":"a"}}'

"$BIN/secret-seal" -n demo --transit-key aes256-key --from-literal A=app app >/dev/null
old=$(stored app A)
rotate -A
rotate -A
is "$(limits)" "3 1 0" "version 1 is two versions old"

demo=/namespaces/demo
never=',"restartPolicy":"Never"'
apps=/apis/apps/v1$demo
while read -r path kind version name fields; do
	object "$path" "$kind" "$version" "$name" "$fields"
	rotate -n demo --phase retire --trim
	status_is 1 "$kind with ciphertext of version 1: exit 1"
	err_like "$kind demo/$name: holds ciphertext of version 1 of an unknown Transit key, and is not rewrapped" "$kind: is named"
	is "$(grep -c "$kind demo/$name" <<<"$ERR")" 1 "$kind: once"
	err_like 'transit/aes256-key: version 1 is in use, so no version is retired' "$kind: the version is in use"
	is "$(limits)" "3 1 0" "$kind: nothing is retired or trimmed"
	kube_call DELETE "$path/$name?propagationPolicy=Background"
done <<EOF
/api/v1$demo/configmaps ConfigMap v1 literal "data":{"A":"$old"}
/api/v1$demo/configmaps ConfigMap v1 values "data":{"values.yaml":"a: b\npassword: $old\n"}
/api/v1$demo/configmaps ConfigMap v1 binary "binaryData":{"app.env":"$(printf 'A=%s\n' "$old" | base64 -w0)"}
/api/v1$demo/configmaps ConfigMap v1 manifest "data":{"s.yaml":"data:\n  A: $(printf %s "$old" | base64 -w0)\n"}
/api/v1$demo/secrets Secret v1 helm-values "stringData":{"values.yaml":"password: $old\n"}
/api/v1$demo/pods Pod v1 bare "spec":{"serviceAccountName":"app",$(containers "$old")}
$apps/deployments Deployment apps/v1 web "spec":{$selector,$(template "$old")}
$apps/statefulsets StatefulSet apps/v1 db "spec":{"serviceName":"x",$selector,$(template "$old")}
$apps/daemonsets DaemonSet apps/v1 agent "spec":{$selector,$(template "$old")}
/apis/batch/v1$demo/jobs Job batch/v1 once "spec":{$(template "$old" "$never" | sed 's/"metadata":{"labels":{"app":"a"}},//')}
/apis/batch/v1$demo/cronjobs CronJob batch/v1 nightly "spec":{"schedule":"0 3 * * *","jobTemplate":{"spec":{$(template "$old" "$never")}}}
EOF

object "/api/v1$demo/configmaps" ConfigMap v1 new "\"data\":{\"A\":\"$(stored app A)\",\"B\":\"vault:v1:ciphertext\"}"
object "/api/v1$demo/configmaps" ConfigMap v1 other "\"data\":{\"A\":\"$old\"}" '"secretmanager/transit-key":"transit/derived-key"'
rotate -n demo --phase retire --dry-run --trim
status_is 0 "new ciphertext, and ciphertext of another key: exit 0"
err_like 'would retire the versions of Transit key transit/aes256-key below 2' "the version can be retired"

# The rotation may not list these objects.
. "$(dirname "$0")/../faults.sh"
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
bad_api --on GET /api/v1/configmaps 0 code=403 --on GET /apis/batch/v1/jobs 0 code=404 relay
through_api() {
	run env -u KUBECONFIG SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" KUBERNETES_SERVICE_PORT="$BAD_PORT" \
		"$BIN/secret-rotate" "$@"
}
through_api -n demo --phase retire
status_is 0 "objects that may not be listed: old versions are retired"
err_like 'ciphertext in ConfigMaps is not counted: listing ConfigMaps in all namespaces: .*403.*must allow list on configmaps' "objects that may not be listed: a warning with the missing right"
err_like 'ciphertext in Jobs is not counted: listing Jobs in all namespaces: .*404' "objects that do not exist: a warning names the kind"
is "$(grep -c 'is not counted' <<<"$ERR")" 2 "kinds that may not be listed are reported once"
is "$(limits)" "3 2 0" "kinds that may not be listed: old versions are retired"
through_api -n demo --phase retire --trim
status_is 1 "objects that may not be listed: nothing is trimmed"
err_like 'transit/aes256-key: not trimmed: ConfigMaps and other objects could not be searched for ciphertext; allow' "objects that may not be listed: the message has the reason"
is "$(limits)" "3 2 0" "objects that may not be listed: the key keeps its versions"
through_api -n demo --phase retire --trim --dry-run
status_is 1 "a dry run of it: exit 1"
for name in one two; do
	kube_call POST "/api/v1$demo/secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"sh.helm.$name\"},\"type\":\"helm.sh/release.v1\",\"data\":{\"release\":\"SDRzSUFB\"}}"
done
rotate -n demo --phase retire --trim
is "$(grep -c 'a Helm release, which is compressed and not searched' <<<"$ERR")" 1 "Helm releases: one warning"
status_is 0 "all objects may be listed: exit 0"
is "$(limits)" "3 2 2" "all objects may be listed: old versions are trimmed"
done_testing

#!/bin/bash
# A labelled Secret without values, such as one for a seal Job, is not a failure, and names no key.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" -n demo --transit-key aes256-key --from-literal A=value app >/dev/null
# empty NAME ANNOTATIONS [FIELDS]
empty() {
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$1\",
		\"labels\":{\"secretmanager/sealed\":\"true\"},\"annotations\":{$2}}${3-}}"
	[ "$STATUS" = 201 ] || echo "Bail out! no Secret: $OUT"
}
empty plain ''
empty null '' ',"data":null'
empty named '"secretmanager/transit-key":"derived-key"'
empty forged '"secretmanager/transit-key":"no key at all","secretmanager/scope":"everywhere"'
run "$BIN/secret-rotate" -n demo
status_is 0 "empty labelled Secrets: exit 0"
out_like 'Secrets listed 5, current 1, rewrapped 1, .*failed 0' "empty labelled Secrets: none has failed"
err_unlike 'derived-key' "the key that an empty Secret names is not rotated"
run "$BIN/secret-rotate" -n demo --phase verify
status_is 0 "empty labelled Secrets: --phase verify: exit 0"
run "$BIN/secret-seal" status -n demo
status_is 0 "status: exit 0"
for name in plain null named forged; do out_like "$name +- +empty " "status shows $name as empty"; done
run "$BIN/secret-seal" verify -n demo
status_is 0 "verify: exit 0"

kube_call DELETE /api/v1/namespaces/demo/secrets/app
run "$BIN/secret-rotate" -n demo
status_is 0 "only empty Secrets: exit 0"
err_like 'no sealed Secret among' "only empty Secrets: a warning"

printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  labels: {secretmanager/sealed: "true"}\ndata: {}\n' >"$TAP_WORK/empty.yaml"
run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST "$BIN/secret-rotate" --files "$TAP_WORK/empty.yaml"
status_is 0 "an empty labelled Secret in a file: exit 0"
done_testing

#!/bin/bash
# After a rotation: workloads that ask for it are restarted, and an Event tells the cluster.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
# workload KIND PLURAL NAME ANNOTATION-VALUE
workload() {
	local more=''
	[ "$1" != StatefulSet ] || more='"serviceName":"x",'
	kube_call POST "/apis/apps/v1/namespaces/demo/$2" "{\"apiVersion\":\"apps/v1\",\"kind\":\"$1\",\"metadata\":{\"name\":\"$3\",
		\"annotations\":{\"secretmanager/restart-after-rotation\":\"$4\"}},\"spec\":{$more\"selector\":{\"matchLabels\":{\"app\":\"$3\"}},
		\"template\":{\"metadata\":{\"labels\":{\"app\":\"$3\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}"
	[ "$STATUS" = 201 ] || echo "Bail out! no $1: $OUT"
}
restarted() {
	kube_call GET "/apis/apps/v1/namespaces/demo/$1/$2"
	field spec.template.metadata.annotations.kubectl~kubernetes~io/restartedAt
}
workload Deployment deployments web true
workload StatefulSet statefulsets db true
workload DaemonSet daemonsets agent true
workload Deployment deployments quiet false
rotate() { run "$BIN/secret-rotate" -n demo "$@"; }

rotate
is "$(restarted deployments web)" "" "without --restart-annotated nothing is restarted"
rotate --restart-annotated --dry-run
status_is 0 "a dry run"
err_like 'would.*restart.*demo/web' "says what it would restart"
is "$(restarted deployments web)" "" "and does not"
rotate --restart-annotated
status_is 0 "--restart-annotated"
out_like '3 workloads restarted' "counts them"
for workload in 'deployments web' 'statefulsets db' 'daemonsets agent'; do
	# shellcheck disable=SC2086 # two words
	like "$(restarted $workload)" '^20[0-9-]+T[0-9:]+Z$' "$workload is restarted as kubectl rollout restart does it"
done
is "$(restarted deployments quiet)" "" "what does not ask for it is not"
before=$(restarted deployments web)
rotate --restart-annotated --phase rewrap
out_unlike 'restarted' "where nothing was rewrapped, nothing is restarted"
is "$(restarted deployments web)" "$before" "not one"

events() {
	kube_call GET /api/v1/namespaces/demo/events
	field items | grep -o '"reason": "'"$1"'"' | wc -l
}
done_before=$(events RotationDone)
rotate --phase verify
rotate --dry-run
rotate --no-event
is "$(events RotationDone)" "$done_before" "no Event about what changes nothing, or with --no-event"
rotate
is "$(events RotationDone)" "$((done_before + 1))" "an Event a run"
kube_call GET /api/v1/namespaces/demo/events
like "$OUT" 'keys rotated 1, Secrets listed 1, current 1, rewrapped 1' "tells what came of it"
like "$OUT" '"kind": ?"Lease"' "with the Lease"
kube_call PATCH /api/v1/namespaces/demo/secrets/app '{"data":{"B":"cGxhaW4="}}' application/merge-patch+json
rotate
is "$(events RotationFailed)" 1 "and another when something is left"
kube_call GET /api/v1/namespaces/demo/events
unlike "$OUT" 'demo/app' "which names no Secret"
done_testing

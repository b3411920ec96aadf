#!/bin/bash
# Events: what came of a rotation, told where people look.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

events=/api/v1/namespaces/demo/events

# event NAME OBJECT-NAMESPACE: an Event about a Lease
event() {
	printf '{"apiVersion":"v1","kind":"Event","metadata":{"name":"%s"},
"involvedObject":{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","namespace":"%s","name":"secret-rotate","uid":"u-1"},
"type":"Normal","reason":"RotationDone","message":"all is on the newest version","reportingComponent":"secret-rotate",
"reportingInstance":"pod-1","source":{"component":"secret-rotate"},"firstTimestamp":"2026-01-02T03:04:05Z",
"lastTimestamp":"2026-01-02T03:04:05Z","count":1}' "$1" "$2"
}
refused() {
	is "$STATUS $(field kind) $(field reason)" "$1 Status $2" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}

kube_call POST "$events" "$(event secret-rotate.1 demo)"
is "$STATUS $(field kind) $(field apiVersion)" "201 Event v1" "create"
is "$(field metadata.name) $(field involvedObject.kind) $(field reason)" "secret-rotate.1 Lease RotationDone" "the answer is the Event"
kube_call GET "$events/secret-rotate.1"
is "$(field message) $(field type) $(field reportingComponent) $(field count)" \
	"all is on the newest version Normal secret-rotate 1" "get"
kube_call GET "$events"
is "$(field kind) $(field items.0.metadata.name)" "EventList secret-rotate.1" "list"
kube_call POST "$events" "$(event secret-rotate.1 demo)"
refused 409 AlreadyExists 'events "secret-rotate.1" already exists' "a name that is taken"
kube_call POST "$events" "$(event secret-rotate.2 default)"
refused 422 Invalid 'Event "secret-rotate.2" is invalid: involvedObject.namespace: Invalid value: "default": does not match event.namespace' \
	"an object of another namespace"
KUBE_CALL_AS=rotator kube_call POST "$events" "$(event secret-rotate.3 demo)"
is "$STATUS" 201 "rotator creates"
KUBE_CALL_AS=sealer kube_call POST "$events" "$(event secret-rotate.4 demo)"
refused 403 Forbidden 'events is forbidden: User "system:serviceaccount:demo:sealer" cannot create resource "events" in API group "" in the namespace "demo"' \
	"sealer creates"
KUBE_CALL_AS=rotator kube_call GET "$events"
is "$STATUS" 403 "rotator lists"
done_testing

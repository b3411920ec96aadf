#!/bin/bash
# Deployments, StatefulSets and DaemonSets: found by the metadata, restarted by an annotation of their template.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

apps=/apis/apps/v1
merge=application/merge-patch+json
restart='{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-02T03:04:05Z"}}}}}'

# workload KIND NAME FIELDS: its JSON, with an annotation; FIELDS follow the spec's template
workload() {
	printf '{"apiVersion":"apps/v1","kind":"%s","metadata":{"name":"%s","labels":{"team":"red"},
"annotations":{"secretmanager/restart-after-rotation":"true"}},"spec":{"selector":{"matchLabels":{"app":"a"}},
"template":{"metadata":{"labels":{"app":"a"},"annotations":{"kept":"yes"}},"spec":{"containers":[{"name":"c","image":"i"}]}}%s}}' \
		"$1" "$2" "$3"
}
refused() {
	is "$STATUS $(field kind) $(field reason)" "$1 Status $2" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}
as() {
	local KUBE_CALL_AS=$1
	shift
	kube_call "$@"
}
# metadata [List] METHOD PATH [BODY]
metadata() {
	local list=''
	if [ "$1" = List ]; then list=List && shift; fi
	KUBE_CALL_ACCEPT="application/json;as=PartialObjectMetadata$list;g=meta.k8s.io;v=v1,application/json" \
		kube_call "$1" "$2" "${3-}" "$merge"
}

while read -r kind resource fields; do
	where=$apps/namespaces/demo/$resource
	kube_call POST "$where" "$(workload "$kind" one "${fields-}")"
	is "$STATUS $(field kind) $(field apiVersion)" "201 $kind apps/v1" "$kind: create"
	kube_call POST "$where" "$(workload "$kind" two "${fields-}")"
	kube_call POST "$apps/namespaces/default/$resource" "$(workload "$kind" far "${fields-}")"
	metadata List GET "$apps/$resource?limit=2"
	is "$STATUS $(field kind)" "200 PartialObjectMetadataList" "$kind: a list of metadata, of all namespaces"
	is "$(field items.0.metadata.namespace)/$(field items.0.metadata.name) $(field items.1.metadata.name)" "default/far one" \
		"$kind: a page of two"
	is "$(field items.0.metadata.annotations.secretmanager/restart-after-rotation)" true "$kind: with its annotations"
	is "$(field items.0.spec)" "" "$kind: and no more"
	metadata List GET "$apps/$resource?limit=2&continue=$(field metadata.continue)"
	is "$(field items.0.metadata.name) $(field metadata.continue)" "two " "$kind: the next page, which is the last"
	metadata List GET "$where?labelSelector=team%3Dblue"
	is "$(field items)" null "$kind: of another label there is none"
	kube_call PATCH "$where/one" "$restart" "$merge"
	is "$STATUS" 200 "$kind: restart"
	is "$(field spec.template.metadata.annotations.kubectl~kubernetes~io/restartedAt)" "2026-01-02T03:04:05Z" \
		"$kind: the template's annotation is there"
	is "$(field spec.template.metadata.annotations.kept)" yes "$kind: others are kept"
	version=$(field metadata.resourceVersion)
	metadata PATCH "$where/one" "$restart"
	is "$STATUS $(field kind) $(field metadata.resourceVersion)" "200 PartialObjectMetadata $version" \
		"$kind: the same once more changes nothing"
	kube_call PATCH "$where/none" "$restart" "$merge"
	refused 404 NotFound "$resource.apps \"none\" not found" "$kind: restart what is not there"
	as rotator GET "$apps/$resource"
	is "$STATUS" 200 "$kind: rotator lists all"
	as rotator PATCH "$where/two" "$restart" "$merge"
	is "$STATUS" 200 "$kind: rotator restarts"
	as sealer GET "$where"
	refused 403 Forbidden \
		"$resource.apps is forbidden: User \"system:serviceaccount:demo:sealer\" cannot list resource \"$resource\" in API group \"apps\" in the namespace \"demo\"" \
		"$kind: sealer lists"
done <<'KINDS'
Deployment deployments
StatefulSet statefulsets ,"serviceName":"s"
DaemonSet daemonsets
KINDS
done_testing

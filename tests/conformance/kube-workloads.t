#!/bin/bash
# Deployments, StatefulSets and DaemonSets: created, listed whole and by their metadata, and patched.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

apps=/apis/apps/v1
merge=application/merge-patch+json
annotate='{"spec":{"template":{"metadata":{"annotations":{"example.com/added":"yes"}}}}}'

# workload KIND NAME FIELDS: its JSON, with an annotation; FIELDS follow the template in its spec
workload() {
	printf '{"apiVersion":"apps/v1","kind":"%s","metadata":{"name":"%s","labels":{"team":"red"},
"annotations":{"example.com/note":"true"}},"spec":{"selector":{"matchLabels":{"app":"a"}},
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
	is "$STATUS $(field kind)" "200 PartialObjectMetadataList" "$kind: a list of metadata in all namespaces"
	is "$(field items.0.metadata.namespace)/$(field items.0.metadata.name) $(field items.1.metadata.name)" "default/far one" \
		"$kind: limit=2 gives the first two"
	is "$(field items.0.metadata.annotations.example~com/note)" true "$kind: a list of metadata has the annotations"
	is "$(field items.0.spec)" "" "$kind: a list of metadata has no spec"
	metadata List GET "$apps/$resource?limit=2&continue=$(field metadata.continue)"
	is "$(field items.0.metadata.name) $(field metadata.continue)" "two " "$kind: the token gives the last page"
	metadata List GET "$where?labelSelector=team%3Dblue"
	is "$(field items)" null "$kind: a label that none has: items is null"
	kube_call PATCH "$where/one" "$annotate" "$merge"
	is "$STATUS" 200 "$kind: a merge patch is accepted"
	is "$(field spec.template.metadata.annotations.example~com/added)" yes "$kind: a merge patch adds an annotation"
	is "$(field spec.template.metadata.annotations.kept)" yes "$kind: a merge patch keeps other annotations"
	version=$(field metadata.resourceVersion)
	metadata PATCH "$where/one" "$annotate"
	is "$STATUS $(field kind) $(field metadata.resourceVersion)" "200 PartialObjectMetadata $version" \
		"$kind: a patch that changes nothing keeps the resourceVersion"
	kube_call PATCH "$where/none" "$annotate" "$merge"
	refused 404 NotFound "$resource.apps \"none\" not found" "$kind: a patch of a missing object"
	kube_call GET "$where"
	is "$STATUS $(field kind) $(field items.0.spec.template.metadata.annotations.kept)" "200 ${kind}List yes" \
		"$kind: a list of whole objects has their pod templates"
	as rotator GET "$apps/$resource"
	is "$STATUS" 200 "$kind: rotator may list all namespaces"
	as rotator PATCH "$where/two" "$annotate" "$merge"
	is "$STATUS" 403 "$kind: rotator may not patch"
	as sealer GET "$where"
	refused 403 Forbidden \
		"$resource.apps is forbidden: User \"system:serviceaccount:demo:sealer\" cannot list resource \"$resource\" in API group \"apps\" in the namespace \"demo\"" \
		"$kind: sealer may not list"
done <<'KINDS'
Deployment deployments
StatefulSet statefulsets ,"serviceName":"s"
DaemonSet daemonsets
KINDS
done_testing

#!/bin/bash
# Leases: who may run, told to everybody.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

leases=/apis/coordination.k8s.io/v1/namespaces/demo/leases
merge=application/merge-patch+json

# lease NAME SPEC: a Lease's JSON
lease() { printf '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"%s"},"spec":{%s}}' "$1" "$2"; }
# refused STATUS REASON MESSAGE NAME: what the latest call was answered
refused() {
	is "$STATUS $(field kind) $(field reason)" "$1 Status $2" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}
held='"holderIdentity":"a_1_x","leaseDurationSeconds":15,"acquireTime":"2026-01-02T03:04:05.000007Z","renewTime":"2026-01-02T03:04:05.100000Z","leaseTransitions":0'

kube_call GET "$leases/secret-rotate"
refused 404 NotFound 'leases.coordination.k8s.io "secret-rotate" not found' "get what is not there"
kube_call POST "$leases" "$(lease secret-rotate "$held")"
is "$STATUS $(field kind) $(field apiVersion)" "201 Lease coordination.k8s.io/v1" "create"
is "$(field metadata.name) $(field metadata.namespace)" "secret-rotate demo" "the answer is the Lease"
version=$(field metadata.resourceVersion)
like "$version" '^[0-9]+$' "with a resourceVersion"
kube_call POST "$leases" "$(lease secret-rotate "$held")"
refused 409 AlreadyExists 'leases.coordination.k8s.io "secret-rotate" already exists' "create once more"
kube_call GET "$leases/secret-rotate"
is "$(field spec.holderIdentity) $(field spec.leaseDurationSeconds) $(field spec.leaseTransitions)" "a_1_x 15 0" "get"
is "$(field spec.acquireTime) $(field spec.renewTime)" "2026-01-02T03:04:05.000007Z 2026-01-02T03:04:05.100000Z" \
	"times to the microsecond"

kube_call PATCH "$leases/secret-rotate" \
	"{\"metadata\":{\"resourceVersion\":\"$version\"},\"spec\":{\"renewTime\":\"2026-01-02T03:04:10.000000Z\"}}" "$merge"
is "$STATUS $(field spec.renewTime) $(field spec.holderIdentity)" "200 2026-01-02T03:04:10.000000Z a_1_x" \
	"a patch renews it, and what is not named stays"
unlike "$(field metadata.resourceVersion)" "^$version\$" "under another resourceVersion"
kube_call PATCH "$leases/secret-rotate" \
	"{\"metadata\":{\"resourceVersion\":\"$version\"},\"spec\":{\"holderIdentity\":\"b_2_y\"}}" "$merge"
refused 409 Conflict 'Operation cannot be fulfilled on leases.coordination.k8s.io "secret-rotate": the object has been modified' \
	"a stale resourceVersion"
kube_call PATCH "$leases/secret-rotate" '{"spec":{"holderIdentity":""}}' "$merge"
is "$STATUS $(field spec.holderIdentity)" "200 " "nobody holds it"
kube_call PATCH "$leases/secret-rotate" '{"spec":{"leaseDurationSeconds":0}}' "$merge"
refused 422 Invalid 'Lease.coordination.k8s.io "secret-rotate" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0' \
	"a duration of nothing"
kube_call PATCH "$leases/nothing" '{"spec":{"holderIdentity":""}}' "$merge"
refused 404 NotFound 'leases.coordination.k8s.io "nothing" not found' "patch what is not there"
kube_call POST /apis/coordination.k8s.io/v1/namespaces/nowhere/leases "$(lease secret-rotate "$held")"
refused 404 NotFound 'namespaces "nowhere" not found' "create in a namespace that is not there"
kube_call GET "$leases"
is "$(field kind) $(field items.0.metadata.name)" "LeaseList secret-rotate" "list"
kube_call DELETE "$leases/secret-rotate"
is "$STATUS" 200 "delete"
kube_call GET "$leases/secret-rotate"
is "$STATUS" 404 "and it is gone"

# -- who may what -----------------------------------------------------------------------------------

as() {
	local KUBE_CALL_AS=$1
	shift
	kube_call "$@"
}
cannot() {
	printf 'is forbidden: User "system:serviceaccount:demo:%s" cannot %s resource "leases" in API group "coordination.k8s.io" in the namespace "demo"' \
		"$1" "$2"
}
as sealer POST "$leases" "$(lease secret-rotate "$held")"
refused 403 Forbidden "leases.coordination.k8s.io $(cannot sealer create)" "sealer creates"
as rotator POST "$leases" "$(lease secret-rotate "$held")"
is "$STATUS" 201 "rotator creates"
as rotator GET "$leases/secret-rotate"
is "$STATUS" 200 "rotator gets"
as rotator PATCH "$leases/secret-rotate" '{"spec":{"holderIdentity":"c"}}' "$merge"
is "$STATUS" 200 "rotator patches"
as sealer GET "$leases/secret-rotate"
refused 403 Forbidden "leases.coordination.k8s.io \"secret-rotate\" $(cannot sealer get)" "sealer gets"
as sealer PATCH "$leases/secret-rotate" '{"spec":{"holderIdentity":"c"}}' "$merge"
refused 403 Forbidden "leases.coordination.k8s.io \"secret-rotate\" $(cannot sealer patch)" "sealer patches"
as rotator POST /apis/coordination.k8s.io/v1/namespaces/default/leases "$(lease secret-rotate "$held")"
is "$STATUS" 403 "rotator creates in another namespace"
done_testing

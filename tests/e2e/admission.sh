# admission.sh: the policies of deploy/kustomize/admission on the stage's API server; to be sourced after deploy.sh.
#
#   policies FOLDER                  apply them until the script ends
#   labelled NAMESPACE [LABEL...]    create it until the script ends
#   until_refused NAMESPACE FILE     wait until the API server refuses to create the object, because policies and labels take
#   until_accepted NAMESPACE FILE    effect some time after they change
#   until_warned NAMESPACE FILE      the same until it warns
#   denied MESSAGE NAME COMMAND...   assert that a policy refuses it with a message that matches
#   admitted NAME COMMAND...         assert that it succeeds without a warning
# shellcheck shell=bash disable=SC2154 # $kustomize

policies() {
	at_end "kubectl delete -k $kustomize/admission/$1 --ignore-not-found >/dev/null"
	kubectl apply -k "$kustomize/admission/$1" >/dev/null || exit 1
}
# No controller creates the service account.
labelled() {
	at_end "namespace_end $1"
	kubectl create namespace "$1" >/dev/null && kubectl create serviceaccount default -n "$1" >/dev/null || exit 1
	[ $# = 1 ] || kubectl label namespace "$@" >/dev/null || exit 1
}

is_accepted() { kubectl create --dry-run=server -n "$1" -f "$2" >/dev/null 2>"$TAP_WORK/refused"; }
is_refused() { ! is_accepted "$@" && grep -q 'denied request' "$TAP_WORK/refused"; }
until_refused() { until_true is_refused "$@" || exit 1; }
until_accepted() { until_true is_accepted "$@" || exit 1; }
is_warned() { kubectl create --dry-run=server -n "$1" -f "$2" 2>&1 | grep -q ^Warning; }
until_warned() { until_true is_warned "$@" || exit 1; }

denied() {
	local message=$1 name=$2
	shift 2
	run "$@"
	like "$STATUS $ERR" "^1 .*denied request: $message" "$name"
}
admitted() {
	local name=$1
	shift
	run "$@"
	is "$STATUS $ERR" "0 " "$name"
}

#!/bin/bash
# TokenRequest: the JWT of a service account, for a pod's kubelet or a login outside of a pod.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

# request ACCOUNT SPEC
request() {
	kube_call POST "/api/v1/namespaces/demo/serviceaccounts/$1/token" \
		"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":$2}"
}
# claims of the JWT in $OUT, as JSON
claims() { field status.token | cut -d. -f2 | tr '_-' '/+' | base64 -di 2>/dev/null; }

request app '{"audiences":["https://kubernetes.default.svc"],"expirationSeconds":600}'
is "$STATUS" 201 "a request: status 201"
is "$(field kind)" TokenRequest "a request: the answer is a TokenRequest"
like "$(field status.token)" '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' "status.token is a JWT"
like "$(field status.expirationTimestamp)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$' "status.expirationTimestamp is a time"
token=$(field status.token)

OUT=$(claims)
is "$(field iss)" https://kubernetes.default.svc "claim iss"
is "$(field aud)" '["https://kubernetes.default.svc"]' "claim aud"
is "$(field sub)" system:serviceaccount:demo:app "claim sub"
is "$(field kubernetes~io.namespace)" demo "claim kubernetes.io: namespace"
is "$(field kubernetes~io.serviceaccount.name)" app "claim kubernetes.io: service account"
is $(($(field exp) - $(field iat))) 600 "exp: after expirationSeconds"
ok "nbf: in the past" test "$(field nbf)" -le "$(date +%s)"

request app '{"audiences":["vault"],"expirationSeconds":3600}'
OUT=$(claims)
is "$(field aud)" '["vault"]' "claim aud: the requested audience"
is $(($(field exp) - $(field iat))) 3600 "exp: after another expirationSeconds"
request app '{}'
is "$STATUS" 201 "a request without audience and time: status 201"
OUT=$(claims)
is "$(field aud)" '["https://kubernetes.default.svc"]' "without an audience: the API server's own"
is $(($(field exp) - $(field iat))) 3600 "without a time: one hour"

request app '{"expirationSeconds":599}'
is "$STATUS" 422 "599 seconds: status 422"
is "$(field reason)" Invalid "599 seconds: reason"
like "$(field message)" 'spec\.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes' "599 seconds: message"
request missing '{"expirationSeconds":600}'
is "$STATUS" 404 "a missing service account: status 404"
like "$(field message)" 'serviceaccounts "missing" not found' "a missing service account: message"
KUBE_CALL_AS=stranger request app '{"expirationSeconds":600}'
is "$STATUS" 403 "stranger may not request a token of app: status 403"
like "$(field message)" 'User "system:serviceaccount:demo:stranger" cannot create resource "serviceaccounts/token"' "stranger may not request a token of app: message"

# The API server accepts the token.
mkdir -p "$STAGE_DIR/pod/asked"
printf %s "$token" >"$STAGE_DIR/pod/asked/token"
at_end 'rm -rf "$STAGE_DIR/pod/asked"'
KUBE_CALL_AS=asked kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 404 "a requested token authenticates: status 404 for a missing Secret"
KUBE_CALL_AS=app-expired kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 401 "an expired token: status 401"
is "$(field reason)" Unauthorized "an expired token: reason Unauthorized"
done_testing

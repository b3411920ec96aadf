#!/bin/bash
# TokenRequest: the JWT that a pod gets from the kubelet, and that a login outside of a pod asks for.
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
is "$STATUS" 201 "a token is asked for"
is "$(field kind)" TokenRequest "the answer is a TokenRequest"
like "$(field status.token)" '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' "status.token is a JWT"
like "$(field status.expirationTimestamp)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$' "status.expirationTimestamp says until when"
token=$(field status.token)

OUT=$(claims)
is "$(field iss)" https://kubernetes.default.svc "claim iss"
is "$(field aud)" '["https://kubernetes.default.svc"]' "claim aud"
is "$(field sub)" system:serviceaccount:demo:app "claim sub"
is "$(field kubernetes~io.namespace)" demo "claim kubernetes.io: namespace"
is "$(field kubernetes~io.serviceaccount.name)" app "claim kubernetes.io: service account"
is $(($(field exp) - $(field iat))) 600 "it lives as long as was asked for"
ok "it is valid now" test "$(field nbf)" -le "$(date +%s)"

request app '{"audiences":["vault"],"expirationSeconds":3600}'
OUT=$(claims)
is "$(field aud)" '["vault"]' "another audience"
is $(($(field exp) - $(field iat))) 3600 "another life time"
request app '{}'
is "$STATUS" 201 "without audience and time"
OUT=$(claims)
is "$(field aud)" '["https://kubernetes.default.svc"]' "the audience is the API server's own"
is $(($(field exp) - $(field iat))) 3600 "and the time one hour"

request app '{"expirationSeconds":599}'
is "$STATUS" 422 "below 600 seconds it is refused"
is "$(field reason)" Invalid "reason"
like "$(field message)" 'spec\.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes' "message"
request nobody '{"expirationSeconds":600}'
is "$STATUS" 404 "a service account that does not exist"
like "$(field message)" 'serviceaccounts "nobody" not found' "message"
KUBE_CALL_AS=stranger request app '{"expirationSeconds":600}'
is "$STATUS" 403 "a pod may not ask for another's token"
like "$(field message)" 'User "system:serviceaccount:demo:stranger" cannot create resource "serviceaccounts/token"' "message"

# Who the bearer of such a token is.
mkdir -p "$STAGE_DIR/pod/asked"
printf %s "$token" >"$STAGE_DIR/pod/asked/token"
at_end 'rm -rf "$STAGE_DIR/pod/asked"'
KUBE_CALL_AS=asked kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 404 "the token asked for is good for the API server"
KUBE_CALL_AS=app-expired kube_call GET /api/v1/namespaces/demo/secrets/app
is "$STATUS" 401 "an expired one is not"
is "$(field reason)" Unauthorized "reason"
done_testing

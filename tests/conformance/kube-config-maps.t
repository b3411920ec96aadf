#!/bin/bash
# ConfigMaps in the Kubernetes API, as the programs and their tests use them.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

maps=/api/v1/namespaces/demo/configmaps

# map NAME FIELDS: a ConfigMap's JSON; FIELDS follow its metadata.
map() { printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"%s}%s}' "$1" "${3-}" "${2-}"; }
# refused STATUS REASON MESSAGE NAME: the latest answer is such a Status.
refused() {
	is "$STATUS" "$1" "$4: status"
	is "$(field kind) $(field status) $(field reason) $(field code)" "Status Failure $2 $1" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}

kube_call POST "$maps" "$(map app ',"data":{"B":"two","A":"one"},"binaryData":{"Z":"AP8="}' ',"labels":{"team":"red"}')"
is "$STATUS" 201 "create: status 201"
is "$(field kind) $(field metadata.name) $(field metadata.namespace)" "ConfigMap app demo" "create: the answer is the ConfigMap"
like "$(field metadata.resourceVersion)" '^[0-9]+$' "create: it has a resourceVersion"
kube_call GET "$maps/app"
is "$STATUS" 200 "get: status 200"
is "$(field data)" '{"A": "one", "B": "two"}' "get: data is text, in order of the keys"
is "$(field binaryData)" '{"Z": "AP8="}' "get: binaryData is base64"
is "$(field metadata.labels)" '{"team": "red"}' "get: labels"
kube_call POST "$maps" "$(map empty)"
is "$STATUS $(field data)$(field binaryData)" "201 " "create without data: neither data nor binaryData in the answer"
kube_call POST "$maps" "$(map fixed ',"immutable":true,"data":{"A":"x"}')"
is "$STATUS $(field immutable)" "201 true" "create with immutable: true in the answer"

kube_call POST "$maps" "$(map app)"
refused 409 AlreadyExists 'configmaps "app" already exists' "create with an existing name"
kube_call GET "$maps/nothing"
refused 404 NotFound 'configmaps "nothing" not found' "get a missing ConfigMap"
kube_call GET /api/v1/namespaces/nowhere/configmaps/app
refused 404 NotFound 'configmaps "app" not found' "get from a missing namespace"
kube_call POST /api/v1/namespaces/nowhere/configmaps "$(map app)"
refused 404 NotFound 'namespaces "nowhere" not found' "create in a missing namespace"
kube_call POST "$maps" "$(map Capital)"
refused 422 Invalid 'ConfigMap "Capital" is invalid: metadata\.name: Invalid value: "Capital"' "create with a capital letter in the name"
kube_call POST "$maps" '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}'
refused 422 Invalid 'metadata\.name: Required value: name or generateName is required' "create without a name"
kube_call POST "$maps" "$(map new ',"data":{"a b":"x"}')"
refused 422 Invalid 'data\[a b\]: Invalid value.*a valid config key must consist of' "create with a space in a data key"
kube_call POST "$maps" "$(map new ',"binaryData":{"a b":"AA=="}')"
refused 422 Invalid 'binaryData\[a b\]: Invalid value' "create with a space in a binaryData key"
kube_call POST "$maps" "$(map new ',"data":{"A":"x"},"binaryData":{"A":"AA=="}')"
refused 422 Invalid 'data\[A\]: Invalid value: "A": duplicate of key present in binaryData' "create with one key in data and binaryData"
kube_call POST "$maps" "$(map new ',"binaryData":{"A":"***"}')"
refused 400 BadRequest 'cannot be handled as a ConfigMap: illegal base64 data' "create with binaryData that is not base64"
kube_call POST "$maps" "$(map new ',"data":{"A":1}')"
refused 400 BadRequest 'cannot be handled as a ConfigMap: json: cannot unmarshal' "create with data that is not a string"
text=$(head -c 1048575 /dev/zero | tr '\0' x)
kube_call POST "$maps" "$(map full ",\"data\":{\"A\":\"$text\"},\"binaryData\":{\"B\":\"AA==\"}")"
is "$STATUS" 201 "create with 1 MiB of data: status 201"
kube_call POST "$maps" "$(map over ",\"data\":{\"A\":\"$text\"},\"binaryData\":{\"B\":\"AAA=\"}")"
refused 422 Invalid 'Too long: may not be more than 1048576 bytes' "create with 1 MiB and 1 byte"

KUBE_CALL_AS=rotator kube_call GET "$maps?limit=2"
is "$STATUS $(field kind) $(field items.0.metadata.name) $(field items.1.metadata.name)" "200 ConfigMapList app empty" \
	"rotator lists with limit=2: two items"
is "$(field items.0.data.A) $(field items.0.binaryData.Z)" "one AP8=" "rotator lists: items have their data"
KUBE_CALL_AS=rotator kube_call GET "$maps?limit=2&continue=$(field metadata.continue)"
is "$(field items.0.metadata.name)" fixed "rotator lists: the token gives the next item"
KUBE_CALL_AS=rotator kube_call GET '/api/v1/configmaps?limit=500'
like "$STATUS $OUT" '^200 .*"fixed"' "rotator lists all namespaces"
KUBE_CALL_AS=stranger kube_call GET "$maps?limit=2"
refused 403 Forbidden 'configmaps is forbidden: .* cannot list resource "configmaps"' "stranger may not list"

kube_call DELETE "$maps/app"
is "$STATUS $(field status) $(field details.kind)" "200 Success configmaps" "delete: a Status of success"
kube_call GET "$maps/app"
is "$STATUS" 404 "get after delete: status 404"
kube_call DELETE "$maps/app"
refused 404 NotFound 'configmaps "app" not found' "delete a missing ConfigMap"

cannot='cannot get resource "configmaps" in API group "" in the namespace "demo"'
KUBE_CALL_AS=app kube_call GET "$maps/fixed"
refused 403 Forbidden "configmaps \"fixed\" is forbidden: User \"system:serviceaccount:demo:app\" $cannot" "app may not get"

done_testing

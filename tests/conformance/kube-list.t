#!/bin/bash
# Lists of Secrets: label selectors, and pages by limit and continue.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets

# create NAMESPACE NAME LABELS
create() {
	kube_call POST "/api/v1/namespaces/$1/secrets" \
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"$2\",\"labels\":$3},\"data\":{\"A\":\"YQ==\"}}"
	[ "$STATUS" = 201 ] || {
		echo "Bail out! the Secret $2 can't be made: $STATUS $OUT"
		exit 1
	}
}
names() {
	/usr/bin/python3 -IS -c 'import json, sys
print(*(item["metadata"]["name"] for item in json.load(sys.stdin)["items"]))' <<<"$OUT"
}

for i in 1 2 3 4 5 6 7; do
	create demo "sealed-$i" '{"secretmanager/sealed":"true"}'
done
create demo plain '{"secretmanager/sealed":"false"}'
create default elsewhere '{"secretmanager/sealed":"true"}'

kube_call GET "$secrets"
is "$STATUS $(field kind)" "200 SecretList" "list: a SecretList"
is "$(names)" "plain sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "list of a namespace: in order of the names"
like "$(field metadata.resourceVersion)" '^[0-9]+$' "list: it has a resourceVersion"
is "$(field items.0.data.A)" YQ== "list: items have their data"
like "$(field items.0.metadata.resourceVersion)" '^[0-9]+$' "list: items have their resourceVersion"
kube_call GET "$secrets?labelSelector=secretmanager%2Fsealed%3Dtrue"
is "$(names)" "sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "labelSelector=KEY=VALUE: the Secrets with that label"
is "$(field metadata.continue)" "" "list without limit: no token"
kube_call GET "/api/v1/secrets?labelSelector=secretmanager%2Fsealed%3Dtrue"
is "$(names)" "elsewhere sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "list of all namespaces: in order of the namespaces"
kube_call GET "$secrets?labelSelector=secretmanager%2Fsealed"
is "$(names | wc -w)" 8 "labelSelector=KEY: the Secrets with that key"
kube_call GET "$secrets?labelSelector=none%3Dsuch"
is "$STATUS $(field items)" "200 []" "a selector that matches nothing: an empty list"
kube_call GET "$secrets?labelSelector=%3D%3D%3D"
is "$STATUS $(field reason)" "400 BadRequest" "a malformed selector: status 400"

page="$secrets?labelSelector=secretmanager%2Fsealed%3Dtrue&limit=3"
kube_call GET "$page"
is "$(names)" "sealed-1 sealed-2 sealed-3" "limit=3: the first three"
is "$(field metadata.remainingItemCount)" "" "limit with a selector: no remainingItemCount"
first=$(field metadata.continue)
unlike "$first" '^$' "limit=3: a token"
kube_call DELETE "$secrets/sealed-2"
create demo sealed-0 '{"secretmanager/sealed":"true"}'
kube_call GET "$page&continue=$first"
is "$(names)" "sealed-4 sealed-5 sealed-6" "second page: changes before it have no effect"
second=$(field metadata.continue)
kube_call GET "$page&continue=$second"
is "$(names)" "sealed-7" "last page: the remaining Secret"
is "$(field metadata.continue)" "" "last page: no token"
kube_call GET "$page&continue=$first"
is "$(names)" "sealed-4 sealed-5 sealed-6" "a token can be used again"
kube_call GET "$secrets?limit=2&continue=$first"
is "$(names)" "sealed-4 sealed-5" "a token can be used with another limit"

kube_call GET "$page&continue=garbage"
is "$STATUS" 400 "a malformed token: status 400"
is "$(field reason)" BadRequest "a malformed token: reason BadRequest"
like "$(field message)" 'continue key is not valid' "a malformed token: message"
done_testing

#!/bin/bash
# Lists of Secrets: labels select, limit and continue page.
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
is "$STATUS $(field kind)" "200 SecretList" "a list"
is "$(names)" "plain sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "of one namespace, by name"
like "$(field metadata.resourceVersion)" '^[0-9]+$' "with a resourceVersion"
is "$(field items.0.data.A)" YQ== "each with its data"
like "$(field items.0.metadata.resourceVersion)" '^[0-9]+$' "and its own resourceVersion"
kube_call GET "$secrets?labelSelector=secretmanager%2Fsealed%3Dtrue"
is "$(names)" "sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "labelSelector selects"
is "$(field metadata.continue)" "" "all of them at once: nothing to continue"
kube_call GET "/api/v1/secrets?labelSelector=secretmanager%2Fsealed%3Dtrue"
is "$(names)" "elsewhere sealed-1 sealed-2 sealed-3 sealed-4 sealed-5 sealed-6 sealed-7" "of all namespaces"
kube_call GET "$secrets?labelSelector=secretmanager%2Fsealed"
is "$(names | wc -w)" 8 "a label that only has to be there"
kube_call GET "$secrets?labelSelector=none%3Dsuch"
is "$STATUS $(field items)" "200 []" "nothing is an empty list"
kube_call GET "$secrets?labelSelector=%3D%3D%3D"
is "$STATUS $(field reason)" "400 BadRequest" "a selector that is none"

page="$secrets?labelSelector=secretmanager%2Fsealed%3Dtrue&limit=3"
kube_call GET "$page"
is "$(names)" "sealed-1 sealed-2 sealed-3" "first page"
is "$(field metadata.remainingItemCount)" "" "with a selector nobody knows how many remain"
first=$(field metadata.continue)
unlike "$first" '^$' "with a token to continue"
kube_call DELETE "$secrets/sealed-2"
create demo sealed-0 '{"secretmanager/sealed":"true"}'
kube_call GET "$page&continue=$first"
is "$(names)" "sealed-4 sealed-5 sealed-6" "second page, whatever happened before it"
second=$(field metadata.continue)
kube_call GET "$page&continue=$second"
is "$(names)" "sealed-7" "last page"
is "$(field metadata.continue)" "" "which is the end"
kube_call GET "$page&continue=$first"
is "$(names)" "sealed-4 sealed-5 sealed-6" "a page can be asked for again"
kube_call GET "$secrets?limit=2&continue=$first"
is "$(names)" "sealed-4 sealed-5" "and in another size"

kube_call GET "$page&continue=garbage"
is "$STATUS" 400 "a continue token that is garbage"
is "$(field reason)" BadRequest "reason"
like "$(field message)" 'continue key is not valid' "message"
done_testing

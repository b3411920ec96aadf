#!/bin/bash
# Secrets in the Kubernetes API, as secret-seal, secret-exec and secret-rotate use them.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
merge=application/merge-patch+json

# secret NAME FIELDS: a Secret's JSON; FIELDS follow its metadata.
secret() { printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"%s},"type":"Opaque"%s}' "$1" "${3-}" "$2"; }
# refused STATUS REASON MESSAGE NAME: the latest answer is such a Status.
refused() {
	is "$STATUS" "$1" "$4: status"
	is "$(field kind) $(field status) $(field reason) $(field code)" "Status Failure $2 $1" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}

# -- create and get -------------------------------------------------------------------------------

kube_call POST "$secrets" "$(secret app ',"data":{"A":"YQ==","B":"Yg=="}' ',"labels":{"team":"red"},"annotations":{"note":"kept"}')"
is "$STATUS" 201 "create: status 201"
is "$(field kind) $(field metadata.name) $(field metadata.namespace) $(field type)" "Secret app demo Opaque" \
	"create: the answer is the Secret"
like "$(field metadata.resourceVersion)" '^[0-9]+$' "create: it has a resourceVersion"
like "$(field metadata.uid)" '^[0-9a-f-]{36}$' "create: it has a uid"
version=$(field metadata.resourceVersion)
kube_call POST "$secrets" "$(secret app '')"
refused 409 AlreadyExists 'secrets "app" already exists' "create with an existing name"
kube_call GET "$secrets/app"
is "$STATUS" 200 "get: status 200"
is "$(field data)" '{"A": "YQ==", "B": "Yg=="}' "get: data"
is "$(field metadata.resourceVersion)" "$version" "get: the resourceVersion of the creation"
kube_call GET "$secrets/nothing"
refused 404 NotFound 'secrets "nothing" not found' "get a missing Secret"
kube_call GET /api/v1/namespaces/nowhere/secrets/app
refused 404 NotFound 'secrets "app" not found' "get from a missing namespace"
kube_call POST /api/v1/namespaces/nowhere/secrets "$(secret app '')"
refused 404 NotFound 'namespaces "nowhere" not found' "create in a missing namespace"
kube_call POST "$secrets" "$(secret text ',"stringData":{"A":"clear"}')"
is "$(field data.A)" "$(printf clear | base64)" "create with stringData: it is stored as data"
kube_call POST "$secrets" "$(secret empty '')"
is "$STATUS $(field data)" "201 " "create without data: no data in the answer"

# -- dry runs: checked and answered, not stored ---------------------------------------------------

kube_call POST "$secrets?dryRun=All" "$(secret dry ',"data":{"A":"YQ=="}')"
is "$STATUS $(field metadata.name) $(field data.A)" "201 dry YQ==" "dry run of create: the answer is the Secret"
is "$(field metadata.resourceVersion)" "" "dry run of create: no resourceVersion"
kube_call GET "$secrets/dry"
refused 404 NotFound 'secrets "dry" not found' "dry run of create: the Secret is not stored"
kube_call POST "$secrets?dryRun=All" "$(secret app '')"
refused 409 AlreadyExists 'secrets "app" already exists' "dry run of create with an existing name"
kube_call PATCH "$secrets/app?dryRun=All" '{"data":{"A":"ZHJ5","B":null}}' "$merge"
is "$STATUS $(field data)" '200 {"A": "ZHJ5"}' "dry run of patch: the answer has the change"
is "$(field metadata.resourceVersion)" "$version" "dry run of patch: the stored resourceVersion"
kube_call PATCH "$secrets/app?dryRun=All" '{"metadata":{"resourceVersion":"1"}}' "$merge"
refused 409 Conflict 'the object has been modified' "dry run of patch with an old resourceVersion"
kube_call DELETE "$secrets/app" '{"apiVersion":"v1","kind":"DeleteOptions","dryRun":["All"]}'
is "$STATUS" 200 "dry run of delete, requested in the body: status 200"
kube_call DELETE "$secrets/app?dryRun=All"
is "$STATUS" 200 "dry run of delete: status 200"
kube_call GET "$secrets/app"
is "$(field data)" '{"A": "YQ==", "B": "Yg=="}' "dry runs: the stored data is unchanged"
kube_call POST "$secrets?dryRun=some" "$(secret dry '')"
refused 422 Invalid 'dryRun: Unsupported value: \["some"\]: supported values: "All"' "an unsupported value of dryRun"

# -- patch ------------------------------------------------------------------------------------------

kube_call PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTI=\"}}" "$merge"
is "$STATUS" 200 "patch with the current resourceVersion: status 200"
is "$(field data)" '{"A": "YTI=", "B": "Yg=="}' "patch: other data keys stay"
is "$(field metadata.labels) $(field metadata.annotations)" '{"team": "red"} {"note": "kept"}' "patch: labels and annotations stay"
unlike "$(field metadata.resourceVersion)" "^$version\$" "patch: the resourceVersion changes"
kube_call PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTM=\"}}" "$merge"
refused 409 Conflict 'the object has been modified; please apply your changes to the latest version' \
	"patch with an old resourceVersion"
is "$(stored app A)" a2 "patch with an old resourceVersion: the data is unchanged"
kube_call PATCH "$secrets/app" '{"metadata":{"labels":{"blue":"yes"}},"data":{"C":"Yw==","B":null}}' "$merge"
is "$STATUS" 200 "patch without a resourceVersion: status 200"
is "$(field data)" '{"A": "YTI=", "C": "Yw=="}' "patch: a new data key is added, null removes one"
is "$(field metadata.labels)" '{"blue": "yes", "team": "red"}' "patch: labels are merged"
kube_call GET "$secrets/app"
version=$(field metadata.resourceVersion)
kube_call PATCH "$secrets/app" '{"data":{"A":"YTI="}}' "$merge"
is "$(field metadata.resourceVersion)" "$version" "a patch that changes nothing: the resourceVersion stays"
kube_call PATCH "$secrets/nothing" '{"data":{"A":"YQ=="}}' "$merge"
refused 404 NotFound 'secrets "nothing" not found' "patch a missing Secret"
kube_call PATCH "$secrets/app" '{"data":' "$merge"
refused 400 BadRequest 'error decoding patch' "patch with a body that is not JSON"
kube_call PATCH "$secrets/app" '{"data":{}}' text/plain
is "$STATUS" 415 "patch with an unsupported media type: status 415"

# metadata_only METHOD PATH [BODY]: a call that asks for metadata only
metadata_only() {
	local KUBE_CALL_ACCEPT="application/json;as=PartialObjectMetadata${LIST-};g=meta.k8s.io;v=v1,application/json"
	kube_call "$1" "$2" "${3-}" "$merge"
}
metadata_only PATCH "$secrets/app" '{"data":{"A":"YTM="}}'
is "$STATUS $(field kind) $(field apiVersion)" "200 PartialObjectMetadata meta.k8s.io/v1" "patch, asking for metadata: a PartialObjectMetadata"
is "$(field metadata.name) $(field metadata.namespace) $(field metadata.labels) $(field metadata.annotations)" \
	'app demo {"blue": "yes", "team": "red"} {"note": "kept"}' "patch, asking for metadata: name, namespace, labels, annotations"
unlike "$(field metadata.resourceVersion)" "^$version\$" "patch, asking for metadata: the new resourceVersion"
is "$(field data)$(field type)" "" "patch, asking for metadata: neither data nor type"
is "$(stored app A)" a3 "patch, asking for metadata: the data is stored"
metadata_only PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTI=\"}}"
refused 409 Conflict 'the object has been modified' "patch, asking for metadata, with an old resourceVersion"
metadata_only GET "$secrets/app"
is "$(field kind) $(field metadata.name)$(field data)" "PartialObjectMetadata app" "get, asking for metadata: a PartialObjectMetadata without data"
LIST=List metadata_only GET "$secrets?limit=1"
is "$(field kind) $(field apiVersion)" "PartialObjectMetadataList meta.k8s.io/v1" "list, asking for metadata: a PartialObjectMetadataList"
is "$(field items.0.kind) $(field items.0.metadata.name)$(field items.0.data)" "PartialObjectMetadata app" "list, asking for metadata: items without data"
unlike "$(field metadata.continue)" '^$' "list, asking for metadata: a token"

# -- validation ---------------------------------------------------------------------------------------

kube_call POST "$secrets" "$(secret fixed ',"immutable":true,"data":{"A":"YQ=="}')"
is "$STATUS" 201 "create with immutable: status 201"
kube_call PATCH "$secrets/fixed" '{"data":{"A":"Yg=="}}' "$merge"
refused 422 Invalid 'data: Forbidden: field is immutable when `immutable` is set' "patch the data of an immutable Secret"
kube_call PATCH "$secrets/app" '{"data":{"a b":"YQ=="}}' "$merge"
refused 422 Invalid 'data\[a b\]: Invalid value.*a valid config key must consist of' "patch with a space in a data key"
kube_call POST "$secrets" "$(secret Capital '')"
refused 422 Invalid 'metadata\.name: Invalid value: "Capital"' "create with a capital letter in the name"
kube_call POST "$secrets" "$(secret garbled ',"data":{"A":"***"}')"
refused 400 BadRequest 'illegal base64 data' "create with data that is not base64"

for patch in '{"metadata":null,"data":{"A":"Yg=="}}' '{"metadata":{"name":null}}' '{"apiVersion":null}'; do
	kube_call PATCH "$secrets/app" "$patch" "$merge"
	refused 400 BadRequest '^the name of the object \(app based on URL\) was undeterminable: name must be provided' \
		"patch that removes the name: $patch"
done
kube_call PATCH "$secrets/app" '{"metadata":{"namespace":null,"uid":null,"resourceVersion":null,"creationTimestamp":null},"kind":null}' "$merge"
is "$STATUS $(field kind) $(field metadata.namespace)" "200 Secret demo" "patch that removes other members of the metadata: they stay"

# -- types and the data keys that they require ---------------------------------------------------------

# typed TYPE DATA [METADATA]: create, in a dry run
typed() { kube_call POST "$secrets?dryRun=All" "$(secret typed ",\"data\":{$2}" "${3-}" | sed "s|Opaque|$1|")"; }
lacks() { refused 422 Invalid "is invalid: \\[?$1: Required value" "$2"; }
typed kubernetes.io/tls '"tls.crt":"YQ=="'
lacks 'data\[tls\.key\]' "kubernetes.io/tls without tls.key"
typed kubernetes.io/tls '"tls.key":"YQ=="'
lacks 'data\[tls\.crt\]' "kubernetes.io/tls without tls.crt"
typed kubernetes.io/tls '"tls.crt":"dmF1bHQ6djE6YQ==","tls.key":"","other":"YQ=="'
is "$STATUS" 201 "kubernetes.io/tls with any values of both: status 201"
typed kubernetes.io/basic-auth '"user":"YQ=="'
lacks 'data\[username\]' "kubernetes.io/basic-auth without username and password"
typed kubernetes.io/basic-auth '"password":"YQ=="'
is "$STATUS" 201 "kubernetes.io/basic-auth with password: status 201"
typed kubernetes.io/ssh-auth '"ssh-publickey":"YQ=="'
lacks 'data\[ssh-privatekey\]' "kubernetes.io/ssh-auth without ssh-privatekey"
typed kubernetes.io/ssh-auth '"ssh-privatekey":""'
lacks 'data\[ssh-privatekey\]' "kubernetes.io/ssh-auth with an empty ssh-privatekey"
typed kubernetes.io/ssh-auth '"ssh-privatekey":"YQ=="'
is "$STATUS" 201 "kubernetes.io/ssh-auth with ssh-privatekey: status 201"
typed kubernetes.io/dockerconfigjson '"a":"YQ=="'
lacks 'data\[\.dockerconfigjson\]' "kubernetes.io/dockerconfigjson without .dockerconfigjson"
typed kubernetes.io/dockerconfigjson '".dockerconfigjson":"dmF1bHQ6djE6YQ=="'
refused 422 Invalid 'data\[\.dockerconfigjson\]: Invalid value: "<secret contents redacted>"' "kubernetes.io/dockerconfigjson with ciphertext"
typed kubernetes.io/dockerconfigjson '".dockerconfigjson":"e30="'
is "$STATUS" 201 "kubernetes.io/dockerconfigjson with a JSON object: status 201"
typed kubernetes.io/dockercfg '".dockercfg":"dmF1bHQ6djE6YQ=="'
refused 422 Invalid 'data\[\.dockercfg\]: Invalid value: "<secret contents redacted>"' "kubernetes.io/dockercfg with ciphertext"
typed kubernetes.io/service-account-token ''
lacks 'metadata\.annotations\[kubernetes\.io/service-account\.name\]' "kubernetes.io/service-account-token without the account's annotation"
typed bootstrap.kubernetes.io/token '"a":"YQ=="'
is "$STATUS" 201 "bootstrap.kubernetes.io/token with any data: status 201"
typed 'A type, (of) any-characters_ä/b/c' '"a":"YQ=="'
is "$STATUS $(field type)" "201 A type, (of) any-characters_ä/b/c" "a type of arbitrary text: status 201"
kube_call POST "$secrets" "$(secret tls ',"data":{"tls.crt":"YQ==","tls.key":"YQ=="}' | sed 's|Opaque|kubernetes.io/tls|')"
kube_call PATCH "$secrets/tls" '{"data":{"tls.key":null}}' "$merge"
lacks 'data\[tls\.key\]' "patch that removes tls.key of a kubernetes.io/tls Secret"

# data_of SIZES...: data of one key per size, of zero bytes.
data_of() {
	local size key=0
	printf ',"data":{'
	for size; do
		[ $key = 0 ] || printf ,
		printf '"k%d":"%s"' $((++key)) "$(head -c "$size" /dev/zero | base64 -w0)"
	done
	printf '}'
}
kube_call POST "$secrets" "$(secret full "$(data_of 1048576)")"
is "$STATUS" 201 "create with 1 MiB of data: status 201"
kube_call POST "$secrets" "$(secret over "$(data_of 1048577)")"
refused 422 Invalid 'data: Too long: may not be more than 1048576 bytes' "create with 1 MiB and 1 byte"
kube_call POST "$secrets" "$(secret over "$(data_of 524288 524289)")"
refused 422 Invalid 'data: Too long' "create with 1 MiB and 1 byte in two keys"
kube_call DELETE "$secrets/full"
is "$STATUS" 200 "delete: status 200"
kube_call GET "$secrets/full"
is "$STATUS" 404 "get after delete: status 404"

# -- rights -----------------------------------------------------------------------------------------

# cannot ACCOUNT VERB: the message of the 403
cannot() {
	printf 'is forbidden: User "system:serviceaccount:demo:%s" cannot %s resource "secrets" in API group "" in the namespace "demo"' \
		"$1" "$2"
}
as() {
	local KUBE_CALL_AS=$1
	shift
	kube_call "$@"
}
as app GET "$secrets/app"
is "$STATUS" 200 "app may get the Secret app: status 200"
as app GET "$secrets/text"
refused 403 Forbidden "secrets \"text\" $(cannot app get)" "app may not get another Secret"
as app GET "$secrets"
refused 403 Forbidden "secrets $(cannot app list)" "app may not list"
as app PATCH "$secrets/app" '{"data":{"A":"YQ=="}}' "$merge"
refused 403 Forbidden "secrets \"app\" $(cannot app patch)" "app may not patch"
as stranger GET "$secrets/app"
refused 403 Forbidden "secrets \"app\" $(cannot stranger get)" "stranger may not get"
as rotator POST "$secrets" "$(secret new '')"
refused 403 Forbidden "secrets $(cannot rotator create)" "rotator may not create"
as rotator GET /api/v1/secrets
is "$STATUS" 200 "rotator may list all namespaces: status 200"
as rotator PATCH "$secrets/app" '{"data":{"A":"YQ=="}}' "$merge"
is "$STATUS" 200 "rotator may patch: status 200"
as sealer POST "$secrets" "$(secret new '')"
is "$STATUS" 201 "sealer may create: status 201"
as sealer PUT "$secrets/new" "$(secret new '')"
refused 403 Forbidden "secrets \"new\" $(cannot sealer update)" "sealer may not replace"
as sealer GET "$secrets"
is "$STATUS" 200 "sealer may list its namespace: status 200"
as sealer GET /api/v1/secrets
refused 403 Forbidden 'User "system:serviceaccount:demo:sealer" cannot list resource "secrets" in API group "" at the cluster scope' \
	"sealer may not list all namespaces"
OUT=$(curl -sS --noproxy '*' --cacert "$STAGE_DIR/pod/app/ca.crt" \
	"https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT$secrets/app" -w '\n%{http_code}')
like "${OUT##*$'\n'}" '^40[13]$' "get without a token: status 401 or 403"

done_testing

#!/bin/bash
# Secrets in the Kubernetes API: what secret-seal, secret-exec and secret-rotate rely on.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
merge=application/merge-patch+json

# secret NAME FIELDS: a Secret's JSON; FIELDS follow its metadata.
secret() { printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"%s},"type":"Opaque"%s}' "$1" "${3-}" "$2"; }
# refused STATUS REASON MESSAGE NAME: what the latest call was answered.
refused() {
	is "$STATUS" "$1" "$4: status"
	is "$(field kind) $(field status) $(field reason) $(field code)" "Status Failure $2 $1" "$4: reason $2"
	like "$(field message)" "$3" "$4: message"
}

# -- create and get -------------------------------------------------------------------------------

kube_call POST "$secrets" "$(secret app ',"data":{"A":"YQ==","B":"Yg=="}' ',"labels":{"team":"red"},"annotations":{"note":"kept"}')"
is "$STATUS" 201 "create"
is "$(field kind) $(field metadata.name) $(field metadata.namespace) $(field type)" "Secret app demo Opaque" \
	"the answer is the Secret"
like "$(field metadata.resourceVersion)" '^[0-9]+$' "with a resourceVersion"
like "$(field metadata.uid)" '^[0-9a-f-]{36}$' "and a uid"
version=$(field metadata.resourceVersion)
kube_call POST "$secrets" "$(secret app '')"
refused 409 AlreadyExists 'secrets "app" already exists' "create once more"
kube_call GET "$secrets/app"
is "$STATUS" 200 "get"
is "$(field data)" '{"A": "YQ==", "B": "Yg=="}' "its data"
is "$(field metadata.resourceVersion)" "$version" "the same resourceVersion"
kube_call GET "$secrets/nothing"
refused 404 NotFound 'secrets "nothing" not found' "get what is not there"
kube_call GET /api/v1/namespaces/nowhere/secrets/app
refused 404 NotFound 'secrets "app" not found' "get from a namespace that is not there"
kube_call POST /api/v1/namespaces/nowhere/secrets "$(secret app '')"
refused 404 NotFound 'namespaces "nowhere" not found' "create in a namespace that is not there"
kube_call POST "$secrets" "$(secret text ',"stringData":{"A":"clear"}')"
is "$(field data.A)" "$(printf clear | base64)" "stringData becomes data"
kube_call POST "$secrets" "$(secret empty '')"
is "$STATUS $(field data)" "201 " "a Secret without data"

# -- dry runs: all is judged and answered, and nothing stored -------------------------------------

kube_call POST "$secrets?dryRun=All" "$(secret dry ',"data":{"A":"YQ=="}')"
is "$STATUS $(field metadata.name) $(field data.A)" "201 dry YQ==" "create in a dry run"
is "$(field metadata.resourceVersion)" "" "it has no resourceVersion"
kube_call GET "$secrets/dry"
refused 404 NotFound 'secrets "dry" not found' "it is not there"
kube_call POST "$secrets?dryRun=All" "$(secret app '')"
refused 409 AlreadyExists 'secrets "app" already exists' "a name that is taken, in a dry run"
kube_call PATCH "$secrets/app?dryRun=All" '{"data":{"A":"ZHJ5","B":null}}' "$merge"
is "$STATUS $(field data)" '200 {"A": "ZHJ5"}' "patch in a dry run: as it would be"
is "$(field metadata.resourceVersion)" "$version" "with the resourceVersion that it has"
kube_call PATCH "$secrets/app?dryRun=All" '{"metadata":{"resourceVersion":"1"}}' "$merge"
refused 409 Conflict 'the object has been modified' "a stale resourceVersion, in a dry run"
kube_call GET "$secrets/app"
is "$(field data)" '{"A": "YQ==", "B": "Yg=="}' "nothing was stored"
kube_call POST "$secrets?dryRun=some" "$(secret dry '')"
refused 422 Invalid 'dryRun: Unsupported value: \["some"\]: supported values: "All"' "a dry run that is none"

# -- patch ------------------------------------------------------------------------------------------

kube_call PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTI=\"}}" "$merge"
is "$STATUS" 200 "patch with the current resourceVersion"
is "$(field data)" '{"A": "YTI=", "B": "Yg=="}' "other data keys survive"
is "$(field metadata.labels) $(field metadata.annotations)" '{"team": "red"} {"note": "kept"}' "so do labels and annotations"
unlike "$(field metadata.resourceVersion)" "^$version\$" "the resourceVersion is another"
kube_call PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTM=\"}}" "$merge"
refused 409 Conflict 'the object has been modified; please apply your changes to the latest version' \
	"patch with a stale resourceVersion"
is "$(stored app A)" a2 "and nothing has changed"
kube_call PATCH "$secrets/app" '{"metadata":{"labels":{"blue":"yes"}},"data":{"C":"Yw==","B":null}}' "$merge"
is "$STATUS" 200 "patch without a resourceVersion"
is "$(field data)" '{"A": "YTI=", "C": "Yw=="}' "a data key is added, null removes one"
is "$(field metadata.labels)" '{"blue": "yes", "team": "red"}' "labels are merged too"
kube_call GET "$secrets/app"
version=$(field metadata.resourceVersion)
kube_call PATCH "$secrets/app" '{"data":{"A":"YTI="}}' "$merge"
is "$(field metadata.resourceVersion)" "$version" "a patch that changes nothing leaves the resourceVersion"
kube_call PATCH "$secrets/nothing" '{"data":{"A":"YQ=="}}' "$merge"
refused 404 NotFound 'secrets "nothing" not found' "patch what is not there"
kube_call PATCH "$secrets/app" '{"data":' "$merge"
refused 400 BadRequest 'error decoding patch' "a patch that is not JSON"
kube_call PATCH "$secrets/app" '{"data":{}}' text/plain
is "$STATUS" 415 "a patch of another media type"

# metadata_only METHOD PATH [BODY]: where only the metadata of what is stored is to come back
metadata_only() {
	local KUBE_CALL_ACCEPT="application/json;as=PartialObjectMetadata${LIST-};g=meta.k8s.io;v=v1,application/json"
	kube_call "$1" "$2" "${3-}" "$merge"
}
metadata_only PATCH "$secrets/app" '{"data":{"A":"YTM="}}'
is "$STATUS $(field kind) $(field apiVersion)" "200 PartialObjectMetadata meta.k8s.io/v1" "patch, and only metadata comes back"
is "$(field metadata.name) $(field metadata.namespace) $(field metadata.labels) $(field metadata.annotations)" \
	'app demo {"blue": "yes", "team": "red"} {"note": "kept"}' "its name, labels, annotations"
unlike "$(field metadata.resourceVersion)" "^$version\$" "the new resourceVersion"
is "$(field data)$(field type)" "" "no data and no type"
is "$(stored app A)" a3 "which are stored"
metadata_only PATCH "$secrets/app" "{\"metadata\":{\"resourceVersion\":\"$version\"},\"data\":{\"A\":\"YTI=\"}}"
refused 409 Conflict 'the object has been modified' "a stale resourceVersion, and only metadata wanted"
metadata_only GET "$secrets/app"
is "$(field kind) $(field metadata.name)$(field data)" "PartialObjectMetadata app" "get, and only metadata comes back"
LIST=List metadata_only GET "$secrets?limit=1"
is "$(field kind) $(field apiVersion)" "PartialObjectMetadataList meta.k8s.io/v1" "a list of metadata"
is "$(field items.0.kind) $(field items.0.metadata.name)$(field items.0.data)" "PartialObjectMetadata app" "its items"
unlike "$(field metadata.continue)" '^$' "with a token to continue"

# -- what the server refuses to store -----------------------------------------------------------------

kube_call POST "$secrets" "$(secret fixed ',"immutable":true,"data":{"A":"YQ=="}')"
is "$STATUS" 201 "an immutable Secret"
kube_call PATCH "$secrets/fixed" '{"data":{"A":"Yg=="}}' "$merge"
refused 422 Invalid 'data: Forbidden: field is immutable when `immutable` is set' "patch an immutable Secret"
kube_call PATCH "$secrets/app" '{"data":{"a b":"YQ=="}}' "$merge"
refused 422 Invalid 'data\[a b\]: Invalid value.*a valid config key must consist of' "a data key with a space"
kube_call POST "$secrets" "$(secret Capital '')"
refused 422 Invalid 'metadata\.name: Invalid value: "Capital"' "a name with a capital letter"
kube_call POST "$secrets" "$(secret garbled ',"data":{"A":"***"}')"
refused 400 BadRequest 'illegal base64 data' "data that is not base64"

# -- types: what the server demands of them ------------------------------------------------------------

# typed TYPE DATA [METADATA]: create, in a dry run
typed() { kube_call POST "$secrets?dryRun=All" "$(secret typed ",\"data\":{$2}" "${3-}" | sed "s|Opaque|$1|")"; }
lacks() { refused 422 Invalid "is invalid: \\[?$1: Required value" "$2"; }
typed kubernetes.io/tls '"tls.crt":"YQ=="'
lacks 'data\[tls\.key\]' "a TLS Secret without a key"
typed kubernetes.io/tls '"tls.key":"YQ=="'
lacks 'data\[tls\.crt\]' "or without a certificate"
typed kubernetes.io/tls '"tls.crt":"dmF1bHQ6djE6YQ==","tls.key":"","other":"YQ=="'
is "$STATUS" 201 "with both, whatever they hold"
typed kubernetes.io/basic-auth '"user":"YQ=="'
lacks 'data\[username\]' "basic-auth without a user name and a password"
typed kubernetes.io/basic-auth '"password":"YQ=="'
is "$STATUS" 201 "with one of them"
typed kubernetes.io/ssh-auth '"ssh-publickey":"YQ=="'
lacks 'data\[ssh-privatekey\]' "ssh-auth without a key"
typed kubernetes.io/ssh-auth '"ssh-privatekey":""'
lacks 'data\[ssh-privatekey\]' "or with an empty one"
typed kubernetes.io/ssh-auth '"ssh-privatekey":"YQ=="'
is "$STATUS" 201 "with it"
typed kubernetes.io/dockerconfigjson '"a":"YQ=="'
lacks 'data\[\.dockerconfigjson\]' "an image pull secret without its key"
typed kubernetes.io/dockerconfigjson '".dockerconfigjson":"dmF1bHQ6djE6YQ=="'
refused 422 Invalid 'data\[\.dockerconfigjson\]: Invalid value: "<secret contents redacted>"' "one that holds ciphertext"
typed kubernetes.io/dockerconfigjson '".dockerconfigjson":"e30="'
is "$STATUS" 201 "with JSON"
typed kubernetes.io/dockercfg '".dockercfg":"dmF1bHQ6djE6YQ=="'
refused 422 Invalid 'data\[\.dockercfg\]: Invalid value: "<secret contents redacted>"' "the older kind holds JSON, too"
typed kubernetes.io/service-account-token ''
lacks 'metadata\.annotations\[kubernetes\.io/service-account\.name\]' "a service account's token without its account"
typed bootstrap.kubernetes.io/token '"a":"YQ=="'
is "$STATUS" 201 "a bootstrap token with anything"
typed 'A type, (of) any-characters_ä/b/c' '"a":"YQ=="'
is "$STATUS $(field type)" "201 A type, (of) any-characters_ä/b/c" "any text is a type"
kube_call POST "$secrets" "$(secret tls ',"data":{"tls.crt":"YQ==","tls.key":"YQ=="}' | sed 's|Opaque|kubernetes.io/tls|')"
kube_call PATCH "$secrets/tls" '{"data":{"tls.key":null}}' "$merge"
lacks 'data\[tls\.key\]' "a patch that takes the key away"

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
is "$STATUS" 201 "1 MiB of data"
kube_call POST "$secrets" "$(secret over "$(data_of 1048577)")"
refused 422 Invalid 'data: Too long: may not be more than 1048576 bytes' "one byte more"
kube_call POST "$secrets" "$(secret over "$(data_of 524288 524289)")"
refused 422 Invalid 'data: Too long' "one byte more in two keys"
kube_call DELETE "$secrets/full"
is "$STATUS" 200 "delete"
kube_call GET "$secrets/full"
is "$STATUS" 404 "and it is gone"

# -- who may what -----------------------------------------------------------------------------------

# cannot ACCOUNT VERB: what the message says about it
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
is "$STATUS" 200 "app may get the Secret app"
as app GET "$secrets/text"
refused 403 Forbidden "secrets \"text\" $(cannot app get)" "app gets another Secret"
as app GET "$secrets"
refused 403 Forbidden "secrets $(cannot app list)" "app lists"
as app PATCH "$secrets/app" '{"data":{"A":"YQ=="}}' "$merge"
refused 403 Forbidden "secrets \"app\" $(cannot app patch)" "app patches"
as stranger GET "$secrets/app"
refused 403 Forbidden "secrets \"app\" $(cannot stranger get)" "stranger gets"
as rotator POST "$secrets" "$(secret new '')"
refused 403 Forbidden "secrets $(cannot rotator create)" "rotator creates"
as rotator GET /api/v1/secrets
is "$STATUS" 200 "rotator lists all namespaces"
as rotator PATCH "$secrets/app" '{"data":{"A":"YQ=="}}' "$merge"
is "$STATUS" 200 "rotator patches"
as sealer POST "$secrets" "$(secret new '')"
is "$STATUS" 201 "sealer creates"
as sealer GET "$secrets"
is "$STATUS" 200 "sealer lists its namespace"
as sealer GET /api/v1/secrets
refused 403 Forbidden 'User "system:serviceaccount:demo:sealer" cannot list resource "secrets" in API group "" at the cluster scope' \
	"sealer lists all namespaces"
OUT=$(curl -sS --noproxy '*' --cacert "$STAGE_DIR/pod/app/ca.crt" \
	"https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT$secrets/app" -w '\n%{http_code}')
like "${OUT##*$'\n'}" '^40[13]$' "without a token nobody gets anything"

done_testing

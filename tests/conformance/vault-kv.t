#!/bin/bash
# KV engines: read, write and delete secrets of version 1 (kv1/) and version 2 (secret/); policies.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

refused() {
	is "$STATUS" "$1" "$3: status"
	like "$(field errors)" "$2" "$3: message"
}
# lacks STATUS NAME: an answer without a message
lacks() { is "$STATUS $(field errors)" "$1 []" "$2: status $1, no message"; }

# -- version 1 ----------------------------------------------------------------------------------------

vault_call GET kv1/app
lacks 404 "version 1: a missing secret"
vault_call POST kv1/app '{}'
refused 400 'missing data fields' "version 1: writing a secret without keys"
vault_call POST kv1/app '{"password":"one","port":5432,"tls":true,"none":null,"list":[1, "a"]}'
is "$STATUS" 204 "version 1: a secret is written: status 204"
vault_call GET kv1/app
is "$STATUS $(field data.password) $(field data.port) $(field data.tls) $(field data.none) $(field data.list)" \
	'200 one 5432 true null [1, "a"]' "version 1: the keys are in data"
is "$(field lease_id)-$(field lease_duration)-$(field renewable)" "-2764800-false" \
	"version 1: a lease duration without a lease"
vault_call GET 'kv1/app?version=7'
is "$STATUS $(field data.password)" "200 one" "version 1: a version is ignored"
vault_call PUT kv1/app '{"password":"two"}'
vault_call GET kv1/app
is "$(field data)" '{"password": "two"}' "version 1: writing replaces all keys"
vault_call POST kv1/app/db '{"password":"three"}'
vault_call GET kv1/app/db
is "$STATUS $(field data.password)" "200 three" "version 1: a secret below another one"
vault_call DELETE kv1/app
is "$STATUS" 204 "version 1: a secret is deleted: status 204"
vault_call GET kv1/app
lacks 404 "version 1: a deleted secret"

# -- version 2 ----------------------------------------------------------------------------------------

vault_call GET secret/data/app
lacks 404 "version 2: a missing secret"
vault_call POST secret/data/app '{"password":"one"}'
refused 400 'no data provided' "version 2: writing without data"
vault_call POST secret/data/app '{"data":{"password":"one","port":5432}}'
is "$STATUS $(field data.version) $(field data.deletion_time)$(field data.destroyed)" "200 1 false" \
	"version 2: a secret is written: status 200, and its metadata"
vault_call POST secret/data/app '{"data":{"password":"two"}}'
is "$(field data.version)" 2 "version 2: written again"
vault_call GET secret/data/app
is "$STATUS $(field data.data)" '200 {"password": "two"}' "version 2: the keys are in data.data"
is "$(field data.metadata.version) $(field data.metadata.deletion_time)$(field data.metadata.destroyed)" "2 false" \
	"version 2: the metadata"
like "$(field data.metadata.created_time)" '^20[0-9-]+T[0-9:.]+Z$' "version 2: the time of creation"
is "$(field lease_id)-$(field lease_duration)" "-0" "version 2: no lease"
vault_call GET 'secret/data/app?version=1'
is "$STATUS $(field data.data.password) $(field data.metadata.version)" "200 one 1" "version 2: an older version"
for latest in 0 -1; do
	vault_call GET "secret/data/app?version=$latest"
	is "$STATUS $(field data.metadata.version)" "200 2" "version 2: version $latest is the latest"
done
vault_call GET 'secret/data/app?version=3'
lacks 404 "version 2: a missing version"
vault_call GET secret/app
is "$STATUS $(field data)" "404 null" "version 2: a path without data/: status 404"
like "$(field warnings)" 'Invalid path for a versioned K/V secrets engine' "version 2: a path without data/: the warning"
vault_call DELETE secret/data/app
is "$STATUS" 204 "version 2: the latest version is deleted: status 204"
vault_call GET secret/data/app
is "$STATUS $(field data.data) $(field data.metadata.version) $(field data.metadata.destroyed)" "404 null 2 false" \
	"version 2: a deleted version: status 404, with the metadata"
like "$(field data.metadata.deletion_time)" '^20[0-9-]+T[0-9:.]+Z$' "version 2: the time of deletion"
vault_call GET 'secret/data/app?version=1'
is "$STATUS $(field data.data.password)" "200 one" "version 2: the version before a deleted one"

# -- policies -----------------------------------------------------------------------------------------

vault_call POST kv1/app '{"password":"one"}'
vault_call POST secret/data/other '{"data":{"password":"one"}}'
VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login \
	"{\"role\":\"app-kv\",\"jwt\":\"$(cat "$STAGE_DIR/pod/app/token")\"}"
is "$(field auth.token_type) $(field auth.lease_duration) $(field auth.policies)" 'batch 10 ["kv", "secret-exec"]' \
	"role app-kv: a batch token for 10 s"
token=$(field auth.client_token)
VAULT_CALL_TOKEN=$token vault_call GET kv1/app
is "$STATUS $(field data.password)" "200 one" "version 1: its token reads the secret"
VAULT_CALL_TOKEN=$token vault_call GET 'secret/data/app?version=1'
is "$STATUS $(field data.data.password)" "200 one" "version 2: its token reads the secret"
VAULT_CALL_TOKEN=$token vault_call GET secret/data/other
refused 403 'permission denied' "its token reads another secret"
VAULT_CALL_TOKEN=$token vault_call POST kv1/app '{"password":"two"}'
refused 403 'permission denied' "its token writes a secret"
vault_call POST sys/mounts/more '{"type":"kv","options":{"version":"2"}}'
is "$STATUS" 204 "another KV engine is mounted: status 204"
vault_call GET sys/mounts
is "$(field data.more/.type) $(field data.more/.options.version) $(field data.kv1/.options.version)" "kv 2 1" \
	"the list of mounts has the versions"
vault_call DELETE sys/mounts/more
done_testing

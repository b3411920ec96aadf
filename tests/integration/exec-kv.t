#!/bin/bash
# References to KV engines in the environment, as vault-env reads them: vault:PATH#KEY[#VERSION].
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
export VAULT_ROLE=app-kv

vault_call POST secret/data/app '{"data":{"password":"old","user":"first"}}'
vault_call POST secret/data/app '{"data":{"password":"pass word","port":5432,"tls":true,"ratio":2.5,"none":null,"hosts":["a", "b"],"a.b/c":"dotted","uml":"ä","lines":"a\nb\n","config":"{\"A\":\"member\",\"B\":2}"}}'
vault_call POST kv1/app '{"password":"one","data":"key data","metadata":"key metadata"}'
vault_call POST secret/data/app/gone '{"data":{"password":"x"}}'
vault_call DELETE secret/data/app/gone
vault_call POST secret/data/other '{"data":{"password":"other"}}'
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=sealed app >/dev/null
sealed=$(stored app A)

# exec_with VARIABLE... -- COMMAND...: as the pod of app, with these variables
exec_with() {
	local variables=()
	while [ "$1" != -- ]; do variables+=("$1") && shift; done
	run as_pod app env "${variables[@]}" "$BIN/secret-exec" "${options[@]}" "$@"
}
options=()
# gives REFERENCE VALUE NAME
gives() {
	exec_with "X=$1" -- printenv X
	is "$STATUS $OUT $ERR" "0 $2 " "$3"
}
# refuses REFERENCE REGEX NAME
refuses() {
	exec_with "X=$1" -- true
	fails_with 125 "environment variable X: $2" "$3: exit 125"
}

# -- values -------------------------------------------------------------------------------------------

gives 'vault:secret/data/app#password' 'pass word' "a key of an engine of version 2"
gives 'vault:secret/data/app#password#1' 'old' "an older version of the secret"
gives 'vault:secret/data/app#password#2' 'pass word' "the latest version by its number"
gives 'vault:kv1/app#password' 'one' "a key of an engine of version 1"
gives 'vault:kv1/app#data' 'key data' "a key of version 1 with the name data"
gives 'vault:kv1/app#metadata' 'key metadata' "a key of version 1 with the name metadata"
gives 'vault:/secret//data/app#password' 'pass word' "a path with more slashes"
gives 'vault:secret/data/app#port' 5432 "a number, as in JSON"
gives 'vault:secret/data/app#ratio' 2.5 "a number with a fraction"
gives 'vault:secret/data/app#tls' true "a boolean"
gives 'vault:secret/data/app#hosts' '["a","b"]' "an array, as compact JSON"
gives 'vault:secret/data/app#a.b/c' dotted "a key with other characters"
gives 'vault:secret/data/app#uml' ä "a value that is not ASCII"
exec_with 'X=vault:secret/data/app#lines' -- sh -c 'printf "%s." "$X"'
out_is $'a\nb\n.' "a value of lines"
exec_with 'X=vault:secret/data/app#password' 'Y=vault:secret/data/app#user#1' 'Z=vault:kv1/app#password' 'W=vault:secret/data/app#password' \
	PLAIN=plain -- sh -c 'echo "$X, $Y, $Z, $W, $PLAIN"; env | grep -c vault:'
out_is $'pass word, first, one, pass word, plain\n0' "several references, and one key for two variables"

# -- other text ---------------------------------------------------------------------------------------

for text in vault: vault:8200 vault:8200/ui vault:latest vault:1.21.0 vault:v1 vault:v1.2 vault:verbatim 'x vault:a/b#c' \
	'https://vault:8200/ui#x' '${vault:-default}' '${vault:8200}'; do
	exec_with "X=$text" 'Y=vault:kv1/app#password' -- printenv X Y
	is "$STATUS $OUT" "0 $text"$'\none' "unchanged: $text"
done
refuses 'vault:secret/data/app' 'a reference to Vault without a key; write vault:PATH#KEY; or pass --exclude X to leave it unchanged' "no key"
refuses 'vault:secret#password' 'not of the form PATH#KEY' "no path"
refuses 'vault:secret/data/app#password#latest' 'the version after the second # must be a number' "an invalid version"
refuses 'vault:secret/data/app#${.user}-${.password}' 'templates in place of a key' "a template"
refuses 'postgres://u:${vault:secret/data/app#password}@db' 'references within other text, \$\{vault:\.\.\.\}, are not supported' \
	"a reference within other text"
refuses '>>vault:secret/data/app#password#{}' 'writing to Vault with >>vault: is not supported' "a reference that writes"
refuses 'vault:auth/token/lookup-self#id' 'not the path of a KV engine' "the path of the token"
refuses 'vault:secret/data/../../auth/token/lookup-self#id' 'not of the form PATH#KEY.*; or pass --exclude X' "a path with dots"
options=(--exclude X)
exec_with 'X=vault:secret/data/app' 'Y=vault:kv1/app#password' -- printenv X Y
out_is $'vault:secret/data/app\none' "an excluded variable: unchanged"
options=()
exec_with 'VAULT_TOKEN=vault:login' 'X=vault:kv1/app#password' -- true
fails_with 125 'VAULT_TOKEN=vault:login: not supported, because the application never gets the token' \
	"vault-env's vault:login: exit 125"

# -- what Vault refuses -------------------------------------------------------------------------------

path='KV path secret/data/app'
refuses 'vault:secret/data/app#missing' "$path: key \"missing\" not found" "a missing key"
refuses 'vault:secret/data/app#none' "$path: key \"none\" not found" "a key whose value is null"
refuses 'vault:secret/data/app/none#password' "$path/none: .*status 404.*check the path" "a missing path"
refuses 'vault:secret/data/app#password#9' "$path: .*status 404.*check the path and version 9" "a missing version"
refuses 'vault:secret/data/app/gone#password' "$path/gone: version 1 is deleted; undelete it" "a deleted version"
refuses 'vault:kv1/app#password#1' 'KV path kv1/app: the KV engine has version 1.*omit #1' "a version in an engine of version 1"
refuses 'vault:secret/data/other#password' \
	'KV path secret/data/other: .*permission denied; the token.s policy must allow "read" on secret/data/other' "a path without a right"
exec_with 'X=vault:secret/data/app#password' VAULT_TOKEN=hvs.nonsense -- true
fails_with 125 'invalid token; get another Vault token; this one is not valid, or has expired$' "a Vault token that is not valid: exit 125"
exec_with 'X=vault:secret/app#password' "VAULT_TOKEN=$VAULT_TOKEN" -- true
fails_with 125 'KV path secret/app: not found; in an engine of version 2, write data/ after the mount' \
	"a path without data/: exit 125"

# -- with other values --------------------------------------------------------------------------------

options=(--transit-key aes256-key)
exec_with "A=$sealed" 'X=vault:kv1/app#password' -- sh -c 'echo "$A $X"'
out_is "sealed one" "ciphertext and a reference in the environment"
options=(--secret app)
exec_with 'X=vault:kv1/app#password' -- sh -c 'echo "$A $X"'
out_is "sealed one" "a Secret of the API and a reference"
exec_with 'A=vault:kv1/app#password' -- true
fails_with 125 'variable A comes from both environment variable A and Secret demo/app' "one name from two sources: exit 125"
options=(--secret app --override)
exec_with 'A=vault:kv1/app#password' -- printenv A
out_is sealed "--override: the stronger source replaces the reference's value"
options=(--prefix P_ --upper-case)
exec_with 'x=vault:kv1/app#password' -- printenv x
out_is one "the names of references are not changed"
options=(--only 'X*')
exec_with 'X=vault:kv1/app#password' 'Y=vault:secret/data/other#password' -- sh -c 'echo "$X $Y"'
out_is 'one vault:secret/data/other#password' "--only: other references are unchanged, and not read"
options=(--exclude '*')
exec_with 'X=vault:kv1/app#password' -- true
fails_with 125 '--only and --exclude exclude all' "all references excluded: exit 125"
options=(--memfd X)
exec_with 'X=vault:kv1/app#password' -- sh -c 'cat "$1"; echo " ${X-none}"' sh '{}'
out_is "one none" "a reference's value in a memfd"
options=(--fd 3)
exec_with 'X=vault:kv1/app#password' 'Y=vault:secret/data/app#port' -- sh -c 'cat <&3; env | grep -c vault:'
out_like '^\{"X":"one","Y":"5432"\}.?0$' "references' values on a pipe"
options=()
printf '{"data":{"large":"%s"}}' "$(head -c 300000 /dev/zero | tr '\0' x)" >"$TAP_WORK/large"
vault_call POST secret/data/app/large "@$TAP_WORK/large"
options=(--memfd X)
exec_with 'X=vault:secret/data/app/large#large' -- sh -c 'wc -c <"$1"' sh '{}'
out_is 300000 "a value of 300,000 bytes in a memfd"
options=()
exec_with 'X=vault:secret/data/app/large#large' -- true
fails_with 125 'environment variable X: the value of X has 300000 bytes, and the kernel allows' "a value of 300,000 bytes in the environment: exit 125"
exec_with 'NODE_OPTIONS=vault:kv1/app#password' -- true
fails_with 125 'environment variable NODE_OPTIONS: refusing to set NODE_OPTIONS' "a dangerous name: exit 125"
exec_with 'secrets.json=vault:secret/data/app#config' -- sh -c 'echo "$A $B"'
out_is "member 2" "a document: its members become variables"
options=(--check)
exec_with 'X=vault:kv1/app#password' -- true
status_is 0 "--check: exit 0"
out_unlike one "--check: no value is printed"
exec_with 'X=vault:kv1/app#none' -- true
fails_with 125 'key "none" not found' "--check: a missing key"
options=(--init --watch)
exec_with 'X=vault:kv1/app#password' -- true
fails_with 125 'watch.*environment variables' "--watch: the environment does not change: exit 125"
options=(--init)
exec_with 'X=vault:kv1/app#password' -- printenv X
out_is one "--init: the application has the value"

# A restart for another reason reads the references again.
"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app" X='vault:kv1/app#password' \
	"$BIN/secret-exec" --init --watch --watch-interval 100ms --watch-debounce 50ms --watch-max-delay 50ms --secret app -- \
	sh -c 'echo "$A $X" >>"$1"; exec sleep infinity' sh "$TAP_WORK/starts" 2>"$TAP_WORK/watch-log" &
launcher=$!
at_end "kill $launcher 2>/dev/null"
until_true grep -qs . "$TAP_WORK/starts"
vault_call POST kv1/app '{"password":"two"}'
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=changed app >/dev/null
until_true grep -q changed "$TAP_WORK/starts"
is "$(<"$TAP_WORK/starts")" $'sealed one\nchanged two' "--watch: a restart because of a Secret reads KV again"
kill $launcher
wait $launcher
vault_call POST kv1/app '{"password":"one"}'
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=sealed app >/dev/null

# -- vault-env's variables of the Transit key -----------------------------------------------------------

options=()
exec_with "A=$sealed" VAULT_TRANSIT_KEY_ID=aes256-key -- sh -c 'echo "$A"; env | grep -c VAULT_TRANSIT'
out_is $'sealed\n0' "VAULT_TRANSIT_KEY_ID names the Transit key"
vault_call POST team/transit/encrypt/team-key "{\"plaintext\":\"$(printf team | base64)\"}"
team=$(field data.ciphertext)
for mount in team/transit team/transit/; do
	exec_with "A=$team" VAULT_TRANSIT_KEY_ID=team-key "VAULT_TRANSIT_PATH=$mount" "VAULT_TOKEN=$VAULT_TOKEN" -- printenv A
	out_is team "VAULT_TRANSIT_PATH=$mount is its mount"
done
options=(--transit-key aes256-key)
exec_with "A=$sealed" VAULT_TRANSIT_KEY_ID=team-key VAULT_TRANSIT_PATH=team/transit -- printenv A
out_is sealed "--transit-key takes precedence over both variables"
options=()
exec_with "A=$sealed" SECRET_EXEC_TRANSIT_KEY=aes256-key VAULT_TRANSIT_PATH=team/transit -- printenv A
out_is sealed "VAULT_TRANSIT_PATH: only for VAULT_TRANSIT_KEY_ID"
exec_with "A=$sealed" SECRET_EXEC_TRANSIT_KEY=aes256-key VAULT_TRANSIT_KEY_ID=team-key -- true
fails_with 125 'SECRET_EXEC_TRANSIT_KEY and VAULT_TRANSIT_KEY_ID are both set, and differ' "two Transit keys: exit 125"

# -- requests -----------------------------------------------------------------------------------------

# to_bad VARIABLE... : the same against $BAD_URL, which prints A, X, Y and Z
to_bad() {
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" "$@" \
		"$BIN/secret-exec" --transit-key aes256-key --retries 0 -- sh -c 'echo "$A $X $Y $Z"'
}
asked() { awk '{ print $2, $3 }' "$BAD_LOG" | sort; }
bad_vault relay
to_bad "A=$sealed" 'X=vault:secret/data/app#password' 'Y=vault:secret/data/app#port' 'Z=vault:secret/data/app#user#1'
is "$STATUS $OUT" "0 sealed pass word 5432 first" "a relay: the start succeeds"
is "$(asked)" 'GET /v1/secret/data/app
GET /v1/secret/data/app?version=1
POST /v1/auth/kubernetes/login
POST /v1/transit/decrypt/aes256-key' "one request for each path and version"

bad_vault --on GET /v1/secret/data/app 0 "held=$TAP_WORK/go" relay
to_bad "A=$sealed" 'X=vault:secret/data/app#password' Y=y 'Z=vault:secret/data/app#user#1' &
until_true grep -q 'decrypt/aes256-key' "$BAD_LOG"
is "$(asked | grep -c GET)" 2 "the requests run while Transit decrypts"
touch "$TAP_WORK/go"
wait $!

for ((i = 1; i <= 40; i++)); do
	vault_call POST "kv1/app/$i" "{\"x\":\"value $i\"}"
	many+=("MANY_$i=vault:kv1/app/$i#x")
done
exec_with "${many[@]}" -- sh -c 'echo "$MANY_1, $MANY_17, $MANY_40; $(env | grep -c "^MANY_.*=value")"'
out_is "value 1, value 17, value 40; 40" "40 paths"

bad_vault --on GET /v1/secret/ 0 leased relay
to_bad 'X=vault:secret/data/app#password'
fails_with 125 "environment variable X: $path: a dynamic secret, which Vault revokes with the token" "an answer with a lease: exit 125"
for step in code=500 'html=200' big=200 cut echo=400=whole sealed close; do
	bad_vault --on GET /v1/secret/ 0 "$step" relay
	to_bad "A=$sealed" 'X=vault:secret/data/app#password'
	fails_with 125 "environment variable X: $path: Vault" "a bad answer, $step: exit 125"
	err_unlike "pass word|hvs\.|$(tail -c 20 "$STAGE_DIR/pod/app/token")" "a bad answer, $step: no secret in the message"
done

# -- tokens -------------------------------------------------------------------------------------------

before=$(vault_accessors)
exec_with 'X=vault:kv1/app#password' 'Y=vault:kv1/app#none' -- true
status_is 125 "a start that fails: exit 125"
is "$(new_tokens "$before")" 0 "a start that fails: no token is left"
exec_with 'X=vault:kv1/app#password' 'Y=vault:secret/data/app#port' VAULT_ROLE=single-use -- true
fails_with 125 'valid for 1 request, but 2 are needed' "a token for too few requests: exit 125"
# vault-env's variable for all keys of a path.
run env VAULT_ENV_FROM_PATH=secret/data/app "$BIN/secret-exec" --secret 'absent?' -- true
fails_with 125 'VAULT_ENV_FROM_PATH: not supported; write a reference vault:PATH#KEY for each key' "VAULT_ENV_FROM_PATH: exit 125"
run env VAULT_ENV_FROM_PATH=secret/data/app "$BIN/secret-exec" --no-env-config --vault-addr "$VAULT_ADDR" --vault-cacert "$VAULT_CACERT" \
	--role app-kv --service-account-dir "$STAGE_DIR/pod/app" --kubeconfig "$KUBECONFIG" --secret 'absent?' -- printenv VAULT_ENV_FROM_PATH
out_is secret/data/app "VAULT_ENV_FROM_PATH with --no-env-config: not read"

done_testing

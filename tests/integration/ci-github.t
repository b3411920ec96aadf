#!/bin/bash
# A workflow of GitHub Actions: the launcher requests a JWT from GitHub for each login, with the variables of the runner.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
sealed=$(stored app A)
before=$(vault_accessors)
audience=https://kubernetes.default.svc
request_token=gh_0123456789abcdefghij.request

# GitHub's answers: the JWT of app, for the API server's audience or for "vault".
answer() { printf '{"count":%s,"value":"%s"}' "${#1}" "$1"; }
jwt=$(<"$STAGE_DIR/pod/app/token")
kube_call POST /api/v1/namespaces/demo/serviceaccounts/app/token \
	'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["vault"],"expirationSeconds":600}}'
for_vault=$(field status.token)
answer "$jwt" >"$TAP_WORK/jwt.json"
answer "$for_vault" >"$TAP_WORK/vault.json"

# github STEP...: start GitHub's endpoint; set $github to its variables.
path=/123//idtoken/a-b/c%20d
github() {
	bad_server "$@"
	github=(ACTIONS_ID_TOKEN_REQUEST_URL="$BAD_URL$path?api-version=2.0" ACTIONS_ID_TOKEN_REQUEST_TOKEN="$request_token")
}
# launch NAME=VALUE|OPTION...: in a job, with ciphertext in its own environment: needs only Vault.
launch() {
	split_variables "$@"
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR=/nowhere A="$sealed" SSL_CERT_FILE="$BAD_CA" "${github[@]}" "${VARIABLES[@]}" \
		"$BIN/secret-exec" --retries 0 --transit-key aes256-key "${WORDS[@]}" -- env
	unlike "$ERR" "${jwt: -20}|${for_vault: -20}|${request_token:0:12}" "no message contains a JWT or the request token"
}
launches() {
	is "$STATUS $ERR" "0 " "$1"
	like "$OUT" '(^|'$'\n'')A=value' "$1: the value is delivered"
	is "$(new_tokens "$before")" 0 "$1: no token is left"
}
# asked LINE NAME: the requests to GitHub, each "METHOD PATH ... CREDENTIALS"
asked() { is "$(cut -d ' ' -f 2,3,6 "$BAD_LOG")" "$1" "$2"; }

# -- requests -----------------------------------------------------------------------------------------

github "file=$TAP_WORK/jwt.json"
launch --auth-method jwt --role app-jwt
launches "the runner's variables: a login with the method jwt"
asked "GET $path?api-version=2.0 Authorization" "without --audience: one request, for GitHub's default audience"
unlike "$OUT" 'ACTIONS_ID_TOKEN' "the runner's variables are removed from the application's environment"
launch --auth-method jwt --role app-jwt --keep-config=ACTIONS_ID_TOKEN_REQUEST_URL
like "$OUT" "ACTIONS_ID_TOKEN_REQUEST_URL=$BAD_URL" "--keep-config with one of them: the application gets it"
unlike "$OUT" 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' "--keep-config with one of them: the other is removed"
launch --auth-method jwt --role app-jwt --audience "$audience"
launches "--audience: a login"
asked "GET $path?api-version=2.0 Authorization
GET $path?api-version=2.0 Authorization
GET $path?api-version=2.0&audience=https%3A%2F%2Fkubernetes.default.svc Authorization" "--audience: percent-encoded in the query"
github "file=$TAP_WORK/vault.json"
github[0]=ACTIONS_ID_TOKEN_REQUEST_URL=${BAD_URL/https/HTTPS}
launch --auth-method jwt --role app-vault --audience vault
launches "a URL without path and query: a login"
asked "GET /?audience=vault Authorization" "a URL without path and query: the audience begins the query"

github "file=$TAP_WORK/jwt.json"
for login in "VAULT_TOKEN=hvs.nonsense --auth-method kubernetes --role secret-exec --jwt-file $STAGE_DIR/pod/app/token" \
	"--auth-method jwt --role app-jwt --jwt-file $STAGE_DIR/pod/app/token" "VAULT_JWT=$jwt --role app-jwt"; do
	# shellcheck disable=SC2086 # words
	launch $login
	launches "another source of the JWT: a login"
	like "$OUT" "ACTIONS_ID_TOKEN_REQUEST_TOKEN=$request_token" "another source of the JWT: the application gets the runner's variables"
done
requests 0 "another source of the JWT: no request to GitHub"
launch --role app-jwt
fails_with 125 'service-account token: /nowhere/token: No such file.*set VAULT_AUTH_METHOD to jwt' "without a method: the runner's variables are not used"
launch --no-env-config --vault-addr "$VAULT_ADDR" --vault-cacert "$VAULT_CACERT" --auth-method jwt --role app-jwt
fails_with 125 'JWT: /.*/token: No such file' "--no-env-config: the runner's variables are not used"
requests 0 "--no-env-config: no request to GitHub"

# The other programs.
answer "$(<"$STAGE_DIR/pod/sealer/token")" >"$TAP_WORK/sealer.json"
answer "$(<"$STAGE_DIR/pod/rotator/token")" >"$TAP_WORK/rotator.json"
program() {
	github "file=$TAP_WORK/$1.json"
	run env -u VAULT_TOKEN SSL_CERT_FILE="$BAD_CA" "${github[@]}" VAULT_ROLE="$2" VAULT_AUTH_METHOD=jwt "$BIN/$2" --auth-mount kubernetes "${@:3}"
}
program sealer secret-seal --transit-key aes256-key --from-literal B=second app
is "$STATUS $OUT" "0 secret/app updated" "secret-seal logs in"
program rotator secret-rotate -n demo
is "$STATUS ${OUT%%,*}" "0 keys rotated 1" "secret-rotate logs in"

# -- how GitHub is reached ----------------------------------------------------------------------------

github "file=$TAP_WORK/jwt.json"
launch SSL_CERT_FILE="$VAULT_CACERT" --auth-method jwt --role app-jwt
fails_with 125 'JWT from GitHub: GitHub at .*TLS certificate not trusted.*SSL_CERT_FILE' "a certificate that the system does not trust: exit 125"
launch SSL_CERT_FILE="$VAULT_CACERT" VAULT_CACERT="$BAD_CA" --auth-method jwt --role app-jwt
fails_with 125 'TLS certificate not trusted' "a certificate that only VAULT_CACERT trusts: exit 125"
launch SSL_CERT_FILE="$VAULT_CACERT" --vault-skip-verify --auth-method jwt --role app-jwt
like "$STATUS $ERR" '125 .*JWT from GitHub: GitHub at .*TLS certificate not trusted' "--vault-skip-verify: GitHub's certificate is verified"
requests 0 "certificates that are not trusted: no request"
port=$BAD_PORT log=$BAD_LOG
bad_server --plain tunnel
github=(ACTIONS_ID_TOKEN_REQUEST_URL="https://vault.localhost:$port/token?x=y" ACTIONS_ID_TOKEN_REQUEST_TOKEN="$request_token")
launch HTTPS_PROXY="$BAD_URL" --auth-method jwt --role app-jwt
launches "HTTPS_PROXY: a login"
is "$(cut -d ' ' -f 2,3 "$BAD_LOG") $(wc -l <"$log")" "CONNECT vault.localhost:$port 1" "HTTPS_PROXY: used for GitHub"
launch HTTPS_PROXY="$BAD_URL" NO_PROXY=.localhost --auth-method jwt --role app-jwt
is "$(wc -l <"$BAD_LOG") $(wc -l <"$log")" "1 2" "NO_PROXY with GitHub's name: no proxy is used"

# -- errors -------------------------------------------------------------------------------------------

# refuses STEP REGEX NAME: with this answer of GitHub; Vault is not asked.
refuses() {
	local vault_log
	bad_vault relay
	vault_log=$BAD_LOG
	vault=$BAD_URL
	github "$1"
	launch VAULT_ADDR="$vault" VAULT_CACERT="$BAD_CA" --auth-method jwt --role app-jwt --audience "${4-$audience}"
	fails_with 125 "$2" "$3: exit 125"
	is "$(wc -l <"$vault_log")" 0 "$3: no request to Vault"
}
refuses code=403 "JWT from GitHub: GitHub: GET $path: status 403: as scripted; set permissions: id-token: write" "status 403"
refuses code=401 'status 401: as scripted; set permissions' "status 401"
refuses code=404 'status 404: as scripted' "status 404"
refuses code=500 'status 500: as scripted' "status 500"
refuses html=200 'GitHub response: an HTML page' "a page"
refuses big=200 'JWT from GitHub: GitHub .*: the answer is larger' "a large answer"
refuses cut 'JWT from GitHub: ' "half of an answer"
refuses "redirect=302=https://127.0.0.1:1" 'JWT from GitHub: .*redirect' "a redirect"
printf '{"value":5}' >"$TAP_WORK/bad.json"
refuses "file=$TAP_WORK/bad.json" 'JWT from GitHub: GitHub response: no value with a JWT' "an answer without a JWT"
answer "$(printf 'a b')" >"$TAP_WORK/bad.json"
refuses "file=$TAP_WORK/bad.json" 'GitHub response: the JWT contains white space' "a JWT with a space"
answer "${jwt%%.*}" >"$TAP_WORK/bad.json"
refuses "file=$TAP_WORK/bad.json" 'JWT from GitHub: not a JWT' "a value that is not a JWT"
refuses "file=$TAP_WORK/jwt.json" "JWT from GitHub: for the audience $audience, not vault " "a JWT for another audience" vault
bad_vault relay
github=(ACTIONS_ID_TOKEN_REQUEST_URL=http://127.0.0.1:1/ ACTIONS_ID_TOKEN_REQUEST_TOKEN="$request_token")
launch --auth-method jwt --role app-jwt
fails_with 125 'ACTIONS_ID_TOKEN_REQUEST_URL: not an https URL' "a URL of plain http: exit 125"
for url in https://user:hunter2@127.0.0.1:1/ 'https://127.0.0.1:1\@example.com/' https://127.0.0.1:99999/ https:///x 'https://127.0.0.1:1/#x'; do
	github=(ACTIONS_ID_TOKEN_REQUEST_URL="$url" ACTIONS_ID_TOKEN_REQUEST_TOKEN="$request_token")
	launch --auth-method jwt --role app-jwt
	fails_with 125 'ACTIONS_ID_TOKEN_REQUEST_URL: not an https URL of host' "the URL $url: exit 125"
	err_unlike 'hunter2|example' "the URL $url: not in the message"
done
github=(ACTIONS_ID_TOKEN_REQUEST_URL=https://127.0.0.1:1/)
launch --auth-method jwt --role app-jwt
fails_with 125 'only one of ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN is set' "a URL without a token: exit 125"
github=(ACTIONS_ID_TOKEN_REQUEST_TOKEN="$request_token")
launch --auth-method jwt --role app-jwt
fails_with 125 'only one of' "a token without a URL: exit 125"
github "code=500" "file=$TAP_WORK/jwt.json"
run "${POD[@]}" A="$sealed" SSL_CERT_FILE="$BAD_CA" "${github[@]}" "$BIN/secret-exec" --auth-method jwt --role app-jwt --transit-key aes256-key -- printenv A
is "$STATUS $OUT" "0 value" "status 500 once: GitHub is asked again"
done_testing

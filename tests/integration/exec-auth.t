#!/bin/bash
# How secret-exec logs in to Vault: each auth method, its credentials, and the errors for wrong ones.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
pod=$STAGE_DIR/pod/app
sealed=$(stored app A)
before=$(vault_accessors)

# launch NAME=VALUE|OPTION...: as the pod of app, with ciphertext in its own environment: needs Vault alone.
launch() {
	split_variables "$@"
	run as_pod app env A="$sealed" "${VARIABLES[@]}" \
		"$BIN/secret-exec" --transit-key aes256-key "${WORDS[@]}" -- printenv A
}
# launches NAME: the latest run did, without a word, and no token is left.
launches() {
	is "$STATUS $OUT $ERR" "0 value " "$1"
	is "$(new_tokens "$before")" 0 "$1: no token is left"
}

# -- kubernetes ---------------------------------------------------------------------------------------

launch VAULT_ROLE=secret-exec
launches "kubernetes is the default method"
launch VAULT_ROLE=demo VAULT_AUTH_METHOD=kubernetes VAULT_TOKEN=hvs.nonsense
launches "--auth-method takes precedence over a token"
launch BAO_ROLE=secret-exec BAO_AUTH_METHOD=kubernetes
launches "OpenBao's variable names are accepted"
launch SECRET_EXEC_ROLE=app-jwt SECRET_EXEC_AUTH_MOUNT=jwt
launches "another mount: --auth-mount"
launch --role app-jwt --auth-mount nowhere
fails_with 125 'POST /v1/auth/nowhere/login: status 403' "a mount that does not exist: exit 125"
launch --auth-method ldap
fails_with 125 '"ldap": unknown; set VAULT_AUTH_METHOD or --auth-method to kubernetes, jwt, approle, cert or token' "a method that does not exist: exit 125"
launch
fails_with 125 'set VAULT_ROLE, --role' "no role: exit 125"
launch --role app-vault
fails_with 125 'login with role "app-vault".*invalid audience' "a token for another audience: exit 125"

# -- jwt ----------------------------------------------------------------------------------------------

launch --auth-method jwt --role app-jwt
launches "jwt: the pod's own token"
launch --auth-method jwt --role app-jwt --jwt-file "$STAGE_DIR/pod/stranger/token"
fails_with 125 'login with role "app-jwt".*400.*invalid subject.*that the role requires' "jwt: a token of another service account: exit 125"
launch --auth-method jwt --role app-jwt --jwt-file "$STAGE_DIR/pod/app-expired/token"
fails_with 125 'JWT in .*/app-expired/token: expired at' "jwt: an expired token: exit 125"
launch --auth-method jwt
fails_with 125 'login at auth/jwt.*missing role.*role' "jwt: no role, and no default role of the mount: exit 125"
launch --auth-method jwt --role missing
fails_with 125 'role "missing" could not be found' "jwt: a role that does not exist: exit 125"
launch --auth-method jwt --role app-jwt --jwt-file "$TAP_WORK/nothing"
fails_with 125 'JWT: .*/nothing: No such file.*--jwt-file' "jwt: no token: exit 125"

# -- a token by TokenRequest, which the administrator may ask for and the pod may not ------------------

# ask OPTION...: with the administrator's kubeconfig.
ask() {
	run env -u VAULT_TOKEN A="$sealed" "$BIN/secret-exec" --transit-key aes256-key "$@" -- printenv A
}
ask --service-account app --role secret-exec
launches "TokenRequest: the API server's own audience"
ask --service-account app --audience vault --role app-vault
launches "TokenRequest: an audience that the role wants"
ask --service-account app --audience vault --role app-vault --auth-method jwt --token-lifetime 1h
launches "TokenRequest: for the jwt method, with a lifetime"
ask --service-account app --audience other --role app-vault
fails_with 125 'invalid audience' "TokenRequest: an audience that the role does not accept: exit 125"
ask --service-account missing --role secret-exec
fails_with 125 'token of service account demo/missing: .*404.*check the name' "TokenRequest: no such service account: exit 125"
ask -n default --service-account app --role secret-exec
fails_with 125 'token of service account default/app: .*404' "TokenRequest: a service account of another namespace: exit 125"
ask --service-account app --token-lifetime 599s --role secret-exec
fails_with 125 '--token-lifetime 599s: too short for the Kubernetes API; pass at least 600s' "TokenRequest: a lifetime below the API's minimum: exit 125"
ask --service-account app --jwt-file "$pod/token" --role secret-exec
fails_with 125 '--jwt-file and --service-account are both set' "two options for the token: exit 125"
ask --audience vault --jwt-file "$pod/token" --role secret-exec
fails_with 125 '--audience is only for --service-account, and for auth method jwt' "an audience for a token from a file: exit 125"
launch --service-account app --role secret-exec
fails_with 125 'demo/app.*403.*must allow create on serviceaccounts/token' "TokenRequest: a pod without the right: exit 125"
run env -u VAULT_TOKEN "$BIN/secret-seal" --service-account sealer --role secret-seal --from-literal B=second app
is "$STATUS $OUT" "0 secret/app updated" "TokenRequest: secret-seal can use it"
run env -u VAULT_TOKEN "$BIN/secret-rotate" --service-account rotator --role secret-rotate
is "$STATUS ${OUT%%,*}" "0 keys rotated 1" "TokenRequest: secret-rotate can use it"

# An API server that records the request, and answers with the pod's token.
cat >"$TAP_WORK/api.py" <<'PY'
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open(sys.argv[1], "w") as asked:
            json.dump({"path": self.path, "spec": body["spec"]}, asked)
        answer = json.dumps({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                             "status": {"token": open(sys.argv[2]).read()}}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
coproc API { exec /usr/bin/python3 "$TAP_WORK/api.py" "$TAP_WORK/asked" "$pod/token"; }
# shellcheck disable=SC2154 # coproc sets it
at_end "kill $API_PID"
read -r port <&"${API[0]}"
cat >"$TAP_WORK/kubeconfig" <<YAML
current-context: here
contexts: [{name: here, context: {cluster: here, user: me, namespace: team}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:$port"}}]
users: [{name: me, user: {token: t}}]
YAML
ask --kubeconfig "$TAP_WORK/kubeconfig" --service-account robot --audience vault --token-lifetime 30m --role secret-exec
launches "TokenRequest: a token of another API server"
OUT=$(<"$TAP_WORK/asked")
is "$(field path)" /api/v1/namespaces/team/serviceaccounts/robot/token "TokenRequest: the token is requested in the context's namespace"
is "$(field spec)" '{"audiences": ["vault"], "expirationSeconds": 1800}' "TokenRequest: the audience and the lifetime are sent"

# -- approle ------------------------------------------------------------------------------------------

role_id=$(<"$pod/role-id")
secret_id=$(<"$pod/secret-id")
launch VAULT_AUTH_METHOD=approle VAULT_ROLE_ID="$role_id" VAULT_SECRET_ID="$secret_id"
launches "approle: from the environment"
launch BAO_AUTH_METHOD=approle BAO_ROLE_ID="$role_id" BAO_SECRET_ID_FILE="$pod/secret-id"
launches "approle: the secret id from a file"
printf '%s\n' "$secret_id" >"$TAP_WORK/secret-id"
launch --auth-method approle --role-id "$role_id" --secret-id-file "$TAP_WORK/secret-id"
launches "approle: a final newline is dropped"
launch --auth-method approle --role-id "$(<"$pod/role-id-alone")"
launches "approle: a role without a secret id"
launch --auth-method approle
fails_with 125 'no role id; set VAULT_ROLE_ID or --role-id' "approle: no role id: exit 125"
launch --auth-method approle --role-id "$role_id"
fails_with 125 'login at auth/approle.*missing secret_id' "approle: no secret id: exit 125"
launch VAULT_SECRET_ID=wrong --auth-method approle --role-id "$role_id"
fails_with 125 'invalid role or secret ID.*may have expired' "approle: a wrong secret id: exit 125"
launch VAULT_SECRET_ID="$secret_id" --auth-method approle --role-id wrong
fails_with 125 'invalid role or secret ID.*check the role id' "approle: a wrong role id: exit 125"
err_unlike "$secret_id" "approle: a wrong role id: the secret id is not printed"
launch VAULT_SECRET_ID="$secret_id" --auth-method approle --role-id "$role_id" --secret-id-file "$pod/secret-id"
fails_with 125 'unset VAULT_SECRET_ID, or VAULT_SECRET_ID_FILE and --secret-id-file' "approle: two secret ids: exit 125"
launch --auth-method approle --role-id "$role_id" --secret-id-file "$TAP_WORK/nothing"
fails_with 125 'secret id: .*/nothing: No such file' "approle: a file that does not exist: exit 125"
launch VAULT_ROLE_ID="$role_id" VAULT_SECRET_ID="$secret_id" VAULT_ROLE=secret-exec
fails_with 125 'set VAULT_AUTH_METHOD or --auth-method to approle' "a role id with another method: exit 125"
launch --vault-secret-id "$secret_id"
fails_with 125 'command lines; set VAULT_SECRET_ID$' "a secret id as an option: refused"

# -- cert ---------------------------------------------------------------------------------------------

certificate=(VAULT_CLIENT_CERT="$pod/client.crt" VAULT_CLIENT_KEY="$pod/client.key")
other=$STAGE_DIR/pod/stranger
launch "${certificate[@]}" --auth-method cert --role app-cert
launches "cert: login with a role"
launch "${certificate[@]}" VAULT_AUTH_METHOD=cert
launches "cert: login without a role"
launch "${certificate[@]}" --auth-method cert --role missing
fails_with 125 'failed to match all constraints' "cert: a role that does not exist: exit 125"
launch VAULT_CLIENT_CERT="$other/client.crt" VAULT_CLIENT_KEY="$other/client.key" --auth-method cert
fails_with 125 'login at auth/cert.*400.*a role there trusts the certificate' "cert: a certificate that no role trusts: exit 125"
launch --auth-method cert --role app-cert
fails_with 125 'no client certificate; set VAULT_CLIENT_CERT and VAULT_CLIENT_KEY' "cert: no certificate: exit 125"
launch "${certificate[0]}" --auth-method cert
fails_with 125 'only one of VAULT_CLIENT_CERT and VAULT_CLIENT_KEY is set' "cert: no key: exit 125"
launch "${certificate[0]}" VAULT_CLIENT_KEY="$other/client.key" --auth-method cert
fails_with 125 "client certificate rejected: .*match" "cert: the key of another certificate: exit 125"
launch "${certificate[0]}" VAULT_CLIENT_KEY="$TAP_WORK/nothing" --auth-method cert
fails_with 125 "client key .*/nothing: No such file" "cert: a key file that does not exist: exit 125"
launch "${certificate[@]}" VAULT_ROLE=secret-exec
launches "other methods accept a client certificate"

# -- token --------------------------------------------------------------------------------------------

vault_call POST auth/token/create '{"policies":["secret-exec"],"ttl":"1h"}'
[ "$STATUS" = 200 ] || OUT="{\"auth\":{\"client_token\":\"$VAULT_TOKEN\"}}" # secret-dev makes none
field auth.client_token >"$TAP_WORK/sink"
before=$(vault_accessors)
launch VAULT_TOKEN="$(<"$TAP_WORK/sink")"
launches "token: from the environment, neither limited nor revoked"
launch VAULT_TOKEN_FILE="$TAP_WORK/sink"
launches "token: from a file with a final newline, as Vault Agent writes it"
launch --token-file "$TAP_WORK/sink" --auth-method token
launches "token: named as the method"
launch --token-file "$TAP_WORK/sink" --auth-method kubernetes --role secret-exec --token-file "$TAP_WORK/nothing"
launches "token: the file is not read with another method"
launch --auth-method token
fails_with 125 'no token; set VAULT_TOKEN, VAULT_TOKEN_FILE or --token-file' "token: none: exit 125"
launch VAULT_TOKEN=hvs.x --token-file "$TAP_WORK/sink"
fails_with 125 'a Vault token and a token file are both set' "token: two of them: exit 125"
launch --token-file "$TAP_WORK/nothing"
fails_with 125 'Vault token: .*/nothing: No such file' "token: a file that does not exist: exit 125"
printf '{"token":"hvs.wrapping","accessor":"","ttl":300,"creation_path":"sys/wrapping/wrap"}' >"$TAP_WORK/wrapped"
launch --token-file "$TAP_WORK/wrapped"
fails_with 125 "wrapped or encrypted.*remove wrap_ttl, dh_type and dh_path" "token: a wrapping token: exit 125"
err_unlike hvs.wrapping "token: a wrapping token is not printed"
launch VAULT_TOKEN=hvs.nonsense
fails_with 125 'decrypt with Transit key transit/aes256-key: .*403: .*permission denied.*get another Vault token' "token: an invalid one: exit 125"

# -- tokens for a few requests ------------------------------------------------------------------------

"$BIN/secret-seal" --transit-key derived-key --from-literal C=third second >/dev/null
# Two Secrets sealed with different Transit keys, which takes two requests.
two_keys() {
	run env -u VAULT_TOKEN SECRETMANAGER_SERVICE_ACCOUNT_DIR="$pod" VAULT_ROLE="$1" \
		"$BIN/secret-exec" --secret app --secret second -- printenv A C
}
before=$(vault_accessors)
two_keys single-use
fails_with 125 'valid for 1 request, but 2 are needed.*raise token_num_uses of the role to 2' "a token for one request, with two requests: exit 125"
is "$(new_tokens "$before")" 0 "a token for one request, with two requests: not used"
two_keys two-uses
is "$STATUS $OUT $ERR" "0 value"$'\n'"third " "a token for two requests: the start succeeds"
is "$(new_tokens "$before")" 0 "a token for two requests: used up"

# -- the application's environment --------------------------------------------------------------------

own=(VAULT_AUTH_METHOD=approle VAULT_ROLE_ID="$role_id" VAULT_SECRET_ID="$secret_id" VAULT_ROLE=x
	BAO_AUTH_METHOD=approle BAO_ROLE_ID="$role_id" BAO_SECRET_ID="$secret_id" BAO_ROLE=x
	VAULT_TOKEN=hvs.x BAO_TOKEN=hvs.x VAULT_TOKEN_FILE=/x BAO_TOKEN_FILE=/x "${certificate[@]}"
	SECRET_EXEC_AUTH_MOUNT=approle SECRET_EXEC_TOKEN_LIFETIME=1h)
run as_pod app env A="$sealed" "${own[@]}" "$BIN/secret-exec" --transit-key aes256-key -- env
is "$STATUS" 0 "a start with every credential variable: succeeds"
is "$(grep -E '^(VAULT|BAO|SECRET_EXEC)_' <<<"$OUT")" "" "credential variables are removed from the application's environment"
run as_pod app env VAULT_SECRET_ID_FILE="$pod/secret-id" BAO_SECRET_ID_FILE="$pod/secret-id" A="$sealed" \
	"$BIN/secret-exec" --role secret-exec --transit-key aes256-key -- env
is "$(grep -E '^(VAULT|BAO|SECRET_EXEC)_' <<<"$OUT")" "" "the variable of the secret id's file is removed too"
run as_pod app env "${own[@]}" "$BIN/secret-exec" --print-config
is "$STATUS" 0 "--print-config with credentials"
like "$OUT" 'role-id: '"$role_id"' \(VAULT_ROLE_ID\)' "--print-config shows the role id"
like "$OUT" 'vault-secret-id: set, not shown \(VAULT_SECRET_ID\)' "--print-config shows that a secret id is set"
unlike "$OUT" "$secret_id" "--print-config does not show the secret id"

# A signal ends a start that waits for a credential.
mkfifo "$TAP_WORK/silent"
exec 6<>"$TAP_WORK/silent"
"${POD[@]}" A="$sealed" "$BIN/secret-exec" --token-file "$TAP_WORK/silent" --transit-key aes256-key -- true 2>"$TAP_WORK/err" &
launcher=$!
opened() { find "/proc/$launcher/fd" -lname "$TAP_WORK/silent" 2>/dev/null | grep -q .; }
until opened || ! kill -0 "$launcher"; do :; done
while kill -TERM "$launcher" 2>/dev/null; do :; done
STATUS=0
wait "$launcher" || STATUS=$?
is "$STATUS" 143 "a signal while a token's file is read ends the start"

done_testing

#!/bin/bash
# If a server's error repeats the request (whole, cut, escaped, in base64), messages show no credential and no value of it.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 0)
FORMS=(whole cut escaped url base64 base64url)

# hides NAME FILE...: stderr contains no 8 characters of the files, also within base64; its lines have at most 1,100 bytes, and
# asterisks in place of the content.
hides() {
	local name=$1 found
	shift
	found=$(/usr/bin/python3 -I - "$TAP_WORK/err" "$@" <<'END'
import base64, sys
text = open(sys.argv[1]).read()
for path in sys.argv[2:]:
    secret = open(path, "rb").read().rstrip(b"\n")
    forms = [secret.decode()]
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")[[0, 2, 3][before]:-1]
        forms += [encoded, encoded.translate(str.maketrans("+/", "-_"))]
    for form in forms:
        for at in range(max(1, len(form) - 7)):
            if form[at:at + 8] in text:
                print(f"{path}: {form[at:at + 3]}... at {text.index(form[at:at + 8])}")
                sys.exit()
if max(map(len, text.splitlines()), default=0) > 1100:
    print("too long")
if "***" not in text:
    print("nothing was replaced: " + text)
END
	)
	is "$found" "" "$name"
}
printf %s "$VAULT_TOKEN" >"$TAP_WORK/token"
jwt=$BAD_POD/token

for form in "${FORMS[@]}"; do
	bad_vault --on POST login 0 "echo=400=$form" relay
	launch "VAULT_ADDR=$BAD_URL"
	gives_up "login with role .*status 400: " "a repeated login ($form): exit 125"
	hides "a repeated login ($form): the JWT is not shown" "$jwt"
	bad_vault --on POST decrypt 0 "echo=403=$form" relay
	launch "VAULT_ADDR=$BAD_URL"
	gives_up "decrypt .*status 403: " "a repeated decryption ($form): exit 125"
	err_unlike 'X-Vault-Token(: |%3A%20)[^*]' "a repeated decryption ($form): the token is not shown"
	like "$ERR" '\*\*\*' "a repeated decryption ($form): asterisks replace the token"
	bad_api "echo=403=$form"
	launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
	gives_up "Secret demo/app: .*status 403: Scripted: " "a repeated request for a Secret ($form): exit 125"
	hides "a repeated request for a Secret ($form): the bearer token is not shown" "$jwt"
done
for answer in "echo-items=200=whole" "echo-items=400=base64"; do
	bad_vault --on POST decrypt 0 "$answer" relay
	launch "VAULT_ADDR=$BAD_URL"
	is "$STATUS" 125 "an item's error with the request ($answer): exit 125"
	err_unlike 'X-Vault-Token: [^*]' "an item's error with the request ($answer): the token is not shown"
	like "$ERR" '\*\*\*' "an item's error with the request ($answer): asterisks replace the token"
done

# The JWT in the headers of an inline login.
for form in "${FORMS[@]}"; do
	bad_vault --on POST decrypt 0 "echo=403=$form" relay
	launch "VAULT_ADDR=$BAD_URL" SECRET_EXEC_AUTH_INLINE=true SECRET_EXEC_VERBOSE=true
	gives_up "decrypt .*status 403: " "a repeated inline login ($form): exit 125"
	hides "a repeated inline login ($form): the JWT is not shown" "$jwt"
	launch "VAULT_ADDR=$BAD_URL" SECRET_EXEC_AUTH_INLINE=if-possible SECRET_EXEC_VERBOSE=true
	hides "a repeated inline login, then a token ($form): the JWT is not shown" "$jwt"
done
for answer in "echo-items=200=whole" "echo-items=400=base64url"; do
	bad_vault --on POST decrypt 0 "$answer" relay
	launch "VAULT_ADDR=$BAD_URL" SECRET_EXEC_AUTH_INLINE=true
	is "$STATUS" 125 "an item's error with an inline login ($answer): exit 125"
	hides "an item's error with an inline login ($answer): the JWT is not shown" "$jwt"
done

# A JWT in a variable, and the token with which a job requests a JWT from GitHub.
printf %s 'gh/request+token=0123456789' >"$TAP_WORK/request-token"
for form in "${FORMS[@]}"; do
	bad_vault --on POST login 0 "echo=400=$form" relay
	launch "VAULT_ADDR=$BAD_URL" "VAULT_JWT=$(<"$jwt")"
	gives_up "login with role .*status 400: " "a repeated login with VAULT_JWT ($form): exit 125"
	hides "a repeated login with VAULT_JWT ($form): the JWT is not shown" "$jwt"
	bad_server "echo=403=$form"
	launch "ACTIONS_ID_TOKEN_REQUEST_URL=$BAD_URL/token?x=y" "ACTIONS_ID_TOKEN_REQUEST_TOKEN=$(<"$TAP_WORK/request-token")" \
		"SSL_CERT_FILE=$BAD_CA" SECRET_EXEC_AUTH_METHOD=jwt SECRET_EXEC_VERBOSE=true
	gives_up "JWT from GitHub: .*status 403: " "a repeated request to GitHub ($form): exit 125"
	hides "a repeated request to GitHub ($form): the request token is not shown" "$TAP_WORK/request-token"
done

# A role's secret id, with characters that JSON and URLs escape.
printf '%s' 'ed"ge\case/0+1=id' >"$TAP_WORK/secret-id"
for form in "${FORMS[@]}"; do
	bad_vault --on POST login 0 "echo=400=$form" relay
	launch "VAULT_ADDR=$BAD_URL" VAULT_ROLE_ID=role "VAULT_SECRET_ID_FILE=$TAP_WORK/secret-id" SECRET_EXEC_AUTH_METHOD=approle
	gives_up "login at auth/approle: .*status 400: " "a repeated login by approle ($form): exit 125"
	hides "a repeated login by approle ($form): the secret id is not shown" "$TAP_WORK/secret-id"
done

# The other programs: the values that are sealed, and a person's token.
printf '%s' 'the value: 0+1/2 "quoted" of a \ database' >"$TAP_WORK/value"
admin() { env "VAULT_CACERT=$BAD_CA" "$@"; }
for form in "${FORMS[@]}"; do
	bad_vault --on POST encrypt 0 "echo=400=$form" relay
	run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
	fails_with 1 'encrypt .*status 400: ' "a repeated encryption ($form): exit 1"
	hides "a repeated encryption ($form): neither value nor token is shown" "$TAP_WORK/value" "$TAP_WORK/token"
	bad_vault --on POST rewrap 0 "echo=400=$form" relay
	run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-rotate" --retries 0 -n demo
	status_is 1 "a repeated rewrap ($form): exit 1"
	hides "a repeated rewrap ($form): the token is not shown" "$TAP_WORK/token"
done
bad_vault --on POST encrypt 0 "echo-items=200=whole" relay
run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
fails_with 1 '' "an item's error with an encryption: exit 1"
hides "an item's error with an encryption: neither value nor token is shown" "$TAP_WORK/value" "$TAP_WORK/token"
bad_vault --on POST decrypt 0 "echo-items=200=whole" relay
run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
hides "an item's error with the decryption for comparison: neither value nor token is shown" "$TAP_WORK/value" "$TAP_WORK/token"

# The API server's bearer token.
for form in "${FORMS[@]}"; do
	bad_api "echo=403=$form"
	bad_kubeconfig "$TAP_WORK/config"
	run env KUBECONFIG="$TAP_WORK/config" "$BIN/secret-seal" --retries 0 --set B=other app
	fails_with 1 'status 403: Scripted: ' "secret-seal, a repeated request to the API server ($form): exit 1"
	hides "secret-seal, a repeated request to the API server ($form): the bearer token is not shown" "$STAGE_ADMIN_TOKEN"
	run env KUBECONFIG="$TAP_WORK/config" "$BIN/secret-rotate" --retries 0 -n demo
	status_is 1 "secret-rotate, a repeated request to the API server ($form): exit 1"
	hides "secret-rotate, a repeated request to the API server ($form): the bearer token is not shown" "$STAGE_ADMIN_TOKEN"
done

# A proxy's password, with plain http through the proxy.
LAUNCH+=(--vault-skip-verify)
printf %s 'hunter2+proxy/word' >"$TAP_WORK/password"
for form in "${FORMS[@]}"; do
	bad_server --plain "echo=400=$form"
	launch VAULT_ADDR=http://vault.example:8200 \
		"HTTP_PROXY=http://user:hunter2%2Bproxy%2Fword@127.0.0.1:$BAD_PORT" "http_proxy=http://user:hunter2%2Bproxy%2Fword@127.0.0.1:$BAD_PORT"
	is "$STATUS" 125 "a request repeated by a proxy ($form): exit 125"
	hides "a request repeated by a proxy ($form): neither its password nor the JWT is shown" "$TAP_WORK/password" "$jwt"
done

LAUNCH=(--retries 0)

# A redirect's target.
bad_vault --on POST login 0 "redirect=302=https://$(cut -c1-60 "$jwt" | tr -d _-).example" relay
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*redirect to https://\*" "a redirect to a host with the JWT in its name: exit 125"
hides "a redirect to a host with the JWT in its name: the JWT is not shown" <(cut -c1-60 "$jwt" | tr -d _-)
LAUNCH+=(--verbose)
bad_vault --on POST login 0 "redirect=307=https://$(cut -c1-60 "$jwt" | tr -d _-).localhost:1" relay
launch "VAULT_ADDR=$BAD_URL"
like "$STATUS $ERR" '125 .*redirect to https://\*\*\*.*\(redirected from .*\)' "a standby's redirect to a host with the JWT in its name: exit 125"
sed -n '/redirect/p' "$TAP_WORK/err" >"$TAP_WORK/lines" && mv "$TAP_WORK/lines" "$TAP_WORK/err"
hides "a standby's redirect to a host with the JWT in its name: the JWT is not shown" <(cut -c1-60 "$jwt" | tr -d _-)

done_testing

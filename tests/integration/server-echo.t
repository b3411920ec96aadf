#!/bin/bash
# A server's error that repeats the request shows no credential and no value of it: whole, cut, escaped, in base64.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 0)
FORMS=(whole cut escaped url base64 base64url)

# hides NAME FILE...: stderr holds nothing of the files' contents: no 8 characters of it, also within base64; and it is one
# line of at most 1,100 bytes that has asterisks in their place.
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
	gives_up "login with role .*status 400: " "a login that is repeated ($form)"
	hides "shows nothing of the JWT" "$jwt"
	bad_vault --on POST decrypt 0 "echo=403=$form" relay
	launch "VAULT_ADDR=$BAD_URL"
	gives_up "decrypt .*status 403: " "a decryption that is repeated"
	err_unlike 'X-Vault-Token(: |%3A%20)[^*]' "shows nothing of the token"
	like "$ERR" '\*\*\*' "in its place are asterisks"
	bad_api "echo=403=$form"
	launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
	gives_up "Secret demo/app: .*status 403: Scripted: " "a Secret's request that is repeated"
	hides "shows nothing of the bearer token" "$jwt"
done
for answer in "echo-items=200=whole" "echo-items=400=base64"; do
	bad_vault --on POST decrypt 0 "$answer" relay
	launch "VAULT_ADDR=$BAD_URL"
	is "$STATUS" 125 "an item's error that repeats the request"
	err_unlike 'X-Vault-Token: [^*]' "shows nothing of the token"
	like "$ERR" '\*\*\*' "in its place are asterisks"
done

# A role's secret id, with characters that JSON and URLs escape.
printf '%s' 'ed"ge\case/0+1=id' >"$TAP_WORK/secret-id"
for form in "${FORMS[@]}"; do
	bad_vault --on POST login 0 "echo=400=$form" relay
	launch "VAULT_ADDR=$BAD_URL" VAULT_ROLE_ID=role "VAULT_SECRET_ID_FILE=$TAP_WORK/secret-id" SECRET_EXEC_AUTH_METHOD=approle
	gives_up "login at auth/approle: .*status 400: " "a login by approle that is repeated ($form)"
	hides "shows nothing of the secret id" "$TAP_WORK/secret-id"
done

# The other programs: the values that are sealed, and a person's token.
printf '%s' 'the value: 0+1/2 "quoted" of a \ database' >"$TAP_WORK/value"
admin() { env "VAULT_CACERT=$BAD_CA" "$@"; }
for form in "${FORMS[@]}"; do
	bad_vault --on POST encrypt 0 "echo=400=$form" relay
	run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
	fails_with 1 'encrypt .*status 400: ' "an encryption that is repeated ($form)"
	hides "shows nothing of the value and of the token" "$TAP_WORK/value" "$TAP_WORK/token"
	bad_vault --on POST rewrap 0 "echo=400=$form" relay
	run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-rotate" --retries 0 -n demo
	status_is 1 "a rewrapping that is repeated"
	hides "shows nothing of the token" "$TAP_WORK/token"
done
bad_vault --on POST encrypt 0 "echo-items=200=whole" relay
run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
fails_with 1 '' "an item's error that repeats the request"
hides "shows nothing of the value and of the token" "$TAP_WORK/value" "$TAP_WORK/token"
bad_vault --on POST decrypt 0 "echo-items=200=whole" relay
run admin "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --retries 0 --from-file "B=$TAP_WORK/value" app
hides "nor does one when it is read back" "$TAP_WORK/value" "$TAP_WORK/token"

# The API server's bearer token, of both.
for form in "${FORMS[@]}"; do
	bad_api "echo=403=$form"
	bad_kubeconfig "$TAP_WORK/config"
	run env KUBECONFIG="$TAP_WORK/config" "$BIN/secret-seal" --retries 0 --set B=other app
	fails_with 1 'status 403: Scripted: ' "secret-seal's request to the API server ($form)"
	hides "shows nothing of the bearer token" "$STAGE_ADMIN_TOKEN"
	run env KUBECONFIG="$TAP_WORK/config" "$BIN/secret-rotate" --retries 0 -n demo
	status_is 1 "secret-rotate's"
	hides "shows nothing of it either" "$STAGE_ADMIN_TOKEN"
done

# A proxy's password, where plain http goes through it.
LAUNCH+=(--vault-skip-verify)
printf %s 'hunter2+proxy/word' >"$TAP_WORK/password"
for form in "${FORMS[@]}"; do
	bad_server --plain "echo=400=$form"
	launch VAULT_ADDR=http://vault.example:8200 \
		"HTTP_PROXY=http://user:hunter2%2Bproxy%2Fword@127.0.0.1:$BAD_PORT" "http_proxy=http://user:hunter2%2Bproxy%2Fword@127.0.0.1:$BAD_PORT"
	is "$STATUS" 125 "a proxy that repeats the request ($form)"
	hides "shows nothing of its password and of the JWT" "$TAP_WORK/password" "$jwt"
done

LAUNCH=(--retries 0)

# A redirect's target.
bad_vault --on POST login 0 "redirect=302=https://$(cut -c1-60 "$jwt" | tr -d _-).example" relay
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*redirect to https://\*" "a redirect to a host that is named as the JWT"
hides "is not shown" <(cut -c1-60 "$jwt" | tr -d _-)
LAUNCH+=(--verbose)
bad_vault --on POST login 0 "redirect=307=https://$(cut -c1-60 "$jwt" | tr -d _-).localhost:1" relay
launch "VAULT_ADDR=$BAD_URL"
like "$STATUS $ERR" '125 .*redirect to https://\*\*\*.*\(redirected from .*\)' "a standby's redirect to such a host"
sed -n '/redirect/p' "$TAP_WORK/err" >"$TAP_WORK/lines" && mv "$TAP_WORK/lines" "$TAP_WORK/err"
hides "is not shown either" <(cut -c1-60 "$jwt" | tr -d _-)

done_testing

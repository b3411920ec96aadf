#!/bin/bash
# A login in the headers of another request: Vault ignores it; OpenBao 2.4 and newer serve the request.
# secret-dev simulates both.  With OPENBAO=yes, the stage's real server is OpenBao.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

prefix=X-Vault-Inline-Auth
# parameter NAME JSON: a header line
parameter() { printf '%s-Parameter-%s: %s\n' $prefix "$1" "$(printf %s "$2" | base64 -w0 | tr '+/' '-_' | tr -d =)"; }
# login_of METHOD ROLE ACCOUNT: the header lines of a login
login_of() {
	printf '%s-Path: auth/%s/login\n' $prefix "$1"
	parameter role "{\"key\":\"role\",\"value\":\"$2\"}"
	parameter jwt "{\"key\":\"jwt\",\"value\":\"$(<"$STAGE_DIR/pod/$3/token")\"}"
}
# inline LINES: decrypt with these header lines and without a token; also set $MARK to the value of the response's mark.
inline() {
	: >"$TAP_WORK/headers"
	STATUS=$(curl -sS --noproxy '*' --cacert "$VAULT_CACERT" -X POST -o "$TAP_WORK/body" -D "$TAP_WORK/headers" -w '%{http_code}' \
		-H @<(printf '%s\n' "$1") --data-binary "{\"ciphertext\":\"$ciphertext\"}" "$VAULT_ADDR/v1/transit/decrypt/${2-aes256-key}")
	OUT=$(<"$TAP_WORK/body")
	MARK=$(sed -n "s/^$prefix-Failed: \(.*\)\r$/\1/Ip" "$TAP_WORK/headers")
}
seal() {
	vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf value | base64)\"}"
	ciphertext=$(field data.ciphertext)
	before=$(vault_accessors)
}
# refused STATUS MESSAGE MARK NAME
refused() {
	is "$STATUS $MARK" "$1 $3" "$4: status and mark"
	like "$(field errors.0)" "$2" "$4: message"
}

# -- Vault ----------------------------------------------------------------------------------------

if [ -z "${OPENBAO-}" ]; then
	stage_start
	seal
	inline "$(login_of kubernetes secret-exec app)"
	refused 403 '^permission denied$' '' "Vault: an inline login"
	inline "$(login_of kubernetes missing app)"
	refused 403 '^permission denied$' '' "Vault: an inline login with a role that does not exist"
	inline "$(login_of kubernetes secret-exec app)"$'\n'"X-Vault-Token: $VAULT_TOKEN"
	is "$STATUS $(field data.plaintext)" "200 $(printf value | base64)" "Vault: an inline login beside a token is ignored"
	[ "$STAGE" = dev ] || done_testing
fi

# -- OpenBao --------------------------------------------------------------------------------------

export SECRET_DEV_VAULT_INLINE_AUTH=true
stage_start
seal
failed='^failed to perform inline authentication: '
for login in "kubernetes secret-exec" "kubernetes demo" "kubernetes long" "jwt app-jwt"; do
	# shellcheck disable=SC2086 # two words
	inline "$(login_of $login app)"
	is "$STATUS $(field data.plaintext) $MARK" "200 $(printf value | base64) " "a login by $login"
done
is "$(new_tokens "$before")" 0 "no login creates a token"
inline "$(login_of kubernetes narrow app)"
refused 403 '^1 error occurred:.*permission denied' '' "a role without the policy"
inline "$(login_of kubernetes single-use app)"
refused 500 'internal error' '' "a role with token_num_uses"

inline "$(login_of kubernetes missing app)"
refused 400 '^invalid role name "missing"$' true "a role that does not exist"
inline "$(login_of kubernetes secret-exec stranger)"
refused 403 "${failed}service account name not authorized" '' "another service account"
inline "$(login_of kubernetes app-vault app)"
refused 403 "${failed}invalid audience" '' "another audience"
inline "$(login_of nowhere secret-exec app)"
refused 403 '^permission denied$' true "a mount that does not exist"
inline "$(login_of jwt missing app)"
refused 400 '^role "missing" could not be found$' true "jwt: a role that does not exist"
inline "$(login_of jwt app-jwt stranger)"
refused 400 '^error validating (token|claims)' true "jwt: another service account"

login=$(login_of kubernetes secret-exec app)
inline "$login"$'\n'"X-Vault-Token: $VAULT_TOKEN"
refused 500 "${failed}cannot layer inline authentication with token authentication" '' "a login and a token"
inline "$login"$'\n'"$prefix-Path: auth/jwt/login"
refused 500 "${failed}expected exactly one value for $prefix-Path" '' "two paths"
inline "$login"$'\n'"$prefix-Operation: delete"
refused 500 "${failed}expected a valid login operation in $prefix-Operation" '' "an operation that is not a login"
inline "$login"$'\n'"$prefix-Operation: update"
is "$STATUS" 200 "an operation that is a login"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$prefix-Parameter-jwt: =!"
refused 500 "${failed}failed raw url-safe base64 decoding header value" '' "a parameter that is not base64url"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$(parameter jwt 'text')"
refused 500 "${failed}failed json decoding header value" '' "a parameter that is not JSON"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$(parameter jwt '{"value":"a"}')"
refused 500 "${failed}decoded header lacked .key. field" '' "a parameter without a key"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$(parameter jwt '{"key":1,"value":"a"}')"
refused 500 "${failed}decoded header had incorrect type for .key. field" '' "a parameter whose key is a number"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$(parameter jwt '{"key":"jwt"}')"
refused 500 "${failed}decoded header lacked .value. field" '' "a parameter without a value"
inline "$prefix-Path: auth/kubernetes/login"$'\n'"$(parameter jwt '{"key":"jwt","value":"a","more":1}')"
refused 500 "${failed}unexpected field in decoded request parameter" '' "a parameter with another member"
is "$(new_tokens "$before")" 0 "no refused login creates a token"
done_testing

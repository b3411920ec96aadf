#!/bin/bash
# Login with a service account's JWT, and the use of the token.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
plaintext=$(printf value | base64)
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$plaintext\"}"
ciphertext=$(field data.ciphertext)

# login ROLE JWT: without a token, as a pod does.
login() { VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login "{\"role\":\"$1\",\"jwt\":\"$2\"}"; }
jwt() { cat "$STAGE_DIR/pod/$1/token"; }
decrypt() { vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$ciphertext\"}"; }
# refused STATUS MESSAGE NAME
refused() {
	is "$STATUS" "$1" "$3: status"
	like "$(field errors)" "$2" "$3: message"
}

# -- tokens by role -------------------------------------------------------------------------------

# gives ROLE ACCOUNT TYPE SECONDS USES RENEWABLE
gives() {
	login "$1" "$(jwt "$2")"
	is "$STATUS" 200 "$2 logs in with role $1"
	is "$(field auth.token_type) $(field auth.lease_duration) $(field auth.num_uses) $(field auth.renewable)" \
		"$3 $4 $5 $6" "role $1: token type, lease, uses, renewable"
}
gives secret-exec app batch 10 0 false
like "$(field auth.client_token)" '^(hvb\.|b\.)[A-Za-z0-9_-]{50,}$' "role secret-exec: the form of a batch token"
is "$(field auth.policies)" '["secret-exec"]' "role secret-exec: policies"
is "$(field auth.metadata.role) $(field auth.metadata.service_account_name) $(field auth.metadata.service_account_namespace)" \
	"secret-exec app demo" "role secret-exec: metadata"
gives secret-seal sealer batch 10 0 false
gives secret-rotate rotator batch 10 0 false
gives demo app service 10 0 true
like "$(field auth.client_token)" '^(hvs\.|s\.)[A-Za-z0-9_-]{20,}$' "role demo: the form of a service token"
gives demo sealer service 10 0 true
gives demo rotator service 10 0 true
gives long app service 3600 0 true
gives narrow app batch 10 0 false

# -- rejected logins --------------------------------------------------------------------------------

login missing "$(jwt app)"
refused 400 'invalid role name \\"missing\\"' "a missing role"
login '' "$(jwt app)"
refused 400 'missing role' "an empty role"
login secret-exec ''
refused 400 'missing jwt' "an empty JWT"
login secret-exec not.a.jwt
refused 403 'permission denied' "a malformed JWT"
good=$(jwt app)
forged=${good%.*}.$(printf %s "${good##*.}" | rev)
login secret-exec "$forged"
refused 403 'permission denied' "a JWT with a wrong signature"
login secret-exec "$(jwt stranger)"
refused 403 'service account name not authorized' "a service account that the role does not name"
login secret-seal "$(jwt app)"
refused 403 'service account name not authorized' "the role of another account"
login secret-exec "$(jwt app-expired)"
refused 403 'invalid expiration time \(exp\) claim: token is expired' "an expired JWT"
login secret-exec "$good"$'\n'
refused 400 "failed to parse JSON input: invalid character '.*n' in string literal" "a JWT with a final newline"
login secret-exec "$good\\n"
is "$STATUS" 200 "a JWT with a final newline, escaped: status 200"
VAULT_CALL_TOKEN='' vault_call POST auth/elsewhere/login "{\"role\":\"secret-exec\",\"jwt\":\"$good\"}"
refused 403 'permission denied' "a missing auth mount"
VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login 'not json'
refused 400 'failed to parse JSON input' "a body that is not JSON"

# -- use of the token -------------------------------------------------------------------------------

login secret-exec "$good"
VAULT_CALL_TOKEN=$(field auth.client_token)
decrypt
is "$STATUS $(field data.plaintext)" "200 $plaintext" "a batch token decrypts: status 200"
decrypt
is "$STATUS" 200 "a batch token decrypts again: status 200"
vault_call POST auth/token/revoke-self
refused 400 'batch tokens cannot be revoked' "a batch token cannot be revoked"

login single-use "$good"
is "$(field auth.token_type) $(field auth.num_uses)" "service 1" "role single-use: a service token for one use"
VAULT_CALL_TOKEN=$(field auth.client_token)
decrypt
is "$STATUS $(field data.plaintext)" "200 $plaintext" "a single-use token decrypts once: status 200"
decrypt
refused 403 'permission denied' "a single-use token does not decrypt twice"

login demo "$good"
VAULT_CALL_TOKEN=$(field auth.client_token)
decrypt
is "$STATUS" 200 "a service token decrypts: status 200"
vault_call POST auth/token/revoke-self
is "$STATUS$OUT" 204 "a service token revokes itself: status 204 without a body"
decrypt
refused 403 'permission denied' "a revoked token does not decrypt"
vault_call POST auth/token/revoke-self
refused 403 'permission denied' "a revoked token cannot be revoked again"

login narrow "$good"
VAULT_CALL_TOKEN=$(field auth.client_token)
decrypt
refused 403 'permission denied' "a token whose policy does not allow decrypt"
VAULT_CALL_TOKEN=
decrypt
refused 403 'permission denied' "a request without a token"
VAULT_CALL_TOKEN=hvs.nonsense
decrypt
refused 403 'permission denied' "a malformed token"
done_testing

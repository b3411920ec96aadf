#!/bin/bash
# Logins by the auth methods jwt, approle and cert, and by a JWT with Vault's own audience.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
plaintext=$(printf value | base64)
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$plaintext\"}"
ciphertext=$(field data.ciphertext)

# login METHOD BODY: without a token, as a pod does.
login() { VAULT_CALL_TOKEN='' vault_call POST "auth/$1/login" "$2"; }
pod() { cat "$STAGE_DIR/pod/$1"; }
# jwt_for AUDIENCE: of service account app
jwt_for() {
	kube_call POST /api/v1/namespaces/demo/serviceaccounts/app/token \
		"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{\"audiences\":[\"$1\"],\"expirationSeconds\":600}}"
	field status.token
}
# gives TYPE METADATA NAME: the latest login's token, which decrypts
gives() {
	is "$STATUS" 200 "$3"
	is "$(field auth.token_type) $(field auth.lease_duration) $(field auth.num_uses) $(field auth.policies)" \
		"$1 10 0 [\"secret-exec\"]" "$3: token type, lease, uses, policies"
	is "$(field "auth.metadata.${2%%=*}")" "${2#*=}" "$3: metadata"
	VAULT_CALL_TOKEN=$(field auth.client_token) \
		vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$ciphertext\"}"
	is "$(field data.plaintext)" "$plaintext" "$3: its token decrypts"
}
# refused STATUS MESSAGE NAME
refused() {
	is "$STATUS" "$1" "$3: status"
	like "$(field errors)" "$2" "$3: message"
}

# -- jwt --------------------------------------------------------------------------------------------

# jwt ROLE JWT
jwt() { login jwt "{\"role\":\"$1\",\"jwt\":\"$2\"}"; }
good=$(pod app/token)
for_vault=$(jwt_for vault)
jwt app-jwt "$good"
gives batch role=app-jwt "jwt"
jwt app-vault "$for_vault"
gives batch role=app-vault "jwt: a token with audience vault"
jwt app-jwt "$good\\n"
is "$STATUS" 200 "jwt: a final newline, escaped, is ignored"
jwt missing "$good"
refused 400 'role \\"missing\\" could not be found' "jwt: a missing role"
login jwt "{\"jwt\":\"$good\"}"
refused 400 'missing role' "jwt: a request without a role"
login jwt '{"role":"app-jwt"}'
refused 400 'missing token' "jwt: a request without a JWT"
for bad in abc not.a.jwt "${good%.*}.$(printf %s "${good##*.}" | rev)"; do
	jwt app-jwt "$bad"
	refused 400 'error validating token: error verifying token signature: ' "jwt: a malformed or forged token, ${bad:0:3}..."
done
jwt app-jwt "$(pod app-expired/token)"
refused 400 'error validating token: invalid expiration time \(exp\) claim: token is expired' "jwt: an expired token"
jwt app-jwt "$(pod stranger/token)"
refused 400 'error validating token: invalid subject \(sub\) claim' "jwt: a service account that the role does not name"
jwt app-jwt "$for_vault"
refused 400 'invalid audience \(aud\) claim: audience claim does not match' "jwt: a token with another audience than the role's"

# -- kubernetes, with an audience --------------------------------------------------------------------

login kubernetes "{\"role\":\"app-vault\",\"jwt\":\"$for_vault\"}"
gives batch service_account_name=app "kubernetes: a token with audience vault"
login kubernetes "{\"role\":\"app-vault\",\"jwt\":\"$good\"}"
refused 403 'invalid audience \(aud\) claim: audience claim does not match' "kubernetes: a token with another audience than the role's"
login kubernetes "{\"role\":\"secret-exec\",\"jwt\":\"$for_vault\"}"
is "$STATUS" 200 "kubernetes: a role without an audience accepts any: status 200"

# -- approle ------------------------------------------------------------------------------------------

role_id=$(pod app/role-id)
login approle "{\"role_id\":\"$role_id\",\"secret_id\":\"$(pod app/secret-id)\"}"
gives service role_name=app-role "approle with a secret id"
login approle "{\"role_id\":\"$(pod app/role-id-alone)\"}"
gives batch role_name=app-role-alone "approle without a secret id"
login approle "{\"role_id\":\"$(pod app/role-id-alone)\",\"secret_id\":\"anything\"}"
is "$STATUS" 200 "approle: a secret id that the role does not require is ignored: status 200"
login approle "{\"role_id\":\"$role_id\",\"secret_id\":\"wrong\"}"
refused 400 'invalid role or secret ID' "approle: a wrong secret id"
login approle "{\"role_id\":\"wrong\",\"secret_id\":\"$(pod app/secret-id)\"}"
refused 400 'invalid role or secret ID' "approle: a wrong role id"
for body in "{\"role_id\":\"$role_id\"}" "{\"role_id\":\"$role_id\",\"secret_id\":\"\"}"; do
	login approle "$body"
	refused 400 'missing secret_id' "approle: a missing or empty secret id"
done
login approle '{"secret_id":"x"}'
refused 500 'failed to determine alias name from login request' "approle: a missing role id"

# -- cert ---------------------------------------------------------------------------------------------

VAULT_CALL_CERT=app login cert '{"name":"app-cert"}'
gives batch cert_name=app-cert "cert with a role"
is "$(VAULT_CALL_CERT=app login cert '{"name":"app-cert"}' && field auth.metadata.common_name)" app "cert: metadata common_name"
for body in '{}' ''; do
	VAULT_CALL_CERT=app login cert "$body"
	gives batch cert_name=app-cert "cert, without a role: ${body:-no body}"
done
VAULT_CALL_CERT=app login cert '{"name":"missing"}'
refused 400 'failed to match all constraints for this login certificate' "cert: a missing role"
VAULT_CALL_CERT=stranger login cert '{"name":"app-cert"}'
refused 400 'failed to match all constraints for this login certificate' "cert: a certificate of an unknown CA"
login cert '{"name":"app-cert"}'
refused 400 'client certificate must be supplied' "cert: a connection without a certificate"
VAULT_CALL_CERT=stranger vault_call GET sys/health
is "$STATUS" 200 "a certificate of an unknown CA does not prevent other calls: status 200"

# -- tokens with a limited number of uses -------------------------------------------------------------

login kubernetes "{\"role\":\"single-use\",\"jwt\":\"$good\"}"
VAULT_CALL_TOKEN=$(field auth.client_token) vault_call POST auth/token/revoke-self
is "$STATUS" 204 "an unused single-use token can be revoked: status 204"
login kubernetes "{\"role\":\"two-uses\",\"jwt\":\"$good\"}"
is "$(field auth.token_type) $(field auth.num_uses)" "service 2" "role two-uses: a service token for two uses"
token=$(field auth.client_token)
for use in first second; do
	VAULT_CALL_TOKEN=$token vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$ciphertext\"}"
	is "$STATUS" 200 "a token for two uses: the $use use, status 200"
done
VAULT_CALL_TOKEN=$token vault_call POST auth/token/revoke-self
refused 403 'permission denied' "a token for two uses: revoking it as the third use"
done_testing

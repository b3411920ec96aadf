#!/bin/bash
# A JWT that Vault would refuse is reported by its claims before Vault is asked: for each program and each source.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
sealed=$(stored app A)
bad_vault relay
export VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA VAULT_AUTH_METHOD=jwt VAULT_ROLE=app-jwt

# make_jwt CLAIMS: print a JWT with these claims (JSON, with times as "now+N" or "now-N"), which Vault would not accept.
make_jwt() {
	/usr/bin/python3 -IS - "$1" <<-'END'
		import base64, re, sys, time
		claims = re.sub(r'"now([+-]\d+)"', lambda m: str(int(time.time()) + int(m[1])), sys.argv[1])
		part = lambda text: base64.urlsafe_b64encode(text).decode().rstrip("=")
		print(part(b'{"alg":"RS256"}') + "." + part(claims.encode()) + "." + part(b"signature-of-a-test"))
	END
}
ci='"iss":"https://gitlab.example.com","sub":"project_path:shop/deploy"'
expired=$(make_jwt "{$ci,\"aud\":\"vault\",\"exp\":\"now-120\"}")
early=$(make_jwt "{$ci,\"aud\":[\"vault\"],\"exp\":\"now+600\",\"nbf\":\"now+120\"}")
other=$(make_jwt "{$ci,\"aud\":[\"https://gitlab.example.com\",\"other\"],\"exp\":\"now+600\"}")

# reported REGEX NAME STATUS: the latest run failed with this message, without a request and without a part of the JWT.
reported() {
	fails_with "${3-125}" "$1" "$2"
	unlike "$ERR" 'eyJ|c2lnbmF0|shop/deploy' "$2: the message contains no part of the JWT"
	requests 0 "$2: no request to Vault"
}
# With ciphertext in its own environment: it needs only Vault.
launch() { run "${POD[@]}" A="$sealed" "$@" "$BIN/secret-exec" --transit-key aes256-key "${OPTIONS[@]}" -- true; }

OPTIONS=()
launch VAULT_JWT="$expired"
reported 'JWT in VAULT_JWT: expired at 20..-..-..T..:..:..Z \(issuer https://gitlab.example.com, audience vault\); get a new one' "an expired JWT"
launch VAULT_JWT="$early"
reported 'JWT in VAULT_JWT: not valid before 20.*Z \(issuer .*\); check this machine.s clock' "a JWT that is not valid yet"
launch VAULT_JWT="glpat-0123456789abcdef"
reported 'JWT in VAULT_JWT: not a JWT; pass the ID token, not another token of the job' "another token"
unlike "$ERR" 'glpat-' "another token is not printed"
OPTIONS=(--audience vault)
launch VAULT_JWT="$other"
reported 'JWT in VAULT_JWT: for the audience https://gitlab.example.com, other, not vault \(issuer .*\); request it for this' "a JWT for another audience"
OPTIONS=(--audience vault --jwt-env CI_ID_TOKEN)
launch CI_ID_TOKEN="$other"
reported 'JWT in CI_ID_TOKEN: for the audience' "a JWT for another audience, of --jwt-env"
printf '%s\n' "$expired" >"$TAP_WORK/jwt"
OPTIONS=(--jwt-file "$TAP_WORK/jwt")
launch VAULT_ROLE=app-jwt
reported "JWT in $TAP_WORK/jwt: expired at" "an expired JWT, of --jwt-file"
run env -u VAULT_TOKEN VAULT_JWT="$expired" "$BIN/secret-seal" --transit-key aes256-key --from-literal B=x app
reported '^secret-seal: JWT in VAULT_JWT: expired at' "secret-seal: an expired JWT" 1
run env -u VAULT_TOKEN VAULT_JWT="$expired" "$BIN/secret-rotate" -n demo
like "$STATUS $ERR" '^1 secret-rotate: JWT in VAULT_JWT: expired at' "secret-rotate: an expired JWT: exit 1"
requests 0 "secret-rotate: an expired JWT: no request to Vault"

# Vault decides about clocks that differ by less than a minute, and about all other claims.
OPTIONS=(--audience vault)
launch VAULT_JWT="$(make_jwt "{$ci,\"aud\":\"vault\",\"exp\":\"now-20\",\"nbf\":\"now+20\"}")"
like "$STATUS $ERR" '125 .*POST /v1/auth/jwt/login: status 400' "times that differ by less than a minute: Vault is asked"
launch VAULT_JWT="$(make_jwt "{$ci,\"aud\":[\"x\",\"vault\"]}")"
like "$STATUS $ERR" '125 .*POST /v1/auth/jwt/login: status 400' "a JWT without times: Vault is asked"
requests 2 "both are sent to Vault"

# With the method kubernetes, the API server decides.
OPTIONS=()
launch VAULT_AUTH_METHOD=kubernetes VAULT_ROLE=secret-exec VAULT_JWT="$expired"
like "$STATUS $ERR" '125 .*POST /v1/auth/kubernetes/login: status 403' "the method kubernetes: Vault is asked"
done_testing

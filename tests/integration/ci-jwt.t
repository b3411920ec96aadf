#!/bin/bash
# The JWT of a CI job in a variable: VAULT_JWT and --jwt-env.  The variables are removed from the application's environment.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
jwt=$(<"$STAGE_DIR/pod/app/token")
sealed=$(stored app A)
before=$(vault_accessors)

# launch NAME=VALUE|OPTION...: without a service account, with ciphertext in its own environment: needs only Vault.
launch() {
	split_variables "$@"
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR=/nowhere A="$sealed" "${VARIABLES[@]}" \
		"$BIN/secret-exec" --transit-key aes256-key "${WORDS[@]}" -- env
	unlike "$ERR" "${jwt:0:20}|${jwt: -20}" "no message contains the JWT"
}
launches() {
	is "$STATUS $ERR" "0 " "$1"
	like "$OUT" '(^|'$'\n'')A=value' "$1: the value is delivered"
	is "$(new_tokens "$before")" 0 "$1: no token is left"
}
# removed NAME: the application's environment contains neither the JWT nor settings.
removed() { unlike "$OUT" "${jwt:0:20}|VAULT_JWT|BAO_JWT|ID_TOKEN" "$1"; }

# -- sources ------------------------------------------------------------------------------------------

for name in VAULT_JWT BAO_JWT SECRET_EXEC_VAULT_JWT; do
	launch "$name=$jwt" --role app-jwt
	launches "$name: a login with the method jwt"
	removed "$name: removed from the application's environment"
done
launch "VAULT_JWT=$jwt"$'\n' --role app-jwt
launches "VAULT_JWT: a final newline is dropped"
launch "CI_ID_TOKEN=$jwt" --jwt-env CI_ID_TOKEN --role app-jwt
launches "--jwt-env: a login with the method jwt"
removed "--jwt-env: the variable is removed from the application's environment"
launch "CI_ID_TOKEN=$jwt" SECRET_EXEC_JWT_ENV=CI_ID_TOKEN VAULT_ROLE=app-jwt
launches "SECRET_EXEC_JWT_ENV: a login with the method jwt"
removed "SECRET_EXEC_JWT_ENV: the variable is removed from the application's environment"
launch "VAULT_JWT=$jwt" --jwt-env VAULT_JWT --role app-jwt
launches "--jwt-env VAULT_JWT: one source"
launch "VAULT_JWT=$jwt" --auth-method kubernetes --role secret-exec
launches "VAULT_JWT: for a login with the method kubernetes, if it is named"
launch "VAULT_JWT=$jwt" VAULT_TOKEN=hvs.nonsense --auth-method jwt --role app-jwt
launches "VAULT_JWT: --auth-method takes precedence over a token"
launch "CI_ID_TOKEN=$jwt" --jwt-env CI_ID_TOKEN --role app-jwt --keep-config=CI_ID_TOKEN
launches "--keep-config with the variable of --jwt-env: the start succeeds"
like "$OUT" "CI_ID_TOKEN=$jwt" "--keep-config with the variable of --jwt-env: the application gets it"
launch "VAULT_JWT=$jwt" --role app-jwt --keep-config=CI_ID_TOKEN
fails_with 125 '--keep-config CI_ID_TOKEN: not a variable of' "--keep-config with another variable: exit 125"

# -- errors -------------------------------------------------------------------------------------------

launch --jwt-env CI_ID_TOKEN --role app-jwt
fails_with 125 '--jwt-env CI_ID_TOKEN: the variable is not set; request an ID token' "--jwt-env with a variable that is not set: exit 125"
launch CI_ID_TOKEN= --jwt-env CI_ID_TOKEN --role app-jwt
fails_with 125 '--jwt-env CI_ID_TOKEN: the variable is not set' "--jwt-env with an empty variable: exit 125"
launch "VAULT_JWT=$jwt" CI_ID_TOKEN=other --jwt-env CI_ID_TOKEN --role app-jwt
fails_with 125 'VAULT_JWT and --jwt-env are both set; use one' "VAULT_JWT and --jwt-env: exit 125"
launch "VAULT_JWT=$jwt" --jwt-file "$STAGE_DIR/pod/app/token" --role app-jwt
fails_with 125 'VAULT_JWT and --jwt-file are both set; use one' "VAULT_JWT and --jwt-file: exit 125"
launch "VAULT_JWT=$jwt" --service-account app --role app-jwt
fails_with 125 'VAULT_JWT and --service-account are both set; use one' "VAULT_JWT and --service-account: exit 125"
launch "VAULT_JWT=$jwt" VAULT_TOKEN=hvs.nonsense --role app-jwt
fails_with 125 'a Vault token and VAULT_JWT are both set; use one' "VAULT_JWT and a Vault token: exit 125"
launch "VAULT_JWT=$jwt" VAULT_ROLE_ID=x
fails_with 125 'a role id is set, but the auth method is jwt' "VAULT_JWT and a role id: exit 125"
launch "VAULT_JWT=$jwt" "SECRET_EXEC_VAULT_JWT=${jwt}x" --role app-jwt
fails_with 125 'SECRET_EXEC_VAULT_JWT and VAULT_JWT are both set, and differ' "two different JWTs: exit 125"
launch --vault-jwt "$jwt"
fails_with 125 'command lines; set VAULT_JWT$' "a JWT as an option: exit 125"
launch "--jwt=$jwt"
fails_with 125 'set VAULT_JWT, or use --jwt-env or --jwt-file' "--jwt: exit 125 with advice"
launch --auth-method jwt --role app-jwt
fails_with 125 'JWT: /nowhere/token: No such file.*set VAULT_JWT, --jwt-env or --jwt-file, or in a workflow' "the method jwt without a JWT: exit 125"

run "${POD[@]}" VAULT_JWT="$jwt" "$BIN/secret-exec" --jwt-env CI_ID_TOKEN --print-config
is "$STATUS" 0 "--print-config with a JWT: exit 0"
like "$OUT" 'auth-method: jwt ' "--print-config shows the method jwt"
like "$OUT" 'jwt-env: CI_ID_TOKEN ' "--print-config shows the name of the variable"
like "$OUT" 'vault-jwt: set, not shown \(VAULT_JWT\)' "--print-config shows that a JWT is set"
unlike "$OUT" "${jwt:0:20}" "--print-config does not show the JWT"

# -- the other programs -------------------------------------------------------------------------------

# program ACCOUNT PROGRAM OPTION...: logs in with the method jwt; the role is one of the stage's kubernetes method.
program() {
	run env -u VAULT_TOKEN CI_ID_TOKEN="$(<"$STAGE_DIR/pod/$1/token")" VAULT_ROLE="$2" HOME="$TAP_WORK" \
		"$BIN/$2" --jwt-env CI_ID_TOKEN --auth-mount kubernetes "${@:3}"
}
printf '%s' "$VAULT_TOKEN" >"$TAP_WORK/.vault-token"
program sealer secret-seal --transit-key aes256-key --from-literal B=second app
is "$STATUS $OUT" "0 secret/app updated" "secret-seal logs in with --jwt-env, not with ~/.vault-token"
program rotator secret-rotate -n demo
is "$STATUS ${OUT%%,*}" "0 keys rotated 1" "secret-rotate logs in with --jwt-env"
is "$(new_tokens "$before")" 0 "secret-seal and secret-rotate: no token is left"

# -- init ---------------------------------------------------------------------------------------------

# With --init, the launcher stays, and its environment contains the JWT: other processes of the user cannot read it.
launch "CI_ID_TOKEN=$jwt" --jwt-env CI_ID_TOKEN --role app-jwt --init
launches "--init: the start succeeds"
removed "--init: the variable is removed from the application's environment"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$TAP_WORK"
	install -m 755 "$BIN/secret-exec" "$TAP_WORK/secret-exec"
	# owner NAME=VALUE...: print the owner of the launcher's environment: root if other processes of its user cannot read it.
	owner() {
		# shellcheck disable=SC2016 # the launched shell's
		run "${POD[@]}" A="$sealed" VAULT_CACERT= VAULT_CACERT_BYTES="$(<"$VAULT_CACERT")" VAULT_ROLE=app-jwt "$@" \
			setpriv --reuid 65534 --regid 65534 --clear-groups "$TAP_WORK/secret-exec" --transit-key aes256-key --init -- \
			sh -c 'stat -c %u /proc/$PPID/environ'
	}
	owner "VAULT_JWT=$jwt"
	is "$STATUS $OUT" "0 0" "--init: the environment with VAULT_JWT cannot be read"
	owner "CI_ID_TOKEN=$jwt" SECRET_EXEC_JWT_ENV=CI_ID_TOKEN
	is "$STATUS $OUT" "0 0" "--init: the environment with the variable of --jwt-env cannot be read"
	install -m 644 "$STAGE_DIR/pod/app/token" "$TAP_WORK/jwt"
	owner SECRET_EXEC_JWT_FILE="$TAP_WORK/jwt" VAULT_AUTH_METHOD=jwt
	is "$STATUS $OUT" "0 65534" "--init: an environment without a JWT can be read"
	owner SECRET_EXEC_JWT_FILE="$TAP_WORK/jwt" VAULT_AUTH_METHOD=jwt ACTIONS_ID_TOKEN_REQUEST_TOKEN=token
	is "$STATUS $OUT" "0 0" "--init: the environment with GitHub's request token cannot be read"
fi
done_testing

#!/bin/bash
# policies/setup lets pipelines log in to the real Vault with ID tokens: only those with the claims of the role.  The jobs of
# docs/how-to/pipelines.md do what the page describes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/empty-vault.sh"
. "$(dirname "$0")/../faults.sh"
# This Vault trusts the test's CI system (for OIDC discovery).
SSL_CERT_FILE=$TAP_WORK/bad.crt empty_vault
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@example.com GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@example.com
page=$root/docs/how-to/pipelines.md
setup() { run "$root/policies/setup" "${CLUSTER[@]}" --namespace demo "$@"; }

# make_key NAME: a CI system's key pair.
make_key() {
	openssl genrsa -out "$TAP_WORK/$1.key" 2048 2>/dev/null
	openssl rsa -in "$TAP_WORK/$1.key" -pubout -out "$TAP_WORK/$1.pem" 2>/dev/null
}
# id_token KEY CLAIMS: print an ID token with these claims; "@N" is a time N seconds from now.
id_token() {
	local now text
	now=$(date +%s)
	text=$(printf %s "$2" | /usr/bin/python3 -IS -c 'import re, sys; print(re.sub(r"@(-?\d+)", lambda m: str(int(sys.argv[1]) + int(m[1])), sys.stdin.read()), end="")' "$now")
	text=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url).$(printf %s "$text" | base64url)
	printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$TAP_WORK/$1.key" | base64url)"
}
base64url() { base64 -w0 | tr '+/' '-_' | tr -d =; }
make_key gitlab
make_key github
make_key stranger

gitlab_claims() { # PROJECT PROTECTED [AUDIENCE [ISSUER]]
	printf '{"iss":"%s","aud":"%s","sub":"project_path:%s:ref_type:branch:ref:main","project_path":"%s","ref":"main","ref_protected":"%s","iat":@0,"nbf":@-5,"exp":@300}' \
		"${4-https://gitlab.example.com}" "${3-vault}" "$1" "$1" "$2"
}
github_claims() { # REPOSITORY REF
	printf '{"iss":"https://token.actions.githubusercontent.com","aud":"vault","sub":"repo:%s:ref:%s","repository":"%s","ref":"%s","iat":@0,"nbf":@-5,"exp":@300}' \
		"$1" "$2" "$1" "$2"
}

# -- the setup ----------------------------------------------------------------------------------------------

gitlab=(--issuer https://gitlab.example.com --issuer-key "$TAP_WORK/gitlab.pem"
	--pipeline "shop-seal=secret-seal-only-encrypt:project_path=shop/deploy,ref_protected=true"
	--pipeline shop-rewrap=secret-rewrap:project_path=shop/deploy)
github=(--jwt-mount github --issuer https://token.actions.githubusercontent.com --issuer-key "$TAP_WORK/github.pem"
	--pipeline "shop-rewrap=secret-rewrap:repository=shop/deploy,ref=refs/heads/main")
for wrong in '--pipeline a' '--pipeline a=root:sub=x' '--pipeline a=secret-seal' '--pipeline a=secret-seal:sub' '--pipeline a=secret-seal:sub=' \
	'--pipeline a=secret-seal:sub=x,sub=y' '--pipeline a=secret-seal:sub=x;y' '--pipeline a=secret-seal:sub=*' \
	'--pipeline a=secret-seal:sub=x --pipeline A=secret-seal:sub=y' '--issuer http://ci.example' '--issuer-key /dev/null' \
	'--issuer https://ci.example --issuer-key /no/such/file' '--jwt-mount a*' '--audience a;b'; do
	# shellcheck disable=SC2086 # words
	setup $wrong
	fails_with 2 '^setup: .*; see --help$' "$wrong: wrong usage"
done
setup --pipeline a=secret-seal:sub=x
fails_with 1 'auth/jwt does not exist; name the issuer of the ID tokens with --issuer' "a pipeline without an issuer: exit 1"
is "$(vault_state)" '' "errors: nothing is created"
run "$root/policies/setup" "${CLUSTER[@]}" --namespace demo "${gitlab[@]}" --dry-run
printf '%s\n' "$OUT" >"$TAP_WORK/commands"
run bash -eo pipefail "$TAP_WORK/commands"
status_is 0 "--dry-run: the printed commands run"
typed=$(vault_state)
vault_wipe
setup "${gitlab[@]}"
status_is 0 "an empty Vault: exit 0"
is "$(vault_state)" "$typed" "an empty Vault: the same state as after the printed commands"
setup "${gitlab[@]}"
status_is 0 "a second run: exit 0"
is "$(vault_state)" "$typed" "a second run: no change"
setup --pipeline shop-rewrap=secret-rewrap:project_path=other/deploy
fails_with 1 'role/shop-rewrap has other claims or another policy; .*--replace' "a role with other claims: exit 1"
setup --pipeline shop-rewrap=secret-seal:project_path=shop/deploy
fails_with 1 'role/shop-rewrap has other claims or another policy' "a role with another policy: exit 1"
is "$(vault_state)" "$typed" "rejected runs: no change"
setup "${github[@]}"
status_is 0 "a second issuer on another mount: exit 0"
out_like 'auth/github/role/shop-rewrap: for ref=refs/heads/main repository=shop/deploy: secret-rewrap' "a second issuer: prints its role"
is "$(vault_state | grep -v '^[^ ]*github')" "$typed" "a second issuer: the first is unchanged"
setup --jwt-mount kubernetes --pipeline a=secret-seal:sub=x
fails_with 1 'auth/kubernetes is an auth method of type kubernetes; .*--jwt-mount' "the mount of another method: exit 1"

# -- who can log in -----------------------------------------------------------------------------------------

# login MOUNT ROLE JWT
login() { VAULT_CALL_TOKEN='' vault_call POST "auth/$1/login" "{\"role\":\"$2\",\"jwt\":\"$3\"}"; }
deploy=$(id_token gitlab "$(gitlab_claims shop/deploy true)")
login jwt shop-seal "$deploy"
is "$(for part in token_type lease_duration renewable policies; do field "auth.$part"; done | xargs)" \
	"batch 10 false [secret-seal-only-encrypt]" "an ID token with the claims: a batch token of 10 s with one policy"
# refused REGEX NAME
refused() { like "$STATUS $OUT" "^400 .*$1" "$2: login denied"; }
login jwt shop-seal "$(id_token gitlab "$(gitlab_claims shop/deploy false)")"
refused 'claim \\"ref_protected\\" does not match' "a branch that is not protected"
login jwt shop-rewrap "$(id_token gitlab "$(gitlab_claims shop/other true)")"
refused 'claim \\"project_path\\" does not match' "another project"
login jwt shop-rewrap "$(id_token gitlab "$(gitlab_claims shop/deploy true https://gitlab.example.com)")"
refused 'invalid audience' "another audience"
login jwt shop-rewrap "$(id_token gitlab "$(gitlab_claims shop/deploy true vault https://gitlab.com)")"
refused 'invalid issuer' "another issuer"
login jwt shop-rewrap "$(id_token stranger "$(gitlab_claims shop/deploy true)")"
refused 'error verifying token signature' "another key"
login github shop-rewrap "$(id_token github "$(github_claims shop/deploy refs/heads/feature)")"
refused 'claim \\"ref\\" does not match' "another branch of GitHub"
login github shop-rewrap "$deploy"
refused 'error verifying token signature' "an ID token of the other CI system"

# By OIDC discovery: Vault reads the configuration and the keys of the issuer.
bad_server --on GET openid-configuration 0 "file=$TAP_WORK/discovery" "file=$TAP_WORK/keys"
printf '{"issuer":"%s","jwks_uri":"%s/keys","id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["id_token"],
	"subject_types_supported":["public"],"authorization_endpoint":"%s/x","token_endpoint":"%s/x"}' "$BAD_URL" "$BAD_URL" "$BAD_URL" "$BAD_URL" \
	>"$TAP_WORK/discovery"
modulus=$(openssl rsa -in "$TAP_WORK/gitlab.key" -noout -modulus 2>/dev/null)
printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"1","e":"AQAB","n":"%s"}]}' \
	"$(/usr/bin/python3 -IS -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "${modulus#*=}" | base64url)" >"$TAP_WORK/keys"
setup --jwt-mount ci/discovered --issuer "$BAD_URL" --audience ci --pipeline found=secret-exec:project_path=shop/deploy
status_is 0 "an issuer by OIDC discovery: exit 0"
login ci/discovered found "$(id_token gitlab "$(gitlab_claims shop/deploy true ci "$BAD_URL")")"
is "$(field auth.policies)" '["secret-exec"]' "an issuer by OIDC discovery: a login"
login ci/discovered found "$(id_token stranger "$(gitlab_claims shop/deploy true ci "$BAD_URL")")"
refused 'error verifying token signature' "an issuer by OIDC discovery: another key"

# -- the jobs of the page -----------------------------------------------------------------------------------

# script_of SYSTEM TEXT: print the script that contains TEXT, of the page's example for this CI system.
script_of() {
	/usr/bin/python3 -IS - "$page" "$@" <<-'END'
		import re, sys
		page, system, wanted = sys.argv[1:]
		block = re.search("<!-- pipeline: " + system + " -->\n```yaml\n(.*?)```", open(page).read(), re.S)[1]
		scripts = ["\n".join(re.findall(r"^    - (.*)", text, re.M)) for text in re.findall(r"^  script:\n((?:    - .*\n)+)", block, re.M)]
		scripts += [re.sub(r"(?m)^ {10}", "", text) for text in re.findall(r"- run: \|\n((?: {10}.*\n)+)", block)]
		print(next(text for text in scripts if wanted in text))
	END
}
# values NAME: print its ciphertext in the manifest of the branch main.
values() { git -C "$TAP_WORK/origin" show main:deploy/app.yaml | sed -n "s/^ *\"\?$1\"\?: //p" | base64 -d; }

mkdir -p "$TAP_WORK/first/deploy"
PATH=$BIN:$PATH
secret-seal --transit-key derived-key -n shop --from-literal SESSION_KEY=first --from-literal USER=web --dry-run=client app \
	>"$TAP_WORK/first/deploy/app.yaml"
git -C "$TAP_WORK/first" init --quiet --initial-branch main
git -C "$TAP_WORK/first" add .
git -C "$TAP_WORK/first" commit --quiet --message first
git clone --quiet --bare "$TAP_WORK/first" "$TAP_WORK/origin"
git clone --quiet "$TAP_WORK/origin" "$TAP_WORK/checkout"
# job SCRIPT NAME=VALUE...: run it in the checkout, as a CI system does: each command must succeed.
job() {
	local script=$1
	shift
	run env -u VAULT_TOKEN -u KUBECONFIG -C "$TAP_WORK/checkout" HOME="$TAP_WORK/home" "$@" bash -eo pipefail -c "$script"
	unlike "$OUT$ERR" "${deploy: -20}" "the log of the job has no JWT"
}
seal=$(script_of gitlab --generate)
old=$(values SESSION_KEY) user=$(values USER)
job "$seal" VAULT_JWT="$deploy" VAULT_ROLE=shop-seal CI_COMMIT_BRANCH=main
status_is 0 "GitLab, the first job: exit 0"
like "$(values SESSION_KEY)" '^vault:v1:' "GitLab, the first job: the value is sealed"
isnt_old() { [ "$(values SESSION_KEY)" != "$old" ]; }
ok "GitLab, the first job: the value is replaced" isnt_old
is "$(values USER)" "$user" "GitLab, the first job: the other value is unchanged"
job "$seal" VAULT_JWT="$(id_token gitlab "$(gitlab_claims shop/deploy false)")" VAULT_ROLE=shop-seal CI_COMMIT_BRANCH=main
status_is 1 "GitLab, the first job on a branch that is not protected: exit 1"
err_like 'claim "ref_protected" does not match' "GitLab, the first job on a branch that is not protected: the claim is named"
verify=$(script_of gitlab 'phase verify')
job "$verify" VAULT_JWT="$deploy" VAULT_ROLE=shop-rewrap
status_is 0 "GitLab, the second job: exit 0"
vault write -f transit/keys/derived-key/rotate >/dev/null
job "$verify" VAULT_JWT="$deploy" VAULT_ROLE=shop-rewrap
status_is 1 "GitLab, the second job with an old key version: exit 1"
job "secret-seal reveal --yes -f deploy/app.yaml app USER" VAULT_JWT="$deploy" VAULT_ROLE=shop-seal
status_is 1 "a job with secret-seal-only-encrypt cannot read a value: exit 1"

# GitHub's endpoint gives the same ID token to each request.
printf '{"value":"%s"}' "$(id_token github "$(github_claims shop/deploy refs/heads/main)")" >"$TAP_WORK/answer"
bad_server "file=$TAP_WORK/answer"
rewrap=$(script_of github 'secret-rotate --files')
github_job=(ACTIONS_ID_TOKEN_REQUEST_URL="$BAD_URL/idtoken?api-version=2.0" ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-token-of-the-job
	SSL_CERT_FILE="$TAP_WORK/bad.crt" SECRET_ROTATE_AUTH_MOUNT=github VAULT_AUTH_METHOD=jwt VAULT_ROLE=shop-rewrap)
job "$rewrap" "${github_job[@]}"
status_is 0 "GitHub's job: exit 0"
like "$(values SESSION_KEY) $(values USER)" '^vault:v2:[^ ]+ vault:v2:' "GitHub's job: the values are rewrapped and pushed"
like "$(cut -d ' ' -f 2-3 "$BAD_LOG")" '^GET /idtoken\?api-version=2.0&audience=vault$' "GitHub's job: one request, for the audience vault"
git -C "$TAP_WORK/checkout" log --oneline >"$TAP_WORK/commits"
job "$rewrap" "${github_job[@]}"
status_is 0 "GitHub's job, again: exit 0"
is "$(git -C "$TAP_WORK/checkout" log --oneline)" "$(<"$TAP_WORK/commits")" "GitHub's job, again: no commit"
job "$verify" VAULT_JWT="$deploy" VAULT_ROLE=shop-rewrap
status_is 0 "GitLab's second job after it: exit 0"
done_testing

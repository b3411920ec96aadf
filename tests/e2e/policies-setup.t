#!/bin/bash
# policies/setup brings an empty Vault to where the three programs work, with as little as they need; it can be run again,
# and takes nothing away from others.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/empty-vault.sh"
empty_vault

setup=$root/policies/setup
# What it says and what it calls is looked through for credentials at the end.
cat >"$TAP_WORK/cli" <<CLI
#!/bin/bash
printf '%q ' "\$@" >>$TAP_WORK/called
echo >>$TAP_WORK/called
exec vault "\$@"
CLI
chmod +x "$TAP_WORK/cli"
set_up() {
	run env VAULT_CLI="$TAP_WORK/cli" "$setup" "$@"
	printf '%s\n' "$OUT" "$ERR" >>"$TAP_WORK/said"
}
set_up_here() { set_up "${CLUSTER[@]}" --namespace demo "$@"; }

# -- usage ------------------------------------------------------------------------------------------------

set_up --help
status_is 0 "--help"
out_like 'Usage: policies/setup' "says how it is used"
for wrong in --no-such-option --app '--app=api' '--app=Shop/api' '--app=shop/api=a/b' '--key=a b' '--mount=/' \
	'--domain=a"b' '--kubernetes-ca=/no/such/file' stray; do
	set_up "$wrong"
	fails_with 2 '^setup: .*; see --help$' "$wrong: wrong usage"
done
for right in --retire --trim; do
	set_up --no-retire "$right"
	fails_with 2 '^setup: --no-retire cannot be used with .*; see --help$' "$right with --no-retire: wrong usage"
done
for two in 'a/web b/web web' 'a/web b/y=Web web' 'secretmanager/secret-seal x/secret-seal secret-seal' \
	'secretmanager/secret-rotate x/y=Secret-Rotate secret-rotate'; do
	read -r first second role <<<"$two"
	options=(--app "$second")
	[[ $first = secretmanager/* ]] || options=(--app "$first" "${options[@]}")
	set_up "${options[@]}"
	fails_with 2 "^setup: $first and ${second%%=*} would have the same role, $role; " "two with the role $role: ${options[*]}"
done
set_up --domain payments --app x/y=secret-seal-payments
fails_with 2 'would have the same role, secret-seal-payments; ' "and with a trust domain's"
run test -e "$TAP_WORK/called"
status_is 1 "for none of it Vault was asked anything"
run env VAULT_CLI=no-such-cli "$setup"
fails_with 1 'no-such-cli: not found; .*VAULT_CLI' "a CLI that is not there"
run env VAULT_TOKEN=no-such-token "$setup"
status_is 1 "a token that Vault does not know"
err_like '^setup: the token that .* is not valid' "is told"
is "$(vault_state)" '' "and so far nothing was made"

# -- an empty Vault ---------------------------------------------------------------------------------------

run env VAULT_ADDR=https://127.0.0.1:1 VAULT_TOKEN='' "$setup" "${CLUSTER[@]}" --namespace demo --app demo/api --dry-run
status_is 0 "a dry run needs no Vault"
printf '%s\n' "$OUT" >"$TAP_WORK/commands"
run bash -eo pipefail "$TAP_WORK/commands"
status_is 0 "what it prints can be typed"
typed=$(vault_state)
vault_wipe
is "$(vault_state)" '' "(the Vault is empty again)"
set_up_here --app demo/api
status_is 0 "the script sets Vault up"
is "$(vault_state)" "$typed" "as what its dry run printed does"
is "$(cut -d' ' -f1 <<<"$typed" | xargs)" "sys/mounts/transit/ transit/keys/derived-key sys/auth/kubernetes/ auth/kubernetes/config \
auth/kubernetes/role/api auth/kubernetes/role/secret-rotate auth/kubernetes/role/secret-seal \
sys/policies/acl/secret-exec sys/policies/acl/secret-rotate sys/policies/acl/secret-seal" "which is this, and no more"
for is_so in '"derived": true' '"exportable": false' '"deletion_allowed": false' '"allow_plaintext_backup": false' \
	'"type": "aes256-gcm96"' '"auto_rotate_period": 0'; do
	like "$(grep ^transit/keys <<<"$typed")" "$is_so" "the key: $is_so"
done
set_up_here --app demo/api
status_is 0 "it can be run again"
is "$(vault_state)" "$typed" "and changes nothing"
out_like 'derived-key: exists' "which it says"
vault_call POST transit/keys/derived-key/config '{"deletion_allowed":true}'
set_up_here
status_is 0 "a key that may be deleted"
is "$(vault_state)" "$typed" "is protected again, and no application is forgotten"

# -- who gets in ------------------------------------------------------------------------------------------

kube() { # METHOD PATH BODY
	kube_call "$@"
	[[ $STATUS = 20* ]] || tap_note "$1 $2: $OUT"
}
account() { # NAMESPACE NAME
	kube POST "/api/v1/namespaces/$1/serviceaccounts" "{\"metadata\":{\"name\":\"$2\"}}"
	at_end "kube_call DELETE /api/v1/namespaces/$1/serviceaccounts/$2"
}
bound() { # KIND ACCOUNT ROLE-KIND ROLE
	local where=/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings
	[ "$1" = RoleBinding ] || where=/apis/rbac.authorization.k8s.io/v1/clusterrolebindings
	kube POST "$where" "{\"metadata\":{\"name\":\"setup-$2\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",
		\"kind\":\"$3\",\"name\":\"$4\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"namespace\":\"demo\",\"name\":\"$2\"}]}"
	at_end "kube_call DELETE $where/setup-$2"
}
for name in api secret-seal secret-rotate; do account demo "$name"; done
account default api
bound RoleBinding api Role app
bound RoleBinding secret-seal Role sealer
bound RoleBinding secret-rotate Role rotator
bound ClusterRoleBinding secret-rotate ClusterRole rotator
# token NAMESPACE NAME FILE [AUDIENCE]
token() {
	kube POST "/api/v1/namespaces/$1/serviceaccounts/$2/token" "{\"apiVersion\":\"authentication.k8s.io/v1\",
		\"kind\":\"TokenRequest\",\"spec\":{\"expirationSeconds\":600${4+,\"audiences\":[\"$4\"]}}}"
	(umask 077 && field status.token | tr -d '\n' >"$3")
}
for name in api secret-seal secret-rotate; do
	pod=$TAP_WORK/pod/$name
	mkdir -p "$pod"
	token demo "$name" "$pod/token"
	token demo "$name" "$pod/vault-token" vault
	cp "$STAGE_DIR/kube-ca.crt" "$pod/ca.crt"
	printf demo >"$pod/namespace"
done
token default api "$TAP_WORK/pod/elsewhere" vault

# login ROLE FILE
login() { VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login "{\"role\":\"$1\",\"jwt\":\"$(<"$TAP_WORK/pod/$2")\"}"; }
for name in api=secret-exec secret-seal=secret-seal secret-rotate=secret-rotate; do
	login "${name%=*}" "${name%=*}/vault-token"
	is "$(for part in token_type lease_duration renewable policies; do field "auth.$part"; done | xargs)" \
		"batch 10 false [${name#*=}]" "role ${name%=*}: a batch token of 10 s with one policy"
done
login api api/token
like "$STATUS $OUT" '^403 .*aud' "not for a token whose audience is the API server"
login api secret-seal/vault-token
like "$STATUS $OUT" '^403 .*service account name not authorized' "not for another service account"
login api elsewhere
like "$STATUS $OUT" '^403 .*namespace not authorized' "nor for one of that name in another namespace"

# -- and that the programs can work with it -----------------------------------------------------------------

# as ACCOUNT PROGRAM ARGUMENT...
as() {
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$TAP_WORK/pod/$1" VAULT_ROLE="$1" "$BIN/$2" \
		--jwt-file "$TAP_WORK/pod/$1/vault-token" "${@:3}"
}
as secret-seal secret-seal --transit-key derived-key --from-literal A=one --from-literal B=two app
status_is 0 "secret-seal seals"
as secret-seal secret-seal --set A=three app
status_is 0 "and changes what is sealed"
as secret-seal secret-seal --transit-key new-key --create-key --from-literal A=one other
status_is 1 "but makes no key"
# shellcheck disable=SC2016 # the launched shell's
as api secret-exec --secret app -- sh -c 'echo "$A $B"'
status_is 0 "secret-exec launches"
out_is "three two" "with the values"
as secret-rotate secret-rotate --all-namespaces
status_is 0 "secret-rotate rotates"
like "$(stored app A)" '^vault:v2:' "and rewraps"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1
status_is 1 "it may not retire"
err_like 'transit/keys/derived-key/config' "which is told"
set_up_here --retire
status_is 0 "until the script is run with --retire"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1
status_is 0 "then it retires"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1 --trim
status_is 1 "and may not trim"
set_up_here --trim
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1 --trim
status_is 0 "until it is run with --trim"
# shellcheck disable=SC2016 # the launched shell's
as api secret-exec --secret app -- sh -c 'echo "$A $B"'
out_is "three two" "and all launches as before"
set_up_here --app demo/api
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate", "secret-rotate-retire", "secret-rotate-trim"]' "run without, it lets both rights stay"
set_up_here --no-retire
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate"]' "and with --no-retire it takes both back"
set_up_here --retire
set_up_here
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate", "secret-rotate-retire"]' "the right to retire alone stays, too"
set_up_here --no-retire

# seals_with POLICY...: those of policies/, for a key that is not there yet, are all that secret-seal has.
seals_with() {
	local policy
	for policy; do
		vault policy write "new-$policy" - >/dev/null < <(sed s,/derived-key,/new-key, "$root/policies/$policy.hcl")
	done
	vault write auth/kubernetes/role/secret-seal token_policies="$(printf 'new-%s,' "$@")" audience=vault \
		bound_service_account_names=secret-seal bound_service_account_namespaces=demo token_type=batch token_ttl=10s \
		token_no_default_policy=true >/dev/null
}
seals_with secret-seal secret-seal-create-key
as secret-seal secret-seal --transit-key new-key --create-key --from-literal A=one other
status_is 0 "with secret-seal-create-key, secret-seal --create-key makes the key"
seals_with secret-seal-only-encrypt
as secret-seal secret-seal --transit-key new-key --from-literal B=two other
status_is 1 "with secret-seal-only-encrypt it reads nothing"
as secret-seal secret-seal --transit-key new-key --no-verify --from-literal B=two other
status_is 0 "and seals with --no-verify"

# -- what belongs to others ---------------------------------------------------------------------------------

set_up_here
fails_with 1 'role/secret-seal has the policy new-secret-seal-only-encrypt, .*--replace' "a role with other policies is left alone"
set_up_here --replace
status_is 0 "unless --replace says so"
before=$(vault_state)
set_up_here --key other-key
fails_with 1 'policy secret-exec contains transit/decrypt/derived-key; .*--domain' "another key under the same names is refused"
set_up_here --app default/api
fails_with 1 'role/api is for other service accounts; .*--app default/api=ROLE' "and so is another application of the same name"
is "$(vault_state)" "$before" "and nothing is changed"
narrowed='path "transit/decrypt/derived-key" { capabilities = ["update"] }'
vault policy write secret-exec - >/dev/null <<<"$narrowed"
set_up_here
status_is 0 "a policy that was narrowed"
out_like 'policy secret-exec: exists with another text; left as it is' "it is left, with a note"
out_like $'policy secret-seal: exists\n' "no note about other policies"
is "$(vault policy read secret-exec)" "$narrowed" "its text is the one that it had"
set_up_here --replace
out_like 'policy secret-exec: written' "--replace writes it"
is "$(vault_state)" "$before" "as it was at first"
set_up_here --domain payments --app default/api=payments-api
status_is 0 "a trust domain of its own"
is "$(vault_state | grep -v '^[^ ]*payments')" "$before" "leaves the first as it was"
is "$(vault_state | grep '^[^ ]*payments' | cut -d' ' -f1 | xargs)" "transit/keys/payments auth/kubernetes/role/payments-api \
auth/kubernetes/role/secret-rotate-payments auth/kubernetes/role/secret-seal-payments \
sys/policies/acl/secret-exec-payments sys/policies/acl/secret-rotate-payments sys/policies/acl/secret-seal-payments" "and is this"
login payments-api elsewhere
token=$(field auth.client_token)
for key in payments=400 derived-key=403; do
	VAULT_CALL_TOKEN=$token vault_call POST "transit/decrypt/${key%=*}" '{"ciphertext":"none"}'
	is "$STATUS" "${key#*=}" "its application may decrypt with payments alone: ${key%=*}"
done
vault write transit/keys/exportable-key type=aes256-gcm96 derived=true exportable=true >/dev/null
set_up_here --domain exportable --key exportable-key
fails_with 1 'exportable-key has exportable=true' "a key that can be exported is refused"
for time in first second; do
	set_up_here --domain Capitals --retire
	status_is 0 "a trust domain with a capital, for the $time time"
done
out_like 'policy secret-rotate-retire-capitals: exists' "whose policies are found again"
vault secrets enable -path=elsewhere kv >/dev/null
set_up_here --mount elsewhere
fails_with 1 'elsewhere is a secrets engine of type kv' "and so is a mount that is something else"

is "$(grep -cF -e "$VAULT_TOKEN" -e "$(<"$TAP_WORK/reviewer")" "$TAP_WORK/said" "$TAP_WORK/called" | cut -d: -f2 | xargs)" "0 0" \
	"no token was printed, nor stood on a command line"
done_testing

#!/bin/bash
# policies/setup sets up an empty Vault with minimal rights for the three programs; it can be run again, and does not change
# what belongs to others.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/empty-vault.sh"
empty_vault

setup=$root/policies/setup
# Record its output and its calls, to search them for credentials at the end.
cat >"$TAP_WORK/cli" <<CLI
#!/bin/bash
printf '%q ' "\$@" >>$TAP_WORK/called
echo >>$TAP_WORK/called
exec vault "\$@"
CLI
chmod +x "$TAP_WORK/cli"
set_up() {
	run env VAULT_CLI="$TAP_WORK/cli" "$setup" "$@"
	printf '%s\n' "$OUT" "$ERR" >>"$TAP_WORK/output"
}
set_up_here() { set_up "${CLUSTER[@]}" --namespace demo "$@"; }

# -- usage ------------------------------------------------------------------------------------------------

set_up --help
status_is 0 "--help"
out_like 'Usage: policies/setup' "--help: prints the usage"
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
	fails_with 2 "^setup: $first and ${second%%=*} would have the same role, $role; " "two accounts with the role $role: wrong usage: ${options[*]}"
done
set_up --domain payments --app x/y=secret-seal-payments
fails_with 2 'would have the same role, secret-seal-payments; ' "an application with the role of a trust domain: wrong usage"
run test -e "$TAP_WORK/called"
status_is 1 "wrong usage: no call to Vault"
run env VAULT_CLI=no-such-cli "$setup"
fails_with 1 'no-such-cli: not found; .*VAULT_CLI' "a missing CLI: exit 1"
run env VAULT_TOKEN=no-such-token "$setup"
status_is 1 "an invalid token: exit 1"
err_like '^setup: the token that .* is not valid' "an invalid token: a message"
is "$(vault_state)" '' "errors: nothing is created"

# -- an empty Vault ---------------------------------------------------------------------------------------

run env VAULT_ADDR=https://127.0.0.1:1 VAULT_TOKEN='' "$setup" "${CLUSTER[@]}" --namespace demo --app demo/api --dry-run
status_is 0 "--dry-run without Vault: exit 0"
printf '%s\n' "$OUT" >"$TAP_WORK/commands"
run bash -eo pipefail "$TAP_WORK/commands"
status_is 0 "--dry-run: the printed commands run"
typed=$(vault_state)
vault_wipe
is "$(vault_state)" '' "vault_wipe: Vault is empty"
set_up_here --app demo/api
status_is 0 "an empty Vault: exit 0"
is "$(vault_state)" "$typed" "an empty Vault: the same state as after the printed commands"
is "$(cut -d' ' -f1 <<<"$typed" | xargs)" "sys/mounts/transit/ transit/keys/derived-key sys/auth/kubernetes/ auth/kubernetes/config \
auth/kubernetes/role/api auth/kubernetes/role/secret-rotate auth/kubernetes/role/secret-seal \
sys/policies/acl/secret-exec sys/policies/acl/secret-rotate sys/policies/acl/secret-seal" "an empty Vault: only the expected objects"
for is_so in '"derived": true' '"exportable": false' '"deletion_allowed": false' '"allow_plaintext_backup": false' \
	'"type": "aes256-gcm96"' '"auto_rotate_period": 0'; do
	like "$(grep ^transit/keys <<<"$typed")" "$is_so" "the key: $is_so"
done
set_up_here --app demo/api
status_is 0 "a second run: exit 0"
is "$(vault_state)" "$typed" "a second run: no change"
out_like 'derived-key: exists' "a second run: prints that the key exists"
vault_call POST transit/keys/derived-key/config '{"deletion_allowed":true}'
set_up_here
status_is 0 "a deletable key: exit 0"
is "$(vault_state)" "$typed" "a deletable key: protected again, and the application stays"

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
like "$STATUS $OUT" '^403 .*aud' "a token for the API server: login denied"
login api secret-seal/vault-token
like "$STATUS $OUT" '^403 .*service account name not authorized' "another service account: login denied"
login api elsewhere
like "$STATUS $OUT" '^403 .*namespace not authorized' "the same name in another namespace: login denied"

# -- and that the programs can work with it -----------------------------------------------------------------

# as ACCOUNT PROGRAM ARGUMENT...
as() {
	run "${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$TAP_WORK/pod/$1" VAULT_ROLE="$1" "$BIN/$2" \
		--jwt-file "$TAP_WORK/pod/$1/vault-token" "${@:3}"
}
as secret-seal secret-seal --transit-key derived-key --from-literal A=one --from-literal B=two app
status_is 0 "secret-seal seals"
as secret-seal secret-seal --set A=three app
status_is 0 "secret-seal changes a value"
as secret-seal secret-seal --transit-key new-key --create-key --from-literal A=one other
status_is 1 "secret-seal --create-key without the right: exit 1"
# shellcheck disable=SC2016 # the launched shell's
as api secret-exec --secret app -- sh -c 'echo "$A $B"'
status_is 0 "secret-exec launches"
out_is "three two" "secret-exec launches with the values"
as secret-rotate secret-rotate --all-namespaces
status_is 0 "secret-rotate rotates"
like "$(stored app A)" '^vault:v2:' "secret-rotate rewraps"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1
status_is 1 "retiring without --retire of the setup: exit 1"
err_like 'transit/keys/derived-key/config' "retiring without the right: an error"
set_up_here --retire
status_is 0 "setup --retire: exit 0"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1
status_is 0 "retiring after setup --retire: exit 0"
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1 --trim
status_is 1 "trimming without the right: exit 1"
set_up_here --trim
as secret-rotate secret-rotate --all-namespaces --retire --keep-versions 1 --trim
status_is 0 "trimming after setup --trim: exit 0"
# shellcheck disable=SC2016 # the launched shell's
as api secret-exec --secret app -- sh -c 'echo "$A $B"'
out_is "three two" "secret-exec launches after trimming"
set_up_here --app demo/api
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate", "secret-rotate-retire", "secret-rotate-trim"]' "a run without options: both rights stay"
set_up_here --no-retire
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate"]' "--no-retire: both rights are removed"
set_up_here --retire
set_up_here
login secret-rotate secret-rotate/vault-token
is "$(field auth.policies)" '["secret-rotate", "secret-rotate-retire"]' "a run without options: the right to retire stays"
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
status_is 0 "policy secret-seal-create-key: secret-seal --create-key creates the key"
seals_with secret-seal-only-encrypt
as secret-seal secret-seal --transit-key new-key --from-literal B=two other
status_is 1 "policy secret-seal-only-encrypt: sealing with verification fails"
as secret-seal secret-seal --transit-key new-key --no-verify --from-literal B=two other
status_is 0 "policy secret-seal-only-encrypt: --no-verify seals"

# -- what belongs to others ---------------------------------------------------------------------------------

set_up_here
fails_with 1 'role/secret-seal has the policy new-secret-seal-only-encrypt of another trust domain; .*--replace' "a role with other policies: exit 1"
set_up_here --replace
status_is 0 "a role with other policies, --replace: exit 0"
before=$(vault_state)
set_up_here --key other-key
fails_with 1 'policy secret-exec contains transit/decrypt/derived-key; .*--domain' "another key with the same names: exit 1"
set_up_here --app default/api
fails_with 1 'role/api is for other service accounts; .*--app default/api=ROLE' "another application with the same role: exit 1"
is "$(vault_state)" "$before" "rejected runs: no change"
narrowed='path "transit/decrypt/derived-key" { capabilities = ["update"] }'
vault policy write secret-exec - >/dev/null <<<"$narrowed"
set_up_here
status_is 0 "a narrowed policy: exit 0"
out_like 'policy secret-exec: exists with another text; left as it is' "a narrowed policy: a note"
out_like $'policy secret-seal: exists\n' "a narrowed policy: no note about others"
is "$(vault policy read secret-exec)" "$narrowed" "a narrowed policy: unchanged"
set_up_here --replace
out_like 'policy secret-exec: written' "a narrowed policy, --replace: written"
is "$(vault_state)" "$before" "a narrowed policy, --replace: the original state"
set_up_here --domain payments --app default/api=payments-api
status_is 0 "--domain: exit 0"
is "$(vault_state | grep -v '^[^ ]*payments')" "$before" "--domain: the first domain is unchanged"
is "$(vault_state | grep '^[^ ]*payments' | cut -d' ' -f1 | xargs)" "transit/keys/payments auth/kubernetes/role/payments-api \
auth/kubernetes/role/secret-rotate-payments auth/kubernetes/role/secret-seal-payments \
sys/policies/acl/secret-exec-payments sys/policies/acl/secret-rotate-payments sys/policies/acl/secret-seal-payments" "--domain: only the expected objects"
login payments-api elsewhere
token=$(field auth.client_token)
for key in payments=400 derived-key=403; do
	VAULT_CALL_TOKEN=$token vault_call POST "transit/decrypt/${key%=*}" '{"ciphertext":"none"}'
	is "$STATUS" "${key#*=}" "--domain: its application can decrypt only with payments: ${key%=*}"
done
vault write transit/keys/exportable-key type=aes256-gcm96 derived=true exportable=true >/dev/null
set_up_here --domain exportable --key exportable-key
fails_with 1 'exportable-key has exportable=true' "an exportable key: exit 1"
for time in first second; do
	set_up_here --domain Capitals --retire
	status_is 0 "--domain with a capital letter, $time run: exit 0"
done
out_like 'policy secret-rotate-retire-capitals: exists' "--domain with a capital letter: its policies are found"
vault secrets enable -path=elsewhere kv >/dev/null
set_up_here --mount elsewhere
fails_with 1 'elsewhere is a secrets engine of type kv' "a mount of another engine: exit 1"

is "$(grep -cF -e "$VAULT_TOKEN" -e "$(<"$TAP_WORK/reviewer")" "$TAP_WORK/output" "$TAP_WORK/called" | cut -d: -f2 | xargs)" "0 0" \
	"no token in the output or on a command line"
done_testing

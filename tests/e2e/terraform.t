#!/bin/bash
# policies/terraform creates the same objects in an empty Vault as policies/setup, is idempotent, and keeps the key: with
# real OpenTofu and the real provider.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/empty-vault.sh"
programs=$("$root/tests/e2e/build-programs" tofu terraform-provider-vault) || exit 1
empty_vault

# In a copy, because it writes files next to its own.  Do not use a registry.
cp -r "$root/policies" "$TAP_WORK/"
cd "$TAP_WORK/policies/terraform" || exit 1
machine=$(case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; esac)
mirror=$TAP_WORK/mirror/registry.opentofu.org/hashicorp/vault/3.3.1/linux_$machine
mkdir -p "$mirror"
ln "$(readlink -f "$programs/terraform-provider-vault")" "$mirror/terraform-provider-vault_v3.3.1" 2>/dev/null ||
	cp "$programs/terraform-provider-vault" "$mirror/terraform-provider-vault_v3.3.1"
printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$TAP_WORK/mirror" >"$TAP_WORK/tofu.rc"
export TF_CLI_CONFIG_FILE=$TAP_WORK/tofu.rc CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
unset "${!TF_VAR_@}"
tofu() { "$programs/tofu" "$@" -no-color; }

tofu init -input=false >"$TAP_WORK/init" 2>&1 || { cat "$TAP_WORK/init" && exit 1; }
run tofu validate
status_is 0 "tofu validate: exit 0"
run tofu fmt -check -recursive
status_is 0 "tofu fmt: exit 0"

openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -out "$TAP_WORK/issuer.pem" 2>/dev/null
cat >cluster.auto.tfvars <<VARIABLES
kubernetes_host = "${CLUSTER[1]}"
kubernetes_ca   = <<PEM
$(<"$STAGE_DIR/kube-ca.crt")
PEM
namespace       = "demo"
applications    = {
  api = { namespace = "demo", service_account = "api" }
  web = { namespace = "shop", service_account = "front" }
}
issuer          = "https://gitlab.example.com"
issuer_key      = <<PEM
$(<"$TAP_WORK/issuer.pem")
PEM
pipelines       = {
  deploy = { policy = "secret-seal", claims = { project_path = "shop/deploy", ref_protected = "true" } }
  rewrap = { policy = "secret-rewrap", claims = { project_path = "shop/deploy" } }
}
VARIABLES
TF_VAR_reviewer_jwt=$(<"$TAP_WORK/reviewer")
export TF_VAR_reviewer_jwt
here=("${CLUSTER[@]}" --namespace demo --app demo/api --app shop/front=web
	--issuer https://gitlab.example.com --issuer-key "$TAP_WORK/issuer.pem"
	--pipeline "deploy=secret-seal:ref_protected=true,project_path=shop/deploy" --pipeline rewrap=secret-rewrap:project_path=shop/deploy)

# -- rejected values ----------------------------------------------------------------------------------------

# Exit 0 without changes, 2 with changes.
plan() { run tofu plan -input=false -detailed-exitcode "$@"; }
app='namespace="demo",service_account="x"'
for wrong in 'key=a b' 'key=a/b' 'domain=a"b' 'domain=' 'mount=/' 'mount=a//b' 'auth_mount=a*' 'namespace=Demo' 'namespace=*' \
	"applications={\"a/b\"={$app}}" "applications={\"+\"={$app}}" "applications={Web={$app},web={$app}}" \
	"applications={Secret-Seal={$app}}" 'applications={a={namespace="*",service_account="x"}}' \
	'applications={a={namespace="demo",service_account="X"}}' 'issuer=http://ci.example' 'jwt_mount=a*' \
	'pipelines={a={policy="root",claims={sub="x"}}}' 'pipelines={a={policy="secret-seal",claims={}}}' \
	'pipelines={"a/b"={policy="secret-seal",claims={sub="x"}}}' \
	'pipelines={A={policy="secret-seal",claims={sub="x"}},a={policy="secret-seal",claims={sub="x"}}}'; do
	plan -var "$wrong"
	status_is 1 "$wrong: exit 1"
	err_like "Invalid value for variable.*${wrong%%=*}" "$wrong: the error names the variable"
done
for role in secret-seal-payments Secret-Rotate-Payments; do
	plan -var domain=Payments -var "applications={$role={$app}}"
	status_is 1 "domain Payments, an application with role $role: exit 1"
	err_like "The role $role is that of a program" "domain Payments, role $role: the error names the role"
done

# -- the same as policies/setup -----------------------------------------------------------------------------

"$root/policies/setup" "${here[@]}" --trim >/dev/null
wanted=$(vault_state)
vault_wipe
apply() { run tofu apply -input=false -auto-approve "$@"; }
apply -var trim=true
status_is 0 "an empty Vault: exit 0"
is "$(vault_state)" "$wanted" "an empty Vault: the same state as with policies/setup"
plan -var trim=true
status_is 0 "a second plan: no changes"
run tofu output -json
is "$(field transit_key.value)" transit/derived-key "output transit_key"
is "$(field roles.value.web)" shop/front "output roles"

# -- later changes ---------------------------------------------------------------------------------------------

vault write -f transit/keys/derived-key/rotate >/dev/null
vault write transit/keys/derived-key/config min_decryption_version=2 >/dev/null
plan -var trim=true
status_is 0 "after a rotation of the key: no changes"
"$root/policies/setup" "${here[@]}" --no-retire >/dev/null
plan -var trim=true
status_is 2 "after a change in Vault: changes planned"
apply -var trim=true
status_is 0 "after a change in Vault: applied"
apply -var 'applications={api={namespace="demo",service_account="api"}}'
status_is 0 "an application removed: exit 0"
is "$(vault_state | grep -c 'role/web ')" 0 "an application removed: no role"
ciphertext=$(vault write -field=ciphertext transit/encrypt/derived-key plaintext=cGxhaW4= context=Y29udGV4dA==)
run tofu destroy -input=false -auto-approve
status_is 1 "tofu destroy: exit 1"
err_like 'vault_transit_secret_backend_key\.key.*prevent_destroy' "tofu destroy: the error names the key"
is "$(vault write -field=plaintext transit/decrypt/derived-key ciphertext="$ciphertext" context=Y29udGV4dA==)" cGxhaW4= \
	"tofu destroy: the key still decrypts"

# -- a second trust domain ----------------------------------------------------------------------------------

before=$(vault_state)
second=(-state="$TAP_WORK/second.tfstate" -var domain=payments -var create_mount=false -var create_auth_mount=false
	-var create_jwt_mount=false -var 'pipelines={ledger-seal={policy="secret-seal",claims={project_path="payments/ledger"}}}'
	-var 'applications={ledger={namespace="demo",service_account="ledger"}}')
apply "${second[@]}"
status_is 0 "a second trust domain: exit 0"
is "$(vault_state | grep -v -e '^[^ ]*payments' -e '^[^ ]*ledger')" "$before" "a second trust domain: the first is unchanged"
terraformed=$(vault_state)
run "$root/policies/setup" --namespace demo --domain payments --app demo/ledger \
	--pipeline ledger-seal=secret-seal:project_path=payments/ledger
status_is 0 "policies/setup for the same domain: exit 0"
out_like $'policy secret-exec-payments: exists\n' "policies/setup for the same domain: the policies exist"
is "$(vault_state)" "$terraformed" "policies/setup for the same domain: no change"
done_testing

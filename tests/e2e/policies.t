#!/bin/bash
# Each policy of policies/ allows the calls of its program, and nothing else: on the real Vault, with tokens that
# have that one policy.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

policies=$(cd "$(dirname "$0")/../../policies" && pwd)

# Calls, each with the policies that allow it: e secret-exec, s secret-seal, o secret-seal-only-encrypt,
# c secret-seal-create-key, r secret-rotate, w secret-rewrap, b secret-rotate-retire (its bounds), t secret-rotate-trim.
declare -A letters=([e]=secret-exec [s]=secret-seal [o]=secret-seal-only-encrypt [c]=secret-seal-create-key
	[r]=secret-rotate [w]=secret-rewrap [b]=secret-rotate-retire [t]=secret-rotate-trim)
calls='
es   POST transit/decrypt/derived-key {"batch_input":[{"ciphertext":"CIPHERTEXT","context":"Y29udGV4dA=="}]}
so   POST transit/encrypt/derived-key {"batch_input":[{"plaintext":"cGxhaW4=","context":"Y29udGV4dA=="}]}
rw   POST transit/rewrap/derived-key {"batch_input":[{"ciphertext":"CIPHERTEXT","context":"Y29udGV4dA=="}]}
sorw GET transit/keys/derived-key

r    POST transit/keys/derived-key/rotate {}
-    POST transit/keys/derived-key/rotate {"managed_key_name":"other"}
b    POST transit/keys/derived-key/config {"min_decryption_version":1}
b    POST transit/keys/derived-key/config {"min_decryption_version":1,"min_encryption_version":1}
-    POST transit/keys/derived-key/config {"exportable":true}
-    POST transit/keys/derived-key/config {"allow_plaintext_backup":true}
-    POST transit/keys/derived-key/config {"deletion_allowed":true}
-    POST transit/keys/derived-key/config {"auto_rotate_period":"1h"}
-    POST transit/keys/derived-key/config {"min_decryption_version":1,"exportable":true}
t    POST transit/keys/derived-key/trim {"min_available_version":1}
-    POST transit/keys/derived-key/trim {"min_available_version":1,"other":1}

c    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":true,"exportable":false}
-    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":true,"exportable":true}
-    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":true,"allow_plaintext_backup":true}
-    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":true,"convergent_encryption":true}
-    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":true,"auto_rotate_period":"1h"}
-    POST transit/keys/derived-key {"type":"aes256-gcm96","derived":false}
-    POST transit/keys/derived-key {"type":"rsa-2048","derived":true}

-    POST transit/decrypt/aes256-key {"ciphertext":"CIPHERTEXT"}
-    POST transit/encrypt/aes256-key {"plaintext":"cGxhaW4="}
-    POST transit/rewrap/aes256-key {"ciphertext":"CIPHERTEXT"}
-    GET transit/keys/aes256-key
-    POST transit/keys/aes256-key/rotate {}
-    POST transit/keys/aes256-key/config {"min_decryption_version":1}
-    POST transit/keys/aes256-key/trim {"min_available_version":1}
-    POST transit/keys/made {"type":"aes256-gcm96","derived":true,"exportable":false}
-    POST team/transit/decrypt/team-key {"ciphertext":"CIPHERTEXT"}

-    LIST transit/keys
-    GET transit/export/encryption-key/derived-key
-    GET transit/backup/derived-key
-    POST transit/restore/derived-key {"backup":"e30="}
-    POST transit/datakey/plaintext/derived-key {"context":"Y29udGV4dA=="}
-    POST transit/hmac/derived-key {"input":"cGxhaW4="}
-    POST transit/config/keys {"disable_upsert":false}
-    GET transit/wrapping_key

-    POST auth/token/create {"policies":["secret-seal"]}
-    POST auth/token/create-orphan {}
-    GET auth/token/lookup-self
-    POST auth/token/renew-self {}
-    POST auth/token/revoke {"token":"other"}
-    LIST auth/token/accessors
-    GET auth/kubernetes/role/secret-exec
-    POST auth/kubernetes/role/secret-exec {"token_policies":["root"]}
-    POST auth/kubernetes/config {"kubernetes_host":"https://127.0.0.1:1"}
-    GET sys/policies/acl/secret-exec
-    POST sys/policies/acl/secret-exec {"policy":"path \"*\" { capabilities = [\"sudo\"] }"}
-    GET sys/mounts
-    POST sys/mounts/other {"type":"transit"}
-    GET sys/auth
-    GET sys/audit
-    PUT sys/seal {}
-    GET cubbyhole/other
-    POST cubbyhole/other {"a":"b"}
-    POST sys/wrapping/wrap {"a":"b"}
-    GET identity/entity/id?list=true
'
# Last, because it revokes the token.
last='esorw POST auth/token/revoke-self {}'

# All other methods on the policies' paths are denied.
spoken=$(sed -n 's/^path "\(.*\)" {$/\1/p' "$policies"/*.hcl | sort -u)
is "$(wc -l <<<"$spoken")" 8 "the policies have eight paths"
for path in $spoken; do
	for method in GET LIST DELETE; do
		! grep -q " $method $path\$" <<<"$calls" || continue
		calls+="-    $method $path"$'\n'
	done
done
vault_call POST transit/encrypt/derived-key '{"plaintext":"cGxhaW4=","context":"Y29udGV4dA=="}'
calls=$(sed '/^$/d' <<<"${calls//CIPHERTEXT/$(field data.ciphertext)}")$'\n'$last
# Trimming requires a minimum.
vault_call POST transit/keys/derived-key/config '{"min_encryption_version":1}'

# -- a token with one policy, and Vault's status of each call ------------------------------------------

json() { /usr/bin/python3 -IS -c 'import json, sys; print(json.dumps({"policy": sys.stdin.read()}))'; }
vault_call POST auth/kubernetes/role/one-policy '{"bound_service_account_names":"app","bound_service_account_namespaces":"demo",
	"token_policies":"one-policy","token_no_default_policy":true,"token_type":"service","token_ttl":"300s"}'
at_end 'vault_call DELETE auth/kubernetes/role/one-policy'
at_end 'vault_call DELETE sys/policies/acl/one-policy'
# holds TEXT: log in with the policy TEXT; write the token to $TAP_WORK/header for curl.
holds() {
	vault_call PUT sys/policies/acl/one-policy "$(json <<<"$1")"
	[ "$STATUS" = 204 ] || { tap_note "$1: $OUT" && exit 1; }
	VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login "{\"role\":\"one-policy\",\"jwt\":\"$(<"$STAGE_DIR/pod/app/token")\"}"
	(umask 077 && printf 'X-Vault-Token: %s\n' "$(field auth.client_token)" >"$TAP_WORK/header")
}
# Make all calls over one connection.
while read -r _ method path body; do
	printf 'url = "%s/v1/%s"\nrequest = %s\nheader = "@%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' \
		"$VAULT_ADDR" "$path" "$method" "$TAP_WORK/header"
	printf 'cacert = "%s"\nsilent\nnoproxy = "*"\n' "$VAULT_CACERT"
	[ -z "$body" ] || printf 'data = "%s"\n' "$(sed 's/["\\]/\\&/g' <<<"$body")"
	echo next
done <<<"$calls" | sed '$d' >"$TAP_WORK/calls"
# differences LETTER: print the calls whose status differs from the table: 2xx if allowed, otherwise 403.
differences() {
	curl -K "$TAP_WORK/calls" | paste -d ' ' - <(cat <<<"$calls") |
		awk -v who="$1" '(index($2, who) ? $1 !~ /^2/ : $1 != 403) { status = $1; $1 = $2 = ""; print status ":" $0 }'
}

for letter in e s o c r w b t; do
	policy=${letters[$letter]}
	holds "$(<"$policies/$policy.hcl")"
	is "$(differences "$letter")" '' "$policy: allows its program's calls, and denies all others"
done
is "$(printf '%s.hcl\n' "${letters[@]}" | sort)" "$(cd "$policies" && ls -- *.hcl | sort)" "all policies are tested"

# -- this test finds a missing or an additional right --------------------------------------------------------------

# parts FILE: print its paths, each on one line.
parts() { sed '/^#/d' "$1" | awk -v RS='\n}\n' 'NF { gsub(/\n/, " "); sub(/^ +/, ""); print $0 " }" }'; }
# found_out LETTER NAME TEXT
found_out() {
	holds "$3"
	local wrong
	wrong=$(differences "$1")
	if [ -n "$wrong" ]; then tap_result yes "$2"; else tap_result no "$2" && tap_note "$3"; fi
}
for letter in e s o c r w b t; do
	policy=${letters[$letter]}
	mapfile -t paths < <(parts "$policies/$policy.hcl")
	for i in "${!paths[@]}"; do
		path=${paths[i]}
		others=("${paths[@]}")
		unset "others[i]"
		name=$(cut -d'"' -f2 <<<"$path")
		found_out "$letter" "$policy without $name" "$(printf '%s\n' "${others[@]-}")"
		found_out "$letter" "$policy with all capabilities on $name" "$(printf '%s\n' "${others[@]-}" \
			"$(sed 's/capabilities *= *\[[^]]*\]/capabilities = ["create", "read", "update", "list", "delete"]/' <<<"$path")")"
		# shellcheck disable=SC2001 # a pattern with alternatives
		[[ $name != */derived-key* ]] ||
			found_out "$letter" "$policy with $name of any key" "$(printf '%s\n' "${others[@]-}" "${path/derived-key/+}")"
		for fence in allowed_parameters denied_parameters; do
			[[ $path = *$fence* ]] || continue
			found_out "$letter" "$policy without $fence of $name" "$(printf '%s\n' "${others[@]-}" \
				"$(sed -E "s/$fence *= *(\[[^]]*\]|\{([^{}]*)\})//" <<<"$path")")"
		done
	done
done

# -- encrypting does not create a key ------------------------------------------------------------------------------

holds "$(sed s,/derived-key,/mistyped-key, "$policies/secret-seal.hcl")"
VAULT_CALL_TOKEN=$(cut -d' ' -f2 "$TAP_WORK/header") vault_call POST transit/encrypt/mistyped-key '{"plaintext":"cGxhaW4="}'
is "$STATUS" 403 "encrypting with a missing key: denied"
vault_call GET transit/keys/mistyped-key
is "$STATUS" 404 "encrypting with a missing key creates none"

done_testing

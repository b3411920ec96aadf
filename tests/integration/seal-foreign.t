#!/bin/bash
# Values and files that another tool has encrypted are refused with its name: sealed again, the ciphertext would reach the
# application, and a file that such a tool signs would be invalid.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
file=$TAP_WORK/app
enc='ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]'
armour() { printf -- '-----BEGIN %s-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUx\n-----END %s-----\n' "$1" "$1"; }
seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
nothing() {
	kube_call GET "$secrets/app"
	is "$STATUS" 404 "nothing is written: $1"
}

# -- values -----------------------------------------------------------------------------------------------------

# value TOOL BYTES-FOR-PRINTF: pass it as a file, and as a literal unless it has a NUL.
value() {
	printf -- "$2" >"$file"
	seal --from-file "A=$file" app
	fails_with 1 "app: A: encrypted with $1 already; .*--allow-encrypted" "$1: a file"
	case $2 in *\\0*) return ;; esac
	seal --set "A=$(cat "$file")" app
	fails_with 1 "from-literal: A: encrypted with $1 already" "$1: a literal"
}
value SOPS "$enc"
value SOPS "{\"data\": \"$enc\", \"sops\": {\"version\": \"3.9.0\"}}"
value SOPS 'plain: x\nsops:\n    version: 3.9.0\n'
value eyaml 'ENC[PKCS7,MIIBygYJKoZIhvcNAQcDoIIBuzCCAbcCAQAxggEhMIIB]'
value 'Ansible Vault' '$ANSIBLE_VAULT;1.1;AES256\n6231383132\n'
value age "$(armour 'AGE ENCRYPTED FILE')"
value age 'age-encryption.org/v1\n-> X25519 \0377'
value PGP "$(armour 'PGP MESSAGE')"
value git-crypt '\0GITCRYPT\0abc'
value ejson 'EJ[1:ZJ1nP1h1hE0XJL0K1vV8U:abc:def]'
value OpenSSL 'U2FsdGVkX19kZXJpdmVk'
value dotenvx "encrypted:$(head -c 96 /dev/zero | base64 -w0)"
value sealed-secrets 'kind: SealedSecret\nspec:\n  encryptedData: {A: AgBy}\n'
value "Vault's Transit engine" 'vault:v1:AAAA'
printf 'PLAIN=x\nA=%s\n' "$enc" >"$file"
seal --from-env-file "$file" app
fails_with 1 'app: A: encrypted with SOPS already' "a .env file"
printf 'PLAIN=x\nsops_version=3.9.0\n' >"$file"
seal --from-env-file "$file" app
fails_with 1 'app: sops_version: encrypted with SOPS already' "SOPS's metadata in a .env file"
printf 'A: x\nsops: {version: 3.9.0}\n' >"$file"
seal --from-document "$file" app
fails_with 1 'app: sops: encrypted with SOPS already' "SOPS's metadata in a document"
seal --layout document --from-document "$file" app
fails_with 1 'encrypted with SOPS already' "SOPS's metadata in a whole document"
printf 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {A: AgBy}}\n' >"$file"
seal --from-document "$file" app
fails_with 1 'encrypted with sealed-secrets already' "a SealedSecret as a document"
ejson="EJ[1:ZJ1nP1h1hE0XJL0K1vV8U:abc:def]"
printf '{"A": "%s"}' $ejson >"$file"
seal --layout document --from-document "$file" app
fails_with 1 'secrets.json: encrypted with ejson already' "a member of a whole document"
printf '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app"}, "stringData": {"d.json": "{\\"A\\": \\"%s\\"}"}}' $ejson >"$file"
seal --layout document -f "$file"
fails_with 1 'd.json: encrypted with ejson already' "a member of a document in a manifest"
nothing "by values"

# -- broken manifests -------------------------------------------------------------------------------------------

# A mapping that ends after a key.
for text in 'a: b\nc: "\n' 'kind: List\nitems:\n- a: b\n- c: "' 'a: b\nc: \t\n\td' 'kind: Secret\nstringData:\n  A: \0344\n' 'sops:\n  mac: x\nc: "\n'; do
	printf "$text" >"$file"
	seal -f "$file" --dry-run=client
	fails_with 1 'app: line [2-9], column [0-9]+: ' "a broken manifest: $text"
	run "$BIN/secret-seal" -f "$file" -i --set A=x
	fails_with 1 'app: line [2-9], column [0-9]+: ' "a value for a broken manifest: $text"
done

# -- similar values ----------------------------------------------------------------------------------------------

seal --set "A=ENC(jasypt)" --set 'B={cipher}abc' --set kind=Deployment --set sops=maybe --set 'C=encrypted: yes' \
	--from-file "D=$0" --set "E=$(armour 'OPENSSH PRIVATE KEY')" --allow-encrypted --dry-run=server app
status_is 0 "--allow-encrypted with every kind: exit 0"
seal --set "A=ENC(jasypt)" --set 'B={cipher}abc' --set kind=Deployment --set sops=maybe --set 'C=encrypted: yes' \
	--set "E=$(armour 'OPENSSH PRIVATE KEY')" --dry-run=server app
status_is 0 "keys, ciphertext of applications, and plaintext: exit 0 without the option"

# -- allowed, and changed afterwards -----------------------------------------------------------------------------

seal --allow-encrypted --set "A=$enc" app
out_is "secret/app created" "--allow-encrypted seals it"
seal --force-foreign --set "A=$enc" --dry-run=server app
out_is "secret/app sealed (server dry run)" "--force-foreign, the name of earlier releases, is accepted"
seal --set B=two app
out_is "secret/app updated" "other values of the Secret change without the option"
run setsid -w "$BIN/secret-seal" edit --editor 'sed -i s/two/three/' app </dev/null
out_is "secret/app edited" "other values are edited without the option"
run setsid -w "$BIN/secret-seal" edit --editor "sed -i 's/three/EJ[1:x]/'" app </dev/null
status_is 1 "a value of another tool in edit: exit 1"
err_like 'the edited text: B: encrypted with ejson already' "a value of another tool in edit is named"
run setsid -w "$BIN/secret-seal" edit --allow-encrypted --editor "sed -i 's/three/EJ[1:x]/'" app </dev/null
out_is "secret/app edited" "edit --allow-encrypted seals it"
kube_call DELETE "$secrets/app"

# -- adopted ----------------------------------------------------------------------------------------------------

kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"},\"data\":{\"A\":\"$(printf %s "$enc" | base64 -w0)\"}}"
seal --adopt app
fails_with 1 'Secret demo/app: .*A: encrypted with SOPS already' "--adopt: exit 1"
seal --adopt --allow-encrypted app
out_is "secret/app updated" "--adopt --allow-encrypted seals it"
kube_call DELETE "$secrets/app"

# -- manifests --------------------------------------------------------------------------------------------------

secret() { printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\n%s\n' "$1"; }
# manifest TOOL TEXT NAME: refused in each way, and the file does not change.
manifest() {
	local way
	printf -- "$2" >"$file.yaml"
	cp "$file.yaml" "$TAP_WORK/before"
	for way in '-i' '-i --set B=new' '-o yaml' ''; do
		# shellcheck disable=SC2086 # words
		seal -n demo -f "$file.yaml" $way
		fails_with 1 "app.yaml.*encrypted with $1 already|Secret demo/app: data: A: encrypted with $1 already; .*--allow-encrypted" "$1: $3, ${way:-to the API}"
	done
	ok "$3: the file does not change" cmp -s "$file.yaml" "$TAP_WORK/before"
}
manifest SOPS "$(secret "stringData: {A: '$enc'}")" "a value in stringData"
manifest SOPS "$(secret "data: {A: '$enc'}")" "a value in data"
manifest SOPS "$(secret "data: {A: $(printf %s "$enc" | base64 -w0)}")" "a value in data, in base64"
manifest SOPS "$(secret 'stringData: {A: x}
sops: {version: 3.9.0}')" "a Secret with metadata of SOPS"
manifest SOPS "$(secret 'stringData: {A: x}')
---
kind: ConfigMap
sops: {version: 3.9.0}
" "a file in which another document has it"
manifest sealed-secrets 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {A: AgBy}}\n' "a SealedSecret"
manifest sealed-secrets 'apiVersion: v1\nkind: List\nitems: [{kind: SealedSecret}]\n' "a List of SealedSecrets"
manifest 'Ansible Vault' '$ANSIBLE_VAULT;1.1;AES256\n6231383132\n' "a whole file"
manifest age "$(armour 'AGE ENCRYPTED FILE')" "a whole file"
manifest git-crypt '\0GITCRYPT\0abc' "a whole file"
manifest kubesec "$(secret 'data: {A: eHh4}')
# kubesec:v:3
" "a Secret"
nothing "by manifests"
run setsid -w "$BIN/secret-seal" edit -n demo --editor true "$file.yaml" </dev/null
fails_with 1 'app.yaml: line 1: encrypted with kubesec already' "edit"
seal -f - -o yaml < <(printf -- '$ANSIBLE_VAULT;1.1;AES256\n62\n')
fails_with 1 'standard input.*encrypted with Ansible Vault already' "standard input"

printf 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n---\n%s\n' "$(secret "stringData: {A: '$enc'}")" >"$file.yaml"
seal -n demo --allow-encrypted -i -f "$file.yaml"
status_is 0 "--allow-encrypted"
is "$(head -2 "$file.yaml")" $'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret' "--allow-encrypted does not change a SealedSecret"
ok "--allow-encrypted seals the values of Secrets" grep -q dmF1bHQ6 "$file.yaml"

done_testing

#!/bin/bash
# Vault's refusal of a value is reported with the Secret, the data key and the reason, and stops no other value.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

# encrypted KEY FIELDS: print the ciphertext of a fixed plaintext; FIELDS are further members of the request.
encrypted() {
	vault_call POST "transit/encrypt/$1" "{\"plaintext\":\"cGxhaW4=\"${2-}}"
	field data.ciphertext
}
# secret NAME KEY SCOPE DATA-KEY=VALUE...: create a sealed Secret with these bytes, or after an @ the bytes of a file.
secret() {
	/usr/bin/python3 -IS -c '
import base64, json, sys
name, key, scope, *data = sys.argv[1:]
annotations = {"secretmanager/transit-key": "transit/" + key}
if scope:
    annotations["secretmanager/scope"] = scope
print(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {
    "name": name, "labels": {"secretmanager/sealed": "true"}, "annotations": annotations},
    "data": {key: base64.b64encode(open(value[1:], "rb").read() if value[:1] == "@" else value.encode()).decode()
             for key, value in (one.split("=", 1) for one in data)}}))' \
		"$@" >"$TAP_WORK/secret"
	kube_call POST /api/v1/namespaces/demo/secrets "@$TAP_WORK/secret"
	[ "$STATUS" = 201 ] || { echo "Bail out! $1 can't be made: $STATUS" && exit 1; }
}
# versions NAME...: print the number of values by version, and the number of versions of the key.
versions() { "$BIN/secret-seal" status "$@" | awk 'NR > 1 { count[$6]++ } END { for (v in count) print v, count[v] }'; }
context() { printf ',"context":"%s"' "$(printf %s "$1" | base64 -w0)"; }

# Version 1 will be below min_decryption_version.
too_old=$(encrypted aes256-key)
for _ in 1 2; do vault_call POST transit/keys/aes256-key/rotate; done
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
good=$(encrypted aes256-key)

secret good aes256-key '' "A=$good" "B=$good"
secret too-old aes256-key '' "A=$too_old" "B=$good"
secret future aes256-key '' "A=vault:v99:${good#vault:v*:}" "B=$good"
secret not-base64 aes256-key '' "A=vault:v1:%%%garbage%%%" "B=$good"
secret too-short aes256-key '' "A=vault:v2:AAAA" "B=$good"
secret no-version aes256-key '' "A=vault:vX:${good#vault:v*:}" "B=$good"
secret associated aes256-key '' "A=$(encrypted aes256-key ',"associated_data":"YWFk"')" "B=$good"
secret other-key aes256-key '' "A=$(encrypted derived-key "$(context demo/other-key/A)" | sed 's/v1/v3/')" "B=$good"
secret unknown-key no-such-key '' "A=$good"

# Under one derived key: bound, bound to another scope than annotated, copied, and not bound.
secret bound derived-key strict "A=$(encrypted derived-key "$(context demo/bound/A)")"
secret wide derived-key namespace-wide "A=$(encrypted derived-key "$(context demo//A)")"
secret copied derived-key strict "A=$(encrypted derived-key "$(context demo/bound/A)")" \
	"B=$(encrypted derived-key "$(context demo/copied/B)")"
secret unbound derived-key '' "A=$(encrypted derived-key "$(context demo/unbound/A)")"
secret wrong-scope derived-key cluster-wide "A=$(encrypted derived-key "$(context demo/wrong-scope/A)")"
secret no-scope derived-key sideways "A=$(encrypted derived-key "$(context demo/no-scope/A)")"

run "$BIN/secret-rotate" -n demo
status_is 1 "some values are refused: exit 1"
reports() { err_like "(^|"$'\n'")[^"$'\n'"]*demo/$1[^"$'\n'"]*$2" "$3"; }
reports too-old 'A[^a-z].*disallowed by policy \(too old\)' "a ciphertext below min_decryption_version is reported"
reports future 'A[^a-z].*version' "a ciphertext of an unknown version is reported"
reports not-base64 'A[^a-z].*' "a ciphertext that is not base64 is reported"
reports too-short 'A[^a-z].*(invalid ciphertext|authentication)' "a ciphertext that is too short is reported"
reports no-version 'A[^a-z].*' "a ciphertext without a version is reported"
reports associated 'A[^a-z].*authentication failed' "a ciphertext with associated data is reported"
reports other-key 'A[^a-z].*authentication failed' "a ciphertext of another key is reported"
reports unknown-key 'transit/no-such-key' "a key that does not exist is reported"
reports copied 'A[^a-z].*authentication failed' "a value copied from another Secret is reported"
reports unbound 'A[^a-z].*context' "a value without its binding is reported"
reports wrong-scope 'A[^a-z].*authentication failed' "a value with the wrong scope is reported"
reports no-scope 'sideways' "an unknown scope is reported"
for name in good too-old future not-base64 too-short no-version associated other-key; do
	like "$(stored "$name" B)" '^vault:v4:' "$name: its good value is on the new version"
done
like "$(stored good A)" '^vault:v4:' "the good Secret is on the new version"
for name in bound wide; do like "$(stored "$name" A)" '^vault:v2:' "$name: on the new version"; done
like "$(stored copied B)" '^vault:v2:' "copied: its own value is on the new version"
is "$(stored too-old A)" "$too_old" "a refused value is unchanged"
for name in too-old future not-base64 too-short no-version associated other-key unknown-key copied unbound wrong-scope no-scope; do
	is "$(grep -c "demo/$name\>" <<<"$ERR")" 1 "$name is reported once"
done
err_unlike 'garbage|cGxhaW4|AAAA' "no value is shown"
clear() {
	local name
	kube_call GET /api/v1/namespaces/demo/secrets
	for name in $(/usr/bin/python3 -IS -c '
import json, sys
print(*(item["metadata"]["name"] for item in json.load(sys.stdin)["items"]))' <<<"$OUT"); do
		kube_call DELETE "/api/v1/namespaces/demo/secrets/$name"
	done
}
clear

# More than Vault accepts in a request: 10,000 elements in an array, 32 MiB in all.
for name in one two; do
	/usr/bin/python3 -IS -c 'print(*("V%d=%d" % (n, n) for n in range(6000)), sep="\n")' >"$TAP_WORK/values"
	"$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/values" "$name" >/dev/null
done
STAGE_DIR=$STAGE_DIR STAGE_ADMIN_TOKEN=$STAGE_ADMIN_TOKEN "$(dirname "$0")/../many-secrets" 38 --large 37 930000
# The longest ciphertext that Vault accepts, which secret-seal would not make.
/usr/bin/python3 -IS -c '
import base64, json
print(json.dumps({"plaintext": base64.b64encode(b"." * 786390).decode()}))' >"$TAP_WORK/plaintext"
vault_call POST transit/encrypt/aes256-key "@$TAP_WORK/plaintext"
field data.ciphertext | tr -d '\n' >"$TAP_WORK/longest"
is "$(wc -c <"$TAP_WORK/longest")" 1048569 "Vault encrypts the longest value"
secret longest aes256-key '' "A=@$TAP_WORK/longest"
run "$BIN/secret-rotate" -n demo
status_is 0 "more values than a request may have: exit 0"
is "$(versions one two)" "5/5 12000" "12,000 values of two Secrets are on the new version"
is "$(versions)" "5/5 12040" "34 MB of ciphertext, and the longest value that Vault accepts, are on the new version"

# A full Secret has no room for a longer version: v10 after v9.
clear
for _ in 6 7 8 9; do vault_call POST transit/keys/aes256-key/rotate; done
good=$(encrypted aes256-key)
secret good aes256-key '' "A=$good"
# Three values, of 9 characters and base64 each: 1,048,575 bytes in all.
for plaintext in 524250 262070; do
	/usr/bin/python3 -IS -c '
import base64, json, sys
print(json.dumps({"plaintext": base64.b64encode(b"." * int(sys.argv[1])).decode()}))' "$plaintext" >"$TAP_WORK/plaintext"
	vault_call POST transit/encrypt/aes256-key "@$TAP_WORK/plaintext"
	field data.ciphertext | tr -d '\n' >"$TAP_WORK/part-$plaintext"
done
secret full aes256-key '' "A=@$TAP_WORK/part-524250" "B=@$TAP_WORK/part-262070" "C=$good"
run "$BIN/secret-rotate" -n demo
status_is 1 "a full Secret: exit 1"
reports full 'Too long' "a Secret without room for the longer ciphertext is reported"
like "$(stored good A)" '^vault:v10:' "a full Secret: all others are on the new version"
like "$(stored full A)" '^vault:v9:' "the full Secret is unchanged"

# A Secret cannot hold a longer value, but a manifest may have one that Vault has sealed and cannot decrypt.
/usr/bin/python3 -IS -c '
import base64, json
print(json.dumps({"plaintext": base64.b64encode(b"." * 786400).decode()}))' >"$TAP_WORK/plaintext"
vault_call POST transit/encrypt/aes256-key "@$TAP_WORK/plaintext"
field data.ciphertext | tr -d '\n' >"$TAP_WORK/too-long"
is "$(wc -c <"$TAP_WORK/too-long")" 1048582 "Vault makes a ciphertext that it does not accept"
manifest() { # NAME VALUE
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: demo\n' "$1"
	printf '  annotations: {secretmanager/transit-key: transit/aes256-key}\nstringData:\n  A: "%s"\n' "$2"
}
manifest too-long "$(<"$TAP_WORK/too-long")" >"$TAP_WORK/manifest.yaml"
manifest good "$good" >>"$TAP_WORK/manifest.yaml"
vault_call POST transit/keys/aes256-key/rotate
run "$BIN/secret-rotate" --files "$TAP_WORK/manifest.yaml"
status_is 1 "a value that is too long: exit 1"
reports too-long 'A[^a-z].*more than 1048576 characters' "a value in a file that is too long is reported"
is "$(grep -c 'demo/too-long' <<<"$ERR")" 1 "a value in a file that is too long is reported once"
like "$(tail -n 1 "$TAP_WORK/manifest.yaml")" 'vault:v11:' "the good value is on the new version"
ok "and the other as it was" grep -qF -f "$TAP_WORK/too-long" "$TAP_WORK/manifest.yaml"

done_testing

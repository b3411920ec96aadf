#!/bin/bash
# Whatever Vault has against a value is said with the Secret, the data key and the reason, and stops no other value.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

# encrypted KEY FIELDS: the ciphertext of one plaintext, with what more the request is to say.
encrypted() {
	vault_call POST "transit/encrypt/$1" "{\"plaintext\":\"cGxhaW4=\"${2-}}"
	field data.ciphertext
}
# secret NAME KEY SCOPE DATA-KEY=VALUE...: a sealed Secret that holds just these bytes, or after an @ a file's.
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
# versions NAME...: how many values stand on which version, of how many that the key has.
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

# Under one derived key: bound, bound in another way than it says, copied, and not bound at all.
secret bound derived-key strict "A=$(encrypted derived-key "$(context demo/bound/A)")"
secret wide derived-key namespace-wide "A=$(encrypted derived-key "$(context demo//A)")"
secret copied derived-key strict "A=$(encrypted derived-key "$(context demo/bound/A)")" \
	"B=$(encrypted derived-key "$(context demo/copied/B)")"
secret unbound derived-key '' "A=$(encrypted derived-key "$(context demo/unbound/A)")"
secret wrong-scope derived-key cluster-wide "A=$(encrypted derived-key "$(context demo/wrong-scope/A)")"
secret no-scope derived-key sideways "A=$(encrypted derived-key "$(context demo/no-scope/A)")"

run "$BIN/secret-rotate" -n demo
status_is 1 "something is left"
says() { err_like "(^|"$'\n'")[^"$'\n'"]*demo/$1[^"$'\n'"]*$2" "$3"; }
says too-old 'A[^a-z].*disallowed by policy \(too old\)' "a ciphertext below min_decryption_version"
says future 'A[^a-z].*version' "a ciphertext of a version that the key does not have"
says not-base64 'A[^a-z].*' "what is no base64"
says too-short 'A[^a-z].*(invalid ciphertext|authentication)' "what is too short to be a ciphertext"
says no-version 'A[^a-z].*' "what has no version"
says associated 'A[^a-z].*authentication failed' "a ciphertext made with associated data"
says other-key 'A[^a-z].*authentication failed' "a ciphertext of another key"
says unknown-key 'transit/no-such-key' "a key that does not exist"
says copied 'A[^a-z].*authentication failed' "a value copied from another Secret"
says unbound 'A[^a-z].*context' "a value that does not say what it is bound to"
says wrong-scope 'A[^a-z].*authentication failed' "a value that says the wrong thing"
says no-scope 'sideways' "or nothing that could be"
for name in good too-old future not-base64 too-short no-version associated other-key; do
	like "$(stored "$name" B)" '^vault:v4:' "$name: what is good is on the new version"
done
like "$(stored good A)" '^vault:v4:' "and so is the good Secret"
for name in bound wide; do like "$(stored "$name" A)" '^vault:v2:' "$name: on the new version"; done
like "$(stored copied B)" '^vault:v2:' "copied: what is its own is on the new version"
is "$(stored too-old A)" "$too_old" "what can't be rewrapped stays as it was"
for name in too-old future not-base64 too-short no-version associated other-key unknown-key copied unbound wrong-scope no-scope; do
	is "$(grep -c "demo/$name\>" <<<"$ERR")" 1 "$name is named once"
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

# More than Vault takes at once: 10,000 elements in an array, 32 MiB in all.
for name in one two; do
	/usr/bin/python3 -IS -c 'print(*("V%d=%d" % (n, n) for n in range(6000)), sep="\n")' >"$TAP_WORK/values"
	"$BIN/secret-seal" --transit-key aes256-key --from-env-file "$TAP_WORK/values" "$name" >/dev/null
done
STAGE_DIR=$STAGE_DIR STAGE_ADMIN_TOKEN=$STAGE_ADMIN_TOKEN "$(dirname "$0")/../many-secrets" 38 --large 37 930000
# The longest ciphertext that Vault takes back, which secret-seal would not make.
/usr/bin/python3 -IS -c '
import base64, json
print(json.dumps({"plaintext": base64.b64encode(b"." * 786390).decode()}))' >"$TAP_WORK/plaintext"
vault_call POST transit/encrypt/aes256-key "@$TAP_WORK/plaintext"
field data.ciphertext | tr -d '\n' >"$TAP_WORK/longest"
is "$(wc -c <"$TAP_WORK/longest")" 1048569 "the longest value"
secret longest aes256-key '' "A=@$TAP_WORK/longest"
run "$BIN/secret-rotate" -n demo
status_is 0 "values that are more than one request may hold"
is "$(versions one two)" "5/5 12000" "12,000 values of two Secrets are on the new version"
is "$(versions)" "5/5 12040" "and 34 MB of ciphertext, and the longest value that Vault takes"

# A Secret that is full has no room for a longer version: v10 after v9.
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
status_is 1 "something is left"
says full 'Too long' "a Secret without room for the longer ciphertext"
like "$(stored good A)" '^vault:v10:' "the others are on the new version"
like "$(stored full A)" '^vault:v9:' "and it is as it was"

# A Secret's bytes end before that, but a manifest may hold a value that Vault has sealed and will not open.
/usr/bin/python3 -IS -c '
import base64, json
print(json.dumps({"plaintext": base64.b64encode(b"." * 786400).decode()}))' >"$TAP_WORK/plaintext"
vault_call POST transit/encrypt/aes256-key "@$TAP_WORK/plaintext"
field data.ciphertext | tr -d '\n' >"$TAP_WORK/too-long"
is "$(wc -c <"$TAP_WORK/too-long")" 1048582 "a ciphertext that Vault has made and does not take back"
manifest() { # NAME VALUE
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: demo\n' "$1"
	printf '  annotations: {secretmanager/transit-key: transit/aes256-key}\nstringData:\n  A: "%s"\n' "$2"
}
manifest too-long "$(<"$TAP_WORK/too-long")" >"$TAP_WORK/manifest.yaml"
manifest good "$good" >>"$TAP_WORK/manifest.yaml"
vault_call POST transit/keys/aes256-key/rotate
run "$BIN/secret-rotate" --files "$TAP_WORK/manifest.yaml"
status_is 1 "something is left"
says too-long 'A[^a-z].*over 1048576 characters' "the value that is too long"
is "$(grep -c 'demo/too-long' <<<"$ERR")" 1 "once"
like "$(tail -n 1 "$TAP_WORK/manifest.yaml")" 'vault:v11:' "what is good is on the new version"
ok "and the other as it was" grep -qF -f "$TAP_WORK/too-long" "$TAP_WORK/manifest.yaml"

done_testing

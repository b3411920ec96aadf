#!/bin/bash
# Invalid or unreadable files of certificates and keys: the message names the problem, never an untrusted server.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
cd "$TAP_WORK" || exit 1
LAUNCH=(--retries 0)

mark=$'\xEF\xBB\xBF'
mkdir folder
: >empty
openssl x509 -in "$VAULT_CACERT" -outform DER -out der
openssl pkcs12 -export -nokeys -in "$VAULT_CACERT" -passout pass: -out pkcs12 2>/dev/null
openssl crl2pkcs7 -nocrl -certfile "$VAULT_CACERT" -out pkcs7
iconv -f UTF-8 -t UTF-16LE "$VAULT_CACERT" >utf16
{ printf '\xFF\xFE' && cat utf16; } >utf16-marked
iconv -f UTF-8 -t UTF-16BE "$VAULT_CACERT" >utf16-be
openssl req -new -key bad.key -subj /CN=request -out request
sed 2,3d "$VAULT_CACERT" >garbled
{ cat "$VAULT_CACERT" && sed 2,3d bad.crt; } >second-garbled
sed 's/^/  /' "$VAULT_CACERT" >indented
echo text >text
head -c 2000000 /dev/zero | tr '\0' a >large
cases=(
	"folder|a folder; name a file"
	"empty|empty"
	"der|DER or PKCS #12 instead of PEM; convert it with openssl"
	"pkcs12|DER or PKCS #12 instead of PEM"
	"pkcs7|PKCS #7; convert it"
	"utf16|UTF-16 text; save it as UTF-8"
	"utf16-marked|UTF-16 text"
	"utf16-be|UTF-16 text"
	"request|a certificate request"
	"garbled|certificate 1 cannot be parsed"
	"second-garbled|certificate 2 cannot be parsed"
	"indented|certificate 1 cannot be parsed"
	"text|no certificate in PEM form"
	"bad.key|a private key and no certificate"
	"large|larger than 1048576 bytes"
)

# The CA of Vault, and of the API server: mounted by Kubernetes, and in a kubeconfig.
for case in "${cases[@]}"; do
	file=${case%%|*} problem=${case#*|}
	launch "VAULT_CACERT=$TAP_WORK/$file"
	gives_up "login .*CA certificate: $TAP_WORK/$file: $problem" "VAULT_CACERT with $file: exit 125 with the problem"
	rm -rf "$BAD_POD/ca.crt"
	cp -r "$file" "$BAD_POD/ca.crt" 2>/dev/null
	launch
	gives_up "Secret demo/app: .*CA certificate: $BAD_POD/ca.crt: $problem" "the API server's CA with $file: exit 125 with the problem"
done
cp "$BAD_CA" "$BAD_POD/ca.crt"
for case in "${cases[@]}"; do
	file=${case%%|*} problem=${case#*|}
	run env "VAULT_CACERT=$TAP_WORK/$file" "$BIN/secret-seal" --retries 0 --set A=other app
	fails_with 1 "CA certificate: $TAP_WORK/$file: $problem" "secret-seal, VAULT_CACERT with $file: exit 1 with the problem"
	BAD_URL=$STAGE_API_URL bad_kubeconfig config "$TAP_WORK/$file"
	run env KUBECONFIG="$TAP_WORK/config" "$BIN/secret-rotate" --retries 0 -n demo
	ok "secret-rotate, certificate-authority $file: fails" test "$STATUS" != 0
	err_like "CA certificate: $TAP_WORK/$file: $problem" "secret-rotate, certificate-authority $file: the problem is reported"
done
launch "VAULT_CACERT=$TAP_WORK/missing"
gives_up "Vault: CA certificate: $TAP_WORK/missing: No such file or directory" "VAULT_CACERT with a missing file: exit 125"
{ printf %s "$mark" && cat "$VAULT_CACERT"; } >marked
launch "VAULT_CACERT=$TAP_WORK/marked"
comes_through "a byte order mark in VAULT_CACERT: the start succeeds"
launch VAULT_CACERT= "VAULT_CACERT_BYTES=$mark$(<"$VAULT_CACERT")"
comes_through "a byte order mark in VAULT_CACERT_BYTES: the start succeeds"
mkdir marks ders
cp marked marks/
cp der ders/
launch VAULT_CACERT= "VAULT_CAPATH=$TAP_WORK/marks"
comes_through "a byte order mark in VAULT_CAPATH: the start succeeds"
launch VAULT_CACERT= "VAULT_CAPATH=$TAP_WORK/ders"
gives_up "Vault: CA folder $TAP_WORK/ders: no certificate in PEM form" "DER in VAULT_CAPATH: exit 125"
launch VAULT_CACERT= "VAULT_CAPATH=$VAULT_CACERT"
gives_up ".*CA folder.*$VAULT_CACERT.*Not a directory" "VAULT_CAPATH with a file: exit 125"
launch VAULT_CACERT= "VAULT_CACERT_BYTES=$(base64 -w0 "$VAULT_CACERT")"
gives_up "login .*CA certificate: no certificate in PEM form" "VAULT_CACERT_BYTES in base64: exit 125"
launch VAULT_CACERT= "VAULT_CACERT_BYTES=$(<garbled)"
gives_up "login .*CA certificate: certificate 1 cannot be parsed" "VAULT_CACERT_BYTES with garbled text: exit 125"
launch VAULT_CACERT= "VAULT_CACERT_BYTES=$(<bad.key)"
gives_up "login .*CA certificate: a private key and no certificate" "VAULT_CACERT_BYTES with a key: exit 125"
err_unlike "$(sed -n 2p bad.key | cut -c1-20)" "VAULT_CACERT_BYTES with a key: the key is not shown"

# A client's certificate and key.
client=$STAGE_DIR/pod/app
openssl pkey -in bad.key -aes128 -passout pass:word -out encrypted.key
openssl pkey -in bad.key -outform DER -out der.key
{ printf %s "$mark" && cat "$client/client.crt"; } >client-marked.crt
{ printf %s "$mark" && cat "$client/client.key"; } >client-marked.key
by_certificate() {
	launch SECRET_EXEC_AUTH_METHOD=cert "VAULT_CLIENT_CERT=$1" "VAULT_CLIENT_KEY=$2" VAULT_ROLE=app-cert
}
for case in "folder|a folder; name a file" "der|DER or PKCS #12" "utf16|UTF-16 text" "bad.key|a private key and no certificate" "empty|empty"; do
	by_certificate "$TAP_WORK/${case%%|*}" "$client/client.key"
	gives_up "(login .*)?Vault: client certificate: $TAP_WORK/${case%%|*}: ${case#*|}" "VAULT_CLIENT_CERT with ${case%%|*}: exit 125 with the problem"
done
for case in "folder|a folder; name a file" "der.key|DER or PKCS #12" "bad.crt|a certificate and no private key" \
	"encrypted.key|the private key is encrypted; decrypt it with openssl pkey"; do
	by_certificate "$client/client.crt" "$TAP_WORK/${case%%|*}"
	gives_up "(login .*)?Vault: client key: $TAP_WORK/${case%%|*}: ${case#*|}" "VAULT_CLIENT_KEY with ${case%%|*}: exit 125 with the problem"
done
by_certificate "$TAP_WORK/client-marked.crt" "$TAP_WORK/client-marked.key"
comes_through "byte order marks in a client's certificate and key: the start succeeds"

# Few descriptors.  (Little memory: tests/unit/test_http_memory.c)
tight() { (ulimit -n "$1" && shift && exec "$@"); }
for trust in "VAULT_CACERT=$VAULT_CACERT" "SSL_CERT_FILE=$BAD_CA" "VAULT_CAPATH=$TAP_WORK/marks"; do
	found='' came_through=0
	for limit in {4..20}; do
		run tight "$limit" "${POD[@]}" VAULT_ROLE=secret-exec SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT= "$trust" \
			"$BIN/secret-exec" --retries 0 --secret app -- /bin/true
		[[ $ERR != *"not trusted"* ]] || found+="$limit: $ERR"$'\n'
		[ "$STATUS" != 0 ] || came_through=1
	done
	is "$found" "" "too few descriptors are not reported as an untrusted server, ${trust%%=*}"
	is "$came_through" 1 "enough descriptors: the start succeeds, ${trust%%=*}"
done
done_testing

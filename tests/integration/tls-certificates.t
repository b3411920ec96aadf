#!/bin/bash
# Which certificates of Vault, the API server and a proxy the programs reject, and which they accept, as curl and Go's clients do.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
cd "$TAP_WORK" || exit 1
LAUNCH=(--retries 0)

# key NAME: NAME.key, of the kind that $KEY names.  issue NAME ISSUER EXTENSION...: NAME.crt, made by ISSUER ("-": by itself),
# signed by $DIGEST.  leaf NAME EXTENSION...: the same by the CA "root", with its chain.
KEY='EC -pkeyopt ec_paramgen_curve:P-256' DIGEST=-sha256
key() { openssl genpkey -quiet -algorithm $KEY -out "$1.key" 2>/dev/null; }
issue() {
	local name=$1 signer=(-signkey "$1.key")
	[ "$2" = - ] || signer=(-CA "$2.crt" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 8)")
	shift 2
	[ -e "$name.key" ] || key "$name"
	openssl req -new -key "$name.key" -subj "/CN=${SUBJECT-$name}" -out "$name.csr"
	openssl x509 -req -in "$name.csr" "${signer[@]}" $DIGEST -days 2 -extfile <(printf '%s\n' "$@") -out "$name.crt" 2>/dev/null ||
		echo "Bail out! no certificate $name"
	cp "$name.crt" "$name.chain"
}
authority=basicConstraints=critical,CA:true
name=subjectAltName=IP:127.0.0.1,DNS:vault.localhost
issue root - "$authority"

# server NAME [OPTION...]: serve as Vault with this certificate and its key
server() {
	local certificate=$1
	shift
	bad_server --tls "$certificate.chain" "$certificate.key" --relay "$STAGE_VAULT_URL" "$VAULT_CACERT" "$@" relay
}
vault() { launch "VAULT_ADDR=$BAD_URL" "VAULT_CACERT=$TAP_WORK/${1-root}.crt"; }
# rejected NAME REASON [CA]      accepted NAME TEST [CA]
rejected() {
	server "$1"
	vault "${3-root}"
	gives_up "login .*Vault at $BAD_URL: TLS certificate not trusted: $2" "certificate $1: exit 125"
	requests 0 "certificate $1: no request is sent"
}
accepted() {
	server "$1"
	vault "${3-root}"
	comes_through "$2"
}

# Names.
SUBJECT=127.0.0.1 issue common-name root
rejected common-name '/CN=127.0.0.1: no DNS name or IP address as subject alternative name; issue it with one'
SUBJECT=127.0.0.1 issue other-kinds root subjectAltName=URI:https://127.0.0.1,email:a@example.com
rejected other-kinds '/CN=127.0.0.1: no DNS name or IP address'
SUBJECT=127.0.0.1 issue other-name root subjectAltName=DNS:vault.example
rejected other-name '.*does not match|no alternative certificate subject name matches'
issue named root "$name"
accepted named "a name as subject alternative name: accepted"
issue constrained root "$authority" 'nameConstraints=critical,permitted;DNS:example.com'
SUBJECT=127.0.0.1 issue escaped constrained
cat constrained.crt >>escaped.chain
rejected escaped '.*name constraints but leaf has no SANs'
issue outside constrained "subjectAltName=DNS:vault.localhost"
cat constrained.crt >>outside.chain
server outside
launch "VAULT_ADDR=https://vault.localhost:$BAD_PORT" "VAULT_CACERT=$TAP_WORK/root.crt"
gives_up 'login .*TLS certificate not trusted: .*permitted subtree violation' "a name outside of its issuer's constraints: exit 125"

# The strength of the server's certificate, of an intermediate one, and of the root.
KEY='RSA -pkeyopt rsa_keygen_bits:1024' issue rsa-1024 root "$name"
rejected rsa-1024 '/CN=rsa-1024: its RSA key is too short; issue it with 2048 bits or more'
KEY='RSA -pkeyopt rsa_keygen_bits:2047' issue rsa-2047 root "$name"
rejected rsa-2047 '/CN=rsa-2047: its RSA key is too short'
KEY='RSA -pkeyopt rsa_keygen_bits:2048' issue rsa-2048 root "$name"
accepted rsa-2048 "RSA with 2048 bits: accepted"
DIGEST=-sha1 issue sha1 root "$name"
rejected sha1 '/CN=sha1: weak signature; issue it with SHA-256 or longer instead of ecdsa-with-SHA1'
KEY='RSA -pkeyopt rsa_keygen_bits:2048' issue rsa-root - "$authority"
DIGEST=-sha1 issue rsa-sha1 rsa-root "$name"
rejected rsa-sha1 '/CN=rsa-sha1: weak signature; .*sha1WithRSAEncryption' rsa-root
DIGEST='-sha1 -sigopt rsa_padding_mode:pss' issue pss-sha1 rsa-root "$name"
server pss-sha1
vault rsa-root
gives_up 'login .*TLS handshake failed: INVALID_PSS_PARAMETERS' "RSA-PSS with SHA-1: exit 125"
DIGEST='-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32' issue pss-sha256 rsa-root "$name"
accepted pss-sha256 "RSA-PSS with SHA-256: accepted" rsa-root
KEY='RSA -pkeyopt rsa_keygen_bits:1024' issue short-between root "$authority"
issue under-short short-between "$name"
cat short-between.crt >>under-short.chain
rejected under-short '/CN=short-between: its RSA key is too short'
DIGEST=-sha1 issue sha1-between root "$authority"
issue under-sha1 sha1-between "$name"
cat sha1-between.crt >>under-sha1.chain
rejected under-sha1 '/CN=sha1-between: weak signature'
KEY='RSA -pkeyopt rsa_keygen_bits:1024' issue short-root - "$authority"
issue of-short-root short-root "$name"
rejected of-short-root '/CN=short-root: its RSA key is too short' short-root
DIGEST=-sha1 issue sha1-root - "$authority"
issue of-sha1-root sha1-root "$name"
accepted of-sha1-root "a root that is signed with SHA-1: accepted, because its own signature proves nothing" sha1-root
DIGEST=-sha1 issue pinned - "$name"
accepted pinned "a trusted server certificate that is signed with SHA-1: accepted" pinned
server rsa-1024
launch "VAULT_ADDR=$BAD_URL" VAULT_CACERT= "SSL_CERT_FILE=$TAP_WORK/root.crt"
gives_up 'login .*/CN=rsa-1024: its RSA key is too short' "a weak key with the system's bundle: exit 125"
LAUNCH+=(--vault-skip-verify)
launch "VAULT_ADDR=$BAD_URL" VAULT_CACERT=
is "$STATUS $OUT" "0 value" "a weak key with --vault-skip-verify: the start succeeds"
LAUNCH=(--retries 0)

# Kinds of keys that curl and Go's clients accept, with TLS 1.2 and 1.3.
for kind in 'EC -pkeyopt ec_paramgen_curve:P-384' 'EC -pkeyopt ec_paramgen_curve:P-521' ED25519; do
	kind_name=${kind##*[: ]}
	KEY=$kind issue "$kind_name" root "$name"
	accepted "$kind_name" "a server certificate with $kind_name: accepted"
	server "$kind_name" --tls-1.2
	vault
	comes_through "a server certificate with $kind_name, TLS 1.2: accepted"
	KEY=$kind issue "$kind_name-root" - "$authority"
	issue "of-$kind_name" "$kind_name-root" "$name"
	accepted "of-$kind_name" "a root with $kind_name: accepted" "$kind_name-root"
done
for curve in prime256v1 secp384r1 secp521r1; do
	server named --curve "$curve"
	vault
	comes_through "key exchange only with $curve: the start succeeds"
	server named --tls-1.2 --curve "$curve"
	vault
	comes_through "key exchange only with $curve, TLS 1.2: the start succeeds"
done
server named --curve secp256k1
vault
gives_up 'login .*TLS handshake failed: .*; check .*ciphers' \
	"no common curve: the message does not blame the port"

# The API server.
api() {
	cat "$1.crt" "$VAULT_CACERT" >"$BAD_POD/ca.crt"
	bad_server --tls "$2.chain" "$2.key" --relay "$STAGE_API_URL" "$STAGE_DIR/pod/app/ca.crt" relay
	launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
}
for certificate in common-name rsa-1024 sha1 under-sha1; do
	api root "$certificate"
	gives_up "Secret demo/app: Kubernetes API at .*: TLS certificate not trusted: /CN=[^:]*: (no DNS name|its RSA key|weak sig)" \
		"the API server with $certificate: exit 125"
	requests 0 "the API server with $certificate: no request is sent"
done
api root ED25519
comes_through "the API server with Ed25519: the start succeeds"

# A proxy.
proxied() {
	bad_server --tls "$1.chain" "$1.key" tunnel
	cat root.crt "$VAULT_CACERT" >"$BAD_CA"
	launch "VAULT_PROXY_ADDR=$BAD_URL"
}
cp "$STAGE_DIR/pod/app/ca.crt" "$BAD_POD/ca.crt"
for certificate in common-name rsa-1024 sha1 under-sha1; do
	proxied "$certificate"
	gives_up "login .*TLS certificate not trusted: /CN=[^:]*: (no DNS name|its RSA key|weak sig)" "a proxy with $certificate: exit 125"
	requests 0 "a proxy with $certificate: no request is sent"
done
proxied ED25519
comes_through "a proxy with Ed25519: the start succeeds"

# The other programs.
for certificate in common-name rsa-1024 sha1; do
	server "$certificate"
	run env "VAULT_ADDR=$BAD_URL" "VAULT_CACERT=$TAP_WORK/root.crt" "$BIN/secret-seal" --set A=other app
	fails_with 1 'TLS certificate not trusted: /CN=' "secret-seal, Vault with $certificate: exit 1"
	run env "VAULT_ADDR=$BAD_URL" "VAULT_CACERT=$TAP_WORK/root.crt" "$BIN/secret-rotate" -n demo
	status_is 1 "secret-rotate, Vault with $certificate: exit 1"
	err_like 'TLS certificate not trusted: /CN=' "secret-rotate, Vault with $certificate: the reason is reported"
	requests 0 "Vault with $certificate: no request is sent"
	bad_server --tls "$certificate.chain" "$certificate.key" --relay "$STAGE_API_URL" "$STAGE_DIR/pod/app/ca.crt" relay
	bad_kubeconfig odd-config "$TAP_WORK/root.crt"
	run env KUBECONFIG="$TAP_WORK/odd-config" "$BIN/secret-seal" --set A=other app
	fails_with 1 'Kubernetes API at .*: TLS certificate not trusted: /CN=' "secret-seal, API server with $certificate: exit 1"
	run env KUBECONFIG="$TAP_WORK/odd-config" "$BIN/secret-rotate" -n demo
	status_is 1 "secret-rotate, API server with $certificate: exit 1"
	err_like 'Kubernetes API at .*: TLS certificate not trusted: /CN=' "secret-rotate, API server with $certificate: the reason is reported"
	requests 0 "API server with $certificate: no request is sent"
done
run "$BIN/secret-exec" --secret app -- printenv A
out_is value "the Secret is unchanged"

done_testing

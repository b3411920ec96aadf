#!/bin/bash
# Of the system's bundle of CAs, only the needed certificates are parsed; the trust is the same as with all.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1

# certificate NAME SUBJECT ISSUER EXTENSIONS [STRING-MASK]: NAME.crt, made by ISSUER ("-": by itself) for NAME.key.
certificate() {
	local name=$1 subject=$2 issuer=$3 signer=(-signkey "$1.key")
	[ "$issuer" = - ] || signer=(-CA "$issuer.crt" -CAkey "$issuer.key" -set_serial "0x$(openssl rand -hex 8)")
	[ -e "$name.key" ] || openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key" 2>/dev/null
	openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr" -config <(
		printf '[req]\ndistinguished_name=dn\nstring_mask=%s\n[dn]\n' "${5-utf8only}")
	openssl x509 -req -in "$name.csr" "${signer[@]}" -days 2 -extfile <(printf '%s\n' "$4") -out "$name.crt" 2>/dev/null
}
authority=basicConstraints=critical,CA:true
certificate root '/O=Example/CN=Example Root' - "$authority"
certificate intermediate /CN=Intermediate root "$authority"
certificate vault /CN=vault intermediate subjectAltName=IP:127.0.0.1
# The same key and name as the root's, which is written otherwise; the same name with another key.
cp root.key rewritten.key
certificate rewritten '/O=Example/CN=Example Root' - "$authority" nombstr
certificate impostor '/O=Example/CN=Example Root' - "$authority"
certificate stranger /CN=Stranger - "$authority"
for number in 1 2 3 4 5; do certificate "other$number" "/CN=Other $number" - "$authority"; done
cat other*.crt >others.crt
cat vault.crt intermediate.crt >chain.crt

# A server that refuses every login, which shows that it is trusted.
mkfifo events
/usr/bin/python3 -u -c '
import http.server, ssl, sys
class Refusing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", "29")
        self.end_headers()
        self.wfile.write(b"{\"errors\":[\"it is trusted\"]}\r\n"[:29])
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("chain.crt", "vault.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1])
server.serve_forever()
' >events 2>/dev/null &
at_end "kill $!"
read -r port <events

launch() {
	run as_pod app env -u VAULT_CACERT "VAULT_ADDR=https://127.0.0.1:$port" "$1=$TAP_WORK/bundle.crt" \
		"$BIN/secret-exec" --transit-key aes256-key --retries 0 -- true
}
# trusted|refused NAME FILE...: the bundle of these is enough, or not; as it is for a CA file read whole.
trusted() { verdict 'it is trusted' "$@"; }
refused() { verdict 'TLS certificate not trusted' "$@"; }
verdict() {
	local wanted=$1 name=$2
	shift 2
	cat "$@" >bundle.crt
	launch SSL_CERT_FILE
	fails_with 125 "$wanted" "$name"
	launch VAULT_CACERT
	like "$STATUS $ERR" "^125 .*$wanted" "$name: just so when it is read whole"
}
export A=vault:v1:aaaa

trusted "the root among others" others.crt root.crt stranger.crt
trusted "the root alone" root.crt
trusted "with text between the certificates" <(echo '# Example Root') root.crt <(echo) others.crt
trusted "an intermediate whose root is not there" others.crt intermediate.crt
trusted "the server's own certificate" others.crt vault.crt
trusted "the root's name in other letters of ASN.1" others.crt rewritten.crt
trusted "an impostor beside the root" impostor.crt root.crt
refused "others alone" others.crt
refused "an impostor with the root's name" others.crt impostor.crt
cat <(sed 3d root.crt) others.crt >bundle.crt
launch SSL_CERT_FILE
fails_with 125 'TLS certificate not trusted' "a garbled root in the system's bundle: not trusted, exit 125"
launch VAULT_CACERT
fails_with 125 'CA certificate: .*bundle.crt: certificate 1 cannot be parsed' "a garbled root in a bundle that is parsed whole: exit 125"
# A FIFO without a writer is not waited for.
rm -f bundle.crt
mkfifo bundle.crt
run as_pod app env -u VAULT_CACERT "VAULT_ADDR=https://127.0.0.1:$port" SSL_CERT_FILE="$TAP_WORK/bundle.crt" \
	"$BIN/secret-exec" --transit-key aes256-key --retries 0 --timeout 2s -- true
fails_with 125 'bundle.crt: not a regular file' "a bundle that is a FIFO: exit 125 without waiting"

unset A
done_testing

# servers.sh: real Vault, kube-apiserver and etcd, with TLS, to be sourced.
#
# Keys and logs are written to the current folder; $servers is the folder of the programs (build-programs).
# stop_servers ends the servers, which otherwise end with the script that sourced this.
# shellcheck shell=bash disable=SC2154 # $servers

pids=()
export -n VAULT_PROGRAM # see start_vault; tests have only variables of the programs that begin so

# -- certificates and keys ------------------------------------------------------------------------------

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
new_ca() {
	new_key "$1-ca.key"
	openssl req -x509 -new -key "$1-ca.key" -subj "/CN=$1 CA" -days 2 -out "$1-ca.crt"
}
# new_certificate CA NAME SUBJECT EXTENSIONS
new_certificate() {
	new_key "$2.key"
	openssl req -new -key "$2.key" -subj "$3" |
		openssl x509 -req -CA "$1-ca.crt" -CAkey "$1-ca.key" -days 2 -extfile <(printf '%s\n' "$4") \
			-out "$2.crt" 2>/dev/null
}
# server_keys NAMES: CAs for Vault and Kubernetes, the servers' certificates for these names ("IP:…,DNS:…"), the
# administrator's, and the key that signs service accounts' tokens.
server_keys() {
	new_ca vault
	new_ca kube
	new_certificate vault vault /CN=vault "subjectAltName=$1"
	new_certificate kube kube-apiserver /CN=kube-apiserver "subjectAltName=$1"
	mkdir -p admin
	new_certificate kube admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
	openssl genrsa -out service-account.key 2048 2>/dev/null
	openssl rsa -in service-account.key -pubout -out service-account.pub 2>/dev/null
}

# -- servers --------------------------------------------------------------------------------------------

# start NAME COMMAND...: run in the background, with output to NAME.log.  The command gets SIGTERM even if this
# script is killed.
start() {
	local name=$1
	shift
	setpriv --pdeathsig TERM -- "$@" >"$name.log" 2>&1 &
	pids+=($!)
}

# End them in reverse order: kube-apiserver takes long to end after etcd.
stop_servers() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill "${pids[i]}" 2>/dev/null || true
		wait "${pids[i]}" 2>/dev/null || true
	done
	pids=()
}

# free_ports N: print N free ports of loopback on one line.
free_ports() {
	/usr/bin/python3 -IS -c '
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

# start_etcd PORT PEER-PORT, on loopback
start_etcd() {
	start etcd "$servers/etcd" --data-dir "$(mktemp -d "$PWD/etcd.XXXXXX")" --name e2e --unsafe-no-fsync \
		--listen-client-urls "http://127.0.0.1:$1" \
		--advertise-client-urls "http://127.0.0.1:$1" \
		--listen-peer-urls "http://127.0.0.1:$2" \
		--initial-advertise-peer-urls "http://127.0.0.1:$2" \
		--initial-cluster "e2e=http://127.0.0.1:$2"
}

# start_kube_apiserver ETCD-PORT ADDRESS PORT SERVICE-RANGE [FLAG...]
start_kube_apiserver() {
	start kube-apiserver "$servers/kube-apiserver" --etcd-servers "http://127.0.0.1:$1" \
		--bind-address "$2" --secure-port "$3" --service-cluster-ip-range "$4" \
		--tls-cert-file kube-apiserver.crt --tls-private-key-file kube-apiserver.key \
		--client-ca-file kube-ca.crt --authorization-mode RBAC \
		--service-account-issuer https://kubernetes.default.svc \
		--service-account-key-file service-account.pub \
		--service-account-signing-key-file service-account.key \
		--runtime-config admissionregistration.k8s.io/v1beta1=true "${@:5}"
}

# Vault does not run plugins through links that leave its folder.
plugin_folder() { dirname "$(readlink -f "$servers/plugins/vault-plugin-auth-kubernetes")"; }

# start_vault ADDRESS PORT CLUSTER-PORT [COMMAND...]: not initialised, in memory; started by COMMAND.
# The program is $VAULT_PROGRAM, for example an OpenBao, or the Vault that build-programs has built.
start_vault() {
	cat >vault.hcl <<HCL
storage "inmem" {}
listener "tcp" {
  address         = "$1:$2"
  cluster_address = "$1:$3"
  tls_cert_file   = "$PWD/vault.crt"
  tls_key_file    = "$PWD/vault.key"
}
api_addr         = "https://$1:$2"
plugin_directory = "$(plugin_folder)"
disable_mlock    = true
HCL
	start vault "${@:4}" "${VAULT_PROGRAM:-$servers/vault}" server -config vault.hcl
}

#!/bin/bash
# IPv6 addresses for both servers.
. "$(dirname "$0")/../tap.sh"
/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null ||
	skip_all "this machine has no IPv6"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 0)

bad_vault --host ::1 relay
vault=$BAD_URL vault_port=$BAD_PORT
launch "VAULT_ADDR=$vault"
comes_through "VAULT_ADDR=https://[::1]:PORT works"
bad_api --host ::1 relay
launch "VAULT_ADDR=$vault" KUBERNETES_SERVICE_HOST=::1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
comes_through "KUBERNETES_SERVICE_HOST=::1 works"
requests 1 "KUBERNETES_SERVICE_HOST=::1 is contacted"
bad_server "redirect=307=$vault"
launch "VAULT_ADDR=$BAD_URL"
comes_through "a redirect to an IPv6 address is followed"
certificate named DNS:vault.example
cat "$TAP_WORK/named.crt" >>"$BAD_CA"
bad_vault --tls "$TAP_WORK/named.crt" "$TAP_WORK/named.key" --host ::1 relay
LAUNCH+=(--vault-tls-server-name=vault.example)
launch "VAULT_ADDR=$BAD_URL"
unset 'LAUNCH[-1]'
comes_through "another TLS name with an IPv6 address works"
bad_server --plain tunnel
launch "VAULT_ADDR=$vault" "VAULT_PROXY_ADDR=$BAD_URL"
comes_through "a proxy with an IPv6 address works"
like "$(<"$BAD_LOG")" "CONNECT \[::1\]:$vault_port " "a proxy with an IPv6 address is used"
launch "VAULT_ADDR=https://[::1]:1"
gives_up 'login .*Vault at https://\[::1\]:1: cannot connect: Connection refused' "an IPv6 address without a server: exit 125"

done_testing

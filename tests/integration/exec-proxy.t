#!/bin/bash
# Proxies: the environment's for Vault only, NO_PROXY, VAULT_PROXY_ADDR above both; the API server by its proxy-url only.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 0)
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY

# The names in .localhost are this machine, without a question to any DNS server.
bad_vault relay
VAULT_ADDR=https://vault.localhost:$BAD_PORT
bad_server --plain tunnel
proxy=$BAD_URL
# asked PATTERN NAME: the requests to the proxy since the last call.
asked() {
	is "$(cut -d ' ' -f 2,3 "$BAD_LOG" | sort -u)" "$1" "$2"
	: >"$BAD_LOG"
}
through="CONNECT vault.localhost:${VAULT_ADDR##*:}"

launch
comes_through "without a proxy: the start succeeds"
asked "" "without a proxy: no proxy is used"
launch "HTTPS_PROXY=$proxy"
comes_through "HTTPS_PROXY: the start succeeds"
asked "$through" "HTTPS_PROXY: used for Vault, not for the API server"
launch "https_proxy=$proxy"
comes_through "https_proxy in lower case: the start succeeds"
asked "$through" "https_proxy in lower case: used for Vault"
launch "HTTP_PROXY=$proxy" "http_proxy=$proxy"
comes_through "HTTP_PROXY: the start succeeds"
asked "" "HTTP_PROXY: not used for https"
for except in vault.localhost .localhost localhost other.example,vault.localhost '*' '*.localhost' \
	"vault.localhost:${VAULT_ADDR##*:}" "*.localhost:${VAULT_ADDR##*:}"; do
	launch "HTTPS_PROXY=$proxy" "NO_PROXY=$except"
	comes_through "NO_PROXY=$except"
	asked "" "NO_PROXY with Vault's name: no proxy is used"
done
launch "HTTPS_PROXY=$proxy" NO_PROXY=other.example,ault.localhost,vault.localhost:1
comes_through "NO_PROXY with other names and another port: the start succeeds"
asked "$through" "NO_PROXY with other names and another port: the proxy is used"
launch VAULT_PROXY_ADDR="$proxy" HTTPS_PROXY=http://127.0.0.1:1 NO_PROXY='*'
comes_through "VAULT_PROXY_ADDR: the start succeeds"
asked "$through" "VAULT_PROXY_ADDR: takes precedence over HTTPS_PROXY and NO_PROXY"
launch "HTTPS_PROXY=$proxy" "VAULT_ADDR=https://127.0.0.1:${VAULT_ADDR##*:}"
comes_through "a Vault on loopback: the start succeeds"
asked "" "a Vault on loopback: no proxy is used"

# The TLS name is not the host: NO_PROXY applies to the host, and the proxy is asked for the host.
certificate named DNS:vault.example
cat "$TAP_WORK/named.crt" >>"$BAD_CA"
log=$BAD_LOG
bad_vault --tls "$TAP_WORK/named.crt" "$TAP_WORK/named.key" relay
VAULT_ADDR=https://vault.localhost:$BAD_PORT
through="CONNECT vault.localhost:$BAD_PORT"
BAD_LOG=$log
named() {
	LAUNCH+=(--vault-tls-server-name=vault.example)
	launch "$@"
	unset 'LAUNCH[-1]'
}
named "HTTPS_PROXY=$proxy"
comes_through "another TLS name, by proxy: the start succeeds"
asked "$through" "another TLS name, by proxy: the proxy is asked for the host"
named "HTTPS_PROXY=$proxy" NO_PROXY=vault.localhost
comes_through "NO_PROXY with the host: the start succeeds"
asked "" "NO_PROXY with the host: no proxy is used"
named "HTTPS_PROXY=$proxy" NO_PROXY=vault.example
comes_through "NO_PROXY with the TLS name: the start succeeds"
asked "$through" "NO_PROXY with the TLS name: the proxy is used"

# The API server.
kubeconfig() {
	cat <<-END
		current-context: c
		contexts: [{name: c, context: {cluster: k, user: u, namespace: demo}}]
		clusters: [{name: k, cluster: {server: "$STAGE_API_URL", certificate-authority: "$STAGE_DIR/pod/app/ca.crt" $1}}]
		users: [{name: u, user: {tokenFile: "$STAGE_DIR/pod/app/token"}}]
	END
}
kubeconfig "" >"$TAP_WORK/direct"
kubeconfig ", proxy-url: '$proxy'" >"$TAP_WORK/proxied"
named "HTTPS_PROXY=$proxy" NO_PROXY=vault.localhost "KUBECONFIG=$TAP_WORK/direct"
comes_through "a kubeconfig without proxy-url: the start succeeds"
asked "" "a kubeconfig without proxy-url: no proxy is used for the API server"
named "KUBECONFIG=$TAP_WORK/proxied" NO_PROXY='*'
comes_through "a kubeconfig with proxy-url: the start succeeds"
asked "CONNECT ${STAGE_API_URL#https://}" "a kubeconfig with proxy-url: its proxy is used"

# A proxy that speaks TLS.
bad_server tunnel
named "HTTPS_PROXY=$BAD_URL"
comes_through "a proxy over TLS, trusted like Vault"
named "HTTPS_PROXY=$BAD_URL" VAULT_CACERT= "VAULT_CACERT_BYTES=$(<"$BAD_CA")"
comes_through "a proxy over TLS, with CA certificates as text"
requests 2 "a proxy over TLS: both requests use it"
bad_server --untrusted tunnel
named "HTTPS_PROXY=$BAD_URL"
gives_up 'login .*TLS certificate not trusted' "a proxy over TLS that is not trusted: exit 125"
requests 0 "a proxy over TLS that is not trusted: no request is sent"

# Proxies that do not do their work.
launch VAULT_PROXY_ADDR=http://127.0.0.1:1
gives_up 'login .*Vault at https://vault.localhost:[0-9]*: cannot connect to the proxy: Connection refused .*127.0.0.1 port 1.*NO_PROXY' \
	"a proxy that does not exist: exit 125"
launch HTTPS_PROXY=http://127.0.0.1:1
gives_up 'login .*cannot connect to the proxy: Connection refused' "a proxy of the environment that does not exist: exit 125"
launch HTTPS_PROXY=http://nowhere.invalid:3128
gives_up 'login .*no answer: Could not resolve proxy: nowhere.invalid' "a proxy whose name does not resolve: exit 125"
LAUNCH=(--retries 4)
bad_server --plain code=407
launch "HTTPS_PROXY=http://user:hunter2@127.0.0.1:$BAD_PORT"
gives_up 'login .*the proxy answered with status 407; check .*credentials' "a proxy that refuses the credentials: exit 125"
err_unlike hunter2 "a proxy that refuses the credentials: they are not shown"
requests 1 "a proxy that refuses the credentials: not retried"
like "$(<"$BAD_LOG")" 'Proxy-Authorization$' "a proxy that refuses the credentials: the credentials were sent"
bad_server --plain code=503 tunnel
named "HTTPS_PROXY=$BAD_URL"
comes_through "a proxy that is not ready at first: the start succeeds"
tried 1 "a proxy that is not ready at first: retried"

# Text that is not a valid proxy URL may contain a password, too.
for wrong in 'http://user:hunter2@bad host:3128' http://user:hunter2@127.0.0.1:99999 ftp://user:hunter2@127.0.0.1:1 \
	http://user:hunter2proxy:3128 user:hunter2proxy:3128; do
	for variable in VAULT_PROXY_ADDR HTTPS_PROXY; do
		run as_pod app env VAULT_ADDR=https://vault.example:8200 "$variable=$wrong" VAULT_ROLE=secret-exec \
			"$BIN/secret-exec" --secret app -- true
		fails_with 125 "$variable.*: not the URL of a proxy" "$variable that is not a proxy's URL: ${wrong//hunter2/PASSWORD}"
		err_unlike 'hunter2' "$variable that is not a proxy's URL: its password is not printed"
	done
	run env "VAULT_PROXY_ADDR=$wrong" "$BIN/secret-exec" --print-config
	out_like 'vault-proxy-addr: ' "--print-config shows the option, not the proxy's password"
	out_unlike 'hunter2' "--print-config shows the proxy without its password"
done
run env VAULT_PROXY_ADDR=user:hunter2@proxy.example:3128 "$BIN/secret-exec" --print-config
out_like 'vault-proxy-addr: ...@proxy.example:3128 ' "a proxy URL without a scheme: its host is shown"
run env VAULT_ADDR=https://user:hunter2vault:8200 "$BIN/secret-exec" --print-config
out_like 'vault-addr: set, not shown: not a URL ' "an invalid Vault address: not shown"

done_testing

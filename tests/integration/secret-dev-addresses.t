#!/bin/bash
# secret-dev listens on loopback addresses only.
. "$(dirname "$0")/../tap.sh"

for address in 0.0.0.0 :: 10.0.0.1 192.0.2.7 128.0.0.1 126.255.255.255 2001:db8::1 ::ffff:127.0.0.1 example.org 127.0.0 127.1 ''; do
	run "$BIN/secret-dev" --listen "$address" -- true
	fails_with 2 'secret-dev: --listen .*loopback' \
		"--listen \"$address\": exit 2"
done

show_hosts() { "$BIN/secret-dev" "$@" -- sh -c 'echo "$VAULT_ADDR $KUBERNETES_SERVICE_HOST"'; }
run show_hosts
out_like '^https://127.0.0.1:[0-9]+ 127.0.0.1$' "without --listen: 127.0.0.1"
run show_hosts --listen localhost
out_like '^https://127.0.0.1:[0-9]+ 127.0.0.1$' "--listen localhost: 127.0.0.1"
run show_hosts --listen 127.8.9.10
out_like '^https://127.8.9.10:[0-9]+ 127.8.9.10$' "--listen 127.8.9.10: that address"
health='curl -sS --noproxy "*" --cacert "$VAULT_CACERT" "$VAULT_ADDR/v1/sys/health"'
run "$BIN/secret-dev" --listen 127.8.9.10 -- sh -c "$health"
out_like '"sealed":false' "the certificate is valid for 127.8.9.10"
if grep -q ':\|^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null; then
	run show_hosts --listen ::1
	out_like '^https://\[::1\]:[0-9]+ ::1$' "--listen ::1: that address"
	run "$BIN/secret-dev" --listen ::1 -- sh -c "$health"
	out_like '"sealed":false' "the certificate is valid for ::1"
fi

run "$BIN/secret-dev" -- sh -c "curl -sS --noproxy '*' --cacert \"\$KUBECONFIG\" \"\$VAULT_ADDR/v1/sys/health\""
ok "a client without the CA rejects the certificate" test "$STATUS" != 0
run "$BIN/secret-dev" -- sh -c "$(sed 's/--cacert/--tls-max 1.1 --cacert/' <<<"$health")"
ok "TLS 1.1 is rejected" test "$STATUS" != 0
run "$BIN/secret-dev" -- sh -c 'curl -sS --noproxy "*" "http://${VAULT_ADDR#https://}/v1/sys/health" 2>/dev/null'
out_like '^Client sent an HTTP request to an HTTPS server.$' "plain HTTP: a message in the answer"

done_testing

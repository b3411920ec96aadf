#!/bin/bash
# DNS that is not ready, as in a pod's first seconds: no server, an unwilling one, a name that is not there yet.
# The test has its own namespaces, where it can replace /etc/resolv.conf and answer on port 53.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the real servers are outside of the network that this test is alone in"
if [ -z "${ALONE-}" ]; then
	unshare --user --map-root-user --mount --net true 2>/dev/null || skip_all "this machine gives no namespaces to us"
	tap_end
	ALONE=yes exec unshare --user --map-root-user --mount --net "$0"
fi
# SIOCSIFFLAGS: the loopback interface is up.
/usr/bin/python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 0x41))' || skip_all "no loopback interface"
echo "nameserver 127.0.0.1" >"$TAP_WORK/resolv.conf"
mount --bind "$TAP_WORK/resolv.conf" /etc/resolv.conf || skip_all "/etc/resolv.conf can't be another"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
export VAULT_ADDR=https://vault.example:${VAULT_ADDR##*:}
LAUNCH=(--vault-tls-server-name localhost)

mkfifo "$TAP_WORK/dns"
dns_start() {
	/usr/bin/python3 -I "$(dirname "$0")/dns-server" "$TAP_WORK/address" >"$TAP_WORK/dns" &
	DNS_PID=$!
	at_end "kill $DNS_PID 2>/dev/null"
	read -r _ <"$TAP_WORK/dns" || { echo "Bail out! dns-server does not start" && exit 1; }
}
# answers WORD: from now on; see dns-server.
answers() {
	echo "$1" >"$TAP_WORK/address.new"
	mv "$TAP_WORK/address.new" "$TAP_WORK/address"
}
wait_and_see() {
	launch_begin
	err_like 'Vault at [^ ]+: POST [^ ]*/login: no answer: Could not resolve host: vault\.example; trying again in' "$1: tried again"
}

answers 127.0.0.1
wait_and_see "no DNS server at first: the start succeeds"
dns_start
launch_end
comes_through "no DNS server at first: retried until there is one"
answers 3
wait_and_see "NXDOMAIN at first: the start succeeds"
answers 127.0.0.1
launch_end
comes_through "NXDOMAIN at first: retried until the name exists"
answers 2
wait_and_see "SERVFAIL at first: the start succeeds"
answers 127.0.0.1
launch_end
comes_through "SERVFAIL at first: retried until it resolves"

LAUNCH+=(--retries 1)
answers 3
launch
gives_up 'login .*Vault at https://vault.example:[0-9]+: tried 2 times in [0-9.]+ s: no answer: Could not resolve host: vault\.example' \
	"a name that never exists: exit 125"
kill "$DNS_PID"
wait "$DNS_PID" 2>/dev/null
launch
gives_up 'login .*Vault at https://vault.example:[0-9]+: tried 2 times in [0-9.]+ s: no answer: Could not resolve host: vault\.example' \
	"no DNS server: exit 125"
answers ''
dns_start
LAUNCH+=(--retries 8 --timeout 1s)
launch
gives_up 'login .*Vault at https://vault.example:[0-9]+: no answer: Resolving timed out after [0-9]+ milliseconds; --timeout leaves' \
	"a silent DNS server: exit 125"

done_testing

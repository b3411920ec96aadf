#!/bin/bash
# DNS that is not ready, as in a pod's first seconds: no server, an unwilling one, a name that is not there yet.  And the
# search list of a cluster, with names and servers that fail.
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
# dns_start [ADDRESS RULES]
dns_start() {
	/usr/bin/python3 -I "$(dirname "$0")/dns-server" --log "$TAP_WORK/queries" --at "${1-127.0.0.1}" \
		"${2-$TAP_WORK/address}" >"$TAP_WORK/dns" &
	DNS_PID=$!
	at_end "kill $DNS_PID 2>/dev/null"
	read -r _ <"$TAP_WORK/dns" || { echo "Bail out! dns-server does not start" && exit 1; }
}
# answers RULE...: from now on; see dns-server.
answers() {
	printf '%s\n' "$@" >"$TAP_WORK/address.new"
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
gives_up 'login .*Vault at https://vault.example:[0-9]+: no answer: Resolving timed out after [0-9]+ milliseconds; raise --timeout' \
	"a silent DNS server: exit 125"

# -- the search list --------------------------------------------------------------------------------

# resolv_conf SERVER...: with the search list of a pod
resolv_conf() {
	printf 'nameserver %s\n' "$@"
	echo 'search demo.svc.cluster.local svc.cluster.local cluster.local'
	echo 'options ndots:5'
} >"$TAP_WORK/resolv.conf"
# starts NAME [VARIABLE=VALUE...]: the application starts.
starts() {
	: >"$TAP_WORK/queries"
	launch "${@:2}"
	comes_through "$1: the start succeeds"
}
asked() { is "$(awk '{ print $3 }' "$TAP_WORK/queries" | uniq | paste -sd ' ')" "$1" "$2"; }
bare=127.0.0.1
first=vault.example.demo.svc.cluster.local
list="$first vault.example.svc.cluster.local vault.example.cluster.local vault.example"
LAUNCH=(--vault-tls-server-name localhost)
resolv_conf 127.0.0.1

answers "vault.example $bare"
starts "a name outside of the cluster"
asked "$list" "a name outside of the cluster: the names of the search list are asked, and the name itself last"
answers "vault.example.svc.cluster.local $bare"
starts "a name in another namespace"
asked "${list% * *}" "a name in another namespace: no name is asked after it"
for status in 2 4 5; do
	answers "$first $status" "vault.example $bare"
	starts "status $status for the first name"
	tried 0 "status $status for the first name: the list goes on without another try"
	answers "vault.example.svc* $status" "vault.example $bare"
	starts "status $status for the second name"
	tried 0 "status $status for the second name: the list goes on without another try"
	answers "*.local $status" "vault.example $bare"
	starts "status $status for every name but the last"
	tried 0 "status $status for every name but the last: the list goes on without another try"
done
answers "$first silent" "vault.example $bare"
starts "no answer for the first name"
answers "vault.example.svc* silent" "vault.example $bare"
starts "no answer for the second name"
answers "$first late=3" "vault.example $bare"
starts "NXDOMAIN for the first name, late"
answers "$first late=$bare"
starts "the address of the first name, late"
answers "vault.example tcp=$bare"
starts "a truncated answer"
like "$(<"$TAP_WORK/queries")" 'TCP A vault\.example' "a truncated answer: asked again over TCP"
answers "AAAA/* 2" "vault.example $bare"
starts "SERVFAIL for IPv6 addresses"
answers "vault.example $bare,::1"
starts "two addresses, the IPv6 address without a server"
answers "vault.example 2"
LAUNCH+=(--retries=1)
launch
gives_up 'login .*tried 2 times in .*Could not resolve host: vault\.example' "the last name fails: exit 125"
unset 'LAUNCH[-1]'

answers "vault.example.a.b.c.d.cluster.local $bare"
starts "a name with as many dots as ndots" "VAULT_ADDR=https://vault.example.a.b.c.d:${VAULT_ADDR##*:}"
like "$(awk '{ print $3 }' "$TAP_WORK/queries" | uniq | head -n 1)" '^vault.example.a.b.c.d$' \
	"a name with as many dots as ndots: the name itself is asked first"
answers "vault.example $bare"
starts "an absolute name" "VAULT_ADDR=https://vault.example.:${VAULT_ADDR##*:}"
asked vault.example "an absolute name: only this name is asked"
echo "127.0.0.1 vault.example" >"$TAP_WORK/hosts"
mount --bind "$TAP_WORK/hosts" /etc/hosts || echo "Bail out! /etc/hosts can't be another"
starts "a name in /etc/hosts"
asked "" "a name in /etc/hosts: no server is asked"
umount /etc/hosts

printf '%s\n' 'nameserver 127.0.0.1' 'search demo.svc.cluster.local. svc.cluster.local.' 'options ndots:5' >"$TAP_WORK/resolv.conf"
answers "vault.example.svc.cluster.local $bare"
starts "a search list whose domains end with a dot"
asked "${list% * *}" "a search list whose domains end with a dot: the same names are asked"

# -- two servers ------------------------------------------------------------------------------------

resolv_conf 127.0.0.2 127.0.0.1
starts "two servers, the first is not there"
echo 2 >"$TAP_WORK/other"
dns_start 127.0.0.2 "$TAP_WORK/other"
starts "two servers, SERVFAIL from the first"
tried 0 "two servers, SERVFAIL from the first: the second is asked"
echo silent >"$TAP_WORK/other"
starts "two servers, no answer from the first"

# -- IPv6 -------------------------------------------------------------------------------------------

if /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
	resolv_conf 127.0.0.1
	certificate named DNS:localhost
	cat "$TAP_WORK/named.crt" >>"$BAD_CA"
	bad_vault --tls "$TAP_WORK/named.crt" "$TAP_WORK/named.key" --host ::1 relay
	answers "vault.example ::1"
	starts "an IPv6 address alone" "VAULT_ADDR=https://vault.example:$BAD_PORT"
	answers "$first 5" "vault.example 127.0.0.1,::1"
	starts "two addresses, the IPv4 address without a server" "VAULT_ADDR=https://vault.example:$BAD_PORT"
fi

done_testing

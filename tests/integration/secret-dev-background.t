#!/bin/bash
# --print-env: like ssh-agent, it is ready when the command returns, and a signal ends it.
. "$(dirname "$0")/../tap.sh"

gone() { [ ! -e "/proc/$1" ] || grep -qs '^State:.Z' "/proc/$1/status"; }
absent() { [ ! -e "$1" ]; }
health() { curl -sS --noproxy '*' --cacert "$VAULT_CACERT" "$VAULT_ADDR/v1/sys/health"; }

for signal in TERM INT HUP; do
	variables=$("$BIN/secret-dev" --print-env)
	is "$(sed -E 's/^export ([A-Z_]+)='\''.*'\''$/\1/' <<<"$variables" | tr '\n' ' ')" \
		"VAULT_ADDR VAULT_CACERT VAULT_TOKEN KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT SECRET_DEV_DIR SECRET_DEV_PID " \
		"--print-env prints the variables, quoted for the shell"
	eval "$variables"
	at_end "kill $SECRET_DEV_PID 2>/dev/null"
	run health
	out_like '"initialized":true' "the server is ready when --print-env returns"
	is "$(cut -d ' ' -f 6 "/proc/$SECRET_DEV_PID/stat")" "$SECRET_DEV_PID" "the server has its own session"
	kill -s "$signal" "$SECRET_DEV_PID"
	ok "SIG$signal ends the server" until_true gone "$SECRET_DEV_PID"
	ok "SIG$signal: the directory is removed" until_true absent "$SECRET_DEV_DIR"
done

eval "$("$BIN/secret-dev" --print-env)"
first_pid=$SECRET_DEV_PID first_dir=$SECRET_DEV_DIR first_address=$VAULT_ADDR first_token=$VAULT_TOKEN
at_end "kill $first_pid 2>/dev/null"
eval "$("$BIN/secret-dev" --print-env)"
at_end "kill $SECRET_DEV_PID 2>/dev/null"
ok "a second instance has a different address" test "$first_address" != "$VAULT_ADDR"
ok "a second instance has a different directory" test "$first_dir" != "$SECRET_DEV_DIR"
ok "a second instance has a different root token" test "$first_token" != "$VAULT_TOKEN"
run curl -sS --noproxy '*' --cacert "$VAULT_CACERT" -H @<(echo "X-Vault-Token: $first_token") "$VAULT_ADDR/v1/sys/mounts"
out_like 'permission denied' "the second instance rejects the root token of the first"
kill "$first_pid"
ok "the first instance ends" until_true gone "$first_pid"
run health
out_like '"sealed":false' "the second instance still serves"

# An open connection and an incomplete handshake do not delay the end.
exec 3<>"/dev/tcp/127.0.0.1/${VAULT_ADDR##*:}"
printf '\x16\x03\x01' >&3
kill "$SECRET_DEV_PID"
ok "a signal ends the server while a client is connected" until_true gone "$SECRET_DEV_PID"
exec 3>&-

# A client that sends requests and never reads the answers: its connection's buffers are full.
eval "$("$BIN/secret-dev" --print-env)"
at_end "kill $SECRET_DEV_PID 2>/dev/null"
mkfifo "$TAP_WORK/stalled"
/usr/bin/python3 -I - "${VAULT_ADDR##*:}" "$VAULT_CACERT" >"$TAP_WORK/stalled" <<'END' &
import socket, ssl, sys, time
context = ssl.create_default_context(cafile=sys.argv[2])
client = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="127.0.0.1")
client.settimeout(1)
try:
    for _ in range(20000):
        client.send(b"GET /v1/sys/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
except OSError:
    pass
print("stalled", flush=True)
time.sleep(60)
END
client=$!
at_end "kill $client 2>/dev/null"
read -r _ <"$TAP_WORK/stalled"
run health
out_like '"sealed":false' "the server answers while a client does not read"
SECONDS=0
kill "$SECRET_DEV_PID"
until gone "$SECRET_DEV_PID" || [ "$SECONDS" -ge 20 ]; do sleep 0.05; done
ok "a signal ends the server within 5 seconds while a client does not read" test "$SECONDS" -lt 5
kill "$client"

# In the foreground it prints the addresses and ends in the same way.
mkfifo "$TAP_WORK/report"
"$BIN/secret-dev" --directory "$TAP_WORK/stage" 2>"$TAP_WORK/report" &
pid=$!
at_end "kill $pid 2>/dev/null"
exec 4<"$TAP_WORK/report"
read -r warning <&4
read -r place <&4
like "$warning" '^secret-dev: for development only: ' "in the foreground: a warning"
like "$place" "^secret-dev: Vault at https://127.0.0.1:[0-9]+, Kubernetes API at https://127.0.0.1:[0-9]+; .*\. $TAP_WORK/stage/environment\$" "in the foreground: the addresses and the file"
run sh -c '. "$0"/environment && curl -sS --noproxy "*" --cacert "$VAULT_CACERT" "$VAULT_ADDR/v1/sys/health"' "$TAP_WORK/stage"
out_like '"sealed":false' "another shell can use the environment file"
kill "$pid"
wait "$pid"
is $? 0 "in the foreground: SIGTERM gives exit 0"
ok "in the foreground: the directory is removed" test ! -e "$TAP_WORK/stage"

done_testing

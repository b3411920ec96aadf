#!/bin/bash
# --print-env: as ssh-agent, ready when it returns, gone with a signal, any number side by side.
. "$(dirname "$0")/../tap.sh"

gone() { [ ! -e "/proc/$1" ] || grep -qs '^State:.Z' "/proc/$1/status"; }
absent() { [ ! -e "$1" ]; }
health() { curl -sS --noproxy '*' --cacert "$VAULT_CACERT" "$VAULT_ADDR/v1/sys/health"; }

for signal in TERM INT HUP; do
	variables=$("$BIN/secret-dev" --print-env)
	is "$(sed -E 's/^export ([A-Z_]+)='\''.*'\''$/\1/' <<<"$variables" | tr '\n' ' ')" \
		"VAULT_ADDR VAULT_CACERT VAULT_TOKEN KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT SECRET_DEV_DIR SECRET_DEV_PID " \
		"the variables, quoted for the shell"
	eval "$variables"
	at_end "kill $SECRET_DEV_PID 2>/dev/null"
	run health
	out_like '"initialized":true' "it serves when the shell goes on"
	is "$(cut -d ' ' -f 6 "/proc/$SECRET_DEV_PID/stat")" "$SECRET_DEV_PID" "in a session of its own"
	kill -s "$signal" "$SECRET_DEV_PID"
	ok "SIG$signal ends it" until_true gone "$SECRET_DEV_PID"
	ok "and its directory goes" until_true absent "$SECRET_DEV_DIR"
done

eval "$("$BIN/secret-dev" --print-env)"
first_pid=$SECRET_DEV_PID first_dir=$SECRET_DEV_DIR first_address=$VAULT_ADDR first_token=$VAULT_TOKEN
at_end "kill $first_pid 2>/dev/null"
eval "$("$BIN/secret-dev" --print-env)"
at_end "kill $SECRET_DEV_PID 2>/dev/null"
ok "a second instance has another address" test "$first_address" != "$VAULT_ADDR"
ok "another directory" test "$first_dir" != "$SECRET_DEV_DIR"
ok "and another root token" test "$first_token" != "$VAULT_TOKEN"
run curl -sS --noproxy '*' --cacert "$VAULT_CACERT" -H @<(echo "X-Vault-Token: $first_token") "$VAULT_ADDR/v1/sys/mounts"
out_like 'permission denied' "which does not pass at the other"
kill "$first_pid"
ok "one ends" until_true gone "$first_pid"
run health
out_like '"sealed":false' "and the other stays"

# A connection that is open, and a client in the middle of its handshake, do not hold it up.
exec 3<>"/dev/tcp/127.0.0.1/${VAULT_ADDR##*:}"
printf '\x16\x03\x01' >&3
kill "$SECRET_DEV_PID"
ok "it ends with a client connected" until_true gone "$SECRET_DEV_PID"
exec 3>&-

# The foreground says where it is and ends the same way.
mkfifo "$TAP_WORK/said"
"$BIN/secret-dev" --directory "$TAP_WORK/stage" 2>"$TAP_WORK/said" &
pid=$!
at_end "kill $pid 2>/dev/null"
exec 4<"$TAP_WORK/said"
read -r warning <&4
read -r place <&4
like "$warning" '^secret-dev: for development only: ' "in the foreground it says what it is"
like "$place" "^secret-dev: Vault at https://127.0.0.1:[0-9]+, Kubernetes API at https://127.0.0.1:[0-9]+; use it with: \. $TAP_WORK/stage/environment\$" "and where"
run sh -c '. "$0"/environment && curl -sS --noproxy "*" --cacert "$VAULT_CACERT" "$VAULT_ADDR/v1/sys/health"' "$TAP_WORK/stage"
out_like '"sealed":false' "another shell can use it"
kill "$pid"
wait "$pid"
is $? 0 "SIGTERM is a clean end"
ok "and its directory goes too" test ! -e "$TAP_WORK/stage"

done_testing

#!/bin/bash
# Temporary failures are retried, with one line for each; a final line has the request, the number of tries and the time.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
vault() { launch "VAULT_ADDR=$BAD_URL" "$@"; }
api() { launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"; }
now_ms() { date +%s%3N; }

# Fails k times, then works.
bad_vault sealed sealed relay
vault
comes_through "Vault sealed for a moment: the start succeeds"
tried 2 "Vault sealed for a moment: each retry is logged"
err_like 'Vault at [^ ]+: POST /v1/auth/kubernetes/login: status 503; trying again in [0-9]+ ms \(1\)' "Vault sealed for a moment: the message has the request, the reason, the wait and the number"
bad_vault relay sealed relay
vault
comes_through "Vault sealed between login and decryption: the start succeeds"
passing=(412 429 472 473 500 502 503 504) staying=(412 473 503)
LAUNCH=(--retries 1)
for code in "${passing[@]}"; do steps+=("code=$code" relay relay); done
for code in "${staying[@]}"; do steps+=("code=$code" "code=$code"); done
bad_vault "${steps[@]}"
for code in "${passing[@]}"; do
	vault
	comes_through "Vault answers $code, then works"
done
for code in "${staying[@]}"; do
	vault
	gives_up "login .*Vault: POST /v1/auth/kubernetes/login: tried 2 times in [0-9.]+ s: status $code: as scripted" "Vault answers $code twice"
	[ "$code" != 473 ] || err_like 'use the address of the active node, because this is a standby' "status 473: reported as a standby"
done
LAUNCH=()
bad_api code=429=1 relay
begin=$(now_ms)
api
comes_through "status 429 of the API server: the start succeeds"
ok "waits for Retry-After" test $(($(now_ms) - begin)) -ge 1000
err_like 'Kubernetes API at [^ ]+: GET /api/v1/namespaces/demo/secrets/app: status 429; trying again in 1000 ms \(1\)' "status 429 of the API server: the retry is logged"
bad_vault --drop 3 relay
vault
comes_through "connections closed in the handshake, as by a proxy that is starting: the start succeeds"
tried 3 "connections closed in the handshake: retried"
bad_vault --reset 3 relay
vault
comes_through "connections reset in the handshake: the start succeeds"
tried 3 "connections reset in the handshake: retried"
err_like 'Vault at [^ ]+: .*connection closed in the TLS handshake; .*; trying again' "connections reset in the handshake: the message does not blame the port"
bad_server --reset 9
LAUNCH=(--retries 1)
vault
gives_up "login .*tried 2 times in [0-9.]+ s: connection closed in the TLS handshake" "connections that are reset each time: exit 125"
LAUNCH=()
bad_vault hang relay
vault VAULT_CLIENT_TIMEOUT=300ms
comes_through "a request that hangs: ended at its own limit"
err_like 'no answer: .*timed out.*trying again' "a request that hangs: retried"

# Permanent failures are not retried.
bad_server code=400 code=403 code=404
for code in 400 403 404; do
	vault
	gives_up "login .*login: status $code: as scripted" "$code is final"
	tried 0 "a permanent status: reported at the first try"
done
requests 3 "a permanent status: no other request"

# Without --retries, as many tries as there is time for.
bad_vault code=503 relay
vault
err_like 'trying again in [0-9]+ ms \(1\)' "by default, retries are limited only by time"
LAUNCH=(--timeout 4s)
bad_server sealed
vault
gives_up "login .*tried [0-9]+ times in [3-9][0-9.]+ s: status 503: .*; raise --timeout, which leaves no time" "retries go on until --timeout"
run "$BIN/secret-exec" --print-config
out_like 'retries: unlimited \(default\)' "--print-config: retries without a limit"
LAUNCH=()
bad_server sealed
LAUNCH=(--retries 3)
vault
gives_up "login .*tried 4 times in [0-9.]+ s: status 503: Vault is sealed; unseal it" "--retries 3: exit 125"
tried 3 "--retries 3: three retries"
LAUNCH=()
vault SECRET_EXEC_RETRIES=0
fails_with 125 'login .*login: status 503: Vault is sealed' "SECRET_EXEC_RETRIES=0: no retry, and one line"

# How long.
LAUNCH=(--timeout 500ms)
bad_server hang
vault
gives_up "login .*Vault at $BAD_URL: no answer: .*time.*; raise --timeout, which leaves no time for another try" "--timeout ends a request to a Vault that hangs"
LAUNCH=(--timeout 5s) # time to log in
api
gives_up "Secret demo/app: Kubernetes API at $BAD_URL: no answer: .*; raise --timeout, which leaves no time" "--timeout ends a request to an API server that hangs"
LAUNCH=(--timeout 500ms)
cat >"$TAP_WORK/plugin" <<-END
	#!/bin/sh
	exec sleep 1000 >/dev/null
END
chmod +x "$TAP_WORK/plugin"
cat >"$TAP_WORK/kubeconfig" <<-END
	current-context: c
	contexts: [{name: c, context: {cluster: k, user: u, namespace: demo}}]
	clusters: [{name: k, cluster: {server: "$STAGE_API_URL"}}]
	users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}}]
END
launch "KUBECONFIG=$TAP_WORK/kubeconfig"
gives_up "kubeconfig .*exec plugin .*/plugin: still running" "--timeout ends a credential plugin that hangs"
bad_server --full
vault
gives_up "login .*Vault at $BAD_URL: no answer: .*time.*raise --timeout, which leaves no time" "--timeout ends a connection attempt that hangs"
LAUNCH=(--timeout 25s)
bad_api code=429=30
begin=$(now_ms)
api
gives_up "Secret demo/app: .*status 429: Scripted: as scripted; raise --timeout, which leaves no time for another try" "a wait longer than --timeout is not begun"
ok "which is known before the time is over" test $(($(now_ms) - begin)) -lt 25000

done_testing

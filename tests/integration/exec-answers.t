#!/bin/bash
# Answers that are none: HTML, far too much, cut, over a stale connection, in another protocol.  One clear line each.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 1)
vault() { launch "VAULT_ADDR=$BAD_URL"; }
api() { launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"; }

# Another server, or a page of one in between.
bad_server html=200
vault
gives_up "login .*: Vault response: an HTML page .*; check the address $BAD_URL" "a login page from Vault: reported"
requests 1 "a login page instead of Vault's JSON: not retried"
api
gives_up "Secret demo/app: .*Kubernetes API response: an HTML page .*; check the address $BAD_URL" \
	"a login page from the API server: reported"
bad_server html=403
vault
gives_up "login .*status 403: Vault response: an HTML page" "an HTML page with status 403: the login fails"
bad_vault html=502 relay
vault
comes_through "a proxy's 502: retried"
bad_server html=502
vault
gives_up "login .*tried 2 times in [0-9.]+ s: status 502: Vault response: an HTML page" "a proxy's 502 that persists: reported"

# 10 MB.
bad_server big=200
vault
gives_up "login .*Vault at $BAD_URL: the answer is larger than 65536 bytes; check the address" "10 MB from Vault: refused"
api
gives_up "Secret demo/app: Kubernetes API at $BAD_URL: the answer is larger than [0-9]+ bytes" "10 MB from the API server: refused"
bad_server big=404
vault
gives_up "login .*status 404: Vault response: .*; check the address $BAD_URL" "an error page of 10 MB from Vault: status and reason"
api
gives_up "Secret demo/app: .*status 404: Kubernetes API response: .*; check the address" "an error page of 10 MB from the API server: status and reason"

# Cut, closed, stale.
bad_vault cut relay
vault
comes_through "an answer cut in the middle: retried"
tried 1 "an answer cut in the middle: the retry is logged"
bad_server cut
vault
gives_up "login .*Vault at $BAD_URL: tried 2 times in [0-9.]+ s: the answer was cut short: " "an answer that is cut each time: reported"
bad_vault close relay
vault
comes_through "a connection closed instead of an answer: the start succeeds"
tried 1 "a connection closed instead of an answer: retried"
bad_server close
vault
gives_up "login .*Vault at $BAD_URL: tried 2 times in [0-9.]+ s: no answer: " "a connection closed each time: reported"
LAUNCH=(--retries 0)
bad_vault relay-close relay
vault
comes_through "a kept connection that the server closes after its answer: the start succeeds"
like "$(cut -d ' ' -f 1-3 "$BAD_LOG" | tr '\n' ' ')" '^1 POST [^ ]* 2 POST [^ ]*decrypt' "a kept connection that the server closes after its answer: another is used"
LAUNCH=(--retries 1)
bad_vault relay close relay
vault
comes_through "a kept connection that is closed at the next request: the start succeeds"
tried 1 "a kept connection that is closed at the next request: counts as a try"
like "$(cut -d ' ' -f 1-3 "$BAD_LOG" | tr '\n' ' ')" '^1 POST [^ ]* 1 POST [^ ]*decrypt[^ ]* [23] POST [^ ]*decrypt' \
	"a kept connection that is closed at the next request: the request is sent again"
LAUNCH=(--retries 0)
bad_api relay-close relay
launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
comes_through "the API server closes after its answer: the start succeeds"

# Another protocol.
LAUNCH=(--retries 4)
bad_server --plain code=200
launch "VAULT_ADDR=https://127.0.0.1:$BAD_PORT"
gives_up "login .*Vault at https://127.0.0.1:$BAD_PORT: TLS handshake failed: WRONG_VERSION_NUMBER; check that it is an HTTPS port" "plain HTTP on Vault's port: reported"
requests 0 "plain HTTP on Vault's port: no request is sent"
launch KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
gives_up "Secret demo/app: .*TLS handshake failed: .*; check that it is an HTTPS port" "plain HTTP on the API server's port: reported"
tried 0 "plain HTTP on the API server's port: not retried"
launch "VAULT_ADDR=http://127.0.0.1:${VAULT_ADDR##*:}" VAULT_CACERT=
like "$STATUS ${ERR##*$'\n'}" '^125 .*login .*Vault.*https://' "a Vault address with http for https: the advice names https"
bad_server --tls-1.1 relay
vault
gives_up "login .*TLS handshake failed: .*; the server must support TLS 1.2 or newer" "TLS 1.1: refused"
tried 0 "TLS 1.1: not retried"
bad_server garbage
vault
gives_up "login .*Vault at $BAD_URL: not an HTTP server" "another protocol within TLS: reported"
tried 0 "another protocol within TLS: not retried"

done_testing

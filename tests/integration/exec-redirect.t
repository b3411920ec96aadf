#!/bin/bash
# Redirects: a standby's 307 is followed once, to where TLS is verified; every other is refused with a message.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
LAUNCH=(--retries 0)

# sent LOG: method, path, body and credentials of each request.
sent() { cut -d ' ' -f 2,3,5,6 "$1"; }

bad_vault relay
active=$BAD_URL active_log=$BAD_LOG
bad_server "redirect=307=$active"
standby=$BAD_URL standby_log=$BAD_LOG
launch "VAULT_ADDR=$standby"
comes_through "a standby leads to the active node"
is "$(sent "$active_log")" "$(sent "$standby_log")" "which gets the same methods, paths, bodies and credentials"
like "$(sent "$active_log")" 'POST /v1/auth/kubernetes/login [0-9a-f]+ -.POST /v1/transit/decrypt/aes256-key [0-9a-f]+ X-Vault-Token' \
	"the login and, with the token, the decryption"

bad_server --untrusted relay
untrusted=$BAD_URL untrusted_log=$BAD_LOG
bad_server "redirect=307=$untrusted"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*Vault at $untrusted \(redirected from $BAD_URL\): TLS certificate not trusted.*VAULT_CACERT" \
	"a host that TLS does not verify is refused"
is "$(wc -l <"$untrusted_log")" 0 "and gets nothing"

bad_server --plain relay
plain=$BAD_URL plain_log=$BAD_LOG
bad_server "redirect=307=$plain"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $plain not followed: plain http .*api_addr" \
	"another scheme is refused"
is "$(wc -l <"$plain_log")" 0 "and that server gets nothing"

bad_server --plain "redirect=307=$active"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $active not followed: .*use https" "nor is one from plain http"

bad_server "redirect=307=$standby"
: >"$active_log"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $active not followed: it is the second; .*api_addr" \
	"a second hop is refused"
is "$(wc -l <"$active_log")" 0 "and its target gets nothing"

LAUNCH+=(--vault-skip-verify)
launch "VAULT_ADDR=$standby"
unset 'LAUNCH[-1]'
like "$STATUS $ERR" "^125 .*redirect to $active not followed: TLS would not verify" \
	"without verification none is followed"

for code in 301 302 303 308; do
	bad_server "redirect=$code=https://sso.example/start?state=hunter2"
	launch "VAULT_ADDR=$BAD_URL"
	gives_up "login .*status $code: redirect to https://sso.example not followed: .*login page" \
		"$code, as of a login page, is refused"
	err_unlike hunter2 "and its query is not repeated"
done

bad_server "redirect=307=$STAGE_API_URL"
launch "KUBERNETES_SERVICE_PORT=$BAD_PORT" KUBERNETES_SERVICE_HOST=127.0.0.1
gives_up "Secret demo/app: Kubernetes API: .*status 307: redirect to $STAGE_API_URL not followed" \
	"the API server's are never followed"

# The node that a standby names may be gone; a moment later the standby knows the next one.
bad_server close
gone=$BAD_URL
kill "$!"
wait "$!" 2>/dev/null
bad_vault "redirect=307=$gone" relay
LAUNCH=(--retries 1)
launch "VAULT_ADDR=$BAD_URL"
comes_through "a node that is gone: the next try begins at the standby"
tried 1 "and is logged"

done_testing

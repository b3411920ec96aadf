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
comes_through "a standby's redirect: the start succeeds"
is "$(sent "$active_log")" "$(sent "$standby_log")" "a standby's redirect: the active node gets the same methods, paths, bodies and credentials"
like "$(sent "$active_log")" 'POST /v1/auth/kubernetes/login [0-9a-f]+ -.POST /v1/transit/decrypt/aes256-key [0-9a-f]+ X-Vault-Token' \
	"a standby's redirect: the login, and the decryption with the token"

bad_server --untrusted relay
untrusted=$BAD_URL untrusted_log=$BAD_LOG
bad_server "redirect=307=$untrusted"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*Vault at $untrusted \(redirected from $BAD_URL\): TLS certificate not trusted.*VAULT_CACERT" \
	"a redirect to a host that TLS does not verify: exit 125"
is "$(wc -l <"$untrusted_log")" 0 "a redirect to a host that TLS does not verify: no request is sent"

bad_server --plain relay
plain=$BAD_URL plain_log=$BAD_LOG
bad_server "redirect=307=$plain"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $plain not followed: plain http .*api_addr" \
	"a redirect to another scheme: exit 125"
is "$(wc -l <"$plain_log")" 0 "a redirect to another scheme: no request is sent"

bad_server --plain "redirect=307=$active"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $active not followed: .*use https" "a redirect from plain http: exit 125"

bad_server "redirect=307=$standby"
: >"$active_log"
launch "VAULT_ADDR=$BAD_URL"
gives_up "login .*status 307: redirect to $active not followed: it is the second; .*api_addr" \
	"a second redirect: exit 125"
is "$(wc -l <"$active_log")" 0 "a second redirect: no request is sent"

LAUNCH+=(--vault-skip-verify)
launch "VAULT_ADDR=$standby"
unset 'LAUNCH[-1]'
like "$STATUS $ERR" "^125 .*redirect to $active not followed: TLS would not verify" \
	"a redirect with --vault-skip-verify: exit 125"

for code in 301 302 303 308; do
	bad_server "redirect=$code=https://sso.example/start?state=hunter2"
	launch "VAULT_ADDR=$BAD_URL"
	gives_up "login .*status $code: redirect to https://sso.example not followed: .*login page" \
		"$code, as of a login page, is refused"
	err_unlike hunter2 "a redirect's query is not shown"
done

bad_server "redirect=307=$STAGE_API_URL"
launch "KUBERNETES_SERVICE_PORT=$BAD_PORT" KUBERNETES_SERVICE_HOST=127.0.0.1
gives_up "Secret demo/app: Kubernetes API: .*status 307: redirect to $STAGE_API_URL not followed" \
	"a redirect of the API server: exit 125"

# The node that a standby names may be gone; a moment later the standby knows the next one.
bad_server close
gone=$BAD_URL
kill "$!"
wait "$!" 2>/dev/null
bad_vault "redirect=307=$gone" relay
LAUNCH=(--retries 1)
launch "VAULT_ADDR=$BAD_URL"
comes_through "an active node that does not answer: the next try starts at the standby"
tried 1 "an active node that does not answer: logged"

done_testing

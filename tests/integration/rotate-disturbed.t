#!/bin/bash
# Secrets that somebody changes between list and PATCH, and an API server that puts PATCHes off.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

for name in a b c; do "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$name" "$name" >/dev/null; done
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
# By way of the bad server.
rotate() {
	run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" \
		KUBERNETES_SERVICE_PORT="$BAD_PORT" "$BIN/secret-rotate" -n demo --transit-key aes256-key
}
versions() {
	local name
	for name in a b c; do stored "$name" A | cut -d: -f2; done | xargs
}
values() {
	local name
	for name in a b c; do "$BIN/secret-exec" --secret "$name" -- printenv A; done | xargs
}
# patches NAME: how many PATCHes of a Secret the bad server was sent
patches() { grep -c " PATCH [^ ]*/secrets/$1 " "$BAD_LOG"; }

bad_api --on PATCH /secrets/a 3 touch relay
rotate
status_is 0 "a Secret is changed by somebody three times between its list and its PATCH"
is "$(versions)" "v2 v2 v2" "it is done all the same"
is "$(patches a) $(patches b)" "4 1" "each time it was read and patched again, and no other was"
out_like 'conflicts 3' "the summary counts the conflicts"
kube_call GET /api/v1/namespaces/demo/secrets/a
is "$(field metadata.annotations.touched)" 3 "what the others wrote is kept"

bad_api --on PATCH /secrets/a 0 touch relay
rotate
status_is 1 "it is changed each time"
err_like 'Secret demo/a: changed by another process each of [0-9]+ times; run again later' "in the end it is left, and named"
is "$(versions)" "v2 v3 v3" "and stops no other"

bad_api --on PATCH /secrets/ 2 code=429=1 --on PATCH /secrets/c 1 code=503 relay
rotate
status_is 0 "PATCHes that are put off by 429 and 503"
is "$(versions)" "v4 v4 v4" "come later"
is "$(values)" "a b c" "and all values are what they were"

bad_api --on PATCH /secrets/ 0 deaf relay
rotate
status_is 1 "PATCHes that are answered well and not carried out"
err_like 'Secret demo/a: 1 value on an old version of Transit key transit/aes256-key; the oldest is 4, wanted is 5' "are seen through, and named"
out_like '3 on an old version' "the summary says so"

# Versions that there aren't.
values=$(for i in {100..160}; do printf '"K%d":"%s",' "$i" "$(printf 'vault:v%d:AAAA' "$i" | base64 -w0)"; done)
kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",
	\"metadata\":{\"name\":\"ahead\",\"labels\":{\"secretmanager/sealed\":\"true\"}},\"data\":{${values%,}}}"
bad_vault relay
run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	"$BIN/secret-rotate" -n demo --transit-key aes256-key --phase verify
err_like 'Secret demo/ahead: data key "K109": sealed with version 109 .*whose newest is [0-9]+' "a Secret whose every value is of a yet newer version"
err_like 'Secret demo/ahead: further values failed too' "does not fill the log"
is "$(grep -c 'Secret demo/ahead' <<<"$ERR")" 11 "with more than ten lines and that"
# One read at the start, one for the page, and another where both fall into one millisecond.
asked=$(grep -c ' GET /v1/transit/keys/aes256-key ' "$BAD_LOG")
ok "does not have Vault asked for each of them" [ "$asked" -le 4 ]
kube_call DELETE /api/v1/namespaces/demo/secrets/ahead

# A token lives 10 s and is renewed 4 s before its end: the second rewrap of a comes after that.
bad_api --on PATCH /secrets/a 1 touch --on GET /secrets/a 1 late=6.5 relay
run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" \
	KUBERNETES_SERVICE_PORT="$BAD_PORT" "$BIN/secret-rotate" -n demo --transit-key aes256-key -o json
status_is 0 "a run outlives its token"
is "$(field conflicts) $(field current)" "1 3" "and does the rest"
ok "after it has logged in again" [ "$(field requests.login)" -ge 2 ]
done_testing

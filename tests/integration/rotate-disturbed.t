#!/bin/bash
# Secrets that another process changes between list and PATCH, and an API server that throttles PATCHes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

for name in a b c; do "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$name" "$name" >/dev/null; done
cp "$STAGE_DIR/pod/rotator/token" "$BAD_POD/token"
# Through the bad server.
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
# patches NAME: number of PATCHes of a Secret that the bad server received
patches() { grep -c " PATCH [^ ]*/secrets/$1 " "$BAD_LOG"; }

bad_api --on PATCH /secrets/a 3 touch relay
rotate
status_is 0 "a Secret changes three times between list and PATCH: exit 0"
is "$(versions)" "v2 v2 v2" "all Secrets are on the newest version"
is "$(patches a) $(patches b)" "4 1" "a Secret that changes is read and patched again each time, others are patched once"
out_like 'conflicts 3' "the summary counts the conflicts"
kube_call GET /api/v1/namespaces/demo/secrets/a
is "$(field metadata.annotations.touched)" 3 "the changes of the other process are kept"

bad_api --on PATCH /secrets/a 0 touch relay
rotate
status_is 1 "a Secret changes before each PATCH: exit 1"
err_like 'Secret demo/a: changed by another process each of [0-9]+ times; run again later' "the Secret is reported after the last try"
is "$(versions)" "v2 v3 v3" "a Secret changes before each PATCH: all others are rewrapped"

bad_api --on PATCH /secrets/ 2 code=429=1 --on PATCH /secrets/c 1 code=503 relay
rotate
status_is 0 "PATCHes answered with 429 and 503: exit 0"
is "$(versions)" "v4 v4 v4" "PATCHes answered with 429 and 503 are sent again"
is "$(values)" "a b c" "all values are unchanged"

bad_api --on PATCH /secrets/ 0 deaf relay
rotate
status_is 1 "PATCHes answered with 200 and not carried out: exit 1"
err_like 'Secret demo/a: 1 value on an old version of Transit key transit/aes256-key .the oldest is 4, wanted is 5' "the Secrets are reported as old"
out_like '3 on an old version' "the summary counts them as old"

# Versions that the key does not have.
values=$(for i in {100..160}; do printf '"K%d":"%s",' "$i" "$(printf 'vault:v%d:AAAA' "$i" | base64 -w0)"; done)
kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",
	\"metadata\":{\"name\":\"ahead\",\"labels\":{\"secretmanager/sealed\":\"true\"}},\"data\":{${values%,}}}"
bad_vault relay
run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" \
	"$BIN/secret-rotate" -n demo --transit-key aes256-key --phase verify
err_like 'Secret demo/ahead: data key "K109": sealed with version 109 .*whose newest is [0-9]+' "a Secret with values of 61 unknown versions: the tenth is reported"
err_like 'Secret demo/ahead: further values failed too' "a line replaces the others"
is "$(grep -c 'Secret demo/ahead' <<<"$ERR")" 11 "ten lines and that line"
# One read at the start, one for the page, and another if both are in the same millisecond.
asked=$(grep -c ' GET /v1/transit/keys/aes256-key ' "$BAD_LOG")
ok "does not have Vault asked for each of them" [ "$asked" -le 4 ]
kube_call DELETE /api/v1/namespaces/demo/secrets/ahead

# A token lives 10 s and is renewed 4 s before its end: the second rewrap of Secret a comes after that.
bad_api --on PATCH /secrets/a 1 touch --on GET /secrets/a 1 late=6.5 relay
run "${POD[@]}" VAULT_ROLE=secret-rotate SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" \
	KUBERNETES_SERVICE_PORT="$BAD_PORT" "$BIN/secret-rotate" -n demo --transit-key aes256-key -o json
status_is 0 "a run longer than its token: exit 0"
is "$(field conflicts) $(field current)" "1 3" "the rest is rewrapped"
ok "a run longer than its token logs in again" [ "$(field requests.login)" -ge 2 ]
done_testing

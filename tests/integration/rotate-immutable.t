#!/bin/bash
# An immutable Secret cannot be rewrapped: it is reported with advice, and stops no other.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" --immutable --transit-key aes256-key --from-literal A=one --from-literal B=two app >/dev/null
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=other other >/dev/null
kube_call GET /api/v1/namespaces/demo/secrets
app=$(grep -oE 'app-[a-z0-9]{10}' <<<"$OUT" | head -n 1)
like "$app" '^app-[a-z0-9]{10}$' "secret-seal --immutable makes a Secret with a suffix"
kube_call GET "/api/v1/namespaces/demo/secrets/$app"
before=$(field data)

run "$BIN/secret-rotate" -n demo
status_is 1 "an immutable Secret on an old version: exit 1"
err_like "Secret demo/$app: immutable.*seal a new one.*delete this one" "the message names it and the way out"
is "$(grep -c "$app: immutable" <<<"$ERR")" 1 "two old values: one line"
out_like 'current 1, .*failed 1' "the summary counts it as failed"
like "$(stored other A)" '^vault:v2:' "an immutable Secret on an old version: the mutable Secret is rewrapped"
kube_call GET "/api/v1/namespaces/demo/secrets/$app"
is "$(field data)" "$before" "the immutable Secret is unchanged"
run "$BIN/secret-exec" --secret "$app" -- sh -c 'echo "$A $B"'
out_is "one two" "the immutable Secret still decrypts"

"$BIN/secret-seal" --immutable --transit-key aes256-key --from-literal A=one app >/dev/null
kube_call DELETE "/api/v1/namespaces/demo/secrets/$app"
run "$BIN/secret-rotate" -n demo --phase verify
status_is 0 "sealed again under another name, the old one deleted: nothing is old"
done_testing

#!/bin/bash
# secret-seal status, verify and reveal: keys and versions, whether values decrypt, and the plaintext.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
terminal=$(dirname "$0")/../terminal
seal() { "$BIN/secret-seal" "$@" >/dev/null; }

seal --transit-key aes256-key --set A=one --set B=two --label team=red app
seal --transit-key derived-key --set 'C=three' bound
printf '{"user":"u","n":1}' | seal --transit-key aes256-key --layout document --from-document - document
vault_call POST transit/keys/aes256-key/rotate '{}'
seal --set B=new app

# status.
run "$BIN/secret-seal" status -l team=none
err_is 'secret-seal: no sealed Secrets in namespace demo with the labels team=none' "no Secret selected: a message"
is "$STATUS $OUT" "0 " "no Secret selected: exit 0, and no table"
run "$BIN/secret-seal" status -n default
err_is 'secret-seal: no sealed Secrets in namespace default' "a namespace without sealed Secrets: a message"
run "$BIN/secret-seal" status -n default -o json
is "$(field secrets)" '[]' "no Secret selected: JSON has an empty list"
run "$BIN/secret-seal" verify -n default
is "$STATUS $ERR $OUT" '0 secret-seal: no sealed Secrets in namespace default 0 Secrets with 0 values decrypt' "verify without Secrets: exit 0 and a message"
run "$BIN/secret-seal" status -A -l team=none
err_is 'secret-seal: no sealed Secrets in any namespace with the labels team=none' "no Secret selected in all namespaces: a message"
run "$BIN/secret-seal" status
status_is 0 "status: exit 0"
like "$(head -1 <<<"$OUT")" '^NAMESPACE +NAME +KEY +STATE +TRANSIT KEY +VERSION +LAYOUT +SIZE +AGE$' "the columns of status"
# cells NAME KEY: print a row's columns except the last two.
cells() { awk -v name="$1" -v key="$2" '$2 == name && $3 == key { print $4, $5, $6, $7 }' <<<"$OUT"; }
is "$(cells app A)" "old transit/aes256-key 1/2 per-key" "a value on an old version: old"
is "$(cells app B)" "current transit/aes256-key 2/2 per-key" "a value on the newest version: current"
is "$(cells bound C)" "current transit/derived-key 1/1 per-key,strict" "a bound value: its scope"
is "$(cells document secrets.json)" "old transit/aes256-key 1/2 document" "a document: its layout"
like "$(awk '$2 == "app" && $3 == "A" { print $8, $9 }' <<<"$OUT")" "^$(stored app A | wc -c) [0-9]+[sm]\$" "status shows size and age"

run "$BIN/secret-seal" status -l team=red -o json
is "$(field secrets | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')" 1 "-l selects by labels"
is "$(field secrets.0.name) $(field secrets.0.transitKey) $(field secrets.0.latestVersion) $(field secrets.0.keys.0.state)" \
	"app transit/aes256-key 2 old" "-o json"
run "$BIN/secret-seal" status -o yaml app
out_like '^secrets:
- namespace: demo
  name: app
  layout: per-key' "-o yaml, of one Secret"
run "$BIN/secret-seal" status -o prometheus
out_like '# TYPE secretmanager_value_key_version gauge' "-o prometheus"
out_like 'secretmanager_value_key_version\{namespace="demo",secret="app",key="A",transit_key="transit/aes256-key",state="old"\} 1' "-o prometheus: a version"
out_like 'secretmanager_transit_key_latest_version\{transit_key="transit/aes256-key"\} 2' "a value on the newest version: current"
out_unlike 'one|two|three' "-o prometheus: no value is printed"
refused=http://127.0.0.1:1
run env VAULT_ADDR=$refused "$BIN/secret-seal" status --retries 0 -o prometheus app
is "$STATUS" 1 "-o prometheus without Vault: exit 1"
err_like 'secret-seal: the metrics are incomplete, without the newest versions' "-o prometheus without Vault: the last line has the reason"
out_like 'secretmanager_value_key_version\{.*key="A".*state="sealed"\} 1' "-o prometheus without Vault: known values are printed"
out_unlike 'secretmanager_transit_key_latest_version' "-o prometheus without Vault: a metric without samples is not printed"
run env VAULT_ADDR=$refused "$BIN/secret-seal" status --retries 0 app
status_is 0 "a table without Vault: exit 0"
run "$BIN/secret-seal" status app document app -o json
is "$(field secrets | python3 -c 'import json, sys; print(*[s["name"] for s in json.load(sys.stdin)])')" "app document" "a repeated NAME counts once"

# Annotations with hostile text.
kube_call POST "$secrets" '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"rude","labels":{"secretmanager/sealed":"true"},
	"annotations":{"secretmanager/transit-key":"\u001b]0;title\u0007\"\\\nfake 1"}},"data":{"A":"dmF1bHQ6djE6QUFBQQ=="}}'
run "$BIN/secret-seal" status rude
is "$(wc -l <<<"$OUT")" 2 "an annotation with a line break adds no row"
out_like 'rude +A +sealed +\? ' "an invalid key annotation: unknown key"
err_like 'Secret demo/rude: annotation secretmanager/transit-key: Transit key "\?\]0;title\?"\\\?fake 1"' "an invalid key annotation: a warning without control characters"
run "$BIN/secret-seal" status app rude -o prometheus
out_like 'transit_key="",state="sealed"} 1' "an invalid key annotation: metrics without a key"
"$(dirname "$0")/prometheus-text" <<<"$OUT" >/dev/null
is "$?" 0 "an invalid key annotation: the metrics can be parsed"
run "$BIN/secret-seal" verify rude
err_like 'Secret demo/rude: Transit key "\?\]0;title' "verify names the Secret with an invalid key"
kube_call PATCH "$secrets/rude" '{"metadata":{"annotations":{"secretmanager/transit-key":"gone"}}}' application/merge-patch+json
run "$BIN/secret-seal" verify rude
err_like 'Secret demo/rude: ' "verify names the Secret with a missing key"
kube_call DELETE "$secrets/rude"

kube_call PATCH "$secrets/app" '{"data":{"PLAIN":"cGxhaW4="},"metadata":{"annotations":{
	"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"A\":\"cGxhaW4=\"}}"}}}' application/merge-patch+json
kube_call POST "$secrets" '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"unlabelled"},"data":{"A":"dmF1bHQ6djE6QUFBQQ==","B":"dmF1bHQ6djE6"}}'
run "$BIN/secret-seal" status
is "$(cells app PLAIN)" "plaintext transit/aes256-key - per-key" "plaintext beside ciphertext: plaintext"
out_like '! demo/app has plaintext beside ciphertext; seal it with --adopt' "plaintext beside ciphertext: a note"
out_like '! demo/app has plaintext in the annotation of kubectl apply' "plaintext in an annotation: a note"
out_unlike unlabelled "a Secret without our label"
run "$BIN/secret-seal" status --all-secrets
is "$(cells unlabelled A) $(cells unlabelled B)" "sealed ? 1/? per-key garbled ? - per-key" "--all-secrets shows unlabelled Secrets with ciphertext"
kube_call GET "$secrets/app"
run as_pod stranger env VAULT_ROLE=demo "$BIN/secret-seal" status
status_is 1 "status without permission to list: exit 1"
err_like 'listing Secrets in namespace demo.*403.*list on secrets' "status without permission to list: the message"
run env VAULT_TOKEN=wrong "$BIN/secret-seal" status bound
status_is 0 "status without permission to read keys: exit 0"
err_like 'warning: .*403' "status without permission to read keys: a warning"
is "$(cells bound C)" "sealed transit/derived-key 1/? per-key,strict" "status without permission to read keys: the newest version is unknown"
run "$BIN/secret-seal" status -A
status_is 0 "-A: exit 0"
run "$BIN/secret-seal" status -A app
fails_with 2 'NAME cannot be used with -A' "-A and a name: exit 2"
run "$BIN/secret-seal" status -o xml
fails_with 2 '--output "xml": not valid; write table, json, yaml or prometheus' "an unknown output format: exit 2"
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
run "$BIN/secret-seal" status app
is "$(cells app A)" "retired transit/aes256-key 1/2 per-key" "a retired version: retired"
run "$BIN/secret-seal" verify document
status_is 1 "verify of a retired version: exit 1"
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":1}'

# verify.
kube_call PATCH "$secrets/app" '{"data":{"PLAIN":null}}' application/merge-patch+json
run "$BIN/secret-seal" verify
status_is 0 "verify: exit 0"
out_is "3 Secrets with 4 values decrypt" "verify prints only the numbers"
kube_call GET "$secrets/bound"
kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"copy\",
	\"labels\":{\"secretmanager/sealed\":\"true\"},\"annotations\":$(field metadata.annotations)},\"data\":$(field data)}"
kube_call PATCH "$secrets/app" '{"data":{"PLAIN":"cGxhaW4="}}' application/merge-patch+json
run "$BIN/secret-seal" verify
status_is 1 "verify of values that do not decrypt: exit 1"
err_like 'Secret demo/app, data key PLAIN: plaintext' "verify names a plaintext value"
err_like 'Secret demo/copy, data key C: .*to which it is bound' "verify names a copied value"
err_like '2 of 4 Secrets do not decrypt' "verify counts the Secrets"
is "$OUT" "" "a failing verify prints nothing on standard output"

# reveal.
run "$BIN/secret-seal" reveal app A
fails_with 2 'standard output is not a terminal; .*--yes' "reveal to a pipe: exit 2"
run "$BIN/secret-seal" reveal --yes bound C
is "$OUT:$(wc -c <"$TAP_WORK/out")" "three:5" "reveal --yes to a pipe: only the bytes"
run "$BIN/secret-seal" reveal --yes document user
is "$OUT" u "reveal of a document's member"
run "$BIN/secret-seal" reveal --yes document
is "$OUT" '{"user":"u","n":1}' "reveal of a document"
run "$terminal" '' -- "$BIN/secret-seal" reveal bound
is "${OUT//$'\r'/}" 'C: "three"' "reveal of a Secret on a terminal"
seal --unset PLAIN app
printf '\033[2J' | seal --from-file E=- app
run "$terminal" '' -- "$BIN/secret-seal" reveal app E
like "$OUT" 'not safe on a terminal.*hint: .*--yes' "reveal of control characters on a terminal is refused"
printf '\302\2332J' | seal --from-file E=- app
run "$terminal" '' -- "$BIN/secret-seal" reveal app E
like "$OUT" 'not safe on a terminal' "reveal of 8-bit control characters on a terminal is refused"
run "$BIN/secret-seal" reveal --yes app X
fails_with 1 'Secret demo/app: no value "X"' "reveal of a missing key: exit 1"
run "$BIN/secret-seal" reveal --yes copy
fails_with 1 'Secret demo/copy, data key C: .*check that it was sealed for this Secret' "reveal of a copied value: exit 1"
run "$BIN/secret-seal" reveal --yes
fails_with 2 "pass one NAME" "reveal without a name: exit 2"

done_testing

#!/bin/bash
# Plaintext for development: files, plain Secrets and ConfigMaps; never by accident, and without Vault.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
cd "$TAP_WORK" || exit 1
umask 077

# The administrator's kubeconfig, and no configuration of Vault.
launch() { run env -u VAULT_ADDR -u VAULT_TOKEN -u VAULT_CACERT "$BIN/secret-exec" --allow-plaintext "$@"; }
warning='^secret-exec: warning: --allow-plaintext: delivering values that are not sealed'

# Refused unless it is meant.
printf 'A=1\n' >.env
printf '{"A": "1"}' >app.json
for option in '--from-document app.json' '--from-env-file .env' '--from-secret plain' '--from-config-map map' '--definition app.json'; do
	# shellcheck disable=SC2086
	run "$BIN/secret-exec" $option -- true
	fails_with 125 "$option: not sealed.*--allow-plaintext" "$option without --allow-plaintext"
done
run env SECRET_EXEC_FROM_ENV_FILE=.env "$BIN/secret-exec" -- true
fails_with 125 'not sealed' "the --from options in the environment without --allow-plaintext: exit 125"

# Files.
launch --from-document app.json -- printenv A
out_is 1 "a JSON document without Vault"
err_like "$warning" "plaintext: a warning"
is "$(wc -l <"$TAP_WORK/err")" 1 "plaintext: one warning"
printf '# comment\nTEXT: a b\nNUMBER: 1.50\nYES: true\nNONE: null\nNESTED:\n  list: [1, x]\nQUOTED: "1"\n' >app.yaml
launch --from-document app.yaml -- sh -c 'echo "$TEXT|$NUMBER|$YES|${NONE-absent}|$NESTED|$QUOTED"'
out_is 'a b|1.50|true|absent|{"list":[1,"x"]}|1' "a YAML document, read like a sealed one"
launch --from-document <(printf '{"A": "pipe"}') -- printenv A
out_is pipe "a document from a pipe"
printf 'A="x y"\nexport B=z # comment\n' >bad.env
launch --from-env-file bad.env -- true
fails_with 125 "bad.env: line 2, column 12: '#' after white space" "a line of a .env file that readers interpret differently: exit 125"
printf 'A="x y"\nexport B=z\n' >.env
launch --from-env-file .env -- sh -c 'echo "$A $B"'
out_is "x y z" "a .env file"
launch --from-env-file .env --from-document app.json -- true
fails_with 125 'variable A comes from both app.json, member A and .env.*--override' "one name from two files: exit 125"
launch --from-env-file .env --from-document app.json --override -- printenv A
out_is "x y" "one name from two files with --override: the .env file is stronger"
launch --from-document nowhere.json -- true
fails_with 125 'nowhere.json: No such file' "a file that does not exist: exit 125"
for text in '{"A": "hunter2"' '{"A": hunter2}' '{A: hunter2}' '{"A": "hunter2\n x"}' '---\n{"A": "hunter2\n x"}' '\0357\0273\0277{"A": "hunter2\n x"}'; do
	printf %b "$text" >broken.json
	launch --from-document broken.json -- true
	fails_with 125 'broken.json: line [12], column' "a document that begins with a brace and is not JSON: $text"
	err_unlike hunter2 "a garbled file: its text is not shown"
done
printf '\xef\xbb\xbf{"A": "x"}' >marked.json
launch --from-document marked.json -- printenv A
out_is x "JSON with a byte order mark: read"
printf '\xef\xbb\xbfA: x' >marked.yaml
launch --from-document marked.yaml -- printenv A
out_is x "YAML with a byte order mark: read"
printf 'A=1\nA=2\n' >twice.env
launch --from-env-file twice.env -- true
fails_with 125 'twice.env: duplicate name A' "one name twice in a file: exit 125"
head -c 1048577 /dev/zero >large.env
launch --from-env-file large.env -- true
fails_with 125 'large.env: larger than 1048576 bytes' "a file larger than any Secret: exit 125"
printf 'A=%s\n' vault:v1:AAAA >sealed.env
launch --from-env-file sealed.env -- true
fails_with 125 'sealed.env: line 1: .*Vault ciphertext instead of plaintext.*--secret' "ciphertext in a .env file: exit 125"
chmod 644 app.json
launch --from-document app.json -- true
err_like 'warning: app.json: readable by every user; chmod 600 it' "a file that every user may read: a warning"
status_is 0 "a file that only its owner may read: no warning"
launch --from-document app.yaml --only TEXT --prefix MY_ -- printenv MY_TEXT
out_is "a b" "names of plaintext are filtered and changed like those of sealed values"

# A definition: names with their variables.
printf 'DBHOST=inside\nDBPASS=pass\nREST=rest\n' >.env
printf '{"db_host": "DBHOST", "db_pass": "DBPASS"}' >definition.json
launch --from-env-file .env --definition definition.json -- sh -c 'echo "$db_host $db_pass ${REST-none} ${DBPASS-none}"'
out_is "inside pass none none" "a definition takes only the values that it names"
run env -u VAULT_ADDR DBHOST=outside "$BIN/secret-exec" --allow-plaintext --from-env-file .env --definition definition.json -- \
	sh -c 'echo "$db_host $db_pass"'
out_is "outside pass" "a definition: the environment is stronger than the .env file"
printf 'db_host: DBHOST\n' >definition.yaml
run env -u VAULT_ADDR DBHOST=outside "$BIN/secret-exec" --allow-plaintext --definition definition.yaml -- printenv db_host
out_is outside "a definition in YAML, with only the environment"
launch --definition definition.json -- true
fails_with 125 'definition.json, name db_host: variable "DBHOST": set neither in the environment nor in a --from-env-file' \
	"a definition that names a missing variable: exit 125"
printf '{"db_host": 1}' >definition.json
launch --definition definition.json -- true
fails_with 125 "definition.json: name db_host: must be a string" "a definition of the wrong type: exit 125"

# Plain Secrets and ConfigMaps.
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain"},
	"stringData":{"A":"one","B":"two","app.json":"{\"C\": \"three\", \"D\": 4}"}}'
launch --from-secret plain --exclude '*.json' -- sh -c 'echo "$A $B"'
out_is "one two" "a plain Secret: all values"
launch --from-secret plain:app.json -- sh -c 'echo "$C $D ${A-none}"'
out_is "three 4 none" "a plain Secret's data key: the members of its object"
launch --from-secret demo/plain:A=X --from-secret plain:app.json=DOCUMENT -- sh -c 'echo "$X $DOCUMENT"'
out_is 'one {"C": "three", "D": 4}' "a plain Secret's data key as a variable"
launch --from-secret plain:A -- true
fails_with 125 'Secret demo/plain, data key A: the document is not a JSON object' "a plain Secret's data key without an object: exit 125"
launch --from-secret plain:Z -- true
fails_with 125 'Secret demo/plain: .*no data key "Z"' "a plain Secret's data key that does not exist: exit 125"
launch --from-secret nothing -- true
fails_with 125 'Secret demo/nothing.*not found' "a plain Secret that does not exist: exit 125"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=sealed sealed >/dev/null
launch --from-secret sealed -- true
fails_with 125 'Secret demo/sealed, data key A: Vault ciphertext instead of plaintext; read a sealed Secret with --secret' \
	"a sealed Secret as plaintext: exit 125"
launch --from-secret sealed:A -- true
fails_with 125 'data key A: Vault ciphertext instead of plaintext' "a sealed Secret's data key as plaintext: exit 125"
kube_call POST /api/v1/namespaces/demo/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"map"},
	"data":{"E":"five","app.yaml":"F: six\nG: [7]\n"},"binaryData":{"H":"ZWlnaHQ="}}'
launch --from-config-map map --only '?' -- sh -c 'echo "$E $H"'
out_is "five eight" "a ConfigMap, with binary data"
launch --from-config-map map:app.yaml -- sh -c 'echo "$F $G ${E-none}"'
out_is "six [7] none" "a ConfigMap's data key in YAML: its members"
launch --from-config-map map:E=X -- printenv X
out_is five "a ConfigMap's data key as a variable"
launch --from-config-map nothing -- true
fails_with 125 'ConfigMap demo/nothing.*not found.*check the name and the namespace' "a ConfigMap that does not exist: exit 125"
kube_call POST /api/v1/namespaces/demo/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"empty"}}'
launch --from-config-map empty -- true
fails_with 125 'ConfigMap demo/empty: empty' "an empty ConfigMap: exit 125"
run as_pod app "$BIN/secret-exec" --allow-plaintext --from-config-map map -- true
fails_with 125 'ConfigMap demo/map.*forbidden.*must allow get on configmaps' "a ConfigMap without the right to read it: exit 125"

# Beside sealed values.
run "$BIN/secret-exec" --allow-plaintext --from-config-map map:E=X --secret sealed -- sh -c 'echo "$X $A"'
out_is "five sealed" "plaintext beside a sealed Secret"
err_like "$warning" "plaintext beside a sealed Secret: a warning"
run "$BIN/secret-exec" --allow-plaintext --secret sealed -- printenv A
is "$OUT$ERR" sealed "--allow-plaintext without plaintext: no warning"

done_testing

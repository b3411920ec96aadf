#!/bin/bash
# Which values of a Secret are taken, and under which names.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal db-host=h --from-literal db.port=p --from-literal API_KEY=k app >/dev/null
# secret-exec OPTION...: the names and values of the application's environment, in order, without those of the pod.
pod_names=$(as_pod app env | cut -d= -f1 | sort)
launch() { run as_pod app "$BIN/secret-exec" "$@" -- sh -c 'env | sort'; }
# seen WANTED NAME
seen() {
	local pair got=
	while IFS= read -r pair; do
		grep -qxF "${pair%%=*}" <<<"$pod_names"$'\n_\nPWD\nSHLVL\nOLDPWD' || got+=${got:+ }$pair
	done <<<"$OUT"
	is "$got" "$1" "$2"
	[ "$STATUS" = 0 ] || tap_note "stderr: $ERR"
}

launch --secret app:API_KEY
seen "API_KEY=k" "one data key: only its value"
launch --secret app:db-host=HOST
seen "HOST=h" "one data key under another name"
launch --secret app:db-host=HOST --secret app:db.port=PORT --secret demo/app:API_KEY
seen "API_KEY=k HOST=h PORT=p" "several data keys, each under its own name"
launch --secret app --only 'API_*'
seen "API_KEY=k" "--only"
launch --secret app --only 'API_*' --only db-host --sanitize
seen "API_KEY=k db_host=h" "--only twice: both patterns"
launch --secret app --exclude 'db*'
seen "API_KEY=k" "--exclude"
run as_pod app env 'SECRET_EXEC_ONLY=API_*,db.*' SECRET_EXEC_SANITIZE=true "$BIN/secret-exec" --secret app -- printenv db_port
out_is p "patterns from the environment"
launch --secret app --sanitize --upper-case
seen "API_KEY=k DB_HOST=h DB_PORT=p" "--sanitize and --upper-case"
launch --secret app --sanitize --upper-case --prefix my_
seen "my_API_KEY=k my_DB_HOST=h my_DB_PORT=p" "--prefix comes last"
launch --secret app:db-host=host --secret app:API_KEY --prefix X_ --upper-case --exclude 'db*'
seen "X_API_KEY=k host=h" "a chosen name is not changed, and is taken regardless of patterns"
launch --secret app --exclude '*'
fails_with 125 '--only and --exclude exclude all 3 values' "no value left: exit 125"
launch --secret app --only HOST
fails_with 125 '--only and --exclude exclude all' "patterns match the names in the Secret"
launch --secret app --secret app:API_KEY=db_host --sanitize
fails_with 125 'variable db_host comes from both Secret demo/app, data key db-host and Secret demo/app, data key API_KEY' \
	"two names of two sources that become one: exit 125"
launch --secret app:=X
fails_with 125 'write \[NAMESPACE/\]NAME\[.\]\[:KEY\[=VARIABLE\]\]' "no data key before the variable: exit 125"
launch --secret app:nothing=X
fails_with 125 'Secret demo/app: .*no data key "nothing"' "a data key that does not exist: exit 125"

# Values that are not selected are neither checked nor decrypted.
good=$(stored app API_KEY)
secret_of() {
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",
		\"metadata\":{\"name\":\"app\",\"annotations\":{\"secretmanager/transit-key\":\"transit/aes256-key\"}},\"stringData\":$1}"
	[ "$STATUS" = 201 ] || echo "Bail out! the Secret can't be made"
}
secret_of "{\"a-b\":\"$good\",\"a.b\":\"$good\",\"PLAIN\":\"plain\",\"BAD\":\"vault:v1:AAAA\"}"
launch --secret app --only 'a-?' --sanitize
seen "a_b=k" "plaintext and garbled ciphertext that are not selected: ignored"
launch --secret app --exclude BAD --sanitize
fails_with 125 'not sealed: data key "PLAIN" .* Vault ciphertext' "plaintext that is selected: exit 125"
launch --secret app --only 'a*' --sanitize --override
fails_with 125 'variable a_b comes from both Secret demo/app, data key a-b and Secret demo/app, data key a.b' \
	"two names of one Secret that become one: exit 125, with both"

# Names with dots, as Spring reads them: where they are asked for by name.
kube_call DELETE /api/v1/namespaces/demo/secrets/app
"$BIN/secret-seal" --transit-key aes256-key --set spring.datasource.password=hunter2 --set spring.config.import=x app >/dev/null
dotted=$(stored app spring.datasource.password)
launch --secret app --exclude '*import'
fails_with 125 '"spring.datasource.password" is not a valid environment variable name.*--allow-env spring.datasource.password' \
	"a name with dots: exit 125"
for options in "--secret app:spring.datasource.password" "--secret app --allow-env spring.datasource.password --exclude *import" \
	"--secret app --only spring.datasource.password" "--secret app:spring.datasource.password=spring.datasource.password" \
	"--secret app --fd 3 --env spring.datasource.password"; do
	# shellcheck disable=SC2086 # options are words
	run as_pod app "$BIN/secret-exec" $options -- env
	out_like '(^|'$'\n'')spring.datasource.password=hunter2($|'$'\n'')' "a name with dots is delivered with $options"
done
run as_pod app env "spring.datasource.password=$dotted" "$BIN/secret-exec" --transit-key aes256-key -- env
out_like '(^|'$'\n'')spring.datasource.password=hunter2($|'$'\n'')' "a name with dots is delivered in place in the environment"
run as_pod app "$BIN/secret-exec" --secret app --only 'spring.datasource.*' -- env
fails_with 125 '"spring.datasource.password" is not a valid' "a name with dots that only a pattern matches: exit 125"
run as_pod app "$BIN/secret-exec" --secret app:spring.config.import -- env
fails_with 125 'refusing to set spring.config.import.*--allow-env' "a dangerous name without --allow-env: exit 125"
run as_pod app "$BIN/secret-exec" --secret app:spring.config.import --allow-env spring.config.import -- env
out_like '(^|'$'\n'')spring.config.import=x($|'$'\n'')' "a dangerous name with --allow-env: delivered"
run as_pod app "$BIN/secret-exec" --secret app:spring.datasource.password='a b' -- env
fails_with 125 '"a b" is not a valid' "a name that is invalid for pods: exit 125"

# A document: its members are selected.
kube_call DELETE /api/v1/namespaces/demo/secrets/app
printf '{"host": "h", "pass-word": "p", "1st": "1"}\n' >"$TAP_WORK/app.json"
"$BIN/secret-seal" --transit-key aes256-key --layout document --from-document "$TAP_WORK/app.json" app >/dev/null
kube_call GET /api/v1/namespaces/demo/secrets/app
key=$(field data | sed 's/^{"\([^"]*\)".*/\1/')
launch --secret app --sanitize --upper-case
seen "HOST=h PASS_WORD=p _1ST=1" "members are renamed too"
launch --secret "app:$key" --only host
seen "host=h" "a named data key, with one member selected"
launch --secret app --exclude 'pass*' --prefix P_
seen "P_1st=1 P_host=h" "a member that is excluded"
run as_pod app "$BIN/secret-exec" --secret "app:$key=DOCUMENT" --exclude '*' -- printenv DOCUMENT
out_is '{"host": "h", "pass-word": "p", "1st": "1"}' "KEY=VARIABLE delivers the document as one value"
launch --secret app --only missing
fails_with 125 '--only and --exclude exclude all 3 values' "no member left: exit 125"

done_testing

#!/bin/bash
# --secret NAME?: a Secret that does not exist is not an error; one that is forbidden, or cannot be used, still is.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
export VAULT_ROLE=secret-exec SECRET_EXEC_RETRIES=0
seal() { "$BIN/secret-seal" --transit-key aes256-key --from-literal "A=$2" "$1" >/dev/null; }
remove() { kube_call DELETE "/api/v1/namespaces/demo/secrets/$1"; }
launch() { run "$BIN/secret-exec" "$@"; }
# The application, which needs no value.
# shellcheck disable=SC2016 # for its shell
app=(sh -c 'echo "started ${A-without} ${B-}"')

# -- absent ---------------------------------------------------------------------------------------

run as_pod app "$BIN/secret-exec" --secret 'app?' -- "${app[@]}"
is "$OUT$STATUS$ERR" "started without 0" "an optional Secret that does not exist: the application starts without its values, and without a message"
run as_pod app "$BIN/secret-exec" -v --secret 'app?' -- true
err_like 'Secret demo/app: not found, and optional' "an optional Secret that does not exist, with --verbose: it is logged"
launch --secret 'demo/absent?:KEY=B' --secret 'nowhere/absent?' -- "${app[@]}"
out_is "started without " "a namespace, a data key and a variable: the Secret is optional too"
launch --secret 'absent?' --only A -- "${app[@]}"
out_is "started without " "--only, and no Secret: the application starts"
launch --secret 'absent?' --fd 5 -- sh -c 'cat <&5'
out_is "{}" "--fd, and no Secret: an empty object"
launch --secret 'absent?' --check -- true
is "$STATUS $ERR" "0 secret-exec: check passed: no variables" "--check, and no Secret: it passes"
launch --secret 'absent?' --file A=/dev/shm/exec-optional -- true
fails_with 125 '--file A=/dev/shm/exec-optional: no secret "A"; no source has a value$' "--file, and no Secret with the value: exit 125"
launch --allow-plaintext --from-secret 'absent?' --from-config-map 'absent?:KEY' -- "${app[@]}"
is "$STATUS $OUT" "0 started without " "--from-secret and --from-config-map: optional too"

seal present two
launch --secret 'absent?' --secret present -- "${app[@]}"
out_is "started two " "one Secret that does not exist: the others are delivered"
run env SECRET_EXEC_SECRET='absent?,present:A=B' "$BIN/secret-exec" -- "${app[@]}"
out_is "started without two" "SECRET_EXEC_SECRET=NAME?,NAME"
launch --secret 'present?' -- "${app[@]}"
out_is "started two " "an optional Secret that exists: its values are delivered"

# -- errors -----------------------------------------------------------------------------------------

run as_pod app "$BIN/secret-exec" --secret 'absent?' -- true
fails_with 125 'Secret demo/absent: .*forbidden.*a Role in namespace demo must allow get' "an optional Secret without the right to read it: exit 125"
launch --secret 'present?:NOPE' -- true
fails_with 125 'Secret demo/present: .*no data key "NOPE"' "an optional Secret that lacks the data key: exit 125"
launch --secret 'absent?' --secret absent:A -- true
fails_with 125 'Secret demo/absent: .*not found' "a Secret that is optional once, and required once: required"
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain"},"stringData":{"A":"x"}}'
launch --secret 'plain?' -- true
fails_with 125 'not sealed' "an optional Secret that is not sealed: exit 125"
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"empty","annotations":{"secretmanager/transit-key":"transit/aes256-key"}}}'
launch --secret 'empty?' -- true
fails_with 125 'Secret demo/empty: empty' "an optional Secret without values: exit 125"
for text in 'app:A?' '?' 'app??' 'demo?/app'; do
	launch --secret "$text" -- true
	fails_with 125 '\[NAMESPACE/\]NAME\[\?\]\[:KEY\[=VARIABLE\]\]' "--secret $text: exit 125"
done
launch --secret present --bound-to 'app?' -- true
fails_with 125 '\[NAMESPACE/\]NAME\[:PREFIX\]' "--bound-to NAME?: exit 125"
run as_pod app env VAULT_ROLE=missing "$BIN/secret-exec" --secret 'app?' -- true
fails_with 125 'invalid role name' "an optional Secret that does not exist, and a failed login: exit 125"
# Status 404 of a server that is not the Kubernetes API.
for step in html=404 code=404; do
	bad_api "$step"
	bad_kubeconfig "$TAP_WORK/kubeconfig"
	launch --kubeconfig "$TAP_WORK/kubeconfig" --secret 'absent?' -- true
	fails_with 125 'Secret demo/absent: .*404' "status 404 that does not name the Secret ($step): exit 125"
done

# -- changes ----------------------------------------------------------------------------------------

mkfifo "$TAP_WORK/starts"
exec 7<>"$TAP_WORK/starts"
# shellcheck disable=SC2016 # for the application's shell
"${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$STAGE_DIR/pod/app" "$BIN/secret-exec" --secret 'app?' --init --watch \
	--watch-interval 100ms --watch-debounce 50ms --watch-max-delay 50ms \
	-- sh -c 'echo "${A-without}" >&7; exec sleep 1000' 2>"$TAP_WORK/watched" &
launcher=$!
at_end "kill $launcher 2>/dev/null"
next_start() {
	read -r -t "$PATIENCE" LINE <&7 || LINE=
	is "$LINE" "$1" "$2"
}
next_start without "--watch: the application starts without an optional Secret"
seal app one
next_start one "--watch: the Secret is created: the application restarts with its value"
remove app
next_start without "--watch: the Secret is deleted: the application restarts without its value"
kill "$launcher"
wait "$launcher" 2>/dev/null
is "$(grep -c warning "$TAP_WORK/watched")" 0 "--watch: no warnings"

done_testing

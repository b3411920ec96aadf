#!/bin/bash
# secret-exec becomes the application, which gets the secrets and no configuration of the launcher.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

run "$BIN/secret-seal" --transit-key aes256-key --from-literal USER_NAME=matrix \
	--from-literal 'PASS=two words, "quotes" and ünïcödé' --from-literal EMPTY= app
status_is 0 "the Secret is sealed"

run as_pod app "$BIN/secret-exec" --secret app -- printenv USER_NAME PASS
status_is 0 "the application's exit status is the program's"
out_is $'matrix\ntwo words, "quotes" and ünïcödé' "the application's variables have the plaintext"
err_is "" "a start prints nothing"

run as_pod app "$BIN/secret-exec" --secret demo/app:PASS -- sh -c 'echo "${PASS:+set} ${USER_NAME-unset}"'
out_is "set unset" "NAMESPACE/NAME:KEY takes only that key"

run as_pod app "$BIN/secret-exec" --secret app -- sh -c 'echo "[$EMPTY]"'
out_is "[]" "an empty value is an empty variable"

run as_pod app "$BIN/secret-exec" --secret app -- sh -c 'exit 42'
status_is 42 "exit status 42 of the application: kept"

run as_pod app "$BIN/secret-exec" --secret app -- sh -c 'kill -TERM $$'
status_is 143 "a signal that ends the application: exit 143"

run as_pod app sh -c 'echo $$; exec "$@"' - "$BIN/secret-exec" --secret app -- sh -c 'echo $$'
is "${OUT%$'\n'*}" "${OUT#*$'\n'}" "the application runs in the launcher's own process"

run as_pod app "$BIN/secret-exec" --secret app -- printf '<%s>' 'a b' '' '*' '$HOME' --secret
out_is '<a b><><*><$HOME><--secret>' "arguments are passed unchanged, without a shell"

run as_pod app "$BIN/secret-exec" --secret app -- env
out_unlike '(^|'$'\n'')(VAULT_|BAO_|SECRET_EXEC_|SECRETMANAGER_)' "the launcher's configuration is removed from the environment"
run as_pod app "$BIN/secret-exec" --secret app --keep-config -- env
out_like 'VAULT_ADDR=' "--keep-config keeps the configuration"
# kept NAME...: the launcher's variables that are left.
kept() { is "$(grep -oE '^(VAULT|BAO|SECRET_EXEC|SECRETMANAGER)_[A-Z_]+' <<<"$OUT" | sort | paste -sd ' ')" "$1" "$2"; }
for option in --keep-config=VAULT_ADDR,VAULT_CACERT "--keep-config VAULT_ADDR,VAULT_CACERT" "--keep-config VAULT_ADDR --keep-config VAULT_CACERT"; do
	# shellcheck disable=SC2086 # options are words
	run as_pod app env SECRET_EXEC_SECRET=app VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" $option -- env
	kept "VAULT_ADDR VAULT_CACERT" "$option: these stay, and not the token"
	# shellcheck disable=SC2086
	run as_pod app env SECRET_EXEC_SECRET=app "$BIN/secret-exec" $option env
	kept "VAULT_ADDR VAULT_CACERT" "$option: before a command without --"
done
run as_pod app env SECRET_EXEC_KEEP_CONFIG=VAULT_ADDR SECRET_EXEC_SECRET=app "$BIN/secret-exec" env
kept VAULT_ADDR "SECRET_EXEC_KEEP_CONFIG names variables to keep"
run as_pod app env SECRET_EXEC_KEEP_CONFIG=true SECRET_EXEC_SECRET=app "$BIN/secret-exec" --no-keep-config env
kept "" "--no-keep-config clears SECRET_EXEC_KEEP_CONFIG"
run as_pod app "$BIN/secret-exec" --secret app --keep-config env
out_like 'VAULT_ADDR=.*VAULT_ROLE=|VAULT_ROLE=.*VAULT_ADDR=' "the command after --keep-config: not a name"
run as_pod app "$BIN/secret-exec" --secret app --keep-config=VAULT_ADR -- env
fails_with 125 '--keep-config VAULT_ADR: not a variable of secret-exec.s configuration' "--keep-config with an unknown name: exit 125"

run as_pod app ls -1 /proc/self/fd
without=$OUT
run as_pod app "$BIN/secret-exec" --secret app -- ls -1 /proc/self/fd
out_is "$without" "the application inherits only the launcher's descriptors"

run as_pod app env -u VAULT_ROLE SECRET_EXEC_SECRET=app SECRET_EXEC_ROLE=secret-exec \
	"$BIN/secret-exec" -- printenv USER_NAME
out_is matrix "options come from SECRET_EXEC_* too"

run as_pod app env -u VAULT_ADDR "VAULT_URL=$VAULT_ADDR" "$BIN/secret-exec" --secret app -- printenv USER_NAME
out_is matrix "VAULT_URL, the name of the original project, is accepted"
err_like 'use VAULT_ADDR' "VAULT_URL: a message names VAULT_ADDR"

run as_pod app env PASS=other "$BIN/secret-exec" --secret app -- true
fails_with 125 'PASS is already set.*--override' "a clash with an existing variable: exit 125"
run as_pod app env PASS=other "$BIN/secret-exec" --secret app --override -- sh -c 'echo "${PASS%% *}"'
out_is two "a clash with --override: replaced"

run as_pod app "$BIN/secret-exec" --secret app -- sh -c 'cat </dev/stdin' <<<"to its standard input"
out_is "to its standard input" "the application reads the launcher's standard input"

done_testing

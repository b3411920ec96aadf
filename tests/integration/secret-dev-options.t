#!/bin/bash
# Usage errors and failures at start: one line on stderr and the exit status.
. "$(dirname "$0")/../tap.sh"

run "$BIN/secret-dev" --no-such-option
fails_with 2 'secret-dev: --no-such-option: unknown option' "an unknown option: exit 2"
run "$BIN/secret-dev" --vault-port
fails_with 2 'option --vault-port needs an argument' "a missing argument: exit 2"
run "$BIN/secret-dev" --vault-port 65536 -- true
fails_with 2 '65535' "a port above 65535: exit 2"
run "$BIN/secret-dev" --vault-port http -- true
fails_with 2 'option --vault-port: "http"' "a port that is not a number: exit 2"
run "$BIN/secret-dev" --print-env -- true
fails_with 2 '--print-env' "--print-env with a command: exit 2"
run "$BIN/secret-dev" --directory /proc/no/such -- true
fails_with 1 '/proc/no/such: No such file' "a directory that cannot be made: exit 1"
run "$BIN/secret-dev" --directory /proc/no/such --print-env
fails_with 1 '/proc/no/such: No such file' "a directory that cannot be made, with --print-env: exit 1"

run "$BIN/secret-dev" --help
status_is 0 "--help: exit 0"
out_like 'usage: secret-dev' "--help prints the usage"
run "$BIN/secret-dev" --version
out_like '^secret-dev [0-9.]+ ' "--version prints the version"

# A port that another instance uses.
run "$BIN/secret-dev" -- sh -c 'exec "$0" --vault-port "${VAULT_ADDR##*:}" -- true' "$BIN/secret-dev"
fails_with 1 'secret-dev: Vault: listening on 127.0.0.1 port [0-9]+: Address already in use' "a port in use: exit 1"

done_testing

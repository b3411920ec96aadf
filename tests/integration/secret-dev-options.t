#!/bin/bash
# What it can't do, it says in one line.
. "$(dirname "$0")/../tap.sh"

run "$BIN/secret-dev" --no-such-option
fails_with 2 'secret-dev: unknown option --no-such-option; see secret-dev --help' "an unknown option"
run "$BIN/secret-dev" --vault-port
fails_with 2 'option --vault-port needs an argument' "a missing argument"
run "$BIN/secret-dev" --vault-port 65536 -- true
fails_with 2 'a port is at most 65535' "a port that is none"
run "$BIN/secret-dev" --vault-port http -- true
fails_with 2 'option --vault-port: "http" is not a whole number' "a port by name"
run "$BIN/secret-dev" --print-env -- true
fails_with 2 'exclude each other' "--print-env with a command"
run "$BIN/secret-dev" --directory /proc/no/such -- true
fails_with 1 '/proc/no/such: No such file' "a directory that can't be made"
run "$BIN/secret-dev" --directory /proc/no/such --print-env
fails_with 1 '/proc/no/such: No such file' "the same from the background"

run "$BIN/secret-dev" --help
status_is 0 "--help"
out_like 'usage: secret-dev' "prints the usage"
run "$BIN/secret-dev" --version
out_like '^secret-dev [0-9.]+ ' "--version"

# A port in use: taken by another instance.
run "$BIN/secret-dev" -- sh -c 'exec "$0" --vault-port "${VAULT_ADDR##*:}" -- true' "$BIN/secret-dev"
fails_with 1 'secret-dev: Vault: listening on 127.0.0.1 port [0-9]+: Address already in use' "a port in use"

done_testing

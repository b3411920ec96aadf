#!/bin/bash
# Options of earlier releases are refused with the advice what to do instead, on the command line and in the environment.
. "$(dirname "$0")/../tap.sh"

# removed OPTION VARIABLE ADVICE
removed() {
	run "$BIN/secret-rotate" "$1"
	fails_with 2 "option ${1%%=*}: removed; .*$3" "$1: exit 2 with advice"
	run env "$2=true" "$BIN/secret-rotate"
	fails_with 2 "environment variable $2: removed; .*$3" "$2: exit 2 with advice"
	run env "$2=" "$BIN/secret-rotate" --help
	status_is 0 "$2 empty: not refused"
}
removed --lease=secret-rotate SECRET_ROTATE_LEASE 'concurrencyPolicy: Forbid'
removed --no-lease SECRET_ROTATE_NO_LEASE 'concurrencyPolicy: Forbid'
removed --no-event SECRET_ROTATE_NO_EVENT '--metrics-file'
removed --restart-annotated SECRET_ROTATE_RESTART_ANNOTATED 'kubectl rollout restart'
removed --replace-immutable SECRET_ROTATE_REPLACE_IMMUTABLE 'seal a new Secret'
run "$BIN/secret-rotate" --files --no-lease .
fails_with 2 'option --no-lease: removed' "with --files: exit 2"
run "$BIN/secret-rotate" --leas
fails_with 2 '--leas: unknown option; see' "an option that never existed is unknown"
run "$BIN/secret-rotate" --help=all
unlike "$OUT" 'lease|restart-annotated|replace-immutable|no-event' "--help=all does not list them"
done_testing

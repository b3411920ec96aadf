#!/bin/bash
# Each phase of a rotation alone; --min-age and --dry-run.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

for name in app b; do
	"$BIN/secret-seal" --transit-key aes256-key --from-literal "A=a-$name" --from-literal "B=b-$name" "$name" >/dev/null
done
latest() {
	vault_call GET transit/keys/aes256-key
	field data.latest_version
}
versions() { echo "$(stored app A | cut -d: -f2) $(stored b B | cut -d: -f2)"; }
rotate() { run "$BIN/secret-rotate" -n demo "$@"; }

rotate --dry-run
status_is 0 "a dry run: exit 0"
err_like 'dry run: would rotate Transit key transit/aes256-key to version 2' "a dry run logs the key that would be rotated"
err_like 'dry run: would rewrap Secret demo/app: 2 values, the oldest on version 1, to version 2' "a dry run logs the Secret that would be rewrapped"
is "$(latest) $(versions)" "1 v1 v1" "a dry run changes nothing"

rotate --phase rotate
status_is 0 "--phase rotate"
is "$(latest) $(versions)" "2 v1 v1" "the key is rotated, the Secrets are unchanged"
rotate --phase verify
status_is 1 "--phase verify with old values: exit 1"
err_like 'Secret demo/app: 2 values on an old version of Transit key transit/aes256-key .the oldest is 1, wanted is 2' "--phase verify reports each Secret with old values"
err_like '2 of 2 Secrets are left on an old version' "--phase verify reports the number of Secrets with old values"
is "$(latest) $(versions)" "2 v1 v1" "--phase verify changes nothing"
rotate --phase verify -o json
is "$(field ok) $(field old) $(field current)" "false 2 0" "-o json has the same numbers"
is "$(field failures.0.secret) $(field failures.1.secret)" "demo/app demo/b" "the list of failures has both Secrets"
is "$(field keys.0.name) $(field keys.0.latestVersion) $(field keys.0.valuesByVersion)" 'transit/aes256-key 2 {"1": 4}' "the values are counted by version"
rotate --phase rewrap
status_is 0 "--phase rewrap"
out_like '^keys rotated 0, Secrets listed 2, current 2, rewrapped 2,' "values are rewrapped without a rotation"
is "$(latest) $(versions)" "2 v2 v2" "all values are on the newest version"
rotate --phase verify
status_is 0 "--phase verify without old values: exit 0"
rotate --phase rewrap -o json
is "$(field rewrapped) $(field alreadyNew) $(field requests.patch) $(field requests.rewrap)" "0 2 0 0" "--phase rewrap again: no PATCH, no rewrap request"

rotate --min-age 1h
status_is 0 "--min-age with a young key: exit 0"
err_like 'transit/aes256-key: version 2 is [0-9]+ s old, less than --min-age; not rotated' "the key is not rotated"
is "$(latest) $(versions)" "2 v2 v2" "the versions are unchanged"
rotate --min-age 1h --dry-run
err_unlike 'would' "a dry run does not announce a rotation"
rotate --min-age 0
is "$(latest) $(versions)" "3 v3 v3" "without --min-age the key is rotated"
run "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B"'
out_is "a-app b-app" "all values can be decrypted"

rotate --phase turn
fails_with 2 '--phase "turn": not valid; write rotate, rewrap, verify, retire or all' "an unknown phase: exit 2"
rotate -o xml
fails_with 2 '--output "xml": not valid; write text or json' "an unknown output format: exit 2"
rotate --min-age soon
fails_with 2 'min-age' "an invalid age: exit 2"
rotate --phase rewrap --retire
fails_with 2 '--retire cannot be used with this --phase' "--retire with another phase: exit 2"
rotate --trim
fails_with 2 'need --retire' "--trim without --retire: exit 2"
done_testing

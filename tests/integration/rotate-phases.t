#!/bin/bash
# The phases of a rotation, each by itself; --min-age and --dry-run.
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
status_is 0 "a dry run"
err_like 'dry run: would rotate Transit key transit/aes256-key to version 2' "says which key it would rotate"
err_like 'dry run: would rewrap Secret demo/app: 2 values, the oldest on version 1, to version 2' "and what it would rewrap"
is "$(latest) $(versions)" "1 v1 v1" "and changes nothing"

rotate --phase rotate
status_is 0 "--phase rotate"
is "$(latest) $(versions)" "2 v1 v1" "rotates the key, and leaves the Secrets"
rotate --phase verify
status_is 1 "--phase verify finds what is old"
err_like 'Secret demo/app: 2 values on an old version of Transit key transit/aes256-key; the oldest is 1, wanted is 2' "and names each Secret"
err_like '2 of 2 Secrets are left on an old version' "and how many"
is "$(latest) $(versions)" "2 v1 v1" "and changes nothing"
rotate --phase verify -o json
is "$(field ok) $(field old) $(field current)" "false 2 0" "the same as JSON"
is "$(field failures.0.secret) $(field failures.1.secret)" "demo/app demo/b" "with the list of what is left"
is "$(field keys.0.name) $(field keys.0.latestVersion) $(field keys.0.valuesByVersion)" 'transit/aes256-key 2 {"1": 4}' "and the values by version"
rotate --phase rewrap
status_is 0 "--phase rewrap"
out_like '^keys rotated 0, Secrets listed 2, current 2, rewrapped 2,' "rewraps without a rotation"
is "$(latest) $(versions)" "2 v2 v2" "to the newest version there is"
rotate --phase verify
status_is 0 "--phase verify finds nothing old then"
rotate --phase rewrap -o json
is "$(field rewrapped) $(field alreadyNew) $(field requests.patch) $(field requests.rewrap)" "0 2 0 0" "--phase rewrap again has nothing to do, and asks for nothing"

rotate --min-age 1h
status_is 0 "--min-age: a key that is young"
err_like 'transit/aes256-key: version 2 is [0-9]+ s old, less than --min-age; not rotated' "is not rotated again"
is "$(latest) $(versions)" "2 v2 v2" "so that a Job that is tried again rotates once"
rotate --min-age 1h --dry-run
err_unlike 'would' "a dry run knows it as well"
rotate --min-age 0
is "$(latest) $(versions)" "3 v3 v3" "without an age it is rotated"
run "$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B"'
out_is "a-app b-app" "and all decrypts"

rotate --phase turn
fails_with 2 '--phase "turn": write rotate, rewrap, verify, retire or all' "a phase that there isn't"
rotate -o xml
fails_with 2 '--output "xml": write text or json' "a form that there isn't"
rotate --min-age soon
fails_with 2 'min-age' "an age that is none"
rotate --phase rewrap --retire
fails_with 2 '--retire cannot be used with this --phase' "--retire with another phase"
rotate --trim
fails_with 2 'need --retire' "--trim without --retire"
done_testing

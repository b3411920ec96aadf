#!/bin/bash
# At every moment every Secret decrypts: a rotation is killed at each stage of its work, while somebody else writes.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN

# killed_at N COMMAND...: at so many points of its run; what came of it is in $OUT.
killed_at() {
	local kills=$1 told
	shift
	told=$("$(dirname "$0")/sealed-set" kill "$kills" -- "$@")
	is "$?" 0 "Secrets of all kinds are rotated, under a relay"
	grep '^#' <<<"$told" | head -n 40
	OUT=$(tail -n 1 <<<"$told")
	tap_note "$OUT"

	is "$(field runs)" "$kills" "$kills times the rotation is killed"
	at_least killed $((kills * 3 / 4)) "nearly always before its end"
	at_least before_rotating 1 "some kills come before any key has its new version"
	at_least half_done $((kills / 3)) "many leave Secrets on the old version and on the new one"
	at_least writings $((kills / 2)) "others write all the time"
	is "$(field wrong)" 0 "after each kill every value decrypts, to what was last written"
	is "$(field failed)" 0 "and a run that is not killed succeeds"
	is "$(field last_status)" 0 "one more run finishes the work"
	is "$(field left)" 0 "all is on the newest version"
	is "$(field writer_failures)" 0 "the other writer meets conflicts at most"
}
at_least() { ok "$3" [ "$(field "$1")" -ge "$2" ]; }

kills=$(campaign 30 150)
killed_at "$kills" "$BIN/secret-rotate" -A

# The same, where old versions are retired at the end: what Vault refuses then must be nowhere any more.
stage_start
GIVEN_TOKEN=1 killed_at $((kills / 2)) "$BIN/secret-rotate" -A --retire
vault_call GET transit/keys/aes256-key
ok "all but two versions are retired" [ "$(field data.min_decryption_version)" = $(($(field data.latest_version) - 1)) ]

done_testing

#!/bin/bash
# Every Secret can be decrypted at every moment: a rotation is killed at each point of its work while another process writes.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN

# killed_at N COMMAND...: kill it at N points of its run; $OUT has the counts.
killed_at() {
	local kills=$1 output
	shift
	output=$("$(dirname "$0")/sealed-set" kill "$kills" -- "$@")
	is "$?" 0 "Secrets of all kinds are rotated through a relay"
	grep '^#' <<<"$output" | head -n 40
	OUT=$(tail -n 1 <<<"$output")
	tap_note "$OUT"

	is "$(field runs)" "$kills" "the rotation is killed $kills times"
	at_least killed $((kills * 3 / 4)) "most kills come before its end"
	at_least before_rotating 1 "some kills come before any key is rotated"
	at_least half_done $((kills / 3)) "many kills leave Secrets on both versions"
	at_least writings $((kills / 2)) "another process writes all the time"
	is "$(field wrong)" 0 "after each kill every value decrypts to the text written last"
	is "$(field failed)" 0 "a run that is not killed succeeds"
	is "$(field last_status)" 0 "one more run finishes the work"
	is "$(field left)" 0 "all Secrets are on the newest version"
	is "$(field writer_failures)" 0 "the writes of the other process fail only with conflicts"
}
at_least() { ok "$3" [ "$(field "$1")" -ge "$2" ]; }

kills=$(campaign 30 150)
killed_at "$kills" "$BIN/secret-rotate" -A

# The same with --retire: a retired version must not be in use anywhere.
stage_start
GIVEN_TOKEN=1 killed_at $((kills / 2)) "$BIN/secret-rotate" -A --retire
vault_call GET transit/keys/aes256-key
ok "all but two versions are retired" [ "$(field data.min_decryption_version)" = $(($(field data.latest_version) - 1)) ]

done_testing

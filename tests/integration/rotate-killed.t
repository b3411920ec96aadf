#!/bin/bash
# At every moment every Secret decrypts: a rotation is killed at each stage of its work, while somebody else writes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN

kills=${KILLS:-$([ "$STAGE" = dev ] && echo 200 || echo 40)}
"$(dirname "$0")/sealed-set" kill "$kills" -- "$BIN/secret-rotate" -A >"$TAP_WORK/told"
is "$?" 0 "a set of Secrets of all kinds is rotated under relays"
grep '^#' "$TAP_WORK/told" | head -n 40
OUT=$(tail -n 1 "$TAP_WORK/told")
tap_note "$OUT"
at_least() { ok "$3" [ "$(field "$1")" -ge "$2" ]; }

is "$(field runs)" "$kills" "it is killed $kills times"
at_least killed $((kills * 9 / 10)) "nearly always before its end"
at_least before_rotating 1 "some kills come before any key has its new version"
at_least half_done $((kills / 2)) "most leave Secrets on the old version and on the new one"
at_least writings $((kills / 2)) "others write all the time"
is "$(field wrong)" 0 "after each kill every value decrypts, to what was last written"
is "$(field failed)" 0 "and a run that is not killed succeeds"
is "$(field last_status)" 0 "one more run finishes the work"
is "$(field left)" 0 "all is on the newest version"
is "$(field writer_failures)" 0 "the other writer meets conflicts at most"

done_testing

#!/bin/bash
# Two rotations at once, and somebody else who writes, take nothing from each other.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN

rounds=${ROUNDS:-$([ "$STAGE" = dev ] && echo 12 || echo 4)}
"$(dirname "$0")/sealed-set" together "$rounds" -- "$BIN/secret-rotate" -A --no-lease >"$TAP_WORK/told"
is "$?" 0 "a set of Secrets of all kinds is rotated by two at once"
grep '^#' "$TAP_WORK/told" | head -n 40
OUT=$(tail -n 1 "$TAP_WORK/told")
tap_note "$OUT"

is "$(field runs)" $((2 * rounds)) "$rounds times"
is "$(field failed)" 0 "each of them ends, and succeeds"
is "$(field wrong)" 0 "every value decrypts, to what was last written"
ok "others write all the time" [ "$(field writings)" -ge "$rounds" ]
is "$(field statuses_without_writer)" "[0, 0]" "two more, with no writer"
is "$(field left_without_writer)" 0 "and all is on the newest version"
is "$(field last_status)" 0 "one alone has nothing against what they left"

done_testing

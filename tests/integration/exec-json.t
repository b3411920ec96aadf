#!/bin/bash
# A JSON document gives the values that Python's reader gives, or is refused: cases as JSONTestSuite has them, and mutations of them.
# run: stageless
. "$(dirname "$0")/../tap.sh"

compare=$(cd "$(dirname "$0")/../readers" && pwd)/compare-json
run "$compare" "$BIN/secret-exec" 500
status_is 0 "the values are the same as Python's, or the document is refused"
like "$OUT" '^[0-9]{3} read, [0-9]{3} refused, 0 different' "hundreds of documents are read, and hundreds refused"

# A program that delivers nothing.
printf '#!/bin/sh\n' >"$TAP_WORK/nothing"
chmod +x "$TAP_WORK/nothing"
run "$compare" "$TAP_WORK/nothing"
status_is 1 "a launcher that delivers no value: the comparison fails"

done_testing

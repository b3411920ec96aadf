#!/bin/bash
# .env files: what secret-exec writes and accepts, python-dotenv, ruby's dotenv, node and godotenv read alike; bash reads
# what it writes.  A reader that is not here is skipped by its name.
# run: stageless
. "$(dirname "$0")/../tap.sh"

here=$(dirname "$0")
godotenv=
if programs=$("$here/build-programs" dotenv-values 2>"$TAP_WORK/build"); then
	godotenv=$programs/dotenv-values
fi
# compares HOW NAME
compares() {
	local missing
	run "$here/dotenv-readers" "$1" "$BIN/secret-exec" "$godotenv"
	status_is 0 "$2: the readers ran"
	missing=$(sed -n 's/^missing: //p' <<<"$OUT" | paste -sd ' ')
	[ -z "$missing" ] || echo "# skipped, not here: $missing"
	is "$(grep -v '^missing: \|^accepted ' <<<"$OUT" | head -20)" "" "$2: no difference"
	like "${OUT##*$'\n'}" '^accepted [0-9]{3}, refused [0-9]{3}' "$2: many were accepted, many refused"
}
compares write "--fd N:dotenv"
compares read "--from-env-file"

done_testing

#!/bin/bash
# --help, --version and the log's format of all programs.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"

version=$(sed -nE 's/^#define SECRETMANAGER_VERSION "(.*)"/\1/p' "$(dirname "$0")/../../lib/base/version.h")
# The versions that the recipes built, in the folder of the programs' flags.
recipe_version() {
	local folder
	folder=$(grep -oE "[^ ]*/$1-[^ /]*/include" "$BIN/../flags" 2>/dev/null | head -n 1)
	cat "$(dirname "$0")/../../${folder%/include}/VERSION" 2>/dev/null
}
boringssl=$(recipe_version boringssl) || boringssl="API [0-9]*"
libcurl=$(recipe_version curl) || libcurl="[0-9][0-9.]*"
number="[0-9]+\.[0-9]+\.[0-9]+"

for program in secret-exec secret-seal secret-rotate secret-dev; do
	run "$BIN/$program" --help
	status_is 0 "$program --help: exit 0"
	out_like "^usage: $program " "$program --help: its usage on stdout"
	run "$BIN/$program" --version
	status_is 0 "$program --version: exit 0"
	linked="libcurl ${libcurl//+/\\+}, BoringSSL ${boringssl//+/\\+}, c-ares $number, libyaml $number"
	[ $program != secret-dev ] || linked="BoringSSL ${boringssl//+/\\+}, libmicrohttpd $number"
	out_like "^$program ${version//./\\.} \($linked\)\$" "$program --version: its version, and the versions of the linked libraries"
	run "$BIN/$program" --no-such-option
	like "$STATUS" '^(2|125)$' "$program, an unknown option: exit 2 or 125"
	like "$ERR" "^$program: --no-such-option: unknown option; see $program --help\$" "$program, an unknown option: the message names it"
done

run env -u VAULT_ADDR "$BIN/secret-exec" --log-format json -- true
status_is 125 "--log-format json without a source of secrets: exit 125"
line=$ERR
OUT=$line
is "$(field level)/$(field program)" error/secret-exec "--log-format json: a line is a JSON object"
like "$(field message)" "nothing to decrypt" "--log-format json: the object has the message"
run "$BIN/secret-exec" --log-format xml -- true
fails_with 125 'use text or json' "an unknown --log-format: exit 125"

run "$BIN/secret-seal" --help=all
out_like 'VAULT_TOKEN' "--help=all lists the token's variable"
out_unlike '--vault-token' "--help=all lists no option for the token"

done_testing

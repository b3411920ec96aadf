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
	status_is 0 "$program --help"
	out_like "^usage: $program " "its usage on stdout"
	run "$BIN/$program" --version
	status_is 0 "$program --version"
	linked="libcurl ${libcurl//+/\\+}, BoringSSL ${boringssl//+/\\+}, c-ares $number, libyaml $number"
	[ $program != secret-dev ] || linked="BoringSSL ${boringssl//+/\\+}, libmicrohttpd $number"
	out_like "^$program ${version//./\\.} \($linked\)\$" "its version, and those of what is linked in"
	run "$BIN/$program" --no-such-option
	like "$STATUS" '^(2|125)$' "an unknown option: its status"
	like "$ERR" "^$program: unknown option --no-such-option; see $program --help\$" "and its message"
done

run env -u VAULT_ADDR "$BIN/secret-exec" --log-format json -- true
status_is 125 "--log-format json"
line=$ERR
OUT=$line
is "$(field level)/$(field program)" error/secret-exec "is one JSON object a line"
like "$(field message)" "nothing to decrypt" "with the message"
run "$BIN/secret-exec" --log-format xml -- true
fails_with 125 'use text or json' "another form is refused"

run "$BIN/secret-seal" --help
out_like 'VAULT_TOKEN' "the token's variable is listed"
out_unlike '--vault-token' "but not as an option"

done_testing

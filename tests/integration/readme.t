#!/bin/bash
# The examples of the README and of the guide to rotation do what they show: every console block is run, and its
# output compared.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the examples are about secret-dev"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TAP_WORK" || exit 1

# What differs from run to run: ciphertext, which is base64 of base64 in a manifest, and how long something took.
mask() {
	sed -E -e '/^MARK$/d' -e 's/dmF1bHQ6[A-Za-z0-9+/=]+/CIPHERTEXT/' -e 's/; [0-9]+\.[0-9]{3} s$/; SECONDS/' \
		-e 's/ is [0-9]+ s old/ is SECONDS old/'
}
# try DOCUMENT
try() {
	# The commands, with a mark before each, and what the document says they print, ditto.
	awk '/^```console$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/$1" >console
	sed -nE 's/^\$ (.*)/printf "MARK\\n"\n\1/p' console | grep -v '^PATH=' >commands
	sed -E 's/^\$ .*/MARK/' console | sed 1d >wanted
	ok "$1: there are commands in it" [ "$(grep -c MARK commands)" -ge 7 ]
	# The stand-in that the block starts must end even if the block does not come to its end.
	{
		echo "trap 'kill \$SECRET_DEV_PID 2>/dev/null' EXIT"
		cat commands
	} >block
	STATUS=0
	PATH=$BIN:$PATH bash block >got 2>&1 || STATUS=$?
	# The pipe's JSON has no newline of its own.
	sed -i -E 's/^(\{.*\})MARK$/\1\nMARK/' got
	is "$STATUS" 0 "$1: they run to the end"
	is "$(mask <got)" "$(mask <wanted)" "$1: and print what it shows"
	is "$(grep -c '^MARK$' got)" "$(grep -c MARK commands)" "$1: all of them were run"
}
try README.md
try docs/rotation.md

done_testing

#!/bin/bash
# The README's examples do what it shows: every console block is run, and its output compared.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the README's examples are about secret-dev"
root=$(cd "$(dirname "$0")/../.." && pwd)

# The commands, with a mark before each, and what the README says they print, ditto.
awk '/^```console$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" >"$TAP_WORK/console"
sed -nE 's/^\$ (.*)/printf "MARK\\n"\n\1/p' "$TAP_WORK/console" |
	grep -v '^PATH=' >"$TAP_WORK/commands"
sed -E 's/^\$ .*/MARK/' "$TAP_WORK/console" | sed 1d >"$TAP_WORK/wanted"
ok "there are commands in it" [ "$(grep -c MARK "$TAP_WORK/commands")" -ge 8 ]

# What differs from run to run: ciphertext, which is base64 of base64 in a manifest, and how long it took.
mask() { sed -E -e 's/dmF1bHQ6[A-Za-z0-9+/=]+/CIPHERTEXT/' -e 's/; [0-9]+\.[0-9]{3} s$/; SECONDS/'; }

cd "$TAP_WORK" || exit 1
STATUS=0
# The stand-in that the block starts must end even if the block does not come to its end.
{
	echo "trap 'kill \$SECRET_DEV_PID 2>/dev/null' EXIT"
	cat commands
} >block
PATH=$BIN:$PATH bash block >got 2>&1 || STATUS=$?
# The pipe's JSON has no newline of its own.
sed -i -E 's/^(\{.*\})MARK$/\1\nMARK/' got
is "$STATUS" 0 "they run to the end"
is "$(mask <got | sed '/^MARK$/d')" "$(mask <wanted | sed '/^MARK$/d')" "and print what the README shows"
is "$(grep -c '^MARK$' got)" "$(grep -c MARK commands)" "all of them were run"

done_testing

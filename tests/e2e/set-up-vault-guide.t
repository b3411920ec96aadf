#!/bin/bash
# run: stageless
# docs/how-to/set-up-vault.md does what it shows, in a new cluster and on an empty Vault.
. "$(dirname "$0")/../tap.sh"
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || skip_all "a cluster takes root"
docker version >/dev/null 2>&1 || skip_all "Docker does not answer"

# In the background, because a trap waits for what is in the foreground.
"$here/cluster" "$here/../guide" docs/how-to/set-up-vault.md &
at_end "kill $! 2>/dev/null && wait $!"
wait $!

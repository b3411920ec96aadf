#!/bin/bash
# docs/how-to/install.md does what it shows: clone, build, install, make a tarball and build from it.
# run: early stageless
. "$(dirname "$0")/../tap.sh"
: "${BIN:?the folder of the built programs}"
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/.git" ] || skip_all "not a git checkout"

# The repository of the page is this one, and its libraries are built already.
export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=url.$root.insteadOf GIT_CONFIG_VALUE_0=https://git.example.com/secretmanager.git
export GIT_CONFIG_KEY_1=safe.directory GIT_CONFIG_VALUE_1='*'
library() { grep -oE -m 1 "[^ ]*/?$1-[^ /]*/include" "$BIN/../flags" | head -n 1 | xargs dirname | xargs realpath; }
cd "$root" || exit 1
BORINGSSL_DIR=$(library boringssl) CURL_DIR=$(library curl) MICROHTTPD_DIR=$(library libmicrohttpd)
export BORINGSSL_DIR CURL_DIR MICROHTTPD_DIR
export HOME=$TAP_WORK/home
mkdir "$HOME"
unset PREFIX DESTDIR MAKEFLAGS MAKELEVEL
"$root/tests/guide" docs/how-to/install.md

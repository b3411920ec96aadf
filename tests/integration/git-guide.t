#!/bin/bash
# docs/how-to/git.md does what it shows.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the page is about secret-dev"

PATH=$BIN:$PATH GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 "$(dirname "$0")/../guide" docs/how-to/git.md

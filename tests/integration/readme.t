#!/bin/bash
# The examples of the README and of the guide to rotation do what they show.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the examples are about secret-dev"

# shellcheck disable=SC2016 # the secret-dev that the pages start
PATH=$BIN:$PATH "$(dirname "$0")/../guide" --at-end 'kill "$SECRET_DEV_PID" 2>/dev/null' README.md docs/rotation.md

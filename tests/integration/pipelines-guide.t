#!/bin/bash
# docs/how-to/pipelines.md does what it shows without servers; tests/e2e/pipelines.t runs its jobs.
# run: stageless
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "the page's commands call no server"

"$(dirname "$0")/../guide" docs/how-to/pipelines.md

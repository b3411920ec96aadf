#!/bin/bash
# Manifests are read as kubectl's own reader (apimachinery's) reads them, or refused: cases, and random mutations of them.
# run: stageless
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"

reader=$BIN/../tests/manifest_secrets
kubectl_secrets=$("$here/build-programs" kubectl-secrets)/kubectl-secrets
mkdir "$TAP_WORK/manifests"
run "$here/../readers/compare-manifests" "$kubectl_secrets" "$reader" "$TAP_WORK/manifests" 20000
status_is 0 "in each manifest that kubectl takes the same Secrets are found, or it is refused"
like "$OUT" '^[1-9][0-9]{3,} read, [0-9]+ refused, [0-9]+ taken here alone, 0 different' "thousands are read"

# A reader that finds nothing.
printf '#!/bin/sh\nfor file; do echo []; done\n' >"$TAP_WORK/nothing"
chmod +x "$TAP_WORK/nothing"
run "$here/../readers/compare-manifests" "$kubectl_secrets" "$TAP_WORK/nothing" "$TAP_WORK/manifests"
status_is 1 "a reader that finds no Secrets differs"

done_testing

#!/bin/bash
# Manifests are read as by kubectl's own reader (of apimachinery), or refused: cases, and random mutations of them.
# run: stageless
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"

reader=$BIN/../tests/manifest_secrets
kubectl_secrets=$("$here/build-programs" kubectl-secrets)/kubectl-secrets
mkdir "$TAP_WORK/manifests"
run "$here/../readers/compare-manifests" "$kubectl_secrets" "$reader" "$TAP_WORK/manifests" 20000
status_is 0 "each manifest that kubectl reads: the same Secrets, or refused"
like "$OUT" '^[1-9][0-9]{3,} read, [0-9]+ refused, [0-9]+ read only here, 0 different' "thousands of manifests are read by both"

# A reader that finds no Secrets.
printf '#!/bin/sh\nfor file; do echo []; done\n' >"$TAP_WORK/nothing"
chmod +x "$TAP_WORK/nothing"
run "$here/../readers/compare-manifests" "$kubectl_secrets" "$TAP_WORK/nothing" "$TAP_WORK/manifests"
status_is 1 "a reader that finds no Secrets: exit 1"

done_testing

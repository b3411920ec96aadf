#!/bin/bash
# Thousands of Secrets, also very large ones, are rotated with few requests and bounded memory.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN

# rotated ARGUMENT...: $OUT is the summary, $PEAK the peak memory in KiB.
rotated() {
	PEAK=$(/usr/bin/python3 -IS -c '
import resource, subprocess, sys
with open(sys.argv[1], "w") as stdout:
    status = subprocess.run(sys.argv[2:], stdout=stdout).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$TAP_WORK/summary" "$BIN/secret-rotate" -n demo --output json "$@")
	STATUS=$?
	OUT=$(<"$TAP_WORK/summary")
}
# Do not let AddressSanitizer keep freed memory.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
factor=1
! under_asan || factor=3
within() { ok "within $1 MiB ($PEAK KiB)" [ "$PEAK" -lt $(($1 * 1024 * factor)) ]; }
requests() { field "requests.$1"; }

"$(dirname "$0")/../many-secrets" 1000
rotated
is "$STATUS $(field current)" "0 1000" "1,000 Secrets of two values: exit 0"
within 16

"$(dirname "$0")/../many-secrets" 4000 --from 1000
rotated
is "$STATUS $(field current) $(field rewrapped)" "0 5000 5000" "5,000 Secrets: exit 0"
within 16
is "$(field valuesRewrapped) $(requests patch)" "10000 5000" "each Secret is written once"
ok "at least 500 values a request to Vault ($(requests rewrap) requests)" [ "$(requests rewrap)" -le 20 ]
ok "at least 200 Secrets in a page of a list ($(requests list) requests)" [ "$(requests list)" -le 100 ]

# With 40 MB among them: the sizes of pages and batches are limited in bytes.
"$(dirname "$0")/../many-secrets" 1000 --from 5000 --large 40 900000
rotated
is "$STATUS $(field current) $(field rewrapped)" "0 6000 6000" "6,000 Secrets, 40 of them of 900 KB: exit 0"
within 32

rotated --phase verify
is "$STATUS $(field current) $(field old)" "0 6000 0" "all Secrets are on the newest version"
within 32

done_testing

#!/bin/bash
# secret-rotate --files rewraps thousands of files in few requests and constant memory.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
. "$(dirname "$0")/../manifests.sh"

# In memory where possible: syncing each file to a disk is not measured here.
dir=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
at_end "rm -rf $dir"
# make_files FROM TO: one Secret with two values in each file, every second file with a ConfigMap; 100 files in a folder
make_files() {
	/usr/bin/python3 -IS -c '
import os, sys
folder, one, two = sys.argv[1:4]
for number in range(int(sys.argv[4]), int(sys.argv[5])):
    path = f"{folder}/{number // 100}"
    os.makedirs(path, exist_ok=True)
    with open(f"{path}/app-{number}.yaml", "w") as file:
        if number % 2 == 0:
            file.write(f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: map-{number}}}   # {number}\n---\n")
        file.write(f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app-{number}\n  namespace: demo\n"
                   "  annotations: {secretmanager/transit-key: transit/aes256-key}\n"
                   f"data:\n  USER: {one} # {number}\n  PASSWORD: \"{two}\"\n")' "$dir" "$one" "$two" "$1" "$2"
}
# peak ARGUMENT...: rotate; $PEAK is its peak memory in KiB
peak() {
	PEAK=$(/usr/bin/python3 -IS -c '
import resource, subprocess, sys
with open(sys.argv[1], "w") as out, open(sys.argv[2], "w") as err:
    status = subprocess.run(sys.argv[3:], stdout=out, stderr=err).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$TAP_WORK/out" "$TAP_WORK/err" "$BIN/secret-rotate" --files "$@")
	STATUS=$?
	OUT=$(<"$TAP_WORK/out")
	ERR=$(tail -n 3 "$TAP_WORK/err")
}
# memory NAME CONDITION...: skipped with AddressSanitizer, which keeps freed memory.
memory() {
	if under_asan; then
		tap_result yes "$1 # SKIP AddressSanitizer"
	else
		ok "$@"
	fi
}
within() { memory "within $1 MiB ($PEAK KiB)" [ "$PEAK" -lt $(($1 * 1024)) ]; }

one=$(b64 aes256-key user) two=$(b64 aes256-key "$(printf '%0600d' 1)")
count=$(campaign 4000 10000)
make_files 0 "$count"
new_version transit/aes256-key
# As many descriptors as a cautious shell allows.
ulimit -n 64
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA peak "$dir"
status_is 0 "$count files: exit 0"
is "$OUT" "keys rotated 0, files $count, changed $count, Secrets $count, current 0, rewrapped $count, old 0, of other keys 0, failed 0, not read or replaced 0" "$count files: all are rewrapped"
requests=$(grep -c 'POST .*/rewrap/' "$BAD_LOG")
ok "two values each take few requests ($requests)" [ "$requests" -le 10 ]
is "$(wc -l <"$BAD_LOG")" $((requests + 1)) "one request for the key"
is "$(grep -rlF "$one" "$dir" | wc -l) $(grep -rlF "$two" "$dir" | wc -l)" "0 0" "$count files: no old value is left"
within 32
once=$PEAK
peak "$dir"
status_is 0 "nothing old in $count files: exit 0"
is "$(wc -l <"$TAP_WORK/err")" 0 "nothing old in $count files: no message"
within 16

# Twice as many.
if ! under_asan; then
	one=$(b64 aes256-key user) two=$(b64 aes256-key "$(printf '%0600d' 1)")
	make_files "$count" $((2 * count))
	new_version transit/aes256-key
	peak "$dir"
	status_is 0 "$((2 * count)) files: exit 0"
	ok "$((2 * count)) files take no more memory ($once KiB, $PEAK KiB)" [ "$PEAK" -lt $((once + once / 8)) ]
fi

# A file larger than one request, with large values.
rm -rf "${dir:?}"/*
large=$(b64 aes256-key "$(head -c 90000 /dev/zero | tr '\0' x)")
for ((i = 0; i < 400; i++)); do
	secret "large-$i" A "$large"
	printf -- '---\nkind: ConfigMap # %d\n' "$i"
done >"$dir/large.yaml"
secret small A "$one" >"$dir/small.yaml"
cp "$dir/large.yaml" "$TAP_WORK/large.yaml"
new_version transit/aes256-key
peak "$dir"
status_is 0 "a file of 400 Secrets of 90 KB: exit 0"
is "$OUT" "keys rotated 0, files 2, changed 2, Secrets 401, current 0, rewrapped 401, old 0, of other keys 0, failed 0, not read or replaced 0" "a file of 400 Secrets of 90 KB and a small file are rewrapped"
is "$(sed -E 's/[A-Za-z0-9+/=]{100,}/X/' "$dir/large.yaml" | sha256sum)" "$(sed -E 's/[A-Za-z0-9+/=]{100,}/X/' "$TAP_WORK/large.yaml" | sha256sum)" "a file of 400 Secrets of 90 KB: all else is unchanged"
printf '%s\n' "$large" >"$TAP_WORK/value"
is "$(grep -cFf "$TAP_WORK/value" "$dir/large.yaml")" 0 "no old value is left"
within 48

done_testing

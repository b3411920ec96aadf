#!/bin/bash
# References to KV secrets that are large or have many keys: the launcher's memory does not grow with their number.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
MEMORY_KB=110000 # a build with sanitizers needs more
under_asan && MEMORY_KB=2000000

# start REFERENCE...: run the launcher with references to $BAD_URL; OUT is its peak memory in KB, then the application's output.
start() {
	local i=0 variables=()
	for reference; do variables+=("X$((++i))=vault:$reference"); done
	run "${POD[@]}" VAULT_ROLE=app-kv SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" VAULT_ADDR="$BAD_URL" "${variables[@]}" \
		/usr/bin/python3 -I -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
sys.stdout.write("%d %s" % (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stdout.decode()))
sys.exit(done.returncode)' "$BIN/secret-exec" --retries 0 -- sh -c 'echo "$X1 $(env | grep -c "^X.*=value")"'
}

/usr/bin/python3 -I -c 'import sys
sys.stdout.write("{\"data\":{\"key\":\"value\",\"other\":\"%s\"}}" % ("x" * 4000000))' >"$TAP_WORK/large.json"
bad_vault --on GET /v1/kv1/ 0 "file=$TAP_WORK/large.json" relay
references=()
for ((i = 1; i <= 40; i++)); do references+=("kv1/large/$i#key"); done
start "${references[@]}"
is "$STATUS $ERR ${OUT#* }" "0  value 40" "40 secrets of 4 MB: their values are delivered"
ok "40 secrets of 4 MB: at most $MEMORY_KB KB of memory (${OUT%% *})" [ "${OUT%% *}" -le "$MEMORY_KB" ]

/usr/bin/python3 -I -c 'import json, sys
json.dump({"data": {f"k{i}": f"value {i}" for i in range(100000)}}, sys.stdout)' >"$TAP_WORK/many.json"
bad_vault --on GET /v1/kv1/ 0 "file=$TAP_WORK/many.json" relay
references=()
for ((i = 1; i <= 5000; i++)); do references+=("kv1/many#k$((i * 19 % 5001))"); done
start "${references[@]}"
is "$STATUS $ERR ${OUT#* }" "0  value 19 5000" "5,000 references to a secret with 100,000 keys: each gets its key's value"
is "$(grep -c ' GET ' "$BAD_LOG")" 1 "5,000 references to a secret: one request"
done_testing

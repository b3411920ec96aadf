#!/bin/bash
# run: early
# Servers that violate HTTP, and malformed answers: each program ends within its time limit and little memory, with its exit
# status, one line of bounded length, and no partial change.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
printf 'A=value\nB=other\n' | "$BIN/secret-seal" --transit-key aes256-key --from-env-file /dev/stdin app >/dev/null
stored_before=$(stored app A)$(stored app B)
MEMORY_KB=60000 # a build with sanitizers needs more
under_asan && MEMORY_KB=2000000
SECONDS_MAX=60

# probe STATUS LINES COMMAND...: run it concurrently with others, and record each problem: another status, more or longer lines,
# more memory, and, if it must fail, any output.
PROBES=0
PROBE_PIDS=()
probe() {
	local status=$1 lines=$2 out=$TAP_WORK/probe-$((PROBES++))
	shift 2
	timeout "$SECONDS_MAX" /usr/bin/python3 -I - "$out" "$status" "$lines" "$MEMORY_KB" "$@" <<'END' &
import resource, subprocess, sys
out, status, lines, memory = sys.argv[1], *map(int, sys.argv[2:5])
done = subprocess.run(sys.argv[5:], stdin=subprocess.DEVNULL, capture_output=True)
err = done.stderr.decode(errors="replace")
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
problems = [text for text, wrong in (
    (f"status {done.returncode}", done.returncode != status),
    (f"{err.count(chr(10))} lines", not 1 <= err.count("\n") <= lines),
    ("a long line", max(map(len, err.split("\n"))) > 1100),
    ("control characters", not all(c.isprintable() or c == "\n" for c in err)),
    (f"{peak} KB", peak > memory),
    (f"output {done.stdout[:80]}", status == 125 and done.stdout)) if wrong]
with open(out, "w") as report:
    print("; ".join(problems), file=report)
    print(err, file=report)
END
	PROBE_PIDS+=($!)
}
# probed NAME...: wait for the probes, and end the servers; each probe is a test with one of the names.
probed() {
	local i problem
	wait "${PROBE_PIDS[@]}"
	# shellcheck disable=SC2046 # numbers
	kill $(jobs -p)
	for ((i = 0; i < PROBES; i++)); do
		problem=$(head -n 1 "$TAP_WORK/probe-$i" 2>/dev/null || echo "no end")
		is "$problem" "" "${*:i+1:1}"
		[ -z "$problem" ] || tap_note "$(tail -n +2 "$TAP_WORK/probe-$i" 2>/dev/null)"
	done
	rm -f "$TAP_WORK"/probe-*
	PROBES=0
	PROBE_PIDS=()
}
exec_probe() {
	probe 125 1 "${POD[@]}" VAULT_ROLE=secret-exec SECRETMANAGER_SERVICE_ACCOUNT_DIR="$BAD_POD" VAULT_CACERT="$BAD_CA" "$@" \
		"$BIN/secret-exec" --retries 0 --timeout 1s --secret app -- printenv A
}
seal_probe() { probe 1 1 env VAULT_CACERT="$BAD_CA" "$@" "$BIN/secret-seal" --retries 0 --timeout 1s --set A=new --set C=third app; }
rotate_probe() { probe 1 "${LINES_MAX-5}" env VAULT_CACERT="$BAD_CA" "$@" "$BIN/secret-rotate" --retries 0 --timeout 1s -n demo; }
names() { sed -n "/^$1 = {/,/^}/s/^    \"\([^\"]*\)\".*/\1/p" "$BAD_SERVER"; }

# Bytes that violate HTTP, from each server to each program, and as a proxy's answer to CONNECT.
for name in $(names RAW); do
	bad_server "raw=$name"
	bad_kubeconfig "$TAP_WORK/config"
	exec_probe "VAULT_ADDR=$BAD_URL"
	exec_probe KUBERNETES_SERVICE_HOST=127.0.0.1 "KUBERNETES_SERVICE_PORT=$BAD_PORT"
	seal_probe "VAULT_ADDR=$BAD_URL"
	seal_probe "KUBECONFIG=$TAP_WORK/config"
	rotate_probe "VAULT_ADDR=$BAD_URL"
	rotate_probe "KUBECONFIG=$TAP_WORK/config"
	bad_server --plain "raw=$name"
	exec_probe "VAULT_PROXY_ADDR=$BAD_URL"
	set --
	for program in secret-exec secret-seal secret-rotate; do
		set -- "$@" "$program: $name from Vault" "$program: $name from the API server"
	done
	probed "$@" "secret-exec: $name from a proxy"
	set --
done
is "$(stored app A)$(stored app B)" "$stored_before" "raw bytes: the Secret is unchanged"

# Malformed batches: of decryption, encryption, decryption for comparison, and rewrap.
for name in $(names BATCHES); do
	bad_vault --on POST /decrypt/ 0 "batch=$name" relay
	# A value may be empty, and two may be equal; secret-seal knows the values.
	[[ $name =~ ^(value-empty|same)$ ]] || exec_probe "VAULT_ADDR=$BAD_URL"
	seal_probe "VAULT_ADDR=$BAD_URL"
	bad_vault --on POST /encrypt/ 0 "batch=$name" relay
	seal_probe "VAULT_ADDR=$BAD_URL"
	probe 1 1 env VAULT_CACERT="$BAD_CA" "VAULT_ADDR=$BAD_URL" "$BIN/secret-seal" --no-verify \
		--transit-key aes256-key --retries 0 --set A=new --set C=third app
	[[ $name =~ ^(value-empty|same)$ ]] || set -- "decrypt: $name, secret-exec"
	set -- "$@" "decrypt: $name, secret-seal" "encrypt: $name" "encrypt: $name, with --no-verify"
	# secret-rotate requests values with equal results again, one by one: see below.
	if [ "$name" != same ]; then
		bad_vault --on POST /rewrap/ 0 "batch=$name" relay
		rotate_probe "VAULT_ADDR=$BAD_URL"
		set -- "$@" "rewrap: $name"
	fi
	probed "$@"
	set --
done
is "$(stored app A)$(stored app B)" "$stored_before" "malformed batches: the Secret is unchanged"
bad_vault --on POST /rewrap/ 0 batch=same relay
run env VAULT_CACERT="$BAD_CA" "VAULT_ADDR=$BAD_URL" "$BIN/secret-rotate" --retries 0 -n demo
status_is 0 "rewrap: equal results for two values: each is requested alone, exit 0"
run "$BIN/secret-exec" --secret app -- printenv A B
out_is $'value\nother' "rewrap: equal results for two values: both values are intact"
stored_before=$(stored app A)$(stored app B)

# Malformed lists.
for name in $(names LISTS); do
	[ "$name" != items-null ] || continue # an empty list
	bad_api --on GET 'secrets?' 0 "list=$name" relay
	bad_kubeconfig "$TAP_WORK/config"
	LINES_MAX=4 rotate_probe "KUBECONFIG=$TAP_WORK/config"
	probe 1 2 env "KUBECONFIG=$TAP_WORK/config" "$BIN/secret-seal" status --retries 0 --timeout 1s -A
	probe 1 2 env "KUBECONFIG=$TAP_WORK/config" "$BIN/secret-seal" verify --retries 0 --timeout 1s -A
	probed "list: $name, secret-rotate" "list: $name, secret-seal status" "list: $name, secret-seal verify"
done
is "$(stored app A)$(stored app B)" "$stored_before" "malformed lists: the Secret is unchanged"

done_testing

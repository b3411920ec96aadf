#!/bin/bash
# Two rotations that run concurrently, also with --retire, and a person who writes: every value still decrypts.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export STAGE_DIR STAGE_ADMIN_TOKEN
. "$(dirname "$0")/../faults.sh"

# concurrent ROUNDS NAME OPTION...: sets $OUT to the counts
concurrent() {
	local rounds=$1 name=$2
	shift 2
	"$(dirname "$0")/sealed-set" together "$rounds" -- "$BIN/secret-rotate" -A "$@" >"$TAP_WORK/set"
	is "$?" 0 "$name: two rotations run concurrently, $rounds times"
	grep '^#' "$TAP_WORK/set" | head -n 40
	OUT=$(tail -n 1 "$TAP_WORK/set")
	tap_note "$OUT"
	is "$(field runs) $(field failed)" "$((2 * rounds)) 0" "$name: each run succeeds"
	is "$(field wrong)" 0 "$name: every value decrypts to the text written last"
	ok "$name: the writer writes in each round" [ "$(field writings)" -ge "$rounds" ]
	is "$(field statuses_without_writer) $(field left_without_writer)" "[0, 0] 0" "$name: without a writer all is on the newest version"
	is "$(field last_status)" 0 "$name: a single run afterwards succeeds"
}
rounds=$(campaign 2 6)
concurrent "$rounds" "rotate and rewrap"
export GIVEN_TOKEN=1
concurrent "$rounds" "with --retire" --retire

# A slow run: one of its requests is held while another run does all its work and retires.
# slow_begin SERVER METHOD TEXT OPTION...: the first request to bad_vault or bad_api whose path has TEXT is held
slow_begin() {
	local server=$1 way
	"$server" --on "$2" "$3" 1 "held=$TAP_WORK/go" relay
	shift 3
	rm -f "$TAP_WORK/go"
	bad_kubeconfig "$TAP_WORK/kubeconfig"
	way=(KUBECONFIG="$TAP_WORK/kubeconfig")
	[ "$server" = bad_api ] || way=(VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA")
	env "${way[@]}" "$BIN/secret-rotate" -n demo --transit-key aes256-key --retire "$@" >"$TAP_WORK/slow.out" 2>"$TAP_WORK/slow.err" &
	SLOW=$!
	at_end "kill $SLOW 2>/dev/null"
	is_held() { grep -q " held=" "$BAD_LOG"; }
	until_true is_held
}
slow_end() {
	touch "$TAP_WORK/go"
	STATUS=0
	wait "$SLOW" || STATUS=$?
	OUT=$(<"$TAP_WORK/slow.out") ERR=$(<"$TAP_WORK/slow.err")
}
rotate() { run "$BIN/secret-rotate" -n demo --transit-key aes256-key --retire "$@"; }
decrypts() {
	run "$BIN/secret-exec" --secret app -- printenv A
	out_is value "$1: the Secret decrypts"
}
floor() {
	vault_call GET transit/keys/aes256-key
	field data.min_decryption_version
}

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
slow_begin bad_vault POST /rewrap/
rotate --keep-versions 1
status_is 0 "a run beside one that waits for its rewrap"
slow_end
status_is 0 "the version of the slow run's values is retired before Vault rewraps them: they are read again"
unlike "$ERR" 'rewrap it|disallowed' "the refusal is not reported"
decrypts "rewrap after retiring"

# With one version kept, the slow run wants a lower minimum than the other has set.
run "$BIN/secret-rotate" -n demo --transit-key aes256-key
slow_begin bad_api GET "/api/v1/secrets?" --keep-versions 2
rotate --phase retire --keep-versions 1
status_is 0 "a run beside one that is about to retire"
newest=$(floor)
slow_end
status_is 0 "the slow run keeps more versions"
is "$(floor)" "$newest" "the slow run does not lower min_decryption_version again"
decrypts "retiring after retiring"

# A value that Vault refuses for another reason is read again once, and reported.
kube_call PATCH /api/v1/namespaces/demo/secrets/app '{"data":{"B":"dmF1bHQ6djE6QUFBQQ=="}}' application/merge-patch+json
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA run "$BIN/secret-rotate" -n demo --transit-key aes256-key
status_is 1 "ciphertext that Vault refuses: exit 1"
is "$(grep -c 'Secret demo/app: data key "B": Vault can' <<<"$ERR")" 1 "ciphertext that Vault refuses: one line names the Secret and the data key"
is "$(stored app A | cut -d: -f2)" "v$(vault_call GET transit/keys/aes256-key; field data.latest_version)" "ciphertext that Vault refuses: the Secret's other value is on the newest version"
done_testing

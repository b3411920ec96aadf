#!/bin/bash
# Servers with lower limits than Vault: OpenBao's limit of JSON strings, a gateway's limit of bytes.
# run: stageless
. "$(dirname "$0")/../tap.sh"

# served OPTION...: start secret-dev with these limits, and end the instance before it
served() {
	[ -z "${SECRET_DEV_PID-}" ] || kill "$SECRET_DEV_PID"
	eval "$("$BIN/secret-dev" "$@" --print-env)"
}
at_end '[ -z "${SECRET_DEV_PID-}" ] || kill "$SECRET_DEV_PID"'
values() { for ((i = 1; i <= $1; i++)); do echo "VALUE_$i=value $i"; done; }

# all_three NUMBER CASE [OPTION...]: seal, launch and rotate this number of values
all_three() {
	local number=$1 case=$2
	shift 2
	values "$number" >"$TAP_WORK/values.env"
	run "$BIN/secret-seal" "$@" --from-env-file "$TAP_WORK/values.env" app
	status_is 0 "$case: secret-seal with $number values"
	run "$BIN/secret-exec" --max-token-ttl 1h --secret app -- sh -c 'echo "$VALUE_1, $VALUE_'"$number"'"; env | grep -c ^VALUE_'
	out_is "value 1, value $number
$number" "$case: secret-exec with $number values"
	run "$BIN/secret-rotate" -n demo
	status_is 0 "$case: secret-rotate: exit 0"
	out_like 'Secrets listed 1, current 1, rewrapped 1' "$case: secret-rotate rewraps all values"
	run "$BIN/secret-seal" verify
	status_is 0 "$case: secret-seal verify: exit 0"
}

served --vault-max-strings 1000
all_three 700 "1,000 JSON strings" --transit-key aes256-key
served --vault-max-strings 1000
all_three 900 "1,000 JSON strings, bound values" --transit-key derived-key
served --vault-max-strings 30
all_three 100 "30 JSON strings" --transit-key derived-key
served --vault-max-body 20000
all_three 700 "a body of 20,000 bytes" --transit-key derived-key
served --vault-max-body 3000 --vault-max-strings 100
all_three 200 "both" --transit-key aes256-key

# A single value that is too large.
served --vault-max-body 20000
head -c 15000 /dev/urandom | base64 -w0 >"$TAP_WORK/large"
run "$BIN/secret-seal" --transit-key aes256-key --from-literal A=small --from-file "BIG=$TAP_WORK/large" app
status_is 1 "a value that is larger than the server accepts: exit 1"
err_like 'sealing BIG with .*413' "a value that is too large: the message has its name"
done_testing

#!/bin/bash
# The commands of docs/operations.md work on real servers: values on a retired version decrypt again, a sealed Secret becomes
# a plain Secret, and Vault's audit log names the pod.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/desk.sh"
desk docs/operations.md
seal() { "$BIN/secret-seal" --transit-key aes256-key "$@" >/dev/null; }

seal --from-literal DB_PASSWORD=value app
old=$(stored app DB_PASSWORD)
vault_call POST transit/keys/aes256-key/rotate
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
perform "Values that do not decrypt"
like "$(stored app DB_PASSWORD)" '^vault:v2:' "the value is on the version that decrypts"
unlike "$(stored app DB_PASSWORD)" "^$old" "the value is rewrapped"

seal --from-literal DB_USER=matrix --from-literal $'DB_PASSWORD= two lines\n"quoted" \n\n' app
perform "Leaving"
is "$(stored app-plain DB_USER)" matrix "Leaving: a value is plain"
stored app-plain DB_PASSWORD >"$TAP_WORK/plain"
printf ' two lines\n"quoted" \n\n' >"$TAP_WORK/wanted"
ok "Leaving: a value is plain, to the byte" cmp "$TAP_WORK/plain" "$TAP_WORK/wanted"

audit=$TAP_WORK/audit
vault_call PUT sys/audit/operations "{\"type\":\"file\",\"options\":{\"file_path\":\"$audit\"}}"
is "$STATUS" 204 "Who asked: Vault writes an audit log"
at_end "vault_call DELETE sys/audit/operations"
start() { as_pod app env VAULT_ROLE=secret-exec POD_NAME=web-1 "$BIN/secret-exec" --secret app -- true; }
recorded() {
	/usr/bin/python3 -IS - "$1" "$audit" <<-'PY'
		import json, sys
		wanted, path = sys.argv[1:]
		for line in open(path):
		    entry = json.loads(line)
		    if entry["type"] == "request" and entry["request"]["path"] == wanted:
		        print('"headers": ' + json.dumps(entry["request"].get("headers")))
	PY
}
# Vault's default, which other versions do not have.
vault_call DELETE sys/config/auditing/request-headers/user-agent
start
is "$(recorded auth/kubernetes/login) $(recorded transit/decrypt/aes256-key)" '"headers": null "headers": null' \
	"Who asked: without the header's configuration no User-Agent is recorded"
perform "Who asked"
: >"$audit"
start
wanted=$(block json "Who asked")
for path in auth/kubernetes/login transit/decrypt/aes256-key; do
	is "$(recorded "$path" | sed 's|/[0-9.]* |/… |')" "$wanted" "Who asked: $path is recorded as on the page"
done
all_performed
done_testing

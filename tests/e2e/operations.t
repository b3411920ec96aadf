#!/bin/bash
# The commands of docs/operations.md work on real servers: values on a retired version decrypt again, and a sealed Secret
# becomes a plain Secret.
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
all_performed
done_testing

#!/bin/bash
# Two Transit keys: an old version of the first that is in use does not keep the second from being retired.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

"$BIN/secret-seal" -n default --transit-key aes256-key --from-literal A=old other >/dev/null
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=first first >/dev/null
"$BIN/secret-seal" --transit-key derived-key --from-literal A=second second >/dev/null
versions() {
	vault_call GET "transit/keys/$1"
	echo "$(field data.latest_version) $(field data.min_decryption_version)"
}
before=$(versions aes256-key)
run "$BIN/secret-rotate" -n demo --retire --keep-versions 1
status_is 1 "an old version of the first key is in use in another namespace: exit 1"
err_like 'Secret default/other: 1 value on an old version' "the Secret is named"
err_like 'transit/aes256-key: version [0-9]+ is in use, so no version is retired' "the first key is named"
is "$(versions aes256-key)" "$((${before% *} + 1)) ${before#* }" "the first key is rotated and not retired"
latest=$(versions derived-key)
is "$latest" "${latest% *} ${latest% *}" "the second key's old versions are retired, and stay retired"
err_unlike "can't be used in this run|written during the run" "nothing else is reported"
run "$BIN/secret-exec" --secret first --secret second --override -- printenv A
status_is 0 "the Secrets can be decrypted"
done_testing

#!/bin/bash
# How Vault's TLS is trusted: a file, its text, a folder; under which name; and nothing less.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
OPTIONS=()
launch() { run as_pod app env -u VAULT_CACERT "$@" "$BIN/secret-exec" "${OPTIONS[@]}" --secret app -- printenv A; }

launch "VAULT_CACERT=$VAULT_CACERT"
out_is value "VAULT_CACERT: a file"
launch "VAULT_CACERT_BYTES=$(cat "$VAULT_CACERT")"
out_is value "VAULT_CACERT_BYTES: a certificate as text"
mkdir "$TAP_WORK/folder" "$TAP_WORK/empty"
cp "$VAULT_CACERT" "$TAP_WORK/folder/any-name"
echo "no certificate" >"$TAP_WORK/folder/README"
launch "VAULT_CAPATH=$TAP_WORK/folder"
out_is value "VAULT_CAPATH: a folder, whose files need no hashed names"
launch "BAO_CACERT=$VAULT_CACERT"
out_is value "OpenBao's variables for the CA are accepted"
launch "SSL_CERT_FILE=$VAULT_CACERT"
out_is value "without them, the system's bundle is used"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$TAP_WORK/other.key" \
	-subj /CN=other -days 2 -out "$TAP_WORK/other.crt" 2>/dev/null
launch "VAULT_CACERT=$TAP_WORK/other.crt"
fails_with 125 'TLS certificate not trusted.*VAULT_CACERT' "another CA: exit 125"
cp -r "$STAGE_DIR/pod/app" "$TAP_WORK/pod"
cat "$VAULT_CACERT" >>"$TAP_WORK/pod/ca.crt"
launch "VAULT_CACERT=$TAP_WORK/other.crt" "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$TAP_WORK/pod"
fails_with 125 'Vault at .*: TLS certificate not trusted.*VAULT_CACERT' "the API server's CA is not used for Vault"
cat "$VAULT_CACERT" "$STAGE_DIR/pod/app/ca.crt" >"$TAP_WORK/both.crt"
cp "$TAP_WORK/other.crt" "$TAP_WORK/pod/ca.crt"
launch "VAULT_CACERT=$TAP_WORK/both.crt" "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$TAP_WORK/pod"
fails_with 125 'Kubernetes API at .*: TLS certificate not trusted' "Vault's CA is not used for the API server"
launch "VAULT_CACERT=$TAP_WORK/other.key"
like "$STATUS $ERR" '^125 secret-exec: .*Vault' "a file without a certificate: exit 125"
launch "VAULT_CAPATH=$TAP_WORK/empty"
fails_with 125 'CA folder .*/empty: no certificate' "an empty folder: exit 125"
launch "VAULT_CAPATH=/nowhere"
fails_with 125 'CA folder: /nowhere: No such file' "a folder that does not exist: exit 125"
launch "VAULT_CACERT_BYTES=text"
like "$STATUS $ERR" '^125 secret-exec: .*Vault' "text that is not a certificate: exit 125"

OPTIONS=(--vault-tls-server-name localhost)
launch "VAULT_CACERT=$VAULT_CACERT"
out_is value "--vault-tls-server-name with a name of the certificate: the start succeeds"
OPTIONS=(--vault-tls-server-name vault.example)
launch "VAULT_CACERT=$VAULT_CACERT"
like "$STATUS $ERR" '^125 .*TLS certificate not trusted' "--vault-tls-server-name with another name: exit 125"
silent_server
OPTIONS=(--vault-tls-server-name "127.0.0.1:$SILENT_PORT/")
launch "VAULT_CACERT=$VAULT_CACERT"
fails_with 125 'Vault: TLS server name "127.0.0.1:[0-9]*/": not a host name; write a name' "--vault-tls-server-name with an invalid name: exit 125"
ok "which is not asked" test "$(read -r -t 0 -u "$SILENT_EVENTS" && echo asked)" = ""

done_testing

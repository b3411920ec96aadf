#!/bin/bash
# The token that secret-seal uses for Vault, and the end by a signal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

seal() { run "$@" "$BIN/secret-seal" --transit-key aes256-key --set A=1 app; }
mkdir "$TAP_WORK/home"
printf '%s\n' "$VAULT_TOKEN" >"$TAP_WORK/home/.vault-token"

seal env -u VAULT_TOKEN HOME="$TAP_WORK/home"
status_is 0 "the token in ~/.vault-token: exit 0"
seal env -u VAULT_TOKEN HOME="$TAP_WORK"
status_is 2 "no token: exit 2"
err_like 'VAULT_ROLE|--vault-role|--role' "no token: the message has the options"

# KUBECONFIG's files, as kubectl merges them.
: >"$TAP_WORK/empty"
printf 'contexts: [{name: mine, context: {cluster: c, user: u}}]\ncurrent-context: mine\n' >"$TAP_WORK/first"
seal env KUBECONFIG="$TAP_WORK/empty:$KUBECONFIG"
status_is 0 "an empty first kubeconfig: exit 0"
seal env KUBECONFIG="$TAP_WORK/first:$KUBECONFIG"
fails_with 2 'context "mine": no cluster "c"' "the first current-context is used"
seal env KUBECONFIG="$TAP_WORK/missing:$KUBECONFIG:$TAP_WORK/first"
status_is 0 "a missing kubeconfig before another: exit 0"
echo 'a: [' >"$TAP_WORK/broken"
seal env KUBECONFIG="$KUBECONFIG:$TAP_WORK/broken"
fails_with 1 "kubeconfig $TAP_WORK/broken: line 2" "a broken kubeconfig: exit 1"

echo wrong >"$TAP_WORK/home/.vault-token"
seal env HOME="$TAP_WORK/home"
status_is 0 "VAULT_TOKEN has precedence over ~/.vault-token"
seal as_pod sealer env HOME="$TAP_WORK/home" VAULT_ROLE=secret-seal
status_is 0 "--role means a login also with ~/.vault-token"
run env -u VAULT_TOKEN HOME="$TAP_WORK" VAULT_ROLE=secret-seal "$BIN/secret-seal" --service-account sealer \
	--transit-key aes256-key --set A=1 app
status_is 0 "a login as a service account with a TokenRequest: exit 0"

# The rights of the sealer, in Kubernetes and of policies/secret-seal.hcl, are enough for every command.
sealer() { run as_pod sealer env HOME="$TAP_WORK" VAULT_ROLE=secret-seal "$BIN/secret-seal" "$@"; }
sealer --transit-key derived-key --set A=1 --set B=2 own
out_is "secret/own created" "the sealer's rights suffice for seal"
sealer --rename A=AA --unset B --generate C=8 own
out_is "secret/own updated" "the sealer's rights suffice for rename, unset and generate"
sealer edit --editor 'sed -i s/1/2/' own
out_is "secret/own edited" "the sealer's rights suffice for edit"
sealer status own
out_like 'own +AA +current +transit/derived-key +1/1 +per-key,strict' "the sealer's rights suffice for status"
sealer verify -l secretmanager/sealed=true
status_is 0 "the sealer's rights suffice for verify"
sealer reveal --yes own AA
out_is 2 "the sealer's rights suffice for reveal"

# An API server without Secrets that never answers a POST: the program waits there for the signal.
mkfifo "$TAP_WORK/events"
/usr/bin/python3 -IS -c '
import socket, sys, threading
def tell(text):
    with open(sys.argv[1], "w") as out:
        out.write(text + "\n")
def serve(connection):
    text = b""
    while True:
        while b"\r\n\r\n" not in text:
            more = connection.recv(65536)
            if not more:
                return
            text += more
        if text.startswith(b"POST"):
            tell("asked")
            connection.recv(1 << 20)
            connection.recv(1)
            return
        text = b""
        body = b"{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"code\":404}"
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(8)
tell(str(listener.getsockname()[1]))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
' "$TAP_WORK/events" &
silent=$!
at_end "kill $silent"
read -r port <"$TAP_WORK/events"
cat >"$TAP_WORK/silent-kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: silent
clusters: [{name: silent, cluster: {server: "http://127.0.0.1:$port"}}]
users: [{name: anonymous, user: {}}]
contexts: [{name: silent, context: {cluster: silent, user: anonymous, namespace: demo}}]
YAML
# Other tokens may end during the test, so only new ones are counted.
for signal in INT TERM HUP QUIT; do
	STATUS=0
	before=$(vault_accessors)
	# A job in the background of a script ignores SIGINT and SIGQUIT: env sets them right.
	env -u VAULT_TOKEN --default-signal=INT,QUIT KUBECONFIG="$TAP_WORK/silent-kubeconfig" VAULT_ROLE=demo \
		"$BIN/secret-seal" --jwt-file "$STAGE_DIR/pod/sealer/token" --transit-key aes256-key --set A=2 silent 2>"$TAP_WORK/err" &
	sealer=$!
	read -r _ <"$TAP_WORK/events"
	is "$(new_tokens "$before")" 1 "SIG$signal: logged in"
	kill -"$signal" $sealer
	wait $sealer || STATUS=$?
	is "$STATUS" "$((128 + $(kill -l $signal)))" "SIG$signal while it writes: 128+N"
	like "$(cat "$TAP_WORK/err")" '^secret-seal: .*(interrupt|signal)' "SIG$signal: the message"
	is "$(new_tokens "$before")" 0 "SIG$signal: the token is revoked"
done

done_testing

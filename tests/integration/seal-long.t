#!/bin/bash
# Long runs of secret-seal: longer than the token and the time limit of one step, continued after a failure,
# with progress on a terminal.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

terminal=$(dirname "$0")/../terminal
secret() { printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {A: "%s"}\n' "$1" "$2"; }
# With the rights of the service account sealer, the API server at a URL, and the CA of the stage or the test.
kubeconfig() {
	cat >"$TAP_WORK/kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: it
clusters: [{name: it, cluster: {server: "$1", certificate-authority: "$BAD_CA"}}]
users: [{name: sealer, user: {tokenFile: "$STAGE_DIR/pod/sealer/token"}}]
contexts: [{name: it, context: {cluster: it, user: sealer, namespace: demo}}]
YAML
}
# vault ROLE STEP...: make "${SEALER[@]}" log in to such a Vault with this role.
vault() {
	bad_vault "${@:2}"
	VAULT_LOG=$BAD_LOG
	SEALER=(env -u VAULT_TOKEN "--default-signal=INT,TERM" HOME="$TAP_WORK" KUBECONFIG="$TAP_WORK/kubeconfig" VAULT_ADDR="$BAD_URL"
		VAULT_CACERT="$BAD_CA" VAULT_ROLE="$1" SECRET_SEAL_JWT_FILE="$STAGE_DIR/pod/sealer/token" TERM=xterm "$BIN/secret-seal")
}
api() { bad_api "$@" && API_LOG=$BAD_LOG && kubeconfig "$BAD_URL"; }
logins() { grep -c 'POST /v1/auth/kubernetes/login' "$VAULT_LOG"; }
gone() { [ "$(new_tokens "$before")" = 0 ]; }

# -- the input takes longer than the token and the limit --------------------------------------------------

vault brief relay
api relay
secret first one >"$TAP_WORK/first.yaml"
mkfifo "$TAP_WORK/fifo"
before=$(vault_accessors) began=$SECONDS
"${SEALER[@]}" --timeout 4s --transit-key aes256-key -f "$TAP_WORK/first.yaml" -f "$TAP_WORK/fifo" \
	>"$TAP_WORK/out" 2>"$TAP_WORK/err" &
sealing=$!
exec {input}>"$TAP_WORK/fifo"
is "$(<"$TAP_WORK/out")" "secret/first created" "the first of two files is written before the second arrives"
ok "the first token ends" until_true gone
over() { [ $((SECONDS - began)) -gt 4 ]; }
ok "the limit is over before the second file" until_true over
secret second two >&"$input"
exec {input}>&-
wait "$sealing"
is "$? $(tail -1 "$TAP_WORK/out")" "0 secret/second created" "the second file is sealed with a new token and limit"
ok "two files: more than one login" [ "$(logins)" -ge 2 ]
is "$(<"$TAP_WORK/err")" "" "two files: no message"

# -- writing takes longer -----------------------------------------------------------------------------------

"$BIN/secret-seal" --transit-key aes256-key --set KEPT=kept d >/dev/null
for name in a b c d; do secret "$name" one; done >"$TAP_WORK/four.yaml"
# Each Secret is read, created or changed, and read back.
api relay late=1.8 relay relay late=1.8 relay relay late=1.8 relay relay
vault brief relay
run "$terminal" 'expect Writing Secrets: ' -- "${SEALER[@]}" --timeout 5s --transit-key aes256-key -f "$TAP_WORK/four.yaml"
status_is 0 "four Secrets take longer than the limit and the token: exit 0"
ok "four Secrets: more than one login" [ "$(logins)" -ge 2 ]
like "$OUT" $'\r\e\\[KWriting Secrets: 2, [0-9.]+/s\r\e\\[K' "a line on the terminal has the number of written Secrets"
# A token that ends just before it is revoked, as on a busy machine, is only a warning.
is "$(sed -E 's/\r\x1b\[K(Writing Secrets: [0-9]+, [0-9.]+\/s)?//g; s/\r//g; /warning: revoking the Vault token: .*the token expires/d; /warning: Secret demo.d: 1 data key is not in the manifest/d; /^hint: to remove one: /d' <<<"$OUT")" \
	$'secret/a created\nsecret/b created\nsecret/c created\nsecret/d updated' "the line does not damage the output"
run "$BIN/secret-exec" --secret d -- bash -c 'echo $A $KEPT'
out_is "one kept" "values that only the API has are kept and verified"

# -- verify takes longer -----------------------------------------------------------------------------------

kubeconfig "$STAGE_API_URL"
vault demo relay late=1.8
run "$terminal" 'expect Verifying Secrets: 66% (2/3), ' -- "${SEALER[@]}" verify --timeout 5s a b c
status_is 0 "verify takes longer than the limit: exit 0"
like "$OUT" $'\r\e\\[KVerifying Secrets: 66% \\(2/3\\), [0-9.]+/s, [0-9]+s left' "a line on the terminal has the progress"
is "$(sed -E 's/\r\x1b\[K(Verifying Secrets: [^\r]*)?//g; s/\r//g' <<<"$OUT")" "3 Secrets with 3 values decrypt" "the line on the terminal is erased"
vault demo relay late=1.8
run "${SEALER[@]}" verify --timeout 5s a b
status_is 0 "verify to a pipe: exit 0"
err_is "" "verify to a pipe: no progress"
out_is "2 Secrets with 2 values decrypt" "verify to a pipe: the result"

# -- failures in the middle ---------------------------------------------------------------------------------

for name in e f g; do secret "$name" one; done >"$TAP_WORK/three.yaml"
before=$(vault_accessors)
api relay relay relay relay code=403
vault demo relay
run "${SEALER[@]}" --transit-key aes256-key -f "$TAP_WORK/three.yaml"
status_is 1 "the second of three Secrets is rejected: exit 1"
out_is "secret/e created" "the second of three Secrets is rejected: the first is written"
err_like "^secret-seal: 1 Secret was written before this: $TAP_WORK/three.yaml: line 7: Secret demo/f: .*403" \
	"the second of three Secrets is rejected: the message has the Secret"
err_unlike 'run again' "a permanent failure: no advice to run it again"
kubeconfig "$STAGE_API_URL"
run "${SEALER[@]}" --transit-key aes256-key -f "$TAP_WORK/three.yaml"
out_is $'secret/e updated\nsecret/f created\nsecret/g created' "after the failure all can be run again"

api code=403
run "${SEALER[@]}" --transit-key aes256-key -f "$TAP_WORK/three.yaml"
fails_with 1 "secret-seal: no Secret was written: .*three.yaml: line 2: Secret demo/e: .*403" "the first Secret is rejected: exit 1"

api relay relay relay relay hang
run "${SEALER[@]}" --retries 0 --timeout 5s --transit-key aes256-key -f "$TAP_WORK/three.yaml"
status_is 1 "an API server that hangs: exit 1"
err_like '^secret-seal: 1 Secret was written before this: .*line 7: Secret demo/f: .*; run all of it again$' "an API server that hangs: the message has the Secret and the advice"

api relay relay relay relay hang
"${SEALER[@]}" --transit-key aes256-key -f "$TAP_WORK/three.yaml" >"$TAP_WORK/out" 2>"$TAP_WORK/err" &
sealing=$!
asked() { [ "$(wc -l <"$API_LOG")" = 5 ]; }
until_true asked
kill -TERM "$sealing"
wait "$sealing"
is "$?" 143 "a signal during the run: exit 128+N"
like "$(<"$TAP_WORK/err")" '^secret-seal: 1 Secret was written before this: .*line 7: Secret demo/f: .*(interrupt|signal).*; run all of it again$' \
	"a signal during the run: the message has the written Secrets"
is "$(<"$TAP_WORK/out")" "secret/e updated" "a signal during the run: the output has the written Secrets"
ok "a signal during the run: the token is revoked" gone

api relay
vault demo relay relay relay relay code=403
run "$terminal" '' -- "${SEALER[@]}" --transit-key aes256-key -f "$TAP_WORK/first.yaml"
like "$OUT" 'warning: revoking the Vault token: [^;]*403.* \(the token expires within [0-9]+ s\)' \
	"a token that is not revoked: the warning is one line on a terminal"

run "${SEALER[@]}" --transit-key aes256-key --dry-run=server -f <(secret h one; secret Bad one)
status_is 1 "an error in a dry run: exit 1"
err_unlike 'written' "an error in a dry run: the message has no written Secrets"

done_testing

#!/bin/bash
# Failures before the application starts: each has one line and status 125, and nothing is started.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec SECRET_EXEC_RETRIES=0
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null

app() { run as_pod app "$BIN/secret-exec" --secret app "$@"; }
# secret_of DATA: write the Secret app again, with this JSON as its data.
secret_of() {
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	kube_call POST /api/v1/namespaces/demo/secrets "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",
		\"metadata\":{\"name\":\"app\",\"annotations\":{\"secretmanager/transit-key\":\"${2-transit/aes256-key}\"}},
		\"data\":$1}"
	[ "$STATUS" = 201 ] || echo "Bail out! the Secret can't be made"
}
encoded() { printf '%s' "$1" | base64 -w0; }

# The command line.
run "$BIN/secret-exec" --secret app
fails_with 125 'no command; write secret-exec' "no command: exit 125"
run "$BIN/secret-exec" --secret app --
fails_with 125 'no command' "no command after --: exit 125"
run "$BIN/secret-exec" --bogus -- true
fails_with 125 '--bogus: unknown option; see secret-exec --help' "an unknown option: exit 125"
run "$BIN/secret-exec" --secret
fails_with 125 'option --secret needs an argument' "an option without its argument: exit 125"
run "$BIN/secret-exec" --secret 'UPPER/case' -- true
fails_with 125 '\[NAMESPACE/\]NAME\[\?\]\[:KEY\[=VARIABLE\]\]' "an invalid name of a Secret: exit 125"
run "$BIN/secret-exec" --timeout soon -- true
fails_with 125 '"soon" is not a duration' "an invalid duration: exit 125"
run "$BIN/secret-exec" --timeout 0 -- true
fails_with 125 '--timeout 0: must be greater than 0' "--timeout 0: exit 125"
run "$BIN/secret-exec" --vault-token=s.123 -- true
fails_with 125 'other users can read command lines; set VAULT_TOKEN$' "a token on the command line: exit 125"
err_unlike 's\.123' "a token on the command line: not printed"

# Vault.
run as_pod app env -u VAULT_ADDR "$BIN/secret-exec" --secret app -- true
fails_with 125 'no Vault address; set VAULT_ADDR' "no Vault address: exit 125"
run as_pod app env VAULT_ADDR=vault:8200 "$BIN/secret-exec" --secret app -- true
fails_with 125 'not an http or https URL' "an address that is not a URL: exit 125"
run as_pod app env VAULT_ADDR=http://vault.example:8200 "$BIN/secret-exec" --secret app -- true
fails_with 125 'plain http would send secrets unencrypted' "plain http: exit 125"
# A port that is in use, and on which no process listens.
mkfifo "$TAP_WORK/port"
/usr/bin/python3 -u -c '
import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
signal.pause()' >"$TAP_WORK/port" &
at_end "kill $!"
read -r port <"$TAP_WORK/port"
run as_pod app env "VAULT_ADDR=https://127.0.0.1:$port" "$BIN/secret-exec" --secret app -- true
fails_with 125 "Vault at https://127.0.0.1:$port: cannot connect: Connection refused; " "Vault does not run: exit 125"
run as_pod app env VAULT_ADDR=https://nowhere.invalid "$BIN/secret-exec" --secret app -- true
fails_with 125 'Vault at https://nowhere.invalid: no answer: Could not resolve' "a name that does not resolve: exit 125"
run as_pod app env -u VAULT_CACERT "$BIN/secret-exec" --secret app -- true
fails_with 125 'TLS certificate not trusted.*VAULT_CACERT|no CA certificates.*VAULT_CACERT' "TLS that is not trusted: exit 125"
run as_pod app env VAULT_CACERT=/nowhere/ca.crt "$BIN/secret-exec" --secret app -- true
fails_with 125 'CA certificate: /nowhere/ca.crt: No such file' "a CA file that does not exist: exit 125"
run as_pod app env -u VAULT_CACERT "$BIN/secret-exec" --vault-skip-verify --secret app -- printenv A
out_is value "--vault-skip-verify: the start succeeds"
err_like 'warning: VAULT_SKIP_VERIFY.*NOT verified' "--vault-skip-verify: a warning"
run as_pod app env VAULT_ROLE=missing "$BIN/secret-exec" --secret app -- true
fails_with 125 'login with role "missing".*invalid role name.*check the role' "a role that does not exist: exit 125"
run as_pod app env -u VAULT_ROLE "$BIN/secret-exec" --secret app -- true
fails_with 125 'no Vault role.*VAULT_ROLE, --role or VAULT_TOKEN' "no role: exit 125"
run as_pod stranger "$BIN/secret-exec" --secret app -- true
fails_with 125 'login with role "secret-exec".*403.*allows this service account' "a service account without the role: exit 125"
run as_pod app env VAULT_ROLE=narrow "$BIN/secret-exec" --secret app -- true
fails_with 125 'decrypt with Transit key transit/aes256-key.*403.*policy must allow "update" on transit/decrypt/aes256-key' \
	"a policy without the right to decrypt: exit 125"
run as_pod app-expired "$BIN/secret-exec" --secret app -- true
fails_with 125 'login with role "secret-exec".*403.*token is valid|401.*token' "an expired service-account token: exit 125"
run as_pod app "$BIN/secret-exec" --jwt-file /nowhere/token --secret app -- true
fails_with 125 'service-account token: /nowhere/token: No such file.*automountServiceAccountToken' "a token file that does not exist: exit 125"
run as_pod app env VAULT_ROLE=long "$BIN/secret-exec" --secret app -- true
fails_with 125 'would live 3600 s, more than the 10 s allowed' "a token that would live too long: exit 125"
run as_pod app env VAULT_ROLE=long "$BIN/secret-exec" --max-token-ttl 1h --secret app -- printenv A
out_is value "a token that would live too long, with --max-token-ttl: accepted"

# The Secret.
run as_pod app "$BIN/secret-exec" --secret other -- true
fails_with 125 'Secret demo/other.*forbidden.*get' "a Secret without the right to read it: exit 125"
run "$BIN/secret-exec" --secret missing -- true
fails_with 125 'Secret demo/missing.*not found' "a Secret that does not exist: exit 125"
run as_pod app "$BIN/secret-exec" --secret app:NOPE -- true
fails_with 125 'Secret demo/app: .*no data key "NOPE"' "a data key that does not exist: exit 125"
run as_pod app "$BIN/secret-exec" --secret app --transit-key team-key -- true
fails_with 125 'sealed with Transit key transit/aes256-key, but team-key is requested' "another Transit key than the annotation's: exit 125"
good=$(stored app A)
secret_of '{}'
app -- true
fails_with 125 'Secret demo/app: empty' "an empty Secret: exit 125"
secret_of "{\"A\":\"$(encoded plain)\"}"
app -- true
fails_with 125 'not sealed: data key "A" .* Vault ciphertext' "a Secret that is not sealed: exit 125"
err_unlike 'plain' "a Secret that is not sealed: its value is not shown"
secret_of "{\"A\":\"$(encoded "$good")\",\"B\":\"$(encoded plain)\"}"
app -- true
fails_with 125 'half sealed: data key "B"' "a Secret that is half sealed: exit 125"
secret_of "{\"A\":\"$(encoded "$good")\"}" transit/no-such-key
VAULT_ROLE=demo app -- true
fails_with 125 'no-such-key.*(encryption key not found|403)' "a Transit key that does not exist: exit 125"
run "$BIN/secret-exec" --secret app -- true
fails_with 125 'encryption key not found.*check --transit-key' "a Transit key that does not exist, with the right to see that: exit 125"
secret_of "{\"A\":\"$(encoded "${good:0:20}AAAA${good:24}")\"}"
app -- true
fails_with 125 "Secret demo/app, data key A: Vault cannot decrypt it.*garbled, or sealed with another key" "garbled ciphertext: exit 125"
secret_of "{\"A\":\"$(encoded "$good
")\"}"
app -- true
fails_with 125 'ends in a newline, which was added' "ciphertext with a newline added: exit 125"
vault_call POST team/transit/encrypt/team-key '{"plaintext":"eA=="}'
secret_of "{\"A\":\"$(encoded "$(field data.ciphertext)")\"}"
app -- true
fails_with 125 'with Transit key transit/aes256-key.*garbled, or sealed with another key' "ciphertext of another key: exit 125"

# The command.
secret_of "{\"A\":\"$(encoded "$good")\"}"
app -- no-such-command
fails_with 127 'no-such-command: command not found' "a command that is not in PATH: exit 127"
app -- /nowhere/at-all
fails_with 127 '/nowhere/at-all: No such file' "a path that does not exist: exit 127"
printf 'echo ran\n' >"$TAP_WORK/script"
app -- "$TAP_WORK/script"
fails_with 126 'Permission denied.*execute permission' "a file without execute permission: exit 126"
chmod +x "$TAP_WORK/script"
app -- "$TAP_WORK/script"
fails_with 126 'Exec format error; check that .* begins with a #! line' "a script without #!: exit 126, without a shell"
app -- "$TAP_WORK"
fails_with 126 'Permission denied' "a folder as the command: exit 126"

done_testing

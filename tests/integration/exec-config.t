#!/bin/bash
# --print-config shows the effective settings and their origins; --check does everything except start the command.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal PASSWORD=correct-horse --from-literal OTHER=2 app >/dev/null

# -- --print-config

run as_pod app env VAULT_TOKEN=hvs.not-shown VAULT_PROXY_ADDR=http://user:not-shown@proxy:3128 \
	BAO_NAMESPACE=team SECRET_EXEC_SECRET=a,b \
	"$BIN/secret-exec" --role app --timeout 1500ms --print-config
status_is 0 "--print-config needs no command, and no server"
out_like $'(^|\n)role: app \\(--role\\)(\n|$)' "--print-config: a value of the command line"
out_like $'\ntimeout: 1500ms \\(--timeout\\)\n' "--print-config: a duration"
out_like $'(^|\n)secret: a, b \\(SECRET_EXEC_SECRET\\)\n' "--print-config: a list from SECRET_EXEC_*"
out_like $'\nvault-namespace: team \\(BAO_NAMESPACE\\)\n' "--print-config: a value from a usual variable of Vault"
out_like $'\nvault-timeout: 30s \\(default\\)\n' "--print-config: a default"
out_like $'\nvault-token: set, not shown \\(VAULT_TOKEN\\)\n' "--print-config: a token is shown as set"
out_like $'\nvault-proxy-addr: http://...@proxy:3128 ' "--print-config: a URL without its password"
out_like $'\nauth-method: token \\(default\\)\n' "--print-config: a value that follows from other settings"
out_like $'\nnamespace: demo \\(default\\)\n' "--print-config: a value from the pod"
out_unlike 'not-shown[^ ]' "--print-config: no secret is printed"
out_unlike 'hvs' "--print-config: no beginning of a secret is printed"
is "$ERR" "" "--print-config: no message"

# Every option can be set in the environment, except options that print something and exit.
names=$("$BIN/secret-exec" --help=all | sed -nE 's/^ +(-[a-z], )?--([a-z-]+)( .*)?$/\2/p' | grep -vxE 'help|version|completion')
missing=
for option in $names; do
	name=SECRET_EXEC_$(tr 'a-z-' 'A-Z_' <<<"$option")
	case $option in
	*timeout | *-ttl | *interval | *debounce | *delay | *lifetime) value=7s ;;
	retries) value=7 ;;
	log-format) value=json ;;
	*) value=true ;;
	esac
	got=$(env "$name=$value" "$BIN/secret-exec" --print-config 2>/dev/null)
	[[ $option =~ ^(print|env)-config$ ]] || [[ $got == *"$option: $value ($name)"* ]] || missing+=" $name"
done
is "$missing" "" "every option can be set as SECRET_EXEC_NAME"

# -- --check

run as_pod app "$BIN/secret-exec" --secret app --check -- sh -c 'echo started'
status_is 0 "--check: a valid configuration passes"
out_is "" "--check: the command is not started"
err_like 'check passed: 2 variables: .*PASSWORD' "--check: the names of the variables are printed"
err_unlike 'correct-horse' "--check: no value is printed"

run as_pod app "$BIN/secret-exec" --secret app --check -- /nowhere
fails_with 127 '/nowhere: No such file' "--check: a command that does not exist: exit 127"
run as_pod app "$BIN/secret-exec" --secret app --check -- no-such-command
fails_with 127 'no-such-command: command not found' "--check: a command that is not in PATH: exit 127"
run as_pod app "$BIN/secret-exec" --secret app --check -- /etc/passwd
fails_with 126 '/etc/passwd: Permission denied' "--check: a command that cannot be executed: exit 126"
run as_pod app "$BIN/secret-exec" --secret app --role missing --check -- true
fails_with 125 'login with role "missing"' "a start that would fail: the check fails"

done_testing

#!/bin/bash
# Options and variables that do not exist are refused, with the option that is probably meant.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
root=$(cd "$(dirname "$0")/../.." && pwd)

# -- the command line --

run "$BIN/secret-exec" --upcase -- true
fails_with 125 '^secret-exec: --upcase: unknown option; use --upper-case$' "secret-exec, an option of envconsul: exit 125 with ours"
run "$BIN/secret-exec" --vault-adr=https://user:hunter2@vault -- true
fails_with 125 '^secret-exec: --vault-adr: unknown option; try --vault-addr; see secret-exec --help$' \
	"secret-exec, a misspelt option: exit 125 with the nearest, and without its value"
run "$BIN/secret-rotate" --selektor a=b
fails_with 2 '^secret-rotate: --selektor: unknown option; try --selector; see secret-rotate --help$' "secret-rotate, a misspelt option: exit 2"
run "$BIN/secret-seal" edit --editr vi app
fails_with 2 '^secret-seal: --editr: unknown option; try --editor; see secret-seal edit --help$' "secret-seal edit, a misspelt option: exit 2"
run "$BIN/secret-dev" --port 8200
fails_with 2 '^secret-dev: --port: unknown option; try --vault-port or --kube-port; see secret-dev --help$' "secret-dev, a part of two names: exit 2 with both"
run "$BIN/secret-seal" status --delete A
fails_with 2 '^secret-seal: --delete: unknown option; see secret-seal status --help$' "an option that only another command has: not named"

# Each entry of the tables names an option that exists, in the program or in a command of secret-seal.
others() { sed -nE 's/.*\{"([a-z0-9,-]+)", *"([a-z-]+)", *NULL\}.*/\1 \2/p' "$@"; }
missing='' count=0
check_others() {
	local program=$1 source=$2 names use name
	while read -r names use; do
		for name in ${names//,/ }; do
			"$BIN/$program" "--$name" >/dev/null 2>"$TAP_WORK/err" </dev/null
			count=$((count + 1))
			grep -qE "^$program: --$name: unknown option; use --$use\$" "$TAP_WORK/err" || missing+=" $program:$name"
		done
	done < <(tr '\n' ' ' <"$root/cmd/other_tools.h" | sed -E 's/[\\ \t]+/ /g; s/\}, /},\n/g' | others; others "$source")
}
check_others secret-exec "$root/cmd/secret-exec/configuration.c"
check_others secret-rotate "$root/cmd/secret-rotate/settings.c"
check_others secret-seal "$root/cmd/secret-seal/main.c"
is "$missing" "" "options of other tools: each is answered by an option that exists"
ok "options of other tools: many" test "$count" -gt 80

for word in -secret -secret=app; do
	run "$BIN/secret-exec" $word app -- true
	fails_with 125 '^secret-exec: -secret: a long option has two dashes; write --secret$' "$word is not read as -s ecret"
done
run "$BIN/secret-exec" -address https://vault -- true
fails_with 125 '^secret-exec: -address: unknown option; use --vault-addr$' "an option of the vault CLI with one dash"

# -- lists of names --

"$BIN/secret-seal" --transit-key aes256-key --set A=1 one >/dev/null
"$BIN/secret-seal" --transit-key aes256-key --set B=2 two >/dev/null
"$BIN/secret-seal" --transit-key aes256-key --set A=1 app >/dev/null
run "$BIN/secret-exec" --secret one,two -- sh -c 'echo "$A $B"'
out_is "1 2" "--secret one,two: both Secrets, as with SECRET_EXEC_SECRET"
for list in "one," ",one" "one,,two"; do
	run "$BIN/secret-exec" --secret "$list" -- true
	fails_with 125 '^secret-exec: --secret "?"?: ' "--secret $list: an empty name is refused"
done
run "$BIN/secret-rotate" -n demo --name one,two --phase verify
out_like 'Secrets listed 2, ' "secret-rotate --name one,two: both Secrets"
run "$BIN/secret-seal" --transit-key aes256-key --set A=1,2 commas
run "$BIN/secret-exec" --secret commas -- printenv A
out_is 1,2 "a value with a comma is not split"

# -- the environment --

run env SECRET_EXEC_SECRET=one SECRET_EXEC_MEMFDS=:json "$BIN/secret-exec" -- env
fails_with 125 '^secret-exec: environment variable SECRET_EXEC_MEMFDS: unknown option; try SECRET_EXEC_MEMFD; see secret-exec --help$' \
	"a misspelt variable: exit 125, and the secret does not become a variable"
run env SECRET_EXEC_UPCASE=true "$BIN/secret-exec" --print-config
fails_with 125 'SECRET_EXEC_UPCASE: unknown option; use SECRET_EXEC_UPPER_CASE$' "a variable as another tool calls it: exit 125 with ours"
run env SECRET_SEAL_TRANSITKEY=aes256-key "$BIN/secret-seal" status
fails_with 2 'SECRET_SEAL_TRANSITKEY: unknown option' "secret-seal, a misspelt variable: exit 2"
run env SECRET_ROTATE_DRYRUN=true "$BIN/secret-rotate" -n demo
fails_with 2 'SECRET_ROTATE_DRYRUN: unknown option; try SECRET_ROTATE_DRY_RUN; see secret-rotate --help$' \
	"secret-rotate, a misspelt variable: exit 2"
is "$(stored one A | cut -d: -f2)" v1 "secret-rotate, a misspelt variable: nothing is rotated"
run env SECRET_SEAL_EDITOR=vi SECRET_SEAL_PROMPT=X "$BIN/secret-seal" status -n demo one
status_is 0 "variables of other commands of secret-seal are accepted"

# Kubernetes sets variables for each Service of the namespace, here secret-exec and secret-exec-docs.
links=()
for service in SECRET_EXEC SECRET_EXEC_DOCS; do
	links+=("${service}_SERVICE_HOST=10.0.0.1" "${service}_SERVICE_PORT=443" "${service}_SERVICE_PORT_HTTPS=443"
		"${service}_PORT=tcp://10.0.0.1:443" "${service}_PORT_443_TCP=tcp://10.0.0.1:443" "${service}_PORT_443_TCP_PROTO=tcp"
		"${service}_PORT_443_TCP_PORT=443" "${service}_PORT_443_TCP_ADDR=10.0.0.1")
done
run env "${links[@]}" "$BIN/secret-exec" --secret one -- printenv A
is "$STATUS $OUT $ERR" "0 1 " "variables of a Service called secret-exec are ignored"
run env SECRET_EXEC_VERSION=2 SECRET_EXEC_SECRETS= "$BIN/secret-exec" --secret one -- printenv A
is "$STATUS $OUT $ERR" "0 1 " "SECRET_EXEC_VERSION and an empty variable are ignored"
run as_pod app env SECRET_EXEC_NEWER=1 "$BIN/secret-exec" --no-env-config --vault-addr "$VAULT_ADDR" --vault-cacert "$VAULT_CACERT" \
	--role secret-exec --service-account-dir "$STAGE_DIR/pod/app" --secret app -- printenv A
is "$STATUS $OUT $ERR" "0 1 " "--no-env-config: unknown variables are ignored"
run env SECRET_EXEC_NEWER=1 "$BIN/secret-exec" --secret one --keep-config=SECRET_EXEC_NEWER -- printenv A SECRET_EXEC_NEWER
is "$STATUS $OUT" $'0 1\n1' "--keep-config=NAME: a variable for a nested launcher of another release"
run env SECRET_EXEC_NEWER=1 "$BIN/secret-exec" --secret one --keep-config -- true
fails_with 125 'SECRET_EXEC_NEWER: unknown option' "--keep-config without names: exit 125"
run "$BIN/secret-dev" -- "$BIN/secret-dev" -- true
status_is 0 "variables that secret-dev sets are accepted by another secret-dev"

done_testing

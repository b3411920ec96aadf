#!/bin/bash
# secret-seal check reports broken rules of .secretmanager.yaml, and Secrets that contradict them.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "no server is used"

mkdir -p "$TAP_WORK/repository/prod" "$TAP_WORK/repository/.git"
cd "$TAP_WORK/repository" || exit
# Ciphertext is only looked at, so any base64 will do.
sealed="vault:v1:$(printf 'x%.0s' {1..40} | base64 -w0)"
check() { run env -i "$BIN/secret-seal" check "$@"; }
# secret FILE NAMESPACE ANNOTATION...: write a sealed Secret
secret() {
	local file=$1 namespace=$2
	shift 2
	printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n%s  labels: {secretmanager/sealed: "true"}\n  annotations: {%s}\nstringData: {A: "%s"}\n' \
		"${namespace:+  namespace: $namespace$'\n'}" "$(printf 'secretmanager/%s, ' "$@" | sed 's/, $//')" "$sealed" >"$file"
}
rules() { cat >.secretmanager.yaml; }
# found NAME LINE...: `check .` prints these lines, and exits with 1
found() {
	local name=$1
	shift
	check .
	status_is 1 "$name: exit 1"
	out_is "$(printf '%s\n' "$@")" "$name: the lines"
}

rules <<'YAML'
rules:
- path: "prod/**"
  transit-key: team/prod
  scope: strict
  layout: per-key
- path: "*.yaml"
  namespace: "dev-*"
  transit-key: dev
YAML
secret prod/app.yaml demo 'transit-key: team/prod' 'scope: strict' 'layout: per-key'
secret app.yaml dev-1 'transit-key: transit/dev' 'layout: document'
check .
status_is 0 "Secrets that follow the rules: exit 0"
out_is "3 files with 2 Secrets: no problem found" "Secrets that follow the rules: the file of rules is read"

secret prod/app.yaml demo 'transit-key: team/dev' 'scope: strict'
found "another Transit key" \
	'./prod/app.yaml:1: Secret demo/app: sealed with Transit key team/dev, but rule .secretmanager.yaml:2 names team/prod; change the rule, or seal the Secret again'
check prod/app.yaml
status_is 1 "another Transit key, only the manifest is named: exit 1"
is "$(cd prod && check app.yaml && printf %s "$OUT")" "$(printf %s "app.yaml:1: Secret demo/app: sealed with Transit key team/dev, but rule $PWD/.secretmanager.yaml:2 names team/prod; change the rule, or seal the Secret again")" \
	"from a folder below: the rules above count"
secret prod/app.yaml demo 'transit-key: team/prod' 'scope: cluster-wide'
found "another scope" \
	'./prod/app.yaml:1: Secret demo/app: sealed with scope cluster-wide, but rule .secretmanager.yaml:2 names strict; change the rule, or seal the Secret again'
secret prod/app.yaml demo 'transit-key: team/prod' 'layout: document'
found "another layout" \
	'./prod/app.yaml:1: Secret demo/app: sealed with layout document, but rule .secretmanager.yaml:2 names per-key; change the rule, or seal the Secret again'
rm prod/app.yaml
secret app.yaml '' 'transit-key: other'
check .
status_is 0 "an unknown namespace that decides: exit 0"
secret app.yaml prod-1 'transit-key: other'
check .
status_is 0 "no rule matches: exit 0"
check - <app.yaml
status_is 0 "standard input: no rules"

secret app.yaml dev-1 'transit-key: dev'
rules <<'YAML'
rules:
- path: "*.yaml"
  transit-key: dev
- namespace: "dev-*"
  path: "*.yaml"
  transit-key: other
- transit-key: last
- path: "prod/**"
  transit-key: prod
YAML
found "rules that never match" \
	'.secretmanager.yaml:4: the rule never matches, because the rule of line 2 matches first; remove one of them, or change their order' \
	'.secretmanager.yaml:8: the rule never matches, because the rule of line 7 matches first; remove one of them, or change their order'
check app.yaml
is "$(wc -l <"$TAP_WORK/out")" 2 "rules that never match, only the manifest is named: the same lines"
printf 'rules:\n- transit-key: dev\n  scope: wide\n' | rules
found "an unknown scope" \
	'.secretmanager.yaml: line 3, column 10: scope: "wide" is not a scope; use strict, namespace-wide or cluster-wide'
printf 'rules:\n- transit-key: dev\n  path: **/a\n' | rules
cp app.yaml other.yaml
check .
status_is 1 "broken rules and two Secrets: exit 1"
is "$(wc -l <"$TAP_WORK/out")" 1 "broken rules and two Secrets: one line"
out_like '^\.secretmanager\.yaml: line 3, column 10: .*; put patterns in quotes$' "a pattern without quotes: the advice"
printf 'rules: []\n' >prod/.secretmanager.yaml
printf 'token: hvs.not-shown\n' | rules
check .secretmanager.yaml prod
status_is 1 "files of rules by name and in a folder: exit 1"
out_is '.secretmanager.yaml: no rules; write a list of rules under "rules:"' "files of rules by name: the problem, without its text"
rm .secretmanager.yaml
ln -s app.yaml .secretmanager.yaml
check .
status_is 1 "a link as the file of rules: exit 1"
out_is '.secretmanager.yaml: not a regular file; links are refused' "a link as the file of rules: one line"
done_testing

#!/bin/bash
# secret-seal --print-config shows the settings, and for each Secret in a file the rule that counts; it uses no server.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "no server is used"

cd "$TAP_WORK" || exit
mkdir -p prod .git
cat >.secretmanager.yaml <<'YAML'
rules:
- path: "prod/**"
  namespace: "prod-*"
  transit-key: team/prod
  scope: strict
- path: "prod/**"
  transit-key: staging
  layout: per-key
YAML
cat >prod/app.yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: app, namespace: prod-shop}
stringData: {A: hunter2-a}
---
apiVersion: v1
kind: Secret
metadata:
  name: other
  namespace: demo
stringData: {A: hunter2-a}
YAML
cat >app.yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: app, namespace: demo, annotations: {secretmanager/transit-key: transit/app, secretmanager/layout: document, secretmanager/scope: strict}}
data: {}
YAML
seal() { run env -i HOME=/nonexistent "$@"; }
# secrets: the part of the output about Secrets
secrets() { sed -n '/: Secret /,$p' <<<"$OUT"; }

seal "$BIN/secret-seal" --print-config -i -f prod/app.yaml --vault-addr https://u:hunter2-b@vault.example.com/ --timeout 90s
status_is 0 "--print-config: exit 0"
err_is "" "--print-config: no message"
out_like $'(^|\n)in-place: true \\(--in-place\\)\n' "an option: shown with its origin"
out_like $'\ntimeout: 90s \\(--timeout\\)\n' "a duration: shown"
out_like $'\nretries: 4 \\(default\\)\n' "a default: shown"
out_like $'\nvault-timeout: 30s \\(default\\)\n' "a default duration: shown"
out_unlike 'hunter2' "a value of the manifest, and a password in a URL: not shown"
is "$(secrets)" 'prod/app.yaml:1: Secret prod-shop/app: rule .secretmanager.yaml:2
  transit-key: team/prod (.secretmanager.yaml:2)
  scope: strict (.secretmanager.yaml:2)
prod/app.yaml:6: Secret demo/other: rule .secretmanager.yaml:6
  transit-key: staging (.secretmanager.yaml:6)
  layout: per-key (.secretmanager.yaml:6)' "each Secret: its rule and the values of the rule"
ok "the manifest is unchanged" grep -q 'stringData: {A: hunter2-a}' prod/app.yaml

seal SECRET_SEAL_TRANSIT_KEY=mine "$BIN/secret-seal" --print-config -i -f prod --scope cluster-wide
is "$(secrets | head -3)" 'prod/app.yaml:1: Secret prod-shop/app: rule .secretmanager.yaml:2
  transit-key: mine (SECRET_SEAL_TRANSIT_KEY)
  scope: cluster-wide (--scope)' "options and variables win over the rule"
seal "$BIN/secret-seal" --print-config -i -f app.yaml
is "$(secrets)" 'app.yaml:1: Secret demo/app: no rule
  transit-key: transit/app (annotation)
  layout: document (annotation)' "no rule: the annotations that count for plaintext"
seal "$BIN/secret-seal" --print-config --set A=hunter2-c --from-literal B=hunter2-d --set C=hunter2-e app
status_is 0 "without -f: exit 0"
out_like $'(^|\n)set: set, not shown \\(--set\\)\n' "--set: shown without its values"
out_unlike 'hunter2|: rule' "without -f: no value, and no rule"

sed -i 's/namespace: prod-shop, *//; s/, namespace: prod-shop//' prod/app.yaml
seal "$BIN/secret-seal" --print-config -i -f prod/app.yaml
status_is 2 "an unknown namespace that decides: exit 2"
err_like 'prod/app.yaml: line 1: Secret app: .secretmanager.yaml:2: the rule depends on the namespace; ' \
	"an unknown namespace that decides: the message of sealing"
seal "$BIN/secret-seal" --print-config -i -f prod/app.yaml -n prod-1
is "$(secrets | head -1)" 'prod/app.yaml:1: Secret prod-1/app: rule .secretmanager.yaml:2' "-n: the rule of this namespace"
run "$BIN/secret-seal" --print-config -f - </dev/null
status_is 0 "standard input: exit 0"
out_unlike ': rule' "standard input: no rule"

# edit
mv prod/app.yaml prod/both.yaml
sed -n '1,4p' prod/both.yaml >prod/app.yaml
seal "$BIN/secret-seal" edit --print-config -n demo ./prod/app.yaml
is "$(secrets)" './prod/app.yaml:1: Secret demo/app: rule .secretmanager.yaml:6
  transit-key: staging (.secretmanager.yaml:6)' "edit: the rule's layout does not count"
out_like $'(^|\n)editor: vi \\(default\\)\n' "edit: its own options"
sed -i 's/{name: app}/{name: app, annotations: {secretmanager\/transit-key: team\/other}}/' prod/app.yaml
seal "$BIN/secret-seal" edit --print-config -n demo ./prod/app.yaml
status_is 2 "a contradiction: exit 2"
err_like 'Secret demo/app: sealed with Transit key team/other, but rule .secretmanager.yaml:6 names staging; ' \
	"a contradiction: the message of sealing"
done_testing

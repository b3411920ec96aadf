#!/bin/bash
# Messages, metrics and members of the log in docs/operations.md, deploy/alerts and deploy/grafana exist.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/operations.md alerts=$root/deploy/alerts/secretmanager.yaml dashboard=$root/deploy/grafana/secretmanager.json

# -- messages ---------------------------------------------------------------------------------------

run "$(dirname "$0")/documented-messages" "$page" 'invalid role name' 'service account name not authorized' 'namespace not authorized' \
	'invalid audience (aud) claim' 'permission denied' 'too old' 'Could not resolve'
out_like '^[3-9][0-9] rows$' "every message of the tables is one"

# -- metrics ----------------------------------------------------------------------------------------

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=1 app >/dev/null
run "$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/it.prom" --log-format json -o json
summary=$OUT line=$ERR
{
	cat "$TAP_WORK/it.prom"
	"$BIN/secret-seal" status -n demo -o prometheus
} >"$TAP_WORK/samples"
sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$TAP_WORK/samples" | sort >"$TAP_WORK/there"
# missing FILE: metrics that it names and no program has; kube-state-metrics' own are left out.
missing() { grep -o 'secretmanager_[a-z]*_[a-z_]*' "$1" | sort -u | comm -23 - "$TAP_WORK/there"; }
is "$(missing "$page")" "" "the metrics on the page exist"
is "$(missing "$alerts")" "" "the metrics in the alerts exist"
is "$(missing "$dashboard")" "" "the metrics in the dashboard exist"
is "$(grep -oh 'kube_[a-z_]*' "$alerts" "$dashboard" | sort -u | paste -sd ' ')" \
	"kube_cronjob_status_last_successful_time kube_pod_container_status_last_terminated_exitcode" \
	"all other metrics in both are from kube-state-metrics"

# -- members of the log and of the summary ------------------------------------------------------------

OUT=${line%%$'\n'*}
for member in time level program message; do
	ok "a line of the log has $member" [ -n "$(field "$member")" ]
	like "$(<"$page")" "\`$member\`" "the page names the member $member of a log line"
done
OUT=$summary
for member in ok complete keys failures; do ok "the summary has $member" [ -n "$(field "$member")" ]; done

# -- the alerts ---------------------------------------------------------------------------------------

run /usr/bin/python3 - "$root" "$alerts" <<'PY'
import os, re, sys
import yaml
root, alerts = sys.argv[1:]
with open(alerts) as file:
    groups = yaml.safe_load(file)["groups"]
names = set()
for group in groups:
    for rule in group["rules"]:
        name = rule["alert"]
        page, anchor = rule["annotations"]["runbook"].split("#")
        with open(os.path.join(root, page)) as file:
            headings = [re.sub(r"[^\w\- ]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")
                        for line in file if line.startswith("#")]
        wrong = [what for what, holds in (
            ("its name comes twice", name not in names),
            ("severity", rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})),
            ("for", re.fullmatch(r"[0-9]+[mhd]", rule["for"])),
            ("summary", rule["annotations"]["summary"]),
            ("runbook", anchor in headings),
            ("members", set(rule) == {"alert", "expr", "for", "labels", "annotations"})) if not holds]
        names.add(name)
        if wrong:
            print(name, *wrong, sep=": ")
print("%d alerts" % len(names))
PY
out_like '^1?[0-9] alerts$' "the alerts are complete, and each links to instructions"
[ "$STATUS" = 0 ] || tap_note "$ERR"
# -- the dashboard ------------------------------------------------------------------------------------

run /usr/bin/python3 -IS - "$dashboard" "$TAP_WORK/samples" <<'PY'
import json, re, sys
dashboard, samples = sys.argv[1:]
labels = {"kube_pod_container_status_last_terminated_exitcode": {"namespace"}}
with open(samples) as file:
    for name, text in re.findall(r"^([a-z_]+)\{(.*)\} ", file.read(), re.M):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', text))
with open(dashboard) as file:
    dashboard = json.load(file)
variables = {variable["name"] for variable in dashboard["templating"]["list"]}
print(*set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard["panels"]))) - variables, sep=": not a variable\n", end="")
ids = [panel["id"] for panel in dashboard["panels"]]
if len(set(ids)) != len(ids):
    print("duplicate id")
for panel in dashboard["panels"]:
    for target in panel["targets"]:
        expression = target["expr"]
        names = re.findall(r"\b(?:secretmanager|kube)_\w+", expression)
        used = re.findall(r"(\w+)=~?\"", expression) + re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        for group in re.findall(r"by \(([^)]*)\)", expression):
            used += group.split(", ")
        for name in names:
            for label in set(used) - labels[name]:
                print("%s: %s has no label %s" % (panel["title"], name, label))
        if not names or expression.count("(") != expression.count(")"):
            print("%s: not an expression" % panel["title"])
print("%d panels" % len(ids))
PY
out_like '^1[0-9] panels$' "the dashboard is JSON, and its metrics have the labels that it uses"
[ "$STATUS" = 0 ] || tap_note "$ERR"
is "$(grep -o 'docs/[a-z-]*\.md#[a-z-]*' "$dashboard" | sort -u | grep -vxFf <(grep -o 'docs/[a-z-]*\.md#[a-z-]*' "$alerts"))" "" \
	"the dashboard links to the alerts' instructions"

if command -v promtool >/dev/null; then
	run promtool check rules "$alerts"
	status_is 0 "promtool accepts the alerts"
fi
done_testing

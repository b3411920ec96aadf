#!/bin/bash
# docs/operations.md and deploy/alerts speak of messages, metrics and members of the log that there are.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/operations.md alerts=$root/deploy/alerts/secretmanager.yaml

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
} | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort >"$TAP_WORK/there"
# missing FILE: metrics that it names and no program has; kube-state-metrics' own are left out.
missing() { grep -o 'secretmanager_[a-z]*_[a-z_]*' "$1" | sort -u | comm -23 - "$TAP_WORK/there"; }
is "$(missing "$page")" "" "the metrics on the page exist"
is "$(missing "$alerts")" "" "the metrics in the alerts exist"
is "$(grep -o 'kube_[a-z_]*' "$alerts" | sort -u | paste -sd ' ')" \
	"kube_cronjob_status_last_successful_time kube_pod_container_status_last_terminated_exitcode" \
	"all other metrics in the alerts are from kube-state-metrics"

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
if command -v promtool >/dev/null; then
	run promtool check rules "$alerts"
	status_is 0 "promtool accepts the alerts"
fi
done_testing

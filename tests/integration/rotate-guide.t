#!/bin/bash
# Messages and metrics in docs/rotation.md exist in the programs.  (Its examples: readme.t.)
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

root=$(cd "$(dirname "$0")/../.." && pwd)
guide=$root/docs/rotation.md

run "$(dirname "$0")/documented-messages" "$guide" 'message authentication failed' 'too old' 403
out_like '^[23][0-9] rows$' "every message of the table exists"

# Each metric: with its prefix in the examples, without it in the table.
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=1 app >/dev/null
"$BIN/secret-rotate" -n demo --metrics-file "$TAP_WORK/it.prom" >/dev/null 2>&1
sed -n 's/^# TYPE secretmanager_rotate_\([a-z_]*\) .*/\1/p' "$TAP_WORK/it.prom" | sort >"$TAP_WORK/written"
{
	grep -o 'secretmanager_rotate_[a-z_]*' "$guide" | sed -e 's/^secretmanager_rotate_//' -e '/^$/d'
	awk '/^\| metric / { inside = 1; next } /^$/ { inside = 0 } inside' "$guide" | cut -d'|' -f2 | grep -o '`[a-z_]*`' | tr -d '`'
} | sort -u >"$TAP_WORK/named"
is "$(<"$TAP_WORK/named")" "$(<"$TAP_WORK/written")" "the page names all metrics, and no others"
done_testing

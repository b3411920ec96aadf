#!/bin/bash
# An immutable Secret can't be changed: it is reported, or another takes its place when that is asked for.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

names() {
	kube_call GET /api/v1/namespaces/demo/secrets
	field items | grep -o '"name": "app[^"]*"' | cut -d'"' -f4 | sort -u | tr '\n' ' '
}
"$BIN/secret-seal" --immutable --transit-key aes256-key --from-literal A=one --from-literal B=two --label team=red app >"$TAP_WORK/out"
old=$(names)
old=${old% }
like "$old" '^app-[a-z0-9]{10}$' "an immutable Secret"
run "$BIN/secret-rotate" -n demo
status_is 1 "is left"
err_like "Secret demo/$old: it is immutable: seal it again under a new name" "and named"
is "$(grep -c "$old: it is" <<<"$ERR")" 1 "once"
run "$BIN/secret-rotate" -n demo --phase rewrap --replace-immutable
status_is 1 "--replace-immutable: the old one stays, on its old version"
out_like 'current 0, .*failed 1, 1 replaced' "another is made"
err_like "Secret demo/$old: it is immutable, and app-[a-z0-9]{10} takes its place: let what uses it use that" "which is named"
both=$(names)
new=${both/$old/}
new=${new// /}
like "$new" '^app-[a-z0-9]{10}$' "with a suffix of its own"
like "$(stored "$new" A)$(stored "$new" B)" '^vault:v2:.*vault:v2:' "on the newest version"
like "$(stored "$old" A)" '^vault:v1:' "the old one is as it was"
kube_call GET "/api/v1/namespaces/demo/secrets/$new"
is "$(field immutable) $(field metadata.labels.team) $(field metadata.annotations.secretmanager/replaces)" "true red $old" "labels stay, and it says whose place it takes"
run "$BIN/secret-exec" --secret "$new" -- sh -c 'echo "$A $B"'
out_is "one two" "it decrypts"
run "$BIN/secret-rotate" -n demo --phase rewrap --replace-immutable
status_is 1 "a second run"
is "$(names)" "$both" "makes no other"
err_like "$new takes its place" "and says so again"
kube_call DELETE "/api/v1/namespaces/demo/secrets/$old"
run "$BIN/secret-rotate" -n demo --phase rewrap --replace-immutable
status_is 0 "with the old one gone, nothing is left"

"$BIN/secret-seal" --immutable --transit-key derived-key --from-literal A=bound bound >/dev/null
run "$BIN/secret-rotate" -n demo --transit-key derived-key --replace-immutable
status_is 1 "values bound to a name"
err_like 'Secret demo/bound-[a-z0-9]*: it is immutable, and its values are bound to its name: seal it again with secret-seal --immutable' "can't take another one"
done_testing

#!/bin/bash
# secret-seal reveal -f prints a manifest with plaintext instead of ciphertext, also for git diff.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../manifests.sh"

file=$TAP_WORK/app.yaml
terminal=$(dirname "$0")/../terminal
reveal() { run env -u KUBECONFIG -u KUBERNETES_SERVICE_HOST "$BIN/secret-seal" reveal --yes "$@"; }
# Seal the file in place.
seal() { run "$BIN/secret-seal" -n demo --in-place -f "$file" --transit-key aes256-key; }

silent() { "$@" >/dev/null; }

# -- the text -----------------------------------------------------------------------------------------

plain='# first
apiVersion: v1
kind: ConfigMap
metadata: {name: app} # {{ not a value }}
data: {A: "x"}
---
apiVersion: v1
kind: Secret
metadata:
  name: app
  namespace: demo
data:
  # a comment
  NUMBER: MTIz
  WORD: aHVudGVyMg== # hunter2
  LINES: LQogIHR3bwp0aHJlZQ==
  EMPTY: ""'
printf '%s\n' "$plain" >"$file"
seal
before=$(<"$file")
reveal -f "$file"
status_is 0 "a file: exit 0"
marked='  labels:
    secretmanager/sealed: "true"
  annotations:
    secretmanager/transit-key: "transit/aes256-key"
    secretmanager/layout: "per-key"'
out_is "${plain%data:$'\n  #'*}$marked
stringData:
  # a comment
  NUMBER: \"123\"
  WORD: hunter2 # hunter2
  LINES: |-
    -
      two
    three
  EMPTY: \"\"" "a file: all other text stays, data becomes stringData, and lines are a block"
ok "a file: the text is a manifest" silent "$BIN/secret-seal" --transit-key aes256-key --dry-run=client -f "$TAP_WORK/out" -n demo
is "$(<"$file")" "$before" "a file: it is not changed"
run env -u KUBECONFIG "$BIN/secret-seal" reveal --yes -f - <"$file"
status_is 0 "standard input: exit 0"
out_like 'WORD: hunter2 # hunter2' "standard input: the plaintext"
reveal -f "$file" app WORD
is "$STATUS $OUT" "0 hunter2" "a Secret and a data key: its bytes"
reveal -f "$file" app
out_is $'NUMBER: "123"\nWORD: "hunter2"\nLINES: |-\n  -\n    two\n  three\nEMPTY: ""' "a Secret: its values"

# forms CASE MANIFEST PATTERN...: the sealed manifest is printed with these patterns
forms() {
	local name=$1 pattern
	printf '%s' "$2" >"$file"
	seal
	reveal -n demo -f "$file"
	status_is 0 "$name: exit 0"
	for pattern in "${@:3}"; do out_like "$pattern" "$name: $pattern"; done
	out_unlike 'vault:v|dmF1bHQ6' "$name: no ciphertext"
}
forms "JSON" '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"app"},"data":{"A":"YQpi","B":"YiJj"}}' \
	'"stringData":\{"A":"a\\nb","B":"b\\"c"\}'
forms "a value that is not text" "apiVersion: v1
kind: Secret
metadata: {name: app}
data:
  A: AP8=
  B: dGV4dA==" $'\ndata:\n  A: "?AP8="?\n  B: dGV4dA==$'
forms "braces" '{apiVersion: v1, kind: Secret, metadata: {name: app}, data: {A: YQpi, B: "b25l"}}' 'stringData: \{A: "a\\nb", B: "one"\}'
forms "a block scalar, CRLF" $'apiVersion: v1\r\nkind: Secret\r\nmetadata: {name: app}\r\ndata:\r\n  A: |\r\n    YQpi\r\n' \
	$'stringData:\r\n  A: \|-\r\n    a\r\n    b\r\n*$'
forms "a List" 'apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: one}, stringData: {A: one}}
- apiVersion: v1
  kind: Secret
  metadata: {name: two}
  data:
    A: dHdv' 'A: one' $'\n  stringData:\n    A: two$'

cat >"$file" <<YAML
apiVersion: v1
kind: Secret
metadata: {name: app, $(annotated transit/aes256-key)}
data: {A: $(b64 aes256-key one), B: dHdv}
stringData: {C: "$(sealed aes256-key three)", D: four}
YAML
reveal -f "$file"
out_like 'data: \{A: b25l, B: dHdv\}.stringData: \{C: "three", D: four\}' "data and stringData, with plaintext in them: data keeps base64"
reveal -f "$file" app A
is "$STATUS $OUT" "0 one" "one value beside plaintext"

# -- bound values, keys -------------------------------------------------------------------------------

cat >"$file" <<YAML
apiVersion: v1
kind: Secret
metadata: {name: app, $(annotated transit/derived-key strict)}
data: {A: $(b64 derived-key bound demo/app/A)}
YAML
reveal -f "$file"
fails_with 2 '^secret-seal: [^ ]*app.yaml: scope strict binds to the namespace; pass -n NAMESPACE' "a bound value without a namespace: exit 2"
reveal -n demo -f "$file"
out_like 'stringData: \{A: bound\}' "a bound value, with -n"
reveal -n default -f "$file"
fails_with 1 'data key A: .*to which it is bound' "a bound value of another namespace: exit 1"
reveal -n demo --transit-key aes256-key -f "$file"
fails_with 2 'sealed with Transit key transit/derived-key, but aes256-key' "another key: exit 2"

# -- without ciphertext, errors -----------------------------------------------------------------------

echo 'a: {{ .b }' >"$file"
run env -i "$BIN/secret-seal" reveal --yes --vault-addr https://127.0.0.1:1 -f "$file"
status_is 1 "a template that is not YAML: exit 1"
echo 'a: b' >"$file"
run env -i "$BIN/secret-seal" reveal --yes --vault-addr https://127.0.0.1:1 -f "$file"
is "$STATUS $OUT" "0 a: b" "a file without Secrets: printed without Vault"
secret app A "$(b64 aes256-key one)" >"$file"
secret bad A "$(printf 'vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' | base64)" >>"$file"
reveal -f "$file"
fails_with 1 "$file: Secret demo/bad, data key A: " "a value that does not decrypt: exit 1, and nothing is printed"
reveal -f "$file" none
fails_with 1 'no Secret is called none' "a Secret that is not in the file: exit 1"
reveal -f "$file" app none
fails_with 1 'Secret demo/app: no value "none"' "a data key that is not in the Secret: exit 1"
reveal -f "$TAP_WORK/none"
fails_with 1 'none: No such file' "a missing file: exit 1"
run "$BIN/secret-seal" reveal -f "$file"
fails_with 2 'standard output is not a terminal.*--yes' "without --yes and a terminal: exit 2"
reveal -f "$file" a b c
fails_with 2 '-f: pass at most one NAME and at most one KEY' "too many operands: exit 2"
reveal -f - app
fails_with 2 '-f -: leave out NAME' "a NAME with standard input: exit 2"
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData: {A: "a\\e[2J", B: b}' >"$file"
seal
run "$terminal" '' -- "$BIN/secret-seal" reveal -f "$file"
status_is 0 "a control character on a terminal: base64, exit 0"
out_like 'A: "?YRtbMko=' "a control character is not printed on a terminal"

# -- git diff -----------------------------------------------------------------------------------------

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
cd "$TAP_WORK" && git init -q repository && cd repository || exit
git config user.name you && git config user.email you@example.com
git config diff.secret.textconv "$BIN/secret-seal reveal --yes -n demo -f"
echo '*-secret.yaml diff=secret' >.gitattributes
file=app-secret.yaml
printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  PASSWORD: one\n  KEPT: kept\n' >$file
seal
git add . && git commit -qm first
run "$BIN/secret-seal" -n demo --in-place -f $file --set PASSWORD=two
git commit -qam second
run git diff HEAD~1
out_like $'\n-  PASSWORD: one\n\\+  PASSWORD: two\n' "git diff: the changed plaintext"
out_unlike 'dmF1bHQ6' "git diff: no ciphertext"
git config diff.secret.textconv "$BIN/secret-seal reveal -n demo -f"
run git show
ok "git show without --yes: fails" test "$STATUS" != 0
unlike "$OUT" 'PASSWORD' "git show without --yes: prints no plaintext"
ok "the repository holds no plaintext" test -z "$(git grep -l -e two -e kept HEAD)"
done_testing

#!/bin/bash
# The rules in .secretmanager.yaml choose the Transit key, the scope and the layout for secret-seal -f and edit.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

dir=$TAP_WORK/repository
rules=$dir/.secretmanager.yaml
mkdir -p "$dir/prod/in" "$dir/dev" "$dir/.git"
cd "$dir" || exit
# manifest FILE [NAMESPACE]: write a Secret of plaintext
manifest() {
	printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n%sstringData:\n  A: one\n' "${2:+  namespace: $2$'\n'}" >"$1"
}
# annotated NAME FILE: the value of the annotation
annotated() { sed -nE "s/^ *secretmanager\/$1: *\"?([^\"]*)\"?$/\1/p" "$2"; }
# seal FILE [OPTION...]: in place
seal() { run "$BIN/secret-seal" -i -f "$@"; }
# value FILE: the plaintext of A
value() { "$BIN/secret-seal" reveal --yes -n demo -f "$1" app A; }

cat >"$rules" <<'YAML'
rules:
- path: "prod/**"
  namespace: "dem*"
  transit-key: team/transit/team-key
- path: "prod/**"
  transit-key: derived-key
  scope: namespace-wide
- path: "*.yaml"
  transit-key: aes256-key
- path: "**/document.yaml"
  transit-key: aes256-key
  layout: document
YAML

# -- -f ---------------------------------------------------------------------------------------------

manifest prod/in/app.yaml demo
seal prod/in/app.yaml
status_is 0 "a path and a namespace: exit 0"
is "$(annotated transit-key prod/in/app.yaml)" team/transit/team-key "a path and a namespace: the first rule's key"
is "$("$BIN/secret-seal" reveal --yes -f prod/in/app.yaml app A)" one "a path and a namespace: the value decrypts"
manifest prod/app.yaml other
seal prod/app.yaml
status_is 0 "another namespace: exit 0"
is "$(annotated transit-key prod/app.yaml)" transit/derived-key "another namespace: the next rule's key"
is "$(annotated scope prod/app.yaml)" namespace-wide "another namespace: the next rule's scope"
manifest app.yaml
seal app.yaml
is "$(annotated transit-key app.yaml)" transit/aes256-key "a name in the top folder: the key of its rule"
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData:\n  secrets.json: |\n    {"A": "one"}\n' >dev/document.yaml
seal dev/document.yaml
ok "a rule with a layout: sealed with it" grep -q "secretmanager/layout: \"document\"" dev/document.yaml
seal dev/document.yaml app --set B=two
is "$("$BIN/secret-seal" reveal --yes -f dev/document.yaml app B)" two "a rule with a layout: --set changes the document"
seal dev/document.yaml app --set B=two --layout per-key
fails_with 2 'its layout is document' "--layout wins over the rule, and contradicts the Secret: exit 2"
rm dev/document.yaml
manifest dev/app.yaml demo
seal dev/app.yaml
fails_with 2 'no Transit key' "no rule matches: exit 2, as without rules"
seal dev/app.yaml --transit-key derived-key
status_is 0 "no rule matches, --transit-key: exit 0"

manifest prod/app.yaml
seal prod/app.yaml
fails_with 2 '^secret-seal: prod/app.yaml: line 1: Secret app: .secretmanager.yaml:2: the rule depends on the namespace; set metadata.namespace, or pass -n NAMESPACE$' \
	"an unknown namespace that decides: exit 2"
seal prod/app.yaml -n demo
is "$(annotated transit-key prod/app.yaml)" team/transit/team-key "-n: the first rule's key"

# Two Secrets of one file may have two rules; so may the files of a folder.
manifest prod/app.yaml other
{
	cat prod/app.yaml
	echo ---
	sed 's/name: app/name: two/; s/other/demo/' prod/app.yaml
} >prod/both.yaml
seal prod -R
status_is 0 "a folder: exit 0"
is "$(annotated transit-key prod/both.yaml)" "transit/derived-key
team/transit/team-key" "two Secrets in a file: each has the key of its rule"

# The other targets.
manifest prod/app.yaml demo
run "$BIN/secret-seal" -f prod/app.yaml -o yaml
like "$OUT" 'transit-key: "team/transit/team-key"' "-o yaml: the rule's key"
run "$BIN/secret-seal" -f prod/app.yaml
out_is "secret/app created" "the API as target: written"
kube_call GET /api/v1/namespaces/demo/secrets/app
is "$(field metadata.annotations.secretmanager/transit-key)" team/transit/team-key "the API as target: the rule's key"
run "$BIN/secret-seal" -f - --dry-run=client <prod/app.yaml
fails_with 2 'no Transit key' "standard input: no rules"
run "$BIN/secret-seal" -f <(cat prod/app.yaml) --dry-run=client
fails_with 2 'no Transit key' "a pipe: no rules"
run "$BIN/secret-seal" --from-literal A=one --dry-run=client other
fails_with 2 'no Transit key' "without -f: no rules"
seal . -R
err_unlike 'secretmanager.yaml' "a folder with rules: they are not read as a manifest"

# -- which value wins -----------------------------------------------------------------------------------

manifest prod/app.yaml other
seal prod/app.yaml --transit-key aes256-key
fails_with 2 'scope namespace-wide: Transit key transit/aes256-key is not derived' "--transit-key: the rule's scope still counts"
seal prod/app.yaml --scope strict
is "$(annotated scope prod/app.yaml)" strict "--scope wins over the rule"
is "$(annotated transit-key prod/app.yaml)" transit/derived-key "--scope: the rule's key still counts"
manifest prod/app.yaml demo
SECRET_SEAL_TRANSIT_KEY=derived-key seal prod/app.yaml
is "$(annotated transit-key prod/app.yaml)" transit/derived-key "the environment wins over the rule"

# prod/app.yaml is sealed with derived-key, and the rule names team-key.
cp prod/app.yaml "$TAP_WORK/before"
sed -i 's/^data:/stringData:\n  B: two\n&/' prod/app.yaml
seal prod/app.yaml
fails_with 2 'Secret demo/app: sealed with Transit key transit/derived-key, but rule .secretmanager.yaml:2 names team/transit/team-key; change the rule, or seal the Secret again$' \
	"a rule that contradicts the annotation: exit 2"
seal prod/app.yaml --transit-key derived-key
status_is 0 "a contradiction, and the options of the annotation: exit 0"
cp "$TAP_WORK/before" prod/app.yaml
seal prod/app.yaml --set A=new
fails_with 2 'sealed with Transit key transit/derived-key, but rule' "a contradiction with --set: exit 2"
seal prod/app.yaml
status_is 0 "nothing to seal: the annotation is not compared"

# -- edit ---------------------------------------------------------------------------------------------

cat >"$TAP_WORK/editor" <<'SH'
#!/bin/sh
sed -i 's/one/two/' "$1"
SH
chmod +x "$TAP_WORK/editor"
edit() { run "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" "$@"; }
edit ./prod/app.yaml
fails_with 2 'sealed with Transit key transit/derived-key, but rule' "edit: a contradiction: exit 2"
edit ./prod/app.yaml --transit-key derived-key
status_is 0 "edit, --transit-key: exit 0"
is "$(value prod/app.yaml)" two "edit, --transit-key: the value is changed"
sed -i 's/scope: namespace-wide/scope: strict/' "$rules"
manifest prod/app.yaml other
sed -i 's/^stringData:.*/data: {}/; /^  A:/d' prod/app.yaml
cat >"$TAP_WORK/new" <<'SH'
#!/bin/sh
echo 'A: three' >"$1"
SH
chmod +x "$TAP_WORK/new"
edit ./prod/app.yaml --editor "$TAP_WORK/new"
status_is 0 "edit of a Secret without values: exit 0"
is "$(annotated transit-key prod/app.yaml) $(annotated scope prod/app.yaml)" "transit/derived-key strict" \
	"edit of a Secret without values: the rule's key and scope"

# -- where the rules are ------------------------------------------------------------------------------------

manifest prod/app.yaml demo
(cd prod/in && seal ../app.yaml)
is "$(annotated transit-key prod/app.yaml)" team/transit/team-key "from another folder: the same rule"
manifest prod/app.yaml demo
ln -s ../prod/app.yaml dev/link.yaml
seal dev/link.yaml
is "$(annotated transit-key prod/app.yaml)" team/transit/team-key "a link to a manifest: the rule of its target"
rm dev/link.yaml
printf 'rules: [{transit-key: derived-key}]\n' >prod/.secretmanager.yaml
manifest prod/app.yaml demo
seal prod/app.yaml
is "$(annotated transit-key prod/app.yaml)" transit/derived-key "two files of rules: the nearest one counts"
rm prod/.secretmanager.yaml
mkdir prod/.git
manifest prod/app.yaml demo
seal prod/app.yaml
fails_with 2 'no Transit key' "a folder with .git: the search ends there"
rmdir prod/.git
mv .secretmanager.yaml rules.yaml
ln -s rules.yaml .secretmanager.yaml
seal prod/app.yaml
fails_with 1 '.secretmanager.yaml: not a regular file; links are refused$' "a link as the file of rules: refused"
rm .secretmanager.yaml
mv rules.yaml .secretmanager.yaml
if [ "$(id -u)" = 0 ]; then
	chown 12345 .secretmanager.yaml
	seal prod/app.yaml
	fails_with 1 "$dir/.secretmanager.yaml: owned by another user, and not by the owner of $dir/prod; " "rules of another user: refused"
	chown 12345 prod
	seal prod/app.yaml
	status_is 0 "rules of the owner of the manifest's folder: exit 0"
	chown 0 prod .secretmanager.yaml
else
	ok "rules of another user # SKIP not root" true
fi

# -- broken rules -------------------------------------------------------------------------------------------

manifest prod/app.yaml demo
before=$(cat prod/app.yaml)
printf 'rules:\n- transit-key: derived-key\nvault-addr: https://vault.example.com\n' >"$rules"
seal prod/app.yaml
fails_with 1 '.secretmanager.yaml: line 3, column 1: unknown member; the file has only "rules", without addresses and credentials$' \
	"an address in the rules: refused"
is "$(cat prod/app.yaml)" "$before" "broken rules: the manifest is unchanged"
head -c 70000 /dev/zero | tr '\0' '#' >"$rules"
seal prod/app.yaml
fails_with 1 '.secretmanager.yaml: .*65536' "a file of more than 64 KiB: refused"
done_testing

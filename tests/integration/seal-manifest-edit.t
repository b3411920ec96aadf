#!/bin/bash
# secret-seal changes single values of a Secret in a manifest file: by options, and in an editor.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

file=$TAP_WORK/app.yaml
cat >"$TAP_WORK/plain.yaml" <<'YAML'
# before
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
---
apiVersion: v1
kind: Secret
metadata:
  name: app
data:
  # one
  A: b25l   # a
  B: "dHdv" # b
  C: dGhyZWU=
---
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: demo}
stringData: {A: other}
# after
YAML
seal() { run "$BIN/secret-seal" -n demo --in-place -f "$file" "$@"; }
cp "$TAP_WORK/plain.yaml" "$file"
seal --transit-key derived-key
status_is 0 "two Secrets in place: exit 0"
cp "$file" "$TAP_WORK/sealed.yaml"
# changes: the lines that differ from the sealed file, ciphertext aside
changes() { diff "$TAP_WORK/sealed.yaml" "$file" | grep '^[<>]' | sed -E 's/dmF1bHQ6[A-Za-z0-9+/=]+/CIPHERTEXT/'; }
# opened NAME KEY: the value, after the manifest was written to the API
opened() {
	"$BIN/secret-seal" -n demo -f "$file" >/dev/null 2>&1
	run "$BIN/secret-exec" --secret "$1" -- printenv "$2"
	printf %s "$OUT"
}

seal app --set B=new
status_is 0 "--set: exit 0"
is "$(changes)" '<   B: "CIPHERTEXT" # b
>   B: "CIPHERTEXT" # b' "--set: nothing else changes"
is "$(opened app B)" new "--set: the value decrypts"
cp "$file" "$TAP_WORK/sealed.yaml"
seal app --unset C --rename A=Z --set D=four
status_is 0 "--unset, --rename and --set: exit 0"
is "$(changes)" '<   A: CIPHERTEXT   # a
>   Z: CIPHERTEXT   # a
<   C: CIPHERTEXT
>   D: CIPHERTEXT' "--unset, --rename and --set: comments keep their values"
is "$(opened app Z) $(opened app D)" "one four" "--unset, --rename and --set: values decrypt under their names"
cp "$file" "$TAP_WORK/sealed.yaml"
seal other --set 'A=another value'
is "$(changes | wc -l)" 2 "--set in flow style: only the value changes"
is "$(opened other A)" "another value" "--set in flow style: the value decrypts"

seal other --rename A=B
status_is 0 "--rename of the only value: exit 0"
is "$(opened other B)" "another value" "--rename of the only value: it decrypts under the new name"
seal other --unset B --set A=third
status_is 0 "--unset of the only value and --set: exit 0"
is "$(opened other A)" third "--unset of the only value and --set: the value decrypts"
yaml=$file
for key in derived-key aes256-key; do
	file=$TAP_WORK/$key.json
	printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},"stringData":{"A":"one"}}' "$key" >"$file"
	seal --transit-key "$key"
	seal "$key" --rename A=B
	status_is 0 "JSON, $key: --rename of the only value: exit 0"
	is "$(opened "$key" B)" one "JSON, $key: --rename of the only value: it decrypts under the new name"
	seal "$key" --unset B --set C=two
	status_is 0 "JSON, $key: --unset of the only value and --set: exit 0"
	is "$(opened "$key" C)" two "JSON, $key: --unset of the only value and --set: the value decrypts"
done
file=$yaml

before=$(sha256sum <"$file")
unchanged() { is "$(sha256sum <"$file")" "$before" "$1: the file is unchanged"; }
seal --set A=b
fails_with 2 'app\.yaml: more than one Secret; name one' "two Secrets and no name"
unchanged "two Secrets and no name"
seal missing --set A=b
fails_with 1 'app\.yaml: no Secret is called missing' "a Secret that is missing"
unchanged "a Secret that is missing"
seal app --unset NONE
fails_with 1 'no data key "NONE"' "a value that is missing"
unchanged "a value that is missing"
seal app --rename Z=D
fails_with 2 'data key "D" already exists' "a name that is in use"
unchanged "a name that is in use"
run "$BIN/secret-seal" -f "$file" app --set A=b
fails_with 2 'add --in-place' "--set without --in-place"
sed 's/transit\/derived-key/transit\/aes256-key/' "$file" >"$TAP_WORK/forged.yaml"
run "$BIN/secret-seal" -n demo -i -f "$TAP_WORK/forged.yaml" app --set A=b
is "$STATUS" 2 "a forged annotation: exit 2"

# In an editor.
cat >"$TAP_WORK/editor" <<'SH'
#!/bin/bash
cp "$1" "${0%/*}/shown"
sed -i 's/^B: .*/B: "edited"/; /^D:/d' "$1"
printf 'E: "five"\n' >>"$1"
SH
chmod +x "$TAP_WORK/editor"
cp "$file" "$TAP_WORK/sealed.yaml"
edit() { run "$BIN/secret-seal" edit -n demo --editor "$1" "${@:2}"; }
edit "$TAP_WORK/editor" -f "$file" app
status_is 0 "edit -f: exit 0"
out_is "$file edited" "edit -f: reported"
like "$(<"$TAP_WORK/shown")" 'B: "new"' "edit -f: the editor shows values"
is "$(changes)" '<   B: "CIPHERTEXT" # b
<   D: CIPHERTEXT
>   B: "CIPHERTEXT" # b
>   E: CIPHERTEXT' "edit -f: only edited values are sealed again"
is "$(opened app B) $(opened app E)" "edited five" "edit -f: values decrypt"
before=$(stat -c '%i %Y' "$file")
edit true -f "$file" other
out_is "$file not changed" "edit -f without a change: reported"
is "$(stat -c '%i %Y' "$file")" "$before" "edit -f without a change: the file is not replaced"
cd "$TAP_WORK" || exit 1
edit true ./app.yaml
fails_with 2 'more than one Secret' "an operand with a slash is a file"
awk 'BEGIN { RS = "---\n" } NR == 2' app.yaml >single.yaml
edit true ./single.yaml
out_is "./single.yaml not changed" "a file with one Secret needs no name"
# An operand is a file if it has a slash, or the ending of a manifest and such a file exists.
edit true single.yaml
out_is "single.yaml not changed" "an operand that ends in .yaml is a file"
cp single.yaml single.yml
edit true single.yml
out_is "single.yml not changed" "an operand that ends in .yml is a file"
edit true app -f single.yaml
out_is "single.yaml not changed" "with -f the operand is a name"
"$BIN/secret-seal" -n demo --transit-key aes256-key --set A=1 single >/dev/null
"$BIN/secret-seal" -n demo --transit-key aes256-key --set A=1 json.json >/dev/null
cp single.yaml single
edit true single
out_is "secret/single not changed" "an operand without such an ending is a Secret, also if a file has its name"
edit true json.json
out_is "secret/json.json not changed" "an operand that ends in .json is a Secret if no such file exists"
mkdir folder.yaml
edit true folder.yaml
fails_with 1 'Secret demo/folder.yaml: .*404.*; .* file folder.yaml' "an operand that is a folder: exit 1"
cp single.yaml nothing
edit true nothing
fails_with 1 'Secret demo/nothing: .*404.*; .*pass \./nothing$' "a missing Secret, and a file of its name: exit 1 with the advice"
cp single.yaml No_Name
edit true No_Name
fails_with 2 "\"No_Name\": .*name; .*pass \./No_Name$" "a file whose name is not valid for a Secret: exit 2 with the advice"
edit true nowhere
fails_with 1 'Secret demo/nowhere: .*404' "a missing Secret, and no file: exit 1"
err_unlike 'file' "a missing Secret, and no file: files are not mentioned"
edit true nowhere/app.yaml
fails_with 1 '^secret-seal: nowhere/app.yaml: No such file' "a missing path: exit 1"
run "$BIN/secret-seal" edit --editor true ./single.yaml
fails_with 2 'scope strict binds to the namespace; pass -n' "a bound value without a namespace: exit 2"

# Another process, with its own token, changes another value of the same document during the edit.
printf '%s\n' "$VAULT_TOKEN" >"$TAP_WORK/their-token"
cat >"$TAP_WORK/slow" <<'SH'
#!/bin/bash
[ -e "$0.once" ] && exit
touch "$0.once"
sed -i 's/^B: .*/B: "mine"/' "$1"
"$BIN/secret-seal" --token-file "${0%/*}/their-token" -n demo -i -f "${0%/*}/app.yaml" app --set E=theirs
SH
chmod +x "$TAP_WORK/slow"
export BIN
edit "$TAP_WORK/slow" -f "$file" app
status_is 0 "another process changed another value: exit 0"
is "$(opened app B) $(opened app E)" "mine theirs" "both changes are in the manifest"
rm "$TAP_WORK/slow.once"
sed -i 's/--set E=theirs/--set B=theirs/; s/mine/mine too/' "$TAP_WORK/slow"
edit "$TAP_WORK/slow" -f "$file" app </dev/null
is "$STATUS" 1 "both changed the same value, and the conflict is not resolved: exit 1"
err_like 'conflict marker' "a conflict that is not resolved is refused"
is "$(opened app B)" theirs "the other process's value stays"

# Placeholders for the name and the namespace can stay, unless the values are bound to them.
placeholders() { sed -e 's/name: "placed"/name: "${NAME}-placed"/; s/namespace: "demo"/namespace: "{{ .Release.Namespace }}"/' >"$TAP_WORK/placeholders.yaml"; }
"$BIN/secret-seal" --transit-key derived-key --scope cluster-wide -n demo --dry-run=client --set A=old placed | placeholders
run "$BIN/secret-seal" -i -f "$TAP_WORK/placeholders.yaml" --set B=old
status_is 0 "placeholders, and values bound to nothing: a value is set"
run "$BIN/secret-seal" edit --editor 'sed -i s/old/new/' "$TAP_WORK/placeholders.yaml"
status_is 0 "placeholders, and values bound to nothing: edited"
sed -i 's/${NAME}-//; s/{{ .Release.Namespace }}/demo/' "$TAP_WORK/placeholders.yaml"
"$BIN/secret-seal" -f "$TAP_WORK/placeholders.yaml" >/dev/null 2>&1
run "$BIN/secret-exec" --secret placed -- sh -c 'echo "$A $B"'
out_is "new new" "after the placeholders are replaced, the application gets the values"
for scope in strict namespace-wide; do
	printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: "${NAMESPACE}"}\n' >"$TAP_WORK/placeholders.yaml"
	run "$BIN/secret-seal" -i -f "$TAP_WORK/placeholders.yaml" --transit-key derived-key --scope $scope --set A=x
	fails_with 2 "NAMESPACE.*scope $scope binds to it" "a placeholder for the namespace, and scope $scope: exit 2"
done
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: "${NAME}", namespace: demo}\n' >"$TAP_WORK/placeholders.yaml"
run "$BIN/secret-seal" -i -f "$TAP_WORK/placeholders.yaml" --transit-key derived-key --set A=x
fails_with 2 "NAME.*scope strict binds to the Secret's name" "a placeholder for the name, and scope strict: exit 2"

# Without a namespace, messages do not show one.
printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: nowhere\nstringData:\n  A: one\n' >"$TAP_WORK/nowhere.yaml"
run env KUBECONFIG=/dev/null "$BIN/secret-seal" --transit-key aes256-key --in-place -f "$TAP_WORK/nowhere.yaml" --unset GONE
fails_with 1 'Secret nowhere: no data key "GONE"' "without a namespace, messages show the name only"

done_testing

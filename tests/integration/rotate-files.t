#!/bin/bash
# secret-rotate --files rewraps manifests in place: only the ciphertext changes.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
file=$dir/app.yaml
mkdir "$dir"
# All but the ciphertext, and the length of each line.
shape() { sed -E 's/[A-Za-z0-9+/=:]{12,}/X/g' "$1"; }
lengths() { awk '{ print length }' "$1"; }

# -- styles: comments, quotes, block scalars, braces, JSON --------------------------------------------

long=$(printf 'long%.0s' {1..40})
cat >"$file" <<YAML
# before
%YAML 1.1
---   # first
apiVersion: v1
kind: ConfigMap
metadata: {name: app}   # vault:v1: is a prefix
data: {PREFIX: "vault:v1:"}
---
apiVersion: v1
kind: Secret
metadata:
    name:   app
    namespace: demo
    labels: {secretmanager/sealed: "true"}
    $(annotated transit/derived-key strict)
data:
  # a
  A: $(b64 derived-key one demo/app/A)   # a
  "B":  "$(b64 derived-key two demo/app/B)" # b

  C: '$(b64 derived-key three demo/app/C)'
  D: |   # in lines
$(b64 derived-key "$long" demo/app/D | fold -w 64 | sed 's/^/      /')

  E: >-
    $(b64 derived-key five demo/app/E)
stringData:
  F: $(sealed derived-key six demo/app/F)	# f
  G: |-
    $(sealed derived-key seven demo/app/G)
  H: "$(sealed derived-key eight demo/app/H)"
  I: '$(sealed derived-key nine demo/app/I)'
---
{apiVersion: v1, kind: Secret, metadata: {name: braces, namespace: demo, # why
   $(annotated transit/aes256-key)}, data: {A: $(b64 aes256-key braces), B: "$(b64 aes256-key too)"}}
---
apiVersion: v1
kind: List
items:
- kind: Secret
  apiVersion: v1
  metadata:
    name: item
    $(annotated team/transit/team-key)
  stringData:
    A: $(sealed team/transit/team-key item)
- kind: Secret
  apiVersion: v1
  metadata:
    name: wide
    $(annotated transit/derived-key namespace-wide)
  data: {A: $(b64 derived-key wide demo//A)}
# after
YAML
printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"json","namespace":"demo","annotations":{\n\t"secretmanager/transit-key":"transit/aes256-key"}},"data":{"A" : "%s"}}\n{"kind": "List"}' \
	"$(b64 aes256-key json)" >"$dir/app.json"
secret lines A "$(b64 aes256-key crlf)" | sed 's/$/\r/' >"$dir/lines.yml"
chmod 0640 "$file"
chown 12345:23456 "$file" 2>/dev/null
owner=$(stat -c '%u:%g %a' "$file")
cp -r "$dir" "$TAP_WORK/before"
is "$(versions "$file")" "v1 x 13" "before: all values are on version 1"

new_version transit/aes256-key transit/derived-key team/transit/team-key
bad_vault relay
run env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" "$BIN/secret-rotate" --files -n demo "$dir"
status_is 0 "a folder of manifests: exit 0"
out_is "keys rotated 0, files 3, changed 3, Secrets 6, current 0, rewrapped 6, old 0, of other keys 0, failed 0, not read or replaced 0" "a folder of manifests: the summary"
err_is "secret-rotate: $dir/app.json: 1 value rewrapped
secret-rotate: $file: 13 values rewrapped
secret-rotate: $dir/lines.yml: 1 value rewrapped" "each file is reported, in the order of names"
is "$(grep -c 'POST /v1/.*/rewrap/' "$BAD_LOG")" 3 "one rewrap request for each key, for all files together"
is "$(grep -c 'GET /v1/.*/keys/' "$BAD_LOG")" 3 "one request for each key's newest version"
for name in app.yaml app.json lines.yml; do
	is "$(shape "$dir/$name")" "$(shape "$TAP_WORK/before/$name")" "$name: all else is unchanged"
	is "$(lengths "$dir/$name")" "$(lengths "$TAP_WORK/before/$name")" "$name: the lengths of lines are unchanged"
done
is "$(versions "$file"), $(versions "$dir/app.json"), $(versions "$dir/lines.yml")" "v2 x 13, v2 x 1, v2 x 1" "all values are on version 2"
is "$(stat -c '%u:%g %a' "$file")" "$owner" "owner and mode are kept"
is "$(ls -A "$dir")" "$(ls -A "$TAP_WORK/before")" "no temporary file is left"

# shown FILE NAME: its values, as secret-seal reveals them from the API
shown() {
	"$BIN/secret-seal" -n demo -f "$1" >/dev/null 2>"$TAP_WORK/shown" || tap_note "$(<"$TAP_WORK/shown")"
	"$BIN/secret-seal" reveal -n demo --yes "$2" | tr -d '"'
}
same_values() {
	is "$(shown "$file" app | sort)" "A: one
B: two
C: three
D: $long
E: five
F: six
G: seven
H: eight
I: nine" "$1: the values are the same"
	is "$(for name in braces item wide; do shown "$file" $name; done; shown "$dir/app.json" json; shown "$dir/lines.yml" lines)" \
		"A: braces
B: too
A: item
A: wide
A: json
A: crlf" "$1: the values of the other Secrets are the same"
}
same_values "version 2"

before=$(inode "$file")
rotate -n demo "$dir"
status_is 0 "nothing old: exit 0"
out_like '^keys rotated 0, files 3, changed 0, Secrets 6, current 6, rewrapped 0,' "nothing old: the summary"
is "$(inode "$file")" "$before" "nothing old: the files are not replaced"
err_is "" "nothing old: no message"

# A version with another digit.
for _ in {3..10}; do new_version transit/derived-key; done
rotate -n demo "$dir"
status_is 0 "from version 2 to 10: exit 0"
out_like 'files 3, changed 1, Secrets 6, current 4, rewrapped 2,' "from version 2 to 10: files of other keys are not replaced"
is "$(versions "$file")" "v10 x 10, v2 x 3" "from version 2 to 10: each value is on its key's newest version"
is "$(shape "$file" | wc -l)" "$(shape "$TAP_WORK/before/app.yaml" | wc -l)" "from version 2 to 10: the number of lines is the same"
same_values "version 10"

# -- which files are read ------------------------------------------------------------------------------

one() { secret "$1" A "$(b64 aes256-key "$1")"; }
rm -rf "$dir" && mkdir -p "$dir/sub/deep" "$dir/.git" "$dir/.hidden" "$TAP_WORK/elsewhere"
one first >"$dir/first.yaml"
one deep >"$dir/sub/deep/deep.yml"
one git >"$dir/.git/git.yaml"
one hidden >"$dir/.hidden/hidden.yaml"
one text >"$dir/text.txt"
one linked >"$TAP_WORK/elsewhere/linked"
one folder >"$TAP_WORK/elsewhere/folder.yaml"
ln -s "$TAP_WORK/elsewhere/linked" "$dir/linked.yaml"
ln -s "$TAP_WORK/elsewhere" "$dir/sub/elsewhere.yaml"
ln "$dir/first.yaml" "$dir/hard.yaml"
printf '{{- if .Values.replicas }}\nreplicas: {{ .Values.replicas }}\n{{- end }}\n' >"$dir/template.yaml"
: >"$dir/empty.yaml"
new_version transit/aes256-key
rotate "$dir" "$dir/text.txt" "$dir/first.yaml"
status_is 0 "folders and files: exit 0"
out_like '^keys rotated 0, files 8, changed 5, Secrets 6, current 1, rewrapped 5,.*failed 0, not read or replaced 0' \
	"files in folders, by a link, with two names and by name are counted"
is "$(versions "$dir/first.yaml") $(versions "$dir/sub/deep/deep.yml") $(versions "$dir/text.txt") $(versions "$TAP_WORK/elsewhere/linked") $(versions "$dir/hard.yaml")" \
	"v3 x 1 v3 x 1 v3 x 1 v3 x 1 v3 x 1" "files in folders, by a link, with two names and by name are rewrapped"
ok "a symbolic link is still a link" [ -L "$dir/linked.yaml" ]
is "$(versions "$dir/.git/git.yaml") $(versions "$dir/.hidden/hidden.yaml") $(versions "$TAP_WORK/elsewhere/folder.yaml")" \
	"v2 x 1 v2 x 1 v2 x 1" "hidden and linked folders are not read"
rotate "$dir/template.yaml"
status_is 0 "a template without ciphertext: exit 0"
err_is "secret-rotate: warning: no sealed Secret was found in 1 file" "a template without ciphertext: a warning that nothing was found"
cd "$dir/.hidden" || exit 1
rotate .
cd "$OLDPWD" || exit 1
out_like 'changed 1' "a hidden folder that is named is read"
new_version transit/aes256-key

# -- dry run and verify----------------------------------------------------------------------------------

rm -rf "$dir" && mkdir "$dir"
{
	secret app A "$(b64 aes256-key one)"
	printf '  B: %s\n' "$(b64 aes256-key two)"
	secret new A "$(b64 aes256-key one)"
} >"$file"
new_version transit/aes256-key
printf '  B: %s\n' "$(b64 aes256-key two)" >>"$file"
before="$(inode "$file") $(sha256sum <"$file")"
unchanged() { is "$(inode "$file") $(sha256sum <"$file")" "$before" "$1: the file is unchanged"; }
rotate --dry-run "$dir"
status_is 0 "a dry run: exit 0"
is "${OUT%$'\n'*}" "$file: Secret demo/app: 2 values v4 -> v5
$file: Secret demo/new: 1 value v4 -> v5" "a dry run: lists what is old"
out_like 'files 1, changed 0, Secrets 2, current 0, rewrapped 0, old 2,' "a dry run: counts what is old"
unchanged "a dry run"
rotate --phase verify "$dir"
status_is 1 "verify: exit 1 if something is old"
is "${ERR%$'\n'*}" "secret-rotate: $file:2: Secret demo/app: 2 values are of an old version (v4): the newest of Transit key transit/aes256-key is v5
secret-rotate: $file:12: Secret demo/new: 1 value is of an old version (v4): the newest of Transit key transit/aes256-key is v5" "verify: reports what is old, with the line"
err_like $'\nsecret-rotate: 2 of 2 Secrets are not all on the newest version; .*rewrap with secret-rotate --files$' "verify: the advice"
unchanged "verify"
rotate --phase all --dry-run "$dir"
is "${OUT%$'\n'*}" "$file: Secret demo/app: 2 values v4 -> v6
$file: Secret demo/new: 2 values v4..v5 -> v6" "a dry run of all phases: lists what is old"
err_is "secret-rotate: dry run: would rotate Transit key transit/aes256-key to version 6" "a dry run of all phases: reports the rotation of the key"
unchanged "a dry run of all phases"
rotate --phase rotate --min-age 1h "$dir"
status_is 0 "--min-age: exit 0"
err_like 'version 5 ' "--min-age: names the version"
out_like '^keys rotated 0,' "--min-age: a younger key is not rotated"
rotate --phase rotate "$dir"
status_is 0 "--phase rotate: exit 0"
out_like '^keys rotated 1, files 1, changed 0, Secrets 2,' "--phase rotate: rotates the keys that the files name"
unchanged "--phase rotate"
rotate --phase all "$dir"
status_is 0 "--phase all: exit 0"
out_like '^keys rotated 1, files 1, changed 1, Secrets 2, current 0, rewrapped 2,' "--phase all: rotates and rewraps"
is "$(versions "$file")" "v7 x 4" "--phase all: all values are on the newest version"
rotate --phase verify "$dir"
status_is 0 "verify after --phase all: exit 0"

# Files that cannot be read are reported, and fails the verification if it may hold ciphertext.
sealed=$(<"$file")
# verify_also STATUS PATTERN TEXT COMMAND...: the text, filtered by the command, beside a file that is up to date
verify_also() {
	printf '%s\n' "$3" | "${@:4}" >"$dir/other.yaml"
	rotate --phase verify "$dir"
	is "$STATUS" "$1" "verify: $2: exit $1"
	err_like "$dir/other.yaml: $2" "verify: $2: reported"
}
head=$'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n'
warned='not checked, as it holds no ciphertext: '
openshift=$'apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- kind: Secret\n  apiVersion: v1\n  metadata: {name: x}\n'
verify_also 0 'line 1: .*a template' "$head"'stringData: {A: "{{ .Values.a }}"}' cat
err_like "warning: $warned" "verify: a template is a warning"
verify_also 0 'line 4, column [0-9]+: .*Helm template' "$head"'data: {A: {{ .Values.a }}}' cat
verify_also 0 'line 4, column 3: a Secret in an OpenShift Template' "$openshift"'  stringData: {A: "${A}"}' cat
verify_also 1 'line 4, column 3: a Secret in an OpenShift Template' "$openshift  data: {A: $(b64 aes256-key one)}" cat
verify_also 1 'line 4, column [0-9]+: .*Helm template' "$head"'data: {A: {{ .Values.a }}, B: '"$(b64 aes256-key one)}" cat
verify_also 1 'text in UTF-16; convert it to UTF-8' "$sealed" iconv -f UTF-8 -t UTF-16
verify_also 1 'text in UTF-16; convert it to UTF-8' "$sealed" iconv -f UTF-8 -t UTF-16LE
rm "$dir/other.yaml"

# -- keys ---------------------------------------------------------------------------------------------

{
	secret ours A "$(b64 aes256-key one)"
	secret keyless A "$(b64 aes256-key two)" "labels: {app: x}"
	secret theirs A "$(b64 team/transit/team-key three)" "$(annotated team/transit/team-key)"
} >"$file"
new_version transit/aes256-key team/transit/team-key
rotate "$file"
status_is 1 "a Secret without a known key: exit 1"
err_like "$file:11: Secret demo/keyless: no Transit key is known.*--transit-key" "a Secret without a known key: reported"
is "$(versions "$file")" "v3 x 1, v7 x 1, v8 x 1" "a Secret without a known key: the others are rewrapped"
secret theirs A "$(b64 team/transit/team-key three)" "$(annotated team/transit/team-key)" >>"$file"
new_version team/transit/team-key
rotate --transit-key aes256-key "$file"
status_is 0 "--transit-key: exit 0"
out_like 'Secrets 4, current 1, rewrapped 1, old 0, of other keys 2, failed 0' "--transit-key: the Secret is rewrapped, and Secrets of other keys are not"
run as_pod rotator env -u KUBERNETES_SERVICE_HOST VAULT_ROLE=secret-rotate "$BIN/secret-rotate" --files "$file"
status_is 1 "a key without permission: exit 1"
err_like 'Transit key team/transit/team-key: .*403' "a key without permission: reported"
err_like "Secret demo/theirs: its Transit key team/transit/team-key can't be used" "a key without permission: its Secrets are reported"
secret ours A "$(b64 aes256-key one)" >"$file"
new_version transit/aes256-key
run as_pod rotator env -u KUBERNETES_SERVICE_HOST VAULT_ROLE=secret-rotate "$BIN/secret-rotate" --files "$file"
status_is 0 "the permissions of the secret-rotate policy suffice: exit 0"
is "$(versions "$file")" "v9 x 1" "without a cluster: the value is rewrapped"
run env VAULT_TOKEN=wrong "$BIN/secret-rotate" --files "$file"
is "$STATUS" 1 "an unknown token: exit 1"

# -- bound values -------------------------------------------------------------------------------------

nowhere() { secret "$1" A "$(b64 derived-key bound "demo/$1/A")" "$(annotated transit/derived-key strict)" | sed '/^  namespace:/d'; }
{
	nowhere app
	secret free A "$(b64 aes256-key free)"
} >"$file"
new_version transit/derived-key transit/aes256-key
rotate "$file"
status_is 1 "a bound value without a namespace: exit 1"
err_like "$file:2: Secret app: scope strict binds to the namespace.*-n" "a bound value without a namespace: reported with the line"
is "$(versions "$file")" "v10 x 2" "a bound value without a namespace: the other Secret is rewrapped"
rotate -n prod "$file"
status_is 1 "a wrong namespace: exit 1"
err_like "$file:8: Secret prod/app: data key \"A\": Vault can't rewrap it: .*authentication failed.*sealed for prod/app" "a wrong namespace: Vault refuses"
rotate -n demo "$file"
status_is 0 "the right namespace: exit 0"
is "$(versions "$file")" "v10 x 1, v11 x 1" "the right namespace: the value is rewrapped"
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  generateName: app-\n  namespace: demo\n  %s\ndata: {A: %s}\n' \
	"$(annotated transit/derived-key strict)" "$(b64 derived-key x demo/x/A)" >"$file"
rotate "$file"
err_like 'Secret demo/\(metadata.generateName\): scope strict binds to the name' "a generated name: reported"
secret app A "$(b64 derived-key x demo/app/A)" "$(annotated transit/derived-key)" >"$file"
new_version transit/derived-key
rotate "$file"
status_is 1 "a derived key without a scope: exit 1"
err_like "Secret demo/app: .*context" "a derived key without a scope: Vault's message"

# -- the command line ---------------------------------------------------------------------------------

rotate
fails_with 2 'name the files or folders' "no path: exit 2"
rotate --phase retire "$file"
fails_with 2 '--phase "retire": .*--files; write rewrap' "--phase retire with --files: exit 2"
rotate -A "$file"
fails_with 2 'cannot be used together' "-A with --files: exit 2"
rotate --transit-key 'no key/' "$file"
fails_with 2 '\[MOUNT/\]NAME' "an invalid key name: exit 2"

done_testing

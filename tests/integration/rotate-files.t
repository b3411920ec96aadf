#!/bin/bash
# secret-rotate --files rewraps manifests where they stand: the ciphertext changes, and not a byte beside it.
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
is "$(versions "$file")" "v1 x 13" "sealed, on version 1"

new_version transit/aes256-key transit/derived-key team/transit/team-key
bad_vault relay
run env VAULT_ADDR="$BAD_URL" VAULT_CACERT="$BAD_CA" "$BIN/secret-rotate" --files -n demo "$dir"
status_is 0 "a folder of manifests"
out_is "keys rotated 0, files 3, changed 3, Secrets 6, current 0, rewrapped 6, old 0, of other keys 0, failed 0, not read or replaced 0" "the summary"
err_is "secret-rotate: $dir/app.json: 1 value rewrapped
secret-rotate: $file: 13 values rewrapped
secret-rotate: $dir/lines.yml: 1 value rewrapped" "each file is told, by the order of names"
is "$(grep -c 'POST /v1/.*/rewrap/' "$BAD_LOG")" 3 "one request a key, for all files together"
is "$(grep -c 'GET /v1/.*/keys/' "$BAD_LOG")" 3 "and one that asks for its newest version"
for name in app.yaml app.json lines.yml; do
	is "$(shape "$dir/$name")" "$(shape "$TAP_WORK/before/$name")" "$name: all else is as it was"
	is "$(lengths "$dir/$name")" "$(lengths "$TAP_WORK/before/$name")" "$name: so are lines"
done
is "$(versions "$file"), $(versions "$dir/app.json"), $(versions "$dir/lines.yml")" "v2 x 13, v2 x 1, v2 x 1" "all is on version 2"
is "$(stat -c '%u:%g %a' "$file")" "$owner" "owner and mode are as they were"
is "$(ls -A "$dir")" "$(ls -A "$TAP_WORK/before")" "nothing is left beside them"

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
A: crlf" "$1: those of the others too"
}
same_values "version 2"

before=$(inode "$file")
rotate -n demo "$dir"
status_is 0 "nothing old"
out_like '^keys rotated 0, files 3, changed 0, Secrets 6, current 6, rewrapped 0,' "is said"
is "$(inode "$file")" "$before" "and the files are the same ones"
err_is "" "without a word"

# A version with another digit.
for _ in {3..10}; do new_version transit/derived-key; done
rotate -n demo "$dir"
status_is 0 "from version 2 to 10"
out_like 'files 3, changed 1, Secrets 6, current 4, rewrapped 2,' "the other keys' files stay"
is "$(versions "$file")" "v10 x 10, v2 x 3" "each value is on its key's newest version"
is "$(shape "$file" | wc -l)" "$(shape "$TAP_WORK/before/app.yaml" | wc -l)" "with the same lines"
same_values "version 10"

# -- what is looked at --------------------------------------------------------------------------------

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
status_is 0 "folders and files"
out_like '^keys rotated 0, files 8, changed 5, Secrets 6, current 1, rewrapped 5,.*failed 0, not read or replaced 0' \
	"those in folders, by a link, with two names, and by name"
is "$(versions "$dir/first.yaml") $(versions "$dir/sub/deep/deep.yml") $(versions "$dir/text.txt") $(versions "$TAP_WORK/elsewhere/linked") $(versions "$dir/hard.yaml")" \
	"v3 x 1 v3 x 1 v3 x 1 v3 x 1 v3 x 1" "they are rewrapped"
ok "a link stays one" [ -L "$dir/linked.yaml" ]
is "$(versions "$dir/.git/git.yaml") $(versions "$dir/.hidden/hidden.yaml") $(versions "$TAP_WORK/elsewhere/folder.yaml")" \
	"v2 x 1 v2 x 1 v2 x 1" "hidden folders and linked ones are not looked at"
rotate "$dir/template.yaml"
status_is 0 "a template that holds no ciphertext is passed over"
err_is "secret-rotate: warning: no sealed Secret was found in 1 file" "with a word that nothing was found"
cd "$dir/.hidden" || exit 1
rotate .
cd "$OLDPWD" || exit 1
out_like 'changed 1' "a hidden folder that is named is looked at"
new_version transit/aes256-key

# -- only looking -------------------------------------------------------------------------------------

rm -rf "$dir" && mkdir "$dir"
{
	secret app A "$(b64 aes256-key one)"
	printf '  B: %s\n' "$(b64 aes256-key two)"
	secret new A "$(b64 aes256-key one)"
} >"$file"
new_version transit/aes256-key
printf '  B: %s\n' "$(b64 aes256-key two)" >>"$file"
before="$(inode "$file") $(sha256sum <"$file")"
unchanged() { is "$(inode "$file") $(sha256sum <"$file")" "$before" "$1: it is as it was"; }
rotate --dry-run "$dir"
status_is 0 "a dry run"
is "${OUT%$'\n'*}" "$file: Secret demo/app: 2 values v4 -> v5
$file: Secret demo/new: 1 value v4 -> v5" "lists what is old"
out_like 'files 1, changed 0, Secrets 2, current 0, rewrapped 0, old 2,' "and counts it"
unchanged "a dry run"
rotate --phase verify "$dir"
status_is 1 "verify"
is "${ERR%$'\n'*}" "secret-rotate: $file:2: Secret demo/app: 2 values are of an old version (v4): the newest of Transit key transit/aes256-key is v5
secret-rotate: $file:12: Secret demo/new: 1 value is of an old version (v4): the newest of Transit key transit/aes256-key is v5" "tells what is old, and where"
err_like $'\nsecret-rotate: 2 of 2 Secrets are not all on the newest version: .*rewrap with secret-rotate --files$' "and what to do"
unchanged "verify"
rotate --phase all --dry-run "$dir"
is "${OUT%$'\n'*}" "$file: Secret demo/app: 2 values v4 -> v6
$file: Secret demo/new: 2 values v4..v5 -> v6" "a dry run of all phases"
err_is "secret-rotate: dry run: would rotate Transit key transit/aes256-key to version 6" "says that the key would be rotated"
unchanged "a dry run of all phases"
rotate --phase rotate --min-age 1h "$dir"
status_is 0 "--min-age"
err_like 'version 5 ' "names the version"
out_like '^keys rotated 0,' "and leaves a key alone that is younger"
rotate --phase rotate "$dir"
status_is 0 "--phase rotate"
out_like '^keys rotated 1, files 1, changed 0, Secrets 2,' "rotates the keys that the files name"
unchanged "--phase rotate"
rotate --phase all "$dir"
status_is 0 "--phase all"
out_like '^keys rotated 1, files 1, changed 1, Secrets 2, current 0, rewrapped 2,' "rotates and rewraps"
is "$(versions "$file")" "v7 x 4" "to the newest version"
rotate --phase verify "$dir"
status_is 0 "verify finds nothing then"

# Each is told as what it is, and fails the verification where it could hold ciphertext.
sealed=$(<"$file")
# verify_also STATUS PATTERN TEXT COMMAND...: the text, as the command gives it on, beside a file that is up to date
verify_also() {
	printf '%s\n' "$3" | "${@:4}" >"$dir/other.yaml"
	rotate --phase verify "$dir"
	is "$STATUS" "$1" "verify: $2"
	err_like "$dir/other.yaml: $2" "it is told"
}
head=$'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n'
warned='not checked, as it holds no ciphertext: '
openshift=$'apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- kind: Secret\n  apiVersion: v1\n  metadata: {name: x}\n'
verify_also 0 'line 1: .*a template' "$head"'stringData: {A: "{{ .Values.a }}"}' cat
err_like "warning: $warned" "as a warning"
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
	secret unsaid A "$(b64 aes256-key two)" "labels: {app: x}"
	secret theirs A "$(b64 team/transit/team-key three)" "$(annotated team/transit/team-key)"
} >"$file"
new_version transit/aes256-key team/transit/team-key
rotate "$file"
status_is 1 "a Secret whose key nobody knows"
err_like "$file:11: Secret demo/unsaid: no Transit key is known.*--transit-key" "is told"
is "$(versions "$file")" "v3 x 1, v7 x 1, v8 x 1" "and stops no other"
secret theirs A "$(b64 team/transit/team-key three)" "$(annotated team/transit/team-key)" >>"$file"
new_version team/transit/team-key
rotate --transit-key aes256-key "$file"
status_is 0 "--transit-key"
out_like 'Secrets 4, current 1, rewrapped 1, old 0, of other keys 2, failed 0' "serves it, and leaves other keys alone"
run as_pod rotator env -u KUBERNETES_SERVICE_HOST VAULT_ROLE=secret-rotate "$BIN/secret-rotate" --files "$file"
status_is 1 "a key that may not be read"
err_like 'Transit key team/transit/team-key: .*403' "is told"
err_like "Secret demo/theirs: its Transit key team/transit/team-key can't be used" "and so are its Secrets"
secret ours A "$(b64 aes256-key one)" >"$file"
new_version transit/aes256-key
run as_pod rotator env -u KUBERNETES_SERVICE_HOST VAULT_ROLE=secret-rotate "$BIN/secret-rotate" --files "$file"
status_is 0 "the rights of the secret-rotate policy suffice"
is "$(versions "$file")" "v9 x 1" "without a cluster"
run env VAULT_TOKEN=wrong "$BIN/secret-rotate" --files "$file"
is "$STATUS" 1 "a token that Vault does not know"

# -- what is bound ------------------------------------------------------------------------------------

nowhere() { secret "$1" A "$(b64 derived-key bound "demo/$1/A")" "$(annotated transit/derived-key strict)" | sed '/^  namespace:/d'; }
{
	nowhere app
	secret free A "$(b64 aes256-key free)"
} >"$file"
new_version transit/derived-key transit/aes256-key
rotate "$file"
status_is 1 "a bound value without a namespace"
err_like "$file:2: Secret app: scope strict binds to the namespace.*-n" "is told, with the line"
is "$(versions "$file")" "v10 x 2" "the other Secret is done"
rotate -n prod "$file"
status_is 1 "with the wrong namespace"
err_like "$file:8: Secret prod/app: data key \"A\": Vault can't rewrap it: .*authentication failed.*was it sealed for prod/app" "it is Vault that refuses"
rotate -n demo "$file"
status_is 0 "with the right one"
is "$(versions "$file")" "v10 x 1, v11 x 1" "it is done"
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  generateName: app-\n  namespace: demo\n  %s\ndata: {A: %s}\n' \
	"$(annotated transit/derived-key strict)" "$(b64 derived-key x demo/x/A)" >"$file"
rotate "$file"
err_like 'Secret demo/\(metadata.generateName\): scope strict binds to the name' "a name that is generated"
secret app A "$(b64 derived-key x demo/app/A)" "$(annotated transit/derived-key)" >"$file"
new_version transit/derived-key
rotate "$file"
status_is 1 "a derived key, and no scope"
err_like "Secret demo/app: .*context" "is told in Vault's words"

# -- the command line ---------------------------------------------------------------------------------

rotate
fails_with 2 'name the files or folders' "no path"
rotate --phase retire "$file"
fails_with 2 '--phase "retire": with --files write rewrap' "nothing is retired by files"
rotate -A "$file"
fails_with 2 'exclude each other' "-A"
rotate --transit-key 'no key/' "$file"
fails_with 2 '\[MOUNT/\]NAME' "a key that is none"

done_testing

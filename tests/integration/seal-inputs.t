#!/bin/bash
# Inputs of secret-seal: generated values and YAML documents, and which of them are refused.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

seal() { run "$BIN/secret-seal" --transit-key aes256-key "$@"; }
value_of() { "$BIN/secret-exec" --secret "$1" -- printenv A; }
value() { "$BIN/secret-exec" --secret app -- printenv "$1"; }

# generated RECIPE REGEX: check a generated value, as the application gets it.
generated() {
	seal --generate "G=$1" app
	status_is 0 "--generate $1: exit 0"
	LC_ALL=C like "$(value G)" "$2" "--generate $1: the value"
}
generated 32 '^[A-Za-z0-9]{32}$'
generated 32:alnum '^[A-Za-z0-9]{32}$'
generated 20:lower '^[a-z0-9]{20}$'
generated 6:digits '^[0-9]{6}$'
generated 64:hex '^[0-9a-f]{64}$'
generated 44:base64 '^[A-Za-z0-9+/]{44}$'
generated 43:base64url '^[A-Za-z0-9_-]{43}$'
generated 24:ascii '^[!-~]{24}$'
seal --generate G=1000:bytes bytes
is "$(stored bytes G | wc -c)" $((9 + (1000 + 28 + 2) / 3 * 4)) "--generate with bytes: the length"
seal --generate A=16 --generate B=16 app
ok "two generated values differ" [ "$(value A)" != "$(value B)" ]
for recipe in A A= A=x A=0 A=65537 A=32: A=32:word A=-1:hex A=1x =32; do
	seal --generate "$recipe" app
	status_is 2 "--generate $recipe: exit 2"
done

# Documents.
cat >"$TAP_WORK/doc.yaml" <<'YAML'
# comments are left out
db:
  host: h # here too
  ports: [1, 2]
text: "a: b"
number: 007
plain: yes
none:
YAML
seal --from-document "$TAP_WORK/doc.yaml" yaml
status_is 0 "a YAML document: exit 0"
run "$BIN/secret-exec" --secret yaml -- sh -c 'printf "%s|" "$db" "$text" "$number" "$plain" "${none-absent}"'
out_is '{"host":"h","ports":[1,2]}|a: b|007|yes|absent|' "nested values are JSON, null is left out"
seal --layout document --from-document - document <"$TAP_WORK/doc.yaml"
status_is 0 "a YAML document in the document layout, from standard input: exit 0"
run "$BIN/secret-exec" --secret document -- sh -c 'printf "%s|" "$db" "$text"'
out_is '{"host":"h","ports":[1,2]}|a: b|' "in the document layout YAML is sealed as JSON"

printf 'A: True\nB: [FALSE, false]\n' >"$TAP_WORK/doc.yaml"
seal --from-document "$TAP_WORK/doc.yaml" booleans
run "$BIN/secret-exec" --secret booleans -- sh -c 'echo "$A $B"'
out_is 'True ["FALSE",false]' "booleans of YAML are sealed as they are written"
printf '\xef\xbb\xbf{"A": "x"}' >"$TAP_WORK/marked.json"
seal --layout document --from-document "$TAP_WORK/marked.json" marked
status_is 0 "JSON with a byte order mark: exit 0"
is "$(value_of marked)" x "JSON is sealed without the byte order mark"

seal --from-document - bad <<<'{"A":}'
fails_with 1 '^secret-seal: standard input: line 1, column 6: ' "an error on standard input names it"
seal --from-env-file - bad <<<'A'
fails_with 1 '^secret-seal: standard input: line 1, column [0-9]+: ' "an error in a .env file on standard input names it"

# refused NAME REGEX TEXT: pass the text, with escapes of %b, as a document.
refused() {
	printf '%b' "$3" >"$TAP_WORK/bad"
	seal --from-document "$TAP_WORK/bad" bad
	fails_with 1 "$2" "$1"
}
refused "JSON: a name that comes twice" 'bad: line 2, column [0-9]+: .*duplicate' '{"A":"1",\n "A":"2"}'
refused "JSON: a comment" 'bad: line 1, column' '{"A":1} // no'
refused "JSON: something behind it" 'bad: line 2, column' '{"A":1}\nx'
refused "JSON: no UTF-8" 'bad: .*UTF-8' '{"A":"\0377"}'
refused "JSON: a line break in a string" 'bad: line 1, column' '{"A":"x\n y"}'
refused "JSON: the same with a byte order mark" 'bad: line 1, column' '\0357\0273\0277{"A":"x\n y"}'
refused "YAML in braces" 'bad: line 1, column' '{A: x}'
refused "JSON: a trailing comma" 'bad: line 1, column' '{"A":1,}'
refused "YAML: a name that comes twice" 'bad: line 2, column [0-9]+: .*duplicate' 'A: 1\nA: 2\n'
refused "YAML: two documents" 'bad: .*document' 'A: 1\n---\nB: 2\n'
refused "YAML: no UTF-8" 'bad: .*(UTF-8|invalid)' 'A: \0377\n'
refused "YAML: an alias" 'bad: line [12], column' 'A: &x 1\nB: *x\n'
refused "YAML: broken" 'bad: line [0-9]+, column' 'A: [1\n'
refused "a list" 'bad: .*not a JSON object' '- A\n'
refused "nothing at all" 'bad: .*not a JSON object' ''
refused "an empty object" 'nothing to seal, because the inputs have no values' '{}'
kube_call GET /api/v1/namespaces/demo/secrets/bad
is "$STATUS" 404 "after refused documents nothing is written"

done_testing

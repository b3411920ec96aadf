#!/bin/bash
# secret-seal seals a stream of thousands of Secrets in few requests and constant memory.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/../faults.sh"

stream=$TAP_WORK/stream.yaml
# make_stream N: two values in each Secret; a ConfigMap before every tenth
make_stream() {
	/usr/bin/python3 -IS -c '
import sys
for number in range(int(sys.argv[1])):
    if number % 10 == 0:
        print(f"---\nkind: ConfigMap\napiVersion: v1\nmetadata: {{name: map-{number}}}   # {number}")
    print(f"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app-{number}\n  namespace: demo\nstringData:")
    print(f"  USER: user-{number} # {number}\n  PASSWORD: \"{number:0600}\"")' "$1"
}
# sealed FILE ARGUMENT...: seal; $PEAK is its peak memory in KiB
sealed() {
	local input=$1
	shift
	PEAK=$(/usr/bin/python3 -IS -c '
import resource, subprocess, sys
with open(sys.argv[1]) as stdin, open(sys.argv[2], "w") as stdout:
    status = subprocess.run(sys.argv[3:], stdin=stdin, stdout=stdout).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$input" "$TAP_WORK/sealed.yaml" "$BIN/secret-seal" "$@")
	STATUS=$?
}
factor=1
! under_asan || factor=8
within() { ok "within $1 MiB" [ "$PEAK" -lt $(($1 * 1024 * factor)) ]; }
asked() { grep -c "POST /v1/transit/$1" "$BAD_LOG"; }

count=$(campaign 3000 10000)
make_stream "$count" >"$stream"
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA sealed "$stream" --transit-key aes256-key -f - -o yaml
is "$STATUS" 0 "$count Secrets: exit 0"
requests=$(campaign "4 2" "6 4")
is "$(asked encrypt) $(asked decrypt)" "$requests" "$((2 * count)) values: $requests requests to encrypt and to decrypt"
is "$(grep -c '^  [A-Z]*: "*dmF1bHQ6' "$TAP_WORK/sealed.yaml")" $((2 * count)) "all values are sealed"
is "$(grep -c '^    secretmanager/sealed: "true"$' "$TAP_WORK/sealed.yaml")" "$count" "all Secrets are labelled"
# Without the added metadata and the values, the output is the input.
undo() { sed -E -e '/^  (labels|annotations):$/d' -e '/^    secretmanager\//d' -e 's/^data:/stringData:/' -e 's/^(  [A-Z]+: "?)[^ "]+/\1/' "$1"; }
ok "all other bytes are unchanged" cmp <(undo "$TAP_WORK/sealed.yaml") <(undo "$stream")
within 96
once=$PEAK

if ! under_asan; then # which takes more memory for more
	for ((i = 0; i < 4; i++)); do cat "$stream"; done >"$TAP_WORK/four.yaml"
	sealed "$TAP_WORK/four.yaml" --transit-key aes256-key -f - -o yaml
	is "$STATUS" 0 "$((4 * count)) Secrets: exit 0"
	ok "$((4 * count)) Secrets take no more memory ($once KiB, $PEAK KiB)" [ "$PEAK" -lt $((once + once / 8)) ]
fi

# Large Secrets: a batch is limited by its bytes.
/usr/bin/python3 -IS -c '
for number in range(60):
    print(f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: large-{number}}}\nstringData:\n  A: \"{number:0700000}\"")' >"$TAP_WORK/large.yaml"
sealed "$TAP_WORK/large.yaml" --transit-key aes256-key -f - -o yaml
is "$STATUS" 0 "60 Secrets of 700 KB: exit 0"
is "$(grep -c dmF1bHQ6 "$TAP_WORK/sealed.yaml")" 60 "60 Secrets of 700 KB: all are sealed"
within 128

# Each value has its context.
sealed "$stream" --transit-key derived-key -f - -o yaml
is "$STATUS" 0 "a derived key: exit 0"
sed -n '/name: app-2777$/,/^---/p' "$TAP_WORK/sealed.yaml" | sed '/^---/d' >"$TAP_WORK/one.yaml"
sed -i '1i apiVersion: v1\nkind: Secret\nmetadata:' "$TAP_WORK/one.yaml"
run "$BIN/secret-seal" -f "$TAP_WORK/one.yaml"
is "$OUT" "secret/app-2777 created" "a derived key: one Secret is written"
run "$BIN/secret-exec" --secret app-2777 -- printenv USER
out_is user-2777 "a derived key: the Secret decrypts under its name"

# Two keys in one stream.
sed -E 's/^  namespace: demo$/&\n  annotations: {secretmanager\/transit-key: transit\/aes256-key}/' <(make_stream 4) >"$TAP_WORK/first.yaml"
{
	cat "$TAP_WORK/first.yaml"
	make_stream 4 | sed 's/^  namespace: demo/&\n  annotations: {secretmanager\/transit-key: team\/transit\/team-key}/'
	cat "$TAP_WORK/first.yaml"
} >"$TAP_WORK/keys.yaml"
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA sealed "$TAP_WORK/keys.yaml" -f - -o yaml
is "$STATUS" 0 "Secrets of two keys: exit 0"
is "$(asked encrypt) $(grep -c 'POST /v1/team/transit/encrypt' "$BAD_LOG")" "1 1" "Secrets of two keys: one request for each key"
is "$(grep -c 'GET /v1/.*keys/' "$BAD_LOG")" 2 "Secrets of two keys: each key is read once"

# An error in the last document: the output before it ends with a whole document.
{
	cat "$stream"
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: last}\ndata: {A: no base64}\n'
} >"$TAP_WORK/broken.yaml"
sealed "$TAP_WORK/broken.yaml" --transit-key aes256-key -f - -o yaml 2>"$TAP_WORK/err"
is "$STATUS" 1 "an error in the last document: exit 1"
like "$(<"$TAP_WORK/err")" "standard input: line $(wc -l <"$TAP_WORK/broken.yaml"), column 11: .*not base64" "an error in the last document: its line in the stream"
lines=$(undo "$TAP_WORK/sealed.yaml" | wc -l)
ok "an error in the last document: the output is the beginning of the stream" cmp <(undo "$TAP_WORK/sealed.yaml") <(undo "$stream" | head -n "$lines")
is "$(undo "$stream" | sed -n "$((lines + 1))p")" "---" "an error in the last document: the output ends with a whole document"

# A document without an end.
endless() { /usr/bin/python3 -IS -c '
import sys
sys.stdout.write("kind: ConfigMap\napiVersion: v1\ndata:\n  A: ")
try:
    for _ in range(4096):
        sys.stdout.write("x" * 1048576)
except BrokenPipeError:
    sys.stderr.close()'; }
sealed <(endless) --transit-key aes256-key -f - -o yaml 2>"$TAP_WORK/err"
is "$STATUS" 1 "a document of 4 GiB: exit 1"
like "$(<"$TAP_WORK/err")" 'standard input: line 1: the document that begins here has more than 16 MiB; split it' "a document of 4 GiB: refused"
within 96

done_testing

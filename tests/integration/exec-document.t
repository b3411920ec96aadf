#!/bin/bash
# The document layout: one data key seals a JSON object, whose members become variables.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

# seal_text TEXT: store the text as the original project would.
seal_text() {
	local ciphertext
	vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf '%s' "$1" | base64 -w0)\"}"
	ciphertext=$(field data.ciphertext)
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	kube_call POST /api/v1/namespaces/demo/secrets \
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"},\"type\":\"Opaque\",\"data\":{\"secrets.json\":\"$(printf '%s' "$ciphertext" | base64 -w0)\"}}"
	[ "$STATUS" = 201 ]
}
launch() { run as_pod app "$BIN/secret-exec" --secret app --transit-key aes256-key -- "$@"; }

ok "a Secret as the original project wrote it" seal_text '{"TEXT": "a b", "NUMBER": 1.50e3, "YES": true, "NONE": null,
  "NESTED": {"a": [1, "x y", {"b": null}]}, "ESCAPED": "\u00fc\ud83d\ude00\n."}
'
launch sh -c 'echo "$TEXT|$NUMBER|$YES|${NONE-absent}|$NESTED|$ESCAPED"'
status_is 0 "a document launches"
out_is $'a b|1.50e3|true|absent|{"a":[1,"x y",{"b":null}]}|ü😀\n.' \
	"strings unchanged, numbers as written, null absent, containers as compact JSON"

run as_pod app "$BIN/secret-exec" --secret app:secrets.json --transit-key aes256-key -- printenv TEXT
out_is "a b" "a document with its data key named"

run as_pod app "$BIN/secret-exec" --secret app -- true
fails_with 125 'no Transit key.*secretmanager/transit-key.*--transit-key' \
	"a document without an annotation: the Transit key is required"

seal_text '["a"]'
launch true
fails_with 125 'Secret demo/app, data key secrets.json: .*not a JSON object' "a document that is not an object: refused"
seal_text '{"A": "1", "\u0041": "2"}'
launch true
fails_with 125 'data key secrets.json.*line 1.*duplicate' "duplicate members, compared unescaped: refused"
seal_text '{"A": '
launch true
fails_with 125 'data key secrets.json.*line 1' "text that is not JSON: the message has its position, not the text"
err_unlike '"A"' "text that is not JSON: not shown"
seal_text '{"not-a-variable": "x"}'
launch true
fails_with 125 "member 1 \(name not shown\): \"\(name not shown\)\" is not a valid environment variable name.*--fd" "a member's name that is invalid for a variable: refused"
err_unlike not-a-variable "a member's name that is invalid for a variable: not shown, since a forged annotation can make a document of any value"
seal_text '{"A": "x\u0000y"}'
launch true
fails_with 125 'A contains a NUL byte' "a member with a NUL byte: refused"
seal_text '{"LD_PRELOAD": "/tmp/evil.so"}'
launch true
fails_with 125 'refusing to set LD_PRELOAD.*--allow-env LD_PRELOAD' "a member by which a loader runs other code: refused"
seal_text '{"BASH_ENV": "x"}'
run as_pod app "$BIN/secret-exec" --secret app --transit-key aes256-key --allow-env BASH_ENV -- printenv BASH_ENV
out_is x "a member by which a loader runs other code, with --allow-env: delivered"
seal_text '{}'
launch sh -c 'echo ran'
out_is ran "an empty object sets nothing"

done_testing

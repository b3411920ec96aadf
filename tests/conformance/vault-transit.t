#!/bin/bash
# Transit: encrypt, decrypt and rewrap, of values and batches; key versions; derived keys; policies.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

encoded() { printf %s "$1" | base64 -w0; }
# transit VERB JSON: with aes256-key
transit() { vault_call POST "transit/$1/${3-aes256-key}" "$2"; }
# item FIELD: from the latest batch's results: item 0.plaintext
item() { field "data.batch_results.$1"; }
refused() {
	is "$STATUS" "$1" "$3: status"
	like "$(field errors)" "$2" "$3: message"
}
format='^vault:v1:[A-Za-z0-9+/]+=*$'

# -- one value --------------------------------------------------------------------------------------

transit encrypt "{\"plaintext\":\"$(encoded 'one value')\"}"
is "$STATUS" 200 "encrypt: status 200"
one=$(field data.ciphertext)
like "$one" "$format" "encrypt: vault:v1: and base64"
is "$(field data.key_version)" 1 "encrypt: key_version"
is "$(printf %s "${one#vault:v1:}" | base64 -d | wc -c)" $((12 + 9 + 16)) "encrypt: nonce, as many bytes as the plaintext, and tag"
transit encrypt "{\"plaintext\":\"$(encoded 'one value')\"}"
unlike "$(field data.ciphertext)" "^${one//+/\\+}\$" "encrypt the same value again: another ciphertext"
transit decrypt "{\"ciphertext\":\"$one\"}"
is "$STATUS $(field data.plaintext)" "200 $(encoded 'one value')" "decrypt: status 200 and the plaintext"
transit encrypt '{"plaintext":""}'
is "$STATUS" 200 "encrypt an empty plaintext: status 200"
transit decrypt "{\"ciphertext\":\"$(field data.ciphertext)\"}"
is "$STATUS $(field data.plaintext)" "200 " "decrypt an empty plaintext"
transit encrypt '{"plaintext":"***"}'
refused 400 'illegal base64 data' "encrypt a plaintext that is not base64"
transit encrypt '{}'
refused 400 'missing plaintext' "encrypt without a plaintext"

transit decrypt '{"ciphertext":"plain text"}'
refused 400 'invalid ciphertext: no prefix' "decrypt a text without the prefix"
transit decrypt '{"ciphertext":"vault:v1:***"}'
refused 400 'invalid ciphertext: could not decode base64' "decrypt a ciphertext that is not base64"
transit decrypt '{"ciphertext":"vault:v1:YWJj"}'
refused 400 'invalid ciphertext length' "decrypt a ciphertext that is too short"
transit decrypt '{"ciphertext":"vault:vx:YWJj"}'
refused 400 'version number could not be decoded' "decrypt with a version that is not a number"
transit decrypt "{\"ciphertext\":\"${one/v1/v2}\"}"
refused 400 'invalid ciphertext: version is too new' "decrypt with a version above the latest"
garbled=${one:0:20}$([ "${one:20:1}" = A ] && echo B || echo A)${one:21}
transit decrypt "{\"ciphertext\":\"$garbled\"}"
refused 400 'message authentication failed' "decrypt a changed ciphertext"
transit decrypt '{}'
refused 400 'missing ciphertext' "decrypt without a ciphertext"
transit decrypt "{\"ciphertext\":\"$one\"}" missing-key
refused 400 'encryption key not found' "decrypt with a missing key"
transit rewrap "{\"ciphertext\":\"$one\"}" missing-key
refused 400 'encryption key not found' "rewrap with a missing key"
vault_call GET transit/keys/missing-key
is "$STATUS $(field errors)" "404 []" "read a missing key: status 404"
vault_call POST elsewhere/decrypt/aes256-key "{\"ciphertext\":\"$one\"}"
refused 404 'no handler for route .*elsewhere/decrypt/aes256-key.*route entry not found' "decrypt at a missing mount"

# -- batches ----------------------------------------------------------------------------------------

transit encrypt "{\"batch_input\":[{\"plaintext\":\"$(encoded a)\",\"reference\":\"first\"},{\"plaintext\":\"$(encoded b)\"}]}"
is "$STATUS" 200 "encrypt a batch: status 200"
is "$(item 0.reference)" first "encrypt a batch: reference in the result"
a=$(item 0.ciphertext)
b=$(item 1.ciphertext)
like "$a" "$format" "encrypt a batch: a ciphertext for each item"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$a\",\"reference\":\"x\"},{\"ciphertext\":\"$b\",\"reference\":\"y\"}]}"
is "$STATUS" 200 "decrypt a batch: status 200"
is "$(item 0.plaintext) $(item 0.reference) $(item 1.plaintext) $(item 1.reference)" "$(encoded a) x $(encoded b) y" \
	"decrypt a batch: results in the order of the items"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$a\"},{\"ciphertext\":\"$garbled\",\"reference\":\"bad\"},{\"ciphertext\":\"$b\"}]}"
is "$STATUS" 400 "decrypt a batch with one bad item: status 400"
is "$(item 0.plaintext) $(item 2.plaintext)" "$(encoded a) $(encoded b)" "decrypt a batch with one bad item: plaintext of the others"
like "$(item 1.error)" 'message authentication failed' "decrypt a batch with one bad item: its error"
is "$(item 1.reference)" bad "decrypt a batch with one bad item: its reference"
transit decrypt "{\"partial_failure_response_code\":206,\"batch_input\":[{\"ciphertext\":\"$a\"},{\"ciphertext\":\"$garbled\"}]}"
is "$STATUS" 206 "decrypt a batch with one bad item: partial_failure_response_code is the status"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$garbled\"}]}"
is "$STATUS" 400 "decrypt a batch of bad items: status 400"
transit decrypt '{"batch_input":[]}'
refused 400 'missing batch input to process' "decrypt an empty batch"
transit decrypt '{"batch_input":["text"]}'
refused 500 "failed to parse batch input.*expected a map, got 'string'" "decrypt a batch of strings"

# -- versions ---------------------------------------------------------------------------------------

vault_call GET transit/keys/aes256-key
is "$(field data.type) $(field data.derived) $(field data.latest_version) $(field data.min_decryption_version) $(field data.name)" \
	"aes256-gcm96 false 1 1 aes256-key" "read the key: type, derived, versions, name"
like "$(field data.keys.1)" '^[0-9]{10}$' "read the key: the time of version 1"
vault_call GET transit/keys/derived-key
is "$(field data.derived) $(field data.latest_version)" "true 1" "read the derived key"
vault_call POST transit/keys/aes256-key/rotate
is "$STATUS" 200 "rotate: status 200"
is "$(field data.latest_version)" 2 "rotate: the answer is the key"
transit encrypt "{\"plaintext\":\"$(encoded new)\"}"
like "$(field data.ciphertext)" '^vault:v2:' "encrypt after rotate: the latest version"
new=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$one\"}"
is "$STATUS $(field data.plaintext)" "200 $(encoded 'one value')" "decrypt an old version: status 200"

transit rewrap "{\"ciphertext\":\"$one\"}"
is "$STATUS" 200 "rewrap: status 200"
rewrapped=$(field data.ciphertext)
like "$rewrapped" '^vault:v2:' "rewrap: the latest version"
transit decrypt "{\"ciphertext\":\"$rewrapped\"}"
is "$(field data.plaintext)" "$(encoded 'one value')" "rewrap: the same plaintext"
transit rewrap "{\"ciphertext\":\"$new\"}"
like "$(field data.ciphertext)" '^vault:v2:' "rewrap the latest version: the latest version"
unlike "$(field data.ciphertext)" "^${new//+/\\+}\$" "rewrap the latest version: another ciphertext"
transit rewrap "{\"batch_input\":[{\"ciphertext\":\"$a\",\"reference\":\"x\"},{\"ciphertext\":\"$garbled\",\"reference\":\"y\"},{\"ciphertext\":\"$b\"}]}"
is "$STATUS" 200 "rewrap a batch with one bad item: status 200"
like "$(item 0.ciphertext) $(item 2.ciphertext)" '^vault:v2:[^ ]+ vault:v2:[^ ]+$' "rewrap a batch with one bad item: the others are rewrapped"
like "$(item 1.error)" 'message authentication failed' "rewrap a batch with one bad item: its error"
is "$(item 1.ciphertext)$(item 1.reference)" y "rewrap a batch with one bad item: its reference, no ciphertext"

vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
is "$STATUS" 200 "set min_decryption_version to 2: status 200"
too_old='ciphertext or signature version is disallowed by policy \(too old\)'
transit decrypt "{\"ciphertext\":\"$one\"}"
refused 400 "$too_old" "decrypt a retired version"
transit rewrap "{\"ciphertext\":\"$one\"}"
refused 400 "$too_old" "rewrap a retired version"
transit decrypt "{\"ciphertext\":\"$rewrapped\"}"
is "$STATUS" 200 "decrypt a rewrapped value after retiring: status 200"
vault_call GET transit/keys/aes256-key
is "$(field data.min_decryption_version) $(field data.keys.1)" "2 " "read the key after retiring: version 2 only"
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":3}'
refused 400 'cannot set min decryption version of 3, latest key version is 2' "set min_decryption_version above the latest"

# -- trimming ---------------------------------------------------------------------------------------

# config JSON, trim N: of the key "trimmed"
config() { vault_call POST transit/keys/trimmed/config "$1"; }
trim() { vault_call POST transit/keys/trimmed/trim "{\"min_available_version\":$1}"; }
limits() {
	vault_call GET transit/keys/trimmed
	echo "$(field data.min_available_version) $(field data.min_decryption_version) $(field data.min_encryption_version)"
}
vault_call POST transit/keys/trimmed '{"type":"aes256-gcm96"}'
transit encrypt "{\"plaintext\":\"$(encoded one)\"}" trimmed
v1=$(field data.ciphertext)
for _ in 1 2 3; do vault_call POST transit/keys/trimmed/rotate; done
transit encrypt "{\"plaintext\":\"$(encoded three)\",\"key_version\":3}" trimmed
v3=$(field data.ciphertext)
is "$(limits)" "0 1 0" "limits of a new key"
trim 2
refused 400 'cannot be set when minimum encryption version is not set' "trim without min_encryption_version"
config '{"min_encryption_version":2}'
is "$STATUS $(limits)" "200 0 1 2" "set min_encryption_version: status 200"
transit encrypt "{\"plaintext\":\"$(encoded two)\",\"key_version\":1}" trimmed
refused 400 'requested version for encryption is less than the minimum encryption key version' "encrypt below min_encryption_version"
transit encrypt "{\"plaintext\":\"$(encoded two)\",\"key_version\":2}" trimmed
is "$STATUS" 200 "encrypt at min_encryption_version: status 200"
transit decrypt "{\"ciphertext\":\"$v1\"}" trimmed
is "$STATUS" 200 "decrypt below min_encryption_version: status 200"
trim 2
refused 400 'cannot be greater than minimum decryption version' "trim above min_decryption_version"
config '{"min_decryption_version":3}'
refused 400 'min encryption version of 2 must be greater than or equal to min decryption version of 3' \
	"min_encryption_version below min_decryption_version"
config '{"min_decryption_version":3,"min_encryption_version":3}'
is "$STATUS $(limits)" "200 0 3 3" "set both minimums: status 200"
trim 4
refused 400 'cannot be greater than' "trim above min_encryption_version"
trim 0
is "$STATUS" 400 "trim to version 0: status 400"
trim 3
is "$STATUS $(limits)" "200 3 3 3" "trim: status 200"
vault_call GET transit/keys/trimmed
is "$(field data.keys.1)$(field data.keys.2) $(field data.latest_version)" " 4" "read the key after trim: the trimmed versions are missing"
transit decrypt "{\"ciphertext\":\"$v1\"}" trimmed
refused 400 "$too_old" "decrypt a trimmed version"
transit decrypt "{\"ciphertext\":\"$v3\"}" trimmed
is "$STATUS $(field data.plaintext)" "200 $(encoded three)" "decrypt a version that was not trimmed: status 200"
config '{"min_decryption_version":2}'
refused 400 'min decryption version should not be less then min available version' "set min_decryption_version to a trimmed version"
config '{"min_encryption_version":2}'
is "$STATUS" 400 "set min_encryption_version to a trimmed version: status 400"
trim 2
refused 400 'cannot be decremented' "trim to a lower version"
vault_call POST transit/keys/missing-key/trim '{"min_available_version":1}'
is "$STATUS" 400 "trim a missing key: status 400"
vault_call POST transit/keys/trimmed/trim '{}'
is "$STATUS" 400 "trim without a version: status 400"

# -- derived keys -----------------------------------------------------------------------------------

context=$(encoded demo/app/A)
transit encrypt "{\"plaintext\":\"$(encoded bound)\",\"context\":\"$context\"}" derived-key
is "$STATUS" 200 "encrypt with a context: status 200"
bound=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$bound\",\"context\":\"$context\"}" derived-key
is "$STATUS $(field data.plaintext)" "200 $(encoded bound)" "decrypt with the same context: status 200"
transit decrypt "{\"ciphertext\":\"$bound\",\"context\":\"$(encoded demo/app/B)\"}" derived-key
refused 400 'message authentication failed' "decrypt with another context"
transit decrypt "{\"ciphertext\":\"$bound\"}" derived-key
refused 400 "missing 'context' for key derivation" "decrypt without a context"
transit encrypt "{\"plaintext\":\"$(encoded bound)\"}" derived-key
refused 400 "missing 'context' for key derivation" "encrypt without a context"
vault_call POST transit/keys/derived-key/rotate
transit rewrap "{\"batch_input\":[{\"ciphertext\":\"$bound\",\"context\":\"$context\"}]}" derived-key
like "$(item 0.ciphertext)" '^vault:v2:' "rewrap with the context: the latest version"
transit decrypt "{\"ciphertext\":\"$(item 0.ciphertext)\",\"context\":\"$context\"}" derived-key
is "$(field data.plaintext)" "$(encoded bound)" "decrypt the rewrapped value with its context"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$bound\",\"context\":\"$context\"},{\"ciphertext\":\"$bound\"}]}" derived-key
refused 400 'context should be set either in all the request blocks or in none' "decrypt a batch in which some items have a context"

# -- another mount ----------------------------------------------------------------------------------

vault_call POST team/transit/keys/team-key/rotate
vault_call POST team/transit/encrypt/team-key "{\"plaintext\":\"$(encoded team)\"}"
is "$STATUS" 200 "encrypt at a mount with two path segments: status 200"
team=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$team\"}"
refused 400 'message authentication failed' "decrypt with the key of another mount"

# -- policies ---------------------------------------------------------------------------------------

# login ROLE ACCOUNT: the calls that follow use its token
login() {
	VAULT_CALL_TOKEN='' vault_call POST auth/kubernetes/login "{\"role\":\"$1\",\"jwt\":\"$(cat "$STAGE_DIR/pod/$2/token")\"}"
	VAULT_CALL_TOKEN=$(field auth.client_token)
}
# may NAME STATUS METHOD PATH [JSON]
may() {
	vault_call "$3" "$4" "${5-}"
	is "$STATUS" "$2" "$1"
	[ "$2" != 403 ] || like "$(field errors)" 'permission denied' "$1: message"
}
plain="{\"plaintext\":\"$(encoded x)\"}"
cipher="{\"ciphertext\":\"$new\"}"
login secret-exec app
may "secret-exec decrypts" 200 POST transit/decrypt/aes256-key "$cipher"
may "secret-exec may not encrypt" 403 POST transit/encrypt/aes256-key "$plain"
may "secret-exec may not rewrap" 403 POST transit/rewrap/aes256-key "$cipher"
may "secret-exec may not read the key" 403 GET transit/keys/aes256-key
may "secret-exec may not rotate" 403 POST transit/keys/aes256-key/rotate
may "secret-exec may not decrypt on another mount" 403 POST team/transit/decrypt/team-key "{\"ciphertext\":\"$team\"}"
login secret-seal sealer
may "secret-seal encrypts" 200 POST transit/encrypt/aes256-key "$plain"
may "secret-seal decrypts, to read back" 200 POST transit/decrypt/aes256-key "$cipher"
may "secret-seal reads the key" 200 GET transit/keys/aes256-key
may "secret-seal may not rewrap" 403 POST transit/rewrap/aes256-key "$cipher"
may "secret-seal may not rotate" 403 POST transit/keys/aes256-key/rotate
may "secret-seal may not make a key by encrypting" 403 POST transit/encrypt/typing-error "$plain"
login secret-rotate rotator
may "secret-rotate reads the key" 200 GET transit/keys/aes256-key
may "secret-rotate rewraps" 200 POST transit/rewrap/aes256-key "$cipher"
may "secret-rotate rotates" 200 POST transit/keys/aes256-key/rotate
may "secret-rotate may not decrypt" 403 POST transit/decrypt/aes256-key "$cipher"
may "secret-rotate may not encrypt" 403 POST transit/encrypt/aes256-key "$plain"
may "secret-rotate may not trim" 403 POST transit/keys/aes256-key/trim '{"min_available_version":1}'
may "secret-rotate may not retire versions" 403 POST transit/keys/aes256-key/config '{"min_decryption_version":1}'
login demo app
may "demo configures the key" 200 POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
may "demo reads the key" 200 GET transit/keys/aes256-key
may "demo may not use the derived key" 403 GET transit/keys/derived-key
done_testing

#!/bin/bash
# Transit: encrypt, decrypt and rewrap, alone and in batches; key versions; derived keys; policies.
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
is "$STATUS" 200 "encrypt"
one=$(field data.ciphertext)
like "$one" "$format" "vault:v1: and base64"
is "$(field data.key_version)" 1 "key_version"
is "$(printf %s "${one#vault:v1:}" | base64 -d | wc -c)" $((12 + 9 + 16)) "nonce, as many bytes as the plaintext, tag"
transit encrypt "{\"plaintext\":\"$(encoded 'one value')\"}"
unlike "$(field data.ciphertext)" "^${one//+/\\+}\$" "the same value twice: another ciphertext"
transit decrypt "{\"ciphertext\":\"$one\"}"
is "$STATUS $(field data.plaintext)" "200 $(encoded 'one value')" "decrypt"
transit encrypt '{"plaintext":""}'
is "$STATUS" 200 "an empty plaintext"
transit decrypt "{\"ciphertext\":\"$(field data.ciphertext)\"}"
is "$STATUS $(field data.plaintext)" "200 " "which comes back empty"
transit encrypt '{"plaintext":"***"}'
refused 400 'illegal base64 data' "a plaintext that is not base64"
transit encrypt '{}'
refused 400 'missing plaintext' "no plaintext"

transit decrypt '{"ciphertext":"plain text"}'
refused 400 'invalid ciphertext: no prefix' "what is no ciphertext"
transit decrypt '{"ciphertext":"vault:v1:***"}'
refused 400 'invalid ciphertext: could not decode base64' "a ciphertext that is not base64"
transit decrypt '{"ciphertext":"vault:v1:YWJj"}'
refused 400 'invalid ciphertext length' "a ciphertext that is too short"
transit decrypt '{"ciphertext":"vault:vx:YWJj"}'
refused 400 'version number could not be decoded' "a version that is no number"
transit decrypt "{\"ciphertext\":\"${one/v1/v2}\"}"
refused 400 'invalid ciphertext: version is too new' "a version that is not there yet"
garbled=${one:0:20}$([ "${one:20:1}" = A ] && echo B || echo A)${one:21}
transit decrypt "{\"ciphertext\":\"$garbled\"}"
refused 400 'message authentication failed' "a garbled ciphertext"
transit decrypt '{}'
refused 400 'missing ciphertext' "no ciphertext"
transit decrypt "{\"ciphertext\":\"$one\"}" missing-key
refused 400 'encryption key not found' "decrypt with a key that does not exist"
transit rewrap "{\"ciphertext\":\"$one\"}" missing-key
refused 400 'encryption key not found' "rewrap with a key that does not exist"
vault_call GET transit/keys/missing-key
is "$STATUS $(field errors)" "404 []" "read a key that does not exist"
vault_call POST elsewhere/decrypt/aes256-key "{\"ciphertext\":\"$one\"}"
refused 404 'no handler for route .*elsewhere/decrypt/aes256-key.*route entry not found' "a mount that does not exist"

# -- batches ----------------------------------------------------------------------------------------

transit encrypt "{\"batch_input\":[{\"plaintext\":\"$(encoded a)\",\"reference\":\"first\"},{\"plaintext\":\"$(encoded b)\"}]}"
is "$STATUS" 200 "encrypt a batch"
is "$(item 0.reference)" first "reference comes back"
a=$(item 0.ciphertext)
b=$(item 1.ciphertext)
like "$a" "$format" "each has its ciphertext"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$a\",\"reference\":\"x\"},{\"ciphertext\":\"$b\",\"reference\":\"y\"}]}"
is "$STATUS" 200 "decrypt a batch"
is "$(item 0.plaintext) $(item 0.reference) $(item 1.plaintext) $(item 1.reference)" "$(encoded a) x $(encoded b) y" \
	"in the same order"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$a\"},{\"ciphertext\":\"$garbled\",\"reference\":\"bad\"},{\"ciphertext\":\"$b\"}]}"
is "$STATUS" 400 "decrypt a batch with one bad item"
is "$(item 0.plaintext) $(item 2.plaintext)" "$(encoded a) $(encoded b)" "which holds the good ones all the same"
like "$(item 1.error)" 'message authentication failed' "and the bad one's error"
is "$(item 1.reference)" bad "with its reference"
transit decrypt "{\"partial_failure_response_code\":206,\"batch_input\":[{\"ciphertext\":\"$a\"},{\"ciphertext\":\"$garbled\"}]}"
is "$STATUS" 206 "partial_failure_response_code chooses the status"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$garbled\"}]}"
is "$STATUS" 400 "a batch with nothing good"
transit decrypt '{"batch_input":[]}'
refused 400 'missing batch input to process' "an empty batch"
transit decrypt '{"batch_input":["text"]}'
refused 500 "failed to parse batch input.*expected a map, got 'string'" "a batch of something else"

# -- versions ---------------------------------------------------------------------------------------

vault_call GET transit/keys/aes256-key
is "$(field data.type) $(field data.derived) $(field data.latest_version) $(field data.min_decryption_version) $(field data.name)" \
	"aes256-gcm96 false 1 1 aes256-key" "the key"
like "$(field data.keys.1)" '^[0-9]{10}$' "its versions, with their time"
vault_call GET transit/keys/derived-key
is "$(field data.derived) $(field data.latest_version)" "true 1" "the derived key"
vault_call POST transit/keys/aes256-key/rotate
is "$STATUS" 200 "rotate"
is "$(field data.latest_version)" 2 "which answers with the key"
transit encrypt "{\"plaintext\":\"$(encoded new)\"}"
like "$(field data.ciphertext)" '^vault:v2:' "the newest version encrypts"
new=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$one\"}"
is "$STATUS $(field data.plaintext)" "200 $(encoded 'one value')" "an old version still decrypts"

transit rewrap "{\"ciphertext\":\"$one\"}"
is "$STATUS" 200 "rewrap"
rewrapped=$(field data.ciphertext)
like "$rewrapped" '^vault:v2:' "to the newest version"
transit decrypt "{\"ciphertext\":\"$rewrapped\"}"
is "$(field data.plaintext)" "$(encoded 'one value')" "of the same plaintext"
transit rewrap "{\"ciphertext\":\"$new\"}"
like "$(field data.ciphertext)" '^vault:v2:' "what is newest already is rewrapped too"
unlike "$(field data.ciphertext)" "^${new//+/\\+}\$" "into another ciphertext"
transit rewrap "{\"batch_input\":[{\"ciphertext\":\"$a\",\"reference\":\"x\"},{\"ciphertext\":\"$garbled\",\"reference\":\"y\"},{\"ciphertext\":\"$b\"}]}"
is "$STATUS" 200 "rewrap a batch with one bad item: still 200"
like "$(item 0.ciphertext) $(item 2.ciphertext)" '^vault:v2:[^ ]+ vault:v2:[^ ]+$' "the good ones are rewrapped"
like "$(item 1.error)" 'message authentication failed' "the bad one has an error"
is "$(item 1.ciphertext)$(item 1.reference)" y "no ciphertext, and its reference"

vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":2}'
is "$STATUS" 200 "retire version 1"
too_old='ciphertext or signature version is disallowed by policy \(too old\)'
transit decrypt "{\"ciphertext\":\"$one\"}"
refused 400 "$too_old" "decrypt a retired version"
transit rewrap "{\"ciphertext\":\"$one\"}"
refused 400 "$too_old" "rewrap a retired version"
transit decrypt "{\"ciphertext\":\"$rewrapped\"}"
is "$STATUS" 200 "what was rewrapped decrypts"
vault_call GET transit/keys/aes256-key
is "$(field data.min_decryption_version) $(field data.keys.1)" "2 " "the key shows what is left"
vault_call POST transit/keys/aes256-key/config '{"min_decryption_version":3}'
refused 400 'cannot set min decryption version of 3, latest key version is 2' "retire the newest version"

# -- trimming ---------------------------------------------------------------------------------------

# config JSON, trim N: of the key "trimmed"; text: what is said, where it is refused
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
is "$(limits)" "0 1 0" "a key that nobody limits"
trim 2
refused 400 'cannot be set when minimum encryption version is not set' "trim without a minimum for encryption"
config '{"min_encryption_version":2}'
is "$STATUS $(limits)" "200 0 1 2" "a minimum for encryption"
transit encrypt "{\"plaintext\":\"$(encoded two)\",\"key_version\":1}" trimmed
refused 400 'requested version for encryption is less than the minimum encryption key version' "encrypt below it"
transit encrypt "{\"plaintext\":\"$(encoded two)\",\"key_version\":2}" trimmed
is "$STATUS" 200 "encrypt at it"
transit decrypt "{\"ciphertext\":\"$v1\"}" trimmed
is "$STATUS" 200 "what is below still decrypts"
trim 2
refused 400 'cannot be greater than minimum decryption version' "trim what may still decrypt"
config '{"min_decryption_version":3}'
refused 400 'min encryption version of 2 must be greater than or equal to min decryption version of 3' \
	"a minimum for encryption below the one for decryption"
config '{"min_decryption_version":3,"min_encryption_version":3}'
is "$STATUS $(limits)" "200 0 3 3" "both together"
trim 4
refused 400 'cannot be greater than' "trim what may still encrypt"
trim 0
is "$STATUS" 400 "trim nothing"
trim 3
is "$STATUS $(limits)" "200 3 3 3" "trim"
vault_call GET transit/keys/trimmed
is "$(field data.keys.1)$(field data.keys.2) $(field data.latest_version)" " 4" "what was trimmed is gone"
transit decrypt "{\"ciphertext\":\"$v1\"}" trimmed
refused 400 "$too_old" "and decrypts no more"
transit decrypt "{\"ciphertext\":\"$v3\"}" trimmed
is "$STATUS $(field data.plaintext)" "200 $(encoded three)" "what is left does"
config '{"min_decryption_version":2}'
refused 400 'min decryption version should not be less then min available version' "decrypt what is gone"
config '{"min_encryption_version":2}'
is "$STATUS" 400 "encrypt with what is gone"
trim 2
refused 400 'cannot be decremented' "take it back"
vault_call POST transit/keys/missing-key/trim '{"min_available_version":1}'
is "$STATUS" 400 "trim a key that does not exist"
vault_call POST transit/keys/trimmed/trim '{}'
is "$STATUS" 400 "trim to no version"

# -- derived keys -----------------------------------------------------------------------------------

context=$(encoded demo/app/A)
transit encrypt "{\"plaintext\":\"$(encoded bound)\",\"context\":\"$context\"}" derived-key
is "$STATUS" 200 "encrypt with a context"
bound=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$bound\",\"context\":\"$context\"}" derived-key
is "$STATUS $(field data.plaintext)" "200 $(encoded bound)" "decrypt with the same"
transit decrypt "{\"ciphertext\":\"$bound\",\"context\":\"$(encoded demo/app/B)\"}" derived-key
refused 400 'message authentication failed' "decrypt with another"
transit decrypt "{\"ciphertext\":\"$bound\"}" derived-key
refused 400 "missing 'context' for key derivation" "decrypt without"
transit encrypt "{\"plaintext\":\"$(encoded bound)\"}" derived-key
refused 400 "missing 'context' for key derivation" "encrypt without"
vault_call POST transit/keys/derived-key/rotate
transit rewrap "{\"batch_input\":[{\"ciphertext\":\"$bound\",\"context\":\"$context\"}]}" derived-key
like "$(item 0.ciphertext)" '^vault:v2:' "rewrap with the context"
transit decrypt "{\"ciphertext\":\"$(item 0.ciphertext)\",\"context\":\"$context\"}" derived-key
is "$(field data.plaintext)" "$(encoded bound)" "keeps it bound"
transit decrypt "{\"batch_input\":[{\"ciphertext\":\"$bound\",\"context\":\"$context\"},{\"ciphertext\":\"$bound\"}]}" derived-key
refused 400 'context should be set either in all the request blocks or in none' "a batch where some have a context"

# -- another mount ----------------------------------------------------------------------------------

vault_call POST team/transit/keys/team-key/rotate
vault_call POST team/transit/encrypt/team-key "{\"plaintext\":\"$(encoded team)\"}"
is "$STATUS" 200 "a mount of two path elements"
team=$(field data.ciphertext)
transit decrypt "{\"ciphertext\":\"$team\"}"
refused 400 'message authentication failed' "whose ciphertext no other key decrypts"

# -- policies ---------------------------------------------------------------------------------------

# may ROLE ACCOUNT STATUS VERB: a call with that role's token
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

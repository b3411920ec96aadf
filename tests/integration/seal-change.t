#!/bin/bash
# Single values of a sealed Secret are set, removed and renamed; other values keep their ciphertext.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

secrets=/api/v1/namespaces/demo/secrets
seal() { run "$BIN/secret-seal" "$@"; }
# variables NAME VARIABLE...: what the application sees of a Secret.
variables() {
	local name=$1
	shift
	# shellcheck disable=SC2016
	"$BIN/secret-exec" --secret "$name" -- sh -c 'for v; do eval "printf \"%s \" \"\${$v-none}\""; done' - "$@"
}
keys() {
	kube_call GET "$secrets/$1"
	field data | python3 -c 'import json, sys; print(*json.load(sys.stdin))'
}

# Per-key layout, without binding.
seal --transit-key aes256-key --set A=1 --set B=2 --set C=3 app
a=$(stored app A) b=$(stored app B)
seal --set C=33 --unset B --rename A=AA app
out_is "secret/app updated" "set, unset and rename in one run"
is "$(keys app)" "AA C" "the data keys are the changed ones"
is "$(stored app AA)" "$a" "an unbound value keeps its ciphertext when renamed"
is "$(variables app A AA B C)" "none 1 none 33 " "the application gets the changed variables"

# Removing and renaming needs no permission to decrypt.
seal --no-verify --rename AA=A app
out_is "secret/app updated" "unset and rename with --no-verify, without permission to decrypt"

# Strictly bound values are bound to their data key: only the renamed one is sealed again.
seal --transit-key derived-key --set A=1 --set B=2 bound
a=$(stored bound A) b=$(stored bound B)
seal --rename A=AA bound
out_is "secret/bound updated" "a bound value is renamed"
unlike "$(stored bound AA)" "^$a\$" "a renamed bound value is sealed again"
is "$(stored bound B)" "$b" "a bound value is renamed: the Secret's other value keeps its ciphertext"
is "$(variables bound A AA B)" "none 1 2 " "a renamed bound value decrypts"

# Document layout: the document is decrypted, changed and sealed again.
printf '{ "a": 1.0, "b": {"x": [1]}, "c": "old", "d": null }' |
	"$BIN/secret-seal" --transit-key aes256-key --layout document --from-document - document >/dev/null
seal --set c=new --set e=5 --unset a --rename b=bb document
out_is "secret/document updated" "a document is changed"
vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$(stored document secrets.json)\"}"
is "$(field data.plaintext | base64 -d)" '{"bb":{"x": [1]},"c":"new","d":null,"e":"5"}' \
	"other members keep their place and spelling"

# Refused changes.
kube_call GET "$secrets/app"
before=$(field data)
refuse() {
	local status=$1 regex=$2 name=$3
	shift 3
	seal "$@"
	fails_with "$status" "$regex" "$name"
}
refuse 1 'Secret demo/app: no data key "X"' "--unset of a missing value" --unset X app
refuse 1 'Secret demo/app: no data key "X"' "--rename of a missing value" --rename X=Y app
refuse 2 'Secret demo/app: data key "C" already exists' "--rename to an existing name" --rename A=C app
refuse 2 '"A": named twice' "--set and --unset of one name" --set A=1 --unset A app
refuse 2 '"D": named twice' "--rename of two values to one name" --rename A=D --rename C=D app
refuse 2 '--rename "A": not valid; write OLD=NEW' "--rename without a new name" --rename A app
refuse 2 '"a b": not a valid data key' "--rename to an invalid name" --rename "A=a b" app
refuse 2 'refusing to remove the last value' "--unset of all values" --unset A --unset C app
refuse 1 'Secret demo/nothing: .*404' "--unset in a missing Secret" --unset A nothing
refuse 2 'cannot be used with --dry-run=client' "--unset with --dry-run=client" --dry-run=client --unset A app
refuse 2 'cannot be used with --immutable' "--unset with --immutable" --immutable --set B=1 --unset A app
refuse 1 'not changed: .*document.*no such member' "--unset of a missing member" --unset X document
refuse 2 'member "e" already exists' "--rename to an existing member" --rename c=e document
kube_call GET "$secrets/app"
is "$(field data)" "$before" "after refused changes the Secret is unchanged"

# A document that does not parse is never overwritten.
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf 'no JSON' | base64)\"}"
broken=$(printf %s "$(field data.ciphertext)" | base64 -w0)
kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"broken\",
	\"annotations\":{\"secretmanager/layout\":\"document\",\"secretmanager/transit-key\":\"transit/aes256-key\"}},
	\"data\":{\"secrets.json\":\"$broken\"}}"
refuse 1 'not changed: Secret demo/broken, data key secrets.json: line 1' "--set in a document that does not parse" --set a=1 broken
kube_call GET "$secrets/broken"
is "$(field data.secrets~json)" "$broken" "a document that does not parse is not changed"

done_testing

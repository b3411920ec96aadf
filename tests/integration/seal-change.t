#!/bin/bash
# Single values of a sealed Secret are set, taken away and renamed; the others keep their ciphertext.
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
is "$(keys app)" "AA C" "the data keys"
is "$(stored app AA)" "$a" "a value that is not bound is renamed without decrypting it"
is "$(variables app A AA B C)" "none 1 none 33 " "the application sees it so"

# Who may not decrypt can still take away and rename.
seal --no-verify --rename AA=A app
out_is "secret/app updated" "--no-verify decrypts nothing"

# Strictly bound values are bound to their data key: the renamed one, and only that, is sealed again.
seal --transit-key derived-key --set A=1 --set B=2 bound
a=$(stored bound A) b=$(stored bound B)
seal --rename A=AA bound
out_is "secret/bound updated" "a bound value is renamed"
unlike "$(stored bound AA)" "^$a\$" "it is sealed again"
is "$(stored bound B)" "$b" "the other keeps its ciphertext"
is "$(variables bound A AA B)" "none 1 2 " "and the application decrypts it"

# Document layout: the document is decrypted, changed and sealed again.
printf '{ "a": 1.0, "b": {"x": [1]}, "c": "old", "d": null }' |
	"$BIN/secret-seal" --transit-key aes256-key --layout document --from-document - document >/dev/null
seal --set c=new --set e=5 --unset a --rename b=bb document
out_is "secret/document updated" "a document is changed"
vault_call POST transit/decrypt/aes256-key "{\"ciphertext\":\"$(stored document secrets.json)\"}"
is "$(field data.plaintext | base64 -d)" '{"bb":{"x": [1]},"c":"new","d":null,"e":"5"}' \
	"what is not named keeps its place and spelling"

# What can't be.
kube_call GET "$secrets/app"
before=$(field data)
refuse() {
	local status=$1 regex=$2 name=$3
	shift 3
	seal "$@"
	fails_with "$status" "$regex" "$name"
}
refuse 1 'Secret demo/app: no data key "X"' "unset what is not there" --unset X app
refuse 1 'Secret demo/app: no data key "X"' "rename what is not there" --rename X=Y app
refuse 2 'Secret demo/app: data key "C" already exists' "a new name that is taken" --rename A=C app
refuse 2 '"A": named twice' "set and unset" --set A=1 --unset A app
refuse 2 '"D": named twice' "two become one" --rename A=D --rename C=D app
refuse 2 '--rename "A": write OLD=NEW' "a rename without a new name" --rename A app
refuse 1 '"a b": not a valid data key' "a new name that is none" --rename "A=a b" app
refuse 2 'refusing to remove the last value' "all taken away" --unset A --unset C app
refuse 1 'Secret demo/nothing: .*404' "a Secret that is not there" --unset A nothing
refuse 2 'not with --dry-run=client' "without the API" --dry-run=client --unset A app
refuse 2 'not with --immutable' "a new Secret each time" --immutable --set B=1 --unset A app
refuse 1 'document.*no such member.*not changed' "unset what no document has" --unset X document
refuse 2 'member "e" already exists' "a new name that the document has" --rename c=e document
kube_call GET "$secrets/app"
is "$(field data)" "$before" "after all that the Secret is as it was"

# A document that does not parse is never overwritten.
vault_call POST transit/encrypt/aes256-key "{\"plaintext\":\"$(printf 'no JSON' | base64)\"}"
broken=$(printf %s "$(field data.ciphertext)" | base64 -w0)
kube_call POST "$secrets" "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"broken\",
	\"annotations\":{\"secretmanager/layout\":\"document\",\"secretmanager/transit-key\":\"transit/aes256-key\"}},
	\"data\":{\"secrets.json\":\"$broken\"}}"
refuse 1 'Secret demo/broken, data key secrets.json: line 1.*not changed' "a document that does not parse" --set a=1 broken
kube_call GET "$secrets/broken"
is "$(field data.secrets~json)" "$broken" "it is left as it was"

done_testing

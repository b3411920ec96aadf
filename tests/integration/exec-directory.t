#!/bin/bash
# A sealed Secret that is mounted as a volume: a file is a data key, and no right on Secrets is needed.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1

# volume DIR NAME=VALUE...: as the kubelet lays it out.  Again: as it changes it.
volume() {
	local dir=$1 generation key
	shift
	generation=$(mktemp -d -p "$(mkdir -p "$dir" && echo "$dir")" ..2024_XXXXXX)
	for pair; do
		key=${pair%%=*}
		printf '%s' "${pair#*=}" >"$generation/$key"
		[ -L "$dir/$key" ] || ln -s "..data/$key" "$dir/$key"
	done
	ln -s "$(basename "$generation")" "$dir/..data_tmp"
	mv -T "$dir/..data_tmp" "$dir/..data"
}
# seal OPTION...: write the Secret app again
seal() {
	kube_call DELETE /api/v1/namespaces/demo/secrets/app
	"$BIN/secret-seal" "$@" app >/dev/null
}
mounted() { run as_pod stranger env -u VAULT_ROLE VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" "$@"; }
launch() { mounted --transit-key aes256-key --secret-dir "$@"; }

seal --transit-key aes256-key --from-literal A=one --from-literal tls.key=two
a=$(stored app A) key=$(stored app tls.key)
volume v "A=$a" "tls.key=$key"
launch v --sanitize -- sh -c 'echo "$A $tls_key"'
out_is "one two" "each file of the volume is a value"
run as_pod app "$BIN/secret-exec" --transit-key aes256-key --secret-dir v --exclude 'tls*' -- printenv A
out_is one "a pod with a login can read the volume's values"
volume v "A=$key" "tls.key=$a"
launch v --sanitize -- sh -c 'echo "$A $tls_key"'
out_is "two one" "only the current generation of the kubelet's files is read"
mkdir plain
printf '%s' "$a" >plain/A
launch plain -- printenv A
out_is one "a directory without the kubelet's links is read"
launch plain --secret-dir v --exclude A -- true
fails_with 125 '"tls.key" is not a valid environment variable name' "a file whose name is not valid for a variable: exit 125"

mounted --secret-dir v -- true
fails_with 125 'v/A: no Transit key.*--transit-key' "a volume has no annotations: the Transit key is required"
launch nowhere -- true
fails_with 125 '--secret-dir nowhere: No such file or directory' "a directory that does not exist: exit 125"
launch plain/A -- true
fails_with 125 '--secret-dir plain/A: Not a directory' "a file instead of a directory: exit 125"
mkdir empty
launch empty -- true
fails_with 125 '--secret-dir empty: empty; check that a Secret is mounted' "an empty directory: exit 125"
printf 'hunter2' >plain/B
launch plain -- true
fails_with 125 '--secret-dir plain: half sealed: file B is not Vault ciphertext' "half sealed: exit 125"
err_unlike hunter2 "half sealed: the value is not shown"
launch plain --exclude B -- printenv A
out_is one "excluded files are not checked"
launch plain --only B -- true
fails_with 125 '--secret-dir plain: not sealed: file B' "not sealed: exit 125"
rm plain/B
mkdir plain/sub
launch plain -- true
fails_with 125 '--secret-dir plain: sub: not a regular file' "a folder in the volume: exit 125"
rmdir plain/sub
mkfifo plain/fifo
launch plain -- true
fails_with 125 '--secret-dir plain: fifo: not a regular file' "a FIFO in the volume: exit 125 without waiting"
rm plain/fifo
printf '%s\n' "$a" >plain/A
launch plain -- true
fails_with 125 'plain/A: garbled ciphertext: it ends in a newline, which was added' "a newline added by an editor: exit 125"
head -c 1048577 /dev/zero >plain/A
launch plain -- true
fails_with 125 '--secret-dir plain: file: A: larger than 1048576 bytes' "a file larger than any data key: exit 125"

# A document.
printf '{"A": "in", "B": 2}' >app.json
seal --transit-key aes256-key --layout document --from-document app.json
kube_call GET /api/v1/namespaces/demo/secrets/app
document=$(field data | sed 's/^{"\([^"]*\)".*/\1/')
volume d "secrets.json=$(stored app "$document")"
launch d -- sh -c 'echo "$A $B"'
out_is "in 2" "the file secrets.json is a document"

# Values that are bound to their Secret.
bound() { mounted --transit-key derived-key --secret-dir "$@"; }
seal --transit-key derived-key --from-literal A=one --from-literal B=two
volume b "A=$(stored app A)" "B=$(stored app B)"
bound b -- true
fails_with 125 "b/A: Vault cannot decrypt it with Transit key derived-key: missing 'context'.*--bound-to \[NAMESPACE/\]NAME" \
	"a derived key without --bound-to: the advice names it"
bound b --bound-to app -- sh -c 'echo "$A $B"'
out_is "one two" "--bound-to NAME uses the pod's namespace"
bound b --bound-to demo/app --only A -- printenv A
out_is one "--bound-to NAMESPACE/NAME decrypts"
run env SECRETMANAGER_SERVICE_ACCOUNT_DIR=/nowhere "$BIN/secret-exec" --transit-key derived-key --secret-dir b --bound-to app -- true
fails_with 125 'b/A: unknown namespace.*--bound-to NAMESPACE/NAME or --namespace' "--bound-to NAME outside a pod: the namespace is required"
run env SECRETMANAGER_SERVICE_ACCOUNT_DIR=/nowhere "$BIN/secret-exec" --transit-key derived-key -n demo --secret-dir b --bound-to app -- printenv B
out_is two "--bound-to NAME with --namespace decrypts"
bound b --bound-to other -- true
fails_with 125 "b/A: Vault cannot decrypt it.*check --bound-to; it may be garbled, or sealed for another Secret and data key" "values bound to another Secret: exit 125"
bound b -n other --bound-to app -- true
fails_with 125 "b/A: Vault cannot decrypt it" "values bound in another namespace: exit 125"
mv b/..data/B b/..data/C
bound b --bound-to app --only C -- true
fails_with 125 "b/C: Vault cannot decrypt it" "values bound to another data key: exit 125"
bound b --scope strict -- true
fails_with 125 'b/A: --scope strict requires the Secret; pass --bound-to' "--scope strict without --bound-to: exit 125"
bound b --scope wide -- true
fails_with 125 '--scope: "wide" is not a scope' "an invalid scope: exit 125"
for scope in namespace-wide cluster-wide; do
	seal --transit-key derived-key --scope "$scope" --from-literal A="$scope"
	volume "$scope" "A=$(stored app A)"
	bound "$scope" --scope "$scope" -- printenv A
	out_is "$scope" "$scope needs no name"
	bound "$scope" --bound-to app -- true
	fails_with 125 "$scope/A: Vault cannot decrypt it" "a value of another scope than strict: exit 125"
done
bound cluster-wide --scope cluster-wide -n other -- printenv A
out_is cluster-wide "a cluster-wide value decrypts in any namespace"

# Two Secrets, distinguished by the prefixes of their names.
seal --transit-key derived-key --from-literal A=one
volume two "X_A=$(stored app A)"
"$BIN/secret-seal" --transit-key derived-key --from-literal A=two other >/dev/null
volume two2 "Y_A=$(stored other A)"
bound two --secret-dir two2 --bound-to app:X_ --bound-to other:Y_ -- sh -c 'echo "$X_A $Y_A"'
out_is "one two" "--bound-to NAME:PREFIX, twice: each value gets its Secret"
bound two --bound-to other:Y_ -- true
fails_with 125 'two/X_A: no PREFIX of a --bound-to fits' "a value without a matching prefix: exit 125"

# Bound and unbound values in one start; Secrets of the API have annotations with their binding.
run as_pod app env VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --secret app --secret-dir two --bound-to app:X_ -- sh -c 'echo "$A $X_A"'
fails_with 125 'two/X_A: no Transit key' "the annotation of a Secret of the API is not used for volumes"
run as_pod app env VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key derived-key --secret app --secret-dir two -- true
fails_with 125 "two/X_A: Vault cannot decrypt it.*missing 'context'.*--bound-to" "one value bound, one not: the message names the one that is not"

done_testing

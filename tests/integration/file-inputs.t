#!/bin/bash
# Files that tokens, namespaces and certificates come from: one that cannot be read is an error, and a FIFO holds nothing up.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

mkfifo "$TAP_WORK/fifo"
cp -r "$STAGE_DIR/pod/app" "$TAP_WORK/pod"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=value app >/dev/null
with_pod() { as_pod app env SECRETMANAGER_SERVICE_ACCOUNT_DIR="$TAP_WORK/pod" VAULT_ROLE=secret-exec "$@"; }
launch() { run with_pod timeout 60 "$BIN/secret-exec" --timeout 1s --secret app "$@" -- printenv A; }

# -- a FIFO that no process writes to

launch --jwt-file "$TAP_WORK/fifo"
fails_with 125 'fifo: not a regular file, and no data within the time limit' "a FIFO as JWT file: exit 125 after --timeout"
launch --token-file "$TAP_WORK/fifo"
fails_with 125 'fifo: not a regular file, and no data within the time limit' "a FIFO as token file: exit 125 after --timeout"
for name in token namespace; do
	mv "$TAP_WORK/pod/$name" "$TAP_WORK/$name"
	mkfifo "$TAP_WORK/pod/$name"
	launch
	fails_with 125 "pod/$name: not a regular file, and no data within" "a FIFO as the pod's $name: exit 125 after --timeout"
	rm "$TAP_WORK/pod/$name"
	mv "$TAP_WORK/$name" "$TAP_WORK/pod/$name"
done
run with_pod env VAULT_CACERT="$TAP_WORK/fifo" timeout 60 "$BIN/secret-exec" --timeout 1s --retries 0 --secret app -- true
fails_with 125 'fifo: not a regular file, and no data within the time limit' "a FIFO as VAULT_CACERT: exit 125 after --timeout"
run with_pod env VAULT_CLIENT_CERT="$TAP_WORK/fifo" VAULT_CLIENT_KEY="$TAP_WORK/fifo" timeout 60 \
	"$BIN/secret-exec" --timeout 1s --retries 0 --secret app -- true
fails_with 125 'fifo: not a regular file, and no data within the time limit' "a FIFO as client certificate: exit 125 after --timeout"
launch --jwt-file <(cat "$TAP_WORK/pod/token")
is "$STATUS $OUT" "0 value" "a JWT from a pipe of the shell: the value is delivered"

run timeout 60 "$BIN/secret-rotate" --timeout 1s --transit-key aes256-key --metrics-file "$TAP_WORK/fifo"
fails_with 2 'fifo: not a regular file' "a FIFO as metrics file: exit 2"
run timeout 60 "$BIN/secret-seal" --timeout 1s --transit-key aes256-key --dry-run=client --from-file "A=$TAP_WORK/fifo" app
fails_with 1 'fifo: not a regular file, and no data within the time limit' "a FIFO as value: exit 1 after --timeout"

# -- a namespace that cannot be read is not "default"

rm "$TAP_WORK/pod/namespace"
ln -s namespace "$TAP_WORK/pod/namespace"
launch
fails_with 125 'namespace of the pod: .*/namespace: Too many levels' "a namespace file that cannot be looked at: exit 125"
run with_pod "$BIN/secret-exec" --print-config
fails_with 125 'namespace of the pod: ' "--print-config with such a file: exit 125"
rm "$TAP_WORK/pod/namespace"
for name in 'demo x' 'demo\0' 'Demo' '../demo'; do
	printf "$name" >"$TAP_WORK/pod/namespace"
	launch
	fails_with 125 'namespace of the pod: .*/namespace: not the name of a namespace' "a namespace file that contains $name: exit 125"
done
printf ' demo\r\n' >"$TAP_WORK/pod/namespace"
launch
is "$STATUS $OUT" "0 value" "spaces around the namespace do not count"
printf 'demo x' >"$TAP_WORK/pod/namespace"
launch --namespace demo
is "$STATUS $OUT" "0 value" "with --namespace the file is not read"

done_testing

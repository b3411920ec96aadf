#!/bin/bash
# A folder whose listing breaks off is an error for every program, and never counts as read.
. "$(dirname "$0")/../tap.sh"
command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
. "$(dirname "$0")/../stage.sh"
stage_start
export SECRETMANAGER_SERVICE_ACCOUNT_DIR=$STAGE_DIR/pod/app VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1

# cut_off N COMMAND...: its Nth call of getdents64 fails, from where on there are no more names
cut_off() {
	local at=$1
	shift
	ASAN_OPTIONS=detect_leaks=0 run strace -qq -o /dev/null -e trace=getdents64 \
		-e "inject=getdents64:error=EIO:when=$at" "$@"
}
manifest() { printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: demo}\nstringData: {A: one}\n'; }

mkdir -p volume manifests/inner sealed ca
manifest >manifests/a.yaml
manifest >manifests/inner/b.yaml
"$BIN/secret-seal" --transit-key aes256-key -f manifests/a.yaml -o yaml >sealed/a.yaml
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=one --dry-run=client -o json app |
	python3 -c 'import base64, json, sys; sys.stdout.write(base64.b64decode(json.load(sys.stdin)["data"]["A"]).decode())' >volume/A
cp "$VAULT_CACERT" ca/

# Call 1 reads the names of a small folder, call 2 finds its end.  VAULT_CAPATH comes after --secret-dir.
for at in 1 2; do
	cut_off $at "$BIN/secret-exec" --transit-key aes256-key --secret-dir volume -- printenv A
	fails_with 125 '--secret-dir: volume: listing: Input/output error' "call $at fails for --secret-dir: exit 125"
	cut_off $((at + 2)) env -u VAULT_CACERT VAULT_CAPATH=ca "$BIN/secret-exec" --transit-key aes256-key --secret-dir volume -- printenv A
	fails_with 125 'CA folder: ca: listing: Input/output error' "call $((at + 2)) fails for VAULT_CAPATH: exit 125"
	cut_off $at "$BIN/secret-rotate" --files sealed --phase verify
	is "$STATUS" 1 "call $at fails for --files --phase verify: exit 1"
	err_like 'sealed: listing: Input/output error' "call $at fails for --files --phase verify: the folder is named"
done
for at in 1 2 3 4; do
	cut_off $at "$BIN/secret-seal" --transit-key aes256-key -R -f manifests --in-place
	fails_with 1 'manifests.*: listing: Input/output error' "call $at fails for -f FOLDER --in-place: exit 1"
done
is "$(cat manifests/a.yaml manifests/inner/b.yaml)" "$(manifest && manifest)" "no manifest was changed"

# -- a verify that found no file

mkdir empty
run "$BIN/secret-rotate" --files sealed --phase verify
is "$STATUS" 0 "verify of sealed manifests: exit 0"
run "$BIN/secret-rotate" --files sealed empty --phase verify
is "$STATUS" 1 "verify of a folder without manifests beside another: exit 1"
err_like 'empty: no manifest found' "verify of a folder without manifests: the folder is named"
run "$BIN/secret-rotate" --files sealed empty
is "$STATUS" 0 "rewrap of a folder without manifests: exit 0"

done_testing

#!/bin/bash
# Killed at any system call on sockets or files, secret-seal leaves the old manifest or the new one; temporary files hold
# no plaintext.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
. "$(dirname "$0")/../killed.sh"
stage_start

calls=$SERVER_CALLS,$FILE_CALLS
mkdir "$TAP_WORK/manifests"
file=$TAP_WORK/manifests/app.yaml
# begin N: restore the manifest from $START for a turn.
begin() {
	TURN=turn-$1
	sed "s/TURN/$TURN/" "$START" >"$file"
	BEFORE=$(<"$file")
	rm -f "$TAP_WORK/manifests"/.??*
}
# Return whether it decrypts in the cluster to the wanted values.
# shellcheck disable=SC2016 # for that shell
opens() {
	"$BIN/secret-seal" -n demo -f "$file" >/dev/null 2>&1 &&
		[ "$("$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B $C"')" = "$TURN $TURN kept" ]
}
look() {
	FOUND="neither the old manifest nor the new one"
	if [ "$(<"$file")" = "$BEFORE" ]; then
		FOUND=old
	elif [ "$(sed 1q "$file")/$(tail -1 "$file")" = '# before/# after' ] && opens; then
		FOUND=new
	fi
	# The temporary file may be left.
	if cat "$TAP_WORK/manifests"/.??* 2>/dev/null | grep -qE "turn-|kept|$(printf 'turn-' | base64 | cut -c1-6)"; then
		FOUND="plaintext in a temporary file"
	fi
}

cat >"$TAP_WORK/plain.yaml" <<'YAML'
# before
apiVersion: v1
kind: Secret
metadata: {name: app}
stringData:
  A: TURN
  B: TURN
  C: kept
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
# after
YAML
START=$TAP_WORK/plain.yaml
killed_everywhere "sealed in place" "$calls" begin look "$BIN/secret-seal" -n demo --transit-key derived-key -i -f "$file"

cp "$file" "$TAP_WORK/sealed.yaml"
START=$TAP_WORK/sealed.yaml
# The values are the same in each turn, as the command line is.
same_turn() {
	begin 0
	TURN=turn-0
}
killed_everywhere "values set in place" "$calls" same_turn look \
	"$BIN/secret-seal" -n demo -i -f "$file" --set A=turn-0 --set B=turn-0

# With an editor.
export XDG_RUNTIME_DIR=/dev/shm/killed-$$ TURN
mkdir -m 700 "$XDG_RUNTIME_DIR"
at_end "rm -rf $XDG_RUNTIME_DIR"
# shellcheck disable=SC2016 # for that shell
printf '#!/bin/sh\nsed -i "s/^\\([AB]\\): .*/\\1: \\"$TURN\\"/" "$1"\n' >"$TAP_WORK/editor"
chmod +x "$TAP_WORK/editor"
killed_everywhere "edited in place" "$calls" begin look "$BIN/secret-seal" edit -n demo --editor "$TAP_WORK/editor" "$file"
is "$(ls -A "$XDG_RUNTIME_DIR")" "" "the text of killed edits is wiped from memory"

# An edit of a Secret in the API.
"$BIN/secret-seal" -n demo -f "$file" >/dev/null 2>&1
kept=$(stored app C)
data() {
	kube_call GET /api/v1/namespaces/demo/secrets/app
	printf %s "$OUT"
}
remember() {
	TURN=turn-$1
	BEFORE=$(data)
}
# shellcheck disable=SC2016 # for that shell
look_in_api() {
	local now
	now=$(data)
	FOUND="neither the old Secret nor the new one"
	if [ "$now" = "$BEFORE" ]; then
		FOUND=old
	elif [ "$(stored app C)" = "$kept" ] &&
		[ "$("$BIN/secret-exec" --secret app -- sh -c 'echo "$A $B $C"')" = "$TURN $TURN kept" ]; then
		FOUND=new
	fi
}
killed_everywhere "edited in the API" "$calls" remember look_in_api "$BIN/secret-seal" edit --editor "$TAP_WORK/editor" app
is "$(ls -A "$XDG_RUNTIME_DIR")" "" "the text of killed edits is wiped from memory"

done_testing

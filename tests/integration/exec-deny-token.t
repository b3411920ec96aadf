#!/bin/bash
# --deny-token: the application cannot read the files with which the launcher logs in, and can do everything else.
# shellcheck disable=SC2016 # shells of the application expand variables
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
# landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
version=$(/usr/bin/python3 -ISc 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1))')
[ "$version" -ge 2 ] || skip_all "this kernel has no Landlock with moves between folders"
stage_start
export VAULT_ROLE=secret-exec
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plaintext-4c1e app >/dev/null

# The token's volume is not beneath /tmp, so that the test's other files are in a folder beside it.
shared=$(mktemp -d /dev/shm/exec-deny-token.XXXXXX 2>/dev/null) || skip_all "no /dev/shm"
at_end "rm -rf $shared"
chmod 755 "$shared"
volume=$shared/run/account
mkdir -p "$volume" "$shared/run/application" "$TAP_WORK/other"
echo old >"$shared/run/old"

# renew: replace the files of the volume as the kubelet does: in a new folder, by one link.
generation=0
renew() {
	local data=..2026_01_31_12_00_0$((++generation)).1 before=
	[ ! -L "$volume/..data" ] || before=$(readlink "$volume/..data")
	mkdir "$volume/$data"
	cp "$STAGE_DIR/pod/app"/{token,ca.crt,namespace} "$volume/$data/"
	chmod 755 "$volume" "$volume/$data"
	chmod 644 "$volume/$data"/*
	ln -s "$data" "$volume/..data_tmp"
	mv -T "$volume/..data_tmp" "$volume/..data"
	[ -z "$before" ] || rm -r "${volume:?}/$before"
	for file in token ca.crt namespace; do ln -sfn "..data/$file" "$volume/$file"; done
}
renew

# launch [NAME=VALUE...] [OPTION...] -- COMMAND...: run it as a pod with that volume.
pod=("${POD[@]}" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$volume")
launch() {
	split_variables "$@"
	run "${pod[@]}" "${VARIABLES[@]}" "$BIN/secret-exec" --secret app "${WORDS[@]}"
}
# denied NAME: the latest run could not read any of its files.
denied() {
	is "$OUT${ERR:+$(grep -cv 'Permission denied$' <<<"$ERR")}" 0 "$1"
}

# -- what is denied ------------------------------------------------------------------------------

launch -- cat "$volume/token"
is "$OUT" "$(<"$STAGE_DIR/pod/app/token")" "without --deny-token: the application can read the token"
launch --deny-token -- cat "$volume/token"
denied "--deny-token: the application cannot read the token"
launch --deny-token -- cat "$(realpath "$volume/token")" "$volume/..data/token" "/proc/self/root$volume/token"
denied "the token's other paths: denied"
launch --deny-token -- cat "$volume/ca.crt" "$volume/namespace"
denied "the other files of the token's volume: denied"
launch --deny-token -- sh -c 'cd "$1" && cat token' - "$volume"
denied "a relative path: denied"
launch --deny-token -- sh -c '(setsid sh -c "cat $1" &); wait; cat "$1"' - "$volume/token"
denied "children, also in another session: denied"
launch SECRET_EXEC_DENY_TOKEN=true -- cat "$volume/token"
denied "SECRET_EXEC_DENY_TOKEN=true: denied"
launch --deny-token=if-possible -- cat "$volume/token"
denied "--deny-token=if-possible where it is possible: denied"
launch SECRET_EXEC_DENY_TOKEN=true --no-deny-token -- cat "$volume/token"
is "$OUT" "$(<"$STAGE_DIR/pod/app/token")" "--no-deny-token: readable"
launch --deny-token -v -- true
err_like "denied to the command: $volume"$'\n' "--verbose names the denied folder"

# The application waits at the gate while the kubelet renews the token.
mkfifo "$TAP_WORK/gate" "$TAP_WORK/waits"
"${pod[@]}" "$BIN/secret-exec" --secret app --deny-token -- \
	sh -c 'echo >"$1"; read -r _ <"$2"; cat "$3" "$4"' - "$TAP_WORK/waits" "$TAP_WORK/gate" "$volume/token" "$volume/..data/token" \
	>"$TAP_WORK/renewed" 2>&1 &
application=$!
at_end "kill $application 2>/dev/null"
read -r _ <"$TAP_WORK/waits"
renew
echo >"$TAP_WORK/gate"
wait "$application"
is "$(grep -c 'Permission denied$' "$TAP_WORK/renewed") $(wc -l <"$TAP_WORK/renewed")" "2 2" "a token that is renewed after the start: denied"

# Nor can it be moved to a folder that is allowed.
launch --deny-token -- sh -c 'ln "$1/..data/token" "$2/linked"; mv -T "$1" "$2/moved"; cat "$2/linked" "$2/moved/token"' - "$volume" "$shared/run/application"
is "$OUT" "" "a token or its volume cannot be linked or moved to another folder"
ok "the token is where it was" [ -s "$volume/token" ]

# -- the other credentials -----------------------------------------------------------------------

credentials=$TAP_WORK/credentials
mkdir "$credentials"
sealed=$(stored app A)
# credential NAME FILE OPTION...: log in with these options; the file is denied, its neighbour is not.
credential() {
	local name=$1 file=$2
	shift 2
	echo public >"$file-public"
	run as_pod app env A="$sealed" "$BIN/secret-exec" --transit-key aes256-key --deny-token "$@" -- sh -c 'echo "$A"; cat "$1-public" "$1"' - "$file"
	is "$OUT" $'plaintext-4c1e\npublic' "$name: the start works, a file beside it can be read"
	err_like "^cat: $file: Permission denied\$" "$name: denied"
}
cp "$STAGE_DIR/pod/app/token" "$credentials/jwt"
credential --jwt-file "$credentials/jwt" --jwt-file "$credentials/jwt"
ln -s "$credentials/jwt" "$TAP_WORK/other/link"
credential "--jwt-file, a link" "$credentials/jwt" --jwt-file "$TAP_WORK/other/link"
cp "$STAGE_DIR/pod/app/secret-id" "$credentials/secret-id"
credential --secret-id-file "$credentials/secret-id" --auth-method approle --role-id "$(<"$STAGE_DIR/pod/app/role-id")" --secret-id-file "$credentials/secret-id"
printf %s "$VAULT_TOKEN" >"$credentials/vault-token"
credential --token-file "$credentials/vault-token" --token-file "$credentials/vault-token"
cp "$STAGE_DIR/pod/app/client.key" "$credentials/client.key"
credential --vault-client-key "$credentials/client.key" --vault-client-cert "$STAGE_DIR/pod/app/client.crt" --vault-client-key "$credentials/client.key"
run as_pod app env A="$sealed" "$BIN/secret-exec" --transit-key aes256-key --deny-token --jwt-file <(cat "$credentials/jwt") -- printenv A
is "$STATUS $OUT$ERR" "0 plaintext-4c1e" "--jwt-file, a pipe: the application starts"
ln -s missing "$credentials/dangling"
run as_pod app env A="$sealed" "$BIN/secret-exec" --transit-key aes256-key --deny-token --jwt-file "$credentials/dangling" -- true
fails_with 125 "^secret-exec: --deny-token: $credentials/dangling: No such file" "a link to a file that does not exist: exit 125"
"${POD[@]}" true && run "${POD[@]}" VAULT_TOKEN="$VAULT_TOKEN" SECRETMANAGER_SERVICE_ACCOUNT_DIR="$TAP_WORK/nothing" A="$sealed" \
	"$BIN/secret-exec" --transit-key aes256-key --deny-token -- sh -c 'echo "$A"; grep NoNewPrivs /proc/self/status'
is "$STATUS $OUT" $'0 plaintext-4c1e\nNoNewPrivs:\t0' "a pod without a token: the application starts unrestricted"

# -- what is not denied ---------------------------------------------------------------------------

cat >"$TAP_WORK/application.sh" <<'END'
#!/bin/sh
cd "$1" || exit
echo "$A"
[ -s /etc/passwd ] && cat /etc/passwd "$0" /proc/self/status /dev/null >/dev/null || echo "not readable"
mkdir -p from/new to && echo moved >from/new/file && mv from/new/file to/file && mv -T from to/from && ln to/file to/hard && cat to/file to/hard
ls -a "$2/.." | grep -c account
cat "$3"
END
chmod +x "$TAP_WORK/application.sh"
launch --deny-token -- "$TAP_WORK/application.sh" "$TAP_WORK/other" "$volume" "$shared/run/old"
is "$OUT" $'plaintext-4c1e\nmoved\nmoved\n1\nold' "files can be read, created, linked and moved between folders, and folders listed"
is "$STATUS $ERR" "0 " "without an error"
# mv would copy.
launch --deny-token -- /usr/bin/python3 -ISc '
import os, sys
one, other = sys.argv[1:]
os.rename(f"{one}/old", f"{other}/old")
print(open(f"{other}/old").read(), end="")
os.rename(f"{other}/old", f"{one}/old")
open(f"{one}/application/new", "w").write("new in an old folder\n")
print(open(f"{one}/application/new").read(), end="")
open(f"{one}/new", "w").write("-")
try:
    open(f"{one}/new")
except PermissionError:
    print("denied")' "$shared/run" "$shared/run/application"
is "$OUT" $'old\nnew in an old folder\ndenied' "a file created directly in a folder above the token is denied, as documented"
rm "$shared/run/new"
launch --deny-token --fd 5=A --memfd A --file "A=$shared/run/a" -- sh -c 'cat <&5; cat "$1" "$2" /proc/self/fd/3 3<"$1"' - '{}' "$shared/run/a"
is "$STATUS $OUT$ERR" "0 plaintext-4c1eplaintext-4c1eplaintext-4c1eplaintext-4c1e" "a pipe, a memfd and a file can be read"
printf input | "${pod[@]}" "$BIN/secret-exec" --secret app --deny-token -- sh -c 'cat /dev/stdin' >"$TAP_WORK/read" 2>&1
is "$(<"$TAP_WORK/read")" input "the standard input can be opened again"
launch --deny-token -- sh -c 'exit 7'
status_is 7 "the exit status is the application's"
launch --deny-token -- grep NoNewPrivs /proc/self/status
out_is $'NoNewPrivs:\t1' "the application has no_new_privs"

# -- errors -----------------------------------------------------------------------------------------

refused() {
	local name=$1 regex=$2
	shift 2
	launch VAULT_ADDR=https://127.0.0.1:1 --retries 0 "$@"
	fails_with 125 "$regex" "$name: exit 125, before Vault is asked"
}
refused "--deny-token=maybe" 'option --deny-token: "maybe" is not true, false or if-possible' --deny-token=maybe -- true
refused "a command beside the token" "^secret-exec: --deny-token: $volume/..data/token: cannot be executed, because it is beside a token; move it" --deny-token -- "$volume/..data/token"
refused "--file beside the token" "^secret-exec: --deny-token: --file A=$volume/a: cannot be read, because it is beside a token; choose another folder" --deny-token --file "A=$volume/a" -- true
refused "--watch-signal, and --file above the token" "^secret-exec: --deny-token: --file A=$shared/run/a: the renewed file cannot be read, because a token is in or beneath its folder" \
	--deny-token --init --watch --watch-signal HUP --file "A=$shared/run/a" -- true
mkdir "$shared/run/many"
(cd "$shared/run/many" && seq -f 'entry-%.0f' 4096 | xargs touch && echo t >entry-1)
run as_pod app env A="$sealed" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key aes256-key --deny-token --jwt-file "$shared/run/many/entry-1" -- cat "$shared/run/many/entry-2"
is "$STATUS $OUT$ERR" "0 " "4,096 entries in a folder above a token: the application starts"
touch "$shared/run/many/entry-0"
run as_pod app env A="$sealed" VAULT_TOKEN="$VAULT_TOKEN" "$BIN/secret-exec" --transit-key aes256-key --deny-token --jwt-file "$shared/run/many/entry-1" -- true
fails_with 125 "^secret-exec: --deny-token: $shared/run/many: more than 4096 entries; .*mount the token in a folder of its own" "more entries: exit 125"
rm -r "$shared/run/many"

launch --deny-token --check -- true
is "$STATUS" 0 "--check: passes"
launch --deny-token=if-possible --print-config
out_like $'\ndeny-token: if-possible \\(--deny-token\\)\n' "--print-config shows it"
launch SECRET_EXEC_DENY_TOKEN=1 --print-config
out_like $'\ndeny-token: true \\(SECRET_EXEC_DENY_TOKEN\\)\n' "--print-config shows the variable"

# A kernel without Landlock: strace fails its system calls.
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null && ! under_asan; then
	# without FAULT LAUNCH...: with a fault in one of them.
	without() {
		local fault=$1
		shift
		run "${pod[@]}" strace -qq -o /dev/null -e trace="${fault%%:*}" -e inject="$fault" "$BIN/secret-exec" --secret app "$@"
	}
	address=$VAULT_ADDR
	while IFS='|' read -r fault problem; do
		export VAULT_ADDR=https://127.0.0.1:1
		without "landlock_create_ruleset:$fault" --deny-token -- true
		fails_with 125 "^secret-exec: --deny-token: $problem; use Linux 5.19 or newer with Landlock, or --deny-token=if-possible" "$fault: exit 125, before Vault is asked"
		export VAULT_ADDR=$address
		without "landlock_create_ruleset:$fault" --deny-token=if-possible -- cat "$volume/token"
		is "$STATUS $OUT" "0 $(<"$STAGE_DIR/pod/app/token")" "$fault, if possible: the application starts, and can read the token"
		err_is "secret-exec: warning: --deny-token=if-possible: $problem, so the command can read the token" "$fault, if possible: a warning"
	done <<-'END'
		error=ENOSYS|this kernel has no Landlock, or a seccomp profile forbids it
		error=EOPNOTSUPP|Landlock is disabled in this kernel
		error=EPERM|a seccomp profile forbids Landlock
		retval=1|this kernel's Landlock would also prevent moving files between folders
	END
	without landlock_create_ruleset:error=ENOSYS --deny-token --check -- true
	fails_with 125 'no Landlock' "--check: exit 125 too"
	for fault in create_ruleset:error=ENOMEM:when=2 add_rule:error=ENOMEM:when=5 restrict_self:error=E2BIG; do
		without "landlock_$fault" --deny-token=if-possible --file "A=$shared/run/application/a" -- touch "$TAP_WORK/started"
		fails_with 125 '^secret-exec: --deny-token: .*(Cannot allocate memory|Argument list too long)' "$fault: exit 125, also if possible"
		is "$(ls "$TAP_WORK/started" "$shared/run/application/a" 2>/dev/null)" "" "$fault: nothing is started, and the file is removed"
	done
	without landlock_restrict_self:retval=0 --deny-token -- touch "$TAP_WORK/started"
	fails_with 125 "^secret-exec: --deny-token: $volume/token: can still be read; mount its volume only once" "a token that can still be read: exit 125"
else
	tap_note "strace may not trace here, or the sanitizer is on: kernels without Landlock are not tested"
fi
# The same volume, mounted again beside the first.
if unshare --mount true 2>/dev/null; then
	mkdir "$shared/run/again"
	# shellcheck disable=SC2016 # expanded by the inner shell
	run "${pod[@]}" unshare --mount bash -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' - "$volume" "$shared/run/again" "$BIN/secret-exec" --secret app --deny-token -- true
	fails_with 125 "^secret-exec: --deny-token: $volume/token: can still be read" "a volume that is mounted again beside the token: exit 125"
	rmdir "$shared/run/again"
fi

# -- other users, the init, restarts ----------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	chmod 711 "$TAP_WORK"
	install -m 755 "$BIN/secret-exec" "$TAP_WORK/secret-exec"
	install -m 644 "$VAULT_CACERT" "$TAP_WORK/vault-ca.crt"
	run "${pod[@]}" VAULT_CACERT="$TAP_WORK/vault-ca.crt" setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all \
		"$TAP_WORK/secret-exec" --secret app --deny-token -- sh -c 'echo "$A"; id -u; cat "$1" 2>&1' - "$volume/token"
	is "$OUT" "plaintext-4c1e"$'\n65532\n'"cat: $volume/token: Permission denied" "a user without privileges: denied"
	chmod 711 "$shared/run"
	run "${pod[@]}" VAULT_CACERT="$TAP_WORK/vault-ca.crt" setpriv --reuid 65532 --regid 65532 --clear-groups \
		"$TAP_WORK/secret-exec" --secret app --deny-token -- true
	fails_with 125 "^secret-exec: --deny-token: $shared/run: listing: Permission denied; .*mount the token in a folder of its own" "a folder that cannot be listed: exit 125"
	chmod 755 "$shared/run"
fi

mkfifo "$TAP_WORK/events"
exec 7<>"$TAP_WORK/events"
# begin OPTION... -- COMMAND...: with --init in the background, whose lines come on descriptor 7; $launcher.
begin() {
	"${POD[@]}" --default-signal "SECRETMANAGER_SERVICE_ACCOUNT_DIR=$volume" "$BIN/secret-exec" --secret app --deny-token --init "$@" >"$TAP_WORK/events" 2>&1 7<&- &
	launcher=$!
	at_end "kill -KILL $launcher 2>/dev/null"
}
# comes REGEX NAME: wait for a line that matches; $LINE.
comes() {
	while read -r -t "$PATIENCE" LINE <&7; do
		[[ ! $LINE =~ $1 ]] || { tap_result yes "$2" && return; }
	done
	tap_result no "$2"
	exit 1
}
cat >"$TAP_WORK/reads.sh" <<'END'
trap 'exit 0' TERM
trap 'echo "hup $(cat "$2" 2>&1)"' HUP
echo "start $A, $(cat "$1/token" 2>&1), $(readlink "/proc/$PPID/fd/1" || echo no descriptors of the init)"
while :; do sleep 1000 & wait $!; done
END
privileges() { sed -n 's/^NoNewPrivs:\t//p' "/proc/$1/status"; }
begin --watch --watch-interval 100ms --watch-debounce 50ms --watch-max-delay 50ms -- bash "$TAP_WORK/reads.sh" "$volume"
comes '^start plaintext-4c1e, cat: .*/token: Permission denied, no descriptors of the init$' "--init: the application is denied the token, and the descriptors of the init"
is "$(privileges "$launcher")" 0 "--init: the init is not restricted"
for value in two three; do
	renew
	"$BIN/secret-seal" --transit-key aes256-key --from-literal A=$value app >/dev/null
	comes "^start $value, cat: .*/token: Permission denied" "--watch: the restarted application is denied, and its launcher has logged in again"
done
kill -TERM "$launcher"
wait "$launcher"
begin --watch --watch-interval 100ms --watch-debounce 50ms --watch-max-delay 50ms --watch-signal HUP --file "A=$shared/run/application/a" -- \
	bash "$TAP_WORK/reads.sh" "$volume" "$shared/run/application/a"
comes '^start , cat: .*/token: Permission denied' "--watch-signal: the application is denied"
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=four app >/dev/null
comes '^hup four' "--watch-signal: the application reads the renewed file"
kill -TERM "$launcher"
wait "$launcher"

done_testing

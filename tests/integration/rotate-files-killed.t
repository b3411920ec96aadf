#!/bin/bash
# Killed at any system call, secret-rotate --files leaves each file old or new as a whole; the next run does the rest.
# run: early
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
command -v strace >/dev/null || skip_all "needs strace"
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
stage_start
. "$(dirname "$0")/../manifests.sh"

dir=$TAP_WORK/manifests
old=$TAP_WORK/old
mkdir "$dir" "$old"
for name in a b c; do
	{
		printf '# %s\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n' "$name" "$name"
		secret "$name" A "$(b64 aes256-key one)"
		printf '  B: %s # b\n' "$(b64 aes256-key two)"
		secret "$name-2" A "$(b64 aes256-key three)"
	} >"$old/$name.yaml"
done
new_version transit/aes256-key

# killed_at N CALLS: at the Nth of them
killed_at() {
	ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e "inject=$2:signal=KILL:when=$1" \
		"$BIN/secret-rotate" --files "$dir" >/dev/null
}
fresh() {
	rm -rf "$dir"
	cp -r "$old" "$dir"
}
# Count old, new and torn files, and temporary files.
look() {
	local name left
	for name in a b c; do
		if cmp -s "$dir/$name.yaml" "$old/$name.yaml"; then
			old_files=$((old_files + 1))
		elif [ "$(versions "$dir/$name.yaml")" = "v2 x 3" ] &&
			[ "$(wc -lc <"$dir/$name.yaml")" = "$(wc -lc <"$old/$name.yaml")" ]; then
			new_files=$((new_files + 1))
		else
			torn=$((torn + 1))
		fi
	done
	for left in "$dir"/* "$dir"/.[!.]*; do
		case $left in
		"$dir"/[abc].yaml | "$dir/.[!.]*") ;;
		"$dir"/.secret-seal.*) lying=$((lying + 1)) ;;
		*) strange=$((strange + 1)) ;;
		esac
	done
}

# System calls for files and for Vault; strace counts each of them separately.
calls=(openat read pread64 write fchown fchmod fsync rename renameat unlinkat close connect sendto recvfrom)
old_files=0 new_files=0 torn=0 lying=0 strange=0 unended='' unfinished=0 kills=0
for call in "${calls[@]}"; do
	for ((n = 1; n <= 400; n++)); do
		fresh
		killed_at "$n" "$call" 2>/dev/null
		status=$?
		look
		[ "$status" = 137 ] || break
		kills=$((kills + 1))
		[ $((kills % 20)) = 0 ] || continue
		"$BIN/secret-rotate" --files "$dir" >/dev/null 2>&1 || unfinished=$((unfinished + 1))
		[ "$(for name in a b c; do versions "$dir/$name.yaml"; done)" = $'v2 x 3\nv2 x 3\nv2 x 3' ] || unfinished=$((unfinished + 1))
	done
	[ "$status" = 0 ] || unended+=" $call"
done
tap_note "killed $kills times: $old_files old files, $new_files new ones, $lying left beside them"
is "$unended" "" "secret-rotate --files was killed at each system call until a run ended by itself"
ok "more than 80 kills" [ "$kills" -gt 80 ]
is "$torn" 0 "no file is written in part"
ok "some kills came before files were replaced" [ "$old_files" -gt 100 ]
ok "some kills came after files were replaced" [ "$new_files" -gt 20 ]
ok "a kill can leave a temporary file" [ "$lying" -gt 0 ]
is "$strange" 0 "temporary files have the documented name"
is "$unfinished" 0 "the next run rewraps the rest"

# A temporary file that a kill leaves is not read as a manifest.
fresh
killed_at 1 renameat 2>/dev/null
lying=0
look
is "$lying" 1 "a kill before the rename leaves a temporary file"
run "$BIN/secret-rotate" --files "$dir"
out_like '^keys rotated 0, files 3, ' "a temporary file is not read"

# SIGTERM leaves no temporary file, at whichever call it comes.
lying=0 strange=0 torn=0 old_files=0 new_files=0 unclean=0
for call in openat read pread64 write fsync renameat close sendto recvfrom; do
	for ((n = 1; n <= 400; n += 2)); do
		fresh
		ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$TAP_WORK/trace" -e trace="$call" -e "inject=$call:signal=TERM:when=$n" \
			"$BIN/secret-rotate" --files "$dir" >"$TAP_WORK/out" 2>"$TAP_WORK/err"
		status=$?
		grep -q SIGTERM "$TAP_WORK/trace" || break
		look
		case $status in
		0) ;; # it after the last file
		1) grep -q interrupted "$TAP_WORK/err" || unclean=$((unclean + 1)) ;;
		143) [ ! -s "$TAP_WORK/err" ] || unclean=$((unclean + 1)) ;; # before the handler was set
		*) unclean=$((unclean + 1)) ;;
		esac
	done
done
tap_note "interrupted: $old_files old files, $new_files new ones"
is "$torn $lying $strange" "0 0 0" "SIGTERM at any call leaves whole files and no temporary file"
is "$unclean" 0 "SIGTERM is reported"
ok "some files were replaced before SIGTERM" [ "$new_files" -gt 10 ]
ok "some files were not replaced before SIGTERM" [ "$old_files" -gt 10 ]

fresh
ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e inject=fsync:signal=TERM:when=1 "$BIN/secret-rotate" --files "$dir" >/dev/null 2>&1
old_files=0 new_files=0
look
is "$new_files $old_files" "1 2" "SIGTERM in fsync: the file is finished, and no other is begun"

# A change by another process between the check and the rename is lost: nothing slow may come between them.
fresh
ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$TAP_WORK/trace" -e trace=fsync,newfstatat,renameat "$BIN/secret-rotate" --files "$dir" >/dev/null 2>&1
is "$(grep -B1 '^renameat' "$TAP_WORK/trace" | grep -c '^newfstatat')" 3 "each file is on the disk before the check that it has not changed"
done_testing

#!/bin/bash
# secret-exec in containers with a restricted pod's settings: any user, read-only root, no capability, no new privileges,
# the default seccomp profile; with roots from an empty one to Debian's.
#
# A case is a function without arguments whose name is in `cases`.  It runs for every root and user; the names of its
# results begin with $where.
# run: early
# shellcheck disable=SC2034 # roots are read by name
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
docker version >/dev/null 2>&1 || skip_all "Docker does not answer"
[ "$(id -u)" = 0 ] || skip_all "only root can give a pod's token to its user"
stage_start
cases=(delivers_in_the_environment delivers_over_a_pipe delivers_in_memory installs_itself
	stays_as_init denies_the_token starts_what_the_root_has
	verifies_a_server_by_the_system_bundle locks_memory_where_it_may ends_when_it_is_stopped)
users=(65532 4242424) # distroless calls the first "nonroot"; the second is in no passwd file

probe=${PROBE:-$(dirname "$BIN")/tests/probe}
[ -x "$probe" ] || exit 1 # make integration builds it
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=first --from-literal "B=sec ond" app >/dev/null

# -- roots --------------------------------------------------------------------------------------------

# bundle FILE: write a system bundle of public CAs and Vault's CA.
bundle() {
	mkdir -p "$(dirname "$1")"
	cat /etc/ssl/certs/ca-certificates.crt "$VAULT_CACERT" >"$1"
}
# with_libraries ROOT PROGRAM...: copy programs of this machine with their libraries.
with_libraries() {
	local root=$1 file
	shift
	{ printf '%s\n' "$@"; ldd "$@" | grep -oE '/[^ :]+ \(|=> /[^ ]+' | grep -oE '/[^ ]+'; } | sort -u |
		while read -r file; do
			mkdir -p "$root$(dirname "$file")"
			cp -L "$file" "$root$file"
		done
}
root_scratch() { :; }
root_alpine() { # busybox, no glibc, the bundle of musl distributions
	local busybox
	busybox=$(command -v busybox) || return
	! ldd "$busybox" >/dev/null 2>&1 || return
	mkdir -p "$1/bin" "$1/etc"
	cp "$busybox" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	bundle "$1/etc/ssl/cert.pem"
}
root_distroless() { # glibc, one program, a user
	with_libraries "$1" /usr/bin/printenv
	mkdir -p "$1/etc"
	printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin \
		>"$1/etc/passwd"
	printf 'hosts: files dns\n' >"$1/etc/nsswitch.conf"
	bundle "$1/etc/ssl/certs/ca-certificates.crt"
}

# make_image ROOT: build an image of the root with the launcher and the probe, and set $image; fail if it cannot be built.
entrypoint='ENTRYPOINT ["/secret-exec"]'
make_image() {
	local root=$TAP_WORK/$1 container debian
	image=secretmanager-containers:$1-$$
	mkdir -m 755 "$root"
	cp "$BIN/secret-exec" "$probe" "$root/"
	if [ "$1" = debian ]; then
		debian=$(timeout 200 "$(dirname "$0")/debian-image" 2>/dev/null) || return
		container=$(docker create "$debian" true) || return
		chmod 755 "$root"/*
		docker cp -q "$root/." "$container:/"
		docker commit -c "$entrypoint" "$container" "$image" >/dev/null
		docker rm "$container" >/dev/null
	else
		"root_$1" "$root" || return
		chmod -R a+rX "$root"
		tar -C "$root" --owner 0 --group 0 -c . | docker import -c "$entrypoint" - "$image" >/dev/null
	fi
	at_end "docker rmi -f $image >/dev/null 2>&1"
}

# -- pods ---------------------------------------------------------------------------------------------

# Create the service account's folder as the kubelet mounts it: links to files in a folder that is replaced as a whole,
# readable only by the pod's user.
mount_account() {
	local mount=$1 account=$2 user=$3 data=..2024_01_01_00_00_00.1
	mkdir -p "$mount/$data"
	cp "$STAGE_DIR/pod/$account"/* "$mount/$data/"
	chmod 755 "$mount" "$mount/$data"
	chmod 400 "$mount/$data"/*
	chown "$user" "$mount/$data"/*
	ln -sfn "$data" "$mount/..data"
	local file
	for file in "$mount/$data"/*; do ln -sf "..data/${file##*/}" "$mount/${file##*/}"; done
}

# Set the options of docker run.
strict() {
	pod=(--network host --user "$user:$user" --read-only --cap-drop ALL --security-opt no-new-privileges
		--mount "type=bind,src=$TAP_WORK/account-$user,dst=/var/run/secrets/kubernetes.io/serviceaccount,ro"
		--mount "type=bind,src=$TAP_WORK/vault-ca.crt,dst=/vault/ca.crt,ro"
		-e VAULT_ADDR="$VAULT_ADDR" -e VAULT_CACERT=/vault/ca.crt -e VAULT_ROLE=secret-exec
		-e KUBERNETES_SERVICE_HOST="$KUBERNETES_SERVICE_HOST" -e KUBERNETES_SERVICE_PORT="$KUBERNETES_SERVICE_PORT"
		-e SECRET_EXEC_SECRET=app -h pod)
}
# pod [OPTION...] -- ARGUMENT...: run the image with these arguments in docker.
pod() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run docker run --rm "${pod[@]}" "${options[@]}" "$image" "$@"
}

# -- cases --------------------------------------------------------------------------------------------

delivers_in_the_environment() {
	pod --entrypoint /probe -- - argument
	local without
	without=$(grep -vE '^environment: (VAULT|SECRET_EXEC)_' <<<"$OUT")
	pod -- /probe - argument
	status_is 0 "$where: the application starts"
	is "$(grep '^environment: [AB]=' <<<"$OUT")" $'environment: A=first\nenvironment: B=sec ond' \
		"$where: the secrets are in its environment"
	like "$OUT" 'process: 1'$'\n' "$where: the application is PID 1"
	like "$OUT" "Uid:	$user	.*CapEff:	0000000000000000.*NoNewPrivs:	1.*Seccomp:	2" "$where: it has no additional rights"
	# Sorted, because Docker orders the environment.
	is "$(diff <(sort <<<"$without") <(grep -v '^environment: [AB]=' <<<"$OUT" | sort))" '' \
		"$where: nothing else differs from a start without the launcher"
}

delivers_over_a_pipe() {
	pod -e SECRET_EXEC_FD=5 -- /probe --read 5
	is "$STATUS $OUT" '0 {"A":"first","B":"sec ond"}' "$where: --fd: the secrets are in a pipe"
}

delivers_in_memory() {
	pod -- --memfd A /probe --read {}
	is "$STATUS $OUT" '0 first' "$where: --memfd: the secret is in a memfd"
	pod --tmpfs /run/secrets:mode=1777 -- --file A=/run/secrets/a /probe --read /run/secrets/a
	is "$STATUS $OUT" '0 first' "$where: --file on a tmpfs: the secret is in a file"
	pod --tmpfs /run/secrets:mode=0755 -- --file A=/run/secrets/a /probe --read /run/secrets/a
	like "$STATUS $ERR" '^125 .*--file A=/run/secrets/a: .*Permission denied' "$where: --file in a folder without write permission: exit 125"
}

# As in an init container for an image without secret-exec.
installs_itself() {
	local shared=$TAP_WORK/shared
	rm -rf "$shared"
	install -d -m 777 "$shared"
	pod --mount "type=bind,src=$shared,dst=/shared" --entrypoint /secret-exec -- --install /shared
	is "$STATUS $OUT$ERR" '0 ' "$where: --install copies the program"
	pod --mount "type=bind,src=$shared,dst=/shared,ro" --entrypoint /shared/secret-exec -- --only A --fd 3=A -- /probe --read 3
	is "$STATUS $OUT" '0 first' "$where: the installed copy works"
}

stays_as_init() {
	pod -- --init /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: --init: the application starts"
	unlike "$OUT" 'process: 1'$'\n' "$where: --init: the application is not PID 1"
	pod -- --init --fd 5 /probe --read 5
	is "$STATUS $OUT" '0 {"A":"first","B":"sec ond"}' "$where: --init: a pipe reaches the application"
}

denies_the_token() {
	local token=/var/run/secrets/kubernetes.io/serviceaccount/token without
	pod -- --deny-token --check /probe
	[[ $ERR != *Landlock* ]] || { tap_note "$where: --deny-token is not tested: $ERR" && return; }
	is "$STATUS" 0 "$where: --deny-token --check: passes"
	pod -- /probe --read "$token"
	is "$STATUS $OUT" "0 $(<"$STAGE_DIR/pod/app/token")" "$where: the application can read the pod's token"
	pod -e SECRET_EXEC_DENY_TOKEN=true -- /probe --read "$token"
	is "$STATUS $OUT$ERR" "1 " "$where: --deny-token: it cannot read the token"
	pod -e SECRET_EXEC_DENY_TOKEN=true -- --init /probe --read "$token"
	is "$STATUS $OUT$ERR" "1 " "$where: --deny-token, --init: it cannot read the token"
	pod -- /probe - argument
	without=$OUT
	pod -e SECRET_EXEC_DENY_TOKEN=true -- /probe - argument
	is "$(diff <(sort <<<"$without") <(sort <<<"$OUT"))" '' "$where: --deny-token: nothing else differs"
}

# A program with libraries, or a shell, found in the PATH.
starts_what_the_root_has() {
	[ "$root" != scratch ] || return 0
	local command=(printenv B)
	# shellcheck disable=SC2016 # the container's shell expands it
	[ "$root" != alpine ] || command=(sh -c 'echo "$B"')
	pod -- "${command[@]}"
	is "$OUT" 'sec ond' "$where: a program of this root starts"
}

# For roots with a bundle, which do not need VAULT_CACERT.
verifies_a_server_by_the_system_bundle() {
	[[ $root =~ ^(alpine|distroless)$ ]] || return 0
	pod -e VAULT_CACERT= -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: without VAULT_CACERT, the root's bundle verifies Vault"
}

locks_memory_where_it_may() {
	pod -e SECRET_EXEC_VERBOSE=true --ulimit memlock=8388608 -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: the default limit of locked memory: the application starts"
	err_unlike 'not locked' "$where: the default limit of locked memory: memory is locked"
	pod -e SECRET_EXEC_VERBOSE=true --ulimit memlock=0 -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: a limit of 0: the application starts"
	err_like 'memory is not locked, .*RLIMIT_MEMLOCK' "$where: a limit of 0: a message with --verbose"
}

# Docker would kill it after 20 s, with another status.
ends_when_it_is_stopped() {
	local container
	container=$(docker run -d "${pod[@]}" -e "VAULT_ADDR=https://127.0.0.1:$SILENT_PORT" "$image" /probe -)
	silent_connected
	docker stop -t 20 "$container" >/dev/null
	is "$(docker inspect -f '{{.State.ExitCode}}' "$container")" 143 "$where: docker stop during the start: exit 143"
	like "$(docker logs "$container" 2>&1)" 'signal 15: ended before /probe was started' "$where: docker stop during the start: a message"
	docker rm -f "$container" >/dev/null
}

silent_server
cp "$VAULT_CACERT" "$TAP_WORK/vault-ca.crt"
chmod 644 "$TAP_WORK/vault-ca.crt"
for user in "${users[@]}"; do mount_account "$TAP_WORK/account-$user" app "$user"; done
for root in scratch alpine distroless debian; do
	if ! make_image "$root"; then
		tap_note "$root: this root cannot be built here (busybox-static, debootstrap): skipped"
		continue
	fi
	for user in "${users[@]}"; do
		where="$root, user $user"
		strict
		for case in "${cases[@]}"; do "$case"; done
	done
done
done_testing

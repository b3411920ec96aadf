#!/bin/bash
# In containers as strict as a cluster's: any user, read-only root, no capability, no new privileges, the
# default seccomp profile; in roots from nothing at all to Debian's.
#
# A new case is a function that takes no argument and says its results with $where in their names; its name
# goes into `cases`, and it runs for every root and user.
# run: early
# shellcheck disable=SC2034 # roots are read by name
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
docker version >/dev/null 2>&1 || skip_all "Docker does not answer"
[ "$(id -u)" = 0 ] || skip_all "only root can give a pod's token to its user"
stage_start
cases=(delivers_in_the_environment delivers_over_a_pipe delivers_in_memory installs_itself
	stays_as_init starts_what_the_root_has
	verifies_a_server_by_the_system_bundle locks_memory_where_it_may ends_when_it_is_stopped)
users=(65532 4242424) # distroless calls the first "nonroot"; the other one is in no passwd file

probe=${PROBE:-$(dirname "$BIN")/tests/probe}
[ -x "$probe" ] || exit 1 # make integration builds it
"$BIN/secret-seal" --transit-key aes256-key --from-literal A=first --from-literal "B=sec ond" app >/dev/null

# -- roots --------------------------------------------------------------------------------------------

# Where a system has its bundle of public CAs: here, those with Vault's among them.
bundle() {
	mkdir -p "$(dirname "$1")"
	cat /etc/ssl/certs/ca-certificates.crt "$VAULT_CACERT" >"$1"
}
# Programs of this machine with the libraries that they load.
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
root_alpine() { # busybox, no glibc, the bundle where musl distributions have it
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

# Make the image of a root with the launcher and the probe in it, and set $image; fails where it can't be had.
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

# The service account's folder as the kubelet mounts it: its files are links into a folder that is replaced
# whole, readable for the pod's user alone.
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

# As options of docker run.
strict() {
	pod=(--network host --user "$user:$user" --read-only --cap-drop ALL --security-opt no-new-privileges
		--mount "type=bind,src=$TAP_WORK/account-$user,dst=/var/run/secrets/kubernetes.io/serviceaccount,ro"
		--mount "type=bind,src=$TAP_WORK/vault-ca.crt,dst=/vault/ca.crt,ro"
		-e VAULT_ADDR="$VAULT_ADDR" -e VAULT_CACERT=/vault/ca.crt -e VAULT_ROLE=secret-exec
		-e KUBERNETES_SERVICE_HOST="$KUBERNETES_SERVICE_HOST" -e KUBERNETES_SERVICE_PORT="$KUBERNETES_SERVICE_PORT"
		-e SECRET_EXEC_SECRET=app -h pod)
}
# pod [OPTION...] -- ARGUMENT...: what docker run of the image with these arguments gives.
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
	pod --entrypoint /probe -- - told
	local without
	without=$(grep -vE '^environment: (VAULT|SECRET_EXEC)_' <<<"$OUT")
	pod -- /probe - told
	status_is 0 "$where: it starts"
	is "$(grep '^environment: [AB]=' <<<"$OUT")" $'environment: A=first\nenvironment: B=sec ond' \
		"$where: with the secrets in the environment"
	like "$OUT" 'process: 1'$'\n' "$where: the application is PID 1"
	like "$OUT" "Uid:	$user	.*CapEff:	0000000000000000.*NoNewPrivs:	1.*Seccomp:	2" "$where: and has no more rights"
	# In any order, which for the environment is Docker's own.
	is "$(diff <(sort <<<"$without") <(grep -v '^environment: [AB]=' <<<"$OUT" | sort))" '' \
		"$where: nothing else differs from a start without the launcher"
}

delivers_over_a_pipe() {
	pod -e SECRET_EXEC_FD=5 -- /probe --read 5
	is "$STATUS $OUT" '0 {"A":"first","B":"sec ond"}' "$where: a pipe holds the secrets"
}

delivers_in_memory() {
	pod -- --memfd A /probe --read {}
	is "$STATUS $OUT" '0 first' "$where: a memfd holds a secret"
	pod --tmpfs /run/secrets:mode=1777 -- --file A=/run/secrets/a /probe --read /run/secrets/a
	is "$STATUS $OUT" '0 first' "$where: so does a file on tmpfs"
	pod --tmpfs /run/secrets:mode=0755 -- --file A=/run/secrets/a /probe --read /run/secrets/a
	like "$STATUS $ERR" '^125 .*--file A=/run/secrets/a: .*Permission denied' "$where: where it may not write, it says so"
}

# As an init container does it, for an image that has nothing of ours.
installs_itself() {
	local shared=$TAP_WORK/shared
	rm -rf "$shared"
	install -d -m 777 "$shared"
	pod --mount "type=bind,src=$shared,dst=/shared" --entrypoint /secret-exec -- --install /shared
	is "$STATUS $OUT$ERR" '0 ' "$where: it copies itself"
	pod --mount "type=bind,src=$shared,dst=/shared,ro" --entrypoint /shared/secret-exec -- --only A --fd 3=A -- /probe --read 3
	is "$STATUS $OUT" '0 first' "$where: and the copy works"
}

stays_as_init() {
	pod -- --init /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: under --init it starts"
	unlike "$OUT" 'process: 1'$'\n' "$where: the application is not PID 1"
	pod -- --init --fd 5 /probe --read 5
	is "$STATUS $OUT" '0 {"A":"first","B":"sec ond"}' "$where: a pipe reaches it"
}

# With libraries, or a shell; the name is looked up in the PATH.
starts_what_the_root_has() {
	[ "$root" != scratch ] || return 0
	local command=(printenv B)
	# shellcheck disable=SC2016 # the container's shell expands it
	[ "$root" != alpine ] || command=(sh -c 'echo "$B"')
	pod -- "${command[@]}"
	is "$OUT" 'sec ond' "$where: a program of this root"
}

# Of roots that have one; VAULT_CACERT is then not needed.
verifies_a_server_by_the_system_bundle() {
	[[ $root =~ ^(alpine|distroless)$ ]] || return 0
	pod -e VAULT_CACERT= -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: Vault is verified by the root's own bundle"
}

locks_memory_where_it_may() {
	pod -e SECRET_EXEC_VERBOSE=true --ulimit memlock=8388608 -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: with the usual limit on locked memory"
	err_unlike 'not locked' "$where: secrets are locked"
	pod -e SECRET_EXEC_VERBOSE=true --ulimit memlock=0 -- /probe -
	like "$STATUS $OUT" '^0 .*environment: A=first' "$where: where nothing may be locked, it starts all the same"
	err_like 'memory is not locked, .*RLIMIT_MEMLOCK' "$where: and says so to those who ask"
}

# Docker would kill it after 20 s, which is another status.
ends_when_it_is_stopped() {
	local container
	container=$(docker run -d "${pod[@]}" -e "VAULT_ADDR=https://127.0.0.1:$SILENT_PORT" "$image" /probe -)
	silent_connected
	docker stop -t 20 "$container" >/dev/null
	is "$(docker inspect -f '{{.State.ExitCode}}' "$container")" 143 "$where: docker stop ends a start"
	like "$(docker logs "$container" 2>&1)" 'signal 15: ended before /probe was started' "$where: and it says so"
	docker rm -f "$container" >/dev/null
}

silent_server
cp "$VAULT_CACERT" "$TAP_WORK/vault-ca.crt"
chmod 644 "$TAP_WORK/vault-ca.crt"
for user in "${users[@]}"; do mount_account "$TAP_WORK/account-$user" app "$user"; done
for root in scratch alpine distroless debian; do
	if ! make_image "$root"; then
		tap_note "$root: this root can't be made here (busybox-static, debootstrap): left out"
		continue
	fi
	for user in "${users[@]}"; do
		where="$root, user $user"
		strict
		for case in "${cases[@]}"; do "$case"; done
	done
done
done_testing

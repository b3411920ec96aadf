#!/bin/bash
# run: early stageless
# The how-to pages work on a new cluster, and leave no secret in objects, logs, etcd or containers.
. "$(dirname "$0")/../tap.sh"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# In this order, because some pages build on an earlier page.
pages=(docs/getting-started.md)
pages+=(docs/how-to/{entrypoint,init-container,image-volume,inject,env-from}.md)
pages+=(docs/how-to/{from-vault-env,pipe,config-file,seal-job,sealed-only,tracked-only,rotate-in-a-cluster}.md)

# -- outside: the images ------------------------------------------------------------------------------------

if [ "${1-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "a cluster takes root"
	docker version >/dev/null 2>&1 || skip_all "Docker does not answer"
	# One test at a time, because Docker has one set of image names.
	exec {lock}>/tmp/secretmanager-guides.lock
	flock "$lock"
	names() { docker image ls --format '{{.Repository}}:{{.Tag}}' --filter 'reference=registry.example.com/*' | sort; }
	names >"$TAP_WORK/names-before"
	# shellcheck disable=SC2016 # at the end
	at_end 'names | comm -13 "$TAP_WORK/names-before" - | xargs -r docker rmi -f >/dev/null'
	version=$(sed -nE 's/^.define SECRETMANAGER_VERSION "(.*)"/\1/p' "$root/lib/base/version.h")
	docker tag "$("$here/secretmanager-image")" "registry.example.com/secretmanager:$version" || exit 1
	# In the background, because a trap waits for what is in the foreground.
	"$here/app-images" "$here/cluster" "$0" inside {lock}>&- &
	at_end "kill $! 2>/dev/null && wait $!"
	wait $!
	exit
fi

# -- the commands of the pages -------------------------------------------------------------------------------------

# follow PAGE...: report the results of tests/guide.
follow() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*) tap_result yes "${line#* - }" ;;
		'not ok '*) tap_result no "${line#* - }" ;;
		[0-9]*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(TMPDIR=$desk "$here/../guide" --in "$newcomer" "$@")
	wait $!
	ok "the pages' commands ran to the end" [ $? = 0 ]
}

# quotes PAGE: check that its quotations are in the example's manifests and Dockerfiles.
quotes() {
	/usr/bin/python3 -IS - "$root" "$1" <<-'PYTHON'
		import glob, os, re, sys
		root, page = sys.argv[1:]
		example = os.path.join(root, "deploy/examples", os.path.splitext(os.path.basename(page))[0])
		files = [open(name, encoding="utf-8").read() for name in glob.glob(example + "/**", recursive=True) if os.path.isfile(name)]
		text = open(os.path.join(root, page), encoding="utf-8").read()
		for kind, block in re.findall(r"^```(yaml|dockerfile)\n(.*?)^```$", text, re.M | re.S):
		    parts = [block] if kind == "yaml" else block.splitlines(True)
		    for part in parts:
		        if not any("\n" + part in "\n" + file for file in files):
		            sys.exit("# none of the example's files has:\n" + re.sub("(?m)^", "#   ", part.rstrip()))
	PYTHON
}

# A new user's machine: a small Debian (with openssl and curl, as in nginx's image), Docker's client, the CLIs of
# Kubernetes, Helm and Vault, and a folder for a copy of the repository.
programs=$("$here/build-programs" kubectl helm vault)
desk=$TAP_WORK/desk
mkdir "$desk"
mount=(--volume "$desk:$desk" --volume /var/run/docker.sock:/var/run/docker.sock)
mount+=(--volume "$(command -v docker):/usr/local/bin/docker:ro")
for program in kubectl helm vault; do
	mount+=(--volume "$(readlink -f "$programs/$program"):/usr/local/bin/$program:ro")
done
mount+=(--volume "$KUBECONFIG:$KUBECONFIG:ro" --volume "$VAULT_CACERT:$VAULT_CACERT:ro")
newcomer=$(docker run --detach --network "container:$CLUSTER_NETWORK" "${mount[@]}" --env KUBECONFIG --env VAULT_ADDR \
	--env VAULT_CACERT --env VAULT_TOKEN --entrypoint sleep nginx:stable infinity) || exit 1
at_end "docker rm --force $newcomer >/dev/null"

cd "$root" || exit 1
for page in "${pages[@]}"; do
	[ ! -d "deploy/examples/$(basename "$page" .md)" ] || ok "$page: its quotations are in its example" quotes "$page"
done
# With any of these a cluster would ask the registry for an image that was loaded into its nodes.
is "$(grep -rlE 'imagePullPolicy|:latest\b' deploy/examples deploy/kustomize)" "" "kind and minikube: no manifest has a pull policy or the tag latest"
follow "${pages[@]}"

# -- checks beyond the pages ------------------------------------------------------------------------------------

ok "the running objects are those of the manifest" kubectl diff --filename deploy/examples/entrypoint/app.yaml

# The secrets of all applications; of a private key its first line, which is unique.
reveal() { "$BIN/secret-seal" reveal --namespace demo --yes "$1" "$2"; }
for application in app pipe seal-job; do
	reveal "$application" DB_PASSWORD >"$TAP_WORK/$application"
	echo >>"$TAP_WORK/$application"
done
reveal config-file htpasswd >"$TAP_WORK/config-file"
reveal config-file tls.key | sed -n 2p >>"$TAP_WORK/config-file"
cat "$TAP_WORK"/{app,pipe,seal-job,config-file} >"$TAP_WORK/secrets"
is "$(awk '{ print (length > 23) }' "$TAP_WORK/secrets" | tr -d '\n')" 11111 "the secrets to search for"

# holds SECRETS FILE...: succeed if one of these files, or the standard input, contains one of the secrets.
holds() { grep -aqFf "$TAP_WORK/$1" "${@:2}"; }
holds_not() { ! holds "$@"; }

# in_memory SECRETS PID: succeed if the writable memory of the process contains one of the secrets.
in_memory() {
	/usr/bin/python3 -IS - "$TAP_WORK/$1" "$2" <<-'PYTHON'
		import sys
		secrets = open(sys.argv[1], "rb").read().split()
		with open("/proc/%s/maps" % sys.argv[2]) as maps, open("/proc/%s/mem" % sys.argv[2], "rb") as memory:
		    for line in maps:
		        where, access = line.split()[:2]
		        if access.startswith("rw"):
		            start, end = (int(text, 16) for text in where.split("-"))
		            memory.seek(start)
		            content = memory.read(end - start)
		            if any(secret in content for secret in secrets):
		                sys.exit()
		sys.exit(1)
	PYTHON
}

# container_of IMAGE: set $container and $process of its only running container.
container_of() {
	container=$(docker ps --quiet --filter "label=secretmanager.kubelet=$CLUSTER_NETWORK" \
		--filter "ancestor=registry.example.com/$1:1")
	process=$(docker inspect --format '{{.State.Pid}}' "$container")
}
container_of app
ok "the application has its password in its environment" holds app "/proc/$process/environ"
unlike "$(tr '\0' '\n' <"/proc/$process/environ" | sed 's/=.*//')" 'VAULT_|SECRET_EXEC_' \
	"no setting of the launcher is in its environment"
# shellcheck disable=SC2016 # the container's shell expands it
length='echo "${#DB_PASSWORD}"'
is "$(docker exec "$container" sh -c "$length") $(docker exec "$container" secret-exec -- sh -c "$length")" '0 32' \
	"another process of the container gets the password only with secret-exec"

container_of pipe-python
is "$(<"/proc/$process/comm")" python3 "pipe: the application is process 1"
ok "pipe: no secret is in the environment" holds_not pipe "/proc/$process/environ"
ok "pipe: the secret is in memory" in_memory pipe "$process"
unlike "$(ls -l "/proc/$process/fd")" ' 3 -> ' "pipe: the pipe is closed"

container_of config-file
is "$(<"/proc/$process/comm") $(tr '\0' ' ' <"/proc/$process/cmdline" | cut -d' ' -f2)" 'nginx master' \
	"config-file: the server is process 1"
ok "config-file: no secret is in the environment" holds_not config-file "/proc/$process/environ"
ok "config-file: the secrets are in memfds" holds config-file "/proc/$process/fd/3" "/proc/$process/fd/4"
ok "config-file: no secret is in the server's files" holds_not config-file -r "/proc/$process/root/run/web"
is "$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}} {{.Config.User}}' "$container")" 'true 65532:65532' \
	"config-file: read-only root, unprivileged user"

mapfile -t containers < <(docker ps --all --quiet --filter "label=secretmanager.kubelet=$CLUSTER_NETWORK")
docker inspect "${containers[@]}" >"$TAP_WORK/containers"
for container in "${containers[@]}"; do docker logs "$container"; done >"$TAP_WORK/logs" 2>&1
like "$(grep -c '"Id": ' "$TAP_WORK/containers") $(wc -l <"$TAP_WORK/logs")" '^[1-9].* [1-9]' "all containers are searched"
ok "no container's configuration has a secret" holds_not secrets "$TAP_WORK/containers"
ok "no container's log has a secret" holds_not secrets "$TAP_WORK/logs"
kubectl get --all-namespaces --output yaml \
	"$(kubectl api-resources --verbs list --output name | paste -sd,)" >"$TAP_WORK/objects" 2>"$TAP_WORK/problems"
like "$(grep -c 'DB_PASSWORD: dmF1bHQ6' "$TAP_WORK/objects") $(<"$TAP_WORK/problems")" '^[1-9]' "all objects of the API are searched"
ok "no object has a secret" holds_not secrets "$TAP_WORK/objects"
ok "etcd's files have the ciphertext" grep -aqr 'vault:v2:' "$CLUSTER_DIR"/etcd.*
ok "etcd's files do not have the plaintext" holds_not secrets -r "$CLUSTER_DIR"/etcd.*
ok "no server's log has a secret" holds_not secrets "$CLUSTER_DIR"/*.log
done_testing

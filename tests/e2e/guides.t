#!/bin/bash
# run: early stageless
# What the pages say that one follows on a cluster is so, from an empty one on, and no secret is left anywhere.
. "$(dirname "$0")/../tap.sh"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# In this order: a page goes on from the one that it names, and leaves that as it was.
pages=(docs/getting-started.md)
pages+=(docs/how-to/{entrypoint,init-container,image-volume,env-from}.md)

# -- outside: the images ------------------------------------------------------------------------------------

if [ "${1-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "a cluster takes root"
	docker version >/dev/null 2>&1 || skip_all "Docker does not answer"
	# The pages' names of images are the engine's own: one test at a time.
	exec {lock}>/tmp/secretmanager-guides.lock
	flock "$lock"
	names() { docker image ls --format '{{.Repository}}:{{.Tag}}' --filter 'reference=registry.example.com/*' | sort; }
	names >"$TAP_WORK/names-before"
	# shellcheck disable=SC2016 # at the end
	at_end 'names | comm -13 "$TAP_WORK/names-before" - | xargs -r docker rmi -f >/dev/null'
	docker tag "$("$here/secretmanager-image")" registry.example.com/secretmanager:0.1.0 || exit 1
	# In the background, because a trap waits for what is in the foreground.
	"$here/app-images" "$here/cluster" "$0" inside {lock}>&- &
	at_end "kill $! 2>/dev/null && wait $!"
	wait $!
	exit
fi

# -- what the pages show -------------------------------------------------------------------------------------

# The guide's results, as ours.
follow() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*) tap_result yes "${line#* - }" ;;
		'not ok '*) tap_result no "${line#* - }" ;;
		[0-9]*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <("$here/../guide" "$@")
	wait $!
	ok "the pages were followed to their end" [ $? = 0 ]
}

# quotes PAGE: the manifests and Dockerfiles of its example have what it shows of them.
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

cd "$root" || exit 1
for page in "${pages[@]}"; do
	[ ! -d "deploy/examples/$(basename "$page" .md)" ] || ok "$page: it quotes its example" quotes "$page"
done
follow "${pages[@]}"

# -- what they can't show ------------------------------------------------------------------------------------

ok "what runs is what the manifest has" kubectl diff --filename deploy/examples/entrypoint/app.yaml

# holds FILE...: one of these files, or the standard input, has the application's password.
"$BIN/secret-seal" reveal --namespace demo --yes app DB_PASSWORD >"$TAP_WORK/password"
is "$(wc -c <"$TAP_WORK/password")" 32 "the application's password is known here"
holds() { grep -aqFf "$TAP_WORK/password" "$@"; }
holds_not() { ! holds "$@"; }
container=$(docker ps --quiet --filter "label=secretmanager.kubelet=$CLUSTER_NETWORK" \
	--filter "ancestor=registry.example.com/app:1")
process=$(docker inspect --format '{{.State.Pid}}' "$container")
ok "the application has it in its environment" holds "/proc/$process/environ"
unlike "$(tr '\0' '\n' <"/proc/$process/environ" | sed 's/=.*//')" 'VAULT_|SECRET_EXEC_' \
	"and nothing of the launcher's settings"
# shellcheck disable=SC2016 # the container's shell expands it
length='echo "${#DB_PASSWORD}"'
is "$(docker exec "$container" sh -c "$length") $(docker exec "$container" secret-exec -- sh -c "$length")" '0 32' \
	"another process of the container has it under secret-exec alone"
docker inspect "$container" >"$TAP_WORK/container"
docker logs "$container" >"$TAP_WORK/log" 2>&1
ok "its container's configuration has not" holds_not "$TAP_WORK/container"
ok "nor its log" holds_not "$TAP_WORK/log"
kubectl get --all-namespaces --output yaml \
	"$(kubectl api-resources --verbs list --output name | paste -sd,)" >"$TAP_WORK/objects" 2>"$TAP_WORK/problems"
like "$(grep -c 'DB_PASSWORD: dmF1bHQ6' "$TAP_WORK/objects") $(<"$TAP_WORK/problems")" '^[1-9]' "all objects of the API are seen"
ok "none of them has it" holds_not "$TAP_WORK/objects"
ok "etcd's files have the ciphertext" grep -aqr 'vault:v2:' "$CLUSTER_DIR"/etcd.*
ok "and not the plaintext" holds_not -r "$CLUSTER_DIR"/etcd.*
ok "no server's log has it" holds_not "$CLUSTER_DIR"/*.log
done_testing

#!/bin/bash
# run: early stageless
# The container image: its files, a start with a restricted pod's settings, a reproducible build, and an SBOM that lists
# the linked libraries.
. "$(dirname "$0")/../tap.sh"
docker version >/dev/null 2>&1 || skip_all "Docker does not answer"
[ "$(id -u)" = 0 ] || skip_all "only root can make the Debian that the image is built on"

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
version=$(sed -n 's/^#define SECRETMANAGER_VERSION "\(.*\)"/\1/p' lib/base/version.h)
image=$("$here/secretmanager-image") && dev=$("$here/secretmanager-image" dev) || exit 1
strict=(docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges --network none)
inspect() { docker image inspect --format "$1" "$image"; }
label() { inspect "{{index .Config.Labels \"org.opencontainers.image.$1\"}}"; }

# unpack FOLDER: unpack the last layer of a saved image on stdin, with owners and times, and write to FOLDER.config the
# configuration of containers, without the builder's.
unpack() {
	mkdir -p "$1.saved" "$1"
	tar -x -C "$1.saved"
	tar -x --same-owner -p -C "$1" -f "$1.saved/$(/usr/bin/python3 -c '
import json, sys
folder = sys.argv[1] + ".saved/"
image = json.load(open(folder + "manifest.json"))[0]
config = json.load(open(folder + image["Config"]))["config"]
labels = {k: v for k, v in config["Labels"].items() if k.startswith("org.opencontainers.")}
with open(sys.argv[1] + ".config", "w") as file:
    for name in "User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Volumes", "ExposedPorts":
        print(name, config.get(name) or None, file=file)
    print(labels, file=file)
print(image["Layers"][-1])' "$1")"
}
# tree FOLDER: print each path with mode, owner, time and hash.
tree() {
	(cd "$1" && find . -mindepth 1 -printf '%P %M %U:%G %T@ ' \( -type f -exec sha256sum {} \; -o -printf '\n' \) |
		sed 's/  \.\/.*//' | LC_ALL=C sort)
}
# sbom FILE EXPRESSION: print the lines of a Python list expression of the SBOM `d`.
sbom() {
	/usr/bin/python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print("\n".join(sorted(eval(sys.argv[2]))))' "$1" "$2"
}

# -- what is in it ------------------------------------------------------------------------------------

unpack "$TAP_WORK/image" < <(docker save "$image")
doc=$TAP_WORK/image/usr/share/doc/secretmanager
size=$(inspect '{{.Size}}')
ok "the image has less than 11,000,000 bytes" [ "$size" -lt 11000000 ]
tap_note "$size bytes in $(inspect '{{len .RootFS.Layers}}') layer; build/release/bin's three programs have" \
	"$(cd "$TAP_WORK/image/usr/local/bin" && stat -c '%n %s' -- * | tr '\n' ' ')"
is "$(inspect '{{len .RootFS.Layers}}')" 1 "the image has one layer"
is "$(find "$TAP_WORK/image/usr/local/bin" -size +2929k)" '' "each program has less than 3,000,000"
is "$(cd "$TAP_WORK/image" && find . -type f -perm /111 | LC_ALL=C sort)" \
	$'./usr/local/bin/secret-exec\n./usr/local/bin/secret-rotate\n./usr/local/bin/secret-seal' \
	"the only executables are the three programs: no shell, no secret-dev"
is "$(cd "$TAP_WORK/image" && find . ! -type d ! -path './usr/local/bin/*' ! -path './usr/share/doc/secretmanager/*')" '' \
	"the image has no files but programs and documentation: no CA, no passwd"
is "$(cd "$TAP_WORK/image/usr/local/bin" && stat -c '%a %n' -- * | xargs)" '711 secret-exec 444 secret-exec.copy 711 secret-rotate 711 secret-seal' \
	"users cannot read the programs; --install uses the copy"
ok "the copy is equal to the program" cmp "$TAP_WORK/image/usr/local/bin/secret-exec"{,.copy}
is "$(find "$TAP_WORK/image" -mindepth 1 ! -user 0 -o -mindepth 1 -perm /022)" '' "all files are root's, and only root can write them"

is "$(inspect '{{.Config.User}}')" 65532:65532 "the user is a number, and not root"
is "$(inspect '{{json .Config.Entrypoint}} {{json .Config.Cmd}}')" 'null ["/usr/local/bin/secret-exec","--help"]' \
	"no entry point: the command names the program"
is "$(label version)" "$version" "the label version"
# As a set, without repetitions.
is "$(label licenses | sed 's/ AND /\n/g' | LC_ALL=C sort)" \
	"$(sbom "$doc/sbom.spdx.json" '{l for p in d["packages"] if p["SPDXID"].find("Tool") < 0 for l in p["licenseConcluded"].split(" AND ")}')" \
	"the label licenses has the licenses of all parts of the SBOM"
is "$(label title)" secretmanager "the label title"
like "$(label description)" 'secret-exec, secret-seal and secret-rotate' "the label description"
is "$(label revision)" "$(git describe --always --dirty --abbrev=40 --exclude='*')" "the label revision is the commit"
is "$(label created)" "$(date -u -d "@$(git log -1 --format=%ct)" +%Y-%m-%dT%H:%M:%SZ)" "the label created is the commit's time"

# -- how it runs --------------------------------------------------------------------------------------

for program in secret-exec secret-seal secret-rotate; do
	run "${strict[@]}" "$image" "$program" --version
	like "$STATUS $OUT" "^0 $program $version" "$program --version, with a read-only root and no capability"
	run "${strict[@]}" "$image" "$program" --help
	like "$STATUS $OUT" "^0 usage: $program " "$program --help"
done
run "${strict[@]}" "$image"
like "$STATUS $OUT" "^0 usage: secret-exec " "without a command: help"
run "${strict[@]}" "$image" sh -c true
is "$STATUS" 127 "sh: not found"

# As in an init container: into a volume for another image.
install -d -m 1777 "$TAP_WORK/shared"
run "${strict[@]}" -v "$TAP_WORK/shared:/shared" "$image" secret-exec --install /shared
is "$STATUS $OUT$ERR" '0 ' "secret-exec --install copies itself into a volume"
ok "the installed copy is equal to the program" cmp "$TAP_WORK/shared/secret-exec" "$TAP_WORK/image/usr/local/bin/secret-exec"
run "${strict[@]}" -v "$TAP_WORK/shared:/shared:ro" "$image" /shared/secret-exec --version
like "$STATUS $OUT" "^0 secret-exec $version" "the installed copy runs"

run "${strict[@]}" "$image" secret-dev --version
is "$STATUS" 127 "secret-dev is not in the release"
run "${strict[@]}" --tmpfs /tmp "$dev" secret-dev -- secret-seal --transit-key aes256-key --from-literal A=1 app
is "$STATUS $OUT" "0 secret/app created" "the target dev has secret-dev"

# -- the same bytes again -----------------------------------------------------------------------------

epoch=$(date -d "$(label created)" +%s)

# Outside of a container, in another folder, under another name of the machine, with another umask.
host=$PWD/build/release/image-root
(umask 077 && exec make -j2 image-root SOURCE_DATE_EPOCH="$epoch") >"$TAP_WORK/make.log" 2>&1 || tap_note "$(tail "$TAP_WORK/make.log")"
versions='[p["name"] + " " + p["versionInfo"] for p in d["packages"]]'
if [ "$(sbom "$doc/sbom.spdx.json" "$versions")" = "$(sbom "$host/usr/share/doc/secretmanager/sbom.spdx.json" "$versions")" ]; then
	is "$(diff <(tree "$host") <(tree "$TAP_WORK/image"))" '' "make image-root on this machine gives the image's files: bytes, modes, owners, times"
else
	tap_result yes "make image-root on this machine # SKIP its Debian packages are not those of the image's Debian"
fi

# buildah, from a copy of the sources.  It begins with the Docker build's first stages, whose libraries and objects were
# built twice already: what is new is all behind them.
buildah_build() {
	local name=$1 mask=$2
	(cd "$TAP_WORK/sources" && umask "$mask" && buildah "${storage[@]}" build --isolation chroot --network host --timestamp "$epoch" \
		--build-arg DEBIAN=localhost/secretmanager-image-build:$$ --build-arg SOURCE_DATE_EPOCH="$epoch" \
		--build-arg VERSION="$version" --build-arg REVISION="$(label revision)" --build-arg CREATED="$(label created)" \
		--file deploy/Dockerfile --target release --tag "$name" .) >"$TAP_WORK/$name.log" 2>&1 ||
		tap_note "$(tail "$TAP_WORK/$name.log")"
	buildah "${storage[@]}" push "$name" "docker-archive:$TAP_WORK/$name.tar:$name:1" >/dev/null 2>&1
	buildah "${storage[@]}" push --digestfile "$TAP_WORK/$name.digest" "$name" "oci-archive:$TAP_WORK/$name.oci:$name" >/dev/null 2>&1
}
if command -v buildah >/dev/null; then
	storage=(--root "$TAP_WORK/storage/root" --runroot "$TAP_WORK/storage/run" --storage-driver vfs)
	mkdir -m 755 "$TAP_WORK/sources"
	# shellcheck disable=SC2046 # paths of ours have no spaces
	tar -c .dockerignore deploy/Dockerfile $(sed -n 's/^!//p' .dockerignore) | tar -x -C "$TAP_WORK/sources"
	docker build --quiet --file deploy/Dockerfile --target build --network host --build-arg \
		DEBIAN="$("$here/debian-image")" --build-arg SOURCE_DATE_EPOCH="$epoch" --tag secretmanager-image-build:$$ . >/dev/null 2>&1
	at_end "docker rmi secretmanager-image-build:$$ >/dev/null 2>&1"
	docker save secretmanager-image-build:$$ -o "$TAP_WORK/build.tar"
	buildah "${storage[@]}" pull "docker-archive:$TAP_WORK/build.tar" >/dev/null 2>&1
	rm "$TAP_WORK/build.tar"
	buildah_build first 022
	buildah_build second 077
	ok "buildah builds it" [ -s "$TAP_WORK/first.digest" ]
	is "$(cat "$TAP_WORK/second.digest")" "$(cat "$TAP_WORK/first.digest")" "two builds by buildah give the same image, by its digest"
	unpack "$TAP_WORK/buildah" <"$TAP_WORK/first.tar"
	is "$(diff <(tree "$TAP_WORK/buildah") <(tree "$TAP_WORK/image"))" '' "buildah's and Docker's builds have the same files: bytes, modes, owners, times"
	is "$(diff "$TAP_WORK/buildah.config" "$TAP_WORK/image.config")" '' "buildah's and Docker's builds have the same user, environment, command and labels"
else
	tap_result yes "two builds by buildah # SKIP buildah is not installed"
fi

# -- the SBOM -----------------------------------------------------------------------------------------

own=$host/usr/share/doc/secretmanager/sbom.spdx.json
run "$("$here/build-programs" spdx-check)/spdx-check" "$doc/sbom.spdx.json"
is "$STATUS $ERR" '0 ' "the SBOM is SPDX 2.3, as SPDX's own library reads it, with valid licence expressions"
ok "the SBOM in build/image is the SBOM in the image" cmp "$doc/sbom.spdx.json" "build/image/secretmanager-$version.spdx.json"
is "$(sbom "$doc/sbom.spdx.json" '[p["checksums"][0]["checksumValue"] + "  " + p["name"] for p in d["packages"] if "Program" in p["SPDXID"]]')" \
	"$(cd "$TAP_WORK/image/usr/local/bin" && sha256sum -- secret-{exec,rotate,seal} | LC_ALL=C sort)" "the SBOM has the hashes of the programs in the image"

# This machine's build, whose maps are at hand.
for program in secret-exec secret-seal secret-rotate; do
	is "$(sbom "$own" "[p['packageFileName'] for r in d['relationships'] if r['spdxElementId'] == 'SPDXRef-Program-$program'
		and r['relationshipType'] == 'STATIC_LINK' for p in d['packages'] if p['SPDXID'] == r['relatedSpdxElement']]")" \
		"$(sed -n '/^Linker script and memory map/q; s/^\([^ ]*\.a\)(.*/\1/p' "build/release/maps/$program.map" |
			sed 's/.*\///' | grep -vx libsecretmanager.a | LC_ALL=C sort -u)" "$program's archives are those of the linker's map"
done
for row in libcares.a:libc-ares-dev libyaml.a:libyaml-dev libc.a:libc6-dev libgcc.a:libgcc-"$(gcc -dumpversion)"-dev jsmn.h:libjsmn-dev; do
	is "$(sbom "$own" "[p['versionInfo'] for p in d['packages'] if p.get('packageFileName') == '${row%:*}']")" \
		"$(dpkg-query -W -f '${Version}\n' "${row#*:}" | sort -u)" "the version of ${row%:*} is dpkg's"
done
for row in libcurl.a:curl libssl.a:boringssl libcrypto.a:boringssl; do
	built=$(sed -n "s/^LOAD \(.*\)\/lib\/${row%:*}$/\1/p" build/release/maps/secret-exec.map)
	is "$(sbom "$own" "[p['versionInfo'] + ' ' + p['checksums'][0]['checksumValue'] for p in d['packages'] if p.get('packageFileName') == '${row%:*}']")" \
		"$(cat "$built/VERSION") $(sha256sum <"$built/lib/${row%:*}" | cut -d' ' -f1)" "version and hash of ${row%:*} are those of the library that was built"
done
is "$(cd "$doc/licenses" && for name in $(sbom "$doc/sbom.spdx.json" '{p["copyrightText"].split("/")[1] for p in d["packages"] if "Library" in p["SPDXID"]}'); do
	[ -s "$name" ] || echo "$name"
done)" '' "the licence of each library is in the image"
done_testing

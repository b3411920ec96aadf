#!/bin/bash
# The Debian packages: built twice with the same bytes, as lintian wants them, and installed, used and removed in a
# bare Debian that has no network.
# run: early stageless
. "$(dirname "$0")/../tap.sh"
command -v dh >/dev/null || skip_all "debhelper is not installed"
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/.git" ] || skip_all "packages are built from a commit, and this is not a git checkout"
cd "$root" || exit 1
version=$(sed -nE 's/^#define SECRETMANAGER_VERSION "(.*)"/\1/p' lib/base/version.h)

# -- building: in two folders, under two umasks, at two times ----------------------------------------

build() {
	run env -u MAKEFLAGS -u MAKELEVEL make deb DIST_DIR="$1/dist" DEB_DIR="$1/deb"
	status_is 0 "make deb"
}
build "$TAP_WORK/one"
(umask 077 && mkdir -p "$TAP_WORK/two/deeper" && build "$TAP_WORK/two/deeper" >"$TAP_WORK/second")
debs=$TAP_WORK/one/deb
ok "there are checksums of two packages and their source" [ "$(grep -cE '_amd64\.deb$|_arm64\.deb$|\.dsc$' "$debs/SHA256SUMS")" = 3 ]
ok "they are right" sh -c 'cd "$1" && sha256sum --check --quiet SHA256SUMS' sh "$debs"
is "$(cat "$TAP_WORK/two/deeper/deb/SHA256SUMS")" "$(cat "$debs/SHA256SUMS")" "built again elsewhere they have the same bytes"

package=$(echo "$debs/secretmanager_$version-1"_*.deb)
server=$(echo "$debs/secretmanager-dev-server_$version-1"_*.deb)
field_of() { dpkg-deb -f "$1" "$2"; }
is "$(field_of "$package" Version)" "$version-1" "the package's version is the programs'"
is "$(field_of "$package" Depends)" "" "the package has no dependencies"
glibc=$(dpkg-query -W -f '${source:Package} (= ${source:Version})\n' libc6-dev | sort -u)
is "$(field_of "$package" Built-Using)" "$glibc" "Built-Using names glibc's source package"
like "$(field_of "$package" Static-Built-Using)" \
	"^android-platform-external-boringssl \(= .*\), c-ares \(= .*\), curl \(= .*\), .*libyaml \(= .*\)$" "Static-Built-Using names the sources of all linked libraries"
dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/share/doc/secretmanager/copyright >"$TAP_WORK/copyright"
for owner in "The secretmanager authors" "The OpenSSL Project" "Daniel Stenberg" "Massachusetts Institute of Technology" "Kirill Simonov" \
	"Serge A. Zaitsev" "Free Software Foundation"; do
	ok "its licences name $owner" grep -qF "$owner" "$TAP_WORK/copyright"
done

if command -v lintian >/dev/null; then
	run lintian --allow-root "$debs"/*.changes
	is "$STATUS $OUT" "0 " "lintian has nothing to say"
fi

# -- installing ---------------------------------------------------------------------------------------

if ! docker version >/dev/null 2>&1 || ! image=$(timeout 300 tests/e2e/debian-image 2>/dev/null); then
	tap_note "a bare Debian can't be had here (root, Docker, debootstrap): not installed"
	done_testing
fi
container=$(docker run -d --network none -v "$debs:/packages:ro" "$image" sleep infinity)
at_end "docker rm -f $container >/dev/null"
inside() { run docker exec "$container" "$@"; }
# All files, but for dpkg's own records.
files() { docker exec "$container" find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /packages \) -prune -o -print | sort; }
before=$(files)

inside dpkg -i "/packages/${package##*/}"
status_is 0 "the package installs on a bare Debian"
for program in secret-exec secret-seal secret-rotate; do
	inside "$program" --version
	is "$STATUS ${OUT%% (*}" "0 $program $version" "$program runs on a bare Debian"
	inside sh -c "zcat /usr/share/man/man1/$program.1.gz | head -n 5"
	out_like "\.Dt ${program^^} 1" "$program has a man page"
	inside bash -c ". /usr/share/bash-completion/completions/$program && complete -p $program"
	status_is 0 "bash completes $program"
done
inside zcat /usr/share/man/man5/sealed-secret.5.gz
out_like '\.Dt SEALED-SECRET 5' "sealed-secret(5) is installed"
inside zcat /usr/share/doc/secretmanager/changelog.Debian.gz
out_like "^secretmanager \($version-1\)" "Debian's changelog is installed"
inside zcat /usr/share/doc/secretmanager/changelog.gz
is "$OUT" "$(git show HEAD:docs/CHANGELOG.md)" "the project's changelog is installed"
inside sh -c 'command -v secret-dev'
is "$STATUS $OUT" '127 ' "secret-dev is not in it"
inside dpkg -V secretmanager
is "$STATUS $OUT" "0 " "dpkg finds all files as they were packed"

inside dpkg -i "/packages/${server##*/}"
status_is 0 "secret-dev installs beside it"
# shellcheck disable=SC2016 # for the shell in the container
inside secret-dev -- sh -c 'secret-seal --transit-key aes256-key --from-literal GREETING=hello app >/dev/null &&
	exec secret-exec --secret app -- sh -c "echo \$GREETING"'
is "$STATUS $OUT" "0 hello" "a value is sealed and launched with, without a network"
inside dpkg -V secretmanager-dev-server
is "$STATUS $OUT" "0 " "dpkg -V: the files of the server package are unchanged"

inside dpkg --purge secretmanager-dev-server secretmanager
status_is 0 "both packages can be purged"
is "$(diff <(echo "$before") <(files))" "" "purged packages leave no file behind"

done_testing

#!/bin/bash
# make install, uninstall, docs and dist.
# run: stageless
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
dev_only "installing is the same on any stage"
[ -f "$BIN/../flags" ] || skip_all "these programs were not built here"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(basename "$(dirname "$BIN")")
cd "$root" || exit 1
make_in() {
	local folder=$1
	shift
	run env -u MAKEFLAGS -u MAKELEVEL -u PREFIX -u DESTDIR make -C "$folder" BUILD="$build" "$@"
}
# files FOLDER: print mode and path of all files except the documents.
files() { (cd "$1" && find . -path '*/share/doc/*' -prune -o -type f -printf '%m %P\n' | LC_ALL=C sort -k 2); }

# -- install ------------------------------------------------------------------------------------------

installed=$TAP_WORK/installed
expected=
for program in secret-exec secret-rotate secret-seal; do expected+="711 bin/$program"$'\n'; done
for program in secret-exec secret-rotate secret-seal; do expected+="644 share/bash-completion/completions/$program"$'\n'; done
for program in secret-exec secret-rotate secret-seal; do expected+="644 share/fish/vendor_completions.d/$program.fish"$'\n'; done
for program in secret-exec secret-rotate secret-seal; do expected+="644 share/man/man1/$program.1"$'\n'; done
expected+="644 share/man/man5/sealed-secret.5"$'\n'
for program in secret-exec secret-rotate secret-seal; do expected+="644 share/zsh/site-functions/_$program"$'\n'; done

(umask 077 && make_in . install DESTDIR="$installed" PREFIX=/usr && exit "$STATUS")
is $? 0 "make install"
is "$(files "$installed/usr")"$'\n' "$expected" "make install: these files with these modes, with any umask"
is "$(find "$installed" -type d ! -perm 755)" "" "make install: folders have mode 755"
is "$(find "$installed" -mindepth 1 -maxdepth 1)" "$installed/usr" "make install: only under PREFIX"
for program in secret-exec secret-rotate secret-seal; do
	is "$(readelf -SW "$installed/usr/bin/$program" | grep -oE ' \.(symtab|debug_info) ')" "" "$program has no symbols"
	[ "$build" != release ] || is "$(readelf -lW "$installed/usr/bin/$program" | grep INTERP)" "" "$program is static"
	is "$("$installed/usr/bin/$program" --version)" "$("$BIN/$program" --version)" "$program runs"
done

doc=$installed/usr/share/doc/secretmanager
for document in README.md LICENSE docs/CHANGELOG.md docs/SECURITY.md docs/launching.md policies/secret-exec.hcl deploy/helm/secretmanager/files/sealed-only/policy.yaml deploy/examples/pipe/shell/Dockerfile; do
	ok "make install: $document" cmp -s "$document" "$doc/$document"
done
is "$(find "$doc" ! -perm -444)" "" "make install: the documents are readable for all users"
# Ignore links to source files, and to man pages, which are installed elsewhere.
dangling=
while IFS=: read -r file link; do
	[[ $link =~ ^(https?|mailto):|^# ]] && continue
	target=$(realpath -ms --relative-to="$doc" "$(dirname "$file")/${link%%#*}")
	[[ $target =~ ^(docs/man|lib|cmd|tests|\.ci|deploy/debian|Makefile)(/|$) ]] || [ -e "$doc/$target" ] || dangling+=" ${file#"$doc/"}:$link"
done < <(grep -roE --include='*.md' '\]\([^) ]+\)' "$doc" | sed -E 's/:\]\((.*)\)$/:\1/')
is "$dangling" "" "the links of the documents have targets"

if command -v mandoc >/dev/null; then
	for page in 1:secret-exec 1:secret-seal 1:secret-rotate 5:sealed-secret; do
		run mman -M "$installed/usr/share/man" "${page%%:*}" "${page#*:}"
		like "$(head -n 1 <<<"$OUT")" "^$(tr "[:lower:]" "[:upper:]" <<<"${page#*:}")\(${page%%:*}\)" "man finds ${page#*:}(${page%%:*})"
	done
fi
for program in secret-exec secret-rotate secret-seal; do
	run bash --norc -c ". '$installed/usr/share/bash-completion/completions/$program' && complete -p $program"
	status_is 0 "bash loads $program's completion"
	run zsh -fn "$installed/usr/share/zsh/site-functions/_$program"
	is "$STATUS $ERR" "0 " "zsh reads $program's completion"
	run fish --no-execute "$installed/usr/share/fish/vendor_completions.d/$program.fish"
	is "$STATUS $ERR" "0 " "fish reads $program's completion"
done

make_in . install-dev DESTDIR="$installed" PREFIX=/usr
is "$(files "$installed/usr")"$'\n' "$(LC_ALL=C sort -k 2 <<<"${expected}755 bin/secret-dev
644 share/man/man1/secret-dev.1" | grep .)"$'\n' "make install-dev adds secret-dev"

# -- uninstall ----------------------------------------------------------------------------------------

touch "$installed/usr/bin/another" "$doc/docs/another"
make_in . uninstall DESTDIR="$installed" PREFIX=/usr
is "$(cd "$installed" && find . -type f | sort)" "./usr/bin/another
./usr/share/doc/secretmanager/docs/another" "make uninstall keeps only files of others"
rm "$doc/docs/another"
make_in . uninstall DESTDIR="$installed" PREFIX=/usr
is "$STATUS $(find "$installed" -name 'secretmanager*')" "0 " "a second make uninstall: exit 0"

# -- elsewhere ----------------------------------------------------------------------------------------

make_in . install PREFIX="$TAP_WORK/opt" BINDIR="$TAP_WORK/opt/sbin" MANDIR="$TAP_WORK/man" DOCDIR="$TAP_WORK/doc" STRIP=
ok "BINDIR" test -x "$TAP_WORK/opt/sbin/secret-exec"
ok "MANDIR" test -e "$TAP_WORK/man/man5/sealed-secret.5"
ok "DOCDIR" test -e "$TAP_WORK/doc/README.md"
ok "PREFIX, for all other files" test -e "$TAP_WORK/opt/share/bash-completion/completions/secret-exec"
ok "STRIP= keeps the symbols" cmp -s "$BIN/secret-exec" "$TAP_WORK/opt/sbin/secret-exec"
make_in . uninstall PREFIX="$TAP_WORK/opt" BINDIR="$TAP_WORK/opt/sbin" MANDIR="$TAP_WORK/man" DOCDIR="$TAP_WORK/doc"
is "$(find "$TAP_WORK/opt" "$TAP_WORK/man" -type f; ls -d "$TAP_WORK/doc" 2>/dev/null)" "" "make uninstall with the same folders removes all files"

# -- demo ---------------------------------------------------------------------------------------------

make_in . -n demo DEPS=check
first=$(grep -m 1 -v '^make: ' <<<"$OUT")
like "$first" '^demo: install .*, build .*, then seal, launch and rotate$' "make demo begins with its steps"
is "$(grep -o '[0-9]* minutes' <<<"$first")" "$(sed -nE 's/^make demo .*# ([0-9]+ minutes):.*/\1/p' README.md)" \
	"make demo prints the time that the README has"

# -- docs ---------------------------------------------------------------------------------------------

if command -v mandoc >/dev/null; then
	run docs/man/render "$TAP_WORK/reference"
	status_is 0 "the reference is rendered"
	for page in docs/man/*.[1-8]; do
		page=${page##*/}
		ok "$page as HTML and as Markdown, in both indexes" sh -c 'cd "$1" && test -s $2.html && test -s $2.md &&
			grep -q "href=\"$2.html\"" index.html && grep -q "($2.md)" index.md' sh "$TAP_WORK/reference" "$page"
	done
	is "$(grep -ohE 'href="[^"#]+' "$TAP_WORK/reference"/*.html | sed 's/href="//' | grep -v :// | sort -u |
		while read -r link; do [ -e "$TAP_WORK/reference/$link" ] || echo "$link"; done)" "" "the links of the reference have targets"
	like "$(<"$TAP_WORK/reference/secret-exec.1.html")" '"secret-seal.1.html"' "pages link to each other"
fi

# -- dist ---------------------------------------------------------------------------------------------

if [ -e .git ] && [ "$build" = release ]; then
	version=$(sed -nE 's/^#define SECRETMANAGER_VERSION "(.*)"/\1/p' lib/base/version.h)
	name=secretmanager-$version
	make_in . dist DIST_DIR="$TAP_WORK/dist"
	status_is 0 "make dist"
	ok "make dist: the checksum" sh -c 'cd "$1" && sha256sum --check --quiet SHA256SUMS' sh "$TAP_WORK/dist"
	tar -C "$TAP_WORK" -xf "$TAP_WORK/dist/$name.tar.gz"
	is "$(cd "$TAP_WORK/$name" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)" \
		"$(git ls-tree -r --name-only HEAD | LC_ALL=C sort)" "make dist: the tarball has the files of HEAD"
	like "$(tar -tvf "$TAP_WORK/dist/$name.tar.gz" | cut -d ' ' -f 2 | sort -u)" '^0/0$' "make dist: files have user and group 0"
	(umask 077 && make_in "$TAP_WORK/$name" dist DIST_DIR=build/dist)
	is "$(cat "$TAP_WORK/$name/build/dist/SHA256SUMS")" "$(cat "$TAP_WORK/dist/SHA256SUMS")" \
		"make dist in the unpacked tarball: the same bytes"

	# Copy the built files, newer than the sources, so that nothing is built again.
	find "$TAP_WORK/$name" -type f -exec touch -d @1 {} +
	cp -a "$BIN/.." "$TAP_WORK/$name/build/$build"
	ln -s "$root/build/third_party" "$TAP_WORK/$name/build/third_party"
	make_in "$TAP_WORK/$name" help
	out_like 'make dist' "make help in the unpacked tarball"
	make_in "$TAP_WORK/$name" install DESTDIR="$TAP_WORK/from-tarball" PREFIX=/usr
	status_is 0 "make install in the unpacked tarball"
	run "$TAP_WORK/from-tarball/usr/bin/secret-exec" --version
	out_like "^secret-exec $version " "make install in the unpacked tarball: the programs run"
fi

# -- versions ------------------------------------------------------------------------------------------

# A library that was not built by the recipes has no VERSION file.
library=$(grep -oE '[^ ]*/include' "$BIN/../flags" | grep -m 1 boringssl)
mkdir "$TAP_WORK/boringssl"
ln -s "$(realpath "$library")" "$(realpath "${library%/include}/lib")" "$TAP_WORK/boringssl/"
# boringssl_version NAME: print the version of BoringSSL in version.o.
boringssl_version() {
	make_in . OUT="$TAP_WORK/$1" BORINGSSL_DIR="$TAP_WORK/boringssl" "$TAP_WORK/$1/objects/lib/base/version.o"
	grep -aoE 'API [0-9]+|from-elsewhere' "$TAP_WORK/$1/objects/lib/base/version.o" | head -n 1
}
like "$(boringssl_version without)" '^API [0-9]+$' "BoringSSL without VERSION: the version of its API"
echo from-elsewhere >"$TAP_WORK/boringssl/VERSION"
is "$(boringssl_version with)" from-elsewhere "BoringSSL with VERSION: its text"
version=$(sed -nE 's/^#define SECRETMANAGER_VERSION "(.*)"/\1/p' lib/base/version.h)
is "$(sed -nE '/^## \[[0-9]/ { s/^## \[([0-9.]+)\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$/\1/p; q }' docs/CHANGELOG.md)" "$version" \
	"the changelog begins with the programs' version"
is "$(grep -rohE 'secretmanager[:_-]v?[0-9]+\.[0-9]+\.[0-9]+' README.md docs deploy policies | sed -E 's/.*[:_-]//' | sort -u)" "$version" \
	"images, tarballs and packages in pages and manifests have the programs' version"

done_testing

#!/bin/bash
# docs/dependencies.md lists the purpose of every package and module of others.
# run: stageless
. "$(dirname "$0")/../tap.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/dependencies.md
# The words between backquotes in a column of the table whose first heading is $1.
listed() {
	awk -F'|' -v heading=" $1 " -v column="$2" '
		$2 == heading { inside = 1; next }
		/^$/ { inside = 0 }
		inside { print $column }' "$page" | grep -o '`[^`]*`' | tr -d '`' | sort -u
}
is "$(awk '!/^#/ && NF { print $2 }' "$root/lib/third_party/packages" | sort -u | comm -23 - <(listed group 3))" "" \
	"each Debian package"
is "$(cd "$root/tests/e2e/modules" && printf '%s\n' * | sort | comm -23 - <(listed module 2))" "" "each Go module"
pinned=$(sed -n 's/^boringssl_version=.\(.*\)-\[0-9\].*/\1/p' "$root/lib/third_party/build" | tr -d '\\')
ok "BoringSSL's version: $pinned" grep -qF "boringssl\` $pinned," "$page"

# version_of MODULE PACKAGE: print the version in the module's go.mod.
version_of() { sed -nE "s#^(require|[[:space:]])* *$2 v([^ ]*).*#\2#p" "$root/tests/e2e/modules/$1/go.mod"; }
# tested NAME: the version in the page's table.
tested() { sed -n "/^## Tested versions/,/^## Sources/s/^| $1[^|]*| \([^ ]*\) |.*/\1/p" "$root/docs/compared.md"; }
is "$(tested Vault) $(tested Kubernetes) $(tested etcd)" \
	"$(version_of vault github.com/hashicorp/vault) $(version_of kubernetes k8s.io/kubernetes) $(version_of etcd go.etcd.io/etcd/server/v3)" \
	"the tested versions are those of the modules"
done_testing

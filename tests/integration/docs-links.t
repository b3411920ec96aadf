#!/bin/bash
# The targets of the pages' links exist, and the files of this repository that the pages name; every page can be reached
# from README.md.  Only files tracked by git count.
# run: stageless
. "$(dirname "$0")/../tap.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
run git -c safe.directory='*' -C "$root" ls-files
[ "$STATUS" = 0 ] || skip_all "no git checkout"
printf '%s\n' "$OUT" >"$TAP_WORK/tracked"

run /usr/bin/python3 -I - "$root" "$TAP_WORK/tracked" <<'PY'
import os, re, sys
from urllib.parse import unquote
root, tracked = sys.argv[1:]
with open(tracked) as file:
    files = set(file.read().split("\n")) - {""}
folders = {"."}
for name in files:
    while os.path.dirname(name):
        name = os.path.dirname(name)
        folders.add(name)
pages = sorted(n for n in files if n.endswith(".md"))
problems, links, named = [], 0, 0


def text_of(page):
    with open(os.path.join(root, page), encoding="utf-8") as file:
        return file.read()


def prose(text):
    """Without code blocks, whose lines stay as empty ones."""
    return re.sub(r"^([ \t]*)(```|~~~).*?^[ \t]*\2[ \t]*$", lambda m: "\n" * m.group().count("\n"), text, flags=re.S | re.M)


def anchors_of(page):
    """The headings' names as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", prose(text_of(page)), re.M):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchor, count = name, 0
        while anchor in found:
            count += 1
            anchor = "%s-%d" % (name, count)
        found.add(anchor)
    return found


def targets_of(page):
    text = re.sub(r"`[^`\n]*`", "", prose(text_of(page)))
    found = re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
    found += re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.M)
    return [unquote(t) for t in found if not re.match(r"[a-z][a-z0-9+.-]*:", t)]


def leads_to(page, target):
    """The file or folder, and what is wrong with the link."""
    path, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if path not in files and path not in folders:
        return path, "%s: not found" % path
    if anchor and path.endswith(".md") and anchor not in anchors_of(path):
        return path, "%s has no heading #%s" % (path, anchor)
    return path, None


graph = {}
for page in pages:
    graph[page] = set()
    for target in targets_of(page):
        links += 1
        path, wrong = leads_to(page, target)
        if wrong:
            problems.append("%s: %s" % (page, wrong))
        graph[page].add(path if path in files else os.path.join(path, "README.md"))
    # Files that the text names in `…`: those of this repository, but for patterns and what is made.
    for name in re.findall(r"`((?:tests|lib|cmd|docs|policies|deploy)/[\w./-]*\w)/?`", prose(text_of(page))):
        named += 1
        if name not in files and name not in folders and not any(n.startswith(name + ".") for n in files):
            problems.append("%s: %s: not found" % (page, name))
reached, todo = set(), ["README.md"]
while todo:
    page = todo.pop()
    if page in graph and page not in reached:
        reached.add(page)
        todo += graph[page]
problems += ["%s: no way leads there from README.md" % page for page in pages if page.startswith("docs/") and page not in reached]
version = re.search(r'SECRETMANAGER_VERSION "(.*)"', text_of("lib/base/version.h")).group(1)
for name in files:
    if re.match("docs/|deploy/|README", name) and name != "docs/CHANGELOG.md" and os.path.isfile(os.path.join(root, name)):
        for other in set(re.findall(r"secretmanager[:_-](\d+\.\d+\.\d+)", text_of(name))) - {version}:
            problems.append("%s: version %s" % (name, other))
print("%d pages, %d links, %d names" % (len(pages), links, named), *problems, sep="\n")
PY
[ "$STATUS" = 0 ] || tap_note "$ERR"
out_like '^[1-9][0-9]+ pages, [0-9]{2,} links, [0-9]{2,} names' "pages and links are found"
is "$(sed 1d <<<"$OUT")" "" "every link leads somewhere, and to every page leads one"
done_testing

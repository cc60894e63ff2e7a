#!/bin/sh
# Checks the site, which is generated: it can be written, all local links and anchors exist, and each
# rule, row, difference, function and diagram of the sources is on its page. ci/site.sh also tests
# the pages in a browser. Skipped without MkDocs or Graphviz.
# usage: check_site.sh ROOT [PYTHON]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python=${2:-python3}
for program in mkdocs dot; do
    command -v "$program" >/dev/null 2>&1 || { echo "skipped: there is no $program"; exit 77; }
done
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
bad=0

"$python" docs/generate/site.py . "$site/pages"
"$python" docs/generate/check_site.py "$site/pages" || bad=1

# same WHAT EXPECTED FOUND: two lists of lines are equal, and not empty.
same() {
    sort "$2" >"$site/expected"
    sort "$3" >"$site/found"
    if [ ! -s "$2" ] || ! diff "$site/expected" "$site/found" >"$site/diff"; then
        echo "check_site: $1: < in the sources, > on the site:"
        cat "$site/diff"
        bad=1
    fi
}

sed -n 's/^- \*\*\([A-Z][0-9][0-9]*[a-z]*\)\*\* .*/\1/p' docs/RULES.md >"$site/rules"
sed -n 's/.*<a id="\([^"]*\)"><\/a><strong>.*/\1/p' "$site/pages/docs/RULES.html" >"$site/rules-found"
same rules "$site/rules" "$site/rules-found"
page=$site/pages/docs/DIFFERENCES.html
sed -n 's/^| `\([a-z_0-9]*\)` | [A-Z][0-9].*/\1/p' docs/DIFFERENCES.md >"$site/tags"
sed -n 's/^<td><a id="\([a-z_0-9]*\)"><\/a>.*/\1/p' "$page" >"$site/tags-found"
same differences "$site/tags" "$site/tags-found"
awk '/^\| rule \|/ { inside = 1; getline; next } !/^\|/ { inside = 0 }
     inside { split($0, cells, " *\\| *"); print cells[2] }' docs/DIFFERENCES.md | sed 's/`//g' >"$site/rows"
sed -n 's/^<td>\(.*\) <a class="headerlink" .*/\1/p' "$page" |
    sed 's/<[^>]*>//g; s/&amp;/\&/g' >"$site/rows-found"
same rows "$site/rows" "$site/rows-found"

{
    sh "$here/check_docs.sh" . --names
    sed -n 's/^\(FER_MUST_USE \)*FER_API .*[ *]\(fer_sim_[a-z_]*\)(.*/\2/p' include/ferrule/sim.h
} >"$site/functions"
sed -n 's/^<td><a href="[^"]*"><code>\(fer_[a-z_0-9]*\)<\/code>.*/\1/p' \
    "$site/pages/include/ferrule/index.html" >"$site/functions-found"
same functions "$site/functions" "$site/functions-found"
grep '^```mermaid' docs/STATE.md >"$site/diagrams"
grep -o '<img alt="States"' "$site/pages/docs/STATE.html" | sed 's/.*/```mermaid/' >"$site/diagrams-found"
same diagrams "$site/diagrams" "$site/diagrams-found"

[ "$bad" -eq 0 ] || exit 1
echo "check_site: $(wc -l <"$site/rules" | tr -d ' ') rules, $(wc -l <"$site/rows" | tr -d ' ') rows," \
    "$(wc -l <"$site/tags" | tr -d ' ') differences, $(wc -l <"$site/functions" | tr -d ' ') functions"

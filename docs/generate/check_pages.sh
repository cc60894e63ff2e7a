#!/bin/sh
# Checks that the site and the manual pages are complete: each rule, row, difference, function and
# diagram of the sources is on its page; groff, mandoc and man, those of them that are installed,
# warn of no manual page.
# usage: check_pages.sh ROOT SITE     SITE: what site.py has written
set -eu
cd "$1"
site=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
man=$work/man
bad=0

python3 docs/generate/man.py . "$man" >"$work/count"

# same WHAT EXPECTED FOUND: two lists of lines are equal, and not empty.
same() {
    sort "$2" >"$work/expected"
    sort "$3" >"$work/found"
    if [ ! -s "$2" ] || ! diff "$work/expected" "$work/found" >"$work/diff"; then
        echo "check_pages: $1: < in the sources, > in the pages:"
        cat "$work/diff"
        bad=1
    fi
}

sed -n 's/^- \*\*\([A-Z][0-9][0-9]*[a-z]*\)\*\* .*/\1/p' docs/RULES.md >"$work/rules"
sed -n 's/.*<a id="\([^"]*\)"><\/a><strong>.*/\1/p' "$site/docs/RULES.html" >"$work/on-site"
same "rules of the site" "$work/rules" "$work/on-site"
grep -xFf "$work/rules" "$man/man7/ferrule_rules.7" | sort -u >"$work/in-man" || true
same "rules of ferrule_rules(7)" "$work/rules" "$work/in-man"

sed -n 's/^\[\([a-z_0-9]*\)\]$/\1/p' docs/differences/not_reconciled.toml >"$work/tags"
sed -n 's/^<h2 id="\([a-z_0-9]*\)">.*/\1/p' "$site/docs/differences/not_reconciled.html" >"$work/on-site"
same "differences of the site" "$work/tags" "$work/on-site"
sed -n 's/^\.SS \\fB\([a-z_0-9]*\)\\fP$/\1/p' "$man/man7/ferrule_differences.7" >"$work/in-man"
same "differences of ferrule_differences(7)" "$work/tags" "$work/in-man"

sed -n 's/^\["\(.*\)"\]$/\1/p' docs/differences/[A-Z].toml | sed 's/[\`]//g' >"$work/rows"
sed -n 's/^<h2 id=[^>]*>\([A-Z][ 0-9].*\)<a class="headerlink" .*/\1/p' "$site"/docs/differences/[A-Z].html |
    sed 's/<[^>]*>//g; s/&quot;/"/g; s/&amp;/\&/g' >"$work/on-site"
same "rows of the site" "$work/rows" "$work/on-site"

{
    sh tests/api/check_docs.sh . --names
    sed -n 's/^\(FER_MUST_USE \)*FER_API .*[ *]\(fer_sim_[a-z_]*\)(.*/\2/p' include/ferrule/sim.h
} >"$work/functions"
sed -n 's/^<td><a href="[^"]*"><code>\(fer_[a-z_0-9]*\)<\/code>.*/\1/p' "$site/include/ferrule/index.html" >"$work/on-site"
same "functions of the site" "$work/functions" "$work/on-site"
# Each function is an alias of the manual page that describes it.
while read -r name; do
    page=$(sed -n 's/^\.so //p' "$man/man3/$name.3" 2>/dev/null || true)
    [ -z "$page" ] || ! grep -qx "\.SS $name" "$man/$page" || echo "$name"
done <"$work/functions" >"$work/in-man"
same "functions of the manual pages" "$work/functions" "$work/in-man"

grep '^```mermaid' docs/STATE.md >"$work/diagrams"
grep -o '<img alt="States"' "$site/docs/STATE.html" | sed 's/.*/```mermaid/' >"$work/on-site"
same "diagrams of the site" "$work/diagrams" "$work/on-site"

# lint NAME COMMAND...: the command prints nothing about the manual pages.
lint() {
    command -v "$1" >/dev/null 2>&1 || return 0
    shift
    "$@" "$man"/man1/*.1 "$man"/man3/ferrule*.3 "$man"/man7/*.7 >/dev/null 2>"$work/warnings" ||
        echo "$1 failed" >>"$work/warnings"
    [ ! -s "$work/warnings" ] || { sed "s,$man/,," "$work/warnings"; bad=1; }
}
lint groff groff -man -ww -z -Tutf8
lint man env MANWIDTH=80 man --warnings -l
# mandoc writes its warnings to its output.
lint mandoc sh -c 'mandoc -T lint "$@" >&2' mandoc

[ "$bad" -eq 0 ] || exit 1
echo "check_pages: $(wc -l <"$work/rules" | tr -d ' ') rules, $(wc -l <"$work/rows" | tr -d ' ') rows," \
    "$(wc -l <"$work/tags" | tr -d ' ') differences, $(wc -l <"$work/functions" | tr -d ' ') functions; manual pages: $(cat "$work/count")"

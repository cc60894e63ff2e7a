#!/bin/sh
# Checks the manual pages, which are generated: each public function, rule and difference has its
# place, and groff, mandoc and man, those of them that are installed, warn of nothing.
# usage: check_man.sh ROOT [PYTHON]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python=${2:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

"$python" docs/generate/man.py . "$work/man" >"$work/count"

# complain TEXT FILE: each line of the file is such a failure.
complain() {
    while read -r line; do
        echo "check_man: $1: $line"
        bad=1
    done <"$2"
}

# Each function is an alias of the page that describes it.
{
    sh "$here/check_docs.sh" . --names
    sed -n 's/^\(FER_MUST_USE \)*FER_API .*[ *]\(fer_sim_[a-z_]*\)(.*/\2/p' include/ferrule/sim.h
} >"$work/functions"
[ -s "$work/functions" ] || { echo "check_man: no function" >&2; exit 1; }
while read -r name; do
    page=$(sed -n 's/^\.so //p' "$work/man/man3/$name.3" 2>/dev/null || true)
    [ -n "$page" ] && grep -qx "\.SS $name" "$work/man/$page" || echo "$name"
done <"$work/functions" >"$work/missing"
complain "no page describes a function" "$work/missing"

sed -n 's/^- \*\*\([A-Z][0-9][0-9]*[a-z]*\)\*\* .*/\1/p' docs/RULES.md >"$work/rules"
[ -s "$work/rules" ] || { echo "check_man: no rule" >&2; exit 1; }
grep -vxFf "$work/man/man7/ferrule_rules.7" "$work/rules" >"$work/missing" || true
complain "ferrule_rules(7) has no rule" "$work/missing"
sed -n 's/^| `\([a-z_0-9]*\)` | [A-Z][0-9].*/.SS \\fB\1\\fP/p' docs/DIFFERENCES.md >"$work/tags"
[ -s "$work/tags" ] || { echo "check_man: no difference" >&2; exit 1; }
grep -vxFf "$work/man/man7/ferrule_differences.7" "$work/tags" >"$work/missing" || true
complain "ferrule_differences(7) does not have" "$work/missing"

# lint NAME COMMAND...: the command warns of no page.
tools=
lint() {
    name=$1
    shift
    command -v "$name" >/dev/null 2>&1 || return 0
    tools="$tools $name"
    { "$@" "$work"/man/man1/*.1 "$work"/man/man3/ferrule*.3 "$work"/man/man7/*.7 2>&1 >/dev/null ||
        echo "it failed"; } | sed "s,$work/man/,," >"$work/warnings"
    complain "$name" "$work/warnings"
}
lint groff groff -man -ww -z -Tutf8
lint man env MANWIDTH=80 man --warnings -l
# mandoc writes its warnings to its output.
lint mandoc sh -c 'mandoc -T lint "$@" >&2' mandoc

[ "$bad" -eq 0 ] || exit 1
echo "check_man: $(cat "$work/count"), without a warning of${tools:- nothing: no tool is installed}"

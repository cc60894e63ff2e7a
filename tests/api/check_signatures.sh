#!/bin/sh
# Checks the public functions against the rules of signatures in CONTRIBUTING.md, and against API 0.2
# (exports_0_2.txt): the table of CHANGELOG.md names each function that is gone, its first section
# each one that is new, and packaging/rename.sh moves a program of 0.2, so that it compiles.
# usage: check_signatures.sh ROOT PYTHON CC
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0
"$2" docs/generate/signatures.py . || bad=1
sh "$here/check_docs.sh" . --names | LC_ALL=C sort -u >"$work/now"
[ -s "$work/now" ] || { echo "check_signatures: no function in $1" >&2; exit 1; }
awk '/^## / { section++ } section == 1' CHANGELOG.md >"$work/changes"
grep '^| `' "$work/changes" | cut -d'|' -f2 | grep -o 'fer_[a-z0-9_]*' | LC_ALL=C sort -u >"$work/moved" || true
grep -o 'fer_[a-z0-9_]*' "$work/changes" | LC_ALL=C sort -u >"$work/named" || true

LC_ALL=C tr ' ' '\n' <"$here/exports_0_2.txt" >"$work/old"
LC_ALL=C comm -23 "$work/old" "$work/now" | LC_ALL=C comm -23 - "$work/moved" |
    sed 's/$/: it is gone, and the table of CHANGELOG.md has no row for it/' >"$work/wrong"
LC_ALL=C comm -13 "$work/old" "$work/now" | LC_ALL=C comm -23 - "$work/named" |
    sed 's/$/: it is new, and CHANGELOG.md does not name it/' >>"$work/wrong"
if [ -s "$work/wrong" ]; then
    cat "$work/wrong"
    bad=1
fi

cp "$here/program_0_2.c" "$work/program.c"
sh packaging/rename.sh "$work/program.c" >/dev/null
"$3" -std=c11 -Wall -Wextra -Werror -Iinclude -fsyntax-only "$work/program.c" ||
    { echo "packaging/rename.sh does not move program_0_2.c to this API"; bad=1; }

# What it cannot see, it prints.
printf '#include <ferrule.h>\nstruct one { int fd; fer_event event; };\nstruct one two = {3, {7, true, 1 != 0}};\n' >"$work/unseen.c"
if sh packaging/rename.sh "$work/unseen.c" >/dev/null 2>"$work/printed" || ! grep -q 'unseen\.c:3: ' "$work/printed"; then
    echo "packaging/rename.sh does not print an event inside another struct"
    bad=1
fi
exit "$bad"

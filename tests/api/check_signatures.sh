#!/bin/sh
# Checks the signatures of the public functions against the rules of CONTRIBUTING.md, and the list of
# functions against CHANGELOG.md: its table names each function of 0.2 that is gone, and its first
# section each function that is new since (exports_0_2.txt).
# usage: check_signatures.sh ROOT [PYTHON]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python=${2:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0
"$python" docs/generate/signatures.py . || bad=1
sh "$here/check_docs.sh" . --names | LC_ALL=C sort -u >"$work/now"
[ -s "$work/now" ] || { echo "check_signatures: no function in $1" >&2; exit 1; }
awk '/^## / { section++ } section == 1' CHANGELOG.md >"$work/changes"
grep '^| `' "$work/changes" | cut -d'|' -f2 | grep -o 'fer_[a-z0-9_]*' | LC_ALL=C sort -u >"$work/moved" || true
grep -o 'fer_[a-z0-9_]*' "$work/changes" | LC_ALL=C sort -u >"$work/named" || true

# complain TEXT: each line of the input is such a function.
complain() {
    while read -r name; do
        echo "check_signatures: $name: $1"
        : >"$work/wrong"
    done
}
LC_ALL=C comm -23 "$here/exports_0_2.txt" "$work/now" | LC_ALL=C comm -23 - "$work/moved" |
    complain "it is gone, and the table of CHANGELOG.md has no row for it"
LC_ALL=C comm -13 "$here/exports_0_2.txt" "$work/now" | LC_ALL=C comm -23 - "$work/named" |
    complain "it is new, and CHANGELOG.md does not name it"
[ ! -e "$work/wrong" ] && [ "$bad" -eq 0 ]

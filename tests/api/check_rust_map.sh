#!/bin/sh
# Checks that docs/RUST-MAP.md and the public headers agree: each fer_ and FER_ name on the page is
# in a header, and each public function and each error kind of Rust's (below 64) is on the page. Checks that
# the page is complete: each item of tests/api/rust_std_net.txt is in a row of its section.
# usage: check_rust_map.sh ROOT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
page=docs/RUST-MAP.md
list=tests/api/rust_std_net.txt
for file in "$page" "$list"; do
    [ -f "$file" ] || { echo "check_rust_map: there is no $file in $1" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints each fer_ and FER_ name in the files, once.
names_in() {
    awk '
    {
        rest = $0
        while (match(rest, /[A-Za-z0-9_]+/)) {
            word = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            if (word ~ /^(fer_[a-z0-9]|FER_[A-Z0-9])/) print word
        }
    }' "$@" | LC_ALL=C sort -u
}

# Prints "section: item" for each item of the list that is in no first column of its section.
missing_items() {
    awk '
    FNR == NR && /^## / { section = substr($0, 4) }
    FNR == NR && /^\| / { split($0, cells, " \\| "); rows[section] = rows[section] cells[1] " " }
    FNR == NR || /^#/ || /^$/ { next }
    /^\[.*\]$/ { type = section = substr($0, 2, length($0) - 2); sub(/.*(::| )/, "", type); next }
    {
        count = split($0, items, " \\| ")
        for (i = 1; i <= count; i++) {
            if (items[i] ~ /^::/) items[i] = type items[i]
            if (index(rows[section], "`" items[i] "`") == 0) print section ": " items[i]
        }
    }
    ' "$page" "$list"
}

# shellcheck disable=SC2046 # the list is words
names_in $(find include -name '*.h' | LC_ALL=C sort) >"$work/declared"
names_in "$page" >"$work/mapped"
{ sh "$here/check_docs.sh" . --names; grep -rhoE '^    X\(FER_[A-Z_]+, ([1-5]?[0-9]|6[0-3]),' include | sed 's/.*(//; s/,.*//'; } |
    LC_ALL=C sort -u >"$work/functions"
[ -s "$work/functions" ] || { echo "check_rust_map: no public function was found in $1" >&2; exit 1; }

LC_ALL=C comm -23 "$work/mapped" "$work/declared" | sed "s|\$|: on $page, but in no public header|" >"$work/wrong"
LC_ALL=C comm -13 "$work/mapped" "$work/functions" | sed "s|\$|: a public function or an error kind, but not on $page|" >>"$work/wrong"
missing_items | sed "s|\$| has no row on $page|" >>"$work/wrong"
if [ -s "$work/wrong" ]; then
    cat "$work/wrong"
    exit 1
fi
echo "check_rust_map: $(wc -l <"$work/functions" | tr -d ' ') public functions and error kinds on the page, $(wc -l <"$work/mapped" | tr -d ' ') names, all declared; $(grep -v -e '^#' -e '^\[' "$list" | grep -o '[^|]*[^| ]' | wc -l | tr -d ' ') items of Rust's"

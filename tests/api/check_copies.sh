#!/bin/sh
# Checks the facts that stand in two files: docs/STATE.md is what GENERATOR prints; each file with
# the version or the soname has that of include/ferrule/version.h; packaging/debug has the names of
# core's tables.
# usage: check_copies.sh ROOT GENERATOR
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# ---- the page of the state tables
"$2" >"$work/state"
[ -s "$work/state" ] || { echo "check_copies: $2 wrote nothing" >&2; exit 1; }
if ! diff -u docs/STATE.md "$work/state"; then
    echo "docs/STATE.md is stale; write it again: $(basename "$2") >docs/STATE.md"
    bad=1
fi

# ---- the version
macro() { sed -n "s/^#define FER_VERSION_$1 \"*\\([0-9.]*\\)\"*\$/\\1/p" include/ferrule/version.h; }
version=$(macro TEXT)
minor=$(macro MAJOR).$(macro MINOR)

# expect FILE TEXT: a line of the file contains TEXT.
expect() {
    if ! grep -qF -e "$2" "$1"; then
        echo "$1: it does not contain: $2"
        bad=1
    fi
}
# only FILE PATTERN WANTED: every match of PATTERN in the file is WANTED.
only() {
    others=$(grep -oE -e "$2" "$1" | grep -vxF -e "$3" || true)
    if [ -n "$others" ]; then
        echo "$1: it contains $(echo "$others" | head -n 1), not $3"
        bad=1
    fi
}

[ "$version" = "$minor.$(macro PATCH)" ] ||
    { echo "include/ferrule/version.h: the text $version is not that of the numbers"; bad=1; }
expect packaging/vcpkg/ferrule/vcpkg.json "\"version-semver\": \"$version\""
expect docs/PACKAGES.md "libferrule$minor"
only docs/PACKAGES.md 'libferrule[0-9]+\.[0-9]+' "libferrule$minor"
only docs/PACKAGES.md 'libferrule\.so\.[0-9]+\.[0-9]+' "libferrule.so.$minor"
expect tests/api/consumer/CMakeLists.txt "find_package(ferrule $minor "
only tests/api/consumer/CMakeLists.txt 'find_package\(ferrule [0-9.]*' "find_package(ferrule $minor"
for dump in packaging/abi/*; do
    expect "$dump" "soname='libferrule.so.$minor'"
done

# ---- the names that debuggers show
printers=packaging/debug/ferrule_debug.py
natvis=packaging/debug/ferrule.natvis
# names LIST FILE: the names of an X macro.
names() { sed -n "/^#define FERI_$1(X)/,/[^\\\\]\$/s/.*X(\\([A-Z0-9_]*\\).*/\\1/p" "$2"; }
# listed LIST: the names of a tuple of the printers.
listed() {
    awk -v start="$1 = (" 'index($0, start) == 1 { inside = 1 } inside; /\)$/ { inside = 0 }' \
        "$printers" | grep -o '"[A-Z0-9_]*"' | tr -d '"'
}
for list in PHASES ENDS FLAGS; do
    file=core/handle/stream_state.h
    [ "$list" != FLAGS ] || file=core/handle/handle.h
    names "$list" "$file" >"$work/names"
    listed "$list" >"$work/listed"
    if [ ! -s "$work/names" ] || ! cmp -s "$work/names" "$work/listed"; then
        echo "$printers: $list is not the list of $file"
        bad=1
    fi
    [ "$list" != FLAGS ] || continue
    while read -r name; do
        grep -q "[>{]${name}[,}<]" "$natvis" || { echo "$natvis: it has no $name"; bad=1; }
    done <"$work/names"
done

[ "$bad" -eq 0 ] || exit 1
echo "check_copies: docs/STATE.md, packaging/debug and every file with the version $version are fresh"

#!/bin/sh
# Checks that every file with the version or the soname has that of include/ferrule/version.h.
# usage: check_versions.sh ROOT
set -eu
cd "$1"

macro() { sed -n "s/^#define FER_VERSION_$1 \"*\\([0-9.]*\\)\"*\$/\\1/p" include/ferrule/version.h; }
version=$(macro TEXT)
minor=$(macro MAJOR).$(macro MINOR)
[ -n "$version" ] || { echo "check_versions: include/ferrule/version.h has no version" >&2; exit 1; }

bad=0
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
[ "$bad" -eq 0 ] || exit 1
echo "check_versions: every file has version $version"

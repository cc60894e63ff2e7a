#!/bin/sh
# Checks ferrule.c and ferrule.h, the library in one file (cmake/amalgamate.cmake): each installed
# compiler accepts them without a warning, for POSIX, with its poller and with poll, and for Windows,
# and C++ accepts the header.
# usage: check_amalgamated.sh ROOT CMAKE
set -eu
root=$1
cmake=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" -D "ROOT=$root" -D "OUT=$work" -P "$root/cmake/amalgamate.cmake"
own=$(grep -h '^#include "' "$work/ferrule.c" "$work/ferrule.h" || true)
[ "$own" = '#include "ferrule.h"' ] || { echo "check_amalgamated: a header is not in the files: $own" >&2; exit 1; }

printf '#include "ferrule.h"\n#include "ferrule.h"\nint main(void) { return fer_version()[0] == 0; }\n' >"$work/user.c"
cp "$work/user.c" "$work/user.cpp"
bad=0
count=0
# try COMPILER STANDARD FILE [OPTION...]
try() {
    command -v "$1" >/dev/null 2>&1 || return 0
    count=$((count + 1))
    command="$1 -std=$2 -Wall -Wextra -Werror -pedantic -fsyntax-only"
    file=$3
    shift 3
    # shellcheck disable=SC2086 # the command is words
    $command -I"$work" "$@" "$work/$file" || bad=1
}
for compiler in gcc clang clang-19 x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc; do
    try "$compiler" c11 ferrule.c
    try "$compiler" c11 user.c
done
for compiler in gcc clang clang-19; do
    try "$compiler" c11 ferrule.c -DFERP_POSIX_POLLER=0 # platform/posix/posix.h
done
for compiler in g++ clang++ clang++-19 x86_64-w64-mingw32-g++; do
    try "$compiler" c++17 user.cpp
done
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null 2>&1 || continue
    ! "$compiler" -fsyntax-only -I"$work" -x c++ "$work/ferrule.c" 2>"$work/errors" || bad=1
    [ "$(grep -c 'error: ' "$work/errors")" -eq 1 ] && grep -q 'ferrule.c is C' "$work/errors" ||
        { cat "$work/errors"; bad=1; }
done
[ "$count" -gt 0 ] || { echo "check_amalgamated: no compiler was found" >&2; exit 1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_amalgamated: ferrule.c and ferrule.h, $count times without a warning"

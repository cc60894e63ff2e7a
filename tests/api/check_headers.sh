#!/bin/sh
# Checks that each public header compiles by itself, twice in one file, as C11 (those for C) and as
# C++17, without a warning.
# usage: check_headers.sh ROOT CC [CXX [FLAG...]]     CXX may be empty
set -eu
root=$1
cc=$2
cxx=${3:-}
shift 2
[ $# -eq 0 ] || shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
bad=0
for header in $(cd "$root/include" && find . -name '*.h' -o -name '*.hpp' | sed 's,^\./,,' | LC_ALL=C sort); do
    printf '#include "%s"\n#include "%s"\nextern int ferrule_header_check;\n' "$header" "$header" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    case $header in
        *.h)
            "$cc" "$@" -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror -fsyntax-only \
                -I"$root/include" "$work/alone.c" || { echo "$header does not stand alone as C11"; bad=1; }
            ;;
    esac
    if [ -n "$cxx" ]; then
        "$cxx" "$@" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only \
            -I"$root/include" "$work/alone.cpp" || { echo "$header does not stand alone as C++17"; bad=1; }
    fi
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "check_headers: no header in $root/include" >&2; exit 1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_headers: $count headers stand alone as C11${cxx:+ or C++17}"

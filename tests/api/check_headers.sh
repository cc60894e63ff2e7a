#!/bin/sh
# Checks that each public header compiles by itself, twice in one file, without a warning: those for
# C as C99, C11, C23 and C++11, all of them as C++17.
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
    c_standards=
    cxx_standards=c++17
    case $header in
        *.h)
            c_standards='c99 c11 c2x'
            cxx_standards='c++11 c++17'
            ;;
    esac
    for standard in $c_standards; do
        "$cc" "$@" -std="$standard" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror \
            -fsyntax-only -I"$root/include" "$work/alone.c" || { echo "$header does not stand alone as $standard"; bad=1; }
    done
    [ -n "$cxx" ] || cxx_standards=
    for standard in $cxx_standards; do
        "$cxx" "$@" -std="$standard" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only \
            -I"$root/include" "$work/alone.cpp" || { echo "$header does not stand alone as $standard"; bad=1; }
    done
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "check_headers: no header in $root/include" >&2; exit 1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_headers: $count headers stand alone as C99, C11 and C23${cxx:+, C++11 and C++17}"

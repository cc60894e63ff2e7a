#!/bin/sh
# Checks what compilers report about the public headers: nothing about a header that is included by
# itself, twice in one file, those for C as C99, C11, C23 and C++11, all of them as C++17; and the
# mistakes of mistakes.c with the warnings that it names, if gcc or clang is installed.
# usage: check_headers.sh ROOT CC [CXX]
set -eu
mistakes=$(cd "$(dirname "$0")" && pwd)/mistakes.c
root=$1
cc=$2
cxx=${3:-}
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
        "$cc" -std="$standard" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror \
            -fsyntax-only -I"$root/include" "$work/alone.c" || { echo "$header does not stand alone as $standard"; bad=1; }
    done
    [ -n "$cxx" ] || cxx_standards=
    for standard in $cxx_standards; do
        "$cxx" -std="$standard" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only \
            -I"$root/include" "$work/alone.cpp" || { echo "$header does not stand alone as $standard"; bad=1; }
    done
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "check_headers: no header in $root/include" >&2; exit 1; }

# check_warnings COMPILER NUMBER WARNING: the mistake of that number has only this warning; - is none.
check_warnings() {
    wanted=$3
    [ "$wanted" != - ] || wanted=
    found=$(LC_ALL=C "$1" -std=c11 -O2 -Wall -Wextra -DMISTAKE="$2" -I"$root/include" -c "$mistakes" -o /dev/null 2>&1 |
        sed -nE 's/.*(warning|error): .*\[(-W[a-z-]+).*/\2/p; s/.*(fatal )?error: .*[^]]$/error/p' | sort -u | tr '\n' ' ')
    [ "$wanted" = "${found% }" ] || {
        echo "mistakes.c: $1, mistake $2: ${wanted:-no warning} is expected, ${found:-no warning} came"
        bad=1
    }
}

# check_mistakes COMPILER FIELD: the field of each row of mistakes.c has the warning of the compiler.
check_mistakes() {
    command -v "$1" >/dev/null 2>&1 && [ -f "$root/include/ferrule.h" ] || return 0
    check_warnings "$1" 0 -
    for row in $(sed -nE 's/^#elif MISTAKE == ([0-9]+) \/\* (-[A-Za-z-]*) (-[A-Za-z-]*) : .*/\1:\2:\3/p' "$mistakes"); do
        check_warnings "$1" "${row%%:*}" "$(echo "$row" | cut -d: -f"$2")"
    done
}
check_mistakes gcc 2
check_mistakes clang 3

[ "$bad" -eq 0 ] || exit 1
echo "check_headers: $count headers stand alone as C99, C11 and C23${cxx:+, C++11 and C++17}"

#!/bin/sh
# Checks what compilers report about the public headers: nothing about a header that is included by
# itself, twice in one file, after the macros of hostile_macros.h, those for C as C89 to C23 and C++11,
# all of them as C++17 and C++23 (the standards between are those of ferrule.h and ferrule.hpp); and the mistakes of
# mistakes.c with the warnings that it names. Beside CC and CXX the headers are compiled with clang, and the mistakes
# with gcc and clang, if installed. Before that, with Python, what docs/generate/include.py writes into the headers.
# usage: check_headers.sh ROOT PYTHON CC [CXX]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mistakes=$here/mistakes.c
root=$1
cc=$3
cxx=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang=
case $cc in *clang*) ;; *) clang=$(command -v clang || true) ;; esac
clangxx=
case $cxx in '' | *clang*) ;; *) clangxx=$(command -v clang++ || true) ;; esac

count=0
bad=0

if [ -d "$root/docs/generate" ] && command -v "$2" >/dev/null 2>&1; then
    "$2" "$root/docs/generate/include.py" "$root" --check || exit 1
fi

# stands_alone COMPILER FILE STANDARD [OPTION...]: the header is compiled by a compiler, if there is one.
stands_alone() {
    compiler=$1 file=$2 standard=$3
    shift 3
    [ -n "$compiler" ] || return 0
    "$compiler" -std="$standard" -pedantic-errors -Wall -Wextra -Wconversion -Wshadow -Werror "$@" \
        -fsyntax-only -I"$root/include" "$file" ||
        { echo "$header does not stand alone as $standard ($compiler $*)"; bad=1; }
}

for header in $(cd "$root/include" && find . -name '*.h' -o -name '*.hpp' | sed 's,^\./,,' | LC_ALL=C sort); do
    cat >"$work/alone.c" <<EOF
#include "$header"
#include "$header"
#ifdef FER_ERROR_OK
fer_error ferrule_header_check(void);
fer_error ferrule_header_check(void) { return FER_ERROR_OK; }
#else
extern int ferrule_header_check;
#endif
EOF
    cp "$work/alone.c" "$work/alone.cpp"
    c_standards=
    macros='-DOF_CXX_HEADERS'
    cxx_standards='c++17 c++2b'
    case $header in
        *.h)
            macros='-UOF_CXX_HEADERS'
            c_standards='gnu89 c2x'
            cxx_standards='c++11 c++2b'
            ;;
    esac
    case $header in
        ferrule.h) c_standards="$c_standards c99 c11 c17" cxx_standards="$cxx_standards c++14 c++17 c++20" ;;
        ferrule.hpp) cxx_standards="$cxx_standards c++20" ;;
    esac
    for standard in $c_standards; do
        for compiler in "$cc" "$clang"; do
            stands_alone "$compiler" "$work/alone.c" "$standard" -Wstrict-prototypes -include "$here/hostile_macros.h"
        done
    done
    for standard in $cxx_standards; do
        for compiler in "$cxx" "$clangxx"; do
            stands_alone "$compiler" "$work/alone.cpp" "$standard" "$macros" -include "$here/hostile_macros.h"
        done
    done
    # without the headers that the macros' file includes
    [ -z "$c_standards" ] || stands_alone "$cc" "$work/alone.c" c11
    stands_alone "$cxx" "$work/alone.cpp" c++17
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
echo "check_headers: $count headers stand alone as C89 to C23${cxx:+ and C++11 to C++23}"

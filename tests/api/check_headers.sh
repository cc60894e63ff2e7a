#!/bin/sh
# Checks what compilers report about the public headers: nothing about a header that is included by itself, about all of
# them twice in one file after the macros of hostile_macros.h, those for C as C89 to C23 and C++11 to C++23, those for
# C++ as C++17 to C++23; and the mistakes of mistakes.c with the warnings that it names. Beside CC and CXX the headers are compiled with clang, and the mistakes
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

# compiled COMPILER FILE STANDARD WHAT [OPTION...]: the file, if there is such a compiler.
compiled() {
    compiler=$1 file=$2 standard=$3 what=$4
    shift 4
    [ -n "$compiler" ] || return 0
    "$compiler" -std="$standard" -pedantic-errors -Wall -Wextra -Wconversion -Wshadow -Werror "$@" \
        -fsyntax-only -I"$root/include" "$file" ||
        { echo "$what as $standard ($compiler $*)"; bad=1; }
}

# Each header by itself, without the headers that the macros' file includes.
for header in $(cd "$root/include" && find . -name '*.h' -o -name '*.hpp' | sed 's,^\./,,' | LC_ALL=C sort); do
    printf '#include "%s"\nextern int ferrule_header_check;\n' "$header" >"$work/alone.cpp"
    cp "$work/alone.cpp" "$work/alone.c"
    case $header in
        *.h)
            compiled "$cc" "$work/alone.c" c11 "$header does not stand alone"
            printf '#include "%s"\n#include "%s"\n' "$header" "$header" >>"$work/all.c"
            ;;
        *) printf '#include "%s"\n#include "%s"\n' "$header" "$header" >>"$work/all_cxx.cpp" ;;
    esac
    compiled "$cxx" "$work/alone.cpp" c++17 "$header does not stand alone"
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "check_headers: no header in $root/include" >&2; exit 1; }

# All of them in one file, in each standard.
cat >>"$work/all.c" <<'EOF'
extern int ferrule_header_check;
#ifdef FER_ERROR_OK
fer_error ferrule_error_check(void);
fer_error ferrule_error_check(void) { return FER_ERROR_OK; }
#endif
EOF
cp "$work/all.c" "$work/all.cpp"
for standard in gnu89 c99 c11 c17 c2x; do
    for compiler in "$cc" "$clang"; do
        compiled "$compiler" "$work/all.c" "$standard" "the headers" -Wstrict-prototypes -include "$here/hostile_macros.h"
    done
done
for standard in c++11 c++14 c++17 c++20 c++2b; do
    for compiler in "$cxx" "$clangxx"; do
        compiled "$compiler" "$work/all.cpp" "$standard" "the headers" -UOF_CXX_HEADERS -include "$here/hostile_macros.h"
        case $standard in c++1[14]) continue ;; esac
        compiled "$compiler" "$work/all_cxx.cpp" "$standard" "the C++ headers" -DOF_CXX_HEADERS -include "$here/hostile_macros.h"
    done
done

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

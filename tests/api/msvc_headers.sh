#!/bin/sh
# Compiles every macro and inline function of the public headers in MSVC's dialect and with the
# macros that cl.exe defines, as the first Visual Studio 2019 and the last 2022, in each standard,
# and counts the warnings of a discarded result (cl.exe: C4834). No header has a macro with variable
# arguments, the only ones for which clang imitates the traditional preprocessor.
# usage: msvc_headers.sh ROOT SDK      SDK is the folder of cmake/msvc/sdk.sh
set -eu
root=$1
sdk=$2
wine=/usr/include/wine/wine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# The standard library is included before clang's macros are removed. HONEST: /Zc:__cplusplus.
cat >"$work/as_cl.h" <<'TEXT'
#ifdef __cplusplus
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>
#if __cplusplus > 201703L
#include <span>
#endif
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#undef __clang__
#undef __GNUC__
#undef __has_attribute
#if defined(__cplusplus) && !defined(HONEST)
#undef __cplusplus
#define __cplusplus 199711L
#endif
TEXT

# A header's use of a macro is compiled with the header.
for macro in $(sed -nE 's/^# *define (FER_[A-Z0-9_]*).*/\1/p' "$root"/include/ferrule/*.h | sort -u); do
    cat "$root"/include/ferrule/*.h "$root/tests/api/macro_uses.c" |
        grep -vE "^# *(define|ifndef|undef) $macro\b" | grep -qw "$macro" ||
        { echo "macro_uses.c does not use $macro"; bad=1; }
done
! grep -rnE '__VA_(ARGS|OPT)__' "$root/include" || { echo "a macro with variable arguments"; bad=1; }

# Warnings of a discarded result, and options.
rows='
0 -x c -U__STDC_VERSION__
0 -x c -std=c11
0 -x c -std=c17
0 -x c -std=c17 -fno-ms-compatibility
0 -x c++ -std=c++14
1 -x c++ -std=c++17
1 -x c++ -std=c++17 -DHONEST -fno-ms-compatibility
1 -x c++ -std=c++20
1 -x c++ -std=c++20 -DHONEST -fno-ms-compatibility
'
count=0
for version in 19.20 19.44; do
    while read -r warnings options; do
        case $options in
            '') continue ;;
            *c++*) compiler=$sdk/bin/clang++ headers='' file=$root/tests/api/cxx_values.cpp ;;
            *)
                compiler="$sdk/bin/clang-cl --driver-mode=gcc --target=x86_64-pc-windows-msvc"
                headers="-isystem $wine/msvcrt -isystem $wine/windows -D_UCRT" file=/dev/null
                ;;
        esac
        [ -x "${compiler%% *}" ] || continue
        case $options in *c++14*) file=/dev/null ;; esac
        count=$((count + 1))
        # shellcheck disable=SC2086 # the options are words
        $compiler $headers "-fms-compatibility-version=$version" $options -fsyntax-only -I"$root/include" -Wall -Wextra -Wshadow \
            -Werror -Wno-error=unused-result -Wno-builtin-macro-redefined -include "$work/as_cl.h" \
            -DDISCARDS_A_RESULT -include "$root/tests/api/macro_uses.c" "$file" >"$work/output" 2>&1 &&
            [ "$(grep -c 'Wunused-result' "$work/output")" -eq "$warnings" ] || {
            echo "WRONG: $version $options: $warnings warnings are expected"
            sed 's/^/    | /' "$work/output"
            bad=1
        }
    done <<TEXT
$rows
TEXT
done
[ "$bad" -eq 0 ] || exit 1
echo "msvc_headers: $count compilations"
[ -x "$sdk/bin/clang++" ] || { echo "skipped: C++ (libc++'s headers)"; exit 77; }

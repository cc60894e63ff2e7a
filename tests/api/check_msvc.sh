#!/bin/sh
# Checks that clang compiles core and the public headers in MSVC's dialect (no __GNUC__, _MSC_VER
# set) for each of its processors. Microsoft's headers are not needed: this script declares the
# functions of the C library that core uses.
# usage: check_msvc.sh ROOT CLANG
set -eu
root=$1
clang=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/string.h" <<'TEXT'
#pragma once
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *in, int value, size_t len);
size_t strlen(const char *text);
TEXT
cat >"$work/sal.h" <<'TEXT'
#pragma once
#define _Check_return_
TEXT
cat >"$work/intrin.h" <<'TEXT'
#pragma once
void __debugbreak(void);
long _InterlockedOr(long volatile *word, long bits);
long _InterlockedAnd(long volatile *word, long bits);
long _InterlockedExchange(long volatile *word, long value);
long _InterlockedExchangeAdd(long volatile *word, long value);
long _InterlockedCompareExchange(long volatile *word, long desired, long expected);
TEXT
printf '#include "ferrule.h"\nextern int ferrule_msvc_check;\n' >"$work/all.c"
cp "$work/all.c" "$work/all.cpp"

sources=$(find "$root/core" -name '*.c' | LC_ALL=C sort)
[ -n "$sources" ] || { echo "check_msvc: no source of core was found" >&2; exit 1; }
bad=0
for target in x86_64 i686 aarch64; do
    set -- "--target=$target-pc-windows-msvc" -fsyntax-only -ffreestanding -fms-extensions -Wall -Wextra -Werror -ferror-limit=2 \
        -I"$root/include" -I"$root" -isystem "$work"
    # shellcheck disable=SC2086 # the list is words
    "$clang" -std=c11 "$@" -DFERI_ASSERTIONS $sources "$work/all.c" || bad=1
    "$clang" -std=c11 "$@" -DFER_BUILD_SHARED "$work/all.c" || bad=1
    "$clang" -std=c++17 "$@" "$work/all.cpp" || bad=1
done
[ "$bad" -eq 0 ] || exit 1
echo "check_msvc: core and the public headers, as MSVC would read them"

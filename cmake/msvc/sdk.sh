#!/bin/sh
# Makes what clang needs to build Windows programs in MSVC's dialect from Wine's own headers and
# DLLs, because Microsoft's are not free to pass on. When: ci/setup.sh msvc calls it.
set -eu

usage() {
    cat <<'TEXT'
usage: cmake/msvc/sdk.sh [DIRECTORY]

Needs Debian's packages clang-19, lld-19, llvm-19, libwine-dev and wine64. Makes in DIRECTORY
(build/cache/msvc if it is not given):
  bin/       clang-cl, lld-link, llvm-lib
  include/   declarations that Wine's headers lack
  lib/       import libraries of the DLLs, and libcmt.lib with the start-up object, for x64
With Debian's package libc++-19-dev also bin/clang++, for C++ without exceptions.
cmake/msvc-clang.cmake is the toolchain file that uses it.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/../../ci/common.sh"

case "${1:-}" in
    --help) usage; exit 0 ;;
esac
sdk=${1:-$root/build/cache/msvc}
headers=/usr/include/wine/wine
libcxx=/usr/lib/llvm-19/include/c++/v1
dlls=/usr/lib/x86_64-linux-gnu/wine

for program in clang-19 lld-link-19 llvm-lib-19 llvm-dlltool-19 llvm-readobj-19; do
    command -v "$program" >/dev/null 2>&1 || {
        echo "cmake/msvc/sdk.sh: $program is not installed (ci/setup.sh msvc)" >&2
        exit 1
    }
done
[ -d "$headers/windows" ] || {
    echo "cmake/msvc/sdk.sh: Wine's headers are not installed (Debian's package is libwine-dev)" >&2
    exit 1
}

link_program() { ln -sf "$(command -v "$1")" "$sdk/bin/$2"; }

# exports_of DLL: prints a module-definition file. An export without a name has none to link to.
exports_of() {
    echo "LIBRARY $(basename "$1")"
    echo EXPORTS
    llvm-readobj-19 --coff-exports "$1" | awk '$1 == "Name:" && NF == 2 { print "  " $2 }'
}

import_library() {
    name=$(basename "$1" .dll)
    exports_of "$1" >"$sdk/lib/$name.def"
    llvm-dlltool-19 -m i386:x86-64 -d "$sdk/lib/$name.def" -l "$sdk/lib/$name.lib" -D "$name.dll"
    rm "$sdk/lib/$name.def"
}

# start_objects FILE...: compiles them into libcmt.lib, which the compiler's output asks for.
start_objects() {
    for name in "$@"; do
        "$sdk/bin/clang-cl" --target=x86_64-pc-windows-msvc -Wno-everything -D_UCRT \
            "-imsvc$headers/msvcrt" "-imsvc$headers/windows" /c "/Fo$sdk/lib/$name.obj" \
            -- "$root/cmake/msvc/$name.c"
        set -- "$@" "$sdk/lib/$name.obj"
        shift
    done
    llvm-lib-19 "/out:$sdk/lib/libcmt.lib" "$@"
    # It asks for oldnames.lib too, which has nothing that ferrule uses.
    cp "$sdk/lib/libcmt.lib" "$sdk/lib/oldnames.lib"
    rm "$@"
}

# The compiler of C++ links with the C library of the system, as the toolchain file does for C.
make_cxx_compiler() {
    cp "$root/cmake/msvc/cxx.h" "$sdk/include/cxx.h"
    cat >"$sdk/bin/clang++" <<TEXT
#!/bin/sh
exec clang++-19 --start-no-unused-arguments --target=x86_64-pc-windows-msvc \\
    -fms-compatibility-version=19.40 -fno-exceptions -D_UCRT -D_LIBCPP_NO_AUTO_LINK \\
    -D_LIBCPP_NO_VCRUNTIME -D_LIBCPP_HAS_NO_THREADS -D_LIBCPP_HAS_NO_MONOTONIC_CLOCK \\
    -D_LIBCPP_HAS_NO_LOCALIZATION -D_LIBCPP_HAS_NO_WIDE_CHARACTERS -D_LIBCPP_HAS_NO_FILESYSTEM \\
    -D_LIBCPP_HAS_NO_RANDOM_DEVICE -nostdinc++ -isystem "$libcxx" -isystem "$headers/msvcrt" \\
    -isystem "$headers/windows" -include "$sdk/include/missing.h" -include "$sdk/include/cxx.h" \\
    -fuse-ld=lld -nostdlib "-Wl,-libpath:$sdk/lib" -Wl,-subsystem:console \\
    --end-no-unused-arguments "\$@" --start-no-unused-arguments \\
    -llibcmt -lucrtbase -lvcruntime140 -lkernel32 -lntdll --end-no-unused-arguments
TEXT
    chmod +x "$sdk/bin/clang++"
    "$sdk/bin/clang++" -std=c++17 -Wall -Wextra -Werror -c "$root/cmake/msvc/cxx.cpp" \
        -o "$sdk/lib/cxx.obj"
    llvm-lib-19 "/out:$sdk/lib/libcmt.lib" "$sdk/lib/libcmt.lib" "$sdk/lib/cxx.obj"
    rm "$sdk/lib/cxx.obj"
}

# Codes that Wine's headers lack (version 8.0).
missing_declarations() {
    sed -n 's/^ *X(\([0-9]*\), \([A-Z_0-9]*\), .*/\1 \2/p' \
        "$root/platform/winsock/errors_winsock.h" |
        while read -r number name; do
            grep -qwF "$name" "$headers/windows/winerror.h" "$headers/windows/winsock2.h" ||
                echo "#define $name $number"
        done
}

# What the SDK is made of. An SDK that is up to date is left alone, so that nothing is built anew.
state=$(cksum "$root"/cmake/msvc/* "$root/platform/winsock/errors_winsock.h" \
    "$dlls/x86_64-windows/ws2_32.dll" "$headers/windows/winsock2.h"
    cksum "$libcxx/__config" 2>/dev/null || say "no libc++")
[ ! -f "$sdk/state" ] || [ "$(cat "$sdk/state")" != "$state" ] || exit 0
rm -rf "$sdk"
mkdir -p "$sdk/bin" "$sdk/include" "$sdk/lib"
link_program clang-19 clang-cl
link_program lld-link-19 lld-link
link_program llvm-lib-19 llvm-lib
missing_declarations >"$sdk/include/missing.h"
for name in ucrtbase vcruntime140 ws2_32 kernel32 ntdll advapi32; do
    import_library "$dlls/x86_64-windows/$name.dll"
done
start_objects start start_dll floating
[ ! -f "$libcxx/__config" ] || make_cxx_compiler
say "$state" >"$sdk/state"
say "the SDK for MSVC's dialect is in $sdk"

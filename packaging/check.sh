#!/bin/sh
# Compiles programs with each of the packages that ci/package.sh made, and runs them. When: that
# script calls it.
set -eu

usage() {
    cat <<'TEXT'
usage: packaging/check.sh [--no-setup] PACKAGES

PACKAGES is the folder that ci/package.sh filled. Takes ferrule in by each of these ways, compiles
the programs of tests/api/consumer, which connect and read over the loopback, and runs them:
  the Debian packages: pkg-config, find_package, and the installed examples
  the archive of this system: pkg-config and find_package
  the source archive: cmake --install with find_package and with pkg-config, add_subdirectory,
  FetchContent, a Meson subproject, and the vcpkg port (tests/api/vcpkg_port.cmake, without vcpkg)
  ferrule.c and ferrule.h: one command of the C compiler
Source archives are built without a network. Installs and removes the Debian packages of ferrule, so
it needs a Debian that may be changed: ci/package.sh runs it in one of ci/wine10.sh. --no-setup
installs no compilers. Prints a line `works: WAY` for each way.
TEXT
}

setup=yes
case ${1:-} in
    --help) usage; exit 0 ;;
    --no-setup) setup=no; shift ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
packages=$(cd "$1" && pwd)
consumer=$root/tests/api/consumer
[ "$setup" = no ] || "$root/ci/setup.sh" consumer
work=$(mktemp -d)

stop() {
    echo "packaging/check.sh: $*" >&2
    exit 1
}

remove_debs() {
    # shellcheck disable=SC2046 # the list is words
    set -- $(dpkg-query -W -f '${Package}\n' '*ferrule*' 2>/dev/null || true)
    [ $# -eq 0 ] || dpkg --purge "$@"
}
trap 'remove_debs; rm -rf "$work"' EXIT
remove_debs

# without_network COMMAND...: the loopback interface is down too.
without_network() { unshare --net "$@"; }

# run_program PROGRAM
run_program() { "$1" | grep -E '^ferrule .*: ok' || stop "$1 fails"; }

# with_cmake NAME ARGUMENT...: builds and runs the consumer.
with_cmake() {
    out=$work/$1
    shift
    without_network cmake -S "$consumer" -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@"
    without_network cmake --build "$out"
    run_program "$out/consumer"
    run_program "$out/consumer_sim"
}

# with_find_package NAME ARGUMENT...: each component, and none.
with_find_package() {
    name=$1
    shift
    with_cmake "$name-default" "$@"
    for component in static shared; do
        with_cmake "$name-$component" "-DCONSUMER_COMPONENT=$component" "$@"
    done
}

# with_pkg_config NAME: the shared library, and the simulated network.
with_pkg_config() {
    out=$work/$1
    mkdir -p "$out"
    # shellcheck disable=SC2046 # flags are words
    cc -std=c11 "$consumer/consumer.c" -o "$out/consumer" $(pkg-config --cflags --libs ferrule)
    # shellcheck disable=SC2046
    cc -std=c11 "$consumer/consumer_sim.c" -o "$out/consumer_sim" \
        $(pkg-config --cflags --libs ferrule-sim)
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir ferrule) run_program "$out/consumer"
    run_program "$out/consumer_sim"
}

# ---- the Debian packages

dpkg -i "$packages"/libferrule*.deb
[ -z "$(dpkg --audit)" ] || stop "dpkg --audit: $(dpkg --audit)"
with_pkg_config deb-pkg-config
ldd "$work/deb-pkg-config/consumer" | grep 'libferrule\.so\.[0-9.]* => /' ||
    stop "the program does not use the shared library of the package"
echo "works: .deb and pkg-config"
with_find_package deb
echo "works: .deb and find_package"
without_network cmake -S /usr/share/doc/libferrule-doc/examples -B "$work/examples" -G Ninja
without_network cmake --build "$work/examples"
"$work/examples/sim_retry"
echo "works: the examples of the .deb"
remove_debs
! ldconfig -p | grep ferrule || stop "something is left when the packages are removed"
[ -z "$(find /usr/include /usr/lib /usr/share/doc -name '*ferrule*')" ] ||
    stop "files are left when the packages are removed"

# ---- the archive of this system

tar -xzf "$packages"/ferrule-*-"$(uname -s)-$(uname -m)".tar.gz -C "$work"
prefix=$(echo "$work"/ferrule-*)
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
with_pkg_config archive-pkg-config
unset PKG_CONFIG_PATH
with_find_package archive "-DCMAKE_PREFIX_PATH=$prefix"
rm -rf "$prefix"
echo "works: .tar.gz, with pkg-config and find_package"

# ---- the source archive

source=$(find "$packages" -maxdepth 1 -name 'ferrule-*.tar.gz' ! -name 'ferrule-*-*')
tar -xzf "$source" -C "$work"
tree=$(echo "$work"/ferrule-*)
without_network cmake -S "$tree" -B "$work/build" -G Ninja "-DCMAKE_INSTALL_PREFIX=$work/installed"
without_network cmake --build "$work/build"
cmake --install "$work/build"
with_find_package source "-DCMAKE_PREFIX_PATH=$work/installed"
PKG_CONFIG_PATH=$(dirname "$(find "$work/installed" -name ferrule.pc)")
export PKG_CONFIG_PATH
with_pkg_config source-pkg-config
unset PKG_CONFIG_PATH
echo "works: the source archive, with cmake --install, find_package and pkg-config"

# ---- the source archive as a part of another build

with_cmake add_subdirectory -DCONSUMER_WAY=add_subdirectory "-DCONSUMER_FERRULE_SOURCE=$tree"
with_cmake FetchContent -DCONSUMER_WAY=FetchContent "-DCONSUMER_FERRULE_SOURCE=$source"
echo "works: the source archive, with add_subdirectory and FetchContent"

# ---- ferrule.c and ferrule.h

cmake -D "OUT=$work/two-files" -P "$tree/cmake/amalgamate.cmake"
cc "$consumer/consumer.c" "$work/two-files/ferrule.c" "-I$work/two-files" -o "$work/two-files/consumer"
run_program "$work/two-files/consumer"
echo "works: ferrule.c and ferrule.h, with cc app.c ferrule.c"

# ---- the vcpkg port, which builds the folder that contains it

without_network cmake -D LINKAGE=static -D "OUT=$work/vcpkg" -P "$tree/tests/api/vcpkg_port.cmake"
with_cmake vcpkg-consumer "-DCMAKE_PREFIX_PATH=$work/vcpkg/packages"
rm -rf "$work/vcpkg"
echo "works: the vcpkg port, without vcpkg"

# ---- the source archive as a Meson subproject

mkdir -p "$work/meson/subprojects/packagefiles"
cp "$consumer"/* "$work/meson"
cp "$packages/ferrule.wrap" "$work/meson/subprojects"
cp "$source" "$work/meson/subprojects/packagefiles"
out=$work/meson/build
without_network meson setup "$out" "$work/meson"
without_network meson compile -C "$out"
run_program "$out/consumer"
run_program "$out/consumer_sim"
echo "works: the source archive as a Meson subproject"

#!/bin/sh
# Checks that the tree of `cmake --install` works after it is moved, and that ferrule works as a
# part of another project.
# usage: install_test.sh STEP [ARGUMENT]
#   tree                        install, then move the tree
#   find_package [KIND]         KIND is static or shared (as a component), default or default_shared (BUILD_SHARED_LIBS)
#   pkg_config KIND             static or shared, or sim, the simulated network
#   child WAY                   add_subdirectory or FetchContent
# In the environment: FERRULE_SOURCE, FERRULE_BUILD, FERRULE_CMAKE, FERRULE_GENERATOR, FERRULE_CC;
# and, where there is one, FERRULE_CXX, FERRULE_TOOLCHAIN, FERRULE_EMULATOR.
set -eu
step=$1
argument=${2:-}
work=$FERRULE_BUILD/install-test
prefix=$work/moved/to/another/place
consumer=$FERRULE_SOURCE/tests/api/consumer

# run PROGRAM: runs PROGRAM, or PROGRAM.exe if that was built.
run() {
    [ -e "$1" ] || set -- "$1.exe"
    if [ -n "${FERRULE_EMULATOR:-}" ]; then
        "$FERRULE_EMULATOR" "$1"
    else
        "$1"
    fi
}

install_tree() {
    rm -rf "$work"
    mkdir -p "$(dirname "$prefix")"
    "$FERRULE_CMAKE" --install "$FERRULE_BUILD" --prefix "$work/first/prefix"
    mv "$work/first/prefix" "$prefix"
    rm -rf "$work/first"
    # Debug information may name source files. Files that a build reads must not.
    # A source folder of one component, such as /name, is a part of other paths.
    case $FERRULE_SOURCE in
        /*/* | ?:*) source=$FERRULE_SOURCE ;;
        *) source=$FERRULE_BUILD ;;
    esac
    if grep -rlI -e "$work/first" -e "$FERRULE_BUILD" -e "$source" "$prefix"; then
        echo "install_test: the files above name the place where they were made" >&2
        exit 1
    fi
    for file in include/ferrule.h include/ferrule/version.h lib/cmake/ferrule/ferruleConfig.cmake; do
        [ -e "$prefix/$file" ] || [ -e "$(echo "$prefix"/lib*/*/cmake/ferrule/"$(basename "$file")")" ] ||
            { echo "install_test: $file is not installed" >&2; exit 1; }
    done
}

# build_consumer NAME [CMAKE-ARGUMENT...]: configures, builds and runs the consumer in a folder of
# that name.
build_consumer() {
    out=$work/$1
    shift
    rm -rf "$out"
    [ -z "${FERRULE_TOOLCHAIN:-}" ] || set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$FERRULE_TOOLCHAIN"
    [ -n "${FERRULE_TOOLCHAIN:-}" ] || set -- "$@" "-DCMAKE_C_COMPILER=$FERRULE_CC"
    if [ -n "${FERRULE_CXX:-}" ]; then
        set -- "$@" "-DCMAKE_CXX_COMPILER=$FERRULE_CXX" -DCONSUMER_CXX=ON
    fi
    "$FERRULE_CMAKE" -S "$consumer" -B "$out" -G "$FERRULE_GENERATOR" -DCMAKE_BUILD_TYPE=Debug "$@"
    "$FERRULE_CMAKE" --build "$out"
    if [ -n "${FERRULE_EMULATOR:-}" ]; then
        find "$prefix" "$out" -name '*.dll' -exec cp '{}' "$out/" ';' 2>/dev/null || true
    fi
    run "$out/consumer"
    run "$out/consumer_sim"
    if [ -n "${FERRULE_CXX:-}" ]; then
        run "$out/consumer_cxx"
    fi
    refuses_both "$@"
}

# refuses_both CMAKE-ARGUMENT...: CMake must refuse a program that links both the system's sockets
# and simulated ones.
refuses_both() {
    if "$FERRULE_CMAKE" -S "$consumer" -B "$out-both" -G "$FERRULE_GENERATOR" "$@" -DCONSUMER_BOTH=ON >"$out-both.log" 2>&1; then
        echo "install_test: both libraries can be linked into one program" >&2
        exit 1
    fi
    grep -q FERRULE_NETWORK "$out-both.log" || { cat "$out-both.log" >&2; exit 1; }
}

# links_shared yes|no: checks whether the last consumer needs ferrule's shared library.
links_shared() {
    program=$out/consumer
    [ -e "$program" ] || program=$program.exe
    got=no
    if grep -qa -e 'libferrule\.so' -e 'libferrule\.dll' -e 'ferrule.*\.dylib' "$program"; then
        got=yes
    fi
    [ "$got" = "$1" ] || { echo "install_test: uses the shared library: $got, wanted: $1" >&2; exit 1; }
}

find_package() {
    set -- "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_FIND_ROOT_PATH=$prefix" -DCONSUMER_WAY=find_package
    case $argument in
        static | shared) set -- "$@" "-DCONSUMER_COMPONENT=$argument" ;;
        default) ;;
        default_shared) set -- "$@" -DBUILD_SHARED_LIBS=ON ;;
        *) echo "install_test: find_package $argument?" >&2; exit 2 ;;
    esac
    build_consumer "find_package_$argument" "$@"
    case $argument in
        *shared) links_shared yes ;;
        *) links_shared no ;;
    esac
}

pkg_config() {
    out=$work/pkg_config_$argument
    rm -rf "$out"
    mkdir -p "$out"
    pc=$(find "$prefix" -name ferrule.pc)
    PKG_CONFIG_LIBDIR=$(dirname "$pc")
    export PKG_CONFIG_LIBDIR
    package=ferrule
    source=consumer.c
    if [ "$argument" = sim ]; then
        package=ferrule-sim
        source=consumer_sim.c
    fi
    cflags=$(pkg-config --cflags "$package")
    lib=$(pkg-config --variable=libdir "$package")
    case $argument in
        sim) libs=$(pkg-config --libs "$package") ;;
        shared) libs=$(pkg-config --libs ferrule) ;;
        # The archive by name: the linker prefers a shared library in the same folder.
        static) libs=$(pkg-config --static --libs ferrule | sed 's/-lferrule/-l:libferrule.a/') ;;
        *) echo "install_test: pkg_config $argument?" >&2; exit 2 ;;
    esac
    # shellcheck disable=SC2086 # flags are words
    "$FERRULE_CC" -std=c11 $cflags "$consumer/$source" -o "$out/consumer" $libs
    if [ -n "${FERRULE_EMULATOR:-}" ]; then
        find "$prefix" -name '*.dll' -exec cp '{}' "$out/" ';'
    fi
    LD_LIBRARY_PATH=$lib run "$out/consumer"
    links_shared "$([ "$argument" = shared ] && echo yes || echo no)"
}

child() {
    build_consumer "child_$argument" "-DCONSUMER_WAY=$argument" "-DCONSUMER_FERRULE_SOURCE=$FERRULE_SOURCE"
    links_shared no
    if find "$out" -name 'unit_*' -o -name 'conformance_*' -o -name 'relay_server*' -o -name 'cmake_install.cmake' -path '*/ferrule/tests/*' |
        grep -q .; then
        echo "install_test: as a child, ferrule built its tests or examples" >&2
        exit 1
    fi
}

case $step in
    tree) install_tree ;;
    find_package) find_package ;;
    pkg_config) pkg_config ;;
    child) child ;;
    *) echo "install_test: $step?" >&2; exit 2 ;;
esac
echo "install_test: $step $argument works"

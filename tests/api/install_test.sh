#!/bin/sh
# Checks that the tree of `cmake --install` works after it is moved, and that ferrule works as a
# part of another project.
# usage: install_test.sh STEP [ARGUMENT]
#   tree                        install, then move the tree
#   find_package [KIND]         KIND is static or shared (as a component), default or default_shared (BUILD_SHARED_LIBS)
#   components                  the rules of find_package's components, for trees with and without them
#   examples                    the installed examples, as a project
#   pkg_config KIND             static or shared, or sim, the simulated network
#   child WAY                   add_subdirectory or FetchContent
#   libraries                   a library of the user's under a simulated test, and one that is installed
#   documented                  what the blocks of CMake in README.md and docs/SIMULATION.md say
#   meson                       ferrule as a Meson subproject
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

# Each relative link of the installed pages leads to a file.
check_links() {
    find "$prefix/share/doc/ferrule" -name '*.md' | while IFS= read -r page; do
        grep -o ']([^() #]*' "$page" | sed 's/^](//' | grep -v '^[a-z]*:' | while IFS= read -r link; do
            [ -z "$link" ] || [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
        done
    done >"$work/broken-links"
    [ -s "$work/broken-links" ] || return 0
    cat "$work/broken-links" >&2
    exit 1
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
    check_links
    for file in include/ferrule.h include/ferrule.hpp include/ferrule/owned.hpp include/ferrule/version.h \
        lib/cmake/ferrule/ferruleConfig.cmake \
        share/doc/ferrule/README.md share/doc/ferrule/LICENSE-MIT share/doc/ferrule/docs/SIMULATION.md \
        share/doc/ferrule/examples/echo_server.c share/ferrule/ferrule.cdef; do
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
links_shared() { links_shared_program "$out/consumer" "$1"; }

links_shared_program() {
    program=$1
    [ -e "$program" ] || program=$program.exe
    got=no
    if grep -qa -e 'libferrule\.so' -e 'libferrule\.dll' -e 'ferrule.*\.dylib' "$program"; then
        got=yes
    fi
    [ "$got" = "$2" ] || { echo "install_test: uses the shared library: $got, wanted: $2" >&2; exit 1; }
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

# finds COMPONENTS TARGETS WANTED: configures a project that needs COMPONENTS, and compares the
# library behind ferrule::ferrule and the existence of TARGETS with WANTED. A package that is not
# found is "none".
finds() {
    mkdir -p "$work/components"
    cat >"$work/components/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.20)
project(components LANGUAGES C)
find_package(ferrule CONFIG QUIET COMPONENTS $1)
set(got none)
if(ferrule_FOUND)
    get_target_property(got ferrule::ferrule ALIASED_TARGET)
    foreach(target IN ITEMS $2)
        if(TARGET ferrule::\${target})
            string(APPEND got " \${target}")
        endif()
    endforeach()
endif()
message(NOTICE "got: \${got}")
TEXT
    # The compiler's checks stay in the cache; the place of the package does not.
    set -- "$1" "$3" "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_FIND_ROOT_PATH=$prefix" -U ferrule_DIR
    [ -z "${FERRULE_TOOLCHAIN:-}" ] || set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$FERRULE_TOOLCHAIN"
    components=$1
    wanted=$2
    shift 2
    "$FERRULE_CMAKE" -S "$work/components" -B "$work/components/build" -G "$FERRULE_GENERATOR" "$@" \
        >"$work/components/log" 2>&1 || { cat "$work/components/log" >&2; exit 1; }
    got=$(sed -n 's/^got: //p' "$work/components/log")
    [ "$got" = "$wanted" ] ||
        { echo "install_test: COMPONENTS $components: got \"$got\", wanted \"$wanted\"" >&2; exit 1; }
}

components() {
    rm -rf "$work/components"
    all="static shared sim"
    finds "" "$all" "ferrule::static $all"
    finds "static" "$all" "ferrule::static $all"
    finds "shared" "$all" "ferrule::shared $all"
    finds "sim" "$all" "ferrule::sim $all"
    finds "shared sim" "$all" "ferrule::shared $all"
    finds "dynamic" "$all" "none"
    finds "static OPTIONAL_COMPONENTS dynamic" "$all" "ferrule::static $all"
    # A tree like those of package managers, with one library.
    complete=$prefix
    prefix=$work/one
    cp -R "$complete" "$prefix"
    find "$prefix" -name 'ferrule-static*.cmake' -exec rm '{}' +
    finds "" "$all" "ferrule::shared shared sim"
    finds "sim" "$all" "ferrule::sim shared sim"
    finds "static" "$all" "none"
    rm -rf "$prefix"
}

examples() {
    out=$work/examples
    set -- "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_FIND_ROOT_PATH=$prefix"
    [ -z "${FERRULE_TOOLCHAIN:-}" ] || set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$FERRULE_TOOLCHAIN"
    rm -rf "$out"
    "$FERRULE_CMAKE" -S "$prefix/share/doc/ferrule/examples" -B "$out" -G "$FERRULE_GENERATOR" "$@"
    "$FERRULE_CMAKE" --build "$out"
    run "$out/sim_retry"
}

meson() {
    out=$work/meson
    rm -rf "$out"
    mkdir -p "$out/subprojects"
    cp "$consumer"/* "$out"
    ln -s "$FERRULE_SOURCE" "$out/subprojects/ferrule"
    printf '[wrap-file]\ndirectory = ferrule\n[provide]\ndependency_names = ferrule, ferrule-sim\n' \
        >"$out/subprojects/ferrule.wrap"
    CC=$FERRULE_CC command meson setup "$out/build" "$out" --wrap-mode forcefallback
    command meson compile -C "$out/build"
    command meson test -C "$out/build"
    links_shared_program "$out/build/consumer" yes
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

# configure_project NAME CMAKE-ARGUMENT...: configures and builds $work/NAME, whose CMakeLists.txt is
# there, in $work/NAME/build.
configure_project() {
    out=$work/$1/build
    set -- "$@" "-DCMAKE_FIND_ROOT_PATH=$prefix" -DCMAKE_BUILD_TYPE=Debug
    if [ -n "${FERRULE_TOOLCHAIN:-}" ]; then
        set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$FERRULE_TOOLCHAIN"
    else
        set -- "$@" "-DCMAKE_C_COMPILER=$FERRULE_CC"
    fi
    project=$1
    shift
    rm -rf "$out"
    "$FERRULE_CMAKE" -S "$work/$project" -B "$out" -G "$FERRULE_GENERATOR" "$@" >"$work/$project/log" 2>&1 &&
        "$FERRULE_CMAKE" --build "$out" >>"$work/$project/log" 2>&1 || { cat "$work/$project/log" >&2; exit 1; }
}

# simulates KIND TARGET WANTED: a KIND library of the user's links ferrule::TARGET PRIVATE, and its test
# ferrule::sim, in both orders. WANTED is a pattern of what the test prints.
simulates() {
    mkdir -p "$work/libraries"
    cp "$consumer"/library*.c "$work/libraries/"
    cat >"$work/libraries/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.20)
project(libraries LANGUAGES C)
find_package(ferrule REQUIRED)
add_library(library $1 library.c)
target_link_libraries(library PRIVATE ferrule::$2)
add_executable(first library_sim.c)
target_link_libraries(first PRIVATE ferrule::sim library)
add_executable(second library_sim.c)
target_link_libraries(second PRIVATE library ferrule::sim)
TEXT
    configure_project libraries "-DCMAKE_PREFIX_PATH=$prefix"
    if [ -n "${FERRULE_EMULATOR:-}" ]; then
        find "$prefix" -name '*.dll' -exec cp '{}' "$out/" ';'
    fi
    for program in first second; do
        printed=$(run "$out/$program" | tr -d '\r')
        echo "$1 library with ferrule::$2, $program order: $printed"
        printf '%s' "$printed" | grep -qx "$3" || { echo "install_test: wanted: $3" >&2; exit 1; }
    done
}

# An installed shared library that links ferrule PRIVATE, and a program that links that library.
installed_library() {
    mkdir -p "$work/library" "$work/program"
    cp "$consumer/library.c" "$work/library/"
    cat >"$work/library/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.20)
project(library LANGUAGES C)
find_package(ferrule REQUIRED)
add_library(library SHARED library.c)
target_link_libraries(library PRIVATE ferrule::ferrule)
install(TARGETS library EXPORT targets)
install(EXPORT targets FILE libraryConfig.cmake DESTINATION lib/cmake/library)
TEXT
    configure_project library "-DCMAKE_PREFIX_PATH=$prefix" -DBUILD_SHARED_LIBS=ON
    "$FERRULE_CMAKE" --install "$out" --prefix "$work/library/installed"
    cat >"$work/program/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.20)
project(program LANGUAGES C)
find_package(ferrule REQUIRED)
find_package(library REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE library)
TEXT
    cat >"$work/program/program.c" <<'TEXT'
int library_hear(const char *host_port, void *buf, unsigned long len);
int main(void)
{
    return library_hear == 0;
}
TEXT
    configure_project program "-DCMAKE_PREFIX_PATH=$prefix;$work/library/installed" -DBUILD_SHARED_LIBS=ON
    run "$out/program"
}

libraries() {
    simulates STATIC static simulated
    simulates STATIC shared 'simulated\|refused'
    simulates STATIC headers simulated
    # A DLL has its own copy of a static ferrule, of which nothing is visible; and it has no way to
    # leave the choice to the program.
    if [ -z "${FERRULE_TOOLCHAIN:-}" ]; then
        simulates SHARED static refused
        simulates SHARED shared 'simulated\|refused'
        simulates SHARED headers simulated
        installed_library
    fi
}

# cmake_block FILE: the first block of CMake in a page.
cmake_block() {
    awk '/^```cmake$/ { inside = 1; next } /^```/ { if (inside) exit } inside' "$FERRULE_SOURCE/$1"
}

documented() {
    out=$work/documented
    rm -rf "$out"
    mkdir -p "$out/source"
    cp "$consumer/consumer.c" "$consumer/consumer_sim.c" "$out/source/"
    {
        echo 'cmake_minimum_required(VERSION 3.20)'
        echo 'project(app LANGUAGES C)'
        echo 'add_executable(app consumer.c)'
        echo 'add_executable(app_test consumer_sim.c)'
        cmake_block README.md
        cmake_block docs/SIMULATION.md
    } >"$out/source/CMakeLists.txt"
    set -- "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_FIND_ROOT_PATH=$prefix"
    if [ -n "${FERRULE_TOOLCHAIN:-}" ]; then
        set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$FERRULE_TOOLCHAIN"
    else
        set -- "$@" "-DCMAKE_C_COMPILER=$FERRULE_CC"
    fi
    "$FERRULE_CMAKE" -S "$out/source" -B "$out" -G "$FERRULE_GENERATOR" "$@"
    "$FERRULE_CMAKE" --build "$out"
    run "$out/app"
    run "$out/app_test"
}

case $step in
    tree) install_tree ;;
    find_package) find_package ;;
    components) components ;;
    examples) examples ;;
    meson) meson ;;
    pkg_config) pkg_config ;;
    child) child ;;
    documented) documented ;;
    libraries) libraries ;;
    *) echo "install_test: $step?" >&2; exit 2 ;;
esac
echo "install_test: $step $argument works"

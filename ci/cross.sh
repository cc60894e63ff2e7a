#!/bin/sh
# Builds the library and its tests for other systems, and runs those of Linux on emulated
# processors. When: after a change that depends on a processor or a system; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/cross.sh [--no-setup] [--selftest] [TARGET...]

Installs qemu-user, and the zig compiler through npm into build/cache; zig contains the headers of
every target. With warnings as errors, it then
  compiles                    x86-windows-msvc aarch64-windows-msvc (clang in MSVC's dialect)
  compiles and links          aarch64-macos x86-windows-gnu
  compiles, links and tests   aarch64-linux-musl powerpc64-linux-musl (the latter is big-endian)
                              x86_64-linux-musl-plain (with FERRULE_PLAIN_POSIX, and with what
                              most systems have beyond that)
  compiles and links only ferrule_selftest, and runs it if this machine can
                              x86_64-linux-gnu.2.17 (glibc of 2012) x86_64-macos
                              aarch64-windows-gnu x86_64-linux-musl x86_64-windows-gnu
The first two and the last five take the library as one file: all else of these five is compiled for
the same system with types of the same sizes, here or in the preset mingw. For all but the first
two, ferrule.c is also compiled alone with a program, which runs if this machine can run it.
Every ferrule_selftest is copied to build/selftest. --selftest builds nothing else, and not for
powerpc64.
TARGET is one of these or another zig target. If zig is not available, Debian's cross-compiler
replaces it for the two Linux targets. --no-setup installs nothing.
If $FERRULE_HEADERS names folders with the headers of a system, TARGET is a target of clang, such as
x86_64-unknown-openbsd7.8: everything is compiled with these headers, with $FERRULE_HEADERS_OPTIONS,
and nothing is linked. No such headers are a part of the project.
The last line is `N passed, N failed, N skipped`; a target that is built without tests counts as
one.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

cache=$root/build/cache
links=" and link"

fail() {
    say "    $*"
    failed=$((failed + 1))
}

# unexpected_warnings LOG: the warnings, without those of zig's own sources, which zig compiles at
# first use.
unexpected_warnings() {
    own='/(zig|lib)/(libc|libcxx|compiler_rt|libunwind)|zig-linux-[a-z0-9]*/lib/'
    grep -E 'warning:' "$1" | grep -vE "$own|CMake Warning|overriding" || true
}

# run_tests TARGET
run_tests() {
    code=0
    (cd "$root/build/cross-$1" && ctest -j "$test_jobs" -L 'unit|conformance' --output-on-failure) \
        >"$logs/cross-$1-test.log" 2>&1 </dev/null || code=$?
    awk -f "$root/tests/count_tests.awk" "$logs/cross-$1-test.log" \
        "$root/build/cross-$1/Testing/Temporary/LastTest.log" >"$logs/cross-$1-counts.txt"
    read -r ran_passed ran_failed ran_skipped <"$logs/cross-$1-counts.txt"
    if [ "$ran_failed" -eq 0 ] && { [ "$ran_passed" -eq 0 ] || [ "$code" -ne 0 ]; }; then
        ran_failed=1
    fi
    passed=$((passed + ran_passed))
    failed=$((failed + ran_failed))
    skipped=$((skipped + ran_skipped))
    say "    ran: $ran_passed passed, $ran_failed failed, $ran_skipped skipped"
    grep -E '^(failed|skipped): ' "$logs/cross-$1-counts.txt" | sed 's/^/    /' || true
    if [ "$ran_failed" -ne 0 ]; then
        output_of_failed_tests "$logs/cross-$1-test.log" | sed 's/^/    | /'
    fi
}

# optimization_of TARGET: the compiler's options. What does not run here is only compiled and
# linked, so it is neither optimized nor described for a debugger.
optimization_of() {
    case $1 in
        *macos* | aarch64-windows-gnu | x86-windows-gnu | *-unknown-* | *-pc-*) echo -O0 ;;
        *) echo "-g -O1" ;;
    esac
}

# build_target TARGET CMAKE-ARGUMENT...
build_target() {
    target=$1
    shift
    began=$(date +%s)
    say "== $target: compile$links"
    logged "cross-$target-configure" cmake -S "$root" -B "$root/build/cross-$target" -G Ninja \
        -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=$(optimization_of "$target")" \
        -DFERRULE_WERROR=ON \
        -DFERRULE_BUILD_TESTS=ON -DFERRULE_BUILD_EXAMPLES=ON -DFERRULE_BUILD_BENCH=ON \
        "-DFERRULE_CMOCKA_SOURCE=$cache/cmocka" -Wno-dev "$@" ||
        { fail "$target cannot be configured"; return 0; }
    what=all
    ! builds_selftest_only "$target" || what=ferrule_selftest
    logged "cross-$target-build" run_nice cmake --build "$root/build/cross-$target" -j "$jobs" \
        --target "$what" ||
        { fail "$target cannot be built"; return 0; }
    warnings=$(unexpected_warnings "$logs/cross-$target-build.log")
    if [ -n "$warnings" ]; then
        printf '%s\n' "$warnings" | sed 's/^/    | /'
        fail "$target has warnings"
        return 0
    fi
    passed=$((passed + 1))
    keep_selftest "$target"
    if builds_selftest_only "$target"; then
        run_selftest "$target"
    else
        case $target in
            *linux*) ! can_run "$target" || run_tests "$target" ;;
        esac
    fi
    remove_in_ci "$root/build/cross-$target"
    say "    took $(($(date +%s) - began)) s"
}

builds_selftest_only() {
    case $1 in
        x86_64-linux-gnu.* | x86_64-macos | aarch64-windows-gnu | x86_64-linux-musl | \
            x86_64-windows-gnu) return 0 ;;
        *) [ "$selftest" = yes ] ;;
    esac
}

# keep_selftest TARGET: copies the program to build/selftest, under the name of the system.
keep_selftest() {
    name=$(echo "$1" | awk -F - '{ print $2 "-" $1 }' |
        sed 's/x86_64/x64/; s/aarch64/arm64/; s/powerpc64/ppc64/')
    mkdir -p "$root/build/selftest"
    for ending in "" .exe; do
        program=$root/build/cross-$1/tests/selftest/ferrule_selftest$ending
        [ ! -s "$program" ] || cp "$program" "$root/build/selftest/ferrule_selftest-$name$ending"
    done
}

# run_selftest TARGET: runs the program, if this machine can run it.
run_selftest() {
    can_run "$1" || return 0
    program=$root/build/cross-$1/tests/selftest/ferrule_selftest
    [ -f "$program" ] || program=$program.exe
    logged "cross-$1-selftest" run_for "$1" "$program" || fail "$1: the self-test has failures"
    sed -n 's/^tests: */    /p' "$logs/cross-$1-selftest.log"
}

# try_one_file TARGET: ferrule.c and ferrule.h, without the rest of the project.
try_one_file() {
    libraries=-pthread
    case $1 in *-windows-*) libraries=-lws2_32 ;; esac
    emulator=$(emulator_of "$1") || emulator=none
    logged "cross-$1-one-file" sh "$root/tests/api/amalgamated_program.sh" "$root" cmake \
        "$emulator" "cc -target $1" "$libraries" "$zig" ||
        { fail "$1: ferrule.c cannot be compiled or run"; return 0; }
    passed=$((passed + 1))
}

build_with_zig() {
    case $1 in
        *linux*)
            can_run "$1" || {
                report_unavailable "qemu for $1 is not installed: its tests are NOT run"
                return 0
            }
            ;;
        *-windows-*) ! can_run "$1" || start_wine ;;
    esac
    one_file=OFF
    ! builds_selftest_only "$1" || one_file=ON
    plain=OFF
    flags=
    if [ "${1%-plain}" != "$1" ]; then
        plain=ON
        flags="-DFERP_HAS_DONTWAIT=1 -DFERP_HAS_NOSIGNAL=1 -DFERP_HAS_SOCK_CLOEXEC=1"
        flags="$flags -DFERP_HAS_ACCEPT4=0 -DFERP_HAS_PIPE2=0"
    fi
    build_target "$1" "-DCMAKE_TOOLCHAIN_FILE=$root/cmake/zig.cmake" "-DFERRULE_ZIG=$zig" \
        "-DFERRULE_ZIG_TARGET=${1%-plain}" "-DFERRULE_AMALGAMATED=$one_file" \
        "-DFERRULE_PLAIN_POSIX=$plain" ${flags:+"-DCMAKE_C_FLAGS=$flags"}
    [ "$selftest" = yes ] || [ "$plain" = ON ] || try_one_file "$1"
    stop_wine
}

# Only compiles: there is nothing to link with.
build_with_headers() {
    links=
    build_target "$1" "-DCMAKE_TOOLCHAIN_FILE=$root/cmake/headers.cmake" \
        "-DFERRULE_HEADERS_TARGET=$1" "-DFERRULE_HEADERS=$(say "$FERRULE_HEADERS" | tr ' ' ';')" \
        "-DFERRULE_HEADERS_OPTIONS=${FERRULE_HEADERS_OPTIONS:-}"
}

# Without zig: Debian's gcc for a Linux target, linked statically with glibc.
build_with_debian_gcc() {
    case $1 in
        aarch64-linux-musl) triplet=aarch64-linux-gnu ;;
        powerpc64-linux-musl) triplet=powerpc64-linux-gnu ;;
        *) report_unavailable "zig is not available: $1 is NOT compiled"; return 0 ;;
    esac
    if ! command -v "$triplet-gcc" >/dev/null 2>&1; then
        report_unavailable "neither zig nor $triplet-gcc is available: $1 is NOT compiled"
        return 0
    fi
    can_run "$1" ||
        { report_unavailable "qemu for $1 is not installed: its tests are NOT run"; return 0; }
    build_target "$triplet" "-DCMAKE_TOOLCHAIN_FILE=$root/cmake/linux-gnu-cross.cmake" \
        "-DFERRULE_TRIPLET=$triplet"
}

# Compiles the library and the conformance tests; there is nothing to link them with.
build_in_msvc_dialect() {
    cpu=${1%%-*}
    [ "$cpu" != x86 ] || cpu=i686
    [ -e "$cache/msvc/state" ] ||
        { report_unavailable "cmake/msvc/sdk.sh's files are missing: $1 is NOT compiled"; return 0; }
    say "== $1: compile"
    rm -rf "$root/build/cross-$1"
    logged "cross-$1-configure" cmake -S "$root" -B "$root/build/cross-$1" -G Ninja -Wno-dev \
        -DCMAKE_BUILD_TYPE=Debug -DFERRULE_WERROR=ON -DFERRULE_BUILD_TESTS=ON \
        -DFERRULE_AMALGAMATED=ON "-DCMAKE_TOOLCHAIN_FILE=$root/cmake/msvc-clang.cmake" \
        "-DFERRULE_MSVC_PROCESSOR=$cpu" \
        "-DFERRULE_CMOCKA_SOURCE=$cache/cmocka" ||
        { fail "$1 cannot be configured"; return 0; }
    logged "cross-$1-build" run_nice cmake --build "$root/build/cross-$1" -j "$jobs" \
        --target ferrule_static ferrule_sim ferrule_conformance_tests ||
        { fail "$1 cannot be compiled"; return 0; }
    passed=$((passed + 1))
    remove_in_ci "$root/build/cross-$1"
}

setup=yes
selftest=no
targets=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --selftest) selftest=yes ;;
        -*) usage >&2; exit 2 ;;
        *) targets="$targets $argument" ;;
    esac
done
if [ -z "$targets" ]; then
    targets="aarch64-macos x86_64-macos x86-windows-gnu aarch64-windows-gnu aarch64-linux-musl
        x86_64-linux-musl x86_64-windows-gnu"
    [ "$selftest" = yes ] || targets="x86-windows-msvc aarch64-windows-msvc
        x86_64-linux-gnu.2.17 $targets x86_64-linux-musl-plain powerpc64-linux-musl"
fi

[ "$setup" = no ] || "$root/ci/setup.sh" build cmocka
if [ "$setup" = yes ] && [ -z "${FERRULE_HEADERS:-}" ]; then
    "$root/ci/setup.sh" msvc || say "    continuing with the installed programs"
    "$root/ci/setup.sh" cross || say "    continuing with the installed programs"
    if ! find_zig >/dev/null; then
        say "setup: fetching zig through npm into build/cache (log: build/log/zig.log)"
        logged zig fetch_zig || "$root/ci/setup.sh" cross-gcc ||
            say "    continuing with the installed programs"
    fi
fi

zig=$(find_zig) || zig=
for target in $targets; do
    case $target in
        *-windows-msvc) build_in_msvc_dialect "$target" ;;
        *)
            if [ -n "${FERRULE_HEADERS:-}" ]; then
                build_with_headers "$target"
            elif [ -n "$zig" ]; then
                build_with_zig "$target"
            else
                build_with_debian_gcc "$target"
            fi
            ;;
    esac
done
say_totals

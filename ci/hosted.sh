#!/bin/sh
# Builds and tests ferrule on this system: each POSIX system, and Windows in the shell of Git. When:
# on a system that .ci/run does not have; each job of .github/workflows/ci.yml is this step.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/hosted.sh [--no-setup] [--build-only] [CMAKE-ARGUMENT...]

Installs CMake and a compiler with the package manager of this system if one is missing (--no-setup
installs nothing). Configures build/hosted anew with these arguments, builds everything, and runs
the tests of this system's backend and of the simulation, then ferrule_selftest. If
build/cache/cmocka does not exist, the build downloads cmocka.

  ci/hosted.sh -DCMAKE_C_COMPILER=clang          Linux, macOS, FreeBSD, OpenBSD, NetBSD
  ci/hosted.sh -A Win32                          Windows, with the newest Visual Studio
  ci/hosted.sh -T ClangCL -A x64                 Windows, clang-cl
  ci/hosted.sh -G Ninja -DCMAKE_C_COMPILER=gcc   Windows, mingw
  ci/hosted.sh --build-only -DCMAKE_TOOLCHAIN_FILE=$NDK/build/cmake/android.toolchain.cmake \
      -DANDROID_ABI=arm64-v8a -DANDROID_PLATFORM=android-24 -DFERRULE_WERROR=ON   Android: runs nothing

build/report contains the report of ferrule_selftest and the logs of the build and of ctest, and in
answers.txt each row of docs/differences/unknown.md of this system, with the answers of the
probes to it. In a job of GitHub, its summary shows these rows, and what this kernel answers to each
probe, beside what is known of it. The last line is `N passed, N failed, N skipped`; the self-test
counts as one.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

report=$root/build/report
setup=yes
runs=yes
while :; do
    case ${1:-} in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --build-only) runs=no ;;
        *) break ;;
    esac
    shift
done

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

has_compiler() { has cc || has gcc || has clang; }

on_windows() {
    case $(uname -s) in
        MINGW* | MSYS* | CYGWIN*) ;;
        *) return 1 ;;
    esac
}

install_packages() {
    if has cmake && { on_windows || has_compiler; }; then
        return 0
    elif has apt-get; then
        "$root/ci/setup.sh" build
    elif has apk; then
        as_root apk add cmake samurai gcc musl-dev
    elif has brew; then
        brew install cmake
    elif has pkg; then
        as_root pkg install -y cmake ninja
    elif has pkg_add && has pkgin; then
        as_root pkgin -y install cmake ninja-build
    elif has pkg_add; then
        as_root pkg_add cmake ninja
    else
        say "ci/hosted.sh: no known package manager: install CMake and a C compiler" >&2
        return 1
    fi
}

# stop TEXT: ends a run that has no results.
stop() {
    say "$1"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
}

# On Windows, CMake selects the newest Visual Studio.
generator_of() {
    for argument in "$@"; do
        case $argument in -G*) return 0 ;; esac
    done
    if ! on_windows && has ninja; then
        say "-GNinja"
    fi
}

# find_selftest: prints the path of the program. Some generators have a folder per configuration.
find_selftest() {
    find "$root/build/hosted" -type f \( -name ferrule_selftest -o -name ferrule_selftest.exe \) |
        head -n 1
}

# This system's name in docs/differences/unknown.md.
name_of_system() {
    if on_windows; then
        say Windows
    else
        uname -s | sed 's/^Darwin$/macOS/'
    fi
}

# run_selftest: runs it as a user does, without arguments, and keeps its report.
run_selftest() {
    selftest=$(find_selftest)
    if [ -z "$selftest" ]; then
        say "the build has no ferrule_selftest"
        return 1
    fi
    code=0
    "$selftest" </dev/null >"$report/selftest-output.txt" 2>&1 || code=$?
    tail -n 15 "$report/selftest-output.txt"
    [ "$code" -eq 0 ] || say "the exit code of ferrule_selftest is $code"
    found=no
    for file in "$(dirname "$selftest")"/ferrule-selftest-*.txt; do
        [ -f "$file" ] || continue
        cp "$file" "$report/"
        awk -v "of=$(name_of_system)" -f "$root/tests/selftest/answers.awk" "$root/docs/differences/unknown.md" \
            "$file" >"$report/answers.txt"
        tail -n 1 "$report/answers.txt"
        found=yes
    done
    [ "$found" = yes ] || say "ferrule_selftest wrote no report"
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || [ "$found" = no ] ||
        { cat "$report/answers.txt"; sed -n '/^FACTS/,/^time/p' "$report/selftest-output.txt"; } |
            sed 's/^/    /' >>"$GITHUB_STEP_SUMMARY"
    [ "$code-$found" = 0-yes ]
}

cd "$root"
rm -rf build/hosted build/report
mkdir -p "$report"
if [ "$setup" = yes ]; then
    install_packages || stop "the packages were not installed"
fi
if [ -f build/cache/cmocka/src/cmocka.c ]; then
    cmocka=-DFERRULE_CMOCKA_SOURCE=$root/build/cache/cmocka
else
    cmocka=-DFERRULE_FETCH_CMOCKA=ON
fi

say "== $(uname -sm): building with: $*"
# shellcheck disable=SC2046 # nothing or one word
logged hosted-configure cmake $(generator_of "$@") -S . -B build/hosted -DCMAKE_BUILD_TYPE=Debug \
    -DFERRULE_BUILD_TESTS=ON -DFERRULE_BUILD_EXAMPLES=ON "$cmocka" "$@" ||
    stop "the configuration failed"
grep -E 'compiler identification|Building for' "$logs/hosted-configure.log" || true
code=0
logged hosted-build cmake --build build/hosted --config Debug --parallel "$jobs" || code=$?
cp "$logs"/hosted-*.log "$report/"
[ "$code" -eq 0 ] || stop "the build failed"
say "    $(grep -ciE 'warning( [A-Z]+[0-9]+)?:' "$logs/hosted-build.log" || true) warnings"

if [ "$runs" = no ]; then
    say "1 passed, 0 failed, 0 skipped"
    exit 0
fi

say "== tests"
(cd build/hosted && ctest -C Debug -j "$test_jobs" -L 'unit|conformance|sim' -LE thorough \
    --output-on-failure) >"$logs/hosted-test.log" 2>&1 </dev/null || code=$?
results=build/hosted/Testing/Temporary/LastTest.log
[ -f "$results" ] || stop "ctest did not run; its exit code is $code"
cp "$logs/hosted-test.log" "$results" "$report/"
awk -f tests/count_tests.awk "$logs/hosted-test.log" "$results" >"$report/counts.txt"
read -r passed failed skipped <"$report/counts.txt"
if [ "$failed" -ne 0 ]; then
    output_of_failed_tests "$logs/hosted-test.log" | sed 's/^/    | /'
    grep -E '^failed: ' "$report/counts.txt" || true
elif [ "$passed" -eq 0 ] || [ "$code" -ne 0 ]; then
    say "the exit code of ctest is $code, $passed tests passed"
    failed=1
fi

say "== ferrule_selftest"
if run_selftest; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
say_totals

#!/bin/sh
# Runs the tests over the kernels of NetBSD, FreeBSD and macOS, each in the processes of the tests. When:
# after a change of platform/posix; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/kernels.sh [--no-setup] [--plain] [netbsd|freebsd|macos]... [-- TEST...]

Compiles the POSIX backend and the tests' raw sockets with the headers of NetBSD, FreeBSD or macOS
(default: all), links them with that system's kernel, which runs in the process of each test, and
runs the suites (docs/TESTING.md). TEST... are names of tests or of source files, such as shutdown or
poll_poller_events: only these run. The kernels are folders with kernel.tar.xz and include.tar.xz,
or with their contents. $FERRULE_NETBSD, $FERRULE_FREEBSD and $FERRULE_MACOS name them; the default
is ../shared/netbsd and so on, beside the project's folder. A system without a kernel is not run,
says so and counts as skipped. --no-setup installs no packages. --plain builds with
FERRULE_PLAIN_POSIX.
Prints a line for each suite, the failed tests with their output and the skipped ones with their
reasons; the last line is `N passed, N failed, N skipped`, and the exit code is 0 if nothing failed.
The trees are build/netbsd, build/freebsd and build/macos: the next run compiles what has changed.
`ctest --preset netbsd -R NAME` runs tests again; with KERNEL_TRACE in the environment the test prints
its system calls. Logs: build/log/netbsd-*.log and so on
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
plain=OFF
systems=
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --plain) plain=ON ;;
        netbsd | freebsd | macos) systems="$systems $1" ;;
        openbsd) say "there is no kernel of OpenBSD that runs in a process" >&2; exit 2 ;;
        --) shift; break ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
[ -n "$systems" ] || systems="netbsd freebsd macos"

# A regular expression of the names of the chosen tests.
chosen=
names=$*
for name in "$@"; do
    chosen="$chosen${chosen:+|}${name%.c}"
done

# find_kernel SYSTEM: prints the folder with the contents of the kernel's archives, if there is one.
find_kernel() {
    case $1 in
        netbsd) folder=${FERRULE_NETBSD:-$root/../shared/netbsd} ;;
        freebsd) folder=${FERRULE_FREEBSD:-$root/../shared/freebsd} ;;
        macos) folder=${FERRULE_MACOS:-$root/../shared/macos} ;;
    esac
    if [ -d "$folder/inc" ]; then
        (cd "$folder" && pwd)
        return 0
    fi
    [ -f "$folder/kernel.tar.xz" ] && [ -f "$folder/include.tar.xz" ] || return 1
    unpacked=$root/build/cache/kernel-$1
    if [ ! -d "$unpacked/inc" ] ||
        [ -n "$(find "$folder/" -name '*.tar.xz' -newer "$unpacked")" ]; then
        rm -rf "$unpacked"
        mkdir -p "$unpacked"
        tar xJf "$folder/kernel.tar.xz" -C "$unpacked" || return 1
        tar xJf "$folder/include.tar.xz" -C "$unpacked" || return 1
        touch "$unpacked"
    fi
    say "$unpacked"
}

# build_system SYSTEM KERNEL
build_system() {
    logged "$1-configure" configure_preset "$1" "-DFERRULE_KERNEL_FOLDER=$2" \
        "-DFERRULE_PLAIN_POSIX=$plain" || return 1
    # shellcheck disable=SC2153 # jobs is common.sh's
    logged "$1-build" run_nice sh -c "cd '$root' && cmake --build --preset '$1' -j $jobs"
}

# count_suite SYSTEM LABEL: adds the suite's numbers to the totals and prints them.
count_suite() {
    counts=$logs/$1-counts.txt
    awk -v only="^$2_" -f "$root/tests/count_tests.awk" "$logs/$1-test.log" \
        "$root/build/$1/Testing/Temporary/LastTest.log" >"$counts"
    read -r suite_passed suite_failed suite_skipped <"$counts"
    [ $((suite_passed + suite_failed + suite_skipped)) -gt 0 ] || return 0
    passed=$((passed + suite_passed))
    failed=$((failed + suite_failed))
    skipped=$((skipped + suite_skipped))
    printf '%-8s %-12s %s passed, %s failed, %s skipped\n' "$1" "$2" "$suite_passed" \
        "$suite_failed" "$suite_skipped"
    sed -n '/^failed: /s/^/    /p' "$counts"
    sed -n '/^skipped: /s/^/    /p' "$counts" | sed 's/\t/: /'
}

# run_system SYSTEM
run_system() {
    code=0
    began=$(date +%s)
    (cd "$root/build/$1" && ctest -j "$((jobs * 4))" --output-on-failure ${chosen:+-R "(^|_)($chosen)\$"}) \
        >"$logs/$1-test.log" 2>&1 </dev/null || code=$?
    if grep -q '^No tests were found' "$logs/$1-test.log"; then
        say "$1: no test has this name: $names"
        failed=$((failed + 1))
        return
    fi
    passed_before=$passed
    failed_before=$failed
    for suite in conformance poll unit selftest stress fidelity; do
        count_suite "$1" "$suite"
    done
    if [ "$failed" -ne "$failed_before" ]; then
        output_of_failed_tests "$logs/$1-test.log" | sed 's/^/    | /'
    elif [ "$passed" -eq "$passed_before" ] || [ "$code" -ne 0 ]; then
        say "$1: the exit code of ctest is $code; its output is in build/log/$1-test.log"
        failed=$((failed + 1))
    fi
    say "$1: $(($(date +%s) - began)) s"
}

[ "$setup" = no ] || "$root/ci/setup.sh" kernels ||
    say "    continuing with the installed programs"
for system in $systems; do
    variable=FERRULE_$(say "$system" | tr '[:lower:]' '[:upper:]')
    if ! kernel=$(find_kernel "$system"); then
        say "**** $system: not run: no kernel; \$$variable names the folder of one"
        # A folder that was named and has no kernel is a mistake.
        if [ -n "$(printenv "$variable" || true)" ]; then
            failed=$((failed + 1))
        else
            skipped=$((skipped + 1))
        fi
    elif ! build_system "$system" "$kernel"; then
        failed=$((failed + 1))
    else
        run_system "$system"
    fi
done
say_totals

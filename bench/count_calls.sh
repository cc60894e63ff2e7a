#!/bin/sh
# Counts values that do not depend on the machine's load: the user instructions and system calls of
# one operation, from the difference between a long and a short run. Checks the gates: an operation
# of ferrule makes the system calls of the raw one, and only some more instructions, in the archive,
# the shared library and a link-time-optimized build. Exit code 1: a gate is missed.
# Needs gcc, valgrind and strace. Linux on x86-64 only.
# usage: bench/count_calls.sh [--gates] [DIRECTORY]
#   --gates     only the gates
#   DIRECTORY   for the builds; the default is build/bench-counts beside the sources
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
only_gates=no
if [ "${1:-}" = --gates ]; then
    only_gates=yes
    shift
fi
builds=${1:-$root/build/bench-counts}

for tool in gcc valgrind strace; do
    command -v "$tool" >/dev/null || { echo "count_calls: $tool is not installed" >&2; exit 2; }
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# build NAME CMAKE-ARGUMENT...: a build of the benchmarks in $builds/NAME.
build() {
    name=$1
    shift
    {
        cmake -S "$root" -B "$builds/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=gcc \
            -DFERRULE_BUILD_BENCH=ON -DFERRULE_INSTALL=OFF "$@" &&
            cmake --build "$builds/$name" --target bench_poller bench_limits bench_calls bench_echo_turn
    } >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
build archive
build shared -DBUILD_SHARED_LIBS=ON
if [ "$only_gates" = yes ]; then
    build lto -DFERRULE_LTO=ON -DFERRULE_BENCH_PEERS=OFF
else
    build lto -DFERRULE_LTO=ON -DFERRULE_BENCH_PEERS=ON
fi

# usage: instructions PROGRAM ARGUMENT...
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 | awk '/Collected/ { print $NF }'
}

# usage: system_calls PROGRAM ARGUMENT...
system_calls() {
    strace -f -c -o "$log" "$@" && awk '$NF == "total" { print $4 }' "$log"
}

# usage: measure SHORT LONG OPERATIONS_EACH PROGRAM ARGUMENT...
# Appends the length of the run to the arguments. Prints the instructions and the system calls of an
# operation.
measure() {
    short=$1 long=$2 each=$3
    shift 3
    few=$(instructions "$@" "$short")
    many=$(instructions "$@" "$long")
    calls_few=$(system_calls "$@" "$short")
    calls_many=$(system_calls "$@" "$long")
    awk -v i="$((many - few))" -v c="$((calls_many - calls_few))" -v n="$(((long - short) * each))" \
        'BEGIN { printf "%.1f %.2f\n", i / n, c / n }'
}

# usage: count NAME SHORT LONG OPERATIONS_EACH PROGRAM ARGUMENT...
count() {
    name=$1
    shift
    # shellcheck disable=SC2046,SC2183 # measure prints two words
    printf '%-42s %8.1f instructions %6.2f system calls\n' "$name" $(measure "$@")
}

# usage: check BUILD CASE CALLS GATE PROGRAM: GATE is the number of instructions more than raw of
# CALLS calls. A call of a shared library costs one more, in the program's procedure linkage table.
missed=0
check() {
    gate=$4
    [ "$1" != shared ] || gate=$((gate + $3))
    measured=$(measure 100 1100 1 "$builds/$1/bench/$5" --count "$2" raw)
    measured="$measured $(measure 100 1100 1 "$builds/$1/bench/$5" --count "$2" ferrule)"
    echo "$measured" | awk -v build="$1" -v name="$2" -v gate="$gate" '{
        good = $3 - $1 <= gate && $4 == $2
        printf "%-8s %-14s raw %6.1f  ferrule %6.1f  more %6.1f  gate %3d  system calls %.2f, raw %.2f  %s\n",
            build, name, $1, $3, $3 - $1, gate, $4, $2, good ? "ok" : "MISSED"
        exit !good }' || missed=$((missed + 1))
}

# docs/DESIGN.md, "What a call costs", has the reason of each gate.
for name in archive shared lto; do
    check "$name" write_read 2 108 bench_limits
    check "$name" try_write_read 2 108 bench_calls
    check "$name" write_read_all 2 144 bench_calls
    check "$name" any_stream 2 146 bench_calls
    check "$name" limits 2 400 bench_calls
    check "$name" slices 2 218 bench_calls
    check "$name" datagram 2 236 bench_calls
    check "$name" connected 2 210 bench_calls
    check "$name" unix_datagram 2 220 bench_calls
    check "$name" batch_of_one 2 450 bench_calls
    check "$name" accept 6 250 bench_calls
    check "$name" ready 1 95 bench_calls
    check "$name" started 9 1100 bench_calls
    check "$name" keepalive 7 420 bench_calls
    check "$name" add_delete_1 2 70 bench_poller
    check "$name" modify 1 45 bench_poller
    check "$name" wait_nothing 1 60 bench_poller
done
if [ "$only_gates" = no ]; then
    poller="$builds/lto/bench/bench_poller"
    echo_turn="$builds/lto/bench/bench_echo_turn"
    limits="$builds/lto/bench/bench_limits"
    for contender in raw ferrule; do
        count "wake_same_thread $contender" 100 1100 1 "$poller" --count wake_same_thread "$contender"
    done
    # A turn is 100 requests of 1000 connections. It includes the driver's send and recv, which are
    # the same for all contenders.
    for contender in raw ferrule-poller ferrule libuv-try libuv-poll libevent apr mio; do
        if "$echo_turn" --count "$contender" 1; then
            count "echo request $contender" 10 110 100 "$echo_turn" --count "$contender"
        fi
    done
    # Rules K5 and K6. Each operation includes the raw call at the other end.
    for case in read_ready write_ready; do
        for contender in raw ferrule token deadline; do
            count "$case $contender" 100 1100 1 "$limits" --count "$case" "$contender"
        done
    done
fi
if [ "$missed" -ne 0 ]; then
    echo "count_calls: $missed gates are missed" >&2
    exit 1
fi

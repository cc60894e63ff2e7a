#!/bin/sh
# Counts values that do not depend on the machine's load: the user instructions and system calls of
# one operation, from the difference between a long and a short run of a link-time-optimized build.
# Needs valgrind and strace. Linux only.
# usage: bench/count_calls.sh [BUILD_DIRECTORY]
# Configures and builds in BUILD_DIRECTORY; the default is build/bench-lto beside the sources.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/bench-lto}

for tool in valgrind strace; do
    command -v "$tool" >/dev/null || { echo "count_calls: $tool is not installed" >&2; exit 2; }
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFERRULE_LTO=ON -DFERRULE_BUILD_BENCH=ON -DFERRULE_INSTALL=OFF &&
        cmake --build "$build" --target bench_poller bench_echo_turn bench_limits
} >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

# usage: instructions PROGRAM ARGUMENT...
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 | awk '/Collected/ { print $NF }'
}

# usage: system_calls PROGRAM ARGUMENT...
system_calls() {
    strace -f -c -o "$log" "$@" && awk '$NF == "total" { print $4 }' "$log"
}

# usage: count NAME SHORT LONG OPERATIONS_EACH PROGRAM ARGUMENT...
# Appends the length of the run to the arguments.
count() {
    name=$1 short=$2 long=$3 each=$4
    shift 4
    few=$(instructions "$@" "$short")
    many=$(instructions "$@" "$long")
    calls_few=$(system_calls "$@" "$short")
    calls_many=$(system_calls "$@" "$long")
    awk -v name="$name" -v i="$((many - few))" -v c="$((calls_many - calls_few))" -v n="$(((long - short) * each))" \
        'BEGIN { printf "%-34s %8.1f instructions %6.2f system calls\n", name, i / n, c / n }'
}

poller="$build/bench/bench_poller"
echo_turn="$build/bench/bench_echo_turn"
for case in wake_same_thread wake_folded_10 wait_nothing modify add_delete_1; do
    for contender in raw ferrule; do
        count "$case $contender" 100 1100 1 "$poller" --count "$case" "$contender"
    done
done
# A turn is 100 requests of 1000 connections. It includes the driver's send and recv, which are the
# same for all contenders.
for contender in raw ferrule-poller ferrule libuv-try libuv-poll libevent; do
    if "$echo_turn" --count "$contender" 1; then
        count "echo request $contender" 10 110 100 "$echo_turn" --count "$contender"
    fi
done
# Rules K5 and K6. Each operation includes the raw call at the other end.
limits="$build/bench/bench_limits"
for case in read_ready write_ready; do
    for contender in raw ferrule token deadline; do
        count "$case $contender" 100 1100 1 "$limits" --count "$case" "$contender"
    done
done

#!/bin/sh
# Measures ferrule beside the raw calls and other libraries, and judges the gates. When: after a
# change that can cost time, on a machine that does nothing else.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/bench.sh [--full] [--write-docs] [--no-setup] [PROGRAM...]

Installs missing packages (ci/setup.sh bench; --no-setup installs nothing), builds Release, runs the
programs of bench/ and counts instructions and system calls (bench/count_calls.sh --gates). Prints
each gate with what was measured, and the moonshot. Writes into build/bench:
  table.md, table.csv   every case and contender
  NAME.svg              the plots
  NAME.txt              the output of each program

  --full        more rounds, and the instructions of all contenders: at most 25 minutes. Without it,
                2 minutes, and more for the first build
  --write-docs  also writes the measured tables of README.md and docs/BENCH.md
  PROGRAM       only these: address_text, connect, copy, counts, echo_turn, limits, ping_pong, poller,
                resolver, scale, simulation, sizes, udp, udp_batches. The others keep their last
                output

Libraries outside the system's folders are found through the environment, as CMake does it:
CMAKE_PREFIX_PATH=PREFIX ci/bench.sh. sockpp has no Debian package and is measured only if it is
installed; libuv's batches need libuv 1.50.

Each contender is measured in alternating rounds with the raw calls, and the raw calls twice: the
control. Run it on a machine that does nothing else. The exit code is 0 if all gates are held or
at the floor (docs/BENCH.md), 1 if one is missed, and 3 if none is missed, but the machine was too
noisy to judge some of them. Linux only.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

full=no
docs=no
setup=yes
programs=
all_programs="address_text connect copy echo_turn limits ping_pong poller resolver scale simulation udp udp_batches sizes counts"
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --full) full=yes ;;
        --write-docs) docs=yes ;;
        --no-setup) setup=no ;;
        *)
            case " $all_programs " in *" $1 "*) programs="$programs $1" ;; *) usage >&2; exit 2 ;; esac
            ;;
    esac
    shift
done
programs=${programs:-$all_programs}
results=$root/build/bench
builds=$root/build/bench-counts # shared with bench/count_calls.sh
mkdir -p "$results"

build() {
    cmake -S "$root" -B "$builds/archive" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=gcc \
        -DFERRULE_BUILD_BENCH=ON -DFERRULE_BENCH_PEERS=ON -DFERRULE_INSTALL=OFF &&
        cmake --build "$builds/archive" --target $bench_targets ferrule_static
}

# What was measured on which machine.
describe_machine() {
    say "machine processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | sort -u | head -n 1)"
    say "machine processors=$(nproc)"
    say "machine system=$(uname -s) $(uname -r | sed 's/[^0-9.].*//')"
    say "machine compiler=$(gcc --version | head -n 1)"
    if [ "$full" = yes ]; then say "machine run=full"; else say "machine run=quick"; fi
}

# seconds_of PROGRAM: for each of its cases.
seconds_of() {
    case $full-$1 in
        yes-echo_turn) say 30 ;;
        yes-connect) say 45 ;;
        yes-limits | yes-resolver | yes-simulation) say 5 ;;
        yes-*) say 10 ;;
        no-echo_turn) say 2 ;;
        no-*) say 0.7 ;;
    esac
}

time_program() {
    binary=$builds/archive/bench/bench_$1
    rounds=501
    [ "$full-$1" != no-scale ] || rounds=1 # no gates, and a second for 10,000 connections
    "$binary" --rounds "$rounds" --seconds "$(seconds_of "$1")"
    [ "$1" != udp_batches ] ||
        "$root/bench/between_namespaces.sh" "$binary" --rounds 501 --seconds "$(seconds_of "$1")"
    [ "$1" != simulation ] || run_fuzz_example 20000
}

# The inputs of a user's fuzzer: examples/sim_fuzz.c over the library as it is installed, as
# docs/SIMULATION.md builds and runs it. Prints the median of five runs.
run_fuzz_example() {
    if ! command -v clang >/dev/null; then
        say "skipped bench=simulation case=sim_fuzz impl=ferrule reason=clang is not installed"
        return
    fi
    clang -g -O1 -DFER_SIM_FUZZ_ENGINE -fsanitize=fuzzer,address,undefined -I"$root/include" \
        "$root/examples/sim_fuzz.c" "$builds/archive/libferrule_sim.a" -ldl -o "$builds/sim_fuzz"
    for seed in 1 2 3 4 5; do
        began=$(date +%s%N)
        ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0 "$builds/sim_fuzz" \
            -seed="$seed" -runs="$1" -max_len=256 -len_control=0 -use_value_profile=1 -entropic=0 >&2
        say $((($(date +%s%N) - began) / $1))
    done | sort -n | sed -n "3s/.*/bench=simulation case=sim_fuzz impl=ferrule ops=$1 runs=5 ns_op=& \
ratio=1 iqr=1..1 base=ferrule/p"
}

# An output that has ended replaces the last one.
run_program() {
    new=$results/$1.new
    case $1 in
        sizes) "$root/bench/size_clients.sh" "$builds/archive/libferrule.a" ;;
        counts)
            if [ "$full" = yes ]; then
                "$root/bench/count_calls.sh"
            else
                "$root/bench/count_calls.sh" --gates
            fi
            ;;
        *) time_program "$1" ;;
    esac >"$new" 2>"$logs/bench-$1.log" || code=$?
    if [ "${code:-0}" -ne 0 ] && { [ "$1" != counts ] || [ "$code" -ne 1 ]; }; then
        tail -n 15 "$logs/bench-$1.log"
        say "ci/bench.sh: $1 failed"
        exit 2
    fi
    mv "$new" "$results/$1.txt"
}

[ "$setup" = no ] || "$root/ci/setup.sh" bench
bench_targets=
for program in $all_programs; do
    case $program in sizes | counts) ;; *) bench_targets="$bench_targets bench_$program" ;; esac
done
began=$(date +%s)
logged bench-build build
say "built in $(($(date +%s) - began)) s"
describe_machine >"$results/machine.txt"
for program in $programs; do
    began=$(date +%s)
    code=0
    run_program "$program"
    say "$program: $(($(date +%s) - began)) s"
done
say ""
code=0
python3 "$root/bench/bench_table.py" "$results" || code=$?
say "tables and plots: build/bench"
if [ "$docs" = yes ] && [ "$code" -ne 2 ]; then
    python3 "$root/bench/bench_docs.py" write "$root" "$results" || exit 2
fi
exit "$code"

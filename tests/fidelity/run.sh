#!/bin/sh
# Runs the same programs over real and over simulated sockets, and compares them call by call. ctest
# calls it; tests/fidelity/seeds.sh is the script for manual runs.
# usage: run.sh posix|winsock REAL SIM DIRECTORY FROM COUNT [RUNNER]
# REAL and SIM are the two programs, DIRECTORY holds their output, RUNNER starts a Windows program
# on another system (ci/wine.sh).
set -eu

system=$1 real=$2 sim=$3 directory=$4 from=$5 count=$6 runner=${7:-}
here=$(cd "$(dirname "$0")" && pwd)
limit=$((100 + count * 4))
mkdir -p "$directory"
trap 'rm -f "$directory/$$-real.txt" "$directory/$$-sim.txt"' EXIT

# A machine without a hosts file may not resolve localhost. Both programs then connect to the
# address.
if command -v getent >/dev/null 2>&1 && ! getent ahosts localhost >/dev/null 2>&1; then
    FIDELITY_HOST=127.0.0.1
    export FIDELITY_HOST
    echo "fidelity: localhost does not resolve here: connects by name are skipped"
fi

# The output of a program that hangs or crashes is compared up to that point.
run() {
    # shellcheck disable=SC2086 # there may be no runner
    timeout "$limit" $runner "$1" "$system" "$from" "$count" </dev/null || echo "fidelity: $1 ended with $?" >&2
}

run "$sim" >"$directory/$$-sim.txt"
# NetBSD's kernel in a process may report a test of its random numbers.
run "$real" | sed '/^Kernel RNG /d; /^cprng /d' >"$directory/$$-real.txt"
awk -v one="$directory/$$-sim.txt" -v other="$directory/$$-real.txt" -v one_name=simulated -v other_name="real     " \
    -v again="sh $0 $system $real $sim $directory SEED 1 $runner" -f "$here/compare.awk"

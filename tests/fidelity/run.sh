#!/bin/sh
# Runs the same programs over real and over simulated sockets, and compares them call by call.
# usage: run.sh posix|winsock REAL SIM DIRECTORY FROM COUNT [RUNNER]
# REAL and SIM are the two programs, DIRECTORY is for what they print, RUNNER starts a Windows program elsewhere (ci/wine.sh).
set -eu

system=$1 real=$2 sim=$3 directory=$4 from=$5 count=$6 runner=${7:-}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$directory"
trap 'rm -f "$directory/$$-real.txt" "$directory/$$-sim.txt"' EXIT

run() {
    # shellcheck disable=SC2086 # there may be no runner
    $runner "$@" </dev/null
}

run "$sim" "$system" "$from" "$count" >"$directory/$$-sim.txt" || echo "fidelity: $sim ended with $?"
run "$real" "$system" "$from" "$count" >"$directory/$$-real.txt" || echo "fidelity: $real ended with $?"
awk -v one="$directory/$$-sim.txt" -v other="$directory/$$-real.txt" -v one_name=simulated -v other_name="real     " \
    -v again="sh $0 $system $real $sim $directory SEED 1 $runner" -f "$here/compare.awk"

#!/bin/sh
# Runs random programs over this system's sockets and over their simulation, and compares the
# results call by call. When: after a change of platform/sim, with more seeds than ctest runs.
set -eu

usage() {
    cat <<'TEXT'
usage: tests/fidelity/seeds.sh [PRESET [FROM [COUNT]]]

Builds the preset (default: debug; mingw: Windows sockets, under Wine; netbsd, freebsd: over that
system's kernel, after ci/kernels.sh has configured the preset) and runs the programs of
COUNT seeds (default: 5000) from seed FROM (default: 0), in blocks of 100 seeds, several blocks in
parallel. For a difference it prints the program, both results, and the command that reproduces it.
The last line has the number of blocks with a difference.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/../../ci/common.sh"

case "${1:-}" in
    -*) usage; exit 0 ;;
esac
preset=${1:-debug}
from=${2:-0}
count=${3:-5000}
system=posix
suffix=
runner=
trap 'stop_wine' EXIT
trap 'exit 130' INT TERM
if [ "$preset" = netbsd ] || [ "$preset" = freebsd ]; then
    system=$preset
elif [ "$preset" = mingw ]; then
    system=winsock
    suffix=.exe
    runner=$root/ci/wine.sh
    start_wine
fi
logged "$preset-configure" configure_preset "$preset"
logged "$preset-build" build_preset "$preset"

folder=$root/build/$preset/tests/fidelity

# run_block FROM COUNT: writes its output to a file, with a last line "bad" after a difference.
run_block() {
    # shellcheck disable=SC2086 # there may be no runner
    sh "$root/tests/fidelity/run.sh" "$system" "$folder/fidelity_real$suffix" \
        "$folder/fidelity_sim$suffix" "$folder" "$1" "$2" $runner \
        >"$logs/fidelity-$1.txt" 2>&1 || echo bad >>"$logs/fidelity-$1.txt"
}

# Several blocks run in parallel, because a call under Wine waits for another process.
began=$(date +%s)
bad=0
while [ "$count" -gt 0 ]; do
    first=$from
    running=0
    while [ "$count" -gt 0 ] && [ "$running" -lt "$test_jobs" ]; do
        size=$((count < 100 ? count : 100))
        run_block "$from" "$size" &
        from=$((from + size))
        count=$((count - size))
        running=$((running + 1))
    done
    wait
    while [ "$first" -lt "$from" ]; do
        say "seeds from $first"
        grep -v '^bad$' "$logs/fidelity-$first.txt" || true
        if grep -q '^bad$' "$logs/fidelity-$first.txt"; then
            bad=$((bad + 1))
        fi
        rm -f "$logs/fidelity-$first.txt"
        first=$((first + 100))
    done
done
say "blocks with a difference: $bad, in $(($(date +%s) - began)) s"
[ "$bad" -eq 0 ]

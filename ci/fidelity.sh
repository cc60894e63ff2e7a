#!/bin/sh
# Runs random programs over this system's sockets and over their simulation, and compares them call by call.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/fidelity.sh [PRESET [FROM [COUNT]]]

Builds the preset (debug, when none is named; mingw is Windows' sockets, under Wine) and runs the programs of COUNT seeds (5000) from
FROM (0) on, a hundred at a time, some side by side. At a difference it prints the program, both answers, and the command that shows
it again. The last line tells how many of those hundreds were not equal.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

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
if [ "$preset" = mingw ]; then
    system=winsock
    suffix=.exe
    runner=$root/ci/wine.sh
    start_wine
fi
logged "$preset-configure" configure_preset "$preset"
logged "$preset-build" build_preset "$preset"

folder=$root/build/$preset/tests/fidelity

# some_seeds FROM COUNT: its words go to a file, whose last line is "bad" where something differed.
some_seeds() {
    # shellcheck disable=SC2086 # there may be no runner
    sh "$root/tests/fidelity/run.sh" "$system" "$folder/fidelity_real$suffix" "$folder/fidelity_sim$suffix" "$folder" \
        "$1" "$2" $runner >"$logs/fidelity-$1.txt" 2>&1 || echo bad >>"$logs/fidelity-$1.txt"
}

# Some at a time, side by side, for a call under Wine waits for another process.
began=$(date +%s)
bad=0
while [ "$count" -gt 0 ]; do
    first=$from
    running=0
    while [ "$count" -gt 0 ] && [ "$running" -lt "$test_jobs" ]; do
        some=$((count < 100 ? count : 100))
        some_seeds "$from" "$some" &
        from=$((from + some))
        count=$((count - some))
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
say "$bad of them not equal, in $(($(date +%s) - began)) s"
[ "$bad" -eq 0 ]

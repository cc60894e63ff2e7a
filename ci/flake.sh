#!/bin/sh
# Runs a preset's tests many times and reports how many runs failed, and which tests.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/flake.sh N [PRESET [CTEST-ARGUMENT...]]

Builds the preset (default: debug) and runs its tests N times. The log of each failed run stays in
build/log.
Example: ci/flake.sh 20 mingw -L conformance
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

case "${1:-}" in
    --help) usage; exit 0 ;;
    '' | *[!0-9]*) usage >&2; exit 2 ;;
esac
runs=$1
preset=${2:-debug}
shift
[ $# -eq 0 ] || shift

trap 'stop_wine' EXIT
trap 'exit 130' INT TERM
[ "$preset" != mingw ] || start_wine
logged "$preset-configure" configure_preset "$preset"
logged "$preset-build" build_preset "$preset"

bad=0
run=1
while [ "$run" -le "$runs" ]; do
    log=$logs/flake-$preset-$run.log
    if (cd "$root/build/$preset" && ctest -j "$test_jobs" --output-on-failure "$@") \
        >"$log" 2>&1 </dev/null; then
        say "run $run of $runs: $(grep -E '% tests passed|No tests were found' "$log")"
        rm -f "$log"
    else
        bad=$((bad + 1))
        say "run $run of $runs FAILED (build/log/${log##*/}):"
        sed -n '/The following tests FAILED/,$p' "$log"
    fi
    run=$((run + 1))
done
say "$preset: $runs runs, $bad failed"
[ "$bad" -eq 0 ]

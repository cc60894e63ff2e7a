#!/bin/sh
# Runs random programs over this system's sockets and over their simulation, and compares them call by call.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/fidelity.sh [PRESET [FROM [COUNT]]]

Builds the preset (debug, when none is named; mingw is Windows' sockets, under Wine) and runs the programs of COUNT seeds (5000) from
FROM (0) on, some hundred at a time. At a difference it prints the program, both answers, and the command that shows it again. The
last line is the number of runs that were equal and that were not.
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
equal=0
different=0
began=$(date +%s)
while [ "$count" -gt 0 ]; do
    some=$((count < 500 ? count : 500))
    say "seeds from $from, $some of them"
    if sh "$root/tests/fidelity/run.sh" "$system" "$folder/fidelity_real$suffix" "$folder/fidelity_sim$suffix" "$folder" \
        "$from" "$some" $runner; then
        equal=$((equal + 1))
    else
        different=$((different + 1))
    fi
    from=$((from + some))
    count=$((count - some))
done
say "$equal runs equal, $different not, in $(($(date +%s) - began)) s"
[ "$different" -eq 0 ]

#!/bin/sh
# A great crowd of clients at the relay server of examples/, killed and replaced all the time, with every line that they hear checked.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/stress.sh [PRESET [IDLE [BUSY [ROUNDS [SEED]]]]]

Builds the preset (release, when none is named; mingw is a Windows server and its clients, under Wine) and runs tests/stress with IDLE
clients that only listen and BUSY ones that talk, for ROUNDS rounds: 10000, 200 and 40 of them, under Wine 1000, 20 and 10. All of it stays
on the loopback. Fewer clients where the limit of descriptors is too low for them, with a word about it. The exit code is 0 when no line was
lost, doubled, overtaken or mixed up, the server's memory stayed as it was, and it ended in good order.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

case "${1:-}" in
    -*) usage; exit 0 ;;
esac
preset=${1:-release}
idle=10000
busy=200
rounds=40
emulator=
suffix=
trap 'stop_wine' EXIT
trap 'exit 130' INT TERM
if [ "$preset" = mingw ]; then
    idle=1000
    busy=20
    rounds=10
    emulator=$root/ci/wine.sh
    suffix=.exe
    start_wine
fi
idle=${2:-$idle}
busy=${3:-$busy}
rounds=${4:-$rounds}

# Each of the two processes has a descriptor for every client. Wine's own server has those of both, and its own of each.
# shellcheck disable=SC3045 # dash, busybox and bash have it
limit=$(ulimit -H -n)
[ "$limit" != unlimited ] || limit=1000000
[ "$preset" != mingw ] || limit=$((limit / 4))
if [ "$((idle + busy + 64))" -gt "$limit" ]; then
    idle=$((limit - busy - 64))
    say "only $idle idle clients, for there are no descriptors for more"
fi

logged stress-configure configure_preset "$preset"
logged stress-build cmake --build "$root/build/$preset" -j "$jobs" --target relay_server stress_relay
sh "$root/tests/stress/stress_relay.sh" "$root/build/$preset/examples/relay_server$suffix" \
    "$root/build/$preset/tests/stress/stress_relay$suffix" "$idle" "$busy" "$rounds" "${5:-1}" "$emulator"

#!/bin/sh
# Runs the relay server of examples/ with thousands of clients, which are killed and replaced all
# the time, and checks every line that they receive. When: ci/nightly.sh runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: tests/stress/run.sh [PRESET [IDLE [BUSY [ROUNDS [SEED]]]]]

Builds the preset (default: release; mingw: a Windows server and its clients, under Wine). Runs
tests/stress on the loopback with IDLE clients that only receive and BUSY clients that also send,
for ROUNDS rounds.
  defaults: IDLE 10000, BUSY 200, ROUNDS 40; under Wine 1000, 20 and 10; SEED 1
If the limit of file descriptors is too low, fewer idle clients run, and a message says so. The exit
code is 0 if no line was lost, duplicated, reordered or mixed up, the server's memory did not grow,
and the server exited normally.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/../../ci/common.sh"

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

# Each of the two processes has a descriptor for every client. Wine's server has the descriptors of
# both, and one of its own for each.
# shellcheck disable=SC3045 # dash, busybox and bash have it
limit=$(ulimit -H -n)
[ "$limit" != unlimited ] || limit=1000000
[ "$preset" != mingw ] || limit=$((limit / 4))
if [ "$((idle + busy + 64))" -gt "$limit" ]; then
    idle=$((limit - busy - 64))
    say "only $idle idle clients: the limit of file descriptors does not permit more"
fi

logged stress-configure configure_preset "$preset"
build=$root/build/$preset
logged stress-build cmake --build "$build" -j "$jobs" --target relay_server stress_relay
sh "$root/tests/stress/stress_relay.sh" "$build/examples/relay_server$suffix" \
    "$build/tests/stress/stress_relay$suffix" "$idle" "$busy" "$rounds" "${5:-1}" "$emulator"

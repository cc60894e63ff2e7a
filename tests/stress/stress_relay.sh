#!/bin/sh
# Runs stress_relay against relay_server, each in its own process, and stops the server with SIGINT.
# usage: stress_relay.sh RELAY_SERVER STRESS_RELAY IDLE BUSY ROUNDS SEED [EMULATOR]
set -eu
server_program=$1
driver_program=$2
idle=$3
busy=$4
rounds=$5
seed=$6
emulator=${7:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/ferrule-stress.XXXXXX")
server=
unset FERRULE_WINE_REPORTS_EXIT # the program must be the process that is signalled and measured, not the child of a shell
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The loop below reads this file before the server has created it.
: >"$work/server.out"

# Each side needs one descriptor for each client, and some others.
# shellcheck disable=SC3045 # dash, busybox and bash have it
limit=$(ulimit -H -n)
[ "$limit" = unlimited ] || [ "$limit" -ge $((idle + busy + 64)) ] || {
    echo "stress_relay: skipped: $((idle + busy)) clients need more descriptors than the $limit that the system allows"
    exit 77
}
# shellcheck disable=SC3045 # dash, busybox and bash have it
ulimit -n "$limit"

# Runs a program of the tested system.
run() {
    if [ -n "$emulator" ]; then
        exec "$emulator" "$@"
    fi
    exec "$@"
}

(run "$server_program" --broadcast --connections 100000) </dev/null >"$work/server.out" 2>"$work/server.err" &
server=$!
address=
tries=0
while [ -z "$address" ]; do
    address=$(tr -d '\r' <"$work/server.out" | sed -n 's/^listening on \(.*:[0-9]*\)$/\1/p')
    tries=$((tries + 1))
    [ "$tries" -le 1200 ] || { echo "stress_relay: the server did not start"; cat "$work/server.err"; exit 1; }
    [ -n "$address" ] || sleep 0.05
done

bad=0
(run "$driver_program" "$address" "$idle" "$busy" "$rounds" "$seed" "$server") || bad=1
kill -INT "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" -eq 0 ] || { echo "FAILED: the server ended with $code"; bad=1; }
grep -q '^interrupted: ' "$work/server.out" || { echo "FAILED: the server did not stop in good order"; bad=1; }
if grep -a '^Client too slow' "$work/server.out"; then
    echo "FAILED: the server disconnected a client that reads"
    bad=1
fi
if grep -v -e 'connection reset' -e 'broken pipe' "$work/server.err" | head -n 5 | grep .; then
    echo "FAILED: the server printed errors"
    bad=1
fi
[ "$bad" -ne 0 ] || echo "stress_relay: $idle idle and $busy busy clients, $rounds rounds: passed"
exit "$bad"

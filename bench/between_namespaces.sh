#!/bin/sh
# Runs bench_udp_batches over a veth pair between two network namespaces of its own. ci/bench.sh runs
# it. Prints that the cases are skipped if this system refuses the namespaces, as it may for a user
# other than root.
# usage: between_namespaces.sh PROGRAM ARGUMENT...
set -eu

code=0
# shellcheck disable=SC2016 # the inner shell expands it
sh "$(dirname "$0")/../tests/conformance/two_networks.sh" sh -c '
    program=$1
    shift
    exec "$program" --between "$NETWORK" 192.0.2.1:0 192.0.2.2:0 "$@"' sh "$@" || code=$?
if [ "$code" -eq 77 ]; then
    echo "skipped bench=udp_batches case=veth reason=no network namespace or no ip(8), which may need root"
    exit 0
fi
exit "$code"

#!/bin/sh
# Runs the tests of datagram batches in a network namespace whose loopback has an MTU of 1500, as a
# network has: the kernel then refuses segments that are longer (rule B5).
# usage: mtu_1500.sh CONFORMANCE-TESTS
set -eu
tests=$1

if ! unshare -rn ip link set lo mtu 1500 up 2>/dev/null; then
    echo "mtu_1500: skipped: this system refuses a network namespace, or has no ip(8)"
    exit 77
fi
for name in udp_batches udp_batch_features; do
    unshare -rn sh -c 'ip link set lo mtu 1500 up && exec "$@"' sh "$tests" "$name"
done

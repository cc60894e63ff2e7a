#!/bin/sh
# Runs tests of datagram batches in network namespaces that differ from loopback: in one whose
# loopback has an MTU of 1500, where the kernel refuses segments that are longer (rule B5), and
# between two, over an interface without checksum offload, which the kernel needs to cut segments
# (Linux before 6.11 returns EIO; net/ipv4/udp.c, udp_send_skb), and where a send buffer can be full
# (rules B2, B12).
# usage: network.sh FOLDER-OF-THE-PROGRAMS
set -eu
tests=$1/conformance_tests

if ! unshare -rn ip link set lo mtu 1500 up 2>/dev/null; then
    echo "network: skipped: this system refuses a network namespace, or has no ip(8)"
    exit 77
fi
for name in udp_batches udp_batch_features; do
    unshare -rn sh -c 'ip link set lo mtu 1500 up && exec "$@"' sh "$tests" "$name"
done

# shellcheck disable=SC2016 # the inner shell expands it
sh "$(dirname "$0")/two_networks.sh" sh -c '
    set -eu
    "$1/segments_between" "$NETWORK" 192.0.2.2
    if command -v ethtool >/dev/null; then
        ethtool -K here tx off >/dev/null
        "$1/segments_between" "$NETWORK" 192.0.2.2
    else
        echo "network: there is no ethtool, so the checksum offload stays on"
    fi
    "$1/batches_between" 192.0.2.7 192.0.2.8' sh "$1"

#!/bin/sh
# Runs tests of datagram batches in network namespaces that differ from loopback: in one whose
# loopback has an MTU of 1500, where the kernel refuses segments that are longer (rule B5), and
# between two, over an interface without checksum offload, which the kernel needs to cut segments
# (Linux before 6.11 returns EIO; net/ipv4/udp.c, udp_send_skb).
# usage: network.sh CONFORMANCE-TESTS SEGMENTS-BETWEEN
set -eu
tests=$1
segments_between=$2

if ! unshare -rn ip link set lo mtu 1500 up 2>/dev/null; then
    echo "network: skipped: this system refuses a network namespace, or has no ip(8)"
    exit 77
fi
for name in udp_batches udp_batch_features; do
    unshare -rn sh -c 'ip link set lo mtu 1500 up && exec "$@"' sh "$tests" "$name"
done

# The second namespace is that of cat, which ends with this script.
unshare -rn sh -c '
    set -eu
    mkfifo "$2"
    unshare -n cat "$2" &
    other=$!
    exec 9>"$2"
    rm "$2"
    while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
    ip link add here mtu 1500 type veth peer name there mtu 1500 netns $other
    ip address add 192.0.2.1/24 dev here
    ip link set here up
    nsenter -t $other -n ip address add 192.0.2.2/24 dev there
    nsenter -t $other -n ip link set there up
    "$1" /proc/$other/ns/net 192.0.2.2
    if command -v ethtool >/dev/null; then
        ethtool -K here tx off >/dev/null
        "$1" /proc/$other/ns/net 192.0.2.2
    else
        echo "network: there is no ethtool, so the checksum offload stays on"
    fi' sh "$segments_between" "$(mktemp -u)"

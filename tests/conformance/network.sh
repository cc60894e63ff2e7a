#!/bin/sh
# Runs tests in network namespaces that differ from loopback: connects in one with few ephemeral
# ports (rule C2), datagram sockets that the system destroys, and datagram batches in one whose loopback has an MTU of 1500, where the kernel
# refuses segments that are longer (rule B5), and between two, over an interface without checksum
# offload, which the kernel needs to cut segments (Linux before 6.11 returns EIO; net/ipv4/udp.c,
# udp_send_skb), where a send buffer can be full (rules B2, B12), and where a router, the second
# namespace, has a shorter MTU on its other side (rule U2). The rows of docs/DIFFERENCES.md that
# network_rows.c names have a namespace each.
# usage: network.sh FOLDER-OF-THE-PROGRAMS
set -eu
tests=$1/conformance_tests

if ! unshare -rn ip link set lo mtu 1500 up 2>/dev/null; then
    echo "network: skipped: this system refuses a network namespace, or has no ip(8)"
    exit 77
fi
unshare -rn sh -c 'ip link set lo mtu 1500 up && exec "$@"' sh "$tests" udp_batches

unshare -rn sh -c 'ip link set lo up && exec "$1/destroyed_sockets"' sh "$1"

unshare -rn sh -c '
    ip link set lo up
    echo "41000 41003" >/proc/sys/net/ipv4/ip_local_port_range
    exec "$1/few_ports"' sh "$1"

for row in broadcasts tentative removed no_route ports pings reports device filter; do
    # shellcheck disable=SC2016 # the inner shell expands it
    sh "$(dirname "$0")/two_networks.sh" sh -c 'ip link set lo up && exec "$1/network_rows" "$2"' \
        sh "$1" "$row"
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
    if nsenter --net="$NETWORK" sh -ec "
        echo 1 >/proc/sys/net/ipv4/ip_forward
        ip link add far type veth peer name farther
        ip link set farther up
        ip address add 198.51.100.1/24 dev far
        ip link set far mtu 1300 up" && ip route add 198.51.100.0/24 via 192.0.2.2; then
        "$1/batches_between" 192.0.2.7 192.0.2.8 198.51.100
    else
        echo "network: U2 is skipped: this system refuses to forward"
        "$1/batches_between" 192.0.2.7 192.0.2.8
    fi' sh "$1"

# A firewall that rejects what arrives, for a while (rules S5, C1).
if ! command -v nft >/dev/null; then
    echo "network: S5 and C1 are skipped: there is no nft"
    [ -z "${CI:-}" ]
    exit
fi
# shellcheck disable=SC2016
sh "$(dirname "$0")/two_networks.sh" sh -ec '
    ip address add 2001:db8::1/64 dev here nodad
    nsenter --net="$NETWORK" sh -ec "
        ip address add 2001:db8::2/64 dev there nodad
        echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
        echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
        nft add table inet soft
        nft add chain inet soft in \"{ type filter hook input priority 0; }\""
    "$1/soft_errors" "$NETWORK" 192.0.2.2 2001:db8::2' sh "$1"

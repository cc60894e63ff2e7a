#!/bin/sh
# Runs a command in a network namespace that a veth pair connects to a second one. The interface is
# `here` with 192.0.2.1; the other end has 192.0.2.2. $NETWORK names the second namespace. network.sh
# and bench/between_namespaces.sh use it. Exit code 77: this system refuses the namespaces, or has no
# ip(8).
# usage: two_networks.sh COMMAND...
set -eu

unshare -rn ip link add name here type veth peer name there 2>/dev/null || exit 77

# The second namespace is that of cat, which ends with this script.
exec unshare -rn sh -c '
    set -eu
    pipe=$1
    shift
    mkfifo "$pipe"
    unshare -n cat "$pipe" &
    other=$!
    exec 9>"$pipe"
    rm "$pipe"
    while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
    ip link add here mtu 1500 type veth peer name there mtu 1500 netns $other
    ip address add 192.0.2.1/24 dev here
    ip link set here up
    nsenter -t $other -n ip address add 192.0.2.2/24 dev there
    nsenter -t $other -n ip link set there up
    NETWORK=/proc/$other/ns/net
    export NETWORK
    "$@"' sh "$(mktemp -u)" "$@"

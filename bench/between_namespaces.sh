#!/bin/sh
# Runs bench_udp_batches over a veth pair between two network namespaces of its own. ci/bench.sh runs
# it. Prints that the cases are skipped if this system refuses the namespaces, as it may for a user
# other than root.
# usage: between_namespaces.sh PROGRAM ARGUMENT...
set -eu

if ! unshare -rn ip link add name here type veth peer name there 2>/dev/null; then
    echo "skipped bench=udp_batches case=veth reason=no network namespace or no ip(8), which may need root"
    exit 0
fi

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
    program=$1
    shift
    "$program" --between "/proc/$other/ns/net" 192.0.2.1:0 192.0.2.2:0 "$@"' sh "$(mktemp -u)" "$@"

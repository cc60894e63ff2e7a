#!/bin/sh
# Runs examples/relay_server against nc. The client that resets is in Python.
# examples_relay_limits.sh tests its limits.
# usage: examples_relay_server.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

seq 1 10000 >"$work/long.txt"
printf 'Hello!' >"$work/short.txt"

start_listener relay_server three --clients 3
check "it listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
for client in 1 2; do
    nc -n -N 127.0.0.1 "$port" <"$work/short.txt" >"$work/reply.$client"
    check "client $client gets back what it sent" cmp "$work/reply.$client" "$work/short.txt"
done
nc -n -N 127.0.0.1 "$port" <"$work/long.txt" >"$work/reply.3"
check "much data comes back in order" cmp "$work/reply.3" "$work/long.txt"
await "$server"
check "it ends well after its clients" [ "$code" -eq 0 ]
check "it reports a connection" file_matches "$work/three.out" 'Connection from 127\.0\.0\.1:[0-9]*'
check "it reports what it read and wrote" file_matches "$work/three.out" 'Client disconnected: 127\.0\.0\.1:[0-9]*, read 6 bytes, wrote 6 bytes'
check "... of much, too" file_matches "$work/three.out" 'Client disconnected: 127\.0\.0\.1:[0-9]*, read 48894 bytes, wrote 48894 bytes'
check "each end is reported once" [ "$(grep -c '^Client disconnected' "$work/three.out")" -eq 3 ]
check "nothing is wrong, and no status is shown to a file" is_empty "$work/three.err"

start_listener relay_server taken --clients 1 --status
check "an address in use is reported" [ "$( (example relay_server "$address" >/dev/null 2>"$work/in_use.err") || echo $?)" = 1 ]
check "... with the reason" file_matches "$work/in_use.err" "$address: address in use (os error [0-9]*)"
nc -n -N 127.0.0.1 "$port" </dev/null >"$work/reply.none"
await "$server"
check "a client that sends nothing is fine" [ "$code" -eq 0 ]
check "the status is shown when it is asked for" file_matches "$work/taken.err" '[01] clients, [01] in all, 0 bytes in, 0 out'

if ! without python3 "a client that resets does not end the server"; then
    start_listener relay_server reset --clients 2
    # It resets after its reply: a connection that is reset in the accept queue is not a client.
    python3 -c '
import socket, struct, sys
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream.sendall(b"x")
stream.recv(1)
stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
stream.close()' "$port"
    nc -n -N 127.0.0.1 "$port" <"$work/short.txt" >"$work/reply.after"
    check "a client that resets does not end the server" cmp "$work/reply.after" "$work/short.txt"
    await "$server"
    check "... which ends well" [ "$code" -eq 0 ]
    check "... and reported" file_matches "$work/reset.err" '127\.0\.0\.1:[0-9]*: connection reset (os error [0-9]*)'
fi

if has_ipv6; then
    start_listener relay_server six --clients 1 '[::1]:0'
    nc -n -N ::1 "$port" <"$work/short.txt" >"$work/reply.six"
    await "$server"
    check "it works over IPv6" cmp "$work/reply.six" "$work/short.txt"
    check "... with the client's address" file_matches "$work/six.out" 'Connection from \[::1\]:[0-9]*'
else
    echo "$script: left out, for there is no ::1 here: it works over IPv6"
fi

for arguments in '--help' '--clients' '--clients x' '--connections 0' '--queue 100' '--idle-timeout 1x' '--idle-timeout -1' '127.0.0.1:0 more'; do
    # shellcheck disable=SC2086 # words
    check "wrong usage: $arguments" [ "$( (example relay_server $arguments >/dev/null 2>&1) || echo $?)" = 2 ]
done
check "no address is an error" [ "$( (example relay_server nonsense >/dev/null 2>"$work/bad.err") || echo $?)" = 1 ]
check "... with the reason" file_has "$work/bad.err" 'nonsense: invalid input parameter'
finish

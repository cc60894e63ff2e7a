#!/bin/sh
# Runs examples/echo_server against nc, with more concurrent clients than it has threads. The client
# that resets is in Python.
# usage: examples_echo_server.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# client NUMBER INPUT: starts a client in the background, its output in reply.NUMBER.
client() {
    nc -n -N 127.0.0.1 "$port" <"$2" >"$work/reply.$1" &
    keep
}

# counted BYTES: prints for how many clients the server reported BYTES bytes.
counted() { tr -d '\r' <"$work/plain.out" | grep -cx "127\\.0\\.0\\.1:[0-9]*: $1 bytes" || true; }
is_counted() { [ "$(counted "$2")" -eq "$1" ]; }

seq 1 200000 >"$work/long.txt"
printf 'Hello!' >"$work/short.txt"

start_listener echo_server plain
check "it listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
client short "$work/short.txt"
await "$process"
check "a client gets back what it sent" cmp "$work/reply.short" "$work/short.txt"
client none /dev/null
await "$process"
check "a client that sends nothing is fine" is_empty "$work/reply.none"

# A waiting client does not delay the others.
mkfifo "$work/hold"
exec 3<>"$work/hold"
client patient "$work/hold"
patient=$process
printf 'still here\n' >&3
find_line "$work/reply.patient" 's/^still here$/&/p'
clients=
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    client "$number" "$work/long.txt"
    clients="$clients $process"
done
for number in $clients; do
    await "$number"
done
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    check "client $number of twelve gets its own bytes back" cmp "$work/reply.$number" "$work/long.txt"
done
printf 'and gone\n' >&3
find_line "$work/reply.patient" 's/^and gone$/&/p'
check "one who waited through it is still served" [ -n "$line" ]
long=$(wc -c <"$work/long.txt" | tr -d ' ')
check "it reports the bytes of each" wait_until is_counted 12 "$long"
check "it reports a short one" wait_until is_counted 1 6

if ! without python3 "a client that resets does not end the server"; then
    # It resets after its reply: a connection that is reset in the accept queue is not a client.
    python3 -c '
import socket, struct, sys
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream.sendall(b"x")
stream.recv(1)
stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
stream.close()' "$port"
    find_line "$work/plain.err" 's/^127\.0\.0\.1:[0-9]*: connection reset (os error [0-9]*)$/&/p'
    check "a reset is reported" [ -n "$line" ]
    client after "$work/short.txt"
    await "$process"
    check "... and does not end the server" cmp "$work/reply.after" "$work/short.txt"
fi

# One thread waits for the patient client's bytes, the others accept.
ended=$server
in_use=$address
check "an address in use is reported" [ "$( (example echo_server "$address" >/dev/null 2>"$work/in_use.err") || echo $?)" = 1 ]
check "... with the reason" file_matches "$work/in_use.err" "$address: address in use (os error [0-9]*)"
interrupt "$ended"
check "Ctrl-C ends all of its threads" [ "$code" -eq 0 ]
check "... and is no failure" file_has "$work/plain.out" stopped
check "... which it reports of the client" file_matches "$work/plain.err" '127\.0\.0\.1:[0-9]*: cancelled'
kill "$patient" 2>/dev/null || true
exec 3>&-
start_listener echo_server again "$in_use"
check "its address is free again" [ "$address" = "$in_use" ]

for arguments in '--help' '127.0.0.1:0 more'; do
    # shellcheck disable=SC2086 # words
    check "wrong usage: $arguments" [ "$( (example echo_server $arguments >/dev/null 2>&1) || echo $?)" = 2 ]
done

if has_ipv6; then
    start_listener echo_server six '[::1]:0'
    nc -n -N ::1 "$port" <"$work/short.txt" >"$work/reply.six"
    check "it works over IPv6" cmp "$work/reply.six" "$work/short.txt"
else
    echo "$script: left out, for there is no ::1 here: it works over IPv6"
fi
finish

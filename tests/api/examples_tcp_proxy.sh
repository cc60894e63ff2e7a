#!/bin/sh
# Runs examples/tcp_proxy between a client and a server in Python.
# usage: examples_tcp_proxy.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need python3

cat >"$work/peer.py" <<'PYTHON'
# usage: peer.py ORDER IN OUT [PORT]: sends IN and shuts down its write half; receives into OUT
# until end of file. A client if PORT is given, else a server.
import socket, struct, sys, threading
order, to_send, received = sys.argv[1:4]
if len(sys.argv) > 4:
    stream = socket.create_connection(("127.0.0.1", int(sys.argv[4])))
else:
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    stream = listener.accept()[0]

def send():
    with open(to_send, "rb") as file:
        stream.sendall(file.read())
    stream.shutdown(socket.SHUT_WR)

def receive():
    with open(received, "wb") as file:
        while block := stream.recv(65536):
            file.write(block)

# A byte each way shows that the relay is connected, and that no data is in flight that the reset
# could overtake (rule S8).
def resets():
    stream.sendall(b"x")
    stream.recv(1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

def is_reset():
    stream.recv(1)
    stream.sendall(b"x")
    try:
        print("ended" if stream.recv(1) == b"" else "more", flush=True)
    except ConnectionResetError:
        print("reset", flush=True)

def at_once():
    sender = threading.Thread(target=send)
    sender.start()
    receive()
    sender.join()

def sends_first():
    send()
    receive()

def receives_first():
    receive()
    send()

globals()[order]()
stream.close()
PYTHON

# start_server ORDER IN OUT: sets $server and $server_port.
start_server() {
    rm -f "$work/server.out"
    python3 "$work/peer.py" "$@" </dev/null >"$work/server.out" 2>"$work/server.err" &
    keep
    server=$process
    find_line "$work/server.out" 's/^port //p'
    server_port=$line
}

# start_proxy [ARGUMENT...]: sets $proxy, $address, $host and $port.
start_proxy() {
    rm -f "$work/proxy.out"
    example tcp_proxy "$@" </dev/null >"$work/proxy.out" 2>"$work/proxy.err" &
    keep
    proxy=$process
    find_line "$work/proxy.out" 's/^listening on //p'
    address=$line
    port=${address##*:}
    host=${address%:*}
}

# relay NAME CLIENT-ORDER SERVER-ORDER: checks that all bytes of both pass through a proxy that
# exits with them.
relay() {
    start_server "$3" "$work/theirs" "$work/to_server"
    start_proxy --clients 1 127.0.0.1:0 "127.0.0.1:$server_port"
    code=0
    python3 "$work/peer.py" "$2" "$work/ours" "$work/to_client" "$port" >"$work/client.out" 2>&1 || code=$?
    check "$1" [ "$code" -eq 0 ]
    await "$server"
    check "... for the server too" [ "$code" -eq 0 ]
    await "$proxy"
    check "... and the proxy ends well" [ "$code" -eq 0 ]
    check "... every byte arrived there" cmp "$work/to_server" "$work/ours"
    check "... and every byte arrived here" cmp "$work/to_client" "$work/theirs"
    check "... which it reports" file_matches "$work/proxy.out" '127\.0\.0\.1:[0-9]*: 4000000 bytes there, 3000000 bytes back'
    check "... and nothing else" is_empty "$work/proxy.err"
    rm -f "$work/to_server" "$work/to_client"
}

head -c 4000000 /dev/urandom >"$work/ours"
head -c 3000000 /dev/urandom >"$work/theirs"
relay "both send at once" at_once at_once
relay "the client's end goes on alone, before anything came back" sends_first receives_first
relay "the server's end goes on alone" receives_first sends_first

start_server is_reset - -
start_proxy --clients 1 127.0.0.1:0 "127.0.0.1:$server_port"
check "it listens on the given address" [ "$host" = 127.0.0.1 ]
python3 "$work/peer.py" resets - - "$port" >"$work/client.out" 2>&1 || cat "$work/client.out"
await "$server"
check "a client's reset is a reset for the server" file_has "$work/server.out" reset
await "$proxy"
check "... and no failure of the proxy" [ "$code" -eq 0 ]
check "... but reported" file_matches "$work/proxy.err" '127\.0\.0\.1:[0-9]*: connection reset (os error [0-9]*)'

start_server resets - -
start_proxy --clients 1 127.0.0.1:0 "127.0.0.1:$server_port"
python3 "$work/peer.py" is_reset - - "$port" >"$work/client.out" 2>&1 || cat "$work/client.out"
check "a server's reset is a reset for the client" file_has "$work/client.out" reset
await "$proxy"
check "... and reported" file_matches "$work/proxy.err" '127\.0\.0\.1:[0-9]*: connection reset (os error [0-9]*)'

start_proxy --clients 2 127.0.0.1:0 127.0.0.1:1
(example tcp_proxy "$address" 127.0.0.1:1 >"$work/in_use.out" 2>"$work/in_use.err") || code=$?
check "an address in use is an error" [ "$code" -eq 1 ]
check "... with the reason" file_matches "$work/in_use.err" "$address: address in use (os error [0-9]*)"
: >"$work/nothing"
for client in 1 2; do
    python3 "$work/peer.py" sends_first "$work/nothing" "$work/to_client" "$port" >"$work/client.out" 2>&1 || cat "$work/client.out"
    check "without a server client $client sees the end" is_empty "$work/to_client"
done
await "$proxy"
check "... which is no failure of the proxy" [ "$code" -eq 0 ]
check "... but reported" file_matches "$work/proxy.err" '127\.0\.0\.1:1: connection refused (os error [0-9]*)'

check "--help is no failure" [ "$( (example tcp_proxy --help >"$work/help.out" 2>&1) && echo 0)" = 0 ]
check "... and prints the usage" file_matches "$work/help.out" 'usage: tcp_proxy .*'
for arguments in '' '127.0.0.1:0' '--clients 0 127.0.0.1:0 127.0.0.1:1' '--clients 1x 127.0.0.1:0 127.0.0.1:1' \
    '-x 127.0.0.1:1' '127.0.0.1:0 127.0.0.1:1 more'; do
    # shellcheck disable=SC2086 # words
    check "wrong usage: $arguments" [ "$( (example tcp_proxy $arguments >/dev/null 2>&1) || echo $?)" = 2 ]
done
check "no address is an error" [ "$( (example tcp_proxy nonsense 127.0.0.1:1 >/dev/null 2>"$work/bad.err") || echo $?)" = 1 ]
check "... with the reason" file_has "$work/bad.err" 'nonsense: invalid input parameter'
finish

#!/bin/sh
# Runs examples/relay_server against many concurrent clients in Python: its service to all, its
# limits for one client, and its exit.
# usage: examples_relay_limits.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need python3

cat >"$work/clients.py" <<'PYTHON'
# usage: clients.py SCENE PORT: prints a word for each check that passes, and exits with 1 at the
# first that fails.
import select, socket, sys, time
scene, port = sys.argv[1], int(sys.argv[2])

def connect(receive_buffer=0):
    stream = socket.socket()
    if receive_buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    stream.settimeout(60)
    stream.connect(("127.0.0.1", port))
    return stream

def receives(stream, wanted):
    got = b""
    while len(got) < len(wanted):
        block = stream.recv(len(wanted) - len(got))
        if not block:
            break
        got += block
    return got == wanted

def has_input(stream, seconds=0):
    return bool(select.select([stream], [], [], seconds)[0])

def echoes(stream, text):
    stream.sendall(text)
    return receives(stream, text)

def is_ended(stream):
    try:
        while stream.recv(65536):
            pass
    except ConnectionError:
        pass
    return True

def expect(word, is_so):
    print(word if is_so else "not " + word, flush=True)
    if not is_so:
        sys.exit(1)

def half_close():
    text = bytes(range(256)) * 160
    stream = connect()
    stream.sendall(text)
    stream.shutdown(socket.SHUT_WR)
    expect("whole", receives(stream, text))
    expect("ended", stream.recv(1) == b"")

# The third waits in the accept queue until one leaves. The others are served twice before the check
# that it is not.
def limit():
    one, two = connect(), connect()
    expect("first", echoes(one, b"a\n") and echoes(two, b"b\n"))
    three = connect()
    three.sendall(b"c\n")
    expect("waits", echoes(one, b"d\n") and echoes(two, b"e\n") and echoes(one, b"f\n") and not has_input(three))
    one.close()
    expect("served", receives(three, b"c\n"))

def queue():
    deaf, other = connect(4096), connect()
    expect("before", echoes(deaf, b"a") and echoes(other, b"b"))
    block = bytes(65536)
    cut = False
    try:
        for _ in range(1600):
            deaf.sendall(block)
    except ConnectionError:
        cut = True
    expect("cut", cut)
    expect("undisturbed", echoes(other, b"c"))

# A client that the machine did not schedule in time, and that was therefore idle itself, tries
# again.
def idle():
    while not sees_idle_cut():
        pass

def sees_idle_cut():
    silent, busy = connect(), connect()
    began = talked = time.monotonic()
    expect("before", echoes(silent, b"a"))
    is_cut = False
    while True:
        now = time.monotonic()
        stays = still_echoes(busy, b"c")
        if time.monotonic() - talked >= 1.5:
            return False
        if is_cut or not stays:
            break
        talked = now
        is_cut = has_input(silent, 0.25)
    expect("stays", stays)
    expect("cut", silent.recv(1) == b"" and time.monotonic() - began >= 1.9)
    return True

def still_echoes(stream, text):
    try:
        return echoes(stream, text)
    except ConnectionError:
        return False

def broadcast():
    streams = [connect() for _ in range(3)]
    for number, stream in enumerate(streams):
        text = b"here is %d\n" % number
        stream.sendall(text)
        # Earlier clients receive it. Later ones may, if the same loop iteration accepts them.
        expect("heard", all(hears(other, text) for other in streams[:number + 1]))
    one, two, three = streams
    one.sendall(b"the first half of a li")
    two.sendall(b"a line of another\n")
    expect("whole", all(hears(stream, b"a line of another\n") for stream in streams))
    one.sendall(b"ne\nand a line without an end")
    expect("line", all(hears(stream, b"the first half of a line\n") for stream in streams))
    one.shutdown(socket.SHUT_WR)
    expect("last", all(hears(stream, b"and a line without an end\n") for stream in streams))
    expect("ended", one.recv(1) == b"")
    text = b"x" * 5000 + b"\n"
    two.sendall(text)
    expect("long", receives(two, text) and receives(three, text))

heard = {}
def hears(stream, text):
    got = heard.get(stream, b"")
    while text not in got:
        block = stream.recv(65536)
        if not block:
            return False
        got += block
    heard[stream] = got[got.index(text) + len(text):]
    return True

# More clients than the server has descriptors.
def descriptors():
    streams = [connect() for _ in range(40)]
    for number, stream in enumerate(streams):
        stream.sendall(b"%05d\n" % number)
    for number, stream in enumerate(streams):
        expect("served", receives(stream, b"%05d\n" % number))
        stream.close()

def waits_for_end():
    streams = [connect(), connect()]
    expect("before", all(echoes(stream, b"a") for stream in streams))
    expect("ended", all(is_ended(stream) for stream in streams))

globals()[scene]()
PYTHON

# play SENTENCE SCENE: runs the clients of SCENE; their output is in SCENE.clients.
play() {
    code=0
    python3 "$work/clients.py" "$2" "$port" >"$work/$2.clients" 2>&1 || code=$?
    [ "$code" -eq 0 ] || cat "$work/$2.clients"
    check "$1" [ "$code" -eq 0 ]
}

# end_by SIGNAL: sends SIGNAL, as Ctrl-C does; checks that the server exits with success.
end_by() {
    kill "-$1" "$server"
    await "$server"
    check "$1 ends it in good order" [ "$code" -eq 0 ]
}

start_listener relay_server half_close
play "a client that ended its sending gets all that is for it" half_close
end_by INT
check "... and the client's end is reported" file_matches "$work/half_close.out" 'Client disconnected: 127\.0\.0\.1:[0-9]*, read 40960 bytes, wrote 40960 bytes'
check "... and reported" file_has "$work/half_close.out" 'interrupted: 0 clients disconnected'

start_listener relay_server limit --connections 2
play "above the limit a client waits until one goes" limit
end_by INT

start_listener relay_server queue --queue 4096
play "a client that never reads is cut, and no other is disturbed" queue
check "... which it reports" file_matches "$work/queue.out" 'Client too slow: 127\.0\.0\.1:[0-9]*, read [0-9]* bytes, wrote [0-9]* bytes'
check "... of one only" [ "$(grep -c '^Client too slow' "$work/queue.out")" -eq 1 ]
end_by INT

start_listener relay_server idle --idle-timeout 2
play "a silent client is cut, and one that talks is not" idle
check "... which it reports" file_matches "$work/idle.out" 'Client idle: 127\.0\.0\.1:[0-9]*, read 1 bytes, wrote 1 bytes'
end_by INT

start_listener relay_server broadcast --broadcast
play "whole lines go to all clients" broadcast
end_by INT
check "nothing is wrong" is_empty "$work/broadcast.err"

start_listener relay_server ended
python3 "$work/clients.py" waits_for_end "$port" >"$work/ended.clients" 2>&1 &
keep
clients=$process
find_line "$work/ended.clients" 's/^before$/&/p'
end_by INT
check "... and reports how many it left" file_has "$work/ended.out" 'interrupted: 2 clients disconnected'
await "$clients"
check "... who see it" [ "$code" -eq 0 ]

if [ -n "$emulator" ]; then
    echo "$script: left out, for Windows has neither: SIGTERM, and a limit of descriptors"
    finish
    exit 0
fi

start_listener relay_server terminated
end_by TERM

(
    # shellcheck disable=SC3045 # dash, busybox and bash have it
    ulimit -n 24
    example relay_server
) </dev/null >"$work/full.out" 2>"$work/full.err" &
keep
server=$process
find_line "$work/full.out" 's/^listening on 127\.0\.0\.1://p'
port=$line
began=$(date +%s)
play "without a descriptor left clients wait until one goes" descriptors
took=$(($(date +%s) - began))
check "... which it reports" file_matches "$work/full.err" 'accepting no more for now: too many open files (os error [0-9]*)'
reported=$(grep -c 'accepting no more' "$work/full.err")
check "... and not all the time ($reported times in $took s)" [ "$reported" -le $((took + 45)) ]
end_by INT
finish

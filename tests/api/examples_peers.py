"""The peers of the tests of the examples, in plain sockets.

usage: examples_peers.py SCENE [ARGUMENT...]

A scene that listens prints its port first. A scene that checks prints a word for each check that
passes, and exits with 1 at the first that fails.
"""

import select
import socket
import struct
import sys
import threading
import time

LOOPBACK = "127.0.0.1"


def listen(backlog=8):
    listener = socket.create_server((LOOPBACK, 0), backlog=backlog)
    print(listener.getsockname()[1], flush=True)
    return listener


def connect(port, receive_buffer=0):
    stream = socket.socket()
    if receive_buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    stream.settimeout(60)
    stream.connect((LOOPBACK, int(port)))
    return stream


def close_by_reset(stream):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def expect(word, is_so):
    print(word if is_so else "not " + word, flush=True)
    if not is_so:
        sys.exit(1)


def receives(stream, wanted):
    got = b""
    while len(got) < len(wanted):
        block = stream.recv(len(wanted) - len(got))
        if not block:
            break
        got += block
    return got == wanted


def echoes(stream, text):
    stream.sendall(text)
    return receives(stream, text)


# ---- any server or client -------------------------------------------------------------------------

def silent():
    """No connect succeeds or fails: with a full accept queue of one, Linux answers no further SYN."""
    listener = socket.create_server((LOOPBACK, 0), backlog=0)
    queued = socket.create_connection(listener.getsockname())
    select.select([listener], [], [])
    print(listener.getsockname()[1], flush=True)
    threading.Event().wait()
    queued.close()


def resets(port):
    """It resets after its reply: a connection that is reset in the accept queue is not a client."""
    stream = connect(port)
    stream.sendall(b"x")
    stream.recv(1)
    close_by_reset(stream)


def reset_listener():
    stream = listen().accept()[0]
    stream.recv(1)  # it has connected, and ended its half
    close_by_reset(stream)


def http_moody():
    """Resets the first client, does not answer the second, and answers the third."""
    listener = listen()
    first = listener.accept()[0]
    first.recv(1000)
    close_by_reset(first)
    second = listener.accept()[0]
    third = listener.accept()[0]
    third.recv(1000)
    third.sendall(b"HTTP/1.0 200 OK\r\n\r\nat last\n")
    third.close()
    second.close()


# ---- DNS ------------------------------------------------------------------------------------------

def record(name=b"\xc0\x0c", kind=1, content=b"\xc0\x00\x02\x09", length=None, of_class=1):
    length = len(content) if length is None else length
    return name + struct.pack("!HHIH", kind, of_class, 60, length) + content


GOOD = record()
ANSWERS = {  # flags, number of records, records
    "good": (0x8180, 1, GOOD),
    "alias": (0x8180, 2, record(kind=5, content=b"\x04real\xc0\x0c") + record(name=b"\x04real\xc0\x0c")),
    "two": (0x8180, 2, GOOD + record(content=b"\xc0\x00\x02\x0a")),
    "full": (0x8180, 32, record(name=b"\x00") * 32),
    "failing": (0x8182, 0, b""),
    "cut": (0x8380, 1, GOOD),
    "nothing": (0x8180, 0, b""),
    "six": (0x8180, 1, record(kind=28, content=bytes(16))),
    "chaos": (0x8180, 1, record(of_class=3)),
    "missing": (0x8180, 1, b""),
    "more": (0x8180, 65535, GOOD),
    "long": (0x8180, 1, record(length=65535)),
    "by-one": (0x8180, 1, record(content=b"\xc0\x00\x02", length=4)),
    "short": (0x8180, 1, record(content=b"\xc0\x00\x02")),
    "wide": (0x8180, 1, record(content=bytes(16))),
    "head": (0x8180, 1, GOOD[:11]),
    "half-pointer": (0x8180, 1, b"\xc0"),
    "endless": (0x8180, 1, b"\x3f" + b"a" * 20),
    "no-end": (0x8180, 1, b"\x01a"),
    "bad-label": (0x8180, 1, record(name=b"\x40" + b"a" * 64 + b"\x00")),
    "loop": (0x8180, 2, record(name=b"\xc0\x1c") + b"\xc0"),
}


def lies(query, right):
    """Messages that are no answer to the query."""
    return [b"", right[:1], right[:11], right[:12], right[:len(query) - 1],
            right[:2] + b"\x01\x80" + right[4:], right[:2] + b"\x89\x80" + right[4:],
            right[:4] + b"\x00\x00" + right[6:], right[:4] + b"\x00\x02" + right[6:],
            right[:13] + b"z" + right[14:],
            right[:len(query) - 3] + b"\x1c" + right[len(query) - 2:], right + bytes(600)]


def dns_liar():
    """The name's first label selects the fault of the answer."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((LOOPBACK, 0))
    print(server.getsockname()[1], flush=True)
    while True:
        query, sender = server.recvfrom(512)
        label = query[13:13 + query[12]].decode()
        flags, count, records = ANSWERS.get(label, ANSWERS["good"])
        right = query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) + query[12:] + records
        for lie in lies(query, right) if label == "lies" else []:
            server.sendto(lie, sender)
        server.sendto(right, sender)


def header(number, flags=0x0100, questions=1, more=0):
    return struct.pack("!HHHHHH", number, flags, questions, 0, 0, more)


def question(name=b"\x04host\x07example\x00", kind=1, of_class=1):
    return name + struct.pack("!HH", kind, of_class)


NO_QUERIES = [
    b"", header(9)[:11], header(9), header(9) + b"\x04hos", header(9) + b"\x04host",
    header(9) + b"\x04host\x07example\x00", header(9) + question()[:-1],
    header(9) + b"\x40" + question(), header(9) + b"\xc0", header(9) + b"\xc0\x0c\x00\x01\x00",
    header(9, questions=0) + question(), header(9, questions=2) + question() + question(),
    header(9, flags=0x8100) + question(), header(9, flags=0x2900) + question(),
    header(9) + question() + bytes(600)]
ADDRESS = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
LONGEST = (b"\x3f" + b"a" * 63) * 7 + b"\x2e" + b"a" * 46 + b"\x00"
QUERIES = [  # question, code, records
    ("the same name in other letters", question(b"\x04HOST\x07Example\x00"), 0, ADDRESS),
    ("another name", question(b"\x05other\x07example\x00"), 3, b""),
    ("a name of the same length", question(b"\x04host\x07exampld\x00"), 3, b""),
    ("a name with other labels", question(b"\x0chost.example\x00"), 3, b""),
    ("the root", question(b"\x00"), 3, b""),
    ("a pointer to itself", question(b"\xc0\x0c"), 3, b""),
    ("a name that is as long as a message", question(LONGEST), 3, b""),
    ("another type", question(kind=28), 0, b""),
    ("another class", question(of_class=3), 0, b""),
]


def dns_client(port):
    stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stream.connect((LOOPBACK, int(port)))
    stream.settimeout(60)

    def is_answered(number, code, asked, records=b""):
        head = struct.pack("!HHHHHH", number, 0x8500 | code, 1, 1 if records else 0, 0, 0)
        return stream.recv(600) == head + asked + records

    for message in NO_QUERIES + [header(1) + question(), header(2) + question()]:
        stream.send(message)
    expect("an answer with a wrong id", is_answered(2 ^ 0xff00, 0, question(), ADDRESS))
    expect("the answer to the second query", is_answered(2, 0, question(), ADDRESS))
    for message in NO_QUERIES:
        stream.send(message)
    for number, (name, asked, code, records) in enumerate(QUERIES, 3):
        stream.send(header(number) + asked)
        expect(name, is_answered(number, code, asked, records))
    stream.send(header(20, more=1) + question() + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00")
    expect("what follows the question", is_answered(20, 0, question(), ADDRESS))


# ---- the two ends of a proxy ------------------------------------------------------------------------

def proxied(order, to_send="", received="", port=None):
    """Sends the file to_send and shuts down its write half; receives into the other until end of
    file. A client if the port is given, else a server."""
    stream = listen().accept()[0] if port is None else socket.create_connection((LOOPBACK, int(port)))

    def send():
        with open(to_send, "rb") as file:
            stream.sendall(file.read())
        stream.shutdown(socket.SHUT_WR)

    def receive():
        with open(received, "wb") as file:
            while block := stream.recv(65536):
                file.write(block)

    if order == "at_once":
        sender = threading.Thread(target=send)
        sender.start()
        receive()
        sender.join()
    elif order == "resets":
        # A byte each way shows that the relay is connected, and that no data is in flight that the
        # reset could overtake (rule S8).
        stream.sendall(b"x")
        stream.recv(1)
        close_by_reset(stream)
    elif order == "is_reset":
        stream.recv(1)
        stream.sendall(b"x")
        try:
            print("ended" if stream.recv(1) == b"" else "more", flush=True)
        except ConnectionResetError:
            print("reset", flush=True)
    else:
        for step in {"sends_first": (send, receive), "receives_first": (receive, send)}[order]:
            step()
    stream.close()


# ---- the clients of a relay --------------------------------------------------------------------------

def half_close(port):
    text = bytes(range(256)) * 160
    stream = connect(port)
    stream.sendall(text)
    stream.shutdown(socket.SHUT_WR)
    expect("whole", receives(stream, text))
    expect("ended", stream.recv(1) == b"")


def has_input(stream, seconds=0):
    return bool(select.select([stream], [], [], seconds)[0])


def limit(port):
    """The third waits in the accept queue until one leaves. The others are served twice before the
    check that it is not."""
    one, two = connect(port), connect(port)
    expect("first", echoes(one, b"a\n") and echoes(two, b"b\n"))
    three = connect(port)
    three.sendall(b"c\n")
    expect("waits", echoes(one, b"d\n") and echoes(two, b"e\n") and echoes(one, b"f\n")
           and not has_input(three))
    one.close()
    expect("served", receives(three, b"c\n"))


def queue(port):
    deaf, other = connect(port, 4096), connect(port)
    expect("before", echoes(deaf, b"a") and echoes(other, b"b"))
    cut = False
    try:
        for _ in range(1600):
            deaf.sendall(bytes(65536))
    except ConnectionError:
        cut = True
    expect("cut", cut)
    expect("undisturbed", echoes(other, b"c"))


def idle(port):
    """A client that the machine did not schedule in time, and that was therefore idle itself, tries
    again."""
    while not sees_idle_cut(port):
        pass


def sees_idle_cut(port):
    quiet, busy = connect(port), connect(port)
    began = talked = time.monotonic()
    expect("before", echoes(quiet, b"a"))
    is_cut = False
    while True:
        now = time.monotonic()
        try:
            stays = echoes(busy, b"c")
        except ConnectionError:
            stays = False
        if time.monotonic() - talked >= 1.5:
            return False
        if is_cut or not stays:
            break
        talked = now
        is_cut = has_input(quiet, 0.25)
    expect("stays", stays)
    expect("cut", quiet.recv(1) == b"" and time.monotonic() - began >= 1.9)
    return True


def broadcast(port):
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

    one, two, three = streams = [connect(port) for _ in range(3)]
    for number, stream in enumerate(streams):
        text = b"here is %d\n" % number
        stream.sendall(text)
        # Earlier clients receive it. Later ones may, if the same loop iteration accepts them.
        expect("heard", all(hears(other, text) for other in streams[:number + 1]))
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


def descriptors(port):
    """More clients than the server has descriptors."""
    streams = [connect(port) for _ in range(40)]
    for number, stream in enumerate(streams):
        stream.sendall(b"%05d\n" % number)
    for number, stream in enumerate(streams):
        expect("served", receives(stream, b"%05d\n" % number))
        stream.close()


def waits_for_end(port):
    streams = [connect(port), connect(port)]
    expect("before", all(echoes(stream, b"a") for stream in streams))
    for stream in streams:
        try:
            while stream.recv(65536):
                pass
        except ConnectionError:
            pass
    expect("ended", True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

"""Python with ctypes: a stream and a listener of a program talk over loopback; a poller waits.

The types are those of the headers. A handle is words that only the library reads.
usage: echo_ctypes.py LIBRARY
"""

import ctypes
import sys

OK, WOULD_BLOCK = 0, 14  # fer_error_kind
READABLE, WRITABLE, POLL_LEVEL = 1, 2, 1
RAW_SOCKET_NONE = -1
DURATION_NONE_NANOS = 0xFFFFFFFFFFFFFFFF


class Error(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("os_code", ctypes.c_int32)]


class Duration(ctypes.Structure):
    _fields_ = [("nanos", ctypes.c_uint64)]


class Handle(ctypes.Structure):  # fer_tcp_stream, fer_tcp_listener and the other sockets
    _fields_ = [("words_", ctypes.c_uint64 * 12)]


class Poller(ctypes.Structure):
    _fields_ = [("words_", ctypes.c_uint64 * 8)]


class Ipv4Addr(ctypes.Structure):
    _fields_ = [("octets", ctypes.c_uint8 * 4)]


class IpAddr(ctypes.Structure):  # the larger member of the union has 16 octets
    _fields_ = [("family", ctypes.c_int32), ("octets", ctypes.c_uint8 * 16)]


class SocketAddr(ctypes.Structure):
    _fields_ = [("ip", IpAddr), ("port", ctypes.c_uint16), ("flowinfo", ctypes.c_uint32),
                ("scope_id", ctypes.c_uint32)]


class Event(ctypes.Structure):
    _fields_ = [("key", ctypes.c_uint64), ("interest", ctypes.c_uint32),
                ("reserved_", ctypes.c_uint32)]


class FerruleError(OSError):
    pass


library = ctypes.CDLL(sys.argv[1])
P = ctypes.POINTER
SIZE = ctypes.c_size_t


def function(name, result, *arguments):
    """Without argtypes ctypes passes each number as an int: 64-bit values would be cut."""
    call = getattr(library, "fer_" + name)
    call.restype, call.argtypes = result, arguments
    return call


error_kind_name = function("error_kind_name", ctypes.c_char_p, ctypes.c_int32)


def checked(name, *arguments):
    call = function(name, Error, *arguments)

    def run(*values):
        error = call(*values)
        if error.kind != OK:
            kind = error_kind_name(error.kind).decode()
            raise FerruleError(error.os_code, "%s: %s" % (name, kind))
    return run


bind = checked("tcp_listener_bind", P(Handle), ctypes.c_char_p)
local_addr = checked("tcp_listener_local_addr", P(Handle), P(SocketAddr))
accept = checked("tcp_listener_accept", P(Handle), P(Handle), P(SocketAddr))
connect = checked("tcp_stream_connect", P(Handle), ctypes.c_char_p)
write_all = checked("tcp_stream_write_all", P(Handle), ctypes.c_char_p, SIZE, P(SIZE))
read = checked("tcp_stream_read", P(Handle), ctypes.c_void_p, SIZE, P(SIZE))
as_raw = function("tcp_stream_as_raw", ctypes.c_ssize_t, P(Handle))
close = function("tcp_stream_close", None, P(Handle))
listener_close = function("tcp_listener_close", None, P(Handle))
poller_new = checked("poller_new", P(Poller))
poller_add = checked("poller_add", P(Poller), ctypes.c_ssize_t, Event, ctypes.c_int32)
poller_wait = checked("poller_wait", P(Poller), Duration, P(Event), SIZE, P(SIZE), P(ctypes.c_bool))
poller_close = function("poller_close", None, P(Poller))
from_millis = function("duration_from_millis", Duration, ctypes.c_uint64)
ipv4_new = function("ipv4_addr_new", Ipv4Addr, *[ctypes.c_uint8] * 4)

listener, client, server, poller = Handle(), Handle(), Handle(), Poller()
addr, count, events = SocketAddr(), SIZE(), (Event * 4)()
bind(listener, b"127.0.0.1:0")
local_addr(listener, addr)
assert bytes(addr.ip.octets[:4]) == bytes(ipv4_new(127, 0, 0, 1).octets) == b"\x7f\x00\x00\x01"
connect(client, b"127.0.0.1:%d" % addr.port)
accept(listener, server, None)

poller_new(poller)
poller_add(poller, as_raw(server), Event(key=2**64 - 1, interest=READABLE), POLL_LEVEL)
poller_wait(poller, from_millis(0), events, 4, count, None)
assert count.value == 0
write_all(client, b"hello", 5, None)
poller_wait(poller, Duration(DURATION_NONE_NANOS), events, 4, count, None)
assert (count.value, events[0].key, events[0].interest) == (1, 2**64 - 1, READABLE)
buffer = ctypes.create_string_buffer(16)
read(server, buffer, len(buffer), count)
assert buffer.raw[:count.value] == b"hello"

poller_close(poller)
for stream in (client, server):
    close(stream)
assert as_raw(server) == RAW_SOCKET_NONE
try:
    connect(client, b"127.0.0.1")  # without a port
    sys.exit("a text without a port was accepted")
except FerruleError as error:
    assert "InvalidInput" in str(error), error
listener_close(listener)
print("ctypes: ok")

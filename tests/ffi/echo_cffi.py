"""Python with cffi: a stream and a listener of one program talk over loopback; a poller waits.

ferrule.cdef is installed in share/ferrule. It has the types, the functions and the constants.
usage: echo_cffi.py LIBRARY CDEF
"""

import sys

import cffi

ffi = cffi.FFI()
with open(sys.argv[2], encoding="ascii") as declarations:
    ffi.cdef(declarations.read())
lib = ffi.dlopen(sys.argv[1])


class FerruleError(OSError):
    pass


def check(error):
    if error.kind != lib.FER_OK:
        text = ffi.new("char[]", lib.FER_ERROR_TEXT_CAP)
        lib.fer_error_format(error, text, lib.FER_ERROR_TEXT_CAP)
        raise FerruleError(error.os_code, ffi.string(text).decode())


# A handle stays where ffi.new has made it: a copy would be a second owner.
def new(kind, close):
    return ffi.gc(ffi.new(kind), close)


listener = new("fer_tcp_listener *", lib.fer_tcp_listener_close)
client = new("fer_tcp_stream *", lib.fer_tcp_stream_close)
server = new("fer_tcp_stream *", lib.fer_tcp_stream_close)
poller = new("fer_poller *", lib.fer_poller_close)
assert (ffi.sizeof("fer_tcp_stream"), ffi.sizeof("fer_poller")) == (96, 64)

addr = ffi.new("fer_socket_addr *")
check(lib.fer_tcp_listener_bind(listener, b"127.0.0.1:0"))
check(lib.fer_tcp_listener_local_addr(listener, addr))
assert addr.ip.family == lib.FER_IP_V4
localhost = lib.fer_ipv4_addr_new(127, 0, 0, 1)
assert bytes(addr.ip.u.octets[0:4]) == bytes(localhost.octets)
text = ffi.new("char[]", lib.FER_IP_ADDR_TEXT_CAP)
assert lib.fer_ip_addr_format(addr.ip, text, len(text)) == len(ffi.string(text)) == 9
to = lib.fer_socket_addr_new(lib.fer_ip_addr_from_v4(localhost), addr.port)
check(lib.fer_tcp_stream_connect_addr(client, ffi.addressof(to)))
check(lib.fer_tcp_listener_accept(listener, server, ffi.NULL))

count = ffi.new("size_t *")
events = ffi.new("fer_event[4]")
no_limit = ffi.new("fer_duration *", {"nanos": lib.FER_DURATION_NONE_NANOS})[0]
interest = ffi.new("fer_event *", {"key": 7, "interest": lib.FER_READABLE | lib.FER_WRITABLE})
check(lib.fer_poller_new(poller))
raw = lib.fer_tcp_stream_as_raw(server)
check(lib.fer_poller_add(poller, raw, interest[0], lib.FER_POLL_LEVEL))
check(lib.fer_tcp_stream_write_all(client, b"hello", 5, ffi.NULL))
found = 0
while not found & lib.FER_READABLE:  # writable may be reported before the bytes have arrived
    check(lib.fer_poller_wait(poller, no_limit, events, len(events), count, ffi.NULL))
    for event in events[0:count[0]]:
        assert event.key == 7
        found |= event.interest

buffer = ffi.new("char[16]")
check(lib.fer_tcp_stream_read(server, buffer, len(buffer), count))
assert ffi.buffer(buffer, count[0])[:] == b"hello"
assert lib.fer_tcp_stream_try_read(server, buffer, len(buffer), count).kind == lib.FER_WOULD_BLOCK

lib.fer_tcp_stream_close(server)
assert lib.fer_tcp_stream_as_raw(server) == lib.FER_RAW_SOCKET_NONE
try:
    check(lib.fer_tcp_stream_connect(server, b"127.0.0.1"))  # without a port
    sys.exit("a text without a port was accepted")
except FerruleError as error:
    assert error.strerror == "invalid input parameter", error
print("cffi: ok")

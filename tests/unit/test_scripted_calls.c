/* test_scripted_calls.c: the calls of platform/winsock that never wait, over answers of Windows
 * that Wine never gives: orders of errors, failures of helpers, lost connections. Windows only. */
#include "unit/winsock_script.h"

#include "ferrule/udp_batch.h"

#define TYPE SOCKET_OPT(SO_TYPE)
#define ERROR_OPT SOCKET_OPT(SO_ERROR)
#define TIME_OPT SOCKET_OPT(0x700C) /* SO_CONNECT_TIME */
#define INFO SOCKET_OPT(SO_PROTOCOL_INFOW)
#define NONBLOCKING(socket) GIVES(ioctlsocket, socket, (uint32_t)FIONBIO, 1, 0)
#define STREAM STORES(getsockopt, A, TYPE, 0, 0, SOCK_STREAM)
#define DATAGRAM STORES(getsockopt, A, TYPE, 0, 0, SOCK_DGRAM)
#define NEVER UINT32_MAX
/* WSAPoll of A reports these events. */
#define POLLS(events) STORES(WSAPoll, A, POLLRDNORM, 0, 0, events)
#define OVERLAPPED_NO_INHERIT (WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT)
#define NEW_TCP (AF_INET << 16 | SOCK_STREAM)
#define DUPLICATE_OF_A                      \
    GIVES(WSADuplicateSocketW, A, 0, 0, 0), \
        GIVES(WSASocketW, 1, (int64_t)FROM_PROTOCOL_INFO * 65536 + FROM_PROTOCOL_INFO, ANY, B)
#define NOT_INHERITED GIVES(SetHandleInformation, B, HANDLE_FLAG_INHERIT, 0, 0)
#define INHERITANCE_IS_REFUSED \
    FAILS(SetHandleInformation, B, HANDLE_FLAG_INHERIT, 0, ERROR_INVALID_HANDLE)

#define NOT_READY FAILS(WSAStartup, ANY, MAKEWORD(2, 2), ANY, WSASYSNOTREADY)
static const struct row scripted_sockets_are_made_and_closed_script[] = {
    {"every call that may be the first starts Winsock",
     {DO(look_up, NONE, 0), NOT_READY, RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 0),
      DO(port_of, NONE, 0), NOT_READY, RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 77),
      DO(describe, A, 0), NOT_READY, RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 0),
      DO(poll_many, NONE, 1), NOT_READY, RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 0),
      DO(open_poller, NONE, 0), NOT_READY, RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 0)}},
    {"a failed start is tried again, and nothing is made",
     {DO(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_STREAM), NOT_READY,
      RETURNS(FER_NETWORK_DOWN, WSASYSNOTREADY, 0),
      DO(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_STREAM),
      GIVES(WSASocketW, 0, NEW_TCP, OVERLAPPED_NO_INHERIT, A), NONBLOCKING(A), RETURNS_OK(A)}},
    {"a datagram and a raw socket are not inherited",
     {DO(new_socket, NONE, FER_DOMAIN_IPV6 << 8 | FER_TYPE_DGRAM),
      GIVES(WSASocketW, 0, AF_INET6 << 16 | SOCK_DGRAM, OVERLAPPED_NO_INHERIT, A), NONBLOCKING(A),
      RETURNS_OK(A), DO(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_RAW),
      GIVES(WSASocketW, 0, AF_INET << 16 | SOCK_RAW, OVERLAPPED_NO_INHERIT, A), NONBLOCKING(A),
      RETURNS_OK(A)}},
    {"a socket of a protocol is not inherited either",
     {DO_WITH(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_RAW, .in2 = IPPROTO_ICMP),
      GIVES(WSASocketW, 2 * IPPROTO_ICMP, AF_INET << 16 | SOCK_RAW, OVERLAPPED_NO_INHERIT, A),
      NONBLOCKING(A), RETURNS_OK(A)}},
    {"a new socket that cannot be made nonblocking is closed",
     {DO(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_STREAM),
      GIVES(WSASocketW, 0, NEW_TCP, ANY, A),
      FAILS(ioctlsocket, A, (uint32_t)FIONBIO, 1, WSAENETDOWN), GIVES(closesocket, A, 0, 0, 0),
      RETURNS(FER_NETWORK_DOWN, WSAENETDOWN, 0)}},
    {"a protocol of another type is unsupported, other failures stay",
     {DO(new_socket, NONE, FER_DOMAIN_IPV6 << 8 | FER_TYPE_RAW),
      FAILS(WSASocketW, 0, AF_INET6 << 16 | SOCK_RAW, ANY, WSAEPROTOTYPE),
      RETURNS(FER_UNSUPPORTED, WSAEPROTOTYPE, 0),
      DO(new_socket, NONE, FER_DOMAIN_IPV6 << 8 | FER_TYPE_RAW),
      FAILS(WSASocketW, 0, AF_INET6 << 16 | SOCK_RAW, ANY, WSAEACCES),
      RETURNS(FER_PERMISSION_DENIED, WSAEACCES, 0)}},
    {"a duplicate is not inherited, and made nonblocking, whatever the other SOCKET is",
     {DO(duplicate, A, 0), DUPLICATE_OF_A, NOT_INHERITED, NONBLOCKING(B), RETURNS_OK(B),
      DO(duplicate, A, 0), DUPLICATE_OF_A, INHERITANCE_IS_REFUSED, NONBLOCKING(B), RETURNS_OK(B)}},
    {"the same of a Unix SOCKET",
     {DO(duplicate, A, 0), STORES(WSADuplicateSocketW, A, 0, 0, 0, AF_UNIX),
      GIVES(WSASocketW, 1, ANY, ANY, B), NOT_INHERITED, NONBLOCKING(B), RETURNS_OK(B)}},
    {"WSADuplicateSocket fails, and no SOCKET is made",
     {DO(duplicate, A, 0), FAILS(WSADuplicateSocketW, A, 0, 0, WSAEINVAL),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0), DO(duplicate, A, 0),
      FAILS(WSADuplicateSocketW, A, 0, 0, WSAEINPROGRESS),
      RETURNS(FER_RESOURCE_BUSY, WSAEINPROGRESS, 0)}},
    {"a duplicate that cannot be made nonblocking is closed",
     {DO(duplicate, A, 0), DUPLICATE_OF_A, NOT_INHERITED,
      FAILS(ioctlsocket, B, (uint32_t)FIONBIO, 1, WSAENETDOWN), GIVES(closesocket, B, 0, 0, 0),
      RETURNS(FER_NETWORK_DOWN, WSAENETDOWN, 0)}},
    {"a close of a lingering socket is repeated as blocking, then without lingering",
     {DO(close, A, 0), FAILS(closesocket, A, 0, 0, WSAEWOULDBLOCK),
      GIVES(ioctlsocket, A, (uint32_t)FIONBIO, 0, 0), GIVES(closesocket, A, 0, 0, 0), RETURNS_OK(0),
      DO(close, A, 0), FAILS(closesocket, A, 0, 0, WSAEWOULDBLOCK),
      FAILS(ioctlsocket, A, (uint32_t)FIONBIO, 0, WSAEINVAL),
      FAILS(closesocket, A, 0, 0, WSAEWOULDBLOCK),
      GIVES(setsockopt, A, SOCKET_OPT(SO_LINGER), 1, 0), GIVES(closesocket, A, 0, 0, 0),
      RETURNS_OK(0)}},
    {"a close that fails otherwise is not repeated",
     {DO(close, A, 0), FAILS(closesocket, A, 0, 0, WSAENOTSOCK), RETURNS_OK(0)}},
    {"a SOCKET without overlapped requests is not adopted",
     {DO(adopt, A, 0), STORES(NtQueryInformationFile, A, 16, 4, 0, 0x20),
      RETURNS(FER_INVALID_INPUT, 0, 0), DO(adopt, A, 0),
      STORES(NtQueryInformationFile, A, 16, 4, 0, 0x10), RETURNS(FER_INVALID_INPUT, 0, 0),
      DO(adopt, A, 0), STORES(NtQueryInformationFile, A, 16, 4, 0, 0x8), NONBLOCKING(A),
      RETURNS_OK(0)}},
    {"a layered provider's SOCKET that cannot be queried is adopted",
     {DO(adopt, A, 0), FAILS_WITH(NtQueryInformationFile, A, 16, 4, 0xC0000008u, .out = 0x20),
      NONBLOCKING(A), RETURNS_OK(0)}},
    {"FIONBIO of an adopted SOCKET with an event selection fails",
     {DO(adopt, A, 0), STORES(NtQueryInformationFile, A, 16, 4, 0, 0),
      FAILS(ioctlsocket, A, (uint32_t)FIONBIO, 1, WSAEINVAL),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0)}},
    {"shutdown reports a reset as it is", /* WT test_shutdown */
     {DO(halve, A, FER_SHUTDOWN_WRITE), FAILS(shutdown, A, SD_SEND, 0, WSAECONNRESET),
      RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0), DO(halve, A, FER_SHUTDOWN_READ),
      FAILS(shutdown, A, SD_RECEIVE, 0, WSAENOTCONN), RETURNS(FER_NOT_CONNECTED, WSAENOTCONN, 0),
      DO(halve, A, FER_SHUTDOWN_BOTH), GIVES(shutdown, A, SD_BOTH, 0, 0), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_sockets_are_made_and_closed)

#define TAKES_NO_CODE DO(take_error, A, 0), STORES(getsockopt, A, ERROR_OPT, 0, 0, 0)

/* After a reset SO_ERROR is 0, and WSAPoll shows it (Wine's test_tcp_reset). */
static const struct row scripted_pending_errors_are_taken_script[] = {
    {"a refused connect: SO_ERROR has the cause",
     {DO(take_error, A, 0), STORES(getsockopt, A, ERROR_OPT, 0, 0, WSAECONNREFUSED),
      RETURNS(FER_CONNECTION_REFUSED, 0, WSAECONNREFUSED)}},
    {"a reset of a stream that was connected",
     {TAKES_NO_CODE, POLLS(POLLERR | POLLHUP | POLLWRNORM),
      STORES(getsockopt, A, TIME_OPT, 0, 0, 5), RETURNS(FER_CONNECTION_RESET, 0, WSAECONNRESET)}},
    {"a failed connect whose SO_ERROR is late is no reset",
     {TAKES_NO_CODE, POLLS(POLLERR | POLLHUP), STORES(getsockopt, A, TIME_OPT, 0, 0, NEVER), STREAM,
      RETURNS_OK(0)}},
    {"without SO_CONNECT_TIME it is not known to be a reset",
     {TAKES_NO_CODE, POLLS(POLLERR), FAILS(getsockopt, A, TIME_OPT, 0, WSAENOPROTOOPT), STREAM,
      RETURNS_OK(0)}},
    {"an end in good order is no error", {TAKES_NO_CODE, POLLS(POLLHUP), STREAM, RETURNS_OK(0)}},
    {"a WSAPoll that fails is no error",
     {TAKES_NO_CODE, FAILS_WITH(WSAPoll, A, POLLRDNORM, 0, WSAENOTSOCK, .out = POLLERR), STREAM,
      RETURNS_OK(0)}},
    {"a refusal of a datagram stays for the receive",
     {TAKES_NO_CODE, POLLS(0), DATAGRAM, FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET),
      RETURNS(FER_CONNECTION_RESET, 0, WSAECONNRESET)}},
    {"a datagram that waits is no error, and no datagram either",
     {TAKES_NO_CODE, POLLS(POLLRDNORM), DATAGRAM, FAILS(recv, A, 1, MSG_PEEK, WSAEMSGSIZE),
      RETURNS_OK(0), TAKES_NO_CODE, POLLS(0), DATAGRAM, FAILS(recv, A, 1, MSG_PEEK, WSAEWOULDBLOCK),
      RETURNS_OK(0)}},
    {"the text of a code, in the language of the user",
     {DO(text_of, NONE, WSAECONNRESET), GIVES(FormatMessageW, WSAECONNRESET, 0, ANY, 5),
      RETURNS_OK(10), DO(text_of, NONE, 1),
      FAILS(FormatMessageW, 1, 0, ANY, ERROR_MR_MID_NOT_FOUND), RETURNS_OK(0)}},
    {"a closed SOCKET",
     {DO(take_error, A, 0), FAILS(getsockopt, A, ERROR_OPT, 0, WSAENOTSOCK),
      RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0)}},
};
SCRIPT_TEST(scripted_pending_errors_are_taken)

#define DESCRIBES(type_, family)              \
    STORES(getsockopt, A, TYPE, 0, 0, type_), \
        STORES(getsockopt, A, INFO, 0, 0, PROTOCOL(family, type_, 0))
#define NO_LISTENER FAILS(getsockopt, A, SOCKET_OPT(SO_ACCEPTCONN), 0, WSAENOPROTOOPT)
#define HAS_PEER STORES(getpeername, A, 0, 0, 0, V4(80))
#define NO_PEER FAILS(getpeername, A, 0, 0, WSAENOTCONN)
#define NO_QUEUE STORES(ioctlsocket, A, (uint32_t)FIONREAD, ANY, 0, 0)
#define NOT_CONNECTED RETURNS(FER_NOT_CONNECTED, WSAENOTCONN, 0)
#define NOT_WRITABLE STORES(select, NONE, 0, OF_A(WRITING), 0, 0)

/* While a connect is pending getpeername succeeds (Wine's test_connecting_socket), and after a
 * reset too (Watt-32, issue 92). */
static const struct row scripted_connections_are_described_script[] = {
    {"a connected stream has a time",
     {DO(describe, A, 0), DESCRIBES(SOCK_STREAM, AF_INET), NO_LISTENER, HAS_PEER, STREAM,
      STORES(getsockopt, A, TIME_OPT, 0, 0, 0), RETURNS_OK(1 | 16)}},
    {"a pending connect has a peer, no time, and no space",
     {DO(describe, A, 0), DESCRIBES(SOCK_STREAM, AF_INET6), NO_LISTENER, HAS_PEER, STREAM,
      STORES(getsockopt, A, TIME_OPT, 0, 0, NEVER), NOT_WRITABLE, NO_QUEUE, HAS_PEER,
      RETURNS_OK(2 | 8 | 16)}},
    {"an ended stream with queued bytes is connected without a peer",
     {DO(describe, A, 0), DESCRIBES(SOCK_STREAM, AF_INET), NO_LISTENER, NO_PEER,
      STORES(ioctlsocket, A, (uint32_t)FIONREAD, ANY, 0, 3), RETURNS_OK(1 | 16)}},
    {"a listener: the option is one byte",
     {DO(describe, A, 0), DESCRIBES(SOCK_STREAM, AF_INET),
      GIVES_WITH(getsockopt, A, SOCKET_OPT(SO_ACCEPTCONN), 0, 0, .out = 1, .flags = 1), NO_PEER,
      NO_QUEUE, NO_PEER, RETURNS_OK(4 | 16)}},
    {"a datagram socket is never connecting, and its queue is no connection",
     {DO(describe, A, 0), DESCRIBES(SOCK_DGRAM, AF_INET), NO_LISTENER, NO_PEER, RETURNS_OK(32)}},
    {"a raw socket of any protocol",
     {DO(describe, A, 0), DESCRIBES(SOCK_RAW, AF_INET), NO_LISTENER, NO_PEER, RETURNS_OK(64)}},
    {"no socket",
     {DO(describe, A, 0), FAILS(getsockopt, A, TYPE, 0, WSAENOTSOCK),
      RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0)}},
    {"a stream is connected if it has a peer, and a time or space",
     {DO(check_connected, A, 0), NO_PEER, NOT_CONNECTED, DO(check_connected, A, 0), HAS_PEER,
      STREAM, STORES(getsockopt, A, TIME_OPT, 0, 0, NEVER), NOT_WRITABLE, NOT_CONNECTED,
      DO(check_connected, A, 0), HAS_PEER, STREAM, STORES(getsockopt, A, TIME_OPT, 0, 0, NEVER),
      STORES(select, NONE, 0, OF_A(WRITING), 0, OF_A(WRITING)), RETURNS_OK(0)}},
    {"the same of a provider without SO_CONNECT_TIME",
     {DO(check_connected, A, 0), HAS_PEER, STREAM,
      FAILS(getsockopt, A, TIME_OPT, 0, WSAENOPROTOOPT),
      STORES(select, NONE, 0, OF_A(WRITING), 0, OF_A(WRITING)), RETURNS_OK(0),
      DO(check_connected, A, 0), HAS_PEER, STREAM,
      FAILS(getsockopt, A, TIME_OPT, 0, WSAENOPROTOOPT), NOT_WRITABLE, NOT_CONNECTED}},
    {"a connected datagram socket has no time, which means nothing",
     {DO(check_connected, A, 0), HAS_PEER, DATAGRAM, RETURNS_OK(0), DO(check_connected, A, 0),
      NO_PEER, NOT_CONNECTED}},
    {"an unbound socket has no local address", /* WT test_getsockname */
     {DO(local_addr, A, 0), FAILS(getsockname, A, 0, 0, WSAEINVAL),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0)}},
    {"a pending connect is in no set",
     {DO(is_pending, A, 0), STORES(select, NONE, 0, OF_A(WRITING | FAILED), 0, 0), RETURNS_OK(1),
      DO(is_pending, A, 0), STORES(select, NONE, 0, OF_A(WRITING | FAILED), 0, OF_A(FAILED)),
      RETURNS_OK(0), DO(is_pending, A, 0),
      STORES(select, NONE, 0, OF_A(WRITING | FAILED), 0, OF_A(WRITING)), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_connections_are_described)

#define ACCEPTS(name) STORES(accept, A, ANY, ANY, B, name)
/* best effort: no retransmissions, the round trip unchanged */
#define NO_RETRIES FAILS(WSAIoctl, A, 0x98000011u, 0xFEFFFF, WSAEOPNOTSUPP)
#define IS_PREPARED NOT_INHERITED, NONBLOCKING(B)
#define ACCEPT_FAILS(code, kind) \
    DO(accept_one, A, 1), FAILS(accept, A, ANY, ANY, code), RETURNS(kind, code, 0)
#define CONNECT_FAILS(to, code, kind) \
    DO(connect_to, A, to), NO_RETRIES, FAILS(connect, A, to, 0, code), RETURNS(kind, code, 0)
#define UNIX_CONNECT_FAILS(code, kind) \
    DO(unix_connect, A, 5), FAILS(connect, A, PATH(5), 0, code), RETURNS(kind, code, 0)
#define BIND_FAILS(to, code, kind) \
    DO(bind_to, A, to), FAILS(bind, A, to, 0, code), RETURNS(kind, code, 0)
#define CLOSED GIVES(closesocket, B, 0, 0, 0)

static const struct row scripted_connects_and_accepts_script[] = {
    {"the order of a connect's answers: started, pending, connected, refused later",
     {CONNECT_FAILS(V4(80), WSAEWOULDBLOCK, FER_WOULD_BLOCK),
      CONNECT_FAILS(V4(80), WSAEALREADY, FER_IN_PROGRESS),
      CONNECT_FAILS(V4(80), WSAEISCONN, FER_ALREADY_CONNECTED),
      CONNECT_FAILS(V4(80), WSAEINVAL, FER_INVALID_INPUT)}},
    {"a connect off the loopback keeps its retransmissions",
     {DO_WITH(connect_to, A, V4(80), .flags = 1), FAILS(connect, A, V4(80), 0, WSAEWOULDBLOCK),
      RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)}},
    {"a connect to the loopback in IPv6's form of IPv4 has none",
     {DO_WITH(connect_to, A, V6(80), .flags = 2), FAILS(getsockname, A, 0, 0, WSAEINVAL),
      NO_RETRIES, FAILS(connect, A, V6(80), 0, WSAEWOULDBLOCK),
      RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)}},
    {"WSAEINPROGRESS is a provider's callback, and no connect has started",
     {CONNECT_FAILS(V6(80), WSAEINPROGRESS, FER_RESOURCE_BUSY)}},
    {"neither has one that was cancelled, and other calls that were cancelled are no timeouts",
     {CONNECT_FAILS(V4(80), WSA_OPERATION_ABORTED, FER_RESOURCE_BUSY),
      UNIX_CONNECT_FAILS(WSA_OPERATION_ABORTED, FER_RESOURCE_BUSY),
      BIND_FAILS(V4(0), WSA_OPERATION_ABORTED, FER_RESOURCE_BUSY)}},
    {"WSAEINTR of a call that never waits is no interruption",
     {BIND_FAILS(V4(0), WSAEINTR, FER_RESOURCE_BUSY), DO(listen_with, A, 7),
      FAILS(listen, A, 7, 0, WSAEWOULDBLOCK), RETURNS(FER_RESOURCE_BUSY, WSAEWOULDBLOCK, 0)}},
    {"a refused bind names its cause", /* WT test_reuseaddr */
     {BIND_FAILS(V4(80), WSAEACCES, FER_PERMISSION_DENIED),
      BIND_FAILS(V6(80), WSAEADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE)}},
    {"an accepted socket is nonblocking and not inherited",
     {DO(accept_one, A, 1), ACCEPTS(V6(7)), IS_PREPARED, RETURNS_OK(7)}},
    {"a refused SetHandleInformation does not lose the connection",
     {DO(accept_one, A, 1), ACCEPTS(V4(7)), INHERITANCE_IS_REFUSED, NONBLOCKING(B), RETURNS_OK(7)}},
    {"an accept without an address queries the peer",
     {DO(accept_one, A, 1), ACCEPTS(0), IS_PREPARED, STORES(getpeername, B, 0, 0, 0, V4(9)),
      RETURNS_OK(9)}},
    {"a connection that ended in the queue has no peer and is closed",
     {DO(accept_one, A, 1), ACCEPTS(0), IS_PREPARED, STORES(getpeername, B, 0, 0, 0, 0), CLOSED,
      RETURNS(FER_CONNECTION_ABORTED, WSAECONNABORTED, 0)}},
    {"nobody wants the address that is missing",
     {DO(accept_one, A, 0), ACCEPTS(0), IS_PREPARED, RETURNS_OK(0)}},
    {"the queue's connection was reset, and the next accept is made",
     {ACCEPT_FAILS(WSAECONNRESET, FER_CONNECTION_ABORTED),
      ACCEPT_FAILS(WSAENOTCONN, FER_CONNECTION_ABORTED),
      ACCEPT_FAILS(WSAEWOULDBLOCK, FER_WOULD_BLOCK), DO(accept_one, A, 1),
      FAILS(accept, A, ANY, ANY, WSA_OPERATION_ABORTED),
      RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0), ACCEPT_FAILS(WSAEINPROGRESS, FER_RESOURCE_BUSY),
      ACCEPT_FAILS(WSAEMFILE, FER_TOO_MANY_OPEN_FILES)}},
    {"FIONBIO fails on a connection that has ended: it is aborted",
     {DO(accept_one, A, 1), ACCEPTS(V4(7)), NOT_INHERITED,
      FAILS(ioctlsocket, B, (uint32_t)FIONBIO, 1, WSAEINVAL),
      FAILS(getpeername, B, 0, 0, WSAENOTCONN), CLOSED,
      RETURNS(FER_CONNECTION_ABORTED, WSAEINVAL, 0)}},
    {"FIONBIO fails on a connection that is open: the failure stays",
     {DO(accept_one, A, 1), ACCEPTS(V4(7)), NOT_INHERITED,
      FAILS(ioctlsocket, B, (uint32_t)FIONBIO, 1, WSAENETDOWN),
      STORES(getpeername, B, 0, 0, 0, V4(7)), STORES(getsockopt, B, TYPE, 0, 0, SOCK_STREAM),
      STORES(getsockopt, B, TIME_OPT, 0, 0, 0), CLOSED, RETURNS(FER_NETWORK_DOWN, WSAENETDOWN, 0)}},
};
SCRIPT_TEST(scripted_connects_and_accepts)

/* Wine has no Unix sockets. */
static const struct row scripted_unix_sockets_script[] = {
    {"a Unix socket is made, and 1709 has none",
     {DO(new_socket, NONE, FER_DOMAIN_UNIX << 8 | FER_TYPE_STREAM),
      GIVES(WSASocketW, 0, AF_UNIX << 16 | SOCK_STREAM, OVERLAPPED_NO_INHERIT, A), NONBLOCKING(A),
      RETURNS_OK(A), DO(new_socket, NONE, FER_DOMAIN_UNIX << 8 | FER_TYPE_STREAM),
      FAILS(WSASocketW, 0, AF_UNIX << 16 | SOCK_STREAM, ANY, WSAEAFNOSUPPORT),
      RETURNS(FER_UNSUPPORTED, WSAEAFNOSUPPORT, 0)}},
    {"a path has a terminator",
     {DO(unix_bind, A, 5), GIVES(bind, A, PATH(5), 0, 0), RETURNS_OK(0), DO(unix_bind, A, 107),
      FAILS(bind, A, PATH(107), 0, WSAEADDRINUSE), RETURNS(FER_ADDR_IN_USE, WSAEADDRINUSE, 0),
      DO(unix_bind, A, 5), FAILS(bind, A, PATH(5), 0, WSAENETDOWN),
      RETURNS(FER_NETWORK_DOWN, WSAENETDOWN, 0)}},
    {"a connect may be pending, refused, or in a provider's callback",
     {UNIX_CONNECT_FAILS(WSAEWOULDBLOCK, FER_WOULD_BLOCK),
      UNIX_CONNECT_FAILS(WSAECONNREFUSED, FER_CONNECTION_REFUSED),
      UNIX_CONNECT_FAILS(WSAEINPROGRESS, FER_RESOURCE_BUSY)}},
    {"addresses without a name, with a path, with one that fills the structure",
     {DO(unix_local_addr, A, 0), STORES(getsockname, A, 0, 0, 0, PATH(0)),
      RETURNS_OK(FERP_UNIX_UNNAMED << 16), DO(unix_local_addr, A, 0),
      STORES(getsockname, A, 0, 0, 0, PATH(5)), RETURNS_OK(FERP_UNIX_PATHNAME << 16 | 5),
      DO(unix_peer_addr, A, 0), STORES(getpeername, A, 0, 0, 0, PATH(108)),
      RETURNS_OK(FERP_UNIX_PATHNAME << 16 | 108), DO(unix_peer_addr, A, 0),
      FAILS(getpeername, A, 0, 0, WSAENOTCONN), RETURNS(FER_NOT_CONNECTED, WSAENOTCONN, 0),
      DO(unix_local_addr, A, 0), STORES(getsockname, A, 0, 0, 0, V4(80)),
      RETURNS(FER_INVALID_INPUT, 0, 0)}},
};
SCRIPT_TEST(scripted_unix_sockets)

#define CANCELLED(call, answer, on, in, in2)                             \
    DO(call, on, in), FAILS(answer, on, in, in2, WSA_OPERATION_ABORTED), \
        RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)
#define RECEIVE_FAILS(code, kind) \
    DO(receive, A, 8), FAILS(recv, A, 8, 0, code), RETURNS(kind, code, 0)

static const struct row scripted_bytes_are_moved_script[] = {
    {"a reset is reported by recv, repeatedly",
     {RECEIVE_FAILS(WSAECONNRESET, FER_CONNECTION_RESET),
      RECEIVE_FAILS(WSAECONNABORTED, FER_CONNECTION_ABORTED),
      RECEIVE_FAILS(WSAENETRESET, FER_CONNECTION_RESET),
      RECEIVE_FAILS(WSAESHUTDOWN, FER_BROKEN_PIPE)}},
    {"0 is the end of file, unless the connection is broken",
     {DO(receive, A, 8), GIVES(recv, A, 8, 0, 0), POLLS(POLLHUP), RETURNS_OK(0), DO(receive, A, 8),
      GIVES(recv, A, 8, 0, 0), POLLS(POLLERR | POLLHUP),
      RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0), DO(peek, A, 8),
      GIVES(recv, A, 8, MSG_PEEK, 5), RETURNS_OK(5)}},
    {"0 of a receive of nothing is no end",
     {DO(receive, A, 0), GIVES(recv, A, 0, 0, 0), RETURNS_OK(0), DO(receive_vectored, A, 0),
      STORES(WSARecv, A, 0, 0, 0, 0), RETURNS_OK(0)}},
    {"a vectored receive as well",
     {DO(receive_vectored, A, 2), STORES(WSARecv, A, 2, 0, 0, 6), RETURNS_OK(6),
      DO(receive_vectored, A, 2), STORES(WSARecv, A, 2, 0, 0, 0), POLLS(POLLERR),
      RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0), DO(receive_vectored, A, 2),
      FAILS(WSARecv, A, 2, 0, WSAEWOULDBLOCK), RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)}},
    {"a send without memory or in a callback is transient, and moves nothing",
     {DO(transmit, A, 8), FAILS(send, A, 8, 0, WSAENOBUFS),
      RETURNS(FER_NO_BUFFER_SPACE, WSAENOBUFS, 0), DO(transmit, A, 8),
      FAILS(send, A, 8, 0, WSAEINPROGRESS), RETURNS(FER_RESOURCE_BUSY, WSAEINPROGRESS, 0),
      DO(transmit, A, 8), GIVES(send, A, 8, 0, 3), RETURNS_OK(3), DO(transmit_vectored, A, 3),
      STORES(WSASend, A, 3, 0, 0, 11), RETURNS_OK(11), DO(transmit_vectored, A, 3),
      FAILS(WSASend, A, 3, 0, WSAESHUTDOWN), RETURNS(FER_BROKEN_PIPE, WSAESHUTDOWN, 0)}},
    {"a call that was cancelled would block",
     {CANCELLED(receive, recv, A, 8, 0), CANCELLED(peek, recv, A, 8, MSG_PEEK),
      CANCELLED(receive_vectored, WSARecv, A, 2, 0), CANCELLED(transmit, send, A, 8, 0),
      CANCELLED(transmit_vectored, WSASend, A, 3, 0), DO(read_file, FILE_A, 5),
      FAILS(ReadFile, FILE_A, 5, 64, ERROR_OPERATION_ABORTED),
      RETURNS(FER_RESOURCE_BUSY, ERROR_OPERATION_ABORTED, 0)}},
    {"FIONREAD",
     {DO(bytes_queued, A, 0), STORES(ioctlsocket, A, (uint32_t)FIONREAD, 0, 0, 12),
      RETURNS_OK(12)}},
    {"a file that is read in the background is waited for",
     {DO(read_file, FILE_A, 5), FAILS(ReadFile, FILE_A, 5, 64, ERROR_IO_PENDING),
      STORES(GetOverlappedResult, FILE_A, 1, 0, 1, 9), RETURNS_OK(9),
      DO(read_file, FILE_A, (INT64_C(1) << 32) + 6),
      STORES(ReadFile, FILE_A, (INT64_C(1) << 32) + 6, 64, 1, 64), RETURNS_OK(64)}},
    {"the end of a file by either call is no error",
     {DO(read_file, FILE_A, 5), FAILS(ReadFile, FILE_A, 5, 64, ERROR_HANDLE_EOF), RETURNS_OK(0),
      DO(read_file, FILE_A, 5), FAILS(ReadFile, FILE_A, 5, 64, ERROR_IO_PENDING),
      FAILS_WITH(GetOverlappedResult, FILE_A, 1, 0, ERROR_HANDLE_EOF, .out = 33), RETURNS_OK(0),
      DO(read_file, FILE_A, 5), FAILS(ReadFile, FILE_A, 5, 64, ERROR_NETNAME_DELETED),
      RETURNS(FER_CONNECTION_RESET, ERROR_NETNAME_DELETED, 0)}},
    {"no event for a read of a file",
     {DO(read_file, FILE_A, 5), FAILS(CreateEventW, ANY, ANY, ANY, ERROR_NO_SYSTEM_RESOURCES),
      RETURNS(FER_NO_BUFFER_SPACE, ERROR_NO_SYSTEM_RESOURCES, 0)}},
};
SCRIPT_TEST(scripted_bytes_are_moved)

#define CLASS 40 /* IP_RECVTOS, IPV6_RECVTCLASS */
#define NEW_UDP_V6(made) GIVES(WSASocketW, 0, AF_INET6 << 16 | SOCK_DGRAM, ANY, made)
#define SENDS_OCTET(flags_, octet) \
    DO_WITH(transmit_message, A, 4, .flags = (flags_), .control = {{0, 0, 0}, {1, 0, octet}})

/* A Windows with IPV6_TCLASS (msquic, datapath_winuser.c). That of test_scripted_messages.c has it
 * not: the answer is kept. */
static const struct row scripted_traffic_classes_script[] = {
    {"without a socket to ask there is none, and the next call asks",
     {DO(feature, A, FER_UDP_TRAFFIC_CLASS),
      FAILS(WSASocketW, 0, AF_INET6 << 16 | SOCK_DGRAM, ANY, WSAEMFILE),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0), DO(feature, A, FER_UDP_TRAFFIC_CLASS),
      NEW_UDP_V6(B), NONBLOCKING(B), GIVES(setsockopt, B, V6_OPT(IPV6_TCLASS), 4, 0),
      GIVES(setsockopt, B, V6_OPT(CLASS), 1, 0), GIVES(closesocket, B, 0, 0, 0), RETURNS_OK(1)}},
    {"the class is enabled and read in place of ECN",
     {DO_WITH(set_feature, A, FER_UDP_ECN, .in2 = 1), GIVES(setsockopt, A, V4_OPT(CLASS), 1, 0),
      GIVES(setsockopt, A, V6_OPT(CLASS), 1, 0), RETURNS_OK(0), DO(feature, A, FER_UDP_ECN),
      STORES(getsockopt, A, V4_OPT(CLASS), 0, 0, 1), RETURNS_OK(1)}},
    {"a class is the whole octet, and ECN alone two bits of it",
     {SENDS_OCTET(4, 0xB9),
      GIVES_WITH(WSASendMsg, A, 4, 0, 0, .control = {{IPPROTO_IP, IP_TOS, 0xB9}}), RETURNS_OK(1),
      SENDS_OCTET(1 | 4, 0xB9),
      GIVES_WITH(WSASendMsg, A, 4, 0, 0, .control = {{IPPROTO_IPV6, IPV6_TCLASS, 0xB9}}),
      RETURNS_OK(1), SENDS_OCTET(0, 0xB9),
      GIVES_WITH(WSASendMsg, A, 4, 0, 0, .control = {{IPPROTO_IP, 50, 1}}), RETURNS_OK(1),
      SENDS_OCTET(4, 0), GIVES_WITH(WSASendMsg, A, 4, 0, 0, .control = {{IPPROTO_IP, IP_TOS, 0}}),
      RETURNS_OK(1)}},
};
SCRIPT_TEST(scripted_traffic_classes)

TEST_MAIN("scripted_calls")

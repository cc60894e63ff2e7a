/* test_scripted_waits.c: the waits of platform/winsock over requests and selects that end as on
 * Windows: by a wake, a race with a cancel, a failure that only one call reports. Windows only. */
#include "unit/winsock_script.h"

#include "ferrule/poller.h"
#include "unit/limited_memory.h"

#define INFO SOCKET_OPT(SO_PROTOCOL_INFOW)
#define BOTH (FER_READABLE | FER_WRITABLE)
/* The failure that a wait stores. */
#define STORED(kind, code) ((int64_t)(kind) << 32 | (code))

/* The first wait of a SOCKET asks what it supports. */
#define SUPPORTS(socket)                                           \
    FAILS(CancelIoEx, socket, CANCELS_UNUSED, 0, ERROR_NOT_FOUND), \
        STORES(getsockopt, socket, INFO, 0, 0, PROTOCOL(AF_INET, SOCK_STREAM, XP1_IFS_HANDLES))
#define PENDS(socket, index) FAILS(WSARecv, socket, 0, EVENT(index), WSA_IO_PENDING)
#define PEEKS(socket, index) FAILS(WSARecv, socket, MSG_PEEK, EVENT(index), WSA_IO_PENDING)
#define WAITS(index, millis, result) \
    GIVES(WaitForMultipleObjects, EVENT(index), millis, NONE, result)
/* The time of a wait for a request expires. */
#define EXPIRES(index, millis) WAITS(index, millis, WAIT_TIMEOUT), WAITS(index, 0, WAIT_TIMEOUT)
#define CANCELS GIVES(CancelIoEx, A, CANCELS_REQUEST, 0, 1)
#define ENDS(index, millis) GIVES(WaitForSingleObject, EVENT(index), millis, 0, WAIT_OBJECT_0)
/* A cancel that ends the request. */
#define IS_CANCELLED(index) CANCELS, ENDS(index, 100), COLLECTS_FAILURE(WSA_OPERATION_ABORTED)
/* The first wait of a row, which makes a request; a later one whose request fails. */
#define FIRST_WAIT DO(wait, A, 500), SUPPORTS(A), PENDS(A, 0)
#define FIRST_PEEK DO(wait_datagram, A, 500), SUPPORTS(A), PEEKS(A, 0)
#define WAIT_FAILS(index, code) DO(wait, A, 500), FAILS(WSARecv, A, 0, EVENT(index), code)
#define COLLECTS FAILS(WSAGetOverlappedResult, A, 0, 0, 0)
#define COLLECTS_FAILURE(code) FAILS(WSAGetOverlappedResult, A, 0, 0, code)
#define EMPTY FAILS(recv, A, 1, MSG_PEEK, WSAEWOULDBLOCK)
#define SELECTS(millis, sets, found) STORES(select, NONE, millis, sets, 0, found)
#define SELECTS_INSTEAD SELECTS(100, OF_A(READING), OF_A(READING)), RETURNS_OK(0)
#define WRITE_FAILS(code) DO(wait_write, A, 100), FAILS(select, NONE, 100, OF_A(WRITING), code)
#define READY(interests) DO_WITH(ready, NONE, 120, .in2 = (interests))
#define POLLS(socket, events) STORES(WSAPoll, socket, POLLRDNORM, 0, 0, events)
#define TIMED_OUT RETURNS(FER_TIMED_OUT, 0, 0)

static const struct row scripted_requests_end_script[] = {
    {"data arrives, and the second wait asks for no support",
     {FIRST_WAIT, WAITS(0, 500, 0), COLLECTS, RETURNS_OK(0), DO(wait, A, 500), PENDS(A, 1),
      WAITS(1, 500, 0), COLLECTS, RETURNS_OK(0)}},
    {"a request that ends while it is made",
     {DO(wait, A, 500), SUPPORTS(A), GIVES(WSARecv, A, 0, EVENT(0), 0), RETURNS_OK(0)}},
    {"a reset is stored, because recv may return 0 after it",
     {FIRST_WAIT, WAITS(0, 500, 0), COLLECTS_FAILURE(WSAECONNRESET),
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAECONNRESET)), WAIT_FAILS(1, WSAECONNABORTED),
      RETURNS_OK(STORED(FER_CONNECTION_ABORTED, WSAECONNABORTED)), WAIT_FAILS(2, WSAENETRESET),
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAENETRESET)), WAIT_FAILS(3, WSAETIMEDOUT),
      RETURNS_OK(STORED(FER_CONNECTION_TIMED_OUT, WSAETIMEDOUT))}},
    {"a failure that recv reports again is not stored",
     {DO(wait, A, 500), SUPPORTS(A), FAILS(WSARecv, A, 0, EVENT(0), WSAENOTCONN), RETURNS_OK(0),
      WAIT_FAILS(1, WSAESHUTDOWN), RETURNS_OK(0)}},
    {"a wake ends it, with either code",
     {FIRST_WAIT, WAITS(0, 500, 0), MEANWHILE(wake, A, 0), GIVES(CancelIoEx, A, CANCELS_ALL, 0, 1),
      RETURNS_OK(0), COLLECTS_FAILURE(WSA_OPERATION_ABORTED), RETURNS_OK(0), DO(wait, A, 500),
      PENDS(A, 1), WAITS(1, 500, 0), COLLECTS_FAILURE(WSAEINTR), RETURNS_OK(0)}},
    {"the time expires: it is cancelled, and a check finds nothing",
     {FIRST_WAIT, EXPIRES(0, 500), IS_CANCELLED(0), EMPTY, TIMED_OUT}},
    {"the check finds what the cancelled request has lost",
     {FIRST_WAIT, EXPIRES(0, 500), IS_CANCELLED(0), GIVES(recv, A, 1, MSG_PEEK, 1), RETURNS_OK(0),
      DO(wait, A, 500), PENDS(A, 1), EXPIRES(1, 500), IS_CANCELLED(1),
      FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET),
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAECONNRESET))}},
    {"the request ends between its time and the cancel: it is ready",
     {FIRST_WAIT, EXPIRES(0, 500), FAILS(CancelIoEx, A, CANCELS_REQUEST, 0, ERROR_NOT_FOUND),
      ENDS(0, 100), COLLECTS, RETURNS_OK(0)}},
    {"the same with a reset, which the cancel does not hide",
     {FIRST_WAIT, EXPIRES(0, 500), FAILS(CancelIoEx, A, CANCELS_REQUEST, 0, ERROR_NOT_FOUND),
      ENDS(0, 100), COLLECTS_FAILURE(WSAECONNRESET),
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAECONNRESET))}},
    {"a slice of a longer wait",
     {DO(wait, A, 5000), SUPPORTS(A), PENDS(A, 0), EXPIRES(0, 1000), IS_CANCELLED(0), EMPTY,
      TIMED_OUT}},
    {"a lost cancel and one that fails are repeated",
     {FIRST_WAIT, EXPIRES(0, 500), CANCELS,
      GIVES(WaitForSingleObject, EVENT(0), 100, 0, WAIT_TIMEOUT),
      FAILS(CancelIoEx, A, CANCELS_REQUEST, 0, ERROR_NOT_FOUND),
      GIVES(WaitForSingleObject, EVENT(0), 100, 0, WAIT_TIMEOUT), IS_CANCELLED(0), EMPTY,
      TIMED_OUT}},
    {"an event that cannot be waited for is the wait's failure",
     {FIRST_WAIT, FAILS(WaitForMultipleObjects, EVENT(0), 500, NONE, ERROR_INVALID_HANDLE),
      IS_CANCELLED(0), EMPTY, RETURNS(FER_BAD_HANDLE, ERROR_INVALID_HANDLE, 0)}},
    {"an armed wait is disarmed",
     {DO(arm, A, 0), SUPPORTS(A), PENDS(A, 0), RETURNS_OK(0), DO(disarm, A, 0), IS_CANCELLED(0),
      RETURNS_OK(0)}},
    {"another thread takes the place of a request as soon as it is free",
     {DO(wait, A, 500), SUPPORTS(A), GIVES(WSARecv, A, 0, EVENT(0), 0),
      GIVES(release, ANY, ANY, ANY, 0), MEANWHILE(arm, B, 0), SUPPORTS(B), PENDS(B, 1),
      RETURNS_OK(0), RETURNS_OK(0), DO(disarm, B, 0), GIVES(CancelIoEx, B, CANCELS_REQUEST, 0, 1),
      ENDS(1, 100), FAILS(WSAGetOverlappedResult, B, 0, 0, WSA_OPERATION_ABORTED), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_requests_end)

#define NEW_TCP (AF_INET << 16 | SOCK_STREAM)
#define NONBLOCKING(socket) GIVES(ioctlsocket, socket, (uint32_t)FIONBIO, 1, 0)
#define NOT_INHERITED(socket) GIVES(SetHandleInformation, socket, HANDLE_FLAG_INHERIT, 0, 1)
#define NO_SUPPORT(socket) FAILS(CancelIoEx, socket, CANCELS_UNUSED, 0, ERROR_INVALID_HANDLE)
/* A wait for a SOCKET that has no requests, and for a new one of its number, which has. */
#define SELECTS_FOR(socket, sets) \
    DO(wait, socket, 5), NO_SUPPORT(socket), SELECTS(5, sets, sets), RETURNS_OK(0)
#define REQUESTS_FOR(socket) \
    DO(wait, socket, 5), SUPPORTS(socket), GIVES(WSARecv, socket, 0, EVENT(0), 0), RETURNS_OK(0)

/* The number of a closed SOCKET is given to a new one, of another provider. */
static const struct row scripted_reused_numbers_are_queried_script[] = {
    {"a new socket",
     {SELECTS_FOR(A, OF_A(READING)), DO(new_socket, NONE, FER_DOMAIN_IPV4 << 8 | FER_TYPE_STREAM),
      GIVES(WSASocketW, 0, NEW_TCP, ANY, A), NONBLOCKING(A), RETURNS_OK(A), REQUESTS_FOR(A)}},
    {"a duplicate",
     {SELECTS_FOR(B, OF_B(READING)), DO(duplicate, A, 0), GIVES(WSADuplicateSocketW, A, 0, 0, 0),
      GIVES(WSASocketW, 1, ANY, ANY, B), NOT_INHERITED(B), NONBLOCKING(B), RETURNS_OK(B),
      REQUESTS_FOR(B)}},
    {"an accepted one",
     {SELECTS_FOR(B, OF_B(READING)), DO(accept_one, A, 0), STORES(accept, A, ANY, ANY, B, V4(7)),
      NOT_INHERITED(B), NONBLOCKING(B), RETURNS_OK(0), REQUESTS_FOR(B)}},
    {"an adopted one",
     {SELECTS_FOR(A, OF_A(READING)), DO(adopt, A, 0),
      STORES(NtQueryInformationFile, A, 16, 4, 0, 0), NONBLOCKING(A), RETURNS_OK(0),
      REQUESTS_FOR(A)}},
};
SCRIPT_TEST(scripted_reused_numbers_are_queried)

#define NEVER_ENDS CANCELS, GIVES(WaitForSingleObject, EVENT(0), 100, 0, WAIT_TIMEOUT)

static const struct row scripted_requests_are_not_made_script[] = {
    {"a cancel that cannot reach a SOCKET",
     {DO(wait, A, 500), FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_INVALID_HANDLE),
      SELECTS_INSTEAD, DO(wait, A, 60), SELECTS(60, OF_A(READING), 0), SELECTS(0, OF_A(READING), 0),
      TIMED_OUT}},
    {"a cancel that fails for another reason",
     {DO(wait, A, 500), FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_INVALID_FUNCTION),
      SELECTS_INSTEAD}},
    {"a SOCKET that is no handle of the system",
     {DO(wait, A, 500), FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_NOT_FOUND),
      STORES(getsockopt, A, INFO, 0, 0, PROTOCOL(AF_INET, SOCK_STREAM, 0)), SELECTS_INSTEAD}},
    {"a raw and a Unix socket",
     {DO(wait, A, 500), FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_NOT_FOUND),
      STORES(getsockopt, A, INFO, 0, 0, PROTOCOL(AF_INET, SOCK_RAW, XP1_IFS_HANDLES)),
      SELECTS_INSTEAD, DO(wait, B, 500), FAILS(CancelIoEx, B, CANCELS_UNUSED, 0, ERROR_NOT_FOUND),
      STORES(getsockopt, B, INFO, 0, 0, PROTOCOL(AF_UNIX, SOCK_STREAM, XP1_IFS_HANDLES)),
      SELECTS(100, OF_B(READING), OF_B(READING)), RETURNS_OK(0)}},
    {"a provider without overlapped receives and peeks, which may be found late",
     {DO(wait, A, 500), SUPPORTS(A), FAILS(WSARecv, A, 0, EVENT(0), WSAEOPNOTSUPP), SELECTS_INSTEAD,
      DO(wait_datagram, A, 500), FAILS(WSARecv, A, MSG_PEEK, EVENT(1), WSAEOPNOTSUPP),
      SELECTS_INSTEAD, DO(wait_datagram, A, 500), PEEKS(A, 2), WAITS(2, 500, 0),
      COLLECTS_FAILURE(WSAEOPNOTSUPP), RETURNS_OK(0)}},
    {"a request that cannot be pending, on a socket that is not bound, without memory",
     {DO(wait, A, 500), SUPPORTS(A), FAILS(WSARecv, A, 0, EVENT(0), WSAEWOULDBLOCK),
      SELECTS_INSTEAD, WAIT_FAILS(1, WSAEINVAL), SELECTS_INSTEAD, WAIT_FAILS(2, WSAENOBUFS),
      SELECTS_INSTEAD, WAIT_FAILS(3, WSA_NOT_ENOUGH_MEMORY), SELECTS_INSTEAD}},
    {"no event, and the place is free for the next wait",
     {DO(wait, A, 500), SUPPORTS(A), FAILS(CreateEventW, ANY, ANY, ANY, ERROR_NO_SYSTEM_RESOURCES),
      GIVES(release, ANY, ANY, ANY, 0), SELECTS_INSTEAD}},
    {"a request that no cancel ends is abandoned: its event stays, and a check decides",
     {FIRST_WAIT, EXPIRES(0, 500), NEVER_ENDS, NEVER_ENDS, NEVER_ENDS, NEVER_ENDS, NEVER_ENDS,
      NEVER_ENDS, NEVER_ENDS, NEVER_ENDS, NEVER_ENDS, NEVER_ENDS, GIVES(recv, A, 1, MSG_PEEK, 1),
      RETURNS_OK(0), LEAVES_OPEN(1)}},
};
SCRIPT_TEST(scripted_requests_are_not_made)

/* A datagram's request peeks. Its refusal is reported again on Windows, and not on Wine. */
static const struct row scripted_requests_of_datagrams_end_script[] = {
    {"a datagram is longer than nothing",
     {FIRST_PEEK, WAITS(0, 500, 0), COLLECTS_FAILURE(WSAEMSGSIZE), RETURNS_OK(0),
      DO(wait_datagram, A, 500), FAILS(WSARecv, A, MSG_PEEK, EVENT(1), WSAEMSGSIZE),
      RETURNS_OK(0)}},
    {"a refusal that the receive reports again is not stored",
     {FIRST_PEEK, WAITS(0, 500, 0), COLLECTS_FAILURE(WSAECONNRESET),
      FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET), RETURNS_OK(0)}},
    {"a refusal that was consumed is stored",
     {FIRST_PEEK, WAITS(0, 500, 0), COLLECTS_FAILURE(WSAECONNRESET), EMPTY,
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAECONNRESET)), DO(wait_datagram, A, 500),
      PEEKS(A, 1), WAITS(1, 500, 0), COLLECTS_FAILURE(WSAECONNRESET),
      FAILS(recv, A, 1, MSG_PEEK, WSAEMSGSIZE),
      RETURNS_OK(STORED(FER_CONNECTION_RESET, WSAECONNRESET))}},
    {"an expired time to live",
     {DO(wait_datagram, A, 500), SUPPORTS(A), FAILS(WSARecv, A, MSG_PEEK, EVENT(0), WSAENETRESET),
      EMPTY, RETURNS_OK(STORED(FER_HOST_UNREACHABLE, WSAENETRESET))}},
    {"every failure is stored, unless a receive reports it",
     {DO(wait_datagram, A, 500), SUPPORTS(A), FAILS(WSARecv, A, MSG_PEEK, EVENT(0), WSAENETDOWN),
      EMPTY, RETURNS_OK(STORED(FER_NETWORK_DOWN, WSAENETDOWN)), DO(wait_datagram, A, 500),
      FAILS(WSARecv, A, MSG_PEEK, EVENT(1), WSAESHUTDOWN),
      FAILS(recv, A, 1, MSG_PEEK, WSAESHUTDOWN), RETURNS_OK(0)}},
    {"the check after a cancel finds a refusal, which stays",
     {FIRST_PEEK, EXPIRES(0, 500), IS_CANCELLED(0), FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET),
      FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_requests_of_datagrams_end)

#define TOKEN DO(open_token, NONE, 0), RETURNS_OK(0)
#define NO_TOKEN DO(close_token, NONE, 0), RETURNS_OK(0)
#define SIGNALS DO(signal_token, NONE, 0), RETURNS_OK(0)
#define CLEARS DO(clear_token, NONE, 0), RETURNS_OK(0)
#define SIGNAL MEANWHILE(signal_token, NONE, 0), RETURNS_OK(0)
/* Of three connects. */
#define NO_COMMON_SELECT(millis) FAILS(select, NONE, millis, OF_ALL, WSAENOTSOCK)
#define NONE_OF_THREE SELECTS(0, OF_A(6), 0), SELECTS(0, OF_B(6), 0), SELECTS(0, OF_C(6), 0)
#define OF_ALL (OF_A(6) | OF_B(6) | OF_C(6))
#define WAITS_OR_TOKEN(millis, result) \
    GIVES(WaitForMultipleObjects, EVENT(1), millis, EVENT(0), result)

static const struct row scripted_tokens_end_waits_script[] = {
    {"a token ends a wait for a request, which is cancelled",
     {TOKEN, DO(wait, A, 500), SUPPORTS(A), PENDS(A, 1), WAITS_OR_TOKEN(500, 1), SIGNAL,
      IS_CANCELLED(1), EMPTY, RETURNS_OK(0), NO_TOKEN}},
    {"a token and data in one moment: both are an end",
     {TOKEN, DO(wait, A, 500), SUPPORTS(A), PENDS(A, 1), WAITS_OR_TOKEN(500, 1), SIGNAL,
      FAILS(CancelIoEx, A, CANCELS_REQUEST, 0, ERROR_NOT_FOUND), ENDS(1, 100), COLLECTS,
      RETURNS_OK(0), NO_TOKEN}},
    {"a token ends a select after its slice",
     {TOKEN, DO(wait_write, A, 500), SELECTS(15, OF_A(WRITING), 0), SELECTS(15, OF_A(WRITING), 0),
      SIGNAL, RETURNS_OK(0), NO_TOKEN}},
    {"the same of a wait to receive that cannot make a request",
     {TOKEN, DO(wait, A, 500), FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_INVALID_HANDLE),
      SELECTS(15, OF_A(READING), 0), SELECTS(15, OF_A(READING), 0), SIGNAL, RETURNS_OK(0),
      NO_TOKEN}},
    {"a token that was signalled before",
     {TOKEN, SIGNALS, DO(wait_connect, A, 500), SELECTS(15, OF_A(WRITING | FAILED), 0),
      RETURNS_OK(0), NO_TOKEN}},
    {"a token of the second stream of a pair",
     {TOKEN, DO_WITH(wait_pair, NONE, 500, .in2 = FER_READABLE | BOTH << 4),
      SELECTS(15, OF_A(READING) | OF_B(READING | WRITING), 0), SIGNAL, RETURNS_OK(0), NO_TOKEN}},
    {"and of the first",
     {TOKEN, DO_WITH(wait_pair, NONE, 500, .in2 = FER_READABLE | BOTH << 4, .flags = 1),
      SELECTS(15, OF_A(READING) | OF_B(READING | WRITING), 0), SIGNAL, RETURNS_OK(0), NO_TOKEN}},
    {"a token ends a wait for either direction, and nothing is ready",
     {TOKEN, DO_WITH(ready, NONE, 500, .in2 = BOTH), SELECTS(15, OF_A(READING | WRITING), 0),
      SIGNAL, POLLS(A, 0), RETURNS_OK(0), NO_TOKEN}},
    {"a token ends a wait for connects",
     {TOKEN, DO(wait_connects, NONE, 500), SELECTS(15, OF_ALL, 0), SIGNAL, RETURNS_OK(0), CLEARS,
      DO(wait_connects, NONE, 500), NO_COMMON_SELECT(15), NONE_OF_THREE,
      GIVES(Sleep, ANY, 15, ANY, 0), SIGNAL, RETURNS_OK(0), NO_TOKEN}},
    {"a wait for a token, which ends early by the clock",
     {TOKEN, DO(wait_token, NONE, 50), WAITS(0, 50, WAIT_TIMEOUT), WAITS(0, 0, WAIT_TIMEOUT),
      TIMED_OUT, DO(wait_token, NONE, 50), WAITS(0, 50, 0), SIGNAL, RETURNS_OK(0), NO_TOKEN}},
    {"a pause, and one that a token ends; a token that was cleared ends nothing",
     {DO(pause, NONE, 30), GIVES(Sleep, ANY, 30, ANY, 0), RETURNS_OK(0), TOKEN, SIGNALS, CLEARS,
      DO(pause, NONE, 30), WAITS(0, 30, 0), SIGNAL, RETURNS_OK(0), CLEARS, DO(wait_write, A, 15),
      SELECTS(15, OF_A(WRITING), 0), SELECTS(0, OF_A(WRITING), 0), TIMED_OUT, NO_TOKEN}},
    {"no event for a token",
     {DO(open_token, NONE, 0), FAILS(CreateEventW, ANY, ANY, ANY, ERROR_NOT_ENOUGH_MEMORY),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY, 0)}},
};
SCRIPT_TEST(scripted_tokens_end_waits)

static const struct row scripted_selects_end_script[] = {
    {"a failed connect is only in the except set",
     {DO(wait_connect, A, 500), SELECTS(100, OF_A(WRITING | FAILED), OF_A(FAILED)),
      RETURNS(FER_CONNECTION_REFUSED, 0, 0), DO(wait_connect, A, 500),
      SELECTS(100, OF_A(WRITING | FAILED), OF_A(WRITING)), RETURNS_OK(0)}},
    {"urgent data ends no wait to write", /* WT test_select */
     {DO(wait_write, A, 250), SELECTS(100, OF_A(WRITING), 0), SELECTS(100, OF_A(WRITING), 0),
      SELECTS(50, OF_A(WRITING), 0), SELECTS(0, OF_A(WRITING), 0), TIMED_OUT}},
    {"a deadline of more milliseconds than an int has",
     {DO(wait_write, A, INT64_C(3000000000)), SELECTS(100, OF_A(WRITING), OF_A(WRITING)),
      RETURNS_OK(0)}},
    {"an event that the wait has lost is found by the last select, which does not wait",
     {DO(wait_write, A, 100), SELECTS(100, OF_A(WRITING), 0),
      SELECTS(0, OF_A(WRITING), OF_A(WRITING)), RETURNS_OK(0)}},
    {"a wake ends a select, with either code; other codes are failures",
     {WRITE_FAILS(WSA_OPERATION_ABORTED), RETURNS_OK(0), WRITE_FAILS(WSAEINTR), RETURNS_OK(0),
      WRITE_FAILS(WSAENOTSOCK), RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0),
      WRITE_FAILS(WSAEINPROGRESS), RETURNS(FER_RESOURCE_BUSY, WSAEINPROGRESS, 0)}},
    {"either direction: what the set has, and everything after a reset",
     {READY(BOTH), SELECTS(100, OF_A(3), OF_A(WRITING)), POLLS(A, 0), RETURNS_OK(FER_WRITABLE),
      READY(BOTH), SELECTS(100, OF_A(3), OF_A(READING)), POLLS(A, POLLERR | POLLHUP),
      RETURNS_OK(BOTH), READY(BOTH), SELECTS(100, OF_A(3), OF_A(WRITING)), POLLS(A, POLLERR),
      RETURNS_OK(BOTH), READY(FER_WRITABLE), SELECTS(100, OF_A(WRITING), 0), POLLS(A, POLLERR),
      RETURNS_OK(FER_WRITABLE), READY(BOTH), SELECTS(100, OF_A(3), OF_A(3)), RETURNS_OK(BOTH)}},
    {"either direction: nothing, and a failure",
     {READY(BOTH), SELECTS(100, OF_A(3), 0), POLLS(A, POLLHUP), SELECTS(20, OF_A(3), 0),
      POLLS(A, 0), SELECTS(0, OF_A(3), 0), POLLS(A, 0), TIMED_OUT, READY(BOTH),
      FAILS(select, NONE, 100, OF_A(3), WSAENETDOWN), POLLS(A, 0),
      RETURNS(FER_NETWORK_DOWN, WSAENETDOWN, 0)}},
    {"a pause and a wait that were woken have nothing",
     {READY(BOTH), FAILS(select, NONE, 100, OF_A(3), WSA_OPERATION_ABORTED), POLLS(A, 0),
      RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_selects_end)

#define PAIR(interests) DO_WITH(wait_pair, NONE, 100, .in2 = (interests))
#define READ_WRITE (FER_READABLE | FER_WRITABLE << 4)
#define OF_PAIR (OF_A(READING) | OF_B(WRITING))

static const struct row scripted_pairs_end_script[] = {
    {"each stream may be ready",
     {PAIR(READ_WRITE), SELECTS(100, OF_PAIR, OF_A(READING)), RETURNS_OK(0), PAIR(READ_WRITE),
      SELECTS(100, OF_PAIR, OF_B(WRITING)), RETURNS_OK(0)}},
    {"each stream may be reset without a set",
     {PAIR(READ_WRITE), SELECTS(100, OF_PAIR, 0), POLLS(A, POLLERR), RETURNS_OK(0),
      PAIR(READ_WRITE), SELECTS(100, OF_PAIR, 0), POLLS(A, POLLHUP), POLLS(B, POLLERR),
      RETURNS_OK(0)}},
    {"a stream without an interest is not waited for",
     {PAIR(FER_WRITABLE << 4), SELECTS(100, OF_B(WRITING), 0), POLLS(B, 0),
      SELECTS(0, OF_B(WRITING), 0), POLLS(B, 0), TIMED_OUT, PAIR(FER_READABLE),
      SELECTS(100, OF_A(READING), 0), POLLS(A, 0), SELECTS(0, OF_A(READING), 0), POLLS(A, 0),
      TIMED_OUT, PAIR(0), GIVES(Sleep, ANY, 100, ANY, 0), TIMED_OUT}},
    {"streams of two providers: each has a select",
     {PAIR(READ_WRITE), FAILS(select, NONE, 100, OF_PAIR, WSAENOTSOCK),
      SELECTS(7, OF_A(READING), 0), SELECTS(7, OF_B(WRITING), OF_B(WRITING)), RETURNS_OK(0),
      PAIR(READ_WRITE), FAILS(select, NONE, 100, OF_PAIR, WSAENOTSOCK),
      FAILS(select, NONE, 7, OF_A(READING), WSAENOTSOCK), RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0)}},
    {"a wake ends a common select",
     {PAIR(READ_WRITE), FAILS(select, NONE, 100, OF_PAIR, WSAEINTR), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_pairs_end)

static const struct row scripted_connects_end_script[] = {
    {"a failed and a successful one in one wait",
     {DO(wait_connects, NONE, 500), SELECTS(100, OF_ALL, OF_A(FAILED) | OF_C(WRITING)),
      FAILS(getpeername, A, ANY, ANY, WSAENOTCONN), RETURNS_OK(5)}},
    {"none, until the time expires",
     {DO(wait_connects, NONE, 120), SELECTS(100, OF_ALL, 0), SELECTS(20, OF_ALL, 0),
      SELECTS(0, OF_ALL, 0), TIMED_OUT}},
    {"a wake has no ended connect",
     {DO(wait_connects, NONE, 120), FAILS(select, NONE, 100, OF_ALL, WSA_OPERATION_ABORTED),
      RETURNS_OK(0)}},
    {"several providers: each is selected without waiting, between pauses",
     {DO(wait_connects, NONE, 20), NO_COMMON_SELECT(20), NONE_OF_THREE,
      GIVES(Sleep, ANY, 15, ANY, 0), NO_COMMON_SELECT(5), SELECTS(0, OF_A(6), 0),
      SELECTS(0, OF_B(6), OF_B(FAILED)), FAILS(getpeername, B, ANY, ANY, WSAENOTCONN),
      SELECTS(0, OF_C(6), 0), RETURNS_OK(2), DO(wait_connects, NONE, 0), NO_COMMON_SELECT(0),
      NONE_OF_THREE, GIVES(Sleep, ANY, 0, ANY, 0), TIMED_OUT}},
    {"a failure of one of them fails both",
     {DO(wait_connects, NONE, 20), NO_COMMON_SELECT(20), SELECTS(0, OF_A(6), 0),
      FAILS(select, NONE, 0, OF_B(6), WSAENOTSOCK), RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0)}},
};
SCRIPT_TEST(scripted_connects_end)

#define POLL(interests) DO_WITH(poll, NONE, 120, .in2 = (interests))
#define OF_PRIORITY OF_A(FAILED)
#define IS_CONNECTED                                                   \
    STORES(getpeername, A, 0, 0, 0, V4(9)),                            \
        STORES(getsockopt, A, SOCKET_OPT(SO_TYPE), 0, 0, SOCK_STREAM), \
        STORES(getsockopt, A, SOCKET_OPT(0x700C), 0, 0, 5) /* SO_CONNECT_TIME */
#define IS_NOT_CONNECTED FAILS(getpeername, A, ANY, ANY, WSAENOTCONN)

static const struct row scripted_polls_end_script[] = {
    {"a failed connect, to which no other set belongs",
     {POLL(FER_READABLE), SELECTS(100, OF_A(READING | FAILED), OF_A(FAILED)), IS_NOT_CONNECTED,
      RETURNS_OK(FER_READABLE), POLL(FER_PRIORITY), SELECTS(100, OF_PRIORITY, OF_PRIORITY),
      IS_NOT_CONNECTED, RETURNS_OK(FER_PRIORITY)}},
    {"urgent data is not readable alone",
     {POLL(FER_READABLE), SELECTS(100, OF_A(READING | FAILED), OF_A(FAILED)), IS_CONNECTED,
      RETURNS_OK(0), POLL(FER_PRIORITY), SELECTS(100, OF_PRIORITY, OF_PRIORITY), IS_CONNECTED,
      RETURNS_OK(FER_PRIORITY)}},
    {"a reset is in no set that has urgent data",
     {POLL(FER_PRIORITY), SELECTS(100, OF_PRIORITY, 0), POLLS(A, POLLHUP),
      SELECTS(20, OF_PRIORITY, 0), POLLS(A, POLLERR), RETURNS_OK(FER_PRIORITY), POLL(FER_PRIORITY),
      SELECTS(100, OF_PRIORITY, 0), POLLS(A, 0), SELECTS(20, OF_PRIORITY, 0), POLLS(A, 0),
      SELECTS(0, OF_PRIORITY, 0), POLLS(A, 0), TIMED_OUT}},
};
SCRIPT_TEST(scripted_polls_end)

#define LAST_OF(count) (A + 4 * ((count)-1))
#define POLL_MANY(count, sets, ready)                                             \
    DO(poll_many, NONE, count), STORES(select, NONE, 0, OF_MANY(count), 0, sets), \
        STORES(WSAPoll, LAST_OF(count), POLLRDNORM, 0, 0, 0),                     \
        RETURNS_OK(1 | (int64_t)(ready) << 32)

/* Of 64 sockets the sets are on the stack, of more on the heap. */
static const struct row scripted_polls_of_many_end_script[] = {
    {"as many as a fd_set has, one more, and many: one select has all of them in each set",
     {POLL_MANY(63, READING, FER_READABLE), POLL_MANY(64, WRITING, FER_WRITABLE),
      POLL_MANY(65, READING, FER_READABLE),
      POLL_MANY(1000, READING | WRITING, FER_READABLE | FER_WRITABLE)}},
    {"all of many are ready",
     {DO(poll_many, NONE, 65), STORES(select, NONE, 0, OF_MANY(65), 0, 7),
      FAILS_WITH(getpeername, ANY, ANY, ANY, WSAENOTCONN, .times = 65),
      RETURNS_OK(65 | (int64_t)(FER_READABLE | FER_WRITABLE | FER_PRIORITY) << 32)}},
    {"none of many is ready",
     {DO(poll_many, NONE, 65), STORES(select, NONE, 0, OF_MANY(65), 0, 0), TIMED_OUT}},
    {"each of many is selected if they have several providers, and the last one is ready",
     {DO(poll_many, NONE, 65), FAILS(select, NONE, 0, OF_MANY(65), WSAENOTSOCK),
      GIVES_WITH(select, NONE, 0, ANY, 0, .times = 64), SELECTS(0, OF_A(7), OF_A(READING)),
      STORES(WSAPoll, LAST_OF(65), POLLRDNORM, 0, 0, 0),
      RETURNS_OK(1 | (int64_t)FER_READABLE << 32)}},
    {"more than memory", {DO(poll_many, NONE, INT64_MAX), RETURNS(FER_OUT_OF_MEMORY, 0, 0)}},
};
MEMORY_TEST(scripted_polls_of_many_end)
{
    run_rows(scripted_polls_of_many_end_script, sizeof scripted_polls_of_many_end_script /
                                                    sizeof scripted_polls_of_many_end_script[0]);
}

/* The last test: its requests keep their places. The abandoned request above has one. */
static const struct row scripted_places_of_requests_end_script[] = {
    {"more waits than places",
     {DO(arm_many, A, MANY_WAITS), SUPPORTS(A),
      FAILS_WITH(WSARecv, A, 0, ANY, WSA_IO_PENDING, .times = MANY_WAITS - 1), RETURNS_OK(0),
      DO(wait, A, 5), SELECTS(5, OF_A(READING), OF_A(READING)), RETURNS_OK(0),
      LEAVES_OPEN(MANY_WAITS - 1)}},
};
SCRIPT_TEST(scripted_places_of_requests_end)

TEST_MAIN("scripted_waits")

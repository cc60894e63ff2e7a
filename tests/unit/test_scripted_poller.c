/* test_scripted_poller.c: the poller of platform/winsock over scripted answers of the AFD driver:
 * statuses, combinations of events, requests that fail, cancels that race. Windows only. */
#include "unit/winsock_script.h"

#include "ferrule/poller.h"

#define BOTH (FER_READABLE | FER_WRITABLE)
#define BROKEN (BOTH | FER_READ_CLOSED | FER_WRITE_CLOSED | FER_FAILED)
/* The ioctls of the providers (afd.c), and what they answer: the lower SOCKET. */
enum {
    BASE = 0x48000022,
    LOWER = 0x4800001B,
    LOWER_BY_SELECT = 0x4800001C,
    LOWER_BY_POLL = 0x4800001D
};
#define BASE_OF(socket) HAS(socket, BASE, socket)
#define HAS(socket, code, lower) STORES(WSAIoctl, socket, code, 0, 0, lower)
#define HAS_NO(socket, code) FAILS(WSAIoctl, socket, code, 0, WSAEOPNOTSUPP)
/* Two layers that name each other, twice. */
#define TWO_LAYERS \
    HAS(A, BASE, -1), HAS(A, LOWER_BY_SELECT, B), HAS_NO(B, BASE), HAS(B, LOWER_BY_SELECT, A)
#define FOUR_LAYERS TWO_LAYERS, TWO_LAYERS
#define TYPE(socket, type) STORES(getsockopt, socket, SOCKET_OPT(SO_TYPE), 0, 0, type)
#define NO_SOCKET(socket) FAILS(getsockopt, socket, SOCKET_OPT(SO_TYPE), 0, WSAENOTSOCK)
/* A datagram socket of this port. */
#define IDENTITY(socket, port) \
    TYPE(socket, SOCK_DGRAM), STORES(getsockname, socket, 0, 0, 0, V4(port))
#define IDENTITY_OF_STREAM(socket, port, peer)                                 \
    TYPE(socket, SOCK_STREAM), STORES(getsockname, socket, 0, 0, 0, V4(port)), \
        STORES(getpeername, socket, 0, 0, 0, V4(peer))

/* The events that are requested for an interest. */
enum { NOTHING = 0x130, READS = 0x1B9, WRITES = 0x134, READS_AND_WRITES = 0x1BD };
#define REQUESTS(socket, events) GIVES(NtDeviceIoControlFile, socket, events, 0, 0)
#define REFUSES(socket, events, status) FAILS(NtDeviceIoControlFile, socket, events, 0, status)
#define ADDS(socket, interest, events)                                                          \
    DO(add, socket, interest), BASE_OF(socket), IDENTITY(socket, 80), REQUESTS(socket, events), \
        RETURNS_OK(0)
#define CANCELS_IT(index) GIVES(NtCancelIoFileEx, ANY, index, 0, 0)
#define TAKES(millis) GIVES(GetQueuedCompletionStatusEx, PORT, millis, 4, 1)
#define OPENS DO(open_poller, NONE, 0), RETURNS_OK(0)
/* A poller is not opened: no driver, or no function after so many. */
#define NO_DRIVER(status, kind, code) \
    DO(open_poller, NONE, 0), FAILS(NtCreateFile, ANY, ANY, ANY, status), RETURNS(kind, code, 0)
#define FINDS(count) GIVES_WITH(GetProcAddress, ANY, ANY, ANY, 0, .times = (count))
#define LACKS \
    FAILS(GetProcAddress, ANY, ANY, ANY, ERROR_PROC_NOT_FOUND), RETURNS(FER_UNSUPPORTED, 0, 0)
#define NOT_FOUND_STATUS 0xC0000225u
#define CANCELLED 0xC0000120u
#define INVALID_HANDLE 0xC0000008u
#define NO_RESOURCES 0xC000009Au
/* The end of a poller without requests, and with this one. */
#define CLOSES DO(close_poller, NONE, 0), RETURNS_OK(0)
#define CLOSES_WITH(index)                                                                     \
    DO(close_poller, NONE, 0), CANCELS_IT(index),                                              \
        GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), COMPLETES(index, 0, CANCELLED), \
        RETURNS_OK(0)
#define EVENT_OF(socket, interest) ((socket) | (interest) << 16 | 1 << 28)
#define NOTIFIED (1 << 27)
#define WAIT_EVENTS(millis) DO(wait_events, NONE, millis)
#define PASSES_A_PERIOD WAIT_EVENTS(5000), TAKES(1000), RETURNS_OK(0)
/* A wait without requests to begin, with one packet of A's request, and its event. */
#define REPORTS(index, events, status, interest)                    \
    WAIT_EVENTS(500), TAKES(500), COMPLETES(index, events, status), \
        RETURNS_OK(EVENT_OF(A, interest))
/* The same, after a new request of A. */
#define REPORTS_AGAIN(index, requested, events, status, interest)                           \
    WAIT_EVENTS(500), REQUESTS(A, requested), TAKES(500), COMPLETES(index, events, status), \
        RETURNS_OK(EVENT_OF(A, interest))

#define REPORTS_INPUT_AGAIN(index) REPORTS_AGAIN(index, READS, FERP_AFD_RECEIVE, 0, FER_READABLE)
#define ENDS_READABLE(index) \
    COMPLETES(index, FERP_AFD_RECEIVE, 0), RETURNS_OK(EVENT_OF(A, FER_READABLE))
#define ENDS_WRITABLE(index) \
    COMPLETES(index, FERP_AFD_SEND, 0), RETURNS_OK(EVENT_OF(A, FER_WRITABLE))
/* A poller with a reader, which has been reported. */
#define OPENS_WITH_A OPENS, ADDS(A, FER_READABLE, READS)
#define OPENS_AND_REPORTS OPENS_WITH_A, REPORTS(0, FERP_AFD_RECEIVE, 0, FER_READABLE)
/* A's request waits for a period and is made again. */
#define REARMS(index)                                                   \
    PASSES_A_PERIOD, WAIT_EVENTS(5000), CANCELS_IT(index), TAKES(1000), \
        COMPLETES(index, 0, CANCELLED), REQUESTS(A, READS), TAKES(0), RETURNS_OK(0)
#define CLOSES_A DO(close, A, 0), GIVES(closesocket, A, 0, 0, 0), RETURNS_OK(0)

/* The functions are found once, so this test comes first. */
static const struct row scripted_functions_are_missing_script[] = {
    {"each function of ntdll",
     {DO(open_poller, NONE, 0), LACKS, DO(open_poller, NONE, 0), FINDS(1), LACKS,
      DO(open_poller, NONE, 0), FINDS(2), LACKS, DO(open_poller, NONE, 0), FINDS(3), LACKS, OPENS,
      CLOSES}},
};
SCRIPT_TEST(scripted_functions_are_missing)

static const struct row scripted_events_are_reported_script[] = {
    {"each event of a reader", /* WT afd.c, test_poll */
     {OPENS_AND_REPORTS, REPORTS_AGAIN(1, READS, FERP_AFD_ACCEPT, 0, FER_READABLE),
      REPORTS_AGAIN(2, READS, FERP_AFD_DISCONNECT, 0, FER_READABLE | FER_READ_CLOSED),
      REPORTS_AGAIN(3, READS, FERP_AFD_RECEIVE | FERP_AFD_DISCONNECT, 0,
                    FER_READABLE | FER_READ_CLOSED),
      CLOSES}},
    {"a reset, with the events that come with it", /* WT afd.c, test_poll_reset */
     {OPENS_WITH_A, REPORTS(0, FERP_AFD_ABORT | FERP_AFD_SEND, 0, BROKEN),
      REPORTS_AGAIN(1, READS, FERP_AFD_CONNECT_FAIL, 0, BROKEN), CLOSES}},
    {"each event of a writer",
     {OPENS, ADDS(A, FER_WRITABLE, WRITES), REPORTS(0, FERP_AFD_SEND, 0, FER_WRITABLE),
      REPORTS_AGAIN(1, WRITES, FERP_AFD_ABORT, 0, BROKEN),
      REPORTS_AGAIN(2, WRITES, FERP_AFD_SEND | FERP_AFD_RECEIVE, 0, FER_WRITABLE), CLOSES}},
    {"of both, and of nothing but failures",
     {OPENS, ADDS(A, BOTH, READS_AND_WRITES),
      REPORTS(0, FERP_AFD_SEND | FERP_AFD_DISCONNECT, 0, BOTH | FER_READ_CLOSED),
      REPORTS_AGAIN(1, READS_AND_WRITES, FERP_AFD_SEND, 0, FER_WRITABLE), CLOSES}},
    {"of the end alone, and of urgent data",
     {OPENS, ADDS(A, FER_READ_CLOSED, NOTHING | FERP_AFD_DISCONNECT),
      REPORTS(0, FERP_AFD_DISCONNECT, 0, FER_READ_CLOSED), DO(modify, A, FER_PRIORITY),
      RETURNS_OK(0),
      REPORTS_AGAIN(1, NOTHING | FERP_AFD_RECEIVE_EXPEDITED, FERP_AFD_RECEIVE_EXPEDITED, 0,
                    FER_PRIORITY),
      CLOSES}},
    {"without an interest a failure is reported once",
     {OPENS, ADDS(A, 0, NOTHING), REPORTS(0, FERP_AFD_ABORT, 0, BROKEN), WAIT_EVENTS(5), TAKES(5),
      RETURNS_OK(0), CLOSES}},
    {"once, and then after a modify",
     {OPENS, DO(add_once, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 80), REQUESTS(A, READS),
      RETURNS_OK(0), REPORTS(0, FERP_AFD_RECEIVE, 0, FER_READABLE), WAIT_EVENTS(5), TAKES(5),
      RETURNS_OK(0), DO(modify, A, FER_WRITABLE), RETURNS_OK(0),
      REPORTS_AGAIN(1, WRITES, FERP_AFD_SEND, 0, FER_WRITABLE), CLOSES}},
    {"two sockets and a notification in one wait",
     {OPENS_WITH_A, ADDS(B, FER_WRITABLE, WRITES), WAIT_EVENTS(500), TAKES(500),
      COMPLETES(0, FERP_AFD_RECEIVE, 0), NOTIFIES, COMPLETES(1, FERP_AFD_SEND, 0),
      RETURNS_OK(B | FER_WRITABLE << 16 | NOTIFIED | 2 << 28), CLOSES}},
    {"there are no edges, and a modify to them changes nothing",
     {OPENS_WITH_A, DO_WITH(modify, A, FER_WRITABLE, .flags = 1), RETURNS(FER_UNSUPPORTED, 0, 0),
      REPORTS(0, FERP_AFD_RECEIVE, 0, FER_READABLE), CLOSES}},
    {"a modify during a wait begins a request",
     {OPENS, DO(add_once, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 80), REQUESTS(A, READS),
      RETURNS_OK(0), REPORTS(0, FERP_AFD_RECEIVE, 0, FER_READABLE), WAIT_EVENTS(500), TAKES(500),
      MEANWHILE(modify, A, FER_READABLE), REQUESTS(A, READS), RETURNS_OK(0), ENDS_READABLE(1),
      CLOSES}},
    {"another thread closes the socket",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), COMPLETES(0, FERP_AFD_LOCAL_CLOSE, 0), TAKES(0),
      RETURNS_OK(0), DO(modify, A, 0), TYPE(A, SOCK_DGRAM), RETURNS(FER_NOT_FOUND, 0, 0), CLOSES}},
    {"a wait is at most a period, and one without time takes what is there",
     {OPENS, PASSES_A_PERIOD, WAIT_EVENTS(0), TAKES(0), RETURNS_OK(0), CLOSES}},
    {"a wait for packets that fails",
     {OPENS, WAIT_EVENTS(500),
      FAILS(GetQueuedCompletionStatusEx, PORT, 500, 4, ERROR_INVALID_HANDLE),
      RETURNS(FER_BAD_HANDLE, ERROR_INVALID_HANDLE, 0), CLOSES}},
    {"a notification that cannot be posted",
     {OPENS, DO(notify, NONE, 0), GIVES(PostQueuedCompletionStatus, PORT, 0, 0, 1), RETURNS_OK(0),
      DO(notify, NONE, 0), FAILS(PostQueuedCompletionStatus, PORT, 0, 0, ERROR_NOT_ENOUGH_MEMORY),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY, 0), CLOSES}},
};
SCRIPT_TEST(scripted_events_are_reported)

static const struct row scripted_requests_of_the_driver_fail_script[] = {
    {"a request that ends with a failure is an event",
     {OPENS_WITH_A, REPORTS(0, 0, 0xC0000236u, BROKEN), CLOSES}},
    {"a transient failure begins again in the next period",
     {OPENS_WITH_A, WAIT_EVENTS(5), TAKES(5), COMPLETES(0, 0, NO_RESOURCES), TAKES(0),
      RETURNS_OK(0), PASSES_A_PERIOD, REPORTS_INPUT_AGAIN(1), CLOSES}},
    {"a cancel that nobody has made: the request begins again, at first without delay",
     {OPENS_WITH_A, WAIT_EVENTS(5), TAKES(5), COMPLETES(0, 0, CANCELLED), REQUESTS(A, READS),
      TAKES(0), COMPLETES(1, 0, 0), REQUESTS(A, READS), TAKES(0), COMPLETES(2, 0, 0), TAKES(0),
      RETURNS_OK(0), PASSES_A_PERIOD, REPORTS_INPUT_AGAIN(3), CLOSES}},
    {"the driver rejects the SOCKET of a provider of its own",
     {OPENS, DO(add, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 80),
      REFUSES(A, READS, INVALID_HANDLE), TYPE(A, SOCK_DGRAM),
      RETURNS(FER_UNSUPPORTED, ERROR_INVALID_HANDLE, 0), CLOSES}},
    {"a layer hides the base SOCKET: the driver gets the lower one",
     {OPENS, DO(add, A, FER_READABLE), HAS_NO(A, BASE), HAS_NO(A, LOWER_BY_SELECT),
      HAS(A, LOWER_BY_POLL, B), HAS_NO(B, BASE), HAS(B, LOWER_BY_SELECT, B),
      HAS_NO(B, LOWER_BY_POLL), HAS(B, LOWER, A), HAS(A, BASE, C), IDENTITY(A, 80),
      REQUESTS(C, READS), RETURNS_OK(0), REPORTS(0, FERP_AFD_RECEIVE, 0, FER_READABLE), CLOSES}},
    {"a lower layer that knows no SOCKET of its own, with no layer below it",
     {OPENS, DO(add, A, FER_READABLE), HAS_NO(A, BASE), HAS(A, LOWER_BY_SELECT, B),
      FAILS(WSAIoctl, B, BASE, 0, WSAENOTSOCK), HAS(B, LOWER_BY_SELECT, B),
      HAS(B, LOWER_BY_POLL, -1), HAS_NO(B, LOWER), IDENTITY(A, 80), REQUESTS(B, READS),
      RETURNS_OK(0), CLOSES_WITH(0)}},
    {"a base that is no SOCKET, and layers that name each other: at most 16 are passed",
     {OPENS, DO(add, A, FER_READABLE), FOUR_LAYERS, FOUR_LAYERS, FOUR_LAYERS, FOUR_LAYERS,
      IDENTITY(A, 80), REQUESTS(A, READS), RETURNS_OK(0), CLOSES_WITH(0)}},
    {"no socket",
     {OPENS, DO(add, A, FER_READABLE), FAILS(WSAIoctl, A, BASE, 0, WSAENOTSOCK),
      RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0), DO(add, A, FER_READABLE), BASE_OF(A),
      IDENTITY(A, 80), REFUSES(A, READS, INVALID_HANDLE), NO_SOCKET(A),
      RETURNS(FER_BAD_HANDLE, ERROR_INVALID_HANDLE, 0), CLOSES}},
    {"no memory for a request, or a cancel while it is made",
     {OPENS, DO(add, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 80), REFUSES(A, READS, NO_RESOURCES),
      RETURNS(FER_NO_BUFFER_SPACE, ERROR_NO_SYSTEM_RESOURCES, 0), DO(add, A, FER_READABLE),
      BASE_OF(A), IDENTITY(A, 80), REFUSES(A, READS, CANCELLED),
      RETURNS(FER_RESOURCE_BUSY, ERROR_OPERATION_ABORTED, 0), CLOSES}},
    {"a new request that fails is an event of its socket only",
     {OPENS_AND_REPORTS, WAIT_EVENTS(500), REFUSES(A, READS, INVALID_HANDLE), TYPE(A, SOCK_DGRAM),
      GIVES(PostQueuedCompletionStatus, PORT, 1, 0, 1), TAKES(500), COMPLETES(1, 0, 0),
      RETURNS_OK(EVENT_OF(A, BROKEN)), CLOSES}},
    {"a packet that cannot be posted waits for the next period",
     {OPENS_AND_REPORTS, WAIT_EVENTS(5000), REFUSES(A, READS, INVALID_HANDLE), TYPE(A, SOCK_DGRAM),
      FAILS(PostQueuedCompletionStatus, PORT, 1, 0, ERROR_NOT_ENOUGH_MEMORY), TAKES(1000),
      RETURNS_OK(0), REPORTS_INPUT_AGAIN(1), CLOSES}},
    {"a new request without memory begins in the next period",
     {OPENS_AND_REPORTS, WAIT_EVENTS(5000), REFUSES(A, READS, NO_RESOURCES), TAKES(1000),
      RETURNS_OK(0), REPORTS_INPUT_AGAIN(1), CLOSES}},
    {"a new request for a number that is no socket any more",
     {OPENS_AND_REPORTS, WAIT_EVENTS(5), REFUSES(A, READS, INVALID_HANDLE), NO_SOCKET(A), TAKES(5),
      RETURNS_OK(0), DO(delete_it, A, 0), NO_SOCKET(A), RETURNS(FER_BAD_HANDLE, WSAENOTSOCK, 0),
      CLOSES}},
    {"no driver, and no memory for its handle or its port",
     {NO_DRIVER(0xC0000034u, FER_UNSUPPORTED, ERROR_FILE_NOT_FOUND),
      NO_DRIVER(0xC0000022u, FER_UNSUPPORTED, ERROR_ACCESS_DENIED),
      NO_DRIVER(0xC0000017u, FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY),
      NO_DRIVER(0xC000011Fu, FER_TOO_MANY_OPEN_FILES, ERROR_TOO_MANY_OPEN_FILES),
      NO_DRIVER(NO_RESOURCES, FER_NO_BUFFER_SPACE, ERROR_NO_SYSTEM_RESOURCES),
      DO(open_poller, NONE, 0),
      FAILS(CreateIoCompletionPort, -1, NONE, ANY, ERROR_NOT_ENOUGH_MEMORY),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY, 0), DO(open_poller, NONE, 0),
      GIVES(CreateIoCompletionPort, -1, NONE, ANY, 0),
      FAILS(CreateIoCompletionPort, DRIVER, PORT, ANY, ERROR_NOT_ENOUGH_MEMORY),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY, 0)}},
};
SCRIPT_TEST(scripted_requests_of_the_driver_fail)

static const struct row scripted_requests_of_the_driver_are_cancelled_script[] = {
    {"the end of a poller cancels and takes what is outstanding", {OPENS_WITH_A, CLOSES_WITH(0)}},
    {"more events: the request is cancelled, and a new one follows its packet",
     {OPENS_WITH_A, DO(modify, A, BOTH), RETURNS_OK(0), WAIT_EVENTS(500), CANCELS_IT(0), TAKES(500),
      COMPLETES(0, 0, CANCELLED), REQUESTS(A, READS_AND_WRITES), TAKES(0), ENDS_WRITABLE(1),
      CLOSES}},
    {"fewer events: the request stays, and its other events are discarded",
     {OPENS, ADDS(A, BOTH, READS_AND_WRITES), DO(modify, A, FER_READABLE), RETURNS_OK(0),
      WAIT_EVENTS(5), TAKES(5), COMPLETES(0, FERP_AFD_SEND, 0), REQUESTS(A, READS), TAKES(0),
      ENDS_READABLE(1), CLOSES}},
    {"a modify during a wait acts at once",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(modify, A, FER_WRITABLE), CANCELS_IT(0),
      RETURNS_OK(0), COMPLETES(0, 0, CANCELLED), REQUESTS(A, WRITES), TAKES(0), ENDS_WRITABLE(1),
      CLOSES}},
    {"the request completes before the cancel: its old events are discarded",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(modify, A, FER_WRITABLE),
      FAILS(NtCancelIoFileEx, ANY, 0, 0, NOT_FOUND_STATUS), RETURNS_OK(0),
      COMPLETES(0, FERP_AFD_RECEIVE, 0), REQUESTS(A, WRITES), TAKES(0), ENDS_WRITABLE(1), CLOSES}},
    {"the same with more events: only the new request reports them",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(modify, A, BOTH),
      FAILS(NtCancelIoFileEx, ANY, 0, 0, NOT_FOUND_STATUS), RETURNS_OK(0),
      COMPLETES(0, FERP_AFD_RECEIVE, 0), REQUESTS(A, READS_AND_WRITES), TAKES(0), ENDS_WRITABLE(1),
      CLOSES}},
    {"a delete during a wait: the packet is discarded",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(delete_it, A, 0),
      FAILS(NtCancelIoFileEx, ANY, 0, 0, NOT_FOUND_STATUS), RETURNS_OK(0),
      COMPLETES(0, FERP_AFD_RECEIVE, 0), TAKES(0), RETURNS_OK(0), DO(delete_it, A, 0),
      TYPE(A, SOCK_DGRAM), RETURNS(FER_NOT_FOUND, 0, 0), CLOSES}},
    {"a delete and an add before the packet: one request at a time",
     {OPENS_WITH_A, DO(delete_it, A, 0), CANCELS_IT(0), RETURNS_OK(0), DO(add, A, FER_WRITABLE),
      BASE_OF(A), IDENTITY(A, 80), RETURNS_OK(0), WAIT_EVENTS(500), TAKES(500),
      COMPLETES(0, FERP_AFD_ABORT, 0), REQUESTS(A, WRITES), TAKES(0), ENDS_WRITABLE(1), CLOSES}},
    {"a request that waits for a period is made again, and finds what the driver has lost",
     {OPENS_WITH_A, PASSES_A_PERIOD, WAIT_EVENTS(5000), CANCELS_IT(0), TAKES(1000),
      COMPLETES(0, 0, CANCELLED), REQUESTS(A, READS), TAKES(0), ENDS_READABLE(1), CLOSES}},
    {"it is made again at once, however often",
     {OPENS_WITH_A, REARMS(0), REARMS(1), REARMS(2), REPORTS(3, FERP_AFD_RECEIVE, 0, FER_READABLE),
      CLOSES}},
    {"an event that comes before the cancel of its rearm is kept",
     {OPENS_WITH_A, PASSES_A_PERIOD, WAIT_EVENTS(5000),
      FAILS(NtCancelIoFileEx, ANY, 0, 0, NOT_FOUND_STATUS), TAKES(1000), ENDS_READABLE(0), CLOSES}},
    {"a request of which no packet comes is abandoned after 4 periods",
     {OPENS_WITH_A, PASSES_A_PERIOD, WAIT_EVENTS(5000), CANCELS_IT(0), TAKES(1000), RETURNS_OK(0),
      PASSES_A_PERIOD, PASSES_A_PERIOD, PASSES_A_PERIOD, REPORTS_INPUT_AGAIN(1), WAIT_EVENTS(5),
      REQUESTS(A, READS), TAKES(5), COMPLETES(0, FERP_AFD_RECEIVE, CANCELLED), TAKES(0),
      RETURNS_OK(0), CLOSES_WITH(2)}},
    {"a deleted socket of which no packet comes, and a new one of its number",
     {OPENS_WITH_A, DO(delete_it, A, 0), CANCELS_IT(0), RETURNS_OK(0), PASSES_A_PERIOD,
      PASSES_A_PERIOD, PASSES_A_PERIOD, PASSES_A_PERIOD, PASSES_A_PERIOD,
      ADDS(A, FER_WRITABLE, WRITES), REPORTS(1, FERP_AFD_SEND, 0, FER_WRITABLE), CLOSES}},
    {"the end of a poller waits for a packet two periods, and leaves a lost request's memory",
     {OPENS_WITH_A, DO(close_poller, NONE, 0), CANCELS_IT(0),
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), RETURNS_OK(0)}},
    {"the end of a poller drops notifications",
     {OPENS_WITH_A, DO(close_poller, NONE, 0), CANCELS_IT(0),
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), NOTIFIES,
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), COMPLETES(0, 0, CANCELLED),
      RETURNS_OK(0)}},
    {"while another thread waits, a new request begins at once",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(wait_events, NONE, 500), TAKES(500),
      COMPLETES(0, FERP_AFD_RECEIVE, 0), REQUESTS(A, READS), RETURNS_OK(EVENT_OF(A, FER_READABLE)),
      COMPLETES(1, FERP_AFD_DISCONNECT, 0), RETURNS_OK(EVENT_OF(A, FER_READABLE | FER_READ_CLOSED)),
      CLOSES}},
};
SCRIPT_TEST(scripted_requests_of_the_driver_are_cancelled)

/* A number whose closes are counted in the same word as A's. */
#define SAME_WORD (A + 4 * 4096)
#define EXISTS RETURNS(FER_ALREADY_EXISTS, 0, 0)

/* Windows gives a number again, at once. */
static const struct row scripted_numbers_are_used_again_script[] = {
    {"this library closes a socket, and a new one has its number",
     {OPENS_WITH_A, CLOSES_A, DO(add, A, FER_WRITABLE), BASE_OF(A), CANCELS_IT(0), IDENTITY(A, 80),
      RETURNS_OK(0), WAIT_EVENTS(500), TAKES(500), COMPLETES(0, FERP_AFD_LOCAL_CLOSE, 0),
      REQUESTS(A, WRITES), TAKES(0), ENDS_WRITABLE(1), CLOSES}},
    {"another thread adds the new socket before the close has returned",
     {OPENS_WITH_A, DO(close, A, 0), GIVES(closesocket, A, 0, 0, 0),
      MEANWHILE(add, A, FER_WRITABLE), BASE_OF(A), CANCELS_IT(0), IDENTITY(A, 80), RETURNS_OK(0),
      RETURNS_OK(0), DO(modify, A, FER_WRITABLE), RETURNS_OK(0), WAIT_EVENTS(500), TAKES(500),
      COMPLETES(0, FERP_AFD_LOCAL_CLOSE, CANCELLED), REQUESTS(A, WRITES), TAKES(0),
      ENDS_WRITABLE(1), CLOSES}},
    {"the same socket is added twice",
     {OPENS_WITH_A, DO(add, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 80), EXISTS, CLOSES_WITH(0)}},
    {"other code closes it: the new one has another port",
     {OPENS_WITH_A, DO(add, A, FER_READABLE), BASE_OF(A), IDENTITY(A, 81), CANCELS_IT(0),
      RETURNS_OK(0), DO(close_poller, NONE, 0),
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), COMPLETES(0, 0, CANCELLED),
      RETURNS_OK(0)}},
    {"other code closes it: the new one is a stream of the same port",
     {OPENS_WITH_A, DO(add, A, FER_READABLE), BASE_OF(A), TYPE(A, SOCK_STREAM),
      STORES(getsockname, A, 0, 0, 0, V4(80)), FAILS(getpeername, A, 0, 0, WSAENOTCONN),
      CANCELS_IT(0), RETURNS_OK(0), DO(close_poller, NONE, 0),
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1), COMPLETES(0, 0, CANCELLED),
      RETURNS_OK(0)}},
    {"another peer is another stream, no peer may be a reset one",
     {OPENS,
      DO(add, A, FER_READABLE),
      BASE_OF(A),
      IDENTITY_OF_STREAM(A, 80, 1000),
      REQUESTS(A, READS),
      RETURNS_OK(0),
      DO(add, A, FER_READABLE),
      BASE_OF(A),
      TYPE(A, SOCK_STREAM),
      STORES(getsockname, A, 0, 0, 0, V4(80)),
      FAILS(getpeername, A, 0, 0, WSAENOTCONN),
      EXISTS,
      DO(add, A, FER_READABLE),
      BASE_OF(A),
      IDENTITY_OF_STREAM(A, 80, 1001),
      CANCELS_IT(0),
      RETURNS_OK(0),
      DO(close_poller, NONE, 0),
      GIVES(GetQueuedCompletionStatusEx, PORT, 2000, 64, 1),
      COMPLETES(0, 0, CANCELLED),
      RETURNS_OK(0)}},
    {"another number of the same word is closed: A is compared once",
     {OPENS_WITH_A, DO(close, SAME_WORD, 0), GIVES(closesocket, SAME_WORD, 0, 0, 0), RETURNS_OK(0),
      WAIT_EVENTS(500), TAKES(500), COMPLETES(0, FERP_AFD_RECEIVE, 0), IDENTITY(A, 80),
      RETURNS_OK(EVENT_OF(A, FER_READABLE)), REPORTS_INPUT_AGAIN(1), CLOSES}},
    {"the same after A was closed, too: it has another port",
     {OPENS_WITH_A, CLOSES_A, DO(close, SAME_WORD, 0), GIVES(closesocket, SAME_WORD, 0, 0, 0),
      RETURNS_OK(0), WAIT_EVENTS(5), TAKES(5), COMPLETES(0, FERP_AFD_RECEIVE, 0), IDENTITY(A, 81),
      TAKES(0), RETURNS_OK(0), CLOSES}},
    {"an event of a socket that this library closes during the wait is discarded",
     {OPENS_WITH_A, WAIT_EVENTS(500), TAKES(500), MEANWHILE(close, A, 0),
      GIVES(closesocket, A, 0, 0, 0), RETURNS_OK(0), COMPLETES(0, FERP_AFD_RECEIVE, 0), TAKES(0),
      RETURNS_OK(0), CLOSES}},
};
SCRIPT_TEST(scripted_numbers_are_used_again)

TEST_MAIN("scripted_poller")

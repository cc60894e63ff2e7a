/* waits_winsock.c: calls that wait on adopted SOCKETs without WSA_FLAG_OVERLAPPED, or with a
 * completion port of other code (rule R1). */
#define _WIN32_WINNT 0x0601
#include "interop/waits_winsock.h"

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <stdatomic.h>

#include "interop/adoption_winsock.h"
#include "interop/handle_types.h"
#include "support/fixture.h"
#include "support/thread.h"

enum { TIMEOUT_MS = 300, PAUSE_MS = 150, SOON_US = 5000000 };

static void adopt(const struct handle_type *type, any_handle *handle, SOCKET socket)
{
    memset(handle, 0, sizeof *handle);
    assert_ok(type->from_raw(handle, (fer_raw_socket)socket));
    if (type->set_read_timeout != NULL) {
        assert_ok(type->set_read_timeout(handle, millis(TIMEOUT_MS)));
    }
}

static void assert_expires(const struct handle_type *type, any_handle *handle)
{
    char byte = '\0';
    size_t n = 0;
    uint64_t start = peer_now_us();
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
    uint64_t took = microseconds_since(start);
    assert_true(took + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000 && took < SOON_US);
}

static void assert_receives(const struct handle_type *type, any_handle *handle, SOCKET other)
{
    char byte = '\0';
    size_t n = 0;
    assert_int_equal(send(other, "x", 1, 0), 1);
    assert_ok(type->receive(handle, &byte, 1, &n));
    assert_true(n == 1 && byte == 'x');
}

static const struct kind {
    handle_type_id type;
    SOCKET (*not_overlapped)(SOCKET *other);
    SOCKET (*overlapped)(SOCKET *other);
} kinds[] = {{TCP_STREAM, tcp_not_overlapped, tcp_connected},
             {UDP_SOCKET, udp_not_overlapped, udp_connected}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- Not overlapped */

/* T2: an overlapped receive on such a SOCKET would wait inside the call. */
void reads_of_a_socket_that_is_not_overlapped_expire(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const struct handle_type *type = &handle_types[kinds[i].type];
        any_handle handle;
        SOCKET other = NONE;
        adopt(type, &handle, kinds[i].not_overlapped(&other));
        assert_expires(type, &handle);
        assert_receives(type, &handle, other);
        assert_expires(type, &handle);
        type->close(&handle);
        assert_int_equal(closesocket(other), 0);
    }
}

struct reader {
    fer_tcp_stream *stream;
    atomic_bool started;
    fer_error error;
    char byte;
    size_t n;
};

static void read_one(void *argument)
{
    struct reader *reader = argument;
    atomic_store(&reader->started, true);
    reader->error = fer_tcp_stream_read(reader->stream, &reader->byte, 1, &reader->n);
}

static void start_reader(test_thread *thread, struct reader *reader, fer_tcp_stream *stream)
{
    *reader = (struct reader){.stream = stream, .n = 77};
    atomic_init(&reader->started, false);
    test_thread_start(thread, read_one, reader);
    while (!atomic_load(&reader->started)) {
        test_thread_yield();
    }
    peer_pause(PAUSE_MS);
}

void a_read_of_a_socket_that_is_not_overlapped_gets_what_arrives(void **state)
{
    (void)state;
    fer_tcp_stream *stream = test_stream();
    SOCKET other = NONE;
    test_thread thread;
    struct reader reader;
    assert_ok(fer_tcp_stream_from_raw(stream, (fer_raw_socket)tcp_not_overlapped(&other)));
    start_reader(&thread, &reader, stream);
    int sent = send(other, "x", 1, 0);
    test_thread_join(&thread);
    assert_int_equal(sent, 1);
    assert_ok(reader.error);
    assert_true(reader.n == 1 && reader.byte == 'x');
    assert_int_equal(closesocket(other), 0);
}

/* S6 */
void shutdown_wakes_a_read_of_a_socket_that_is_not_overlapped(void **state)
{
    (void)state;
    fer_tcp_stream *stream = test_stream();
    SOCKET other = NONE;
    test_thread thread;
    struct reader reader;
    assert_ok(fer_tcp_stream_from_raw(stream, (fer_raw_socket)tcp_not_overlapped(&other)));
    start_reader(&thread, &reader, stream);
    uint64_t start = peer_now_us();
    fer_error error = fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ);
    test_thread_join(&thread);
    uint64_t took = microseconds_since(start);
    assert_ok(error);
    assert_ok(reader.error);
    assert_int_equal(reader.n, 0);
    assert_true(took < SOON_US);
    assert_int_equal(closesocket(other), 0);
}

void writes_to_a_socket_that_is_not_overlapped_expire(void **state)
{
    (void)state;
    static const char zeros[65536];
    fer_tcp_stream *stream = test_stream();
    SOCKET other = NONE;
    fer_error error;
    assert_ok(fer_tcp_stream_from_raw(stream, (fer_raw_socket)tcp_not_overlapped(&other)));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(TIMEOUT_MS)));
    do {
        error = fer_tcp_stream_write(stream, zeros, sizeof zeros, NULL);
    } while (error.kind == FER_OK);
    assert_own(error, FER_TIMED_OUT);
    assert_int_equal(closesocket(other), 0);
}

void a_listener_that_is_not_overlapped_accepts(void **state)
{
    (void)state;
    fer_tcp_listener *listener = test_listener();
    uint16_t port = 0;
    assert_ok(fer_tcp_listener_from_raw(listener, (fer_raw_socket)listener_not_overlapped(&port)));
    fer_tcp_stream *stream = test_stream();
    peer_socket peer = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, peer);
}

/* ---- A completion port of other code */

static bool has_packet(HANDLE port)
{
    DWORD moved = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    return GetQueuedCompletionStatus(port, &moved, &key, &overlapped, 0) || overlapped != NULL;
}

/* "GetQueuedCompletionStatus function", MSDN: the low bit of hEvent keeps a completion from the
 * port. */
void waits_queue_no_packet_in_a_port_of_the_socket(void **state)
{
    (void)state;
    const UCHAR modes[] = {0, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS, FILE_SKIP_SET_EVENT_ON_HANDLE,
                           FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE};
    for (size_t i = 0; i < KINDS * sizeof modes; i++) {
        const struct handle_type *type = &handle_types[kinds[i % KINDS].type];
        any_handle handle;
        SOCKET other = NONE;
        SOCKET socket = kinds[i % KINDS].overlapped(&other);
        HANDLE port = CreateIoCompletionPort((HANDLE)socket, NULL, 1, 0);
        assert_non_null(port);
        assert_true(SetFileCompletionNotificationModes((HANDLE)socket, modes[i / KINDS]));
        adopt(type, &handle, socket);
        assert_expires(type, &handle);
        assert_receives(type, &handle, other);
        assert_expires(type, &handle);
        assert_false(has_packet(port));
        type->close(&handle);
        assert_int_equal(closesocket(other), 0);
        assert_true(CloseHandle(port));
    }
}

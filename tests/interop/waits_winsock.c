/* waits_winsock.c: calls that wait on adopted SOCKETs with a completion port of other code (rule
 * R1). */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>

#include <windows.h>
#include <winternl.h>
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
    SOCKET (*create)(SOCKET *other);
} kinds[] = {{TCP_STREAM, tcp_connected}, {UDP_SOCKET, udp_connected}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

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
RULE_TEST("R1", waits_queue_no_packet_in_a_port_of_the_socket)
{
    const UCHAR modes[] = {0, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS, FILE_SKIP_SET_EVENT_ON_HANDLE,
                           FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE};
    for (size_t i = 0; i < KINDS * sizeof modes; i++) {
        const struct handle_type *type = &handle_types[kinds[i % KINDS].type];
        any_handle handle;
        SOCKET other = NONE;
        SOCKET socket = kinds[i % KINDS].create(&other);
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

RULE_TESTS_AS(waits_tests, "waits")

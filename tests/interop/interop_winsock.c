/* interop_winsock.c: raw sockets passed between ferrule and code that calls Winsock itself, in both
 * directions (rules R1, R2, T6). Sockets that each handle type adopts or refuses:
 * adoption_winsock.c. */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>

#include <windows.h>
#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop/adoption.h"
#include "support/fixture.h"

#define INHERITED_LISTENER "--inherited-listener"

enum {
    TIMEOUT_MS = 52,
    PORT_TIMEOUT_MS = 300,
    SOON_US = 5000000,
    CHILD_MS = 60000,
    COMMAND_SIZE = 1024
};

/* ---- State read from adopted sockets */

/* Sockets of each connected type that carries bytes and supports waiting. */
static const struct connected {
    handle_type_id type;
    SOCKET (*create)(SOCKET *other);
} connected_kinds[] = {
    {TCP_STREAM, tcp_connected}, {TCP_STREAM, tcp_accepted}, {UDP_SOCKET, udp_connected}};

enum { KINDS = sizeof connected_kinds / sizeof connected_kinds[0] };

#define EACH_KIND(rule, function) KINDS_TEST(rule, function, SOCKET, closesocket)

static void set_real_mode(SOCKET socket, u_long nonblocking)
{
    assert_int_equal(ioctlsocket(socket, (long)FIONBIO, &nonblocking), 0);
}

static void assert_would_block(SOCKET socket)
{
    char byte = '\0';
    assert_true(recv(socket, &byte, 1, 0) == SOCKET_ERROR && WSAGetLastError() == WSAEWOULDBLOCK);
}

/* R1: Windows cannot report the blocking mode, so an adopted SOCKET counts as blocking, whatever
 * its FIONBIO is ("raw_mode"). */
EACH_KIND("R1", a_nonblocking_socket_is_taken_to_be_blocking)
{
    char byte = '\0';
    size_t n = 0;
    set_real_mode(ends[0], 1);
    assert_ok(type->from_raw(handle, (fer_raw_socket)ends[0]));
    assert_ok(fer_socket_set_read_timeout(type->as_socket(handle), millis(TIMEOUT_MS)));
    uint64_t start = peer_now_us();
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
    assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000);
    assert_ok(fer_socket_set_nonblocking(type->as_socket(handle), true));
    assert_kind(type->receive(handle, &byte, 1, &n), FER_WOULD_BLOCK);
}

/* ---- Sockets that into_raw and as_raw return */

/* R1: "into_raw releases the socket to the caller, with the mode and the timeouts that were set
 * applied to it": blocking again, with SO_RCVTIMEO, or nonblocking if the user set that. */
EACH_KIND("R1", plain_calls_work_on_what_into_raw_gives)
{
    char byte = '\0';
    assert_ok(type->from_raw(handle, (fer_raw_socket)ends[0]));
    assert_ok(fer_socket_set_read_timeout(type->as_socket(handle), millis(TIMEOUT_MS)));
    assert_true((SOCKET)type->into_raw(handle) == ends[0]);
    uint64_t start = peer_now_us();
    assert_true(recv(ends[0], &byte, 1, 0) == SOCKET_ERROR && WSAGetLastError() == WSAETIMEDOUT);
    assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000);
    assert_true(plain_carries(ends[1], ends[0]) && plain_carries(ends[0], ends[1]));
    assert_ok(type->from_raw(handle, (fer_raw_socket)ends[0]));
    assert_ok(fer_socket_set_nonblocking(type->as_socket(handle), true));
    assert_true((SOCKET)type->into_raw(handle) == ends[0]);
    assert_would_block(ends[0]);
    assert_true(plain_carries(ends[1], ends[0]));
    assert_int_equal(closesocket(ends[0]), 0);
}

/* R1, R5: a program's event selection goes on. FIONBIO 0 is WSAEINVAL then (Wine's test_fionbio,
 * which Windows passes), so into_raw and the end of a borrow leave the SOCKET nonblocking
 * ("raw_mode"). */
EACH_KIND("R1", an_event_selection_stays_and_keeps_the_mode)
{
    char byte = '\0';
    size_t n = 0;
    fer_socket borrowed = {0};
    WSAEVENT event = WSACreateEvent();
    assert_int_equal(WSAEventSelect(ends[0], event, FD_READ), 0);
    assert_ok(type->from_raw(handle, (fer_raw_socket)ends[0]));
    assert_ok(fer_socket_set_read_timeout(type->as_socket(handle), millis(TIMEOUT_MS)));
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
    assert_true((SOCKET)type->into_raw(handle) == ends[0]);
    assert_would_block(ends[0]);
    assert_ok(fer_socket_borrow_raw(&borrowed, (fer_raw_socket)ends[0]));
    fer_socket_close(&borrowed);
    assert_would_block(ends[0]);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(WSAWaitForMultipleEvents(1, &event, FALSE, CHILD_MS, FALSE), WSA_WAIT_EVENT_0);
    assert_int_equal(closesocket(ends[0]), 0);
    assert_true(WSACloseEvent(event));
}

/* R2: a SOCKET that another library duplicated with WSADuplicateSocketW stays open when ferrule's
 * is closed, and the other way round. */
EACH_KIND("R2", a_duplicate_of_another_library_stays_open)
{
    WSAPROTOCOL_INFOW info;
    assert_int_equal(WSADuplicateSocketW(ends[0], GetCurrentProcessId(), &info), 0);
    SOCKET second = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                               WSA_FLAG_OVERLAPPED);
    assert_true(second != NONE);
    assert_ok(type->from_raw(handle, (fer_raw_socket)second));
    assert_int_equal(closesocket(ends[0]), 0);
    char byte = '\0';
    size_t n = 0;
    assert_int_equal(send(ends[1], "z", 1, 0), 1);
    assert_ok(type->receive(handle, &byte, 1, &n));
    assert_true(n == 1 && byte == 'z');
}

/* ---- A completion port of other code */

static void assert_expires(const struct handle_type *type, any_handle *handle)
{
    char byte = '\0';
    size_t n = 0;
    uint64_t start = peer_now_us();
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
    uint64_t took = microseconds_since(start);
    assert_true(took + NOT_SOONER_SLACK_US >= PORT_TIMEOUT_MS * 1000 && took < SOON_US);
}

static bool takes_packet(HANDLE port, DWORD wait_ms)
{
    DWORD moved = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    return GetQueuedCompletionStatus(port, &moved, &key, &overlapped, wait_ms) ||
           overlapped != NULL;
}

static bool has_packet(HANDLE port)
{
    return takes_packet(port, 0);
}

/* "GetQueuedCompletionStatus function", MSDN: the low bit of hEvent keeps a completion from the
 * port. */
RULE_TEST("R1", waits_queue_no_packet_in_a_port_of_the_socket)
{
    const UCHAR modes[] = {0, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS, FILE_SKIP_SET_EVENT_ON_HANDLE,
                           FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE};
    for (size_t i = 0; i < KINDS * sizeof modes; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i % KINDS].type];
        any_handle handle;
        SOCKET other = NONE;
        SOCKET socket = connected_kinds[i % KINDS].create(&other);
        char byte = '\0';
        size_t n = 0;
        memset(&handle, 0, sizeof handle);
        HANDLE port = CreateIoCompletionPort((HANDLE)socket, NULL, 1, 0);
        assert_non_null(port);
        assert_true(SetFileCompletionNotificationModes((HANDLE)socket, modes[i / KINDS]));
        assert_ok(type->from_raw(&handle, (fer_raw_socket)socket));
        assert_ok(fer_socket_set_read_timeout(type->as_socket(&handle), millis(PORT_TIMEOUT_MS)));
        assert_expires(type, &handle);
        assert_int_equal(send(other, "x", 1, 0), 1);
        assert_ok(type->receive(&handle, &byte, 1, &n));
        assert_true(n == 1 && byte == 'x');
        assert_expires(type, &handle);
        assert_false(has_packet(port));
        type->close(&handle);
        assert_int_equal(closesocket(other), 0);
        assert_true(CloseHandle(port));
    }
}

/* Nor do other calls and pollers. The owner's own request still queues its packet. */
EACH_KIND("R1", only_the_owners_request_queues_a_packet)
{
    fer_datagram_send message = {.buf = "ab", .len = 2};
    fer_poller poller = {0};
    fer_event event = {.key = 1, .interest = FER_READABLE | FER_WRITABLE};
    char got[4];
    WSABUF into = {sizeof got, got};
    DWORD flags = 0;
    OVERLAPPED request;
    size_t n = 0;
    memset(&request, 0, sizeof request);
    HANDLE port = CreateIoCompletionPort((HANDLE)ends[0], NULL, 1, 0);
    assert_true(port != NULL);
    assert_ok(type->from_raw(handle, (fer_raw_socket)ends[0]));
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_poller_add(&poller, (fer_raw_socket)ends[0], event, FER_POLL_LEVEL));
    assert_ok(fer_poller_wait(&poller, millis(SOON_US / 1000), &event, 1, &n, NULL));
    assert_true(n == 1 && event.interest == FER_WRITABLE);
    fer_poller_close(&poller);
    if (type == &handle_types[UDP_SOCKET]) {
        assert_ok(fer_udp_socket_send_batch(&handle->udp_socket, &message, 1, NULL));
    } else {
        const fer_io_slice slices[] = {{"a", 1}, {"b", 1}};
        assert_ok(fer_tcp_stream_write_vectored(&handle->tcp_stream, slices, 2, NULL));
    }
    assert_true(recv(ends[1], got, sizeof got, 0) == 2 && !has_packet(port));
    assert_true(WSARecv(ends[0], &into, 1, NULL, &flags, &request, NULL) == SOCKET_ERROR &&
                WSAGetLastError() == WSA_IO_PENDING);
    assert_true(send(ends[1], "x", 1, 0) == 1 && takes_packet(port, SOON_US / 1000));
    assert_false(has_packet(port));
    assert_true(CloseHandle(port));
}

/* ---- A listener from another process */

/* The child process. It opens with Winsock the socket that the parent has duplicated for it
 * ("WSADuplicateSocketW function", MSDN), and serves with ferrule. */
static int child_main(const char *file)
{
    WSADATA data;
    WSAPROTOCOL_INFOW info;
    fer_tcp_listener listener = {0};
    fer_tcp_stream stream = {0};
    char buf[4];
    FILE *from = fopen(file, "rb");
    if (from == NULL || fread(&info, sizeof info, 1, from) != 1 || fclose(from) != 0 ||
        WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return 2;
    }
    SOCKET raw = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                            WSA_FLAG_OVERLAPPED);
    if (raw == NONE || fer_tcp_listener_from_raw(&listener, (fer_raw_socket)raw).kind != FER_OK) {
        return 3;
    }
    if (fer_tcp_listener_accept(&listener, &stream, NULL).kind != FER_OK ||
        fer_tcp_stream_read_exact(&stream, buf, 3, NULL).kind != FER_OK ||
        fer_tcp_stream_write_all(&stream, buf, 3, NULL).kind != FER_OK ||
        fer_tcp_stream_close_gracefully(&stream, millis(CHILD_MS)).kind != FER_OK) {
        return 4; /* an early close may lose the bytes (row early_close_loses) */
    }
    fer_tcp_listener_close(&listener);
    return 0;
}

/* Duplicates the listener for a process that is not running yet. */
static void duplicate_for(SOCKET listener, DWORD process, const char *file)
{
    WSAPROTOCOL_INFOW info;
    assert_int_equal(WSADuplicateSocketW(listener, process, &info), 0);
    FILE *to = fopen(file, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(&info, sizeof info, 1, to), 1);
    assert_int_equal(fclose(to), 0);
}

/* R1: a listener that another process has bound and passed on is adopted and served. */
RULE_TEST("R1", a_listener_of_another_process_is_adopted)
{
    uint16_t port = 0;
    char program[MAX_PATH];
    char folder[MAX_PATH];
    char file[MAX_PATH];
    char command[COMMAND_SIZE];
    STARTUPINFOA startup;
    PROCESS_INFORMATION child;
    DWORD code = 77;
    char got[3] = {0};
    memset(&startup, 0, sizeof startup);
    startup.cb = sizeof startup;
    SOCKET listener = plain_listener(&port);
    assert_true(GetModuleFileNameA(NULL, program, MAX_PATH) > 0);
    assert_true(GetTempPathA(MAX_PATH, folder) > 0 &&
                GetTempFileNameA(folder, "fer", 0, file) != 0);
    (void)snprintf(command, sizeof command, "interop " INHERITED_LISTENER " \"%s\"", file);
    assert_true(CreateProcessA(program, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL,
                               &startup, &child));
    duplicate_for(listener, child.dwProcessId, file);
    assert_true(ResumeThread(child.hThread) != (DWORD)-1);
    peer_socket other = peer_connect(PEER_V4, port);
    bool has_echoed = other != PEER_NONE && peer_send_all(other, "abc", 3) &&
                      peer_recv_exact(other, got, 3) && memcmp(got, "abc", 3) == 0 &&
                      peer_shutdown_write(other);
    assert_int_equal(WaitForSingleObject(child.hProcess, CHILD_MS), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(child.hProcess, &code) && CloseHandle(child.hProcess) &&
                CloseHandle(child.hThread));
    assert_int_equal(closesocket(listener), 0);
    assert_true(DeleteFileA(file));
    assert_int_equal(code, 0);
    assert_true(has_echoed);
}

static RULE_TESTS_AS(interop_tests, "interop")

    int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], INHERITED_LISTENER) == 0) {
        return child_main(arguments[2]);
    }
    return adoption_tests() + system_adoption_tests() + interop_tests();
}

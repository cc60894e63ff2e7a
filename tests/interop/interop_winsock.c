/* interop_winsock.c: raw sockets passed between ferrule and code that calls Winsock itself, in both
 * directions (rules R1, R2, T6). Sockets that each handle type adopts or refuses:
 * adoption_winsock.c. */
#define _WIN32_WINNT 0x0601
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop/takers.h"
#include "support/fixture.h"

#define HANDED_OVER "--handed-over"
#define NONE INVALID_SOCKET

enum { NOBODY = TAKER_COUNT, TIMEOUT_MS = 52, CHILD_MS = 60000, COMMAND_SIZE = 1024 };

/* ---- Sockets created with Winsock's own calls */

static struct sockaddr_in loopback_at(uint16_t port)
{
    struct sockaddr_in addr;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

static SOCKET plain_bound(int type, uint16_t *port)
{
    struct sockaddr_in addr = loopback_at(0);
    int len = (int)sizeof addr;
    SOCKET made = socket(AF_INET, type, 0);
    assert_true(made != NONE);
    assert_int_equal(bind(made, (const struct sockaddr *)&addr, len), 0);
    assert_int_equal(getsockname(made, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin_port);
    return made;
}

static SOCKET plain_listener(uint16_t *port)
{
    SOCKET made = plain_bound(SOCK_STREAM, port);
    assert_int_equal(listen(made, 8), 0);
    return made;
}

static void plain_connect(SOCKET socket, uint16_t port)
{
    struct sockaddr_in addr = loopback_at(port);
    assert_int_equal(connect(socket, (const struct sockaddr *)&addr, (int)sizeof addr), 0);
}

/* Connects `one`. Stores the accepted socket in *other. */
static void plain_connect_to_new(SOCKET one, SOCKET *other)
{
    uint16_t port = 0;
    SOCKET listener = plain_listener(&port);
    plain_connect(one, port);
    *other = accept(listener, NULL, NULL);
    assert_true(*other != NONE);
    (void)closesocket(listener);
}

/* Each function creates a SOCKET, and stores a socket that sends to it in *other. */
static SOCKET tcp_connected(SOCKET *other)
{
    SOCKET made = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    plain_connect_to_new(made, other);
    return made;
}

static SOCKET tcp_accepted(SOCKET *other)
{
    SOCKET accepted = NONE;
    *other = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    plain_connect_to_new(*other, &accepted);
    return accepted;
}

/* "SOL_SOCKET Socket Options" (MSDN): SO_RCVTIMEO and SO_SNDTIMEO take no effect on a SOCKET that
 * was made without WSA_FLAG_OVERLAPPED. So a plain recv waits without a limit, and ferrule cannot
 * wait on such a socket either (fer_tcp_stream_from_raw). */
static SOCKET tcp_not_overlapped(SOCKET *other)
{
    SOCKET made = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    plain_connect_to_new(made, other);
    return made;
}

static SOCKET udp_connected(SOCKET *other)
{
    uint16_t ports[2] = {0, 0};
    SOCKET made = plain_bound(SOCK_DGRAM, &ports[0]);
    *other = plain_bound(SOCK_DGRAM, &ports[1]);
    plain_connect(made, ports[1]);
    plain_connect(*other, ports[0]);
    return made;
}

static SOCKET tcp_listening(SOCKET *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_listener(&port);
}

static SOCKET tcp_unconnected(SOCKET *other)
{
    (void)other;
    return socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
}

static SOCKET tcp_bound(SOCKET *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_bound(SOCK_STREAM, &port);
}

static SOCKET udp_unbound(SOCKET *other)
{
    (void)other;
    return socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
}

static SOCKET unix_unconnected(SOCKET *other)
{
    (void)other;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static const struct thing {
    const char *name;
    SOCKET (*make)(SOCKET *other);
    int taken_by;
} things[] = {
    {"a connected TCP socket", tcp_connected, TCP_STREAM},
    {"an accepted TCP socket", tcp_accepted, TCP_STREAM},
    {"a connected TCP socket that is not overlapped", tcp_not_overlapped, TCP_STREAM},
    {"a TCP listener", tcp_listening, TCP_LISTENER},
    {"a TCP socket that is not connected", tcp_unconnected, NOBODY},
    {"a TCP socket that is only bound", tcp_bound, NOBODY},
    {"an unbound UDP socket", udp_unbound, UDP_SOCKET},
    {"a connected UDP socket", udp_connected, UDP_SOCKET},
    {"a Unix stream socket that is not connected", unix_unconnected, NOBODY},
};

/* Sockets of each connected type that carries bytes and supports waiting. */
static const struct connected {
    taker_type taker;
    SOCKET (*make)(SOCKET *other);
} connected_kinds[] = {
    {TCP_STREAM, tcp_connected}, {TCP_STREAM, tcp_accepted}, {UDP_SOCKET, udp_connected}};

enum { CONNECTED_KINDS = sizeof connected_kinds / sizeof connected_kinds[0] };

static void set_real_mode(SOCKET socket, u_long nonblocking)
{
    assert_int_equal(ioctlsocket(socket, (long)FIONBIO, &nonblocking), 0);
}

static void set_timeout(SOCKET socket, int option, DWORD milliseconds)
{
    assert_int_equal(setsockopt(socket, SOL_SOCKET, option, (const char *)&milliseconds,
                                (int)sizeof milliseconds),
                     0);
}

static bool carries(SOCKET from, SOCKET to)
{
    char byte = '\0';
    return send(from, "x", 1, 0) == 1 && peer_raw_wait_readable((fer_raw_socket)to) &&
           recv(to, &byte, 1, 0) == 1 && byte == 'x';
}

static void close_both(SOCKET one, SOCKET other)
{
    assert_int_equal(closesocket(one), 0);
    assert_true(other == NONE || closesocket(other) == 0);
}

/* ---- Adopting */

static void offer(const struct thing *thing, int taker)
{
    SOCKET other = NONE;
    SOCKET socket = thing->make(&other);
    fer_raw_socket raw = (fer_raw_socket)socket;
    if (socket == NONE) {
        return;
    }
    any_handle handle;
    memset(&handle, 0, sizeof handle);
    fer_error error = takers[taker].from_raw(&handle, raw);
    bool is_taken = thing->taken_by == taker;
    if (error.kind != (is_taken ? FER_OK : FER_INVALID_INPUT)) {
        fail_msg("%s as %s: %s", thing->name, takers[taker].name, fer_error_kind_name(error.kind));
    }
    assert_true(takers[taker].as_raw(&handle) == (is_taken ? raw : FER_RAW_SOCKET_NONE));
    assert_true(takers[taker].into_raw(&handle) == (is_taken ? raw : FER_RAW_SOCKET_NONE));
    /* Unchanged: blocking, and without timeouts. */
    unsigned read_ms = 77;
    unsigned write_ms = 77;
    assert_true(peer_raw_timeouts(raw, &read_ms, &write_ms) && read_ms == 0 && write_ms == 0);
    assert_true(other == NONE || thing->make == tcp_not_overlapped ||
                !peer_raw_is_nonblocking(raw));
    assert_true(other == NONE || (carries(other, socket) && carries(socket, other)));
    close_both(socket, other);
}

/* R1: "refuses with INVALID_INPUT what is not of the handle's type ..., leaving it to the caller":
 * each handle type with each socket. */
static void each_type_takes_its_own_and_leaves_all_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        for (int taker = 0; taker < TAKER_COUNT; taker++) {
            offer(&things[i], taker);
        }
    }
}

/* R1: the same with handles that are not sockets, and with numbers that name nothing. */
static void no_type_takes_what_is_no_socket(void **state)
{
    (void)state;
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE ends[2];
    assert_true(CreatePipe(&ends[0], &ends[1], NULL, 0));
    const fer_raw_socket nothing[] = {(fer_raw_socket)event,
                                      (fer_raw_socket)ends[0],
                                      (fer_raw_socket)ends[1],
                                      FER_RAW_SOCKET_NONE,
                                      0,
                                      -2,
                                      1 << 20,
                                      INTPTR_MAX,
                                      INTPTR_MIN};
    for (int taker = 0; taker < TAKER_COUNT; taker++) {
        for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
            any_handle handle;
            memset(&handle, 0, sizeof handle);
            assert_kind(takers[taker].from_raw(&handle, nothing[i]), FER_INVALID_INPUT);
            assert_true(takers[taker].as_raw(&handle) == FER_RAW_SOCKET_NONE);
        }
    }
    DWORD moved = 0;
    char byte = '\0';
    assert_true(SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    assert_true(WriteFile(ends[1], "x", 1, &moved, NULL) &&
                ReadFile(ends[0], &byte, 1, &moved, NULL) && byte == 'x');
    assert_true(CloseHandle(event) && CloseHandle(ends[0]) && CloseHandle(ends[1]));
}

/* ---- State read from adopted sockets */

/* R1: Windows cannot report the blocking mode, so an adopted SOCKET counts as blocking, whatever
 * its FIONBIO is ("raw_mode"). */
static void a_nonblocking_socket_is_taken_to_be_blocking(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct taker *taker = &takers[connected_kinds[i].taker];
        any_handle handle;
        SOCKET other = NONE;
        char byte = '\0';
        size_t n = 0;
        memset(&handle, 0, sizeof handle);
        SOCKET socket = connected_kinds[i].make(&other);
        set_real_mode(socket, 1);
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)socket));
        assert_ok(taker->set_read_timeout(&handle, millis(TIMEOUT_MS)));
        uint64_t start = peer_now_us();
        assert_own(taker->receive(&handle, &byte, 1, &n), FER_TIMED_OUT);
        assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000);
        assert_ok(taker->set_nonblocking(&handle, true));
        assert_kind(taker->receive(&handle, &byte, 1, &n), FER_WOULD_BLOCK);
        taker->close(&handle);
        assert_int_equal(closesocket(other), 0);
    }
}

/* R1, T5: the getters return timeouts that were set with SO_RCVTIMEO and SO_SNDTIMEO, and the
 * timeouts apply. */
static void timeouts_that_were_set_outside_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct taker *taker = &takers[connected_kinds[i].taker];
        any_handle handle;
        fer_duration got = {0};
        SOCKET other = NONE;
        char byte = '\0';
        size_t n = 0;
        memset(&handle, 0, sizeof handle);
        SOCKET socket = connected_kinds[i].make(&other);
        set_timeout(socket, SO_RCVTIMEO, TIMEOUT_MS);
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)socket));
        assert_ok(taker->read_timeout(&handle, &got));
        assert_in_range(got.nanos, 52000000, 72000000);
        assert_ok(taker->write_timeout(&handle, &got));
        assert_true(fer_duration_is_none(got));
        assert_own(taker->receive(&handle, &byte, 1, &n), FER_TIMED_OUT);
        taker->close(&handle);
        assert_int_equal(closesocket(other), 0);
    }
}

/* ---- Sockets that into_raw and as_raw return */

/* R1: "into_raw gives ownership up, with the mode and timeouts that the user set really on the
 * socket": blocking again, with SO_RCVTIMEO, or nonblocking if the user set that. */
static void plain_calls_work_on_what_into_raw_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct taker *taker = &takers[connected_kinds[i].taker];
        any_handle handle;
        SOCKET other = NONE;
        char byte = '\0';
        memset(&handle, 0, sizeof handle);
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)connected_kinds[i].make(&other)));
        assert_ok(taker->set_read_timeout(&handle, millis(TIMEOUT_MS)));
        SOCKET socket = (SOCKET)taker->into_raw(&handle);
        uint64_t start = peer_now_us();
        assert_true(recv(socket, &byte, 1, 0) == SOCKET_ERROR && WSAGetLastError() == WSAETIMEDOUT);
        assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000);
        assert_true(carries(other, socket) && carries(socket, other));
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)socket));
        assert_ok(taker->set_nonblocking(&handle, true));
        assert_true((SOCKET)taker->into_raw(&handle) == socket);
        assert_true(recv(socket, &byte, 1, 0) == SOCKET_ERROR &&
                    WSAGetLastError() == WSAEWOULDBLOCK);
        assert_true(carries(other, socket));
        close_both(socket, other);
    }
}

/* R1: a SOCKET that is not overlapped works as long as no call waits: in nonblocking mode, or if
 * bytes are queued. */
static void a_socket_that_is_not_overlapped_serves_without_waiting(void **state)
{
    (void)state;
    fer_tcp_stream *stream = test_stream();
    SOCKET other = NONE;
    char byte = '\0';
    SOCKET socket = tcp_not_overlapped(&other);
    assert_ok(fer_tcp_stream_from_raw(stream, (fer_raw_socket)socket));
    assert_int_equal(send(other, "w", 1, 0), 1);
    assert_true(peer_raw_wait_readable((fer_raw_socket)socket));
    assert_ok(fer_tcp_stream_read(stream, &byte, 1, NULL));
    assert_int_equal(byte, 'w');
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_true((SOCKET)fer_tcp_stream_into_raw(stream) == socket);
    assert_true(recv(socket, &byte, 1, 0) == SOCKET_ERROR && WSAGetLastError() == WSAEWOULDBLOCK);
    assert_true(carries(other, socket) && carries(socket, other));
    close_both(socket, other);
}

/* R1: WSAPoll, select and FIONREAD work on a SOCKET from as_raw, and the handle continues to
 * work. */
static void plain_calls_may_look_at_what_as_raw_lends(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct taker *taker = &takers[connected_kinds[i].taker];
        any_handle handle;
        SOCKET other = NONE;
        char byte = '\0';
        size_t n = 0;
        memset(&handle, 0, sizeof handle);
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)connected_kinds[i].make(&other)));
        SOCKET socket = (SOCKET)taker->as_raw(&handle);
        WSAPOLLFD look = {.fd = socket, .events = POLLRDNORM};
        assert_int_equal(WSAPoll(&look, 1, 0), 0);
        assert_int_equal(send(other, "y", 1, 0), 1);
        assert_int_equal(WSAPoll(&look, 1, PEER_LIMIT_MS), 1);
        fd_set readable;
        struct timeval at_once = {0, 0};
        FD_ZERO(&readable);
        readable.fd_array[0] = socket;
        readable.fd_count = 1;
        assert_int_equal(select(0, &readable, NULL, NULL, &at_once), 1);
        u_long waiting = 0;
        assert_int_equal(ioctlsocket(socket, (long)FIONREAD, &waiting), 0);
        assert_int_equal(waiting, 1);
        assert_ok(taker->receive(&handle, &byte, 1, &n));
        assert_true(n == 1 && byte == 'y');
        taker->close(&handle);
        assert_int_equal(closesocket(other), 0);
    }
}

/* R2: a SOCKET that another library duplicated with WSADuplicateSocketW stays open when ferrule's
 * is closed, and the other way round. */
static void a_duplicate_of_another_library_lives_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct taker *taker = &takers[connected_kinds[i].taker];
        any_handle handle;
        SOCKET other = NONE;
        WSAPROTOCOL_INFOW info;
        memset(&handle, 0, sizeof handle);
        SOCKET socket = connected_kinds[i].make(&other);
        assert_int_equal(WSADuplicateSocketW(socket, GetCurrentProcessId(), &info), 0);
        SOCKET second = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                                   &info, 0, WSA_FLAG_OVERLAPPED);
        assert_true(second != NONE);
        assert_ok(taker->from_raw(&handle, (fer_raw_socket)second));
        assert_int_equal(closesocket(socket), 0);
        char byte = '\0';
        size_t n = 0;
        assert_int_equal(send(other, "z", 1, 0), 1);
        assert_ok(taker->receive(&handle, &byte, 1, &n));
        assert_true(n == 1 && byte == 'z');
        taker->close(&handle);
        assert_int_equal(closesocket(other), 0);
    }
}

/* ---- A listener from another process */

/* The child process. It opens with Winsock the socket that the parent has duplicated for it
 * ("WSADuplicateSocketW function", MSDN), and serves with ferrule. */
static int handed_over_main(const char *file)
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
        fer_tcp_stream_write_all(&stream, buf, 3, NULL).kind != FER_OK) {
        return 4;
    }
    fer_tcp_stream_close(&stream);
    fer_tcp_listener_close(&listener);
    return 0;
}

/* Duplicates the listener for a process that is not running yet. */
static void hand_over(SOCKET listener, DWORD process, const char *file)
{
    WSAPROTOCOL_INFOW info;
    assert_int_equal(WSADuplicateSocketW(listener, process, &info), 0);
    FILE *to = fopen(file, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(&info, sizeof info, 1, to), 1);
    assert_int_equal(fclose(to), 0);
}

/* R1: a listener that another process has bound and passed on is adopted and served. */
static void a_listener_of_another_process_is_taken_in(void **state)
{
    (void)state;
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
    (void)snprintf(command, sizeof command, "interop " HANDED_OVER " \"%s\"", file);
    assert_true(CreateProcessA(program, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL,
                               &startup, &child));
    hand_over(listener, child.dwProcessId, file);
    assert_true(ResumeThread(child.hThread) != (DWORD)-1);
    peer_socket other = peer_connect(PEER_V4, port);
    bool has_echoed = other != PEER_NONE && peer_send_all(other, "abc", 3) &&
                      peer_recv_exact(other, got, 3) && memcmp(got, "abc", 3) == 0;
    assert_int_equal(WaitForSingleObject(child.hProcess, CHILD_MS), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(child.hProcess, &code) && CloseHandle(child.hProcess) &&
                CloseHandle(child.hThread));
    assert_int_equal(closesocket(listener), 0);
    assert_true(DeleteFileA(file));
    assert_int_equal(code, 0);
    assert_true(has_echoed);
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], HANDED_OVER) == 0) {
        return handed_over_main(arguments[2]);
    }
    const struct CMUnitTest tests[] = {
        RULE_TEST("R1", each_type_takes_its_own_and_leaves_all_else),
        RULE_TEST("R1", no_type_takes_what_is_no_socket),
        RULE_TEST("R1", a_nonblocking_socket_is_taken_to_be_blocking),
        RULE_TEST("R1", timeouts_that_were_set_outside_are_told),
        RULE_TEST("R1", plain_calls_work_on_what_into_raw_gives),
        RULE_TEST("R1", a_socket_that_is_not_overlapped_serves_without_waiting),
        RULE_TEST("R1", plain_calls_may_look_at_what_as_raw_lends),
        RULE_TEST("R1", a_listener_of_another_process_is_taken_in),
        RULE_TEST("R2", a_duplicate_of_another_library_lives_on),
    };
    return RUN_TESTS("interop", tests);
}

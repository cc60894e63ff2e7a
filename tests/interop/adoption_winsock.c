/* adoption_winsock.c: sockets of every kind, offered to every handle type (rule R1). */
#define _WIN32_WINNT 0x0A00
#include "interop/adoption_winsock.h"

#include <windows.h>
#include <ws2tcpip.h>

#include <string.h>

#include "interop/handle_types.h"
#include "support/fixture.h"

enum { NO_TYPE = HANDLE_TYPE_COUNT };

/* ---- Sockets created with Winsock's own calls */

SOCKET tcp_connected(SOCKET *other)
{
    SOCKET created = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    *other = plain_accepted_from(created);
    return created;
}

SOCKET tcp_accepted(SOCKET *other)
{
    *other = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    return plain_accepted_from(*other);
}

static SOCKET not_overlapped(int type)
{
    SOCKET created = WSASocketW(AF_INET, type, 0, NULL, 0, 0);
    assert_true(created != NONE);
    return created;
}

/* The system waits inside the calls of such a SOCKET, so no type adopts it. SO_RCVTIMEO has no
 * effect on it ("SOL_SOCKET Socket Options", MSDN). */
static SOCKET tcp_not_overlapped(SOCKET *other)
{
    SOCKET created = not_overlapped(SOCK_STREAM);
    *other = plain_accepted_from(created);
    return created;
}

static SOCKET listener_not_overlapped(SOCKET *other)
{
    uint16_t port = 0;
    (void)other;
    SOCKET created = not_overlapped(SOCK_STREAM);
    plain_bind(created, &port);
    assert_int_equal(listen(created, 8), 0);
    return created;
}

SOCKET udp_connected(SOCKET *other)
{
    SOCKET created = socket(AF_INET, SOCK_DGRAM, 0);
    *other = plain_peer_of_datagrams(created);
    return created;
}

static SOCKET udp_not_overlapped(SOCKET *other)
{
    SOCKET created = not_overlapped(SOCK_DGRAM);
    *other = plain_peer_of_datagrams(created);
    return created;
}

static SOCKET tcp_listening(SOCKET *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_listener(&port);
}

static SOCKET tcp_bound(SOCKET *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_bound(SOCK_STREAM, &port);
}

static const struct candidate {
    const char *name;
    SOCKET (*create)(SOCKET *other); /* NULL: a socket of this domain, type and protocol */
    int adopted_by;
    int domain, type, protocol;
} candidates[] = {
    {"a connected TCP socket", tcp_connected, TCP_STREAM, 0, 0, 0},
    {"an accepted TCP socket", tcp_accepted, TCP_STREAM, 0, 0, 0},
    {"a connected TCP socket that is not overlapped", tcp_not_overlapped, NO_TYPE, 0, 0, 0},
    {"a TCP listener that is not overlapped", listener_not_overlapped, NO_TYPE, 0, 0, 0},
    {"a connected UDP socket that is not overlapped", udp_not_overlapped, NO_TYPE, 0, 0, 0},
    {"a TCP listener", tcp_listening, TCP_LISTENER, 0, 0, 0},
    {"a TCP socket that is not connected", NULL, NO_TYPE, AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {"a TCP socket that is only bound", tcp_bound, NO_TYPE, 0, 0, 0},
    {"an unbound UDP socket", NULL, UDP_SOCKET, AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {"a connected UDP socket", udp_connected, UDP_SOCKET, 0, 0, 0},
    {"a Unix stream socket that is not connected", NULL, NO_TYPE, AF_UNIX, SOCK_STREAM, 0},
};

void close_both(SOCKET one, SOCKET other)
{
    assert_int_equal(closesocket(one), 0);
    assert_true(other == NONE || closesocket(other) == 0);
}

/* ---- Adopting */

static void offer(const struct candidate *candidate, int type)
{
    SOCKET other = NONE;
    SOCKET offered = candidate->create != NULL
                         ? candidate->create(&other)
                         : socket(candidate->domain, candidate->type, candidate->protocol);
    fer_raw_socket raw = (fer_raw_socket)offered;
    if (offered == NONE) {
        return;
    }
    any_handle handle;
    memset(&handle, 0, sizeof handle);
    fer_error error = handle_types[type].from_raw(&handle, raw);
    bool is_adopted = candidate->adopted_by == type;
    if (error.kind != (is_adopted ? FER_OK : FER_INVALID_INPUT)) {
        fail_msg("%s as %s: %s", candidate->name, handle_types[type].name,
                 fer_error_kind_name(error.kind));
    }
    assert_true(handle_types[type].as_raw(&handle) == (is_adopted ? raw : FER_RAW_SOCKET_NONE));
    assert_true(handle_types[type].into_raw(&handle) == (is_adopted ? raw : FER_RAW_SOCKET_NONE));
    /* Unchanged: blocking, and without timeouts. */
    unsigned read_ms = 77;
    unsigned write_ms = 77;
    assert_true(peer_raw_timeouts(raw, &read_ms, &write_ms) && read_ms == 0 && write_ms == 0);
    assert_true(other == NONE || candidate->create == tcp_not_overlapped ||
                candidate->create == udp_not_overlapped || !peer_raw_is_nonblocking(raw));
    assert_true(other == NONE || (plain_carries(other, offered) && plain_carries(offered, other)));
    close_both(offered, other);
}

/* R1: "A socket of another type or state is INVALID_INPUT and the caller still owns it": each
 * handle type with each socket. */
RULE_TEST("R1", each_type_takes_its_own_and_leaves_all_else)
{
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
            offer(&candidates[i], type);
        }
    }
}

/* R1: the same with handles that are not sockets, and with numbers that name nothing. */
RULE_TEST("R1", no_type_adopts_a_handle_that_is_no_socket)
{
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
    for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
        for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
            any_handle handle;
            memset(&handle, 0, sizeof handle);
            assert_kind(handle_types[type].from_raw(&handle, nothing[i]), FER_BAD_HANDLE);
            assert_true(handle_types[type].as_raw(&handle) == FER_RAW_SOCKET_NONE);
        }
    }
    DWORD moved = 0;
    char byte = '\0';
    assert_true(SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    assert_true(WriteFile(ends[1], "x", 1, &moved, NULL) &&
                ReadFile(ends[0], &byte, 1, &moved, NULL) && byte == 'x');
    assert_true(CloseHandle(event) && CloseHandle(ends[0]) && CloseHandle(ends[1]));
}

RULE_TESTS_AS(adoption_tests, "adoption")

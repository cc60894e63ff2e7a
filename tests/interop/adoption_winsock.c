/* adoption_winsock.c: sockets of every kind, for adoption.c (rule R1). */
#define _WIN32_WINNT 0x0A00
#include "interop/adoption.h"

#include <windows.h>
#include <ws2tcpip.h>

#include "support/fixture.h"

/* ---- Sockets created with Winsock's own calls */

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
    SOCKET created = not_overlapped(SOCK_STREAM);
    plain_bind(created, &port);
    assert_int_equal(listen(created, 8), 0);
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
    return plain_listener(&port);
}

static SOCKET tcp_bound(SOCKET *other)
{
    uint16_t port = 0;
    return plain_bound(SOCK_STREAM, &port);
}

const struct candidate candidates[] = {
    {"a connected TCP socket", tcp_connected, TCP_STREAM, true, 0, 0, 0},
    {"an accepted TCP socket", tcp_accepted, TCP_STREAM, true, 0, 0, 0},
    {"a connected TCP socket that is not overlapped", tcp_not_overlapped, NO_TYPE, false, 0, 0, 0},
    {"a TCP listener that is not overlapped", listener_not_overlapped, NO_TYPE, false, 0, 0, 0},
    {"a connected UDP socket that is not overlapped", udp_not_overlapped, NO_TYPE, false, 0, 0, 0},
    {"a TCP listener", tcp_listening, TCP_LISTENER, true, 0, 0, 0},
    {"a TCP socket that is not connected", NULL, NO_TYPE, true, AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {"a TCP socket that is only bound", tcp_bound, NO_TYPE, true, 0, 0, 0},
    {"an unbound UDP socket", NULL, UDP_SOCKET, true, AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {"a connected UDP socket", udp_connected, UDP_SOCKET, true, 0, 0, 0},
    {"a Unix stream socket that is not connected", NULL, NO_TYPE, false, AF_UNIX, SOCK_STREAM, 0},
};

const size_t candidate_count = sizeof candidates / sizeof candidates[0];

/* The timeouts, and of a connected socket that is overlapped the blocking mode. */
uint64_t modes_of(const struct candidate *candidate, SOCKET created)
{
    const fer_raw_socket raw = (fer_raw_socket)created;
    unsigned read_ms = 77, write_ms = 77;
    bool has_mode = candidate->adopted_by != NO_TYPE && candidate->adopted_by != TCP_LISTENER &&
                    candidate->create != NULL;
    assert_true(peer_raw_timeouts(raw, &read_ms, &write_ms));
    return (uint64_t)read_ms << 32 | (uint64_t)write_ms << 1 |
           (has_mode && peer_raw_is_nonblocking(raw));
}

/* R1: no handle type takes handles that are not sockets, and with numbers that name nothing. */
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
    assert_no_type_adopts(nothing, sizeof nothing / sizeof nothing[0]);
    DWORD moved = 0;
    char byte = '\0';
    assert_true(SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    assert_true(WriteFile(ends[1], "x", 1, &moved, NULL) &&
                ReadFile(ends[0], &byte, 1, &moved, NULL) && byte == 'x');
    assert_true(CloseHandle(event) && CloseHandle(ends[0]) && CloseHandle(ends[1]));
}

RULE_TESTS_AS(system_adoption_tests, "adoption")

/* adoption.c: sockets of every kind, offered to every handle type (rule R1). The sockets:
 * adoption_posix.c, adoption_winsock.c. */
#define _WIN32_WINNT 0x0A00
#include "interop/adoption.h"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif
#include <string.h>

#include "support/fixture.h"

plain_socket tcp_connected(plain_socket *other)
{
    plain_socket created = socket(AF_INET, SOCK_STREAM, 0);
    *other = plain_accepted_from(created);
    return created;
}

plain_socket udp_connected(plain_socket *other)
{
    plain_socket created = socket(AF_INET, SOCK_DGRAM, 0);
    *other = plain_peer_of_datagrams(created);
    return created;
}

static plain_socket create(const struct candidate *candidate, plain_socket *other)
{
    *other = NONE;
    return candidate->create != NULL
               ? candidate->create(other)
               : socket(candidate->domain, candidate->type, candidate->protocol);
}

/* R1: fer_socket adopts IP sockets of any protocol, and Unix streams and datagram sockets. The
 * conversion to another handle type checks that type's requirements. */
RULE_TEST("R1", a_socket_of_any_protocol_is_taken_as_it_is)
{
    for (size_t i = 0; i < candidate_count; i++) {
        plain_socket other = NONE;
        plain_socket created = candidates[i].is_for_socket ? create(&candidates[i], &other) : NONE;
        fer_socket socket = {0};
        if (created != NONE) {
            assert_ok(fer_socket_from_raw(&socket, (fer_raw_socket)created));
            assert_true(fer_socket_as_raw(&socket) == (fer_raw_socket)created);
            fer_socket_close(&socket);
            plain_close(other);
        }
    }
}

static void offer(const struct candidate *candidate, int type)
{
    plain_socket other = NONE;
    plain_socket created = create(candidate, &other);
    if (created == NONE) {
        if (type == 0) {
            print_message("[  NOTE    ] not to be had here: %s\n", candidate->name);
        }
        return;
    }
    any_handle handle;
    memset(&handle, 0, sizeof handle);
    uint64_t modes = modes_of(candidate, created);
    fer_error error = handle_types[type].from_raw(&handle, (fer_raw_socket)created);
    bool is_adopted = candidate->adopted_by == type;
    fer_raw_socket raw = is_adopted ? (fer_raw_socket)created : FER_RAW_SOCKET_NONE;
    fer_error_kind refusal =
        candidate->adopted_by == NO_SOCKET ? FER_BAD_HANDLE : FER_INVALID_INPUT;
    if (error.kind != (is_adopted ? FER_OK : refusal)) {
        fail_msg("%s as %s: %s", candidate->name, handle_types[type].name,
                 fer_error_kind_name(error.kind));
    }
    assert_true(handle_types[type].as_raw(&handle) == raw);
    assert_true(handle_types[type].into_raw(&handle) == raw);
    /* Unchanged, and still the caller's. */
    assert_true(modes_of(candidate, created) == modes);
    assert_true(other == NONE || plain_carries(other, created));
    assert_true(other == NONE || candidate->adopted_by == NO_SOCKET ||
                plain_carries(created, other));
    plain_close(created);
    plain_close(other);
}

/* R1: "A socket of another type or state is INVALID_INPUT and the caller still owns it", and what
 * is no socket is BAD_HANDLE: each handle type with each socket. */
RULE_TEST("R1", each_type_takes_its_own_and_leaves_all_else)
{
    for (size_t i = 0; i < candidate_count; i++) {
        for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
            offer(&candidates[i], type);
        }
    }
}

void assert_no_type_adopts(const fer_raw_socket *raws, size_t count)
{
    for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
        for (size_t i = 0; i < count; i++) {
            any_handle handle;
            memset(&handle, 0, sizeof handle);
            assert_kind(handle_types[type].from_raw(&handle, raws[i]), FER_BAD_HANDLE);
            assert_true(handle_types[type].as_raw(&handle) == FER_RAW_SOCKET_NONE);
        }
    }
}

RULE_TESTS_AS(adoption_tests, "adoption")

/* test_poller_other_numbers.c: a registered socket is closed without a delete, and its number
 * becomes a file, an event, a pipe or another socket before the next wait (rule P4: "a close
 * without a delete corrupts nothing"). */
#include "platform/winsock/winsock.h"

#include "ferrule.h"
#include "support/group.h"

enum object { FILE_OBJECT, EVENT_OBJECT, PIPE_OBJECT, SOCKET_OBJECT, OBJECTS };
enum { TRIES = 100 };

#define assert_ok(call) assert_int_equal((call).kind, FER_OK)

static HANDLE made[2 * TRIES];
static size_t made_count;

static void keep(HANDLE handle)
{
    assert_true(handle != NULL && handle != INVALID_HANDLE_VALUE);
    made[made_count++] = handle;
}

/* Makes one or two handles. */
static void make_object(enum object object)
{
    WCHAR path[MAX_PATH];
    HANDLE other = NULL;
    HANDLE handle = NULL;
    switch (object) {
    case FILE_OBJECT:
        assert_true(GetModuleFileNameW(NULL, path, MAX_PATH) > 0);
        keep(CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL));
        return;
    case EVENT_OBJECT: keep(CreateEventW(NULL, TRUE, TRUE, NULL)); return;
    case PIPE_OBJECT:
        assert_true(CreatePipe(&handle, &other, NULL, 0));
        keep(handle);
        keep(other);
        return;
    case SOCKET_OBJECT: keep((HANDLE)socket(AF_INET, SOCK_DGRAM, 0)); return;
    case OBJECTS: return;
    }
}

/* False: the system does not reuse the number. */
static bool make_with_number(enum object object, SOCKET number)
{
    for (int tries = 0; tries < TRIES; tries++) {
        size_t before = made_count;
        make_object(object);
        for (size_t i = before; i < made_count; i++) {
            if ((SOCKET)made[i] == number) {
                return true;
            }
        }
    }
    return false;
}

static void close_all(enum object object)
{
    while (made_count > 0) {
        HANDLE handle = made[--made_count];
        if (object == SOCKET_OBJECT) {
            assert_int_equal(closesocket((SOCKET)handle), 0);
        } else {
            assert_true(CloseHandle(handle));
        }
    }
}

/* A bound datagram socket with a datagram. */
static void open_ready(fer_udp_socket *socket)
{
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, 1);
    fer_socket_addr addr = fer_socket_addr_v4_new(ip, 0);
    fer_interest ready = 0;
    *socket = (fer_udp_socket){0};
    assert_ok(fer_udp_socket_bind_addr(socket, &addr));
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    assert_ok(fer_udp_socket_send_to(socket, "x", 1, &addr, NULL));
    assert_ok(fer_udp_socket_ready(socket, FER_READABLE, FER_DURATION_NONE, &ready));
}

/* Waits until both have been reported. */
static void expect_both(fer_poller *poller)
{
    bool was_reported[3] = {false};
    while (!was_reported[1] || !was_reported[2]) {
        fer_event events[2];
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, fer_duration_from_secs(20), events, 2, &count, NULL));
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
            was_reported[events[i].key] = true;
        }
    }
}

static void wait_beside(fer_poller *poller, enum object object, bool is_closed_behind)
{
    fer_udp_socket closed;
    fer_udp_socket other;
    open_ready(&closed);
    open_ready(&other);
    fer_raw_socket raw = fer_udp_socket_as_raw(&closed);
    assert_ok(fer_poller_add(poller, raw, (fer_event){.key = 1, .interest = FER_READABLE},
                             FER_POLL_LEVEL));
    assert_ok(fer_poller_add(poller, fer_udp_socket_as_raw(&other),
                             (fer_event){.key = 2, .interest = FER_READABLE}, FER_POLL_LEVEL));
    expect_both(poller);
    if (is_closed_behind) {
        assert_int_equal(closesocket((SOCKET)fer_udp_socket_into_raw(&closed)), 0);
    } else {
        fer_udp_socket_close(&closed);
    }
    if (!make_with_number(object, (SOCKET)raw)) {
        print_message("[  REASON  ] this system has not reused the closed socket's number\n");
    }
    for (int i = 0; i < 3; i++) {
        fer_event event = {0};
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, fer_duration_from_secs(20), &event, 1, &count, NULL));
        assert_true(count == 1 && event.key == 2);
    }
    assert_ok(fer_poller_delete(poller, fer_udp_socket_as_raw(&other)));
    fer_udp_socket_close(&other);
    close_all(object);
}

TEST(a_number_that_names_another_object_stops_no_wait)
{
    for (enum object object = FILE_OBJECT; object < OBJECTS; object++) {
        for (int behind = 0; behind < 2; behind++) {
            fer_poller poller = {0};
            assert_ok(fer_poller_new(&poller));
            wait_beside(&poller, object, behind == 1);
            fer_poller_close(&poller);
        }
    }
}

TEST_MAIN("poller_other_numbers")

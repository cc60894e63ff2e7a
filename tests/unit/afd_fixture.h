/* afd_fixture.h: a poller over a fake driver (fake_afd.h), with datagram sockets that are closed
 * after the test. For the tests of platform/winsock/poller_afd.c. */
#ifndef TEST_AFD_FIXTURE_H
#define TEST_AFD_FIXTURE_H

#include <stdbool.h>

#include "ferrule.h"
#include "platform/winsock/afd_sources.h"
#include "support/group.h"
#include "unit/fake_afd.h"
#include "unit/limited_memory.h" /* the poller allocates inside its lock */

enum { SOCKETS = 100, PERIOD_MILLIS = 20 };

/* The limit of a wait that must end with an event. */
static const fer_duration limit = {UINT64_C(20000000000)};

#define READ FERP_AFD_RECEIVE
#define WRITE FERP_AFD_SEND

#define assert_kind(call, expected) assert_int_equal((call).kind, (expected))
#define assert_ok(call) assert_kind(call, FER_OK)

static fer_poller poller;
static fer_udp_socket sockets[SOCKETS];
static size_t socket_count;

/* ---- Sockets */

static inline fer_event reading(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_READABLE};
}

static inline fer_event writing(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_WRITABLE};
}

static inline fer_raw_socket raw_of(size_t i)
{
    return fer_udp_socket_as_raw(&sockets[i]);
}

static inline SOCKET number_of(size_t i)
{
    return ferp_winsock_socket(raw_of(i));
}

static inline size_t open_socket(void)
{
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, 1);
    fer_socket_addr addr = fer_socket_addr_v4_new(ip, 0);
    assert_true(socket_count < SOCKETS);
    size_t i = socket_count++;
    sockets[i] = (fer_udp_socket){0};
    assert_ok(fer_udp_socket_bind_addr(&sockets[i], &addr));
    fake_open(number_of(i));
    return i;
}

static inline void close_socket(size_t i)
{
    SOCKET number = number_of(i);
    fer_udp_socket_close(&sockets[i]);
    fake_close(number);
}

/* Closes it as other code does, which this library does not see. */
static inline void close_behind(size_t i)
{
    SOCKET number = ferp_winsock_socket(fer_udp_socket_into_raw(&sockets[i]));
    assert_int_equal(closesocket(number), 0);
    fake_close(number);
}

/* Opens sockets until one has the number. */
static inline size_t open_with_number(SOCKET number)
{
    for (int tries = 0; tries < 20; tries++) {
        size_t i = open_socket();
        if (number_of(i) == number) {
            return i;
        }
    }
    print_message("[  REASON  ] this OS has not reused the closed socket's number yet\n");
    skip();
    return 0;
}

static inline void add(size_t i, fer_event interest, fer_poll_mode mode)
{
    assert_ok(fer_poller_add(&poller, raw_of(i), interest, mode));
}

static inline void modify(size_t i, fer_event interest, fer_poll_mode mode)
{
    assert_ok(fer_poller_modify(&poller, raw_of(i), interest, mode));
}

static inline size_t open_and_add(uint64_t key, fer_poll_mode mode)
{
    size_t i = open_socket();
    add(i, reading(key), mode);
    return i;
}

/* ---- Waits */

static inline void expect(uint64_t key, bool readable, bool writable)
{
    fer_event event = {0};
    size_t count = 0;
    assert_ok(fer_poller_wait(&poller, limit, &event, 1, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(event.key, key);
    assert_true(event.interest == ((readable ? FER_READABLE : 0) | (writable ? FER_WRITABLE : 0)));
}

static inline void expect_none_for(uint32_t periods)
{
    fer_event event = {0};
    size_t count = 1;
    fer_duration time = {(uint64_t)periods * PERIOD_MILLIS * 1000000};
    assert_ok(fer_poller_wait(&poller, time, &event, 1, &count, NULL));
    assert_int_equal(count, 0);
}

static inline void expect_none(void)
{
    expect_none_for(0);
    expect_none_for(2);
}

/* ---- Setup */

static inline int begin(void **state)
{
    fake_begin();
    socket_count = 0;
    (void)memory_begin(state);
    poller = (fer_poller){0};
    assert_ok(fer_poller_new(&poller));
    ((ferp_afd_poller *)poller.p_.system_[0])->period_millis = PERIOD_MILLIS;
    return 0;
}

static inline int end(void **state)
{
    fer_poller_close(&poller);
    while (socket_count > 0) {
        fer_udp_socket_close(&sockets[--socket_count]);
    }
    return fake_violations() == 0 ? memory_end(state) : -1;
}

#define AFD_TEST(function) TEST_WITH(function, begin, end)

#endif

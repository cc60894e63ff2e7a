/* test_poller_list.c: platform/posix/poller_list.h, the poller of systems whose wait takes the
 * list of all sockets: without memory, while its table grows, when a deleted socket is no longer
 * polled, and when a closed one's number is used again. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* syscall */
#endif
#include <stdbool.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/base/compiler.h"
#include "ferrule.h"
#include "platform/platform.h"
#include "support/group.h"
#include "support/thread.h"
#include "unit/limited_memory.h" /* the list allocates inside its lock, so the counters need none */

enum { SOCKETS = 70 };

#define assert_kind(call, expected) assert_int_equal((call).kind, (expected))
#define assert_ok(call) assert_kind(call, FER_OK)

static const fer_duration zero_timeout = {0};

/* ---- Sockets */

static fer_event reading(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_READABLE};
}

static fer_socket_addr loopback(void)
{
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, 1);
    return fer_socket_addr_v4_new(ip, 0);
}

static fer_raw_socket open_mailbox(fer_udp_socket *mailbox)
{
    fer_socket_addr addr = loopback();
    assert_ok(fer_udp_socket_bind_addr(mailbox, &addr));
    return fer_udp_socket_as_raw(mailbox);
}

static fer_udp_socket mailboxes[SOCKETS];

static int end(void **state)
{
    for (int i = 0; i < SOCKETS; i++) {
        fer_udp_socket_close(&mailboxes[i]);
    }
    return memory_end(state);
}

#define MAILBOX_TEST(function) TEST_WITH(function, memory_begin, end)

/* Returns when the datagram has arrived, because a loopback need not deliver it during the send. */
static void post(fer_udp_socket *mailbox)
{
    fer_socket_addr addr;
    fer_interest ready = 0;
    assert_ok(fer_udp_socket_local_addr(mailbox, &addr));
    assert_ok(fer_udp_socket_send_to(mailbox, "x", 1, &addr, NULL));
    assert_ok(fer_udp_socket_ready(mailbox, FER_READABLE, FER_DURATION_NONE, &ready));
}

static void assert_one_event(fer_poller *poller, uint64_t key)
{
    fer_event events[SOCKETS];
    size_t count = 0;
    assert_ok(fer_poller_wait(poller, zero_timeout, events, SOCKETS, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(events[0].key, key);
}

/* ---- Without memory */

MEMORY_TEST(a_poller_without_memory_is_not_made)
{
    fer_poller poller = {0};
    int needed = 0;
    for (fer_error err = {FER_OUT_OF_MEMORY, 0}; err.kind != FER_OK; needed++) {
        allowed = needed;
        err = fer_poller_new(&poller);
        assert_true(err.kind == FER_OK || err.kind == FER_OUT_OF_MEMORY);
        assert_true(err.kind == FER_OK || blocks == 0);
    }
    assert_true(needed > 1);
    fer_poller_close(&poller);
}

MAILBOX_TEST(an_add_without_memory_changes_nothing)
{
    fer_poller poller = {0};
    int refused = 0;
    assert_ok(fer_poller_new(&poller));
    for (int i = 0; i < SOCKETS; i++) {
        fer_raw_socket raw = open_mailbox(&mailboxes[i]);
        allowed = 0;
        while (fer_poller_add(&poller, raw, reading((uint64_t)i), FER_POLL_LEVEL).kind ==
               FER_OUT_OF_MEMORY) {
            assert_kind(fer_poller_delete(&poller, raw), FER_NOT_FOUND);
            if (i > 0) {
                assert_one_event(&poller, 0);
            }
            allowed = ++refused;
        }
        if (i == 0) {
            post(&mailboxes[0]);
        }
    }
    assert_true(refused > SOCKETS);
    assert_one_event(&poller, 0);
    fer_poller_close(&poller);
}

/* ---- While another thread waits */

struct waiter {
    fer_poller poller;
    test_thread thread;
    uint32_t stop;
    fer_error error;
    uint64_t key;
};

/* Waits until there is an event or until the test sets stop. */
static void wait_on(void *argument)
{
    struct waiter *waiter = argument;
    fer_event event = {0};
    size_t count = 0;
    while (count == 0 && waiter->error.kind == FER_OK && feri_atomic_load(&waiter->stop) == 0) {
        waiter->error =
            fer_poller_wait(&waiter->poller, FER_DURATION_NONE, &event, 1, &count, NULL);
    }
    waiter->key = event.key;
}

static void start(struct waiter *waiter)
{
    *waiter = (struct waiter){.key = 0};
    assert_ok(fer_poller_new(&waiter->poller));
    test_thread_start(&waiter->thread, wait_on, waiter);
}

MAILBOX_TEST(sockets_that_are_added_while_the_table_grows_are_waited_for)
{
    static struct waiter waiter; /* static, because the thread of a failed test still uses it */
    start(&waiter);
    for (int i = 0; i < SOCKETS; i++) {
        assert_ok(fer_poller_add(&waiter.poller, open_mailbox(&mailboxes[i]),
                                 reading(1 + (uint64_t)i), FER_POLL_ONESHOT));
    }
    post(&mailboxes[SOCKETS - 1]);
    test_thread_join(&waiter.thread);
    assert_ok(waiter.error);
    assert_int_equal(waiter.key, SOCKETS);
    fer_poller_close(&waiter.poller);
}

/* On some systems poll keeps a closed socket open until it returns: the peer receives no end of
 * file, and the port stays in use. */
MEMORY_TEST(a_socket_that_was_deleted_is_closed_by_close_alone)
{
    enum { ROUNDS = 200 };
    static struct waiter waiter; /* static, because the thread of a failed test still uses it */
    start(&waiter);
    for (int i = 0; i < ROUNDS; i++) {
        fer_raw_socket one = FER_RAW_SOCKET_NONE;
        fer_raw_socket other = FER_RAW_SOCKET_NONE;
        char byte = 0;
        size_t n = 1;
        if (ferp_unix_pair(FER_TYPE_STREAM, &one, &other).kind == FER_UNSUPPORTED) {
            break;
        }
        assert_ok(ferp_set_nonblocking(other, true));
        assert_ok(fer_poller_add(&waiter.poller, one, reading(1), FER_POLL_LEVEL));
        test_thread_yield();
        assert_ok(fer_poller_delete(&waiter.poller, one));
        ferp_close(one);
        assert_ok(ferp_recv(other, &byte, 1, 0, &n));
        assert_int_equal(n, 0);
        ferp_close(other);
    }
    assert_true(feri_atomic_replace(&waiter.stop, 0, 1));
    assert_ok(fer_poller_notify(&waiter.poller));
    test_thread_join(&waiter.thread);
    assert_ok(waiter.error);
    fer_poller_close(&waiter.poller);
}

/* ---- The number of a closed socket */

#if defined(__linux__) && !defined(TEST_OVER_KERNEL)

static fer_poller reused_poller;
static void (*after_close)(int closed); /* in place of another thread; once */
static int spare;                       /* a socket of the other thread */

/* In place of the system's close, also for the library. */
int close(int fd)
{
    int returned = (int)syscall(SYS_close, fd);
    void (*run)(int) = after_close;
    after_close = NULL;
    if (run != NULL) {
        run(fd);
    }
    return returned;
}

static void reuse_and_add(int closed)
{
    assert_int_equal(dup2(spare, closed), closed);
    assert_ok(fer_poller_add(&reused_poller, closed, reading(2), FER_POLL_LEVEL));
}

/* P4. The close must be counted before the system's close: after it, the number may be another
 * socket's. */
MAILBOX_TEST(a_socket_that_gets_the_number_during_a_close_stays_registered)
{
    reused_poller = (fer_poller){0};
    assert_ok(fer_poller_new(&reused_poller));
    fer_raw_socket raw = open_mailbox(&mailboxes[0]);
    spare = (int)open_mailbox(&mailboxes[1]);
    assert_ok(fer_poller_add(&reused_poller, raw, reading(1), FER_POLL_LEVEL));
    after_close = reuse_and_add;
    fer_udp_socket_close(&mailboxes[0]);
    assert_null(after_close);
    post(&mailboxes[1]);
    assert_one_event(&reused_poller, 2);
    fer_poller_close(&reused_poller);
    assert_int_equal(close((int)raw), 0);
}

#endif

TEST_MAIN("poller_list")

/* test_kernel.c: the kernel in this process, without ferrule: no sleeping call misses its wake. If
 * one of these tests fails, the results of the other suites mean nothing. The other suites decide
 * the rest of the calls. */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/group.h"
#include "support/process.h"
#include "support/thread.h"

enum { LIMIT_MS = 10000 };

static void close_both(const int ends[2])
{
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

/* Each of several threads waits for a byte, and all bytes come at the same time. */
enum { SLEEPERS = 10, ROUNDS = 60 };

struct sleeper {
    bool polls;
    int ends[2];
    test_thread thread;
};
static atomic_int received;
static atomic_int lost;

static void sleep_until_bytes_come(void *argument)
{
    struct sleeper *sleeper = argument;
    for (int i = 0; i < ROUNDS && atomic_load(&lost) == 0; i++) {
        struct pollfd entry = {sleeper->ends[1], POLLIN, 0};
        char byte;
        if ((sleeper->polls && poll(&entry, 1, LIMIT_MS) != 1) ||
            recv(sleeper->ends[1], &byte, 1, 0) != 1) {
            (void)atomic_fetch_add(&lost, 1);
        }
        (void)atomic_fetch_add(&received, 1);
    }
}

static void assert_no_wake_is_lost(bool polls)
{
    const struct timeval timeout = {LIMIT_MS / 1000, 0};
    struct sleeper sleepers[SLEEPERS];
    atomic_store(&received, 0);
    atomic_store(&lost, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i].polls = polls;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sleepers[i].ends), 0);
        assert_int_equal(
            setsockopt(sleepers[i].ends[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
        test_thread_start(&sleepers[i].thread, sleep_until_bytes_come, &sleepers[i]);
    }
    for (int round = 0; round < ROUNDS && atomic_load(&lost) == 0; round++) {
        while (atomic_load(&received) < round * SLEEPERS) {
            test_thread_yield();
        }
        assert_int_equal(poll(NULL, 0, 10), 0); /* the threads sleep now */
        for (int i = 0; i < SLEEPERS; i++) {
            assert_int_equal(send(sleepers[i].ends[0], "x", 1, 0), 1);
        }
    }
    for (int i = 0; i < SLEEPERS; i++) {
        test_thread_join(&sleepers[i].thread);
        close_both(sleepers[i].ends);
    }
    assert_int_equal(atomic_load(&lost), 0);
}

TEST(no_poll_misses_its_wake)
{
    assert_no_wake_is_lost(true);
}

TEST(no_receive_misses_its_wake)
{
    assert_no_wake_is_lost(false);
}

/* The shim of NetBSD looks for signals from the first handler on. */
TEST(no_wake_is_missed_between_two_checks_for_signals)
{
    assert_true(process_signals_start());
    process_signals_stop();
    assert_no_wake_is_lost(true);
    assert_no_wake_is_lost(false);
}

TEST_MAIN("kernel")

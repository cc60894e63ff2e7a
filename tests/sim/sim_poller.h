/* sim_poller.h: helpers for the tests of pollers over the simulated network. The poller is that of
 * `test`. */
#ifndef SIM_POLLER_H
#define SIM_POLLER_H

#include "sim/sim_test.h"

enum { CAP = 8 };

/* The events of the last wait. */
static fer_event events[CAP];
static size_t count;

static inline int watcher_start(void **state)
{
    (void)sim_start(state);
    open_ends = connected();
    assert_ok(fer_poller_new(&test.poller));
    return 0;
}

/* SIM_PAIR_TEST with a poller. */
#define WATCHER_TEST(function) \
    SIM_TEST_OF(function, (fer_tcp_stream * stream), (&open_ends.stream), watcher_start)
#define POSIX_WATCHER_TEST(function)                                  \
    TEST_OF(function, (fer_tcp_stream * stream), (&open_ends.stream), \
            POSIX_ROW(function, watcher_start))

static inline fer_error poll_for(fer_duration timeout)
{
    count = 77;
    return fer_poller_wait(&test.poller, timeout, events, CAP, &count, NULL);
}

static inline void nothing_comes(void)
{
    assert_ok(poll_for(millis(0)));
    assert_int_equal(count, 0);
}

static inline void assert_event(size_t at, uint64_t key, const char *half)
{
    assert_true(at < count);
    assert_true(events[at].key == key);
    assert_int_equal((events[at].interest & FER_READABLE) != 0, strchr(half, 'r') != NULL);
    assert_int_equal((events[at].interest & FER_WRITABLE) != 0, strchr(half, 'w') != NULL);
}

static inline void comes(uint64_t key, const char *half)
{
    assert_ok(poll_for(millis(0)));
    assert_int_equal(count, 1);
    assert_event(0, key, half);
}

static inline void comes_once(uint64_t key, const char *half)
{
    comes(key, half);
    nothing_comes();
}

static inline fer_event interest_of(uint64_t key, const char *half)
{
    return (fer_event){.key = key,
                       .interest = (strchr(half, 'r') != NULL ? FER_READABLE : 0) |
                                   (strchr(half, 'w') != NULL ? FER_WRITABLE : 0)};
}

static inline void add(fer_raw_socket raw, uint64_t key, const char *half, fer_poll_mode mode)
{
    assert_ok(fer_poller_add(&test.poller, raw, interest_of(key, half), mode));
}

static inline void change(fer_raw_socket raw, uint64_t key, const char *half, fer_poll_mode mode)
{
    assert_ok(fer_poller_modify(&test.poller, raw, interest_of(key, half), mode));
}

static inline fer_raw_socket raw_of(const fer_tcp_stream *stream)
{
    return fer_tcp_stream_as_raw(stream);
}

#endif

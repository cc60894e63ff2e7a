/* sim_poller.h: helpers for the tests of pollers over the simulated network. */
#ifndef SIM_POLLER_H
#define SIM_POLLER_H

#include "sim/sim_test.h"

enum { CAP = 8 };

/* A poller, and the events of its last wait. */
struct watcher {
    fer_poller poller;
    fer_event events[CAP];
    size_t count;
};

static inline struct watcher opened(void)
{
    struct watcher watcher;
    memset(&watcher, 0, sizeof watcher);
    assert_ok(fer_poller_new(&watcher.poller));
    return watcher;
}

static struct watcher open_watcher;

static inline int watcher_start(void **state)
{
    (void)sim_start(state);
    open_watcher = opened();
    return 0;
}

static inline int watcher_pair_start(void **state)
{
    (void)sim_start(state);
    (void)ends_open();
    open_watcher = opened();
    return 0;
}

static inline int watcher_end(void **state)
{
    fer_poller_close(&open_watcher.poller);
    memset(&open_watcher, 0, sizeof open_watcher);
    return sim_end(state);
}

/* SIM_TEST and SIM_PAIR_TEST with a poller in `watcher`, which is closed after the test. */
#define WATCHER_TEST(function) \
    WATCHER_TEST_OF(function, (struct watcher * watcher), (&open_watcher), watcher_start)
#define WATCHER_PAIR_TEST(function)                                           \
    WATCHER_TEST_OF(function, (struct watcher * watcher, struct ends * ends), \
                    (&open_watcher, &open_ends), watcher_pair_start)
#define WATCHER_TEST_OF(function, parameters, arguments, begin)                             \
    TEST_OF(function, parameters, arguments,                                                \
            TEST_ROW(#function " [POSIX]", function, begin, watcher_end, &sim_dialects[0]), \
            TEST_ROW(#function " [WINSOCK]", function, begin, watcher_end, &sim_dialects[1]))

static inline void wait_for(struct watcher *watcher, fer_duration timeout)
{
    assert_ok(
        fer_poller_wait(&watcher->poller, timeout, watcher->events, CAP, &watcher->count, NULL));
}

static inline void nothing_comes(struct watcher *watcher)
{
    wait_for(watcher, millis(0));
    assert_int_equal(watcher->count, 0);
}

static inline void assert_event(const struct watcher *watcher, size_t at, uint64_t key,
                                const char *half)
{
    assert_true(at < watcher->count);
    assert_true(watcher->events[at].key == key);
    assert_int_equal((watcher->events[at].interest & FER_READABLE) != 0, strchr(half, 'r') != NULL);
    assert_int_equal((watcher->events[at].interest & FER_WRITABLE) != 0, strchr(half, 'w') != NULL);
}

static inline void comes(struct watcher *watcher, uint64_t key, const char *half)
{
    wait_for(watcher, millis(0));
    assert_int_equal(watcher->count, 1);
    assert_event(watcher, 0, key, half);
}

static inline fer_event interest_of(uint64_t key, const char *half)
{
    return (fer_event){.key = key,
                       .interest = (strchr(half, 'r') != NULL ? FER_READABLE : 0) |
                                   (strchr(half, 'w') != NULL ? FER_WRITABLE : 0)};
}

static inline void add(struct watcher *watcher, fer_raw_socket raw, fer_event interest,
                       fer_poll_mode mode)
{
    assert_ok(fer_poller_add(&watcher->poller, raw, interest, mode));
}

static inline void add_level(struct watcher *watcher, const fer_tcp_stream *stream, uint64_t key,
                             const char *half)
{
    add(watcher, fer_tcp_stream_as_raw(stream), interest_of(key, half), FER_POLL_LEVEL);
}

static inline fer_raw_socket raw_of(const struct ends *ends)
{
    return fer_tcp_stream_as_raw(&ends->stream);
}

static inline void close_both(struct watcher *watcher, struct ends *ends)
{
    fer_poller_close(&watcher->poller);
    fer_tcp_stream_close(&ends->stream);
    fer_sim_peer_close(ends->peer);
}

#endif

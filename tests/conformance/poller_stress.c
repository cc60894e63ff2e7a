/* poller_stress.c: many threads on one poller for a bounded time (rules P3, P4, P6 to P8): some
 * wait and read, one writes, one adds and deletes, one notifies. In every order, each byte is read
 * once, each stream is read by one thread at a time, and every thread ends. */
#include <stdatomic.h>

#include "support/poller_fixture.h"
#include "support/thread.h"

enum {
    STREAMS = 10,
    BYTES = 2000,
    FEWER_BYTES = 150,
    WAITERS = 4,
    CHURNS = 1500,
    NOTIFIES = 3000,
    CHURN_KEY = 1000
};

/* Shared by the threads. A thread does not assert; it counts each failed check. */
struct scene {
    fer_poller *poller;
    fer_tcp_stream *streams[STREAMS];
    peer_socket others[STREAMS];
    /* The number of threads that read a stream: 0 or 1. */
    atomic_uint busy[STREAMS];
    /* Not atomic: only the thread that received the stream's event accesses it. */
    unsigned got[STREAMS];
    /* For each stream. */
    unsigned bytes;
    atomic_uint got_all;
    atomic_uint wrong;
    atomic_bool is_over;
};

static void check(struct scene *scene, bool is_right)
{
    if (!is_right) {
        atomic_fetch_add(&scene->wrong, 1u);
    }
}

/* Reads some of the queued bytes. The rest is reported by a later event. */
static void read_stream(struct scene *scene, size_t i)
{
    char buf[7];
    size_t n = 0;
    check(scene, atomic_fetch_add(&scene->busy[i], 1u) == 0);
    fer_error error = fer_tcp_stream_read(scene->streams[i], buf, sizeof buf, &n);
    check(scene, error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
    for (size_t at = 0; at < n; at++) {
        check(scene, (unsigned char)buf[at] == pattern_at(scene->got[i]++));
    }
    check(scene, atomic_fetch_sub(&scene->busy[i], 1u) == 1);
    fer_raw_socket raw = fer_tcp_stream_as_raw(scene->streams[i]);
    check(scene,
          fer_poller_modify(scene->poller, raw, reading(i), FER_POLL_ONESHOT).kind == FER_OK);
    if (atomic_fetch_add(&scene->got_all, (unsigned)n) + n == STREAMS * scene->bytes) {
        atomic_store(&scene->is_over, true);
    }
}

static void wait_and_read(void *argument)
{
    struct scene *scene = argument;
    fer_event events[3];
    size_t count = 0;
    while (!atomic_load(&scene->is_over)) {
        unsigned before = atomic_load(&scene->got_all);
        uint64_t start = peer_now_us();
        check(scene,
              fer_poller_wait(scene->poller, events, 3, millis(PEER_LIMIT_MS), &count).kind ==
                  FER_OK);
        /* The other threads may have received all events. Then a wait without an event is correct,
         * however long it took. */
        bool is_stuck = count == 0 && microseconds_since(start) > PEER_LIMIT_MS * UINT64_C(1000) &&
                        atomic_load(&scene->got_all) == before;
        for (size_t e = 0; e < count; e++) {
            check(scene, events[e].key < STREAMS || events[e].key == CHURN_KEY);
            if (events[e].key < STREAMS) {
                check(scene, events[e].readable && !events[e].writable);
                read_stream(scene, (size_t)events[e].key);
            }
        }
        if (is_stuck) {
            /* No thread received an event for so long: a wakeup was lost. */
            check(scene, false);
            atomic_store(&scene->is_over, true);
        }
    }
    /* Wakes the next thread, which then sees is_over. */
    check(scene, fer_poller_notify(scene->poller).kind == FER_OK);
}

/* Writes one byte to each stream in turn. */
static void write_all_streams(void *argument)
{
    struct scene *scene = argument;
    for (uint64_t at = 0; at < scene->bytes; at++) {
        unsigned char byte = pattern_at(at);
        for (size_t i = 0; i < STREAMS; i++) {
            check(scene, peer_send_all(scene->others[i], &byte, 1));
        }
    }
}

/* Opens and closes its own sockets, which are ready from the start. */
static void add_and_delete(void *argument)
{
    struct scene *scene = argument;
    const fer_poll_mode modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL};
    fer_socket_addr addr = loopback(PEER_V4, 0);
    for (int i = 0; i < CHURNS && !atomic_load(&scene->is_over); i++) {
        fer_udp_socket socket;
        memset(&socket, 0, sizeof socket);
        check(scene, fer_udp_socket_bind_addr(&socket, &addr).kind == FER_OK);
        fer_raw_socket raw = fer_udp_socket_as_raw(&socket);
        check(scene,
              fer_poller_add(scene->poller, raw, writing(CHURN_KEY), modes[i % 2]).kind == FER_OK);
        check(scene, fer_poller_add(scene->poller, raw, writing(1), modes[i % 2]).kind ==
                         FER_ALREADY_EXISTS);
        check(scene,
              fer_poller_modify(scene->poller, raw, either_of_both(CHURN_KEY), modes[i / 2 % 2])
                      .kind == FER_OK);
        check(scene, fer_poller_delete(scene->poller, raw).kind == FER_OK);
        check(scene, fer_poller_delete(scene->poller, raw).kind == FER_NOT_FOUND);
        fer_udp_socket_close(&socket);
    }
}

static void notify_often(void *argument)
{
    struct scene *scene = argument;
    for (int i = 0; i < NOTIFIES && !atomic_load(&scene->is_over); i++) {
        check(scene, fer_poller_notify(scene->poller).kind == FER_OK);
        if (i % 16 == 0) {
            test_thread_yield();
        }
    }
}

static void open_scene(struct scene *scene, fer_poller *poller)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 16, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    memset(scene, 0, sizeof *scene);
    scene->poller = poller;
    scene->bytes = peer_is_wine() ? FEWER_BYTES : BYTES;
    for (size_t i = 0; i < STREAMS; i++) {
        scene->streams[i] = test_stream();
        assert_ok(fer_tcp_stream_connect_addr(scene->streams[i], &addr));
        assert_ok(fer_tcp_stream_set_nonblocking(scene->streams[i], true));
        scene->others[i] = peer_accept(listener);
        assert_true(scene->others[i] != PEER_NONE);
        assert_ok(fer_poller_add(poller, fer_tcp_stream_as_raw(scene->streams[i]), reading(i),
                                 FER_POLL_ONESHOT));
    }
}

static void many_threads_come_to_an_end(void **state)
{
    (void)state;
    static struct scene scene;
    static void (*const others[])(void *) = {write_all_streams, add_and_delete, notify_often};
    enum { OTHERS = sizeof others / sizeof others[0] };
    test_thread threads[WAITERS + OTHERS];
    fer_poller *poller = test_poller();
    open_scene(&scene, poller);
    for (size_t i = 0; i < WAITERS + OTHERS; i++) {
        test_thread_start(&threads[i], i < WAITERS ? wait_and_read : others[i - WAITERS], &scene);
    }
    for (size_t i = 0; i < WAITERS + OTHERS; i++) {
        test_thread_join(&threads[i]);
    }
    assert_int_equal(atomic_load(&scene.wrong), 0);
    assert_int_equal(atomic_load(&scene.got_all), STREAMS * scene.bytes);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(scene.got[i], scene.bytes);
        assert_ok(fer_poller_delete(poller, fer_tcp_stream_as_raw(scene.streams[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POLLER_TEST("P8", many_threads_come_to_an_end),
    };
    return RUN_TESTS("poller_stress", tests);
}

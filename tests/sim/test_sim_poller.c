/* test_sim_poller.c: a poller over the simulated network: time, faults, leaks, and closed and
 * reused numbers. The rules for every system are in tests/conformance, and their model in fuzz/. */
#include "sim/sim_test.h"

enum { CAP = 8 };

/* The events of the last wait. */
static fer_event events[CAP];
static size_t count;

static int watcher_start(void **state)
{
    (void)sim_start(state);
    open_ends = connected();
    assert_ok(fer_poller_new(&test.poller));
    return 0;
}

/* SIM_PAIR_TEST with a poller. */
#define WATCHER_TEST(function) \
    SIM_TEST_OF(function, (fer_tcp_stream * stream), (&open_ends.stream), watcher_start)
static fer_error poll_for(fer_duration timeout)
{
    count = 77;
    return fer_poller_wait(&test.poller, timeout, events, CAP, &count, NULL);
}

static void nothing_comes(void)
{
    assert_ok(poll_for(millis(0)));
    assert_int_equal(count, 0);
}

static void comes(uint64_t key)
{
    assert_ok(poll_for(millis(0)));
    assert_int_equal(count, 1);
    assert_true(events[0].key == key);
}

static fer_event writable(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_WRITABLE};
}

static void add(fer_raw_socket raw, uint64_t key)
{
    assert_ok(fer_poller_add(&test.poller, raw, writable(key), FER_POLL_LEVEL));
}

static fer_raw_socket raw_of(const fer_tcp_stream *stream)
{
    return fer_tcp_stream_as_raw(stream);
}

/* Ends the test's simulation. The fault has been injected so many times. */
static void assert_injected(fer_sim_fault fault, uint64_t times)
{
    fer_sim_report report;
    close_handles();
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    assert_int_equal(report.faults[fault], times);
}

/* ---- Time */

WATCHER_TEST(a_wait_that_only_checks_takes_a_microsecond_and_one_without_end_is_a_deadlock)
{
    const fer_event readable = {.key = 1, .interest = FER_READABLE};
    assert_ok(fer_poller_add(&test.poller, raw_of(stream), readable, FER_POLL_LEVEL));
    uint64_t begin = now_us();
    nothing_comes();
    assert_int_equal(now_us() - begin, 1);
    assert_kind(poll_for(FER_DURATION_NONE), FER_DEADLOCK);
    assert_int_equal(count, 0);
    peer_sends(open_ends.peer, "x");
    comes(1);
    assert_int_equal(now_us() - begin, 1);
}

/* A call that would wait fails inside an event. */
static void poll_and_wait(void *poller)
{
    fer_event event;
    size_t none = 77;
    uint64_t begin = fer_sim_now().nanos;
    assert_ok_n(fer_poller_wait(poller, millis(0), &event, 1, &none, NULL), none, 0);
    assert_kind(fer_poller_wait(poller, millis(1), &event, 1, &none, NULL), FER_DEADLOCK);
    assert_int_equal(fer_sim_now().nanos, begin);
}

WATCHER_TEST(time_stands_still_in_an_event)
{
    fer_poller inner = {0};
    assert_ok(fer_poller_new(&inner));
    after_ms(3, poll_and_wait, &inner);
    assert_takes(5, assert_ok(poll_for(millis(5))));
    fer_poller_close(&inner);
}

/* ---- Faults */

SIM_PAIR_TEST(a_poller_without_memory_or_handles_changes_nothing)
{
    const fer_raw_socket raw = raw_of(&ends->stream);
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_poller_new(&test.poller), FER_TOO_MANY_OPEN_FILES);
    arm(FER_SIM_FAULT_NO_MEMORY);
    assert_kind(fer_poller_new(&test.poller), FER_OUT_OF_MEMORY);
    assert_ok(fer_poller_new(&test.poller));
    for (uint64_t nth = 1; nth <= 2; nth++) { /* one for the registration, and one for the table */
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, nth));
        assert_kind(fer_poller_add(&test.poller, raw, writable(1), FER_POLL_LEVEL),
                    FER_OUT_OF_MEMORY);
        assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
        nothing_comes();
    }
    add(raw, 1);
    comes(1);
    assert_injected(FER_SIM_FAULT_NO_MEMORY, 3);
}

/* ---- Leaks, and other simulations */

WATCHER_TEST(a_poller_that_is_left_open_is_reported_and_unusable)
{
    fer_sim_report report;
    add(raw_of(stream), 1);
    fer_tcp_stream_close(stream);
    assert_ok_n(fer_sim_stop(&report), report.leaked_pollers, 1);
    assert_kind(poll_for(millis(0)), FER_UNSUPPORTED);
    assert_kind(fer_poller_new(&(fer_poller){0}), FER_UNSUPPORTED);
    sim_begin();
    open_ends = connected();
    assert_kind(poll_for(millis(0)), FER_BAD_HANDLE);
    assert_kind(fer_poller_add(&test.poller, raw_of(stream), writable(1), FER_POLL_LEVEL),
                FER_BAD_HANDLE);
}

WATCHER_TEST(an_unconnected_socket_is_hung_up_on_linux_only)
{
    assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    add(fer_socket_as_raw(&test.socket), 4);
    assert_ok_n(poll_for(millis(0)), count, is_winsock() ? 0 : 1);
}

WATCHER_TEST(a_full_stream_is_writable_to_epoll_alone_once_it_was_shut)
{
    fill(stream);
    add(raw_of(stream), 1);
    nothing_comes();
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_ok_n(poll_for(millis(0)), count, is_winsock() ? 0 : 1);
}

POSIX_TEST(a_unix_datagram_to_a_full_queue_is_not_writable)
{
    fer_unix_received got;
    char byte = 0;
    assert_ok(fer_poller_new(&test.poller));
    assert_ok(fer_unix_datagram_bind(&test.gram, "full"));
    assert_ok(fer_unix_datagram_unbound(&test.gram2));
    assert_ok(fer_unix_datagram_connect(&test.gram2, "full"));
    assert_ok(fer_poller_add(&test.poller, fer_unix_datagram_as_raw(&test.gram2), writable(1),
                             FER_POLL_EDGE));
    comes(1);
    while (fer_unix_datagram_try_send(&test.gram2, "x", 1, NULL).kind == FER_OK) {
    }
    nothing_comes();
    assert_ok(fer_unix_datagram_recv(&test.gram, &byte, 1, &got));
    comes(1);
    nothing_comes();
}

/* ---- Closed and reused numbers */

/* A new socket reuses the free number. */
static void bind_with(fer_raw_socket raw)
{
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_true(fer_udp_socket_as_raw(&test.udp) == raw);
}

WATCHER_TEST(a_clone_keeps_a_closed_numbers_registration_on_linux_alone)
{
    fer_raw_socket raw = raw_of(stream);
    add(raw, 1);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    if (is_winsock()) {
        nothing_comes();
    } else {
        comes(1);
    }
    assert_kind(fer_poller_delete(&test.poller, raw), FER_BAD_HANDLE);
    bind_with(raw);
    assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
    add(raw, 2);
    assert_kind(fer_poller_add(&test.poller, raw, writable(3), FER_POLL_LEVEL), FER_ALREADY_EXISTS);
    assert_ok_n(poll_for(millis(0)), count, is_winsock() ? 1 : 2);
    fer_tcp_stream_close(&test.clone);
    comes(2);
    fer_udp_socket_close(&test.udp);
    nothing_comes();
}

/* epoll identifies a registration by number and socket: if both are the same again, so is the
 * registration. */
WATCHER_TEST(the_same_socket_may_get_the_same_number_back)
{
    fer_raw_socket raw = raw_of(stream);
    add(raw, 1);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    bind_with(raw);
    add(raw, 2);
    fer_udp_socket_close(&test.udp);
    assert_ok(fer_tcp_stream_try_clone(&test.clone, &test.stream));
    assert_true(raw_of(&test.stream) == raw);
    assert_kind(fer_poller_add(&test.poller, raw, writable(3), FER_POLL_LEVEL),
                is_winsock() ? FER_OK : FER_ALREADY_EXISTS);
    comes(is_winsock() ? 3 : 1);
    assert_ok(fer_poller_delete(&test.poller, raw));
    nothing_comes();
}

/* With any number of them, and without a wait that would remove them. */
SIM_CONFIG_TEST(a_socket_closed_without_a_delete_is_never_reported)
{
    sim_begin_of(.max_sockets = 4);
    assert_ok(fer_poller_new(&test.poller));
    for (uint64_t i = 0; i < 40; i++) {
        assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
        add(fer_udp_socket_as_raw(&test.udp), i);
        assert_ok(fer_udp_socket_try_clone(&test.udp, &test.udp2));
        fer_udp_socket_close(&test.udp);
        fer_udp_socket_close(&test.udp2);
    }
    nothing_comes();
}

/* A key may be a pointer, and connectors use their addresses. */
SIM_CONFIG_TEST(the_digest_does_not_depend_on_the_keys)
{
    fer_sim_report reports[2];
    for (uint64_t key = 0; key < 2; key++) {
        sim_begin();
        open_ends = connected();
        assert_ok(fer_poller_new(&test.poller));
        add(raw_of(&open_ends.stream), key);
        comes(key);
        close_handles();
        assert_ok(fer_sim_stop(&reports[key]));
    }
    assert_true(reports[0].digest == reports[1].digest);
}

TEST_MAIN("sim_poller")

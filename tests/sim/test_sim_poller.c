/* test_sim_poller.c: a poller over the simulated network: faults, time, and notifications from
 * events; the differences between epoll and AFD; closed and reused numbers; edges; and equal runs
 * with pollers and faults. The rules for every system are in tests/conformance. */
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
#define POSIX_WATCHER_TEST(function)                                  \
    TEST_OF(function, (fer_tcp_stream * stream), (&open_ends.stream), \
            POSIX_ROW(function, watcher_start))

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

static void assert_event(size_t at, uint64_t key, const char *half)
{
    assert_true(at < count);
    assert_true(events[at].key == key);
    assert_int_equal((events[at].interest & FER_READABLE) != 0, strchr(half, 'r') != NULL);
    assert_int_equal((events[at].interest & FER_WRITABLE) != 0, strchr(half, 'w') != NULL);
}

static void comes(uint64_t key, const char *half)
{
    assert_ok(poll_for(millis(0)));
    assert_int_equal(count, 1);
    assert_event(0, key, half);
}

static void comes_once(uint64_t key, const char *half)
{
    comes(key, half);
    nothing_comes();
}

static fer_event interest_of(uint64_t key, const char *half)
{
    return (fer_event){.key = key,
                       .interest = (strchr(half, 'r') != NULL ? FER_READABLE : 0) |
                                   (strchr(half, 'w') != NULL ? FER_WRITABLE : 0)};
}

static void add(fer_raw_socket raw, uint64_t key, const char *half, fer_poll_mode mode)
{
    assert_ok(fer_poller_add(&test.poller, raw, interest_of(key, half), mode));
}

static void change(fer_raw_socket raw, uint64_t key, const char *half, fer_poll_mode mode)
{
    assert_ok(fer_poller_modify(&test.poller, raw, interest_of(key, half), mode));
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

WATCHER_TEST(a_wait_takes_just_as_long_as_the_network_does)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {7000000}, "late", 4},
                                         {FER_SIM_ACTION_ECHO, {0}, NULL, 0}};
    add(raw_of(stream), 5, "r", FER_POLL_LEVEL);
    assert_ok(fer_sim_peer_play(open_ends.peer, steps, 2));
    uint64_t begin = now_us();
    assert_ok(poll_for(FER_DURATION_NONE));
    assert_event(0, 5, "r");
    assert_in_range(now_us() - begin, 7000, 8000);
    stream_reads(stream, "late");
    begin = fer_sim_now().nanos;
    assert_ok_n(poll_for(fer_duration_from_nanos(1234567)), count, 0);
    assert_int_equal(fer_sim_now().nanos - begin, 1234567);
}

WATCHER_TEST(a_wait_that_only_checks_takes_a_microsecond_and_one_without_end_is_a_deadlock)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    uint64_t begin = now_us();
    nothing_comes();
    assert_int_equal(now_us() - begin, 1);
    assert_kind(poll_for(FER_DURATION_NONE), FER_DEADLOCK);
    assert_int_equal(count, 0);
    peer_sends(open_ends.peer, "x");
    comes(1, "r");
    assert_int_equal(now_us() - begin, 1);
}

/* ---- Notifications from events */

static void notify(void *poller)
{
    assert_ok(fer_poller_notify(poller));
}

WATCHER_TEST(an_event_may_notify_the_wait_that_it_happens_in)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    after_ms(3, notify, &test.poller);
    assert_takes(3, assert_ok_n(poll_for(FER_DURATION_NONE), count, 0));
    assert_takes(10, assert_ok_n(poll_for(millis(10)), count, 0));
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

WATCHER_TEST(a_wait_continues_after_an_interruption_with_the_time_left)
{
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_takes(40, assert_ok_n(poll_for(millis(40)), count, 0));
    arm(FER_SIM_FAULT_INTERRUPTED);
    nothing_comes();
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 2);
}

WATCHER_TEST(false_readiness_is_of_a_requested_interest_that_is_not_ready)
{
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    add(raw_of(stream), 9, "r", FER_POLL_LEVEL);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "r");
    assert_kind(read_one(stream), FER_WOULD_BLOCK);
    change(raw_of(stream), 9, "rw", FER_POLL_LEVEL);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok_n(poll_for(FER_DURATION_NONE), count, 2);
    assert_event(0, 9, "w");
    assert_event(1, 9, "r");
    peer_sends(open_ends.peer, "x"); /* everything is ready: no chance */
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "rw");
    assert_int_equal(fer_sim_clear_faults(), 1);
    assert_injected(FER_SIM_FAULT_SPURIOUS_READY, 2);
}

/* A spurious event uses up a one-shot registration. Without a registration that can report one the
 * fault is a spurious wakeup, and the wait continues. */
WATCHER_TEST(false_readiness_needs_an_armed_registration)
{
    add(raw_of(stream), 9, "r", FER_POLL_ONESHOT);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "r");
    peer_sends(open_ends.peer, "x");
    nothing_comes();
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_takes(40, assert_ok_n(poll_for(millis(40)), count, 0));
    change(raw_of(stream), 9, "r", FER_POLL_ONESHOT);
    comes(9, "r");
    assert_ok(fer_poller_delete(&test.poller, raw_of(stream)));
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    nothing_comes();
    assert_injected(FER_SIM_FAULT_SPURIOUS_READY, 3);
}

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
        assert_kind(fer_poller_add(&test.poller, raw, interest_of(1, "w"), FER_POLL_LEVEL),
                    FER_OUT_OF_MEMORY);
        assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
        nothing_comes();
    }
    add(raw, 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    assert_injected(FER_SIM_FAULT_NO_MEMORY, 3);
}

/* ---- Leaks, and other simulations */

WATCHER_TEST(a_poller_that_is_left_open_is_reported_and_unusable)
{
    fer_sim_report report;
    add(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    fer_tcp_stream_close(stream);
    assert_ok_n(fer_sim_stop(&report), report.leaked_pollers, 1);
    assert_kind(poll_for(millis(0)), FER_UNSUPPORTED);
    assert_kind(fer_poller_new(&(fer_poller){0}), FER_UNSUPPORTED);
    sim_begin();
    open_ends = connected();
    assert_kind(poll_for(millis(0)), FER_BAD_HANDLE);
    assert_kind(fer_poller_add(&test.poller, raw_of(stream), interest_of(1, "w"), FER_POLL_LEVEL),
                FER_BAD_HANDLE);
}

/* ---- The dialects */

static void reported(uint64_t key, const char *by_epoll, const char *by_afd)
{
    const char *half = is_winsock() ? by_afd : by_epoll;
    if (half[0] == '\0') {
        nothing_comes();
    } else {
        comes(key, half);
    }
}

/* ---- What is ready */

WATCHER_TEST(an_unconnected_socket_is_hung_up_on_linux_only)
{
    assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    fer_raw_socket raw = fer_socket_as_raw(&test.socket);
    add(raw, 4, "r", FER_POLL_LEVEL);
    reported(4, "rw", "");
    reported(4, "rw", "");
    change(raw, 4, "", FER_POLL_LEVEL);
    reported(4, "rw", "");
    nothing_comes();
}

WATCHER_TEST(the_own_shutdown_is_reported_by_epoll_alone)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ));
    reported(1, "r", "");
    change(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "rw", "w");
    change(raw_of(stream), 1, "", FER_POLL_LEVEL);
    reported(1, "rw", "");
    nothing_comes();
}

WATCHER_TEST(a_full_pipe_is_writable_to_epoll_once_it_was_shut)
{
    add(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    fill(stream);
    nothing_comes();
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "w", "");
}

WATCHER_TEST(the_peers_end_is_readable_and_with_the_own_a_hang_up_to_epoll)
{
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    comes(1, "r");
    change(raw_of(stream), 1, "", FER_POLL_LEVEL);
    nothing_comes();
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "rw", "");
    nothing_comes();
}

WATCHER_TEST(a_reset_is_both_events_for_every_interest)
{
    static const char *const requested[] = {"r", "w", "rw", ""};
    fer_sim_peer_reset(open_ends.peer);
    for (size_t i = 0; i < 4; i++) {
        add(raw_of(stream), i, requested[i], FER_POLL_LEVEL);
        comes(i, "rw");
        if (i == 3) {
            nothing_comes();
        }
        assert_ok(fer_poller_delete(&test.poller, raw_of(stream)));
    }
}

WATCHER_TEST(a_refused_datagram_is_a_failure_to_epoll_and_received_by_afd)
{
    fer_error refused = {FER_OK, 0};
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect(&test.udp, "127.0.0.1:9"));
    add(fer_udp_socket_as_raw(&test.udp), 1, "r", FER_POLL_LEVEL);
    nothing_comes();
    assert_ok(fer_udp_socket_send(&test.udp, "x", 1, NULL));
    reported(1, "rw", "r");
    assert_ok(fer_udp_socket_take_error(&test.udp, &refused));
}

POSIX_WATCHER_TEST(a_unix_datagram_to_a_full_queue_is_not_writable)
{
    fer_unix_received got;
    char byte = 0;
    assert_ok(fer_unix_datagram_bind(&test.gram, "full"));
    assert_ok(fer_unix_datagram_unbound(&test.gram2));
    assert_ok(fer_unix_datagram_connect(&test.gram2, "full"));
    add(fer_unix_datagram_as_raw(&test.gram2), 1, "w", FER_POLL_EDGE);
    comes(1, "w");
    while (fer_unix_datagram_try_send(&test.gram2, "x", 1, NULL).kind == FER_OK) {
    }
    nothing_comes();
    assert_ok(fer_unix_datagram_recv(&test.gram, &byte, 1, &got));
    comes_once(1, "w");
}

/* ---- Edges */

POSIX_WATCHER_TEST(an_edge_is_reported_for_each_change)
{
    add(raw_of(stream), 1, "r", FER_POLL_EDGE);
    nothing_comes();
    peer_sends(open_ends.peer, "one");
    comes_once(1, "r");
    peer_sends(open_ends.peer, "two");
    comes(1, "r");
    stream_reads(stream, "onetwo");
    nothing_comes();
    change(raw_of(stream), 1, "rw", FER_POLL_EDGE);
    comes_once(1, "w");
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    comes_once(1, "rw");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    comes_once(1, "rw");
}

POSIX_WATCHER_TEST(an_edge_follows_an_injected_would_block)
{
    add(raw_of(stream), 1, "rw", FER_POLL_EDGE);
    comes(1, "w");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_write(stream, "x", 1, NULL), FER_WOULD_BLOCK);
    comes_once(1, "w");
    peer_sends(open_ends.peer, "one");
    comes(1, "rw");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_read(stream, &(char){0}, 1, NULL), FER_WOULD_BLOCK);
    comes_once(1, "rw");
    stream_reads(stream, "one");
}

POSIX_WATCHER_TEST(an_edge_is_reported_when_there_is_space_again)
{
    add(raw_of(stream), 1, "w", FER_POLL_EDGE);
    comes(1, "w");
    fill(stream);
    nothing_comes();
    receive_all(&open_ends.peer);
    comes_once(1, "w");
}

POSIX_WATCHER_TEST(a_unix_streams_edges_are_those_of_both_peers)
{
    assert_ok(fer_unix_stream_pair(&test.unix_stream, &test.unix_peer));
    add(fer_unix_stream_as_raw(&test.unix_stream), 1, "r", FER_POLL_EDGE);
    nothing_comes();
    assert_ok(fer_unix_stream_shutdown(&test.unix_peer, FER_SHUTDOWN_WRITE));
    comes_once(1, "r");
    fer_unix_stream_close(&test.unix_peer);
    comes_once(1, "rw");
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
    add(raw, 1, "w", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    reported(1, "w", "");
    assert_kind(fer_poller_delete(&test.poller, raw), FER_BAD_HANDLE);
    bind_with(raw);
    assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
    add(raw, 2, "w", FER_POLL_LEVEL);
    assert_kind(fer_poller_add(&test.poller, raw, interest_of(3, "w"), FER_POLL_LEVEL),
                FER_ALREADY_EXISTS);
    assert_ok_n(poll_for(millis(0)), count, is_winsock() ? 1 : 2);
    fer_tcp_stream_close(&test.clone);
    comes(2, "w");
    fer_udp_socket_close(&test.udp);
    nothing_comes();
}

/* epoll identifies a registration by number and socket: if both are the same again, so is the
 * registration. */
WATCHER_TEST(the_same_socket_may_get_the_same_number_back)
{
    fer_raw_socket raw = raw_of(stream);
    add(raw, 1, "w", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    bind_with(raw);
    add(raw, 2, "w", FER_POLL_LEVEL);
    fer_udp_socket_close(&test.udp);
    assert_ok(fer_tcp_stream_try_clone(&test.clone, &test.stream));
    assert_true(raw_of(&test.stream) == raw);
    assert_kind(fer_poller_add(&test.poller, raw, interest_of(3, "w"), FER_POLL_LEVEL),
                is_winsock() ? FER_OK : FER_ALREADY_EXISTS);
    comes(is_winsock() ? 3 : 1, "w");
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
        add(fer_udp_socket_as_raw(&test.udp), i, "w", FER_POLL_LEVEL);
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
        add(raw_of(&open_ends.stream), key, "w", FER_POLL_LEVEL);
        comes(key, "w");
        close_handles();
        assert_ok(fer_sim_stop(&reports[key]));
    }
    assert_true(reports[0].digest == reports[1].digest);
}

TEST_MAIN("sim_poller")

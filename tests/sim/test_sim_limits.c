/* test_sim_limits.c: rules K1 to K4 at their edges: a cancel within a few nanoseconds of data, an
 * end, a shutdown, a timeout or a deadline. The loopback has no latency: an event is exact. */
#include "sim/sim_test.h"

/* The time of the event, in the middle of a slice of 20 ms, and the distance of the cancel. */
#define EVENT_NANOS UINT64_C(48000000)
enum { STEPS = 3, BUFFER = 64, MESSAGE = 100, PART = 50 };

static fer_tcp_stream *const stream = &open_ends.stream;
static size_t n;

static void begin(void)
{
    sim_begin_of(.send_buffer = BUFFER, .receive_buffer = BUFFER, .windows.partial_sends = true);
    assert_ok(fer_cancel_token_new(&test.token));
    open_ends = connected();
    n = 77;
}

static fer_limits limits_until(fer_instant deadline)
{
    return (fer_limits){.deadline = deadline, .token = &test.token};
}

static void limit(fer_instant deadline)
{
    const fer_limits limits = limits_until(deadline);
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
}

/* A cancelled call may have taken the microsecond of a try that finds nothing. */
static void assert_took(uint64_t began, uint64_t nanos, uint64_t late)
{
    uint64_t elapsed = fer_sim_now().nanos - began;
    assert_true(elapsed >= nanos && elapsed <= nanos + late + 1000);
}

/* ---- The events of a read */

static void peer_writes(void *context)
{
    peer_sends(open_ends.peer, "abc");
}
static void peer_ends(void *context)
{
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
}
static void peer_resets(void *context)
{
    fer_sim_peer_reset(open_ends.peer);
}

struct race {
    fer_sim_function event;
    fer_error_kind kind; /* of a read, if the event comes first */
    size_t n;
    bool is_timeout;
    bool is_deadline;
    bool state_answers; /* later reads too, before the limits (rule K1), once it is known */
};

static const struct race races[] = {
    {peer_writes, FER_OK, 3, false, false, false},
    {peer_ends, FER_OK, 0, false, false, true},
    {peer_resets, FER_CONNECTION_RESET, 0, false, false, true},
    {shut_reading, FER_OK, 0, false, false, true},
    {do_nothing, FER_TIMED_OUT, 0, true, false, false},
    {do_nothing, FER_TIMED_OUT, 0, false, true, false},
};

/* Schedules the event and the cancel, `distance` nanoseconds after it. */
static void schedule(fer_sim_function event, int distance, bool cancel_is_first)
{
    fer_duration cancel_at = {EVENT_NANOS + (uint64_t)STEPS + (uint64_t)distance - STEPS};
    if (cancel_is_first) {
        assert_ok(fer_sim_after(cancel_at, cancel, &test.token));
    }
    assert_ok(fer_sim_after((fer_duration){EVENT_NANOS}, event, stream));
    if (!cancel_is_first) {
        assert_ok(fer_sim_after(cancel_at, cancel, &test.token));
    }
}

static fer_error read_some(void)
{
    char buf[8];
    return fer_tcp_stream_read(stream, buf, sizeof buf, &n);
}

/* The handle works on: the event's result is there, unless the read has already returned it. */
static void read_on(const struct race *race, bool was_cancelled)
{
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    advance_ms(100);
    fer_error error = read_some();
    if (race->state_answers && (!was_cancelled || race->event == shut_reading)) {
        assert_int_equal(error.kind, race->kind);
    } else {
        assert_kind(error, FER_CANCELLED);
        assert_int_equal(n, 0);
    }
    assert_ok(fer_cancel_token_reset(&test.token));
    limit(FER_INSTANT_NONE);
    error = read_some();
    if (race->kind == FER_TIMED_OUT || (!was_cancelled && !race->state_answers)) {
        assert_kind(error, FER_DEADLOCK);
    } else {
        assert_int_equal(error.kind, race->kind);
        assert_int_equal(n, race->n);
    }
}

static void run_read(const struct race *race, int distance, bool cancel_is_first)
{
    begin();
    uint64_t began = fer_sim_now().nanos;
    limit(race->is_deadline ? fer_instant_after((fer_duration){EVENT_NANOS}) : FER_INSTANT_NONE);
    if (race->is_timeout) {
        assert_ok(fer_tcp_stream_set_read_timeout(stream, (fer_duration){EVENT_NANOS}));
    }
    schedule(race->event, distance, cancel_is_first);
    fer_error error = read_some();
    bool was_cancelled = error.kind == FER_CANCELLED;
    assert_took(began, EVENT_NANOS - (distance < 0 ? (uint64_t)-distance : 0), 0);
    assert_true(distance == 0 || was_cancelled == (distance < 0));
    assert_int_equal(error.kind, was_cancelled ? FER_CANCELLED : race->kind);
    assert_int_equal(n, was_cancelled ? 0 : race->n);
    assert_true(error.kind == FER_CONNECTION_RESET || error.os_code == 0);
    read_on(race, was_cancelled);
    sim_end_one();
}

SIM_CONFIG_TEST(K2_a_cancel_or_another_end_of_a_read_whichever_comes_first)
{
    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        for (int distance = -STEPS; distance <= STEPS; distance++) {
            run_read(&races[i], distance, false);
            run_read(&races[i], distance, true);
        }
    }
}

/* ---- Writes: every byte is counted */

static size_t peer_count;

/* The n-th byte of the stream. */
static char byte_at(size_t at)
{
    return (char)(at * 7 + at / 64);
}

static void peer_reads(size_t most)
{
    char buf[4 * BUFFER];
    size_t got = 0;
    fer_error error = fer_sim_peer_recv(open_ends.peer, buf, most, &got);
    assert_true(error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
    for (size_t i = 0; i < got; i++) {
        assert_int_equal(buf[i], byte_at(peer_count + i));
    }
    peer_count += got;
}

static void peer_reads_a_part(void *context)
{
    peer_reads(PART);
}

static void peer_reads_all(void *context)
{
    peer_reads(4 * BUFFER);
}

/* Writes the bytes of the stream until there is no space, and returns their number. */
static size_t fill_with_bytes(void)
{
    size_t sent = 0;
    for (n = 1; n > 0; sent += n) {
        char byte = byte_at(sent);
        FER_IGNORE(fer_tcp_stream_try_write(stream, &byte, 1, &n));
    }
    n = 77;
    return sent;
}

static fer_error write_bytes(size_t sent, size_t len)
{
    char bytes[20 * BUFFER];
    for (size_t i = 0; i < len; i++) {
        bytes[i] = byte_at(sent + i);
    }
    return fer_tcp_stream_write_all(stream, bytes, len, &n);
}

/* Windows notices the cancel up to 20 ms late, and space until then. */
static void run_write(int distance, bool cancel_is_first)
{
    begin();
    peer_count = 0;
    size_t sent = fill_with_bytes();
    uint64_t began = fer_sim_now().nanos;
    limit(FER_INSTANT_NONE);
    schedule(peer_reads_a_part, distance, cancel_is_first);
    assert_code(write_bytes(sent, MESSAGE), FER_CANCELLED, 0);
    assert_took(began, EVENT_NANOS + (uint64_t)STEPS + (uint64_t)distance - STEPS,
                is_winsock() ? 20000000 : 0);
    assert_true(n == PART || (n == 0 && !is_winsock() && distance <= 0));
    sent += n;
    assert_code(write_bytes(sent, MESSAGE), FER_CANCELLED, 0);
    assert_int_equal(n, 0);
    assert_ok(fer_cancel_token_reset(&test.token));
    for (uint64_t i = 1; i <= 8; i++) {
        after_ms(i, peer_reads_all, NULL);
    }
    assert_ok(write_bytes(sent, MESSAGE));
    advance_ms(10);
    assert_int_equal(peer_count, sent + MESSAGE);
    sim_end_one();
}

SIM_CONFIG_TEST(K2_a_cancel_with_writability_leaves_no_byte_of_a_write_uncounted)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        run_write(distance, false);
        run_write(distance, true);
    }
}

SIM_CONFIG_TEST(K2_a_cancel_beside_a_shutdown_ends_a_write_with_one_of_both)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        begin();
        size_t sent = fill_with_bytes();
        limit(FER_INSTANT_NONE);
        schedule(shut_writing, distance, false);
        fer_error error = write_bytes(sent, MESSAGE);
        assert_true(error.kind == FER_CANCELLED || error.kind == FER_BROKEN_PIPE);
        assert_true(is_winsock() || distance == 0 ||
                    error.kind == (distance < 0 ? FER_CANCELLED : FER_BROKEN_PIPE));
        assert_int_equal(n, 0);
        advance_ms(100);
        assert_kind(write_bytes(sent, MESSAGE), FER_BROKEN_PIPE);
        sim_end_one();
    }
}

/* Windows may notice the cancel no earlier than the deadline. */
SIM_CONFIG_TEST(K2_a_cancel_before_the_deadline_of_a_write_is_a_cancel)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        begin();
        limit(fer_instant_after((fer_duration){EVENT_NANOS}));
        schedule(do_nothing, distance, distance <= 0);
        assert_kind(write_bytes(fill_with_bytes(), MESSAGE),
                    distance <= 0 ? FER_CANCELLED : FER_TIMED_OUT);
        sim_end_one();
    }
}

/* One deadline for the whole call, though each write makes progress. */
SIM_CONFIG_TEST(K2_a_deadline_is_one_for_all_of_a_write_all)
{
    begin();
    peer_count = 0;
    limit(fer_instant_after(millis(55)));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(40)));
    for (uint64_t i = 1; i <= 10; i++) {
        after_ms(10 * i, peer_reads_all, NULL);
    }
    assert_takes(55, assert_code(write_bytes(0, (size_t)20 * BUFFER), FER_TIMED_OUT, 0));
    assert_true(n > (size_t)2 * BUFFER && n < (size_t)20 * BUFFER);
    advance_ms(100);
    assert_int_equal(peer_count, n);
}

/* ---- read_exact: what came before the cancel stays counted, what comes later is unread */

SIM_CONFIG_TEST(K2_a_cancel_beside_data_keeps_the_count_of_a_read_exact)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        char got[6] = {0};
        size_t more = 77;
        begin();
        limit(FER_INSTANT_NONE);
        schedule(peer_writes, distance, distance % 2 == 0);
        assert_code(fer_tcp_stream_read_exact(stream, got, sizeof got, &n), FER_CANCELLED, 0);
        assert_true(n == 3 || (n == 0 && distance <= 0));
        assert_ok(fer_cancel_token_reset(&test.token));
        after_ms(1, peer_writes, NULL);
        assert_ok_n(fer_tcp_stream_read_exact(stream, got + n, sizeof got - n, &more), more,
                    sizeof got - n);
        assert_memory_equal(got, "abcabc", sizeof got);
        sim_end_one();
    }
}

/* ---- Datagrams and accepts */

static fer_sim_peer sender;
static fer_socket_addr receiver;
static fer_udp_received got;

static void send_datagram(void *context)
{
    assert_ok(fer_sim_peer_send_to(sender, "abc", 3, &receiver));
}

static void connect_peer(void *context)
{
    (void)peer_connected_to(&receiver);
}

static fer_error receive(void)
{
    char buf[8];
    return fer_udp_socket_recv_from(&test.udp, buf, sizeof buf, &got);
}

static fer_error accept_one(void)
{
    fer_error error = fer_tcp_listener_accept(&test.listener, &test.stream, NULL);
    fer_tcp_stream_close(&test.stream);
    return error;
}

/* The call takes what the event has queued, or is cancelled and leaves it in the queue. A select of
 * Windows may notice the cancel first. */
static void check_queued(fer_error (*call)(void), fer_sim_function event, bool by_select)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        begin();
        const fer_limits limits = limits_until(FER_INSTANT_NONE);
        sender = peer_bound_to("127.0.0.1:53");
        if (call == receive) {
            assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
            assert_ok(fer_udp_socket_local_addr(&test.udp, &receiver));
            assert_ok(fer_udp_socket_set_limits(&test.udp, &limits));
        } else {
            receiver = *listening();
            assert_ok(fer_tcp_listener_set_limits(&test.listener, &limits));
        }
        schedule(event, distance, distance % 2 == 0);
        fer_error error = call();
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_true(by_select || distance == 0 || (error.kind == FER_OK) == (distance > 0));
        advance_ms(1);
        assert_code(call(), FER_CANCELLED, 0);
        assert_ok(fer_cancel_token_reset(&test.token));
        assert_kind(call(), error.kind == FER_OK ? FER_DEADLOCK : FER_OK);
        assert_true(call != receive || got.len == 3);
        sim_end_one();
    }
}

SIM_CONFIG_TEST(K2_a_cancel_beside_a_datagram_or_a_connection_leaves_it_in_the_queue)
{
    check_queued(receive, send_datagram, false);
    check_queued(accept_one, connect_peer, is_winsock());
}

static void limit_listener(void *context)
{
    const fer_limits limits = limits_until(FER_INSTANT_NONE);
    (void)context;
    assert_ok(fer_tcp_listener_set_limits(&test.listener, &limits));
    assert_ok(fer_cancel_token_cancel(&test.token));
}

SIM_CONFIG_TEST(K3_an_accept_keeps_the_limits_that_it_began_with)
{
    begin();
    receiver = *listening();
    assert_ok(fer_sim_after(millis(1), limit_listener, NULL));
    assert_ok(fer_sim_after(millis(2), connect_peer, NULL));
    assert_ok(accept_one());
    assert_code(accept_one(), FER_CANCELLED, 0);
}

static void limit_receiver(void *context)
{
    const fer_limits limits = limits_until(FER_INSTANT_NONE);
    (void)context;
    assert_ok(fer_udp_socket_set_limits(&test.udp, &limits));
    assert_ok(fer_cancel_token_cancel(&test.token));
}

static void shut_clone(void *context)
{
    (void)context;
    assert_ok(fer_socket_shutdown(fer_udp_socket_as_socket(&test.udp2), FER_SHUTDOWN_READ));
}

/* The end that a clone causes is received again. */
SIM_CONFIG_TEST(K3_a_receive_keeps_the_limits_that_it_began_with)
{
    begin();
    sender = peer_bound_to("127.0.0.1:53");
    assert_ok(fer_sim_peer_local_addr(sender, &receiver));
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect_addr(&test.udp, &receiver));
    assert_ok(fer_udp_socket_try_clone(&test.udp, &test.udp2));
    assert_ok(fer_sim_after(millis(1), limit_receiver, NULL));
    assert_ok(fer_sim_after(millis(2), shut_clone, NULL));
    assert_ok(receive());
    assert_int_equal(got.len, 0);
    assert_code(receive(), FER_CANCELLED, 0);
}

/* ---- _ready */

SIM_CONFIG_TEST(K3_ready_keeps_the_answer_of_its_timeout_beside_a_cancel)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        fer_interest ready = 77;
        begin();
        limit(FER_INSTANT_NONE);
        schedule(do_nothing, distance, false);
        fer_error error =
            fer_tcp_stream_ready(stream, FER_READABLE, (fer_duration){EVENT_NANOS}, &ready);
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_true(distance <= 0 || error.kind == FER_OK);
        assert_true(is_winsock() || distance >= 0 || error.kind == FER_CANCELLED);
        assert_int_equal(ready, error.kind == FER_OK ? 0 : 77);
        sim_end_one();
    }
}

/* K1: the handle's own end comes before the limits, a clone's does not: not every system tells. */
SIM_CONFIG_TEST(K1_ready_checks_limits_before_the_shutdown_of_a_clone)
{
    fer_interest ready = 77;
    begin();
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    limit(FER_INSTANT_NONE);
    assert_ok(fer_tcp_stream_shutdown(&test.clone, FER_SHUTDOWN_READ));
    assert_ok(fer_cancel_token_cancel(&test.token));
    assert_code(fer_tcp_stream_ready(stream, FER_READABLE, millis(1), &ready), FER_CANCELLED, 0);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ));
    assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(1), &ready), ready, FER_READABLE);
}

TEST_MAIN("sim_limits")

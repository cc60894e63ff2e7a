/* test_sim_limits.c: rules K1 to K4 at their edges: a cancel within a few nanoseconds of data, an
 * end, a shutdown, a timeout or a deadline. The loopback has no latency: an event is exact. */
#include "sim/sim_test.h"

/* The time of the event, in the middle of a slice of 20 ms, and the distance of the cancel. */
#define EVENT_NANOS UINT64_C(48000000)
enum { STEPS = 3, BUFFER = 64, MESSAGE = 100, PART = 50 };

static fer_cancel_token token;
static struct ends inner;

static void begin(void)
{
    sim_begin_of(.send_buffer = BUFFER, .receive_buffer = BUFFER, .windows.partial_sends = true);
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
    inner = connected();
}

static void end(void)
{
    fer_tcp_stream_close(&inner.stream);
    fer_cancel_token_close(&token);
    assert_int_equal(sim_end(NULL), 0);
}

static void limit(fer_instant deadline)
{
    fer_limits limits = {.deadline = deadline, .token = &token};
    assert_ok(fer_tcp_stream_set_limits(&inner.stream, &limits));
}

static void cancel(void *context)
{
    FER_IGNORE(fer_cancel_token_cancel(context));
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
    (void)context;
    peer_sends(inner.peer, "abc");
}
static void peer_ends(void *context)
{
    (void)context;
    assert_ok(fer_sim_peer_shutdown(inner.peer));
}
static void peer_resets(void *context)
{
    (void)context;
    fer_sim_peer_reset(inner.peer);
}
static void shut_down_reading(void *context)
{
    (void)context;
    assert_ok(fer_tcp_stream_shutdown(&inner.stream, FER_SHUTDOWN_READ));
}
static void do_nothing(void *context)
{
    (void)context;
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
    {shut_down_reading, FER_OK, 0, false, false, true},
    {do_nothing, FER_TIMED_OUT, 0, true, false, false},
    {do_nothing, FER_TIMED_OUT, 0, false, true, false},
};

/* Schedules the event and the cancel, `distance` nanoseconds after it. */
static void schedule(fer_sim_function event, int distance, bool cancel_is_first)
{
    fer_duration at = {EVENT_NANOS};
    fer_duration cancel_at = {EVENT_NANOS + (uint64_t)STEPS + (uint64_t)distance - STEPS};
    if (cancel_is_first) {
        assert_ok(fer_sim_after(cancel_at, cancel, &token));
    }
    assert_ok(fer_sim_after(at, event, NULL));
    if (!cancel_is_first) {
        assert_ok(fer_sim_after(cancel_at, cancel, &token));
    }
}

static fer_error read_some(size_t *n)
{
    char buf[8];
    return fer_tcp_stream_read(&inner.stream, buf, sizeof buf, n);
}

/* The handle works on: the event's result is there, unless the read has already returned it. */
static void read_on(const struct race *race, bool was_cancelled)
{
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_read_timeout(&inner.stream, FER_DURATION_NONE));
    advance_ms(100);
    fer_error error = read_some(&n);
    if (race->state_answers && (!was_cancelled || race->event == shut_down_reading)) {
        assert_int_equal(error.kind, race->kind);
    } else {
        assert_kind(error, FER_CANCELLED);
        assert_int_equal(n, 0);
    }
    assert_ok(fer_cancel_token_reset(&token));
    limit(FER_INSTANT_NONE);
    error = read_some(&n);
    if (race->kind == FER_TIMED_OUT || (!was_cancelled && !race->state_answers)) {
        assert_kind(error, FER_DEADLOCK);
    } else {
        assert_int_equal(error.kind, race->kind);
        assert_int_equal(n, race->n);
    }
}

static void run_read(const struct race *race, int distance, bool cancel_is_first)
{
    size_t n = 77;
    begin();
    uint64_t began = fer_sim_now().nanos;
    limit(race->is_deadline ? fer_instant_after((fer_duration){EVENT_NANOS}) : FER_INSTANT_NONE);
    if (race->is_timeout) {
        assert_ok(fer_tcp_stream_set_read_timeout(&inner.stream, (fer_duration){EVENT_NANOS}));
    }
    schedule(race->event, distance, cancel_is_first);
    fer_error error = read_some(&n);
    bool was_cancelled = error.kind == FER_CANCELLED;
    assert_took(began, EVENT_NANOS - (distance < 0 ? (uint64_t)-distance : 0), 0);
    assert_true(distance == 0 || was_cancelled == (distance < 0));
    assert_int_equal(error.kind, was_cancelled ? FER_CANCELLED : race->kind);
    assert_int_equal(n, was_cancelled ? 0 : race->n);
    assert_true(error.kind == FER_CONNECTION_RESET || error.os_code == 0);
    read_on(race, was_cancelled);
    end();
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
    size_t n = 0;
    fer_error error = fer_sim_peer_recv(inner.peer, buf, most, &n);
    assert_true(error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(buf[i], byte_at(peer_count + i));
    }
    peer_count += n;
}

static void peer_reads_a_part(void *context)
{
    (void)context;
    peer_reads(PART);
}

static void peer_reads_all(void *context)
{
    (void)context;
    peer_reads(4 * BUFFER);
}

static void shut_down_writing(void *context)
{
    (void)context;
    assert_ok(fer_tcp_stream_shutdown(&inner.stream, FER_SHUTDOWN_WRITE));
}

static size_t fill(void)
{
    size_t sent = 0;
    size_t n = 1;
    for (; n > 0; sent += n) {
        char byte = byte_at(sent);
        FER_IGNORE(fer_tcp_stream_try_write(&inner.stream, &byte, 1, &n));
    }
    return sent;
}

static fer_error write_message(size_t sent, size_t *n)
{
    char message[MESSAGE];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = byte_at(sent + i);
    }
    return fer_tcp_stream_write_all(&inner.stream, message, sizeof message, n);
}

/* Windows notices the cancel up to 20 ms late, and room until then. */
static void run_write(int distance, bool cancel_is_first)
{
    size_t n = 77;
    begin();
    peer_count = 0;
    size_t sent = fill();
    uint64_t began = fer_sim_now().nanos;
    limit(FER_INSTANT_NONE);
    schedule(peer_reads_a_part, distance, cancel_is_first);
    assert_code(write_message(sent, &n), FER_CANCELLED, 0);
    assert_took(began, EVENT_NANOS + (uint64_t)STEPS + (uint64_t)distance - STEPS,
                is_winsock() ? 20000000 : 0);
    assert_true(n == PART || (n == 0 && !is_winsock() && distance <= 0));
    assert_true(n == PART || distance <= 0);
    sent += n;
    assert_code(write_message(sent, &n), FER_CANCELLED, 0);
    assert_int_equal(n, 0);
    assert_ok(fer_cancel_token_reset(&token));
    for (uint64_t i = 1; i <= 8; i++) {
        assert_ok(fer_sim_after(millis(i), peer_reads_all, NULL));
    }
    assert_ok(write_message(sent, &n));
    advance_ms(10);
    assert_int_equal(peer_count, sent + MESSAGE);
    end();
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
    size_t n = 77;
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        begin();
        size_t sent = fill();
        limit(FER_INSTANT_NONE);
        schedule(shut_down_writing, distance, false);
        fer_error error = write_message(sent, &n);
        assert_true(error.kind == FER_CANCELLED || error.kind == FER_BROKEN_PIPE);
        assert_true(is_winsock() || distance == 0 ||
                    error.kind == (distance < 0 ? FER_CANCELLED : FER_BROKEN_PIPE));
        assert_int_equal(n, 0);
        advance_ms(100);
        assert_kind(write_message(sent, &n), FER_BROKEN_PIPE);
        end();
    }
}

/* Windows may notice the cancel no earlier than the deadline. */
SIM_CONFIG_TEST(K2_a_cancel_before_the_deadline_of_a_write_is_a_cancel)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        size_t n = 77;
        begin();
        limit(fer_instant_after((fer_duration){EVENT_NANOS}));
        schedule(do_nothing, distance, distance <= 0);
        assert_kind(write_message(fill(), &n), distance <= 0 ? FER_CANCELLED : FER_TIMED_OUT);
        end();
    }
}

/* One deadline for the whole call, though each write makes progress. */
SIM_CONFIG_TEST(K2_a_deadline_is_one_for_all_of_a_write_all)
{
    static char bytes[20 * BUFFER];
    size_t n = 0;
    begin();
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = byte_at(i);
    }
    peer_count = 0;
    limit(fer_instant_after(millis(55)));
    assert_ok(fer_tcp_stream_set_write_timeout(&inner.stream, millis(40)));
    for (uint64_t i = 1; i <= 10; i++) {
        assert_ok(fer_sim_after(millis(10 * i), peer_reads_all, NULL));
    }
    assert_code(fer_tcp_stream_write_all(&inner.stream, bytes, sizeof bytes, &n), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 55);
    assert_true(n > (size_t)2 * BUFFER && n < sizeof bytes);
    advance_ms(100);
    assert_int_equal(peer_count, n);
    end();
}

/* ---- read_exact: what came before the cancel stays counted, what comes later is unread */

SIM_CONFIG_TEST(K2_a_cancel_beside_data_keeps_the_count_of_a_read_exact)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        char got[6] = {0};
        size_t n = 77;
        size_t more = 77;
        begin();
        limit(FER_INSTANT_NONE);
        schedule(peer_writes, distance, distance % 2 == 0);
        assert_code(fer_tcp_stream_read_exact(&inner.stream, got, sizeof got, &n), FER_CANCELLED,
                    0);
        assert_true(n == 3 || (n == 0 && distance <= 0));
        assert_ok(fer_cancel_token_reset(&token));
        assert_ok(fer_sim_after(millis(1), peer_writes, NULL));
        assert_ok(fer_tcp_stream_read_exact(&inner.stream, got + n, sizeof got - n, &more));
        assert_memory_equal(got, "abcabc", sizeof got);
        assert_int_equal(n + more, sizeof got);
        end();
    }
}

/* ---- Datagrams */

static fer_sim_peer sender;
static fer_socket_addr receiver;

static void send_datagram(void *context)
{
    (void)context;
    assert_ok(fer_sim_peer_send_to(sender, "abc", 3, &receiver));
}

SIM_CONFIG_TEST(K2_a_cancel_beside_a_datagram_does_not_lose_it)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        fer_udp_socket socket = {0};
        fer_udp_received got = {0};
        char buf[8];
        begin();
        fer_limits limits = {.token = &token};
        fer_socket_addr from = addr_of("127.0.0.1:53");
        assert_ok(fer_sim_peer_bind(&from, &sender));
        assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
        assert_ok(fer_udp_socket_local_addr(&socket, &receiver));
        assert_ok(fer_udp_socket_set_limits(&socket, &limits));
        schedule(send_datagram, distance, distance % 2 == 0);
        fer_error error = fer_udp_socket_recv_from(&socket, buf, sizeof buf, &got);
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_true(distance == 0 || (error.kind == FER_OK) == (distance > 0));
        advance_ms(1);
        assert_code(fer_udp_socket_recv_from(&socket, buf, sizeof buf, &got), FER_CANCELLED, 0);
        assert_ok(fer_cancel_token_reset(&token));
        assert_kind(fer_udp_socket_recv_from(&socket, buf, sizeof buf, &got),
                    error.kind == FER_OK ? FER_DEADLOCK : FER_OK);
        assert_int_equal(got.len, 3);
        fer_udp_socket_close(&socket);
        end();
    }
}

/* ---- Accepts */

static void connect_peer(void *context)
{
    fer_sim_peer peer;
    (void)context;
    assert_ok(fer_sim_peer_connect(NULL, &receiver, &peer));
}

SIM_CONFIG_TEST(K2_a_cancel_beside_a_connection_leaves_it_in_the_queue)
{
    for (int distance = -STEPS; distance <= STEPS; distance++) {
        fer_tcp_listener listener = {0};
        fer_tcp_stream stream = {0};
        begin();
        fer_limits limits = {.token = &token};
        assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
        assert_ok(fer_tcp_listener_local_addr(&listener, &receiver));
        assert_ok(fer_tcp_listener_set_limits(&listener, &limits));
        schedule(connect_peer, distance, distance % 2 == 0);
        fer_error error = fer_tcp_listener_accept(&listener, &stream, NULL);
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_true(is_winsock() || distance == 0 || (error.kind == FER_OK) == (distance > 0));
        fer_tcp_stream_close(&stream);
        advance_ms(1);
        assert_code(fer_tcp_listener_accept(&listener, &stream, NULL), FER_CANCELLED, 0);
        assert_ok(fer_cancel_token_reset(&token));
        assert_kind(fer_tcp_listener_accept(&listener, &stream, NULL),
                    error.kind == FER_OK ? FER_DEADLOCK : FER_OK);
        fer_tcp_stream_close(&stream);
        fer_tcp_listener_close(&listener);
        end();
    }
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
            fer_tcp_stream_ready(&inner.stream, FER_READABLE, (fer_duration){EVENT_NANOS}, &ready);
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_true(distance <= 0 || error.kind == FER_OK);
        assert_true(is_winsock() || distance >= 0 || error.kind == FER_CANCELLED);
        assert_int_equal(ready, error.kind == FER_OK ? 0 : 77);
        end();
    }
}

/* K1: the handle's own end comes before the limits, a clone's does not: not every system tells. */
SIM_CONFIG_TEST(K1_ready_checks_limits_before_the_shutdown_of_a_clone)
{
    fer_tcp_stream clone = {0};
    fer_interest ready = 77;
    begin();
    assert_ok(fer_tcp_stream_try_clone(&inner.stream, &clone));
    limit(FER_INSTANT_NONE);
    assert_ok(fer_tcp_stream_shutdown(&clone, FER_SHUTDOWN_READ));
    assert_ok(fer_cancel_token_cancel(&token));
    assert_code(fer_tcp_stream_ready(&inner.stream, FER_READABLE, millis(1), &ready), FER_CANCELLED,
                0);
    assert_ok(fer_tcp_stream_shutdown(&inner.stream, FER_SHUTDOWN_READ));
    assert_ok_n(fer_tcp_stream_ready(&inner.stream, FER_READABLE, millis(1), &ready), ready,
                FER_READABLE);
    fer_tcp_stream_close(&clone);
    end();
}

/* ---- Many calls, one token */

SIM_CONFIG_TEST(K4_one_cancel_ends_the_calls_of_every_handle)
{
    enum { HANDLES = 8 };
    struct ends many[HANDLES];
    char text[] = "127.0.0.1:90";
    begin();
    fer_limits limits = {.token = &token};
    for (size_t i = 0; i < HANDLES; i++) {
        text[sizeof text - 2] = (char)('0' + i);
        many[i] = connected_to(text);
        assert_ok(fer_tcp_stream_set_limits(&many[i].stream, &limits));
        peer_sends(many[i].peer, "xy");
    }
    assert_ok(read_one(&many[0].stream));
    assert_ok(fer_cancel_token_cancel(&token));
    for (size_t i = 0; i < HANDLES; i++) {
        assert_code(read_one(&many[i].stream), FER_CANCELLED, 0);
        assert_code(write_one(&many[i].stream), FER_CANCELLED, 0);
    }
    assert_ok(fer_cancel_token_reset(&token));
    for (size_t i = 0; i < HANDLES; i++) {
        assert_ok(read_one(&many[i].stream));
        fer_tcp_stream_close(&many[i].stream);
    }
    end();
}

TEST_MAIN("sim_limits")

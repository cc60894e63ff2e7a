/* test_sim_callbacks.c: functions that the simulation calls, which close and use what the call that
 * waits uses too. */
#include "ferrule/connector.h"
#include "sim/sim_connect.h"

enum { KEY = 7 };

static fer_poller poller;
static fer_connector connector;
static fer_lookup lookup;
static fer_event events[4];
static size_t count;

static int callbacks_end(void **state)
{
    fer_connector_close(&connector);
    fer_lookup_close(&lookup);
    fer_poller_close(&poller);
    return end(state);
}

static int callbacks_start(void **state)
{
    (void)sim_choose(state);
    begin();
    memset(&poller, 0, sizeof poller);
    memset(&connector, 0, sizeof connector);
    memset(&lookup, 0, sizeof lookup);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&resolver, NULL));
    return 0;
}

#define CALLBACK_TEST(function)                                                        \
    TEST_OF(function, (void), (),                                                      \
            TEST_ROW(#function " [POSIX]", function, callbacks_start, callbacks_end,   \
                     &sim_dialects[0]),                                                \
            TEST_ROW(#function " [WINSOCK]", function, callbacks_start, callbacks_end, \
                     &sim_dialects[1]))

static fer_error wait_ms(uint64_t timeout)
{
    return fer_poller_wait(&poller, millis(timeout), events, 4, &count, NULL);
}

/* ---- Lookups */

static void close_resolver(void *context)
{
    fer_resolver_close(context);
}

static void look_up_slowly(void *context)
{
    static const char *const texts[] = {"slow.test:80", "gone.test:80"};
    fer_error *errors = context;
    for (int i = 0; i < 2; i++) {
        errors[i] = fer_to_socket_addrs(texts[i], NULL, 0, &count);
    }
}

CALLBACK_TEST(a_slow_name_is_a_deadlock_in_a_callback)
{
    fer_error errors[2] = {{FER_OK, 0}, {FER_OK, 0}};
    assert_ok(fer_sim_after(millis(0), look_up_slowly, errors));
    assert_ok(fer_sim_advance(millis(1)));
    assert_kind(errors[0], FER_DEADLOCK);
    assert_kind(errors[1], FER_DEADLOCK);
}

static void schedule_again(void *context)
{
    size_t *calls = context;
    ++*calls;
    assert_ok(fer_sim_after(millis(0), schedule_again, context));
}

CALLBACK_TEST(a_function_that_schedules_itself_again_does_not_stop_time)
{
    size_t calls = 0;
    assert_ok(fer_sim_after(millis(0), schedule_again, &calls));
    assert_takes(5, assert_ok(wait_ms(5)));
    assert_int_equal(count, 0);
    assert_in_range(calls, 4000, 5010);
}

/* The call itself is what releases the resolver's memory. */
CALLBACK_TEST(a_callback_closes_the_resolver_whose_lookups_are_taken)
{
    uint64_t key = 77;
    assert_ok(fer_sim_after(millis(0), close_resolver, &resolver));
    assert_ok(fer_resolver_take_completed(&resolver, NULL, &key, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(key, 77);
    assert_kind(fer_resolver_take_completed(&resolver, NULL, &key, 1, &count), FER_MISUSE);
}

/* ---- Connectors */

/* The first attempt gets no answer. The second one fails at its start, after 1 ms, when the clock
 * jumps. The function is called during the jump. */
static void start_with_a_jump(fer_sim_function function, void *context)
{
    options.attempt_delay = millis(1);
    (void)serve("[fd00::8]:80");
    silence();
    answer("10.0.0.7:0", FER_SIM_ANSWER_NO_ROUTE, 0);
    answer("[fd00::8]:0", FER_SIM_ANSWER_AS_IS, 0);
    assert_ok(fer_connector_start(&connector, "three.test:80", &options, &resolver, &poller, KEY));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_TIME_JUMP, 2));
    assert_ok(fer_sim_after(millis(10), function, context));
}

static void close_connector(void *context)
{
    (void)context;
    fer_connector_close(&connector);
}

CALLBACK_TEST(K15_a_callback_closes_a_connector_whose_attempt_starts)
{
    start_with_a_jump(close_connector, NULL);
    do {
        assert_ok(wait_ms(1000));
        assert_int_equal(count, 0);
    } while (now_ms() < 1000);
    assert_kind(fer_connector_take(&connector, &stream), FER_MISUSE);
}

CALLBACK_TEST(K15_a_callback_closes_a_connector_while_its_poller_waits)
{
    silence();
    assert_ok(fer_connector_start(&connector, "10.0.0.7:80", NULL, NULL, &poller, KEY));
    assert_ok(fer_sim_after(millis(160), close_connector, NULL));
    assert_takes(1000, assert_ok(wait_ms(1000)));
    assert_int_equal(count, 0);
}

struct nested_wait {
    fer_error error;
    size_t count;
};

static void wait_in_callback(void *context)
{
    struct nested_wait *nested = context;
    fer_event event;
    nested->error = fer_poller_wait(&poller, millis(0), &event, 1, &nested->count, NULL);
}

/* The nested wait advances the connector too. */
CALLBACK_TEST(K13_a_callback_waits_on_a_poller_whose_wait_starts_an_attempt)
{
    struct nested_wait nested = {{FER_DEADLOCK, 0}, 77};
    start_with_a_jump(wait_in_callback, &nested);
    do {
        assert_ok(wait_ms(60000));
    } while (count == 0 && nested.count != 1);
    assert_ok(nested.error);
    assert_ok(fer_connector_take(&connector, &stream));
    assert_peer("[fd00::8]:80");
}

/* ---- Pollers and lookups */

struct closing {
    size_t closed;
    fer_error made;
};

static void close_poller(void *context)
{
    struct closing *closing = context;
    fer_poller_close(&poller);
    closing->made = fer_poller_new(&poller);
    closing->closed++;
}

CALLBACK_TEST(a_callback_closes_the_poller_that_waits)
{
    struct closing closing = {0, {FER_OK, 0}};
    fer_udp_socket socket = {0};
    const fer_event interest = {.key = KEY, .interest = FER_READABLE};
    assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
    assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&socket), interest, FER_POLL_LEVEL));
    assert_ok(fer_sim_after(millis(5), close_poller, &closing));
    assert_kind(wait_ms(1000), FER_BAD_HANDLE);
    assert_int_equal(closing.closed, 1);
    assert_kind(closing.made, FER_MISUSE);
    assert_kind(wait_ms(0), FER_MISUSE);
    assert_ok(fer_poller_new(&poller));
    assert_ok(wait_ms(1));
    fer_udp_socket_close(&socket);
}

static void close_lookup(void *context)
{
    (void)context;
    fer_lookup_close(&lookup);
}

CALLBACK_TEST(a_callback_closes_the_lookup_that_is_awaited)
{
    assert_ok(fer_resolver_start(&resolver, "slow.test:80", NULL, NULL, KEY, &lookup));
    assert_ok(fer_sim_after(millis(5), close_lookup, NULL));
    assert_takes(5,
                 assert_kind(fer_lookup_wait(&lookup, millis(1000), NULL, 0, &count), FER_MISUSE));
}

static void restart_lookup(void *context)
{
    close_lookup(context);
    assert_ok(fer_resolver_start(&resolver, "10.0.0.7:80", NULL, NULL, KEY, &lookup));
}

CALLBACK_TEST(a_callback_restarts_the_lookup_that_is_awaited)
{
    fer_socket_addr found;
    assert_ok(fer_resolver_start(&resolver, "slow.test:80", NULL, NULL, KEY, &lookup));
    assert_ok(fer_sim_after(millis(5), restart_lookup, NULL));
    assert_takes(5, assert_ok(fer_lookup_wait(&lookup, millis(1000), &found, 1, &count)));
    assert_int_equal(count, 1);
}

/* ---- Passed handles: those of a message are the call's whose bytes came with them (rule X7) */

struct passing {
    fer_unix_stream one, other, other_clone, one_clone;
    fer_unix_stream passed, left;
    fer_unix_datagram from, from_clone, to;
};

static void passing_open(struct passing *p)
{
    memset(p, 0, sizeof *p);
    assert_ok(fer_unix_stream_pair(&p->one, &p->other));
    assert_ok(fer_unix_stream_try_clone(&p->one, &p->one_clone));
    assert_ok(fer_unix_stream_try_clone(&p->other, &p->other_clone));
    assert_ok(fer_unix_stream_pair(&p->passed, &p->left));
    assert_ok(fer_unix_datagram_pair(&p->from, &p->to));
    assert_ok(fer_unix_datagram_try_clone(&p->from, &p->from_clone));
}

static void passing_close(struct passing *p)
{
    fer_unix_stream *const streams[] = {&p->one,         &p->other,  &p->one_clone,
                                        &p->other_clone, &p->passed, &p->left};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        fer_unix_stream_close(streams[i]);
    }
    fer_unix_datagram_close(&p->from);
    fer_unix_datagram_close(&p->from_clone);
    fer_unix_datagram_close(&p->to);
}

static void assert_passed_is_open(struct passing *p, bool is_open)
{
    char byte;
    size_t n = 0;
    fer_unix_stream_close(&p->passed);
    assert_kind(fer_unix_stream_try_read(&p->left, &byte, 1, &n),
                is_open ? FER_WOULD_BLOCK : FER_OK);
}

static void close_raw(fer_raw_socket raw)
{
    fer_unix_stream adopted = {0};
    assert_ok(fer_unix_stream_from_raw(&adopted, raw));
    fer_unix_stream_close(&adopted);
}

static void send_and_read_by_clones(void *context)
{
    struct passing *p = context;
    fer_raw_socket raw = fer_unix_stream_as_raw(&p->passed);
    char byte = 0;
    size_t n;
    assert_ok_n(fer_unix_stream_send_handles(&p->one, "x", 1, &raw, 1, &n), n, 1);
    assert_ok_n(fer_unix_stream_read(&p->other_clone, &byte, 1, &n), n, 1);
    assert_int_equal(byte, 'x');
    assert_ok_n(fer_unix_stream_write(&p->one, "y", 1, &n), n, 1);
}

POSIX_TEST(a_plain_read_of_a_callback_takes_no_handles)
{
    struct passing p;
    fer_unix_received_handles got;
    fer_raw_socket handles[2];
    char byte = 0;
    passing_open(&p);
    assert_ok(fer_sim_after(millis(1), send_and_read_by_clones, &p));
    assert_ok(fer_unix_stream_recv_handles(&p.other, &byte, 1, handles, 2, &got));
    assert_int_equal(byte, 'y');
    assert_int_equal(got.count, 0);
    assert_passed_is_open(&p, false);
    passing_close(&p);
}

static void send_datagram_by_clone(void *context)
{
    struct passing *p = context;
    char buf[8];
    size_t n;
    fer_unix_received got;
    assert_ok(fer_unix_datagram_recv_from(&p->to, buf, sizeof buf, &got));
    assert_ok_n(fer_unix_datagram_send(&p->from_clone, "plain", 5, &n), n, 5);
    assert_ok(fer_unix_datagram_recv_from(&p->to, buf, sizeof buf, &got));
    assert_ok(fer_unix_datagram_recv_from(&p->to, buf, sizeof buf, &got));
}

static void fill(struct passing *p)
{
    size_t n;
    while (fer_unix_datagram_try_send(&p->from, "fill", 4, &n).kind == FER_OK) {
    }
}

POSIX_TEST(a_plain_datagram_of_a_callback_has_no_handles)
{
    struct passing p;
    fer_unix_received_handles got = {.len = 0};
    fer_raw_socket handles[2];
    char buf[8];
    size_t n;
    passing_open(&p);
    fill(&p);
    fer_raw_socket raw = fer_unix_stream_as_raw(&p.passed);
    assert_ok(fer_sim_after(millis(1), send_datagram_by_clone, &p));
    assert_ok_n(fer_unix_datagram_send_handles(&p.from, "handle", 6, &raw, 1, NULL, &n), n, 6);
    while (got.len != 6) {
        assert_ok(fer_unix_datagram_recv_handles(&p.to, buf, sizeof buf, handles, 2, &got));
        assert_int_equal(got.count, got.len == 6 ? 1 : 0);
    }
    assert_passed_is_open(&p, true);
    close_raw(handles[0]);
    passing_close(&p);
}

static void write_by_clone(void *context)
{
    struct passing *p = context;
    char buf[8];
    size_t n;
    assert_ok_n(fer_unix_stream_read(&p->other, buf, sizeof buf, &n), n, 8);
    assert_ok_n(fer_unix_stream_write(&p->one_clone, "plain", 5, &n), n, 5);
}

POSIX_CONFIG_TEST(bytes_that_a_callback_writes_first_have_no_handles)
{
    struct passing p;
    fer_unix_received_handles got = {.len = 0};
    fer_raw_socket handles[2];
    char buf[5];
    size_t n;
    sim_begin_of(.send_buffer = 8, .receive_buffer = 8);
    passing_open(&p);
    assert_ok_n(fer_unix_stream_write(&p.one, "sixteen bytes...", 16, &n), n, 16);
    fer_raw_socket raw = fer_unix_stream_as_raw(&p.passed);
    assert_ok(fer_sim_after(millis(1), write_by_clone, &p));
    assert_ok_n(fer_unix_stream_send_handles(&p.one, "has", 3, &raw, 1, &n), n, 3);
    for (size_t left = 8; left > 0; left -= got.len) {
        size_t len = left < sizeof buf ? left : sizeof buf;
        assert_ok(fer_unix_stream_recv_handles(&p.other, buf, len, handles, 2, &got));
        assert_int_equal(got.count, 0);
    }
    assert_ok(fer_unix_stream_recv_handles(&p.other, buf, 5, handles, 2, &got));
    assert_memory_equal(buf, "plain", 5);
    assert_int_equal(got.count, 0);
    assert_ok(fer_unix_stream_recv_handles(&p.other, buf, 3, handles, 2, &got));
    assert_memory_equal(buf, "has", 3);
    assert_int_equal(got.count, 1);
    close_raw(handles[0]);
    passing_close(&p);
}

TEST_MAIN("sim_callbacks")

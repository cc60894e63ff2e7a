/* test_sim_connector.c: connectors (rules K12 to K15), lookups (K8) and Unix connects (K2) within
 * limits, in virtual time. The schedule of attempts: fuzz/harnesses/fuzz_connect_with.c. */
#include "sim/sim_connect.h"

/* Waits until the connector is done. The event comes once, and only with its key. */
static void await_event(void)
{
    do {
        assert_ok(fer_poller_wait(&test.poller, FER_DURATION_NONE, events, 4, &count, &notified));
    } while (count == 0);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].key, KEY);
    assert_int_equal(events[0].interest, FER_WRITABLE);
}

/* No event comes within a second. The notification of a lookup may still be pending (rule N5). */
static void assert_quiet(void)
{
    uint64_t before = 0;
    do {
        before = now_ms();
        assert_ok(poll_ms(1000));
        assert_int_equal(count, 0);
    } while (notified);
    assert_int_equal(now_ms() - before, 1000);
}

CONNECT_TEST(K12_a_text_and_limits_are_checked_within_the_call)
{
    assert_kind(start("10.0.0.7"), FER_INVALID_INPUT);
    assert_kind(fer_connector_start_host(&test.connector, "", 80, &options, &test.resolver,
                                         &test.poller, KEY),
                FER_INVALID_INPUT);
    options.family = FER_IP_V6;
    assert_kind(start("10.0.0.7:80"), FER_HOST_NOT_FOUND);
    options.family = (fer_ip_family)0;
    end_in_ms(0);
    assert_kind(start("10.0.0.7:80"), FER_TIMED_OUT);
    assert_kind(start("three.test:80"), FER_TIMED_OUT);
    assert_kind(take(), FER_MISUSE);
    assert_quiet();
}

CONNECT_TEST(K12_a_full_queue_is_refused)
{
    const fer_resolver_options one = {.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE};
    static fer_connector second;
    fer_resolver_close(&test.resolver);
    assert_ok(fer_resolver_new(&test.resolver, &one));
    assert_ok(start("slow.test:80"));
    assert_code(
        fer_connector_start(&second, "three.test:80", NULL, &test.resolver, &test.poller, 8),
        FER_WOULD_BLOCK, 0);
    assert_kind(fer_connector_take(&second, &test.stream), FER_MISUSE);
}

CONNECT_TEST(K12_an_attempt_is_bound_to_a_copy_of_the_local_address)
{
    fer_socket_addr local = addr_of("10.0.0.1:4000"), own;
    (void)serve("10.0.0.7:80");
    options.local = &local;
    assert_ok(start("three.test:80"));
    memset(&local, 0, sizeof local);
    options.local = NULL;
    await_event();
    assert_ok(take());
    assert_ok(fer_tcp_stream_local_addr(&test.stream, &own));
    assert_true(fer_socket_addr_eq(&own, addr_at("10.0.0.1:4000")));
}

/* ---- The event and the waits */

static void cancel_and_notify(void *poller)
{
    FER_IGNORE(fer_cancel_token_cancel(&test.token));
    FER_IGNORE(fer_poller_notify(poller));
}

CONNECT_TEST(K13_a_cancel_and_a_notification_end_it)
{
    silence();
    assert_ok(fer_cancel_token_new(&test.token));
    options.limits.token = &test.token;
    for (size_t i = 0; i < 2; i++) {
        assert_ok(start(i == 0 ? "three.test:80" : "slow.test:80"));
        after_ms(100, cancel_and_notify, &test.poller);
        assert_takes(100, await_event());
        assert_code(take(), FER_CANCELLED, 0);
        assert_int_equal(failed, i == 0 ? 1 : 0);
        assert_ok(fer_cancel_token_reset(&test.token));
    }
}

/* The limits are checked before the first attempt, although the lookup was in time. */
CONNECT_TEST(K13_a_deadline_between_the_lookup_and_the_wait_ends_it)
{
    (void)serve(hosts[0]);
    end_in_ms(3500);
    assert_ok(start("slow.test:80"));
    advance_ms(4000);
    await_event();
    assert_code(take(), FER_TIMED_OUT, 0);
    assert_int_equal(failed, 0);
}

/* The program does not wait until 400 ms, when a timeout or the deadline of 300 ms is reached. */
static fer_error result_of_late_wait(const char *text, bool has_deadline)
{
    options.limits.deadline = has_deadline ? fer_instant_after(millis(300)) : FER_INSTANT_NONE;
    options.attempt_timeout = millis(has_deadline ? 0 : 300);
    assert_ok(start(text));
    advance_ms(400);
    await_event();
    return take();
}

CONNECT_TEST(K13_a_connection_precedes_a_limit_that_is_reached_before_the_wait)
{
    silence();
    (void)serve("10.0.0.9:80");
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        assert_ok(result_of_late_wait("10.0.0.9:80", has_deadline));
        fer_tcp_stream_close(&test.stream);
        assert_int_equal(failed, 0);
        assert_kind(result_of_late_wait("10.0.0.7:80", has_deadline), FER_TIMED_OUT);
        assert_int_equal(failed, 1);
    }
}

/* K13: the keys of a program's own lookups are those of its connectors' never. */
CONNECT_TEST(K13_its_lookup_has_no_key)
{
    uint64_t keys[4];
    size_t taken = 0;
    (void)serve(hosts[0]);
    assert_ok(start("three.test:80"));
    await_event();
    assert_ok_n(fer_resolver_take_completed(&test.resolver, &test.poller, keys, 4, &taken), taken,
                0);
}

/* ---- The result */

/* K14: the result may be taken before its event, which then does not come. */
CONNECT_TEST(K14_a_result_that_is_taken_has_no_event)
{
    assert_ok(start("127.0.0.1:0"));
    assert_kind(fer_connector_start(&test.connector, "127.0.0.1:0", NULL, NULL, &test.poller, KEY),
                FER_MISUSE);
    assert_kind(take(), FER_CONNECTION_REFUSED);
    assert_int_equal(failed, 1);
    assert_quiet();
}

CONNECT_TEST(K14_an_open_stream_takes_nothing)
{
    (void)serve(hosts[0]);
    assert_ok(fer_tcp_stream_connect(&test.stream, hosts[0]));
    assert_ok(start("three.test:80"));
    assert_kind(take(), FER_MISUSE);
    await_event();
    assert_kind(take(), FER_MISUSE);
    assert_kind(fer_connector_take(&test.connector, NULL), FER_MISUSE);
    fer_tcp_stream_close(&test.stream);
    assert_ok(take());
}

/* ---- Closing */

CONNECT_TEST(K15_a_connection_that_is_not_taken_is_reset)
{
    char byte;
    fer_sim_peer listener = serve("10.0.0.7:80");
    assert_ok(start("10.0.0.7:80"));
    await_event();
    fer_connector_close(&test.connector);
    fer_sim_peer reset = accepted(listener);
    advance_ms(5);
    assert_kind(fer_sim_peer_recv(reset, &byte, 1, NULL), FER_CONNECTION_RESET);
}

/* The second connector, which has a token, is one of a new poller in the memory of the first. */
CONNECT_TEST(K15_a_connector_of_a_closed_poller_changes_no_other)
{
    static fer_connector second;
    memset(&second, 0, sizeof second);
    silence();
    assert_ok(start("slow.test:80"));
    fer_poller_close(&test.poller);
    assert_ok(fer_poller_new(&test.poller));
    assert_ok(fer_cancel_token_new(&test.token));
    options.limits.token = &test.token;
    after_ms(100, cancel_and_notify, &test.poller);
    assert_ok(fer_connector_start(&second, hosts[0], &options, NULL, &test.poller, KEY));
    fer_connector_close(&test.connector);
    assert_takes(100, await_event());
    assert_code(fer_connector_take(&second, &test.stream), FER_CANCELLED, 0);
}

/* ---- Lookups */

static fer_error look_up(const char *text, fer_resolver *with)
{
    fer_socket_addr addrs[3];
    size_t found = 99;
    fer_error error = fer_to_socket_addrs_with(
        text, &(fer_lookup_options){.limits = options.limits, .resolver = with}, addrs, 3, &found);
    assert_int_equal(found, error.kind == FER_OK ? 3 : 99);
    return error;
}

/* The late lookup still occupies the thread: the next one waits for it in the queue. */
CONNECT_TEST(K8_a_late_lookup_occupies_its_thread)
{
    fer_resolver *resolver = &test.resolver;
    fer_resolver_close(resolver);
    assert_ok(fer_resolver_new(resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    end_in_ms(500);
    assert_code(look_up("slow.test:80", resolver), FER_TIMED_OUT, 0);
    options.limits.deadline = FER_INSTANT_NONE;
    assert_ok(look_up("three.test:80", resolver));
    assert_int_equal(now_ms(), 3000);
    end_in_ms(500);
    assert_code(look_up("slow.test:80", resolver), FER_TIMED_OUT, 0);
    assert_ok(fer_resolver_start(resolver, "slow.test:80", NULL, NULL, 0, &test.lookups[0]));
    assert_code(look_up("three.test:80", resolver), FER_TIMED_OUT, 0);
    end_in_ms(500);
    assert_code(look_up("three.test:80", resolver), FER_WOULD_BLOCK, 0);
}

/* ---- Unix connects that wait for space (K2). Only Linux waits. */

static void accept_one(void *context)
{
    assert_ok(fer_unix_listener_accept(&test.unix_listener, &test.unix_stream, NULL));
}

TEST_OF(K2_a_unix_connect_waits_for_queue_space_within_limits, (void), (),
        POSIX_ROW(K2_a_unix_connect_waits_for_queue_space_within_limits, connect_start))
{
    fer_unix_addr addr;
    fer_socket queued[200] = {0}, built = {0}, *waiting = &test.socket;
    size_t number = 0;
    fer_error error;
    assert_ok(fer_unix_addr_from_pathname(&addr, "/queue"));
    assert_ok(fer_socket_new(&built, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_bind_unix(&built, &addr));
    assert_ok(fer_socket_listen(&built, 1));
    assert_ok(fer_socket_into_unix_listener(&built, &test.unix_listener));
    do {
        fer_socket *next = &queued[number++];
        assert_ok(fer_socket_new(next, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
        assert_ok(fer_socket_set_nonblocking(next, true));
        error = fer_socket_connect_unix(next, &addr);
    } while (error.kind == FER_OK);
    assert_kind(error, FER_RESOURCE_BUSY);
    assert_ok(fer_socket_new(waiting, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    end_in_ms(1000000000);
    assert_ok(fer_socket_set_limits(waiting, &options.limits));
    assert_takes(1000000000,
                 assert_code(fer_socket_connect_unix(waiting, &addr), FER_TIMED_OUT, 0));
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(30);
    assert_ok(fer_socket_set_limits(waiting, &options.limits));
    assert_takes(30, assert_code(fer_socket_connect_unix(waiting, &addr), FER_CANCELLED, 0));
    assert_ok(fer_cancel_token_reset(&test.token));
    assert_kind(fer_socket_connect_unix(waiting, &addr), FER_DEADLOCK);
    after_ms(50, accept_one, NULL);
    assert_ok(fer_socket_connect_unix(waiting, &addr));
    assert_in_range(now_ms(), 1000000080, 1000000084);
    for (size_t i = 0; i < number; i++) {
        fer_socket_close(&queued[i]);
    }
}

/* ---- Many connectors */

enum { STARTS = 100000, PENDING = 60, TICKS = 100, TICK_MS = 20 };

static struct many {
    fer_connector connector;
    uint64_t end; /* 0: it is closed */
} many[PENDING];
static uint64_t seed;

static uint64_t next_number(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33;
}

static int many_start(void **state)
{
    (void)sim_choose(state);
    options = (fer_connect_options){0};
    memset(many, 0, sizeof many);
    seed = 1;
    sim_begin_of(.max_sockets = 2 * PENDING, .send_buffer = 256, .receive_buffer = 256);
    assert_ok(fer_poller_new(&test.poller));
    answer("10.0.0.7:80", FER_SIM_ANSWER_SILENT, 0);
    return 0;
}

static void start_one(struct many *one)
{
    uint64_t after = (1 + next_number() % TICKS) * TICK_MS;
    end_in_ms(after);
    one->end = now_ms() + after;
    assert_ok(fer_connector_start(&one->connector, "10.0.0.7:80", &options, NULL, &test.poller,
                                  (uint64_t)(one - many)));
}

/* Deadlines in no order; about a third of the connectors is closed before, in no order either. Each
 * other one has its event at its deadline. */
SIM_TEST_OF(K13_connectors_end_at_their_deadlines_in_any_order, (void), (), many_start)
{
    for (size_t started = 0; started < STARTS;) {
        for (size_t i = 0; i < PENDING; i++) {
            if (many[i].end == 0) {
                start_one(&many[i]);
                started++;
            }
        }
        assert_ok(fer_poller_wait(&test.poller, FER_DURATION_NONE, events, 4, &count, NULL));
        for (size_t i = 0; i < count; i++) {
            struct many *ended = &many[events[i].key];
            assert_in_range(now_ms(), ended->end,
                            ended->end + 1); /* a wait ends at a millisecond */
            assert_code(fer_connector_take(&ended->connector, &test.stream), FER_TIMED_OUT, 0);
            ended->end = 0;
        }
        struct many *closed = &many[next_number() % PENDING];
        fer_connector_close(&closed->connector);
        closed->end = 0;
    }
    for (size_t i = 0; i < PENDING; i++) {
        fer_connector_close(&many[i].connector);
    }
    assert_ok(poll_ms(60000));
    assert_int_equal(count, 0);
}

/* The places of the connectors in memory are in another order. */
static void start_all(fer_instant deadline, fer_cancel_token *token)
{
    options.limits = (fer_limits){.deadline = deadline, .token = token};
    for (size_t i = 0; i < PENDING; i++) {
        assert_ok(fer_connector_start(&many[i * 7 % PENDING].connector, "10.0.0.7:80", &options,
                                      NULL, &test.poller, i));
    }
}

static void assert_each_is(fer_error_kind kind)
{
    for (size_t i = 0; i < PENDING; i++) {
        assert_kind(fer_connector_take(&many[i].connector, &test.stream), kind);
    }
}

SIM_TEST_OF(K13_connectors_that_are_due_together_end_in_the_order_of_their_starts, (void), (),
            many_start)
{
    fer_event all[PENDING];
    start_all(fer_instant_after(millis(50)), NULL);
    assert_ok(fer_poller_wait(&test.poller, FER_DURATION_NONE, all, PENDING, &count, NULL));
    assert_int_equal(count, PENDING);
    for (size_t i = 0; i < PENDING; i++) {
        assert_int_equal(all[i].key, i);
    }
    assert_each_is(FER_TIMED_OUT);
}

SIM_TEST_OF(K13_one_wait_detects_the_cancel_of_all, (void), (), many_start)
{
    assert_ok(fer_cancel_token_new(&test.token));
    start_all(FER_INSTANT_NONE, &test.token);
    assert_ok(fer_cancel_token_cancel(&test.token));
    assert_ok(fer_poller_wait(&test.poller, FER_DURATION_NONE, events, 1, &count, NULL));
    assert_int_equal(count, 1);
    assert_ok(fer_cancel_token_reset(&test.token));
    assert_each_is(FER_CANCELLED);
}

/* Connector i connects by its attempt to address i, the only one that answers at its port. */
SIM_TEST_OF(K13_each_attempt_of_each_connector_may_connect, (void), (), sim_choose)
{
    enum { ADDRS = 16, DELAY_MS = 100 };
    static fer_socket_addr addrs[ADDRS];
    static const fer_sim_name all = {.host = "all.test", .addrs = addrs, .count = ADDRS};
    fer_sim_peer peer;
    sim_begin_of(.names = &all, .name_count = 1);
    assert_ok(fer_poller_new(&test.poller));
    assert_ok(fer_resolver_new(&test.resolver, NULL));
    options = (fer_connect_options){.attempt_delay = millis(DELAY_MS)};
    for (uint8_t i = 0; i < ADDRS; i++) {
        addrs[i].ip = (fer_ip_addr){.family = FER_IP_V4, .u.v4 = {{10, 0, 1, i}}};
        assert_ok(fer_sim_set_answer(&addrs[i], FER_SIM_ANSWER_SILENT, millis(0)));
        fer_socket_addr answering = addrs[i];
        answering.port = 80 + i;
        assert_ok(fer_sim_set_answer(&answering, FER_SIM_ANSWER_AS_IS, millis(0)));
        assert_ok(fer_sim_peer_listen(&answering, 1, &peer));
    }
    for (uint8_t i = 0; i < ADDRS; i++) {
        uint8_t at = i * 7 % ADDRS;
        assert_ok(fer_connector_start_host(&many[at].connector, "all.test", 80 + at, &options,
                                           &test.resolver, &test.poller, at));
    }
    for (uint8_t i = 0; i < ADDRS; i++) {
        do {
            assert_ok(poll_ms(DELAY_MS));
        } while (count == 0);
        assert_int_equal(count, 1);
        assert_int_equal(events[0].key, i);
        assert_in_range(now_ms(), i * DELAY_MS, i * DELAY_MS + 10);
        assert_ok(fer_connector_take(&many[i].connector, &test.stream));
        fer_tcp_stream_close(&test.stream);
    }
}

TEST_MAIN("sim_connector")

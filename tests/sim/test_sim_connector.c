/* test_sim_connector.c: connectors (rules K12 to K15), and connecting to the first address that
 * answers, and lookups, within limits (rules K8, K8a, K9), in virtual time and in both dialects. */
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

static fer_error result_of(const char *text)
{
    fer_error error = start(text);
    if (error.kind != FER_OK) {
        return error;
    }
    await_event();
    return take();
}

/* ---- The schedule */

struct result {
    fer_error error;
    fer_socket_addr peer;
    uint64_t time;
    size_t failed;
    fer_connect_failure failures[CAP];
};

static const fer_sim_answer answers[] = {FER_SIM_ANSWER_AS_IS, FER_SIM_ANSWER_REFUSES,
                                         FER_SIM_ANSWER_SILENT, FER_SIM_ANSWER_HOST_UNREACHABLE,
                                         FER_SIM_ANSWER_NO_ROUTE};

static struct result run(size_t i, size_t dialect, bool by_connector)
{
    const size_t chosen[] = {i % 5, i / 5 % 5, i / 25 % 5};
    struct result result;
    memset(&result, 0, sizeof result);
    sim_system = sim_systems[dialect];
    begin();
    for (size_t at = 0; at < 3; at++) {
        (void)serve(hosts[at]);
        answer(hosts[at], answers[chosen[at]], i / 125 % 2 == 0 ? 0 : 300);
    }
    end_in_ms(i / 250 == 0 ? 20000 : 400);
    options.attempt_timeout = millis(i < 125 ? 0 : 350);
    options.resolver = &test.resolver;
    result.error = by_connector ? result_of("three.test:80") : connect_to("three.test:80");
    result.time = now_ms();
    result.failed = failed;
    memcpy(result.failures, failures, sizeof failures);
    if (result.error.kind == FER_OK) {
        assert_ok(fer_tcp_stream_peer_addr(&test.stream, &result.peer));
    }
    sim_end_one();
    return result;
}

static void assert_same_result(const struct result *one, const struct result *other)
{
    assert_int_equal(one->error.kind, other->error.kind);
    assert_true(fer_socket_addr_eq(&one->peer, &other->peer));
}

/* K12: the schedule, the limits and the failures are those of fer_tcp_stream_connect_with.
 * K10: without a timeout of attempts the result is the same in both dialects. */
TEST_OF(K12_a_connector_has_the_result_of_a_connect, (void), (),
        TEST_ROW("K12_a_connector_has_the_result_of_a_connect",
                 K12_a_connector_has_the_result_of_a_connect, NULL, sim_end, NULL))
{
    for (size_t i = 0; i < 500; i++) {
        struct result by_call[2];
        for (size_t dialect = 0; dialect < 2; dialect++) {
            by_call[dialect] = run(i, dialect, false);
            struct result by_connector = run(i, dialect, true);
            assert_same_result(&by_call[dialect], &by_connector);
            assert_int_equal(by_call[dialect].error.os_code, by_connector.error.os_code);
            assert_int_equal(by_call[dialect].time, by_connector.time);
            assert_int_equal(by_call[dialect].failed, by_connector.failed);
            assert_memory_equal(by_call[dialect].failures, by_connector.failures, sizeof failures);
        }
        if (i < 125) {
            assert_same_result(&by_call[0], &by_call[1]);
        }
    }
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

CONNECT_TEST(K13_a_wait_of_zero_only_checks)
{
    size_t polls = 0;
    (void)serve(hosts[0]);
    assert_ok(start(hosts[0]));
    do {
        assert_ok(poll_ms(0));
        assert_false(notified);
        polls++;
        advance_ms(1);
    } while (count == 0);
    assert_in_range(polls, 2, 5);
    assert_ok(take());
}

CONNECT_TEST(K13_a_wait_has_its_own_timeout_and_the_event_is_reported_once)
{
    silence();
    assert_ok(start("10.0.0.7:80"));
    assert_quiet();
    assert_kind(take(), FER_WOULD_BLOCK);
    fer_connector_close(&test.connector);
    assert_ok(start("127.0.0.1:0"));
    await_event();
    assert_quiet();
    assert_kind(take(), FER_CONNECTION_REFUSED);
    assert_quiet();
}

CONNECT_TEST(K13_other_sockets_are_reported_as_before)
{
    const fer_event wanted = {.key = 9, .interest = FER_WRITABLE};
    fer_tcp_stream *other = &test.streams[0];
    (void)serve(hosts[0]);
    assert_ok(fer_tcp_stream_connect_start(other, addr_at(hosts[0])));
    assert_ok(fer_poller_add(&test.poller, fer_tcp_stream_as_raw(other), wanted, FER_POLL_ONESHOT));
    assert_ok(start("127.0.0.1:0"));
    advance_ms(5);
    assert_ok(poll_ms(1000));
    assert_int_equal(count, 2);
    assert_true(events[0].key == KEY && events[1].key == 9);
    assert_ok(fer_poller_delete(&test.poller, fer_tcp_stream_as_raw(other)));
}

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

CONNECT_TEST(K13_a_lookup_that_ends_without_an_address_is_the_result)
{
    assert_kind(result_of("empty.test:80"), connect_to("empty.test:80").kind);
    assert_takes(1000, assert_kind(result_of("gone.test:80"), FER_HOST_NOT_FOUND));
    end_in_ms(100);
    assert_takes(100, assert_code(result_of("slow.test:80"), FER_TIMED_OUT, 0));
    options.limits.deadline = FER_INSTANT_NONE;
    assert_ok(start("slow.test:80"));
    fer_resolver_close(&test.resolver);
    await_event();
    assert_kind(take(), FER_CANCELLED);
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

/* K15: whenever it is closed, no socket, no lookup and no event is left (sim_end checks it). */
CONNECT_TEST(K15_it_is_closed_at_any_time)
{
    static fer_connector other;
    (void)serve(hosts[2]);
    answer(hosts[0], FER_SIM_ANSWER_SILENT, 0);
    answer(hosts[1], FER_SIM_ANSWER_HOST_UNREACHABLE, 10);
    for (uint64_t time = 0; time < 1200; time += 10) {
        assert_ok(start(time < 600 ? "three.test:80" : "slow.test:80"));
        assert_ok(
            fer_connector_start(&other, "gone.test:80", NULL, &test.resolver, &test.poller, 8));
        assert_ok(poll_ms(0));
        uint64_t until = now_ms() + time % 600;
        while (now_ms() < until) {
            assert_ok(poll_ms(until - now_ms()));
        }
        fer_connector_close(&test.connector);
        fer_connector_close(&test.connector);
        fer_connector_close(&other);
        assert_quiet();
    }
    fer_connector_close(NULL);
}

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

/* ---- Connecting to the first address that answers */

/* ---- K9, and K8 of the deadline */

/* Each host answers, answers Late, does not, or is Unreachable after 10 ms ("alsu"). The peer is
 * that host, or none if the connect times out. Then each attempt has timed out, else one was
 * unreachable. */
enum { NONE = 3 };
static const struct schedule {
    const char *name;
    const char *hosts;
    uint64_t attempt_timeout_ms, deadline_ms;
    size_t peer;
    uint64_t time_ms;
    size_t failed;
    uint64_t elapsed_ms[3];
} schedules[] = {
    {"the families alternate: 250 ms, and a round trip", "saa", 0, 0, 1, 252, 0, {0}},
    {"the last attempt that fails starts the next one", "sua", 0, 0, 2, 250 + 12 + 2, 1, {12}},
    {"attempts time out one by one", "sss", 400, 0, NONE, 900, 3, {400, 400, 400}},
    {"the deadline closes the attempts", "sss", 0, 600, NONE, 600, 3, {600, 350, 100}},
    {"a loser that had connected is reset", "laa", 0, 0, 0, 252, 0, {0}},
};

static void answer_as(const char *host, char how)
{
    answer(host,
           how == 's'   ? FER_SIM_ANSWER_SILENT
           : how == 'u' ? FER_SIM_ANSWER_HOST_UNREACHABLE
                        : FER_SIM_ANSWER_AS_IS,
           how == 'u'   ? 10
           : how == 'l' ? 250
                        : 0);
}

static void assert_losers_are_reset(const fer_sim_peer listeners[3], size_t winner)
{
    advance_ms(5);
    for (size_t i = 0; i < 3; i++) {
        fer_sim_peer loser;
        char byte;
        if (i != winner && fer_sim_peer_accept(listeners[i], &loser).kind == FER_OK) {
            assert_kind(fer_sim_peer_recv(loser, &byte, 1, NULL), FER_CONNECTION_RESET);
        }
    }
}

SIM_CONFIG_TEST(K9_the_schedule_of_attempts)
{
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        const struct schedule *row = &schedules[i];
        bool times_out = row->peer == NONE;
        fer_sim_peer listeners[3];
        begin();
        for (size_t at = 0; at < 3; at++) {
            listeners[at] = serve(hosts[at]);
            answer_as(hosts[at], row->hosts[at]);
        }
        options.attempt_timeout = millis(row->attempt_timeout_ms);
        if (row->deadline_ms != 0) {
            end_in_ms(row->deadline_ms);
        }
        fer_error error = connect_to("three.test:80");
        if (error.kind != (times_out ? FER_TIMED_OUT : FER_OK) || now_ms() != row->time_ms ||
            failed != row->failed) {
            fail_msg("%s: %s after %u ms", row->name, fer_error_kind_name(error.kind),
                     (unsigned)now_ms());
        }
        for (size_t at = 0; at < failed; at++) {
            assert_failure(at, hosts[times_out ? at : 1],
                           times_out ? FER_TIMED_OUT : FER_HOST_UNREACHABLE, row->elapsed_ms[at]);
        }
        if (!times_out) {
            assert_peer(hosts[row->peer]);
            assert_losers_are_reset(listeners, row->peer);
        }
        sim_end_one();
    }
}

CONNECT_TEST(K9_at_most_sixteen_attempts_are_open)
{
    fer_socket_addr addrs[20];
    silence();
    for (size_t i = 0; i < 20; i++) {
        addrs[i] = fer_socket_addr_v4_new(fer_ipv4_addr_new(10, 0, 0, 7), (uint16_t)(100 + i));
    }
    answer("10.0.0.7:0", FER_SIM_ANSWER_SILENT, 0);
    options.attempt_delay = millis(1);
    options.attempt_timeout = millis(100);
    assert_kind(fer_tcp_stream_connect_addrs(&test.stream, addrs, 20, &options), FER_TIMED_OUT);
    assert_int_equal(failed, 20);
    assert_int_equal(now_ms(), 203);
    assert_failure(19, "10.0.0.7:119", FER_TIMED_OUT, 100);
}

/* ---- K8 */

CONNECT_TEST(K8_a_cancel_closes_the_attempts_and_abandons_the_lookup)
{
    silence();
    cancel_in_ms(300);
    assert_code(connect_to("three.test:80"), FER_CANCELLED, 0);
    assert_in_range(now_ms(), 300, 320);
    assert_int_equal(failed, 2);
    assert_kind(failures[0].error, FER_CANCELLED);
    assert_kind(failures[1].error, FER_CANCELLED);
    assert_ok(fer_cancel_token_reset(&test.token));
    after_ms(1000, cancel, &test.token);
    assert_takes(1000, assert_code(connect_to("slow.test:80"), FER_CANCELLED, 0));
    assert_int_equal(failed, 0);
    assert_int_equal(fer_tcp_stream_as_raw(&test.stream), FER_RAW_SOCKET_NONE);
}

CONNECT_TEST(K8_the_deadline_is_one_for_the_lookup_and_the_attempts)
{
    silence();
    end_in_ms(3100);
    assert_takes(3100, assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0));
    assert_int_equal(failed, 1);
    assert_failure(0, hosts[0], FER_TIMED_OUT, 100);
    end_in_ms(1000);
    assert_takes(1000, assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0));
    assert_int_equal(failed, 0);
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

CONNECT_TEST(K8_a_lookup_ends_at_its_limits)
{
    end_in_ms(500);
    assert_takes(500, assert_code(look_up("slow.test:80", NULL), FER_TIMED_OUT, 0));
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(500);
    assert_takes(500, assert_code(look_up("slow.test:80", NULL), FER_CANCELLED, 0));
    assert_ok(fer_cancel_token_reset(&test.token));
    assert_takes(3000, assert_ok(look_up("slow.test:80", NULL)));
    assert_takes(1000, assert_kind(look_up("gone.test:80", NULL), FER_HOST_NOT_FOUND));
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

TEST_MAIN("sim_connector")

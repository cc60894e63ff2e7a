/* test_sim_connector.c: connectors in virtual time and in both dialects (rules K12 to K15). */
#include "ferrule/connector.h"
#include "sim/sim_connect.h"

enum { KEY = 7 };

static fer_poller poller;
static fer_connector connector;
static fer_event events[4];
static size_t count;
static bool notified;

static int connector_end(void **state)
{
    fer_connector_close(&connector);
    fer_poller_close(&poller);
    return end(state);
}

static void open_all(void)
{
    begin();
    memset(&poller, 0, sizeof poller);
    memset(&connector, 0, sizeof connector);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&resolver, NULL));
}

static int connector_start(void **state)
{
    (void)sim_choose(state);
    open_all();
    return 0;
}

#define CONNECTOR_TEST(rule, function)                                                          \
    TEST_OF(function, (void), (),                                                               \
            TEST_ROW(rule "_" #function " [POSIX]", function, connector_start, connector_end,   \
                     &sim_dialects[0]),                                                         \
            TEST_ROW(rule "_" #function " [WINSOCK]", function, connector_start, connector_end, \
                     &sim_dialects[1]))

static fer_error start(const char *text)
{
    return fer_connector_start(&connector, text, &options, &resolver, &poller, KEY);
}

/* Waits until the connector is done. The event comes once, and only with its key. */
static void await_event(void)
{
    do {
        assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, events, 4, &count, &notified));
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
        assert_ok(fer_poller_wait(&poller, millis(1000), events, 4, &count, &notified));
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
    return fer_connector_take(&connector, &stream);
}

/* ---- The schedule */

/* K12: the schedule, the limits and the failures are those of fer_tcp_stream_connect_with. */
TEST_OF(a_connector_has_the_result_of_a_connect, (void), (),
        TEST_ROW("K12_a_connector_has_the_result_of_a_connect",
                 a_connector_has_the_result_of_a_connect, NULL, connector_end, NULL))
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_AS_IS, FER_SIM_ANSWER_REFUSES,
                                             FER_SIM_ANSWER_SILENT, FER_SIM_ANSWER_HOST_UNREACHABLE,
                                             FER_SIM_ANSWER_NO_ROUTE};
    static const char *const hosts[] = {"[fd00::7]:80", "10.0.0.7:80", "[fd00::8]:80"};
    for (size_t i = 0; i < 1000; i++) {
        size_t chosen[] = {i % 5, i / 5 % 5, i / 25 % 5};
        sim_dialect = sim_dialects[i / 500];
        fer_error results[2];
        fer_socket_addr peers[2];
        uint64_t times[2];
        size_t counts[2];
        fer_connect_failure lists[2][CAP];
        memset(peers, 0, sizeof peers);
        memset(lists, 0, sizeof lists);
        for (size_t by_connector = 0; by_connector < 2; by_connector++) {
            open_all();
            for (size_t at = 0; at < 3; at++) {
                (void)serve(hosts[at]);
                answer(hosts[at], answers[chosen[at]], i / 125 % 2 == 0 ? 0 : 300);
            }
            end_in_ms(i / 125 % 4 < 2 ? 20000 : 400);
            options.attempt_timeout = millis(350);
            options.resolver = &resolver;
            results[by_connector] =
                by_connector == 1 ? result_of("three.test:80") : connect_to("three.test:80");
            times[by_connector] = now_ms();
            counts[by_connector] = failed;
            memcpy(lists[by_connector], failures, sizeof failures);
            if (results[by_connector].kind == FER_OK) {
                assert_ok(fer_tcp_stream_peer_addr(&stream, &peers[by_connector]));
            }
            assert_int_equal(connector_end(NULL), 0);
        }
        assert_int_equal(results[0].kind, results[1].kind);
        assert_int_equal(results[0].os_code, results[1].os_code);
        assert_true(fer_socket_addr_eq(&peers[0], &peers[1]));
        assert_int_equal(times[0], times[1]);
        assert_int_equal(counts[0], counts[1]);
        assert_memory_equal(lists[0], lists[1], sizeof lists[0]);
    }
}

CONNECTOR_TEST("K12", an_address_text_needs_no_resolver)
{
    (void)serve("10.0.0.7:80");
    assert_ok(fer_connector_start(&connector, "10.0.0.7:80", NULL, NULL, &poller, KEY));
    await_event();
    assert_ok(fer_connector_take(&connector, &stream));
    assert_peer("10.0.0.7:80");
    assert_int_equal(now_ms(), 2);
}

CONNECTOR_TEST("K12", a_text_and_limits_are_checked_within_the_call)
{
    assert_kind(start("10.0.0.7"), FER_INVALID_INPUT);
    assert_kind(fer_connector_start_host(&connector, "", 80, &options, &resolver, &poller, KEY),
                FER_INVALID_INPUT);
    options.family = FER_IP_V6;
    assert_kind(start("10.0.0.7:80"), FER_HOST_NOT_FOUND);
    options.family = (fer_ip_family)0;
    end_in_ms(0);
    assert_kind(start("10.0.0.7:80"), FER_TIMED_OUT);
    assert_kind(start("three.test:80"), FER_TIMED_OUT);
    assert_kind(fer_connector_take(&connector, &stream), FER_MISUSE);
    assert_quiet();
}

CONNECTOR_TEST("K12", a_full_queue_is_refused)
{
    const fer_resolver_options one = {.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE};
    static fer_connector second;
    fer_resolver_close(&resolver);
    assert_ok(fer_resolver_new(&resolver, &one));
    assert_ok(start("slow.test:80"));
    assert_code(fer_connector_start(&second, "three.test:80", NULL, &resolver, &poller, 8),
                FER_WOULD_BLOCK, 0);
    assert_kind(fer_connector_take(&second, &stream), FER_MISUSE);
}

CONNECTOR_TEST("K12", an_attempt_is_bound_to_a_copy_of_the_local_address)
{
    fer_socket_addr local = addr_of("10.0.0.1:4000");
    fer_socket_addr expected = local;
    fer_socket_addr own;
    (void)serve("10.0.0.7:80");
    options.local = &local;
    assert_ok(start("three.test:80"));
    memset(&local, 0, sizeof local);
    options.local = NULL;
    await_event();
    assert_ok(fer_connector_take(&connector, &stream));
    assert_ok(fer_tcp_stream_local_addr(&stream, &own));
    assert_true(fer_socket_addr_eq(&own, &expected));
}

/* ---- The event and the waits */

CONNECTOR_TEST("K13", a_wait_of_zero_only_checks)
{
    size_t polls = 0;
    (void)serve("[fd00::7]:80");
    assert_ok(start("[fd00::7]:80"));
    do {
        assert_ok(fer_poller_wait(&poller, (fer_duration){0}, events, 4, &count, &notified));
        assert_false(notified);
        polls++;
        advance_ms(1);
    } while (count == 0);
    assert_in_range(polls, 2, 5);
    assert_ok(fer_connector_take(&connector, &stream));
}

CONNECTOR_TEST("K13", a_wait_has_its_own_timeout)
{
    silence();
    assert_ok(start("10.0.0.7:80"));
    assert_quiet();
    assert_kind(fer_connector_take(&connector, &stream), FER_WOULD_BLOCK);
}

CONNECTOR_TEST("K13", the_event_is_reported_once)
{
    (void)serve("[fd00::7]:80");
    assert_ok(start("three.test:80"));
    await_event();
    assert_quiet();
    assert_ok(fer_connector_take(&connector, &stream));
    assert_quiet();
}

CONNECTOR_TEST("K13", a_wait_with_one_event_returns_each_connector)
{
    static fer_connector several[3];
    uint64_t keys = 0;
    (void)serve("[fd00::7]:80");
    for (size_t i = 0; i < 3; i++) {
        memset(&several[i], 0, sizeof several[i]);
        assert_ok(fer_connector_start(&several[i], i == 2 ? "127.0.0.1:0" : "three.test:80", NULL,
                                      &resolver, &poller, 100 + i));
    }
    for (size_t done = 0; done < 3; done += count) {
        assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, events, 1, &count, &notified));
        keys |= count == 1 ? UINT64_C(1) << (events[0].key - 100) : 0;
    }
    assert_int_equal(keys, 7);
    for (size_t i = 0; i < 3; i++) {
        assert_kind(fer_connector_take(&several[i], &stream),
                    i == 2 ? FER_CONNECTION_REFUSED : FER_OK);
        fer_tcp_stream_close(&stream);
    }
}

CONNECTOR_TEST("K13", events_that_do_not_fit_are_reported_by_the_next_wait)
{
    static fer_connector second;
    memset(&second, 0, sizeof second);
    assert_ok(start("127.0.0.1:0"));
    assert_ok(fer_connector_start(&second, "127.0.0.1:0", NULL, NULL, &poller, KEY));
    for (size_t i = 0; i < 2; i++) {
        assert_ok(fer_poller_wait(&poller, millis(1000), events, 1, &count, &notified));
        assert_true(count == 1 && events[0].key == KEY);
    }
    assert_quiet();
    fer_connector_close(&second);
}

CONNECTOR_TEST("K13", other_sockets_are_reported_as_before)
{
    fer_tcp_stream other;
    memset(&other, 0, sizeof other);
    fer_socket_addr addr = addr_of("[fd00::7]:80");
    (void)serve("[fd00::7]:80");
    assert_ok(fer_tcp_stream_connect_start(&other, &addr));
    const fer_event wanted = {.key = 9, .interest = FER_WRITABLE};
    assert_ok(fer_poller_add(&poller, fer_tcp_stream_as_raw(&other), wanted, FER_POLL_ONESHOT));
    assert_ok(start("127.0.0.1:0"));
    advance_ms(5);
    assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, events, 4, &count, &notified));
    assert_int_equal(count, 2);
    assert_true(events[0].key == KEY && events[1].key == 9);
    assert_ok(fer_poller_delete(&poller, fer_tcp_stream_as_raw(&other)));
    fer_tcp_stream_close(&other);
}

static void notify(void *context)
{
    FER_IGNORE(fer_cancel_token_cancel(&token));
    FER_IGNORE(fer_poller_notify(context));
}

CONNECTOR_TEST("K13", a_cancel_and_a_notification_end_it)
{
    const char *const texts[] = {"three.test:80", "slow.test:80"};
    silence();
    for (size_t i = 0; i < 2; i++) {
        uint64_t before = now_ms();
        assert_ok(fer_cancel_token_new(&token));
        options.limits.token = &token;
        assert_ok(start(texts[i]));
        assert_ok(fer_sim_after(millis(100), notify, &poller));
        await_event();
        assert_int_equal(now_ms() - before, 100);
        assert_code(fer_connector_take(&connector, &stream), FER_CANCELLED, 0);
        assert_int_equal(failed, i == 0 ? 1 : 0);
        fer_cancel_token_close(&token);
    }
}

CONNECTOR_TEST("K13", the_deadline_ends_a_lookup)
{
    end_in_ms(100);
    assert_ok(start("slow.test:80"));
    await_event();
    assert_int_equal(now_ms(), 100);
    assert_code(fer_connector_take(&connector, &stream), FER_TIMED_OUT, 0);
}

CONNECTOR_TEST("K13", a_lookup_that_fails_is_the_result)
{
    assert_kind(result_of("gone.test:80"), FER_HOST_NOT_FOUND);
    assert_int_equal(now_ms(), 1000);
    assert_ok(start("slow.test:80"));
    fer_resolver_close(&resolver);
    await_event();
    assert_kind(fer_connector_take(&connector, &stream), FER_CANCELLED);
}

CONNECTOR_TEST("K13", a_name_without_an_address_is_the_result)
{
    assert_kind(result_of("empty.test:80"), connect_to("empty.test:80").kind);
}

/* The limits are checked before the first attempt, although the lookup was in time. */
CONNECTOR_TEST("K13", a_deadline_between_the_lookup_and_the_wait_ends_it)
{
    (void)serve("[fd00::7]:80");
    end_in_ms(3500);
    assert_ok(start("slow.test:80"));
    advance_ms(4000);
    await_event();
    assert_code(fer_connector_take(&connector, &stream), FER_TIMED_OUT, 0);
    assert_int_equal(failed, 0);
}

/* The program does not wait until 400 ms, when a timeout or the deadline of 300 ms is reached. */
static fer_error result_of_late_wait(const char *text, bool has_deadline)
{
    memset(&options.limits, 0, sizeof options.limits);
    options.attempt_timeout = millis(has_deadline ? 0 : 300);
    if (has_deadline) {
        end_in_ms(300);
    }
    assert_ok(start(text));
    advance_ms(400);
    await_event();
    return fer_connector_take(&connector, &stream);
}

CONNECTOR_TEST("K13", a_connection_precedes_a_limit_that_is_reached_before_the_wait)
{
    silence();
    (void)serve("10.0.0.9:80");
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        assert_ok(result_of_late_wait("10.0.0.9:80", has_deadline));
        fer_tcp_stream_close(&stream);
        assert_int_equal(failed, 0);
        assert_kind(result_of_late_wait("10.0.0.7:80", has_deadline), FER_TIMED_OUT);
        assert_int_equal(failed, 1);
    }
}

/* K13: the keys of a program's own lookups are those of its connectors' never. */
CONNECTOR_TEST("K13", its_lookup_has_no_key)
{
    uint64_t keys[4];
    size_t taken = 0;
    (void)serve("[fd00::7]:80");
    assert_ok(start("three.test:80"));
    await_event();
    assert_ok(fer_resolver_take_completed(&resolver, &poller, keys, 4, &taken));
    assert_int_equal(taken, 0);
}

/* ---- The result */

CONNECTOR_TEST("K14", the_stream_is_nonblocking_and_its_connector_can_start_again)
{
    char byte;
    (void)serve("[fd00::7]:80");
    end_in_ms(60000);
    assert_ok(result_of("three.test:80"));
    assert_kind(fer_tcp_stream_read(&stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_kind(fer_connector_take(&connector, &stream), FER_MISUSE);
    const fer_event wanted = {.key = 9, .interest = FER_WRITABLE};
    assert_ok(fer_poller_add(&poller, fer_tcp_stream_as_raw(&stream), wanted, FER_POLL_ONESHOT));
    assert_ok(fer_poller_delete(&poller, fer_tcp_stream_as_raw(&stream)));
    fer_tcp_stream_close(&stream);
    assert_ok(result_of("three.test:80"));
}

CONNECTOR_TEST("K14", an_open_stream_takes_nothing)
{
    (void)serve("[fd00::7]:80");
    fer_socket_addr addr = addr_of("[fd00::7]:80");
    assert_ok(fer_tcp_stream_connect_addr(&stream, &addr));
    assert_ok(start("three.test:80"));
    assert_kind(fer_connector_take(&connector, &stream), FER_MISUSE);
    await_event();
    assert_kind(fer_connector_take(&connector, &stream), FER_MISUSE);
    assert_kind(fer_connector_take(&connector, NULL), FER_MISUSE);
    fer_tcp_stream_close(&stream);
    assert_ok(fer_connector_take(&connector, &stream));
}

/* K14: the result may be taken before its event, which then does not come. */
CONNECTOR_TEST("K14", a_result_that_is_taken_has_no_event)
{
    assert_ok(start("127.0.0.1:0"));
    assert_kind(fer_connector_start(&connector, "127.0.0.1:0", NULL, NULL, &poller, KEY),
                FER_MISUSE);
    assert_kind(fer_connector_take(&connector, &stream), FER_CONNECTION_REFUSED);
    assert_int_equal(failed, 1);
    assert_quiet();
}

/* ---- Closing */

/* K15: whenever it is closed, no socket, no lookup and no event is left (sim_end checks it). */
CONNECTOR_TEST("K15", it_is_closed_at_any_time)
{
    static fer_connector other;
    (void)serve("[fd00::8]:80");
    answer("[fd00::7]:0", FER_SIM_ANSWER_SILENT, 0);
    answer("10.0.0.7:0", FER_SIM_ANSWER_HOST_UNREACHABLE, 10);
    for (uint64_t time = 0; time < 600; time += 10) {
        for (size_t i = 0; i < 2; i++) {
            assert_ok(start(i == 0 ? "three.test:80" : "slow.test:80"));
            memset(&other, 0, sizeof other);
            assert_ok(fer_connector_start(&other, "gone.test:80", NULL, &resolver, &poller, 8));
            assert_ok(fer_poller_wait(&poller, (fer_duration){0}, events, 4, &count, &notified));
            uint64_t until = now_ms() + time;
            while (now_ms() < until) {
                assert_ok(fer_poller_wait(&poller, millis(until - now_ms()), events, 4, &count,
                                          &notified));
            }
            fer_connector_close(&connector);
            fer_connector_close(&connector);
            fer_connector_close(&other);
            assert_quiet();
        }
    }
    fer_connector_close(NULL);
}

CONNECTOR_TEST("K15", a_connection_that_is_not_taken_is_reset)
{
    char byte;
    size_t n = 0;
    fer_sim_peer listener = serve("10.0.0.7:80");
    assert_ok(start("10.0.0.7:80"));
    await_event();
    fer_connector_close(&connector);
    fer_sim_peer reset = accepted(listener);
    advance_ms(5);
    assert_kind(fer_sim_peer_recv(reset, &byte, 1, &n), FER_CONNECTION_RESET);
}

TEST_MAIN("sim_connector")

/* test_sim_reconnect.c: examples/reconnect.h, the reconnect policy of the relay's client, in
 * virtual time. */
#include "sim/sim_test.h"

#include "examples/reconnect.h"

enum { ATTEMPTS = 12 };

/* The name's addresses, which the tests change while the simulation runs, as an operator does. */
static fer_socket_addr service_addrs[2];
static fer_sim_name service = {.host = "service.test", .addrs = service_addrs, .count = 1};

static reconnect way;
static fer_tcp_stream *const stream = &test.stream;
static unsigned pauses;

static reconnect way_to_service(void)
{
    return (reconnect){
        .resolver = &test.resolver,
        .host_port = "service.test:80",
        .first_pause = millis(100),
        .longest_pause = millis(5000),
        .limit = millis(5000),
        .attempts = ATTEMPTS,
    };
}

/* The service has two addresses, of which the name has the first. */
static int start(void **state)
{
    (void)sim_choose(state);
    service = (fer_sim_name){.host = "service.test", .addrs = service_addrs, .count = 1};
    service_addrs[0] = addr_of("10.0.0.7:80");
    service_addrs[1] = addr_of("10.0.0.8:80");
    way = way_to_service();
    sim_begin_of(.names = &service, .name_count = 1);
    assert_ok(fer_resolver_new(
        &test.resolver, &(fer_resolver_options){.threads = 2, .queue_cap = FER_RESOLVER_NO_QUEUE}));
    return 0;
}

#define RECONNECT_TEST(function) SIM_TEST_OF(function, (void), (), start)

static fer_error attempt(void)
{
    return reconnect_attempt(&way, stream);
}

/* Tries until the stream is connected or the policy stops. Stores the number of pauses. */
static fer_error come_back(void)
{
    for (pauses = 0;; ++pauses) {
        fer_error error = attempt();
        if (error.kind == FER_OK || reconnect_gives_up(&way, error)) {
            return error;
        }
        assert_ok(fer_sim_advance(reconnect_pause(&way)));
    }
}

static void assert_connected_to(const char *address)
{
    fer_socket_addr peer;
    assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
    assert_true(fer_socket_addr_eq(&peer, addr_at(address)));
}

static void move_service(void *to)
{
    service_addrs[0] = addr_of(to);
}

RECONNECT_TEST(each_attempt_resolves_the_name_again)
{
    answer("10.0.0.7:0", FER_SIM_ANSWER_REFUSES, 0);
    (void)serve("10.0.0.8:80");
    assert_kind(attempt(), FER_CONNECTION_REFUSED);
    service_addrs[0] = service_addrs[1];
    assert_ok(attempt());
    assert_connected_to("10.0.0.8:80");
}

RECONNECT_TEST(a_host_that_moves_while_it_is_away_is_found)
{
    char to[] = "10.0.0.9:80";
    answer("10.0.0.7:0", FER_SIM_ANSWER_REFUSES, 0);
    (void)serve(to);
    way.attempts = 0;
    after_ms(20000, move_service, to);
    assert_ok(come_back());
    assert_connected_to(to);
    /* during a pause, or the 2 s of Windows' own retries */
    assert_in_range(now_ms(), 20000, 28000);
    assert_in_range(pauses, 6, 16);
}

RECONNECT_TEST(a_name_that_is_missing_for_a_while_is_queried_again)
{
    (void)serve("10.0.0.7:80");
    service.failure = FER_RESOLVE_TRY_AGAIN;
    service.count = 0;
    assert_kind(attempt(), FER_RESOLVE_TRY_AGAIN);
    assert_false(reconnect_gives_up(&way, (fer_error){FER_RESOLVE_TRY_AGAIN, 0}));
    service.failure = FER_OK;
    service.count = 1;
    assert_ok(attempt());
}

RECONNECT_TEST(a_lookup_ends_with_the_limit_and_frees_its_thread)
{
    (void)serve("10.0.0.7:80");
    service.delay = millis(60000);
    assert_kind(attempt(), FER_TIMED_OUT);
    assert_in_range(now_ms(), 5000, 5100);
    service.delay = millis(10);
    assert_ok(attempt());
}

RECONNECT_TEST(a_silent_address_leaves_time_for_the_next_until_the_limit)
{
    service.count = 2;
    answer("10.0.0.7:0", FER_SIM_ANSWER_SILENT, 0);
    (void)serve("10.0.0.8:80");
    assert_ok(attempt());
    assert_connected_to("10.0.0.8:80");
    assert_in_range(now_ms(), 250, 350); /* RFC 8305, 8 */
    fer_tcp_stream_close(stream);
    answer("10.0.0.8:0", FER_SIM_ANSWER_SILENT, 0);
    uint64_t began = now_ms();
    assert_kind(attempt(), FER_TIMED_OUT);
    assert_in_range(now_ms() - began, 5000, 5099);
}

RECONNECT_TEST(the_last_of_the_attempts_fails_and_an_invalid_address_is_rejected_immediately)
{
    answer("10.0.0.7:0", FER_SIM_ANSWER_REFUSES, 0);
    assert_kind_n(come_back(), FER_CONNECTION_REFUSED, pauses, ATTEMPTS - 1);
    way = way_to_service();
    way.host_port = "service.test";
    way.attempts = 0;
    assert_kind_n(come_back(), FER_INVALID_INPUT, pauses, 0);
}

/* ---- Pauses, which need no network */

TEST(pauses_double_up_to_the_longest_and_begin_anew_after_a_success)
{
    static const uint64_t wholes[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        way = way_to_service();
        way.random = seed;
        for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
            uint64_t pause = reconnect_pause(&way).nanos;
            assert_in_range(pause, millis(wholes[i]).nanos / 2, millis(wholes[i]).nanos);
        }
        reconnect_succeeded(&way);
        assert_true(reconnect_pause(&way).nanos <= millis(100).nanos);
    }
}

/* Two clients, of which one has the next seed, do not return together. */
TEST(pauses_are_spread_over_their_range)
{
    unsigned tenths[10] = {0};
    uint64_t last = 0;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        way = way_to_service();
        way.random = seed;
        uint64_t pause = reconnect_pause(&way).nanos;
        assert_true(pause != last);
        last = pause;
        tenths[(pause - 50000000) / 5000001]++;
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(tenths[i], 800, 1200);
    }
}

TEST(extreme_settings_neither_overflow_nor_hang)
{
    way = (reconnect){.first_pause = {1}, .longest_pause = {UINT64_MAX - 1}};
    uint64_t before = 0;
    for (int i = 0; i < 70; i++) {
        uint64_t pause = reconnect_pause(&way).nanos;
        assert_true(pause >= before / 2);
        before = pause;
    }
    assert_true(before >= UINT64_MAX / 2 - 1);
    reconnect at_once = {.first_pause = {0}, .longest_pause = {0}};
    assert_true(reconnect_pause(&at_once).nanos == 0);
    reconnect capped = {.first_pause = {7}, .longest_pause = {3}};
    assert_true(reconnect_pause(&capped).nanos <= 3);
}

TEST_MAIN("sim_reconnect")

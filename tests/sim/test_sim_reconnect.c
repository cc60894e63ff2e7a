/* test_sim_reconnect.c: examples/reconnect.h, the reconnect policy of the relay's client, in
 * virtual time. */
#include "sim/sim_test.h"

#include "examples/reconnect.h"

enum { ATTEMPTS = 12 };

/* The name's addresses, which the tests change while the simulation runs, as an operator does. */
static fer_socket_addr service_addrs[2];
static fer_sim_name service = {.host = "service.test", .addrs = service_addrs, .count = 1};

static fer_resolver resolver;

static int end(void **state)
{
    fer_resolver_close(&resolver);
    return sim_end(state);
}

#define RECONNECT_TEST(function)                                                         \
    TEST_OF(function, (void), (),                                                        \
            TEST_ROW(#function " [POSIX]", function, sim_choose, end, &sim_dialects[0]), \
            TEST_ROW(#function " [WINSOCK]", function, sim_choose, end, &sim_dialects[1]))

static void begin(const char *address)
{
    fer_sim_config config = config_of();
    config.names = &service;
    config.name_count = 1;
    service = (fer_sim_name){.host = "service.test", .addrs = service_addrs, .count = 1};
    service_addrs[0] = addr_of(address);
    sim_begin_with(config);
    assert_ok(fer_resolver_new(
        &resolver, &(fer_resolver_options){.threads = 2, .queue_cap = FER_RESOLVER_NO_QUEUE}));
}

static reconnect way_to_service(void)
{
    return (reconnect){
        .resolver = &resolver,
        .host_port = "service.test:80",
        .first_pause = millis(100),
        .longest_pause = millis(5000),
        .limit = millis(5000),
        .attempts = ATTEMPTS,
    };
}

static void refuse(const char *host)
{
    fer_socket_addr addr = addr_of(host);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_REFUSES, millis(0)));
}

static void keep_silent(const char *host)
{
    fer_socket_addr addr = addr_of(host);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)));
}

/* Tries until the stream is connected or the policy stops. Stores the number of pauses. */
static fer_error come_back(reconnect *way, fer_tcp_stream *stream, unsigned *pauses)
{
    for (*pauses = 0;; ++*pauses) {
        fer_error error = reconnect_attempt(way, stream);
        if (error.kind == FER_OK || reconnect_gives_up(way, error)) {
            return error;
        }
        assert_ok(fer_sim_advance(reconnect_pause(way)));
    }
}

static void assert_connected_to(const fer_tcp_stream *stream, const char *address)
{
    fer_socket_addr peer;
    fer_socket_addr wanted = addr_of(address);
    assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
    assert_true(fer_socket_addr_eq(&peer, &wanted));
}

RECONNECT_TEST(each_attempt_resolves_the_name_again)
{
    fer_tcp_stream stream = {0};
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    refuse("10.0.0.7:0");
    (void)serve("10.0.0.8:80");
    assert_kind(reconnect_attempt(&way, &stream), FER_CONNECTION_REFUSED);
    service_addrs[0] = addr_of("10.0.0.8:80");
    assert_ok(reconnect_attempt(&way, &stream));
    assert_connected_to(&stream, "10.0.0.8:80");
    fer_tcp_stream_close(&stream);
}

struct move {
    const char *to;
};

static void move_service(void *context)
{
    service_addrs[0] = addr_of(((struct move *)context)->to);
}

RECONNECT_TEST(a_host_that_moves_while_it_is_away_is_found)
{
    struct move move = {"10.0.0.9:80"};
    fer_tcp_stream stream = {0};
    unsigned pauses = 0;
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    refuse("10.0.0.7:0");
    (void)serve("10.0.0.9:80");
    way.attempts = 0;
    assert_ok(fer_sim_after(millis(20000), move_service, &move));
    assert_ok(come_back(&way, &stream, &pauses));
    assert_connected_to(&stream, "10.0.0.9:80");
    assert_in_range(now_ms(), 20000,
                    28000); /* during a pause, or the 2 s of Windows' own retries */
    assert_in_range(pauses, 6, 16);
    fer_tcp_stream_close(&stream);
}

RECONNECT_TEST(a_name_that_is_missing_for_a_while_is_queried_again)
{
    fer_tcp_stream stream = {0};
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    (void)serve("10.0.0.7:80");
    service.failure = FER_RESOLVE_TRY_AGAIN;
    service.count = 0;
    assert_kind(reconnect_attempt(&way, &stream), FER_RESOLVE_TRY_AGAIN);
    assert_false(reconnect_gives_up(&way, (fer_error){FER_RESOLVE_TRY_AGAIN, 0}));
    service.failure = FER_OK;
    service.count = 1;
    assert_ok(reconnect_attempt(&way, &stream));
    fer_tcp_stream_close(&stream);
}

RECONNECT_TEST(a_lookup_ends_with_the_limit_and_frees_its_thread)
{
    fer_tcp_stream stream = {0};
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    (void)serve("10.0.0.7:80");
    service.delay = millis(60000);
    assert_kind(reconnect_attempt(&way, &stream), FER_TIMED_OUT);
    assert_in_range(now_ms(), 5000, 5100);
    service.delay = millis(10);
    assert_ok(reconnect_attempt(&way, &stream));
    fer_tcp_stream_close(&stream);
}

RECONNECT_TEST(a_silent_address_leaves_time_for_the_next)
{
    fer_tcp_stream stream = {0};
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    service_addrs[1] = addr_of("10.0.0.8:80");
    service.count = 2;
    keep_silent("10.0.0.7:0");
    (void)serve("10.0.0.8:80");
    assert_ok(reconnect_attempt(&way, &stream));
    assert_connected_to(&stream, "10.0.0.8:80");
    assert_in_range(now_ms(), 250, 350); /* RFC 8305, 8 */
    fer_tcp_stream_close(&stream);
}

RECONNECT_TEST(an_attempt_ends_with_its_limit)
{
    fer_tcp_stream stream = {0};
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    service_addrs[1] = addr_of("10.0.0.8:80");
    service.count = 2;
    keep_silent("10.0.0.7:0");
    keep_silent("10.0.0.8:0");
    assert_kind(reconnect_attempt(&way, &stream), FER_TIMED_OUT);
    assert_true(now_ms() >= 5000 && now_ms() < 5100);
}

RECONNECT_TEST(the_last_of_the_attempts_fails)
{
    fer_tcp_stream stream = {0};
    unsigned pauses = 0;
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    refuse("10.0.0.7:0");
    assert_kind_n(come_back(&way, &stream, &pauses), FER_CONNECTION_REFUSED, pauses, ATTEMPTS - 1);
}

RECONNECT_TEST(an_invalid_address_is_rejected_immediately)
{
    fer_tcp_stream stream = {0};
    unsigned pauses = 0;
    begin("10.0.0.7:80");
    reconnect way = way_to_service();
    way.host_port = "service.test";
    way.attempts = 0;
    assert_kind_n(come_back(&way, &stream, &pauses), FER_INVALID_INPUT, pauses, 0);
}

/* ---- Pauses, which need no network */

TEST(pauses_double_up_to_the_longest)
{
    static const uint64_t wholes[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        reconnect way = way_to_service();
        way.random = seed;
        for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
            uint64_t pause = reconnect_pause(&way).nanos;
            assert_in_range(pause, millis(wholes[i]).nanos / 2, millis(wholes[i]).nanos);
        }
    }
}

TEST(pauses_are_spread_over_their_range)
{
    unsigned tenths[10] = {0};
    for (uint64_t seed = 0; seed < 10000; seed++) {
        reconnect way = way_to_service();
        way.random = seed;
        tenths[(reconnect_pause(&way).nanos - 50000000) / 5000001]++;
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(tenths[i], 800, 1200);
    }
}

TEST(two_clients_do_not_return_together)
{
    reconnect one = way_to_service();
    reconnect other = way_to_service();
    other.random = 1;
    for (int i = 0; i < 20; i++) {
        assert_true(reconnect_pause(&one).nanos != reconnect_pause(&other).nanos);
    }
}

TEST(a_success_begins_anew)
{
    reconnect way = way_to_service();
    for (int i = 0; i < 8; i++) {
        (void)reconnect_pause(&way);
    }
    reconnect_succeeded(&way);
    assert_true(reconnect_pause(&way).nanos <= millis(100).nanos);
}

TEST(extreme_settings_neither_overflow_nor_hang)
{
    reconnect way = {.first_pause = {1}, .longest_pause = {UINT64_MAX - 1}};
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

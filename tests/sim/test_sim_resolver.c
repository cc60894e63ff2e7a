/* test_sim_resolver.c: lookups in the background of the simulated network. They take virtual time,
 * and other events run meanwhile. */
#include "sim/sim_test.h"

static const fer_socket_addr addrs[] = {
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}},
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 8}}}},
};

static const fer_sim_name names[] = {
    {.host = "two.test", .addrs = addrs, .count = 2},
    {.host = "soon.test", .addrs = addrs, .count = 1, .delay = {UINT64_C(5000000)}},
    {.host = "slow.test", .addrs = addrs, .count = 1, .delay = {UINT64_C(3000000000)}},
    {.host = "gone.test", .failure = FER_HOST_NOT_FOUND, .delay = {UINT64_C(1000000000)}},
};

static fer_resolver resolver;
static fer_lookup lookups[4];
static fer_poller poller;

static void begin_with(fer_sim_config config, uint32_t threads, uint32_t waiting)
{
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(&poller, 0, sizeof poller);
    config.names = names;
    config.name_count = sizeof names / sizeof names[0];
    sim_begin_with(config);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(
        &resolver,
        &(fer_resolver_options){.threads = threads,
                                .queue_cap = waiting == 0 ? FER_RESOLVER_NO_QUEUE : waiting}));
}

static void begin(uint32_t threads, uint32_t waiting)
{
    begin_with(config_of(), threads, waiting);
}

static int end(void **state)
{
    for (size_t i = 0; i < 4; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    return sim_end(state);
}

#define RESOLVER_TEST(function)                                                          \
    TEST_OF(function, (void), (),                                                        \
            TEST_ROW(#function " [POSIX]", function, sim_choose, end, &sim_dialects[0]), \
            TEST_ROW(#function " [WINSOCK]", function, sim_choose, end, &sim_dialects[1]))

static void start(size_t at, const char *text)
{
    assert_ok(fer_resolver_start(&resolver, text, NULL, &poller, 0, &lookups[at]));
}

static fer_error wait_for(size_t at, fer_duration timeout)
{
    size_t count = 0;
    return fer_lookup_wait(&lookups[at], timeout, NULL, 0, &count);
}

RESOLVER_TEST(a_slow_name_takes_its_time_and_a_wait_can_be_shorter)
{
    begin(1, 0);
    start(0, "slow.test:80");
    assert_int_equal(now_ms(), 0);
    assert_kind(wait_for(0, millis(1000)), FER_TIMED_OUT);
    assert_int_equal(now_ms(), 1000);
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 3000);
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 3000);
}

RESOLVER_TEST(time_advances_for_a_lookup_without_a_wait)
{
    begin(1, 0);
    start(0, "slow.test:80");
    advance_ms(2999);
    assert_kind(wait_for(0, (fer_duration){0}), FER_WOULD_BLOCK);
    advance_ms(1);
    assert_ok(wait_for(0, (fer_duration){0}));
}

/* A program that only polls makes progress too. */
RESOLVER_TEST(repeated_queries_advance_time_to_the_result)
{
    begin(1, 0);
    start(0, "soon.test:80");
    while (wait_for(0, (fer_duration){0}).kind == FER_WOULD_BLOCK) {
        assert_true(now_ms() <= 5);
    }
    assert_ok(wait_for(0, (fer_duration){0}));
    assert_int_equal(now_ms(), 5);
}

RESOLVER_TEST(threads_look_up_in_parallel_and_the_queue_waits)
{
    begin(2, 1);
    start(0, "slow.test:80");
    start(1, "gone.test:80");
    start(2, "slow.test:80");
    assert_kind(fer_resolver_start(&resolver, "two.test:80", NULL, NULL, 0, &lookups[3]),
                FER_WOULD_BLOCK);
    assert_kind(wait_for(1, FER_DURATION_NONE), FER_HOST_NOT_FOUND);
    assert_int_equal(now_ms(), 1000);
    start(3, "two.test:80");
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 3000);
    assert_ok(wait_for(3, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 3000);
    assert_ok(wait_for(2, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 4000);
}

static void send_a_byte(void *context)
{
    peer_sends(*(fer_sim_peer *)context, "x");
}

/* A lookup on the event loop's own thread would delay the byte by three seconds. */
RESOLVER_TEST(an_event_loop_runs_while_a_name_is_looked_up)
{
    fer_event events[2];
    size_t count = 0;
    begin(1, 0);
    open_ends = connected();
    assert_ok(fer_poller_add(&poller, fer_tcp_stream_as_raw(&open_ends.stream),
                             (fer_event){.key = 7, .interest = FER_READABLE}, FER_POLL_LEVEL));
    assert_ok(fer_sim_after(millis(1000), send_a_byte, &open_ends.peer));
    start(0, "slow.test:80");
    assert_ok_n(fer_poller_wait(&poller, FER_DURATION_NONE, events, 2, &count, NULL), count, 1);
    assert_true(events[0].key == 7 && now_ms() == 1000);
    stream_reads(&open_ends.stream, "x");
    assert_ok_n(fer_poller_wait(&poller, FER_DURATION_NONE, events, 2, &count, NULL), count, 0);
    assert_int_equal(now_ms(), 3000);
    assert_ok(wait_for(0, (fer_duration){0}));
    assert_ok(fer_poller_delete(&poller, fer_tcp_stream_as_raw(&open_ends.stream)));
    fer_sim_peer_close(open_ends.peer);
}

/* Takes one key of the poller, or returns 0. */
static uint64_t take_one(const fer_poller *notified)
{
    uint64_t key = 0;
    size_t count = 0;
    assert_ok(fer_resolver_take_completed(&resolver, notified, &key, 1, &count));
    assert_true(count == (key != 0));
    return key;
}

/* Rule N9: each completion notifies, and the keys are in the order of completion and not of the
 * start. */
RESOLVER_TEST(keys_arrive_with_the_notifications)
{
    static const struct {
        const char *text;
        uint64_t key;
        uint64_t done_ms;
    } started[] = {{"slow.test:80", 1, 3000}, {"gone.test:80", 2, 1000}, {"soon.test:80", 3, 5}};
    fer_event event;
    size_t count = 0;
    begin(3, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fer_resolver_start(&resolver, started[i].text, NULL, &poller, started[i].key,
                                     &lookups[i]));
    }
    for (size_t i = 3; i-- > 0;) {
        bool is_notified = false;
        assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &is_notified));
        assert_true(is_notified && count == 0);
        assert_int_equal(now_ms(), started[i].done_ms);
        assert_int_equal(take_one(&poller), started[i].key);
        assert_int_equal(take_one(&poller), 0);
        assert_kind(wait_for(i, (fer_duration){0}), i == 1 ? FER_HOST_NOT_FOUND : FER_OK);
    }
}

/* A program that only takes keys makes progress too. */
RESOLVER_TEST(repeated_takes_advance_time_to_the_key)
{
    begin(1, 0);
    assert_ok(fer_resolver_start(&resolver, "soon.test:80", NULL, NULL, 7, &lookups[0]));
    uint64_t key = 0;
    while (key == 0) {
        assert_true(now_ms() <= 5);
        key = take_one(NULL);
    }
    assert_int_equal(key, 7);
    assert_int_equal(now_ms(), 5);
}

static fer_error callback_errors[2];

static void wait_in_a_callback(void *context)
{
    (void)context;
    callback_errors[0] = wait_for(0, (fer_duration){0});
    callback_errors[1] = wait_for(0, FER_DURATION_NONE);
    assert_int_equal(take_one(&poller), 0);
    assert_ok(fer_resolver_start(&resolver, "two.test:80", NULL, NULL, 0, &lookups[1]));
}

RESOLVER_TEST(in_a_callback_time_stands_still)
{
    begin(1, 1);
    start(0, "slow.test:80");
    assert_ok(fer_sim_after(millis(1), wait_in_a_callback, NULL));
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_kind(callback_errors[0], FER_WOULD_BLOCK);
    assert_kind(callback_errors[1], FER_DEADLOCK);
    assert_ok(wait_for(1, FER_DURATION_NONE));
}

RESOLVER_TEST(the_faults_of_names_strike_in_the_background)
{
    fer_error error;
    begin(1, 0);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_RESOLVE_SLOW, 1));
    start(0, "two.test:80");
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_int_equal(now_ms(), 5000);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_RESOLVE_FAILS, 1));
    start(1, "two.test:80");
    error = wait_for(1, FER_DURATION_NONE);
    assert_true(error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_HOST_NOT_FOUND ||
                error.kind == FER_RESOLVE_FAILED);
}

/* The three allocations: the lookup, the thread, and the addresses. */
RESOLVER_TEST(a_lookup_without_memory_is_out_of_memory)
{
    begin(1, 0);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, nth));
        assert_kind(fer_resolver_start(&resolver, "two.test:80", NULL, &poller, 0, &lookups[0]),
                    FER_OUT_OF_MEMORY);
    }
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, 3));
    start(0, "two.test:80");
    assert_kind(wait_for(0, FER_DURATION_NONE), FER_OUT_OF_MEMORY);
    start(1, "two.test:80");
    assert_ok(wait_for(1, FER_DURATION_NONE));
}

/* The end of the simulation ends its threads: their memory is freed, and the lookups are done. */
RESOLVER_TEST(a_simulation_can_end_while_names_are_looked_up)
{
    fer_sim_report report;
    begin(2, 2);
    for (size_t i = 0; i < 4; i++) {
        start(i, i == 3 ? "gone.test:80" : "slow.test:80");
    }
    advance_ms(10);
    fer_lookup_close(&lookups[1]);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_lookups, 0);
    assert_int_equal(report.elapsed.nanos, UINT64_C(10000000));
    size_t count = 0;
    fer_socket_addr addr;
    assert_kind(fer_lookup_wait(&lookups[3], FER_DURATION_NONE, &addr, 1, &count),
                FER_HOST_NOT_FOUND);
    assert_ok_n(fer_lookup_wait(&lookups[2], FER_DURATION_NONE, &addr, 1, &count), count, 1);
    assert_int_equal(addr.port, 80);
    assert_kind(fer_resolver_start(&resolver, "two.test:80", NULL, NULL, 0, &lookups[1]),
                FER_UNSUPPORTED);
}

RESOLVER_TEST(without_a_simulation_there_is_no_resolver)
{
    fer_resolver none = {0};
    assert_kind(fer_resolver_new(&none, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
                FER_UNSUPPORTED);
}

static char background_line[80];

static void keep_background_line(void *context, const char *line)
{
    (void)context;
    if (strstr(line, "in the background") != NULL) {
        strncpy(background_line, line, sizeof background_line - 1);
    }
}

RESOLVER_TEST(the_trace_reports_lookups_in_the_background)
{
    fer_sim_config config = config_of();
    config.trace = keep_background_line;
    begin_with(config, 1, 0);
    start(0, "two.test:80");
    assert_ok(wait_for(0, FER_DURATION_NONE));
    assert_string_equal(background_line, "t=0.000000000 s resolve in the background");
}

TEST_MAIN("simulated resolver")

/* test_sim_resolver.c: the names, addresses and failures of the simulated resolver; lookups in its
 * background, which take virtual time, and other events run meanwhile. */
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

static fer_resolver *const resolver = &test.resolver;
static fer_poller *const poller = &test.poller;

static void begin_with(uint32_t threads, uint32_t waiting, fer_sim_trace_function trace)
{
    sim_begin_of(.names = names, .name_count = sizeof names / sizeof names[0], .trace = trace);
    assert_ok(fer_poller_new(poller));
    assert_ok(fer_resolver_new(
        resolver,
        &(fer_resolver_options){.threads = threads,
                                .queue_cap = waiting == 0 ? FER_RESOLVER_NO_QUEUE : waiting}));
}

static void begin(uint32_t threads, uint32_t waiting)
{
    begin_with(threads, waiting, NULL);
}

static void start(size_t at, const char *text, uint64_t key)
{
    assert_ok(fer_resolver_start(resolver, text, NULL, poller, key, &test.lookups[at]));
}

static fer_error wait_for(size_t at, fer_duration timeout)
{
    size_t count = 0;
    return fer_lookup_wait(&test.lookups[at], timeout, NULL, 0, &count);
}

static fer_error wait_for_result(size_t at)
{
    return wait_for(at, FER_DURATION_NONE);
}

static fer_error check(size_t at)
{
    return wait_for(at, (fer_duration){0});
}

/* Takes one key of the poller, or returns 0. */
static uint64_t take_one(const fer_poller *notified)
{
    uint64_t key = 0;
    size_t count = 0;
    assert_ok(fer_resolver_take_completed(resolver, notified, &key, 1, &count));
    assert_true(count == (key != 0));
    return key;
}

SIM_CONFIG_TEST(a_slow_name_takes_its_time_and_a_wait_can_be_shorter)
{
    begin(1, 0);
    start(0, "slow.test:80", 0);
    assert_int_equal(now_ms(), 0);
    assert_takes(1000, assert_kind(wait_for(0, millis(1000)), FER_TIMED_OUT));
    advance_ms(1000);
    assert_kind(check(0), FER_WOULD_BLOCK);
    assert_takes(1000, assert_ok(wait_for_result(0)));
    assert_takes(0, assert_ok(wait_for_result(0)));
    start(1, "slow.test:80", 0);
    advance_ms(3000);
    assert_ok(check(1));
}

/* A program that only polls, or only takes keys, makes progress too. */
SIM_CONFIG_TEST(repeated_queries_advance_time_to_the_result)
{
    for (int takes_keys = 0; takes_keys < 2; takes_keys++) {
        begin(1, 0);
        assert_ok(fer_resolver_start(resolver, "soon.test:80", NULL, NULL, 7, &test.lookups[0]));
        while (takes_keys ? take_one(NULL) != 7 : check(0).kind == FER_WOULD_BLOCK) {
            assert_true(now_ms() <= 5);
        }
        assert_ok(check(0));
        assert_int_equal(now_ms(), 5);
        sim_end_one();
    }
}

static fer_error callback_errors[2];

static void wait_in_a_callback(void *context)
{
    callback_errors[0] = check(0);
    callback_errors[1] = wait_for_result(0);
    assert_int_equal(take_one(poller), 0);
    start(1, "two.test:80", 0);
}

SIM_CONFIG_TEST(in_a_callback_time_stands_still)
{
    begin(1, 1);
    start(0, "slow.test:80", 0);
    after_ms(1, wait_in_a_callback, NULL);
    assert_ok(wait_for_result(0));
    assert_kind(callback_errors[0], FER_WOULD_BLOCK);
    assert_kind(callback_errors[1], FER_DEADLOCK);
    assert_ok(wait_for_result(1));
}

/* The three allocations: the lookup, the thread, and the addresses. */
SIM_CONFIG_TEST(a_lookup_without_memory_is_out_of_memory)
{
    begin(1, 0);
    for (uint64_t nth = 1; nth <= 3; nth++) { /* the lookup, its worker, the thread */
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, nth));
        assert_kind(fer_resolver_start(resolver, "two.test:80", NULL, poller, 0, &test.lookups[0]),
                    FER_OUT_OF_MEMORY);
    }
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, 3));
    start(0, "two.test:80", 0);
    assert_kind(wait_for_result(0), FER_OUT_OF_MEMORY);
    start(1, "two.test:80", 0);
    assert_ok(wait_for_result(1));
}

/* The end of the simulation ends its threads: their memory is freed, and the lookups are done. */
SIM_CONFIG_TEST(a_simulation_can_end_while_names_are_looked_up)
{
    fer_sim_report report;
    fer_socket_addr addr;
    size_t count = 0;
    begin(2, 2);
    for (size_t i = 0; i < 4; i++) {
        start(i, i == 3 ? "gone.test:80" : "slow.test:80", 0);
    }
    advance_ms(10);
    fer_lookup_close(&test.lookups[1]);
    assert_ok_n(fer_sim_stop(&report), report.leaked_lookups, 0);
    assert_int_equal(report.elapsed.nanos, UINT64_C(10000000));
    assert_kind(wait_for_result(3), FER_HOST_NOT_FOUND);
    assert_ok_n(fer_lookup_wait(&test.lookups[2], FER_DURATION_NONE, &addr, 1, &count), count, 1);
    assert_int_equal(addr.port, 80);
    assert_kind(fer_resolver_start(resolver, "two.test:80", NULL, NULL, 0, &test.lookups[1]),
                FER_UNSUPPORTED);
    assert_kind(fer_resolver_new(&(fer_resolver){0}, NULL), FER_UNSUPPORTED);
}

static char background_line[80];

static void keep_background_line(void *context, const char *line)
{
    if (strstr(line, "in the background") != NULL) {
        strncpy(background_line, line, sizeof background_line - 1);
    }
}

SIM_CONFIG_TEST(the_trace_reports_lookups_in_the_background)
{
    begin_with(1, 0, keep_background_line);
    start(0, "two.test:80", 0);
    assert_ok(wait_for_result(0));
    assert_string_equal(background_line, "t=0.000000000 s resolve in the background");
}

/* ---- Names */

static const fer_sim_name hosts[] = {
    {.host = "two.test", .addrs = addrs, .count = 2},
    {.host = "slow.test", .addrs = addrs, .count = 1, .delay = {UINT64_C(3000000000)}},
    {.host = "gone.test", .failure = FER_HOST_NOT_FOUND},
    {.host = "later.test", .failure = FER_RESOLVE_TRY_AGAIN},
    {.host = "broken.test", .failure = FER_RESOLVE_FAILED},
    {.host = "empty.test", .addrs = addrs},
};

static int start_with_hosts(void **state)
{
    (void)sim_choose(state);
    sim_begin_of(.names = hosts, .name_count = sizeof hosts / sizeof hosts[0]);
    return 0;
}

#define NAMES_TEST(function) SIM_TEST_OF(function, (void), (), start_with_hosts)

static fer_socket_addr found[4];
static size_t count;

static fer_error look_up(const char *host)
{
    return fer_lookup_host(host, 80, found, 4, &count);
}

static void assert_found(size_t at, const char *addr)
{
    assert_true(at < count && fer_socket_addr_eq(&found[at], addr_at(addr)));
}

NAMES_TEST(a_name_has_the_addresses_and_the_delay_of_the_config)
{
    static const char *const alike[] = {"two.test", "TWO.Test", "two.test."};
    static const char *const others[] = {"two.tes", "two.testt", "two.test.."};
    for (size_t i = 0; i < 3; i++) {
        assert_ok_n(look_up(alike[i]), count, 2);
        assert_found(0, "10.0.0.7:80");
        assert_found(1, "10.0.0.8:80");
        assert_kind(look_up(others[i]), FER_HOST_NOT_FOUND);
    }
    assert_takes(3000, assert_ok(look_up("slow.test")));
}

NAMES_TEST(failures_have_the_resolvers_codes)
{
    assert_code(look_up("gone.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
    assert_code(look_up("later.test"), FER_RESOLVE_TRY_AGAIN, code(-3, 11002));
    assert_code(look_up("broken.test"), FER_RESOLVE_FAILED, code(-4, 11003));
    assert_code(look_up("empty.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
    assert_code(look_up("unknown.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
}

/* Windows accepts no form with fewer than four parts (ReactOS' test of getaddrinfo). All resolvers
 * accept an interface's number after any IPv6 address. Only Linux accepts its name, and only after
 * an address of link scope. */
NAMES_TEST(short_forms_of_ipv4_and_scopes_are_parsed)
{
    static const struct {
        const char *text;
        const char *addr;
        bool is_for_linux_alone;
    } forms[] = {{"127.1", "127.0.0.1:80", true},
                 {"10.1.258", "10.1.1.2:80", true},
                 {"0x7f.1", "127.0.0.1:80", true},
                 {"010.0.0.1", "8.0.0.1:80", false},
                 {"1.2.3.0x4", "1.2.3.4:80", false},
                 {"2130706433", "127.0.0.1:80", true},
                 {"0xffffffff", "255.255.255.255:80", true},
                 {"fe80::1%1", "[fe80::1%1]:80", false},
                 {"::1%7", "[::1%7]:80", false},
                 {"fe80::1%007", "[fe80::1%7]:80", false},
                 {"2001:db8::5%4294967295", "[2001:db8::5%4294967295]:80", false},
                 {"fe80::1%0", "[fe80::1]:80", false},
                 {"fe80::1%lo", "[fe80::1%1]:80", true},
                 {"fe80::1%eth0", "[fe80::1%2]:80", true},
                 {"ff02::1%eth0", "[ff02::1%2]:80", true},
                 {"ff32::1%lo", "[ff32::1%1]:80", true}};
    static const char none[] =
        "256.1 1.2.3.256 1. 08 0x 4294967296 1.2.3.4.5 1.2.3.4x 1..2 ::1%lo 2001:db8::5%eth0 "
        "ff05::1%lo fe80::1%nosuch fe80::1% fe80::1%4294967296 fe80::1%99999999999999999999 "
        "fe80::1%+1 fe80::1%1x 1.2.3.4%1 %1 fe80::%1%1 fe80::1%l fe80::1%lo0 fe80::1%LO fe80::g%1 "
        "ff12::1%eth1 ff03::1%lo fe80::1%1:";
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].is_for_linux_alone && is_winsock()) {
            assert_kind(look_up(forms[i].text), FER_HOST_NOT_FOUND);
        } else {
            assert_ok_n(look_up(forms[i].text), count, 1);
            assert_found(0, forms[i].addr);
        }
    }
    for (const char *text = none; *text != '\0';) {
        char host[32] = {0};
        size_t len = strcspn(text, " ");
        memcpy(host, text, len);
        assert_kind(look_up(host), FER_HOST_NOT_FOUND);
        text += len + (text[len] == ' ');
    }
}

/* A3: ferrule passes a name as UTF-8 and leaves IDN to the system. localhost is built in, and can
 * be replaced. */
NAMES_TEST(a_name_beyond_ascii_is_requested_as_it_is_and_localhost_is_one)
{
    static const fer_sim_name own[] = {{.host = "b\xc3\xbcrger.test", .addrs = addrs, .count = 2},
                                       {.host = "localhost", .addrs = addrs, .count = 1}};
    assert_ok_n(look_up("localhost"), count, 2);
    sim_end_one();
    sim_begin_of(.names = own, .name_count = 2);
    assert_ok_n(look_up("localhost"), count, 1);
    assert_ok_n(look_up("b\xc3\xbcrger.test"), count, 2);
    assert_kind(look_up("bu\xcc\x88rger.test"), FER_HOST_NOT_FOUND);
    assert_kind(look_up("b\xfcrger.test"), FER_INVALID_INPUT);
}

TEST_MAIN("simulated resolver")

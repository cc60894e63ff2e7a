/* test_lookup_within.c: lookups within limits, and connecting to a name within limits: in which
 * thread a lookup runs, what ends the wait for it, and what is left (rules K1, K8, N2). A thread
 * runs only during a wait, when the test runs its steps. */
#include "unit/resolver_fixture.h"

#include "ferrule/tcp.h"

static fer_cancel_token token;
static fer_limits limits;
static fer_socket_addr addrs[CAP];
static size_t count;

static void begin_lookup(void)
{
    begin(1, 0);
    memset(&token, 0, sizeof token);
    memset(&limits, 0, sizeof limits);
    count = 99;
}

#define LOOKUP_TEST(function) RESOLVER_TEST_AFTER(begin_lookup(), function)

static void begin_with_token(void)
{
    begin_lookup();
    assert_ok(fer_cancel_token_new(&token));
    limits.token = &token;
    script.log[0] = '\0';
}

/* After the call only the test's resolver is left, once the thread has ended. */
static fer_error look_up(const char *text, fer_resolver *with)
{
    return fer_to_socket_addrs_with(text, &(fer_lookup_options){.limits = limits, .resolver = with},
                                    addrs, CAP, &count);
}

static void finish_thread_in_wait(script_call call)
{
    if (call == SCRIPT_TOKEN_WAIT) {
        script.on_call = NULL;
        script_thread_finish(0);
    }
}

static void cancel_in_wait(script_call call)
{
    if (call == SCRIPT_TOKEN_WAIT) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

static void do_both_in_wait(script_call call)
{
    if (call == SCRIPT_TOKEN_WAIT) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
        script_thread_finish(0);
    }
}

/* ---- Where it runs */

LOOKUP_TEST(only_addresses_of_the_family_are_found)
{
    script_addresses(2);
    assert_ok_n(fer_to_socket_addrs_with("a.test:80", &(fer_lookup_options){.family = FER_IP_V6},
                                         addrs, CAP, &count),
                count, 1);
    assert_addr(&addrs[0], "[2001:db8::2]:80");
    assert_ok(fer_lookup_host_with("192.0.2.7", 80, &(fer_lookup_options){.family = FER_IP_V4},
                                   addrs, CAP, &count));
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    assert_error(fer_to_socket_addrs_with("a.test:80", &(fer_lookup_options){.family = FER_IP_V6},
                                          addrs, CAP, &count),
                 FER_HOST_NOT_FOUND, 0);
}

RESOLVER_TEST_AFTER(begin_with_token(), an_address_text_needs_no_thread)
{
    assert_ok(look_up("[::1]:80", NULL));
    assert_ok(look_up("[::1]:80", &resolver));
    assert_addr(&addrs[0], "[::1]:80");
    assert_int_equal(count, 1);
    assert_log("");
    assert_int_equal(background.threads_started, 0);
}

/* ---- Ends: each lookup has a thread of its own, which runs on. I4: a signal ends an interruptible
 * wait. */

RESOLVER_TEST(a_wait_ends_with_the_result_or_the_limits)
{
    static const struct {
        const char *name;
        size_t addresses;
        const char *results;
        void (*on_call)(script_call call);
        bool interruptible;
        fer_error_kind kind;
        int32_t code;
        size_t count;
        uint64_t waits;
    } rows[] = {
        {"a result", 2, "", finish_thread_in_wait, false, FER_OK, 0, 2, 1},
        {"a failed lookup", 0, "lookup_begin HOST_NOT_FOUND:-2", finish_thread_in_wait, false,
         FER_HOST_NOT_FOUND, -2, 99, 1},
        {"a result precedes a simultaneous cancel", 1, "", do_both_in_wait, false, FER_OK, 0, 1, 1},
        {"a signal restarts the wait", 0, "token_wait INTERRUPTED:4 TIMED_OUT", NULL, false,
         FER_TIMED_OUT, 0, 99, 2},
        {"unless its handler cancels", 0, "token_wait INTERRUPTED:4", cancel_in_wait, false,
         FER_CANCELLED, 0, 99, 1},
        {"or the wait is interruptible", 0, "token_wait INTERRUPTED:4", NULL, true, FER_INTERRUPTED,
         4, 99, 1},
        {"the first false hint does not pause", 0, "token_wait OK TIMED_OUT", NULL, false,
         FER_TIMED_OUT, 0, 99, 2},
        {"false hints pause", 0, "", NULL, false, FER_TIMED_OUT, 0, 99, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_with_token();
        script.row = rows[i].name;
        if (rows[i].addresses > 0) {
            script_addresses(rows[i].addresses);
        }
        script_queue(rows[i].results);
        script.on_call = rows[i].on_call;
        limits.interruptible = rows[i].interruptible;
        limits.token = rows[i].interruptible ? NULL : &token; /* one limit is enough for a thread */
        limits.deadline = rows[i].waits == 0 ? fer_instant_after(fer_duration_from_millis(100))
                                             : FER_INSTANT_NONE;
        assert_error(look_up("a.test:80", NULL), rows[i].kind, rows[i].code);
        assert_row(count == rows[i].count && background.threads_started == 1);
        if (rows[i].waits == 0) {
            assert_row(script.now == 100001000);
            assert_in_range(script.times[SCRIPT_TOKEN_WAIT], 5, 20);
        } else {
            assert_row(script.times[SCRIPT_TOKEN_WAIT] == rows[i].waits);
        }
        if (background.threads_running > 0) {
            script_thread_finish(0);
        }
        assert_row(script.times[SCRIPT_TOKEN_CLOSE] == 1);
        assert_row(i != 0 || fer_socket_addr_is_ipv6(&addrs[1]));
        assert_int_equal(resolver_teardown(NULL), 0);
    }
}

/* ---- Refusals */

LOOKUP_TEST(memory_for_the_addresses_may_lack)
{
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    background.memory_fails_at = 1;
    assert_error(look_up("a.test:80", NULL), FER_OUT_OF_MEMORY, 0);
    assert_non_null(strstr(script.log, "lookup_end()"));
    assert_int_equal(count, 99);
}

/* ---- Connecting to a name */

static fer_tcp_stream stream;
static fer_connect_options options;
static size_t failed;

static fer_error connect_to_name(const char *text)
{
    failed = 99;
    memset(&stream, 0, sizeof stream);
    options.limits = limits;
    options.failures_count = &failed;
    fer_error error = fer_tcp_stream_connect_with(&stream, text, &options);
    assert_int_equal(fer_tcp_stream_as_raw(&stream) != FER_RAW_SOCKET_NONE, error.kind == FER_OK);
    assert_int_equal(script.sockets_open, error.kind == FER_OK);
    return error;
}

static void begin_connect(void)
{
    begin_with_token();
    memset(&options, 0, sizeof options);
}

#define CONNECT_TEST(function) RESOLVER_TEST_AFTER(begin_connect(), function)

CONNECT_TEST(a_name_that_fails_starts_no_attempt)
{
    limits.token = NULL;
    script_then_fail(SCRIPT_LOOKUP_BEGIN, FER_HOST_NOT_FOUND, -2);
    assert_error_log(connect_to_name("a.test:80"), FER_HOST_NOT_FOUND, -2, "lookup_begin(a.test)");
    assert_error(connect_to_name("a.test:81"), FER_INVALID_INPUT, 0); /* it has no address */
    assert_log("lookup_begin(a.test) lookup_next() lookup_end()");
    assert_error(connect_to_name("a.test"), FER_INVALID_INPUT, 0);
    assert_error_log(connect_to_name(NULL), FER_MISUSE, 0, "");
    assert_int_equal(failed, 0);
}

TEST_MAIN("lookup_within")

/* test_lookup_within.c: lookups within limits that need no thread, and connecting to a name within
 * limits. */
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

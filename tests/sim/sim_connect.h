/* sim_connect.h: names with several addresses, and a stream with its options, for the tests of
 * connecting to the first address that answers. */
#ifndef SIM_CONNECT_H
#define SIM_CONNECT_H

#include "sim/sim_test.h"

enum { MANY = 20, CROWD = 10000, CAP = 24 };

static const fer_socket_addr three_addrs[] = {
    {.ip = {.family = FER_IP_V6, .u.v6 = {{0xfd, [15] = 7}}}},
    {.ip = {.family = FER_IP_V6, .u.v6 = {{0xfd, [15] = 8}}}},
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}},
};

static const fer_sim_name names[] = {
    {.host = "three.test", .addrs = three_addrs, .count = 3},
    {.host = "slow.test", .addrs = three_addrs, .count = 3, .delay = {UINT64_C(3000000000)}},
    {.host = "empty.test"},
    {.host = "gone.test", .failure = FER_HOST_NOT_FOUND, .delay = {UINT64_C(1000000000)}},
};

static fer_tcp_stream stream;
static fer_connect_options options;
static fer_connect_failure failures[CAP];
static size_t failed;
static fer_cancel_token token;
static fer_resolver resolver;

static inline void begin(void)
{
    fer_sim_config config = config_of();
    memset(&stream, 0, sizeof stream);
    memset(&options, 0, sizeof options);
    memset(failures, 0, sizeof failures);
    memset(&token, 0, sizeof token);
    memset(&resolver, 0, sizeof resolver);
    options.failures = failures;
    options.failures_cap = CAP;
    options.failures_count = &failed;
    failed = 99;
    config.names = names;
    config.name_count = sizeof names / sizeof names[0];
    sim_begin_with(config);
}

static inline int end(void **state)
{
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&token);
    fer_resolver_close(&resolver);
    return sim_end(state);
}

static inline void answer(const char *text, fer_sim_answer answer, uint64_t delay_ms)
{
    fer_socket_addr addr = addr_of(text);
    assert_ok(fer_sim_set_answer(&addr, answer, millis(delay_ms)));
}

static inline void cancel(void *context)
{
    FER_IGNORE(fer_cancel_token_cancel(context));
}

static inline void cancel_in_ms(uint64_t time)
{
    assert_ok(fer_cancel_token_new(&token));
    options.limits.token = &token;
    assert_ok(fer_sim_after(millis(time), cancel, &token));
}

static inline void end_in_ms(uint64_t time)
{
    options.limits.deadline = fer_instant_after(millis(time));
}

static inline fer_error connect_to(const char *text)
{
    return fer_tcp_stream_connect_with(&stream, text, &options);
}

static inline void assert_peer(const char *text)
{
    fer_socket_addr peer;
    fer_socket_addr expected = addr_of(text);
    assert_ok(fer_tcp_stream_peer_addr(&stream, &peer));
    assert_true(fer_socket_addr_eq(&peer, &expected));
}

static inline void assert_failure(size_t at, const char *text, fer_error_kind kind,
                                  uint64_t elapsed_ms)
{
    fer_socket_addr addr = addr_of(text);
    assert_true(at < failed);
    assert_true(fer_socket_addr_eq(&failures[at].addr, &addr));
    assert_kind(failures[at].error, kind);
    assert_int_equal(failures[at].elapsed.nanos / 1000000, elapsed_ms);
}

/* Nothing answers, for any of the three addresses. */
static inline void silence(void)
{
    answer("[fd00::7]:0", FER_SIM_ANSWER_SILENT, 0);
    answer("[fd00::8]:0", FER_SIM_ANSWER_SILENT, 0);
    answer("10.0.0.7:0", FER_SIM_ANSWER_SILENT, 0);
}

static inline int connect_start(void **state)
{
    (void)sim_choose(state);
    begin();
    return 0;
}

#define CONNECT_TEST(rule, function) CONNECT_TEST_OF(rule, function, connect_start)
#define CONNECT_CONFIG_TEST(rule, function) CONNECT_TEST_OF(rule, function, sim_choose)
#define CONNECT_TEST_OF(rule, function, begin)                                               \
    TEST_OF(function, (void), (),                                                            \
            TEST_ROW(rule "_" #function " [POSIX]", function, begin, end, &sim_dialects[0]), \
            TEST_ROW(rule "_" #function " [WINSOCK]", function, begin, end, &sim_dialects[1]))

#endif

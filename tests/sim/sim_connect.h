/* sim_connect.h: names with several addresses, and the options of a connect, for the tests of
 * connectors and of their callbacks. The stream, the connector, the poller and the
 * resolver are those of `test`. */
#ifndef SIM_CONNECT_H
#define SIM_CONNECT_H

#include "sim/sim_test.h"

enum { CAP = 24, KEY = 7 };

static const char *const hosts[] = {"[fd00::7]:80", "10.0.0.7:80", "[fd00::8]:80"};

static const fer_socket_addr three_addrs[] = {
    {.ip = {.family = FER_IP_V6, .u.v6 = {{0xfd, [15] = 7}}}},
    {.ip = {.family = FER_IP_V6, .u.v6 = {{0xfd, [15] = 8}}}},
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}},
};

static const fer_sim_name names[] = {
    {.host = "three.test", .addrs = three_addrs, .count = 3},
    {.host = "slow.test", .addrs = three_addrs, .count = 3, .delay = {UINT64_C(3000000000)}},
    {.host = "gone.test", .failure = FER_HOST_NOT_FOUND, .delay = {UINT64_C(1000000000)}},
};

static fer_connect_options options;
static fer_connect_failure failures[CAP];
static size_t failed;
static fer_event events[4];
static size_t count;
static bool notified;

static inline void begin(void)
{
    memset(failures, 0, sizeof failures);
    options =
        (fer_connect_options){.failures = failures, .failures_cap = CAP, .failures_count = &failed};
    failed = 99;
    sim_begin_of(.names = names, .name_count = sizeof names / sizeof names[0]);
    assert_ok(fer_poller_new(&test.poller));
    assert_ok(fer_resolver_new(&test.resolver, NULL));
}

static inline int connect_start(void **state)
{
    (void)sim_choose(state);
    begin();
    return 0;
}

#define CONNECT_TEST(function) SIM_TEST_OF(function, (void), (), connect_start)

static inline void cancel_in_ms(uint64_t time)
{
    assert_ok(fer_cancel_token_new(&test.token));
    options.limits.token = &test.token;
    after_ms(time, cancel, &test.token);
}

static inline void end_in_ms(uint64_t time)
{
    options.limits.deadline = fer_instant_after(millis(time));
}

static inline fer_error start(const char *text)
{
    return fer_connector_start(&test.connector, text, &options, &test.resolver, &test.poller, KEY);
}

static inline fer_error take(void)
{
    return fer_connector_take(&test.connector, &test.stream);
}

static inline fer_error poll_ms(uint64_t timeout)
{
    return fer_poller_wait(&test.poller, millis(timeout), events, 4, &count, &notified);
}

/* Nothing answers, for any of the three addresses. */
static inline void silence(void)
{
    for (size_t i = 0; i < 3; i++) {
        answer(hosts[i], FER_SIM_ANSWER_SILENT, 0);
    }
}

#endif

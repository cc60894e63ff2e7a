/* attempts_fixture.h: a stream, its options and their list of failures, for the tests of connection
 * attempts. */
#ifndef TEST_ATTEMPTS_FIXTURE_H
#define TEST_ATTEMPTS_FIXTURE_H

#include "unit/scripted_platform.h"

#include "ferrule/tcp.h"

enum { CAP = 20, MS = 1000000 };

#define A "192.0.2.1:80"
#define B "192.0.2.2:80"
#define A6 "[2001:db8::1]:80"
#define DELAY_END "250001000" /* the scripted clock begins at 1000 */

static fer_tcp_stream stream;
static fer_connect_options options;
static fer_connect_failure failures[CAP];
static fer_cancel_token token;
static size_t failed;

static inline void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&stream, 0, sizeof stream);
    memset(&token, 0, sizeof token);
    memset(failures, 0, sizeof failures);
    memset(&options, 0, sizeof options);
    options.failures = failures;
    options.failures_cap = CAP;
    options.failures_count = &failed;
    failed = 99;
}

static inline void begin_pending(const struct ferp_traits *traits)
{
    begin(traits);
    script_default(SCRIPT_CONNECT)->error = traits->connect_would_block_means_started
                                                ? (fer_error){FER_WOULD_BLOCK, 10035}
                                                : (fer_error){FER_IN_PROGRESS, 115};
}

/* The handle is NEW after a failure, and no socket is left. */
static inline fer_error connect_all(const fer_socket_addr *addrs, size_t count)
{
    fer_error error = fer_tcp_stream_connect_addrs(&stream, addrs, count, &options);
    bool is_open = fer_tcp_stream_as_raw(&stream) != FER_RAW_SOCKET_NONE;
    assert_int_equal(is_open, error.kind == FER_OK);
    assert_int_equal(script.sockets_open, is_open);
    return error;
}

static inline fer_error connect_two(const char *one, const char *other)
{
    fer_socket_addr addrs[] = {script_addr(one), script_addr(other)};
    return connect_all(addrs, 2);
}

static inline void assert_failure(size_t at, const char *text, fer_error_kind kind, int32_t code,
                                  uint64_t elapsed)
{
    assert_addr(&failures[at].addr, text);
    assert_error(failures[at].error, kind, code);
    assert_int_equal(failures[at].elapsed.nanos, elapsed);
}

#endif

/* misuse_limits.c: rule E4: limits of a handle that is NULL, NEW or CLOSED, and cancel tokens that
 * are. */
#include "conformance/misuse.h"

static const fer_limits no_limits = {.deadline = {0}};

#define CALLS(X)                                                              \
    X(fer_tcp_stream, fer_tcp_stream_set_limits, (s, &no_limits), MISUSE)     \
    X(fer_tcp_listener, fer_tcp_listener_set_limits, (s, &no_limits), MISUSE) \
    X(fer_udp_socket, fer_udp_socket_set_limits, (s, NULL), MISUSE)           \
    X(fer_unix_stream, fer_unix_stream_set_limits, (s, &no_limits), MISUSE)   \
    X(fer_unix_listener, fer_unix_listener_set_limits, (s, NULL), MISUSE)     \
    X(fer_unix_datagram, fer_unix_datagram_set_limits, (s, NULL), MISUSE)     \
    X(fer_socket, fer_socket_set_limits, (s, &no_limits), MISUSE)             \
    X(fer_cancel_token, fer_cancel_token_cancel, (s), MISUSE)                 \
    X(fer_cancel_token, fer_cancel_token_reset, (s), MISUSE)

CALLS(TYPED_FUNCTION)
static const struct misuse_row rows[] = {CALLS(TYPED_ROW)};

RULE_TEST("E4", every_call_on_a_null_or_new_handle_is_misuse)
{
    fer_socket handle = {0};
    CHECK_ROWS(rows, NULL, false);
    CHECK_ROWS(rows, &handle, true);
}

RULE_TEST("E4", a_closed_token_is_invalid_input)
{
    fer_cancel_token token = {0};
    assert_kind(fer_cancel_token_new(NULL), FER_MISUSE);
    assert_ok(fer_cancel_token_new(&token));
    assert_kind(fer_cancel_token_new(&token), FER_MISUSE);
    assert_ok(fer_cancel_token_cancel(&token));
    fer_cancel_token_close(&token);
    assert_kind(fer_cancel_token_cancel(&token), FER_MISUSE);
    assert_kind(fer_cancel_token_reset(&token), FER_MISUSE);
    assert_false(fer_cancel_token_is_cancelled(&token));
    assert_false(fer_cancel_token_is_cancelled(NULL));
    fer_cancel_token_close(&token);
    fer_cancel_token_close(NULL);
}

/* The limits that were set before remain. */
RULE_TEST("E4", limits_with_a_token_that_is_not_open_are_refused)
{
    fer_socket socket = {0};
    fer_interest ready = 0;
    fer_cancel_token token = {0};
    const fer_limits wrong = {.token = &token};
    const fer_limits late = {.deadline = fer_instant_after((fer_duration){0})};
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_set_limits(&socket, &late));
    assert_kind(fer_socket_set_limits(&socket, &wrong), FER_MISUSE);
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_close(&token);
    assert_kind(fer_socket_set_limits(&socket, &wrong), FER_MISUSE);
    assert_kind(fer_socket_ready(&socket, FER_READABLE, FER_DURATION_NONE, &ready), FER_TIMED_OUT);
    fer_socket_close(&socket);
    assert_kind(fer_socket_set_limits(&socket, NULL), FER_MISUSE);
}

RULE_TESTS("misuse_limits")

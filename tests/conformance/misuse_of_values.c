/* misuse_of_values.c: rule E4: bad arguments to the functions on values, and the misuse that
 * depends on more than one argument, or after which more is promised than in misuse.c. */
#include "ferrule/connector.h"
#include "ferrule/unix.h"
#include "support/poller_fixture.h"

/* ---- Values */

/* The functions on values return false, 0 or an empty value. */
RULE_TEST("E4", questions_about_null_are_false)
{
    const fer_socket_addr none = {0};
    assert_true(fer_socket_addr_eq(NULL, NULL));
    assert_false(fer_socket_addr_eq(NULL, &none) || fer_socket_addr_eq(&none, NULL));
    assert_int_equal(fer_socket_addr_cmp(NULL, &none), -1);
    assert_int_equal(fer_socket_addr_cmp(&none, NULL), 1);
}

RULE_TEST("E4", an_unknown_kind_has_an_errno)
{
    assert_true(fer_error_to_errno((fer_error){(fer_error_kind)10000, 0}) > 0);
}

RULE_TEST("E4", a_bad_family_has_no_text)
{
    static const int families[] = {0, 1, 2, 3, 5, 7, 10, 23, 30, 255, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        fer_socket_addr bad = loopback(PEER_V4, 80);
        char text[8] = "#######";
        bad.ip.family = (fer_ip_family)families[i];
        assert_int_equal(fer_socket_addr_format(&bad, text, sizeof text), 0);
        assert_string_equal(text, "");
        memset(text, '#', sizeof text);
        assert_int_equal(fer_ip_addr_format(bad.ip, text, sizeof text), 0);
        assert_string_equal(text, "");
    }
}

RULE_TEST("E4", names_and_texts_of_nothing_are_empty)
{
    fer_unix_addr addr = {0};
    size_t len = 77;
    char text[4] = "###";
    assert_int_equal(fer_socket_addr_format(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(fer_socket_addr_format(NULL, NULL, 0), 0);
    assert_own(fer_unix_addr_from_abstract_name(&addr, "name", SIZE_MAX), FER_INVALID_INPUT);
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_null(fer_unix_addr_as_pathname(&addr));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
    assert_int_equal(len, 77);
    assert_kind(fer_interface_name(1, NULL, 0), FER_BUFFER_TOO_SMALL);
    strcpy(text, "##");
    assert_kind(fer_interface_name(1, text, 1), FER_BUFFER_TOO_SMALL);
    assert_string_equal(text, "##");
}

/* ---- Streams */

/* Misuse takes precedence over the answer of an ended half. */
PAIR_TEST("E4", null_buffers_are_misuse_on_ended_halves_too)
{
    size_t n = 77;
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
    assert_own_n(fer_tcp_stream_read(&pair->stream, NULL, 4, &n), FER_MISUSE, n, 0);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
    assert_own(fer_tcp_stream_read(&pair->stream, NULL, 4, &n), FER_MISUSE);
    assert_own(fer_tcp_stream_write(&pair->stream, NULL, 4, &n), FER_MISUSE);
}

/* take_error without an output does not clear the error. */
PAIR_TEST("E4", take_error_without_an_output_takes_nothing)
{
    pair_reset_and_wait(pair);
    assert_own(fer_tcp_stream_take_error(&pair->stream, NULL), FER_MISUSE);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
}

/* The number of failures is set by every call. */
STREAM_TEST("E4", a_connect_that_is_refused_has_no_failures)
{
    const fer_socket_addr good = loopback(PEER_V4, 9);
    size_t failed = 4711;
    fer_connect_options options = {.failures_count = &failed, .unused_ = {1}};
    assert_own(fer_tcp_stream_connect_addrs(stream, &good, 1, &options), FER_INVALID_INPUT);
    assert_int_equal(failed, 0);
    failed = 4711;
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &options), FER_INVALID_INPUT);
    assert_int_equal(failed, 0);
    const fer_connect_options only_v6 = {.family = FER_IP_V6};
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &only_v6), FER_HOST_NOT_FOUND);
    assert_new(stream);
}

/* E4: the limits that were set before remain. */
RULE_TEST("E4", limits_with_a_token_that_is_not_open_are_not_set)
{
    fer_udp_socket *socket = test_udp();
    fer_interest ready = 0;
    fer_cancel_token token = {0};
    const fer_limits wrong = {.token = &token};
    const fer_limits late = {.deadline = fer_instant_after((fer_duration){0})};
    assert_ok(fer_udp_socket_bind(socket, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_set_limits(socket, &late));
    assert_own(fer_udp_socket_set_limits(socket, &wrong), FER_MISUSE);
    assert_own(fer_udp_socket_ready(socket, FER_READABLE, FER_DURATION_NONE, &ready),
               FER_TIMED_OUT);
}

/* ---- Resolvers and connectors */

RULE_TEST("E4", a_resolver_has_as_many_threads_as_the_maximum)
{
    fer_resolver resolver = {0};
    const fer_resolver_options most = {.threads = FER_RESOLVER_THREADS_MAX,
                                       .queue_cap = UINT32_MAX - 1};
    assert_ok(fer_resolver_new(&resolver, &most));
    fer_resolver_close(&resolver);
}

static fer_connector connector;

static fer_error start(const char *host_port, fer_poller *poller, uint64_t key)
{
    return fer_connector_start(&connector, host_port, NULL, NULL, poller, key);
}

/* A key that is an address within the connector is one of its own; a name needs a resolver. */
POLLER_TEST("E4", a_connector_needs_a_key_of_the_caller_and_a_resolver_for_a_name)
{
    memset(&connector, 0, sizeof connector);
    for (uintptr_t i = 1; i < sizeof connector; i += sizeof connector - 2) {
        assert_own(start("127.0.0.1:9", poller, (uintptr_t)&connector + i), FER_INVALID_INPUT);
    }
    assert_own(start("localhost:9", poller, 1), FER_MISUSE);
    assert_int_equal(connector.p_.state_, 0);
}

/* E4: no other connector of the new poller is affected. */
POLLER_TEST("E4", connectors_end_after_their_poller_was_closed_and_made_again)
{
    static fer_connector others[2];
    fer_tcp_stream stream = {0};
    memset(&connector, 0, sizeof connector);
    memset(others, 0, sizeof others);
    for (int takes = 0; takes < 2; takes++) {
        assert_ok(start("127.0.0.1:0", poller, 1));
        assert_ok(fer_connector_start(&others[0], "127.0.0.1:0", NULL, NULL, poller, 2));
        fer_poller_close(poller);
        assert_ok(fer_poller_new(poller));
        assert_ok(fer_connector_start(&others[1], "127.0.0.1:0", NULL, NULL, poller, 3));
        if (takes) {
            assert_true(fer_connector_take(&connector, &stream).kind != FER_MISUSE);
        } else {
            fer_connector_close(&connector);
        }
        fer_connector_close(&others[0]);
        fer_event event;
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, millis(1000), &event, 1, &count, NULL));
        assert_true(count == 1 && event.key == 3);
        fer_connector_close(&others[1]);
    }
}

/* ---- Pollers */

POLLER_RULE_TEST("E4", a_poller_of_an_unknown_state_is_not_open)
{
    fer_poller odd = {.p_ = {.state_ = 3}};
    assert_own(fer_poller_notify(&odd), FER_MISUSE);
    assert_own(fer_poller_new(&odd), FER_MISUSE);
    fer_poller_close(&odd);
}

/* Such a wait consumes nothing: the next wait returns the events and the notification. */
MAILBOX_TEST("E4", a_wait_without_capacity_consumes_nothing)
{
    fer_event event;
    const fer_duration timeouts[] = {{0}, {1000000}, FER_DURATION_NONE};
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_ONESHOT));
    for (size_t i = 0; i < 3; i++) {
        size_t count = 77;
        assert_own_n(fer_poller_wait(poller, timeouts[i], NULL, 1, &count, NULL), FER_MISUSE, count,
                     0);
        assert_own_n(fer_poller_wait(poller, timeouts[i], &event, 0, &count, NULL),
                     FER_INVALID_INPUT, count, 0);
        assert_own(fer_poller_wait(poller, timeouts[i], &event, 1, NULL, NULL), FER_MISUSE);
        assert_own(fer_poller_wait(poller, timeouts[i], NULL, 0, NULL, NULL), FER_INVALID_INPUT);
    }
    assert_own(fer_poller_wait(NULL, FER_DURATION_NONE, NULL, 0, NULL, NULL), FER_MISUSE);
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_notify(poller));
    assert_own(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, NULL, NULL), FER_MISUSE);
    assert_notified(poller);
}

RULE_TESTS("misuse of values")

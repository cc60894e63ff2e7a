/* misuse_arguments.c: rule E4: bad arguments to good handles, and to the functions on values. For
 * bad handles: misuse_handles.c.
 *
 * E4: "an unknown enum value or address family, and any other value out of range, is
 * INVALID_INPUT". The connection is unchanged, and no queued byte is consumed. */
#include "ferrule/socket.h"
#include "support/fixture.h"

static const int bad_families[] = {0, 1, 2, 3, 5, 7, 10, 23, 30, 255, -1, INT32_MAX, INT32_MIN};
enum { BAD_FAMILIES = (int)(sizeof bad_families / sizeof bad_families[0]) };

static fer_socket_addr with_family(int family)
{
    fer_socket_addr addr = loopback(PEER_V4, 80);
    addr.ip.family = (fer_ip_family)family;
    return addr;
}

/* NULL with a length, for every read function. Queued bytes stay queued. */
PAIR_TEST("E4", reading_into_null_is_invalid_input_and_takes_nothing)
{
    fer_tcp_stream *stream = &pair->stream;
    static const size_t lengths[] = {1, 8, (size_t)1 << 31, SIZE_MAX};
    char buf[8] = {0};
    assert_true(peer_send_all(pair->other, "kept", 4));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(stream)));
    for (size_t i = 0; i < 4; i++) {
        fer_io_slice_mut bad_first[2] = {{NULL, lengths[i]}, {buf, 4}};
        fer_io_slice_mut bad_last[2] = {{buf, 4}, {NULL, lengths[i]}};
        for (int sort = 0; sort < 7; sort++) {
            size_t n = 77;
            fer_error error = sort == 0   ? fer_tcp_stream_read(stream, NULL, lengths[i], &n)
                              : sort == 1 ? fer_tcp_stream_peek(stream, NULL, lengths[i], &n)
                              : sort == 2 ? fer_tcp_stream_read_exact(stream, NULL, lengths[i], &n)
                              : sort == 3 ? fer_tcp_stream_read_to_end(stream, NULL, lengths[i], &n)
                              : sort == 4
                                  ? fer_tcp_stream_read_vectored(stream, NULL, lengths[i], &n)
                              : sort == 5 ? fer_tcp_stream_read_vectored(stream, bad_first, 2, &n)
                                          : fer_tcp_stream_read_vectored(stream, bad_last, 2, &n);
            assert_own(error, FER_MISUSE);
            assert_int_equal(n, 0);
            assert_memory_equal(buf, "\0\0\0\0", 4);
        }
    }
    assert_own(fer_tcp_stream_read(stream, NULL, 1, NULL), FER_MISUSE);
    assert_ok(fer_tcp_stream_read_exact(stream, buf, 4, NULL));
    assert_memory_equal(buf, "kept", 4);
    assert_alive(pair);
}

/* The same for writes. No byte is sent, not even from the valid slice before the bad one. */
PAIR_TEST("E4", writing_from_null_is_invalid_input_and_sends_nothing)
{
    fer_tcp_stream *stream = &pair->stream;
    static const size_t lengths[] = {1, 8, (size_t)1 << 31, SIZE_MAX};
    for (size_t i = 0; i < 4; i++) {
        fer_io_slice bad_first[2] = {{NULL, lengths[i]}, {"good", 4}};
        fer_io_slice bad_last[2] = {{"good", 4}, {NULL, lengths[i]}};
        for (int sort = 0; sort < 5; sort++) {
            size_t n = 77;
            fer_error error = sort == 0   ? fer_tcp_stream_write(stream, NULL, lengths[i], &n)
                              : sort == 1 ? fer_tcp_stream_write_all(stream, NULL, lengths[i], &n)
                              : sort == 2
                                  ? fer_tcp_stream_write_vectored(stream, NULL, lengths[i], &n)
                              : sort == 3 ? fer_tcp_stream_write_vectored(stream, bad_first, 2, &n)
                                          : fer_tcp_stream_write_vectored(stream, bad_last, 2, &n);
            assert_own(error, FER_MISUSE);
            assert_int_equal(n, 0);
        }
    }
    assert_alive(pair);
}

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

/* An unknown value of fer_shutdown shuts down no half. */
PAIR_TEST("E4", an_unknown_shutdown_is_invalid_input)
{
    static const int unknown[] = {3, 4, -1, 255, INT32_MAX, INT32_MIN};
    fer_tcp_stream *fresh = test_stream();
    for (size_t i = 0; i < 6; i++) {
        assert_own(fer_tcp_stream_shutdown(&pair->stream, (fer_shutdown)unknown[i]),
                   FER_INVALID_INPUT);
        assert_either(fer_tcp_stream_shutdown(fresh, (fer_shutdown)unknown[i]), FER_INVALID_INPUT,
                      FER_NOT_CONNECTED);
    }
    assert_alive(pair);
}

/* NULL as the output of a getter. */
PAIR_TEST("E4", a_getter_without_an_output_is_invalid_input)
{
    fer_tcp_stream *stream = &pair->stream;
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    assert_own(fer_tcp_stream_peer_addr(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_local_addr(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_read_timeout(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_write_timeout(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_nodelay(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_ttl(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_linger(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_keepalive(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_set_keepalive(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_take_error(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_local_addr(listener, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_ttl(listener, NULL), FER_MISUSE);
    assert_own(fer_socket_read_timeout(fer_tcp_listener_as_socket(listener), NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_take_error(listener, NULL), FER_MISUSE);
    assert_alive(pair);
}

/* take_error without an output does not clear the error. */
PAIR_TEST("E4", take_error_without_an_output_takes_nothing)
{
    pair_reset_and_wait(pair);
    assert_own(fer_tcp_stream_take_error(&pair->stream, NULL), FER_MISUSE);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
}

STREAM_TEST("E4", a_missing_address_is_invalid_input)
{
    fer_tcp_listener *listener = test_listener();
    assert_own(fer_tcp_stream_connect(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addr(stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_timeout(stream, NULL, millis(100)), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_timeout(stream, NULL, FER_DURATION_NONE), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(stream, NULL, 3, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(stream, NULL, SIZE_MAX, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_bind(listener, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_bind_addr(listener, NULL), FER_MISUSE);
    assert_new(stream);
    assert_true(fer_tcp_listener_as_raw(listener) == FER_RAW_SOCKET_NONE);
}

STREAM_TEST("E4", a_bad_family_is_invalid_input)
{
    fer_tcp_listener *listener = test_listener();
    for (size_t i = 0; i < BAD_FAMILIES; i++) {
        fer_socket_addr bad = with_family(bad_families[i]);
        assert_own(fer_tcp_stream_connect_addr(stream, &bad), FER_INVALID_INPUT);
        assert_own(fer_tcp_stream_connect_timeout(stream, &bad, millis(100)), FER_INVALID_INPUT);
        assert_own(fer_tcp_stream_connect_timeout(stream, &bad, FER_DURATION_NONE),
                   FER_INVALID_INPUT);
        assert_own(fer_tcp_stream_connect_addrs(stream, &bad, 1, NULL), FER_INVALID_INPUT);
        assert_own(fer_tcp_listener_bind_addr(listener, &bad), FER_INVALID_INPUT);
    }
    assert_new(stream);
    assert_true(fer_tcp_listener_as_raw(listener) == FER_RAW_SOCKET_NONE);
}

/* resolve.h: NULL for the text, the count, or the array with a capacity. */
RULE_TEST("E4", resolving_with_null_is_invalid_input)
{
    fer_socket_addr addrs[2];
    fer_socket_addr untouched[2];
    size_t count = 4711;
    memset(addrs, 0x5a, sizeof addrs);
    memset(untouched, 0x5a, sizeof untouched);
    assert_own(fer_to_socket_addrs(NULL, addrs, 2, &count), FER_MISUSE);
    assert_own(fer_to_socket_addrs("127.0.0.1:80", addrs, 2, NULL), FER_MISUSE);
    assert_own(fer_to_socket_addrs("127.0.0.1:80", NULL, 2, &count), FER_MISUSE);
    assert_own(fer_to_socket_addrs("localhost:80", NULL, SIZE_MAX, &count), FER_MISUSE);
    assert_own(fer_lookup_host(NULL, 80, addrs, 2, &count), FER_MISUSE);
    assert_own(fer_lookup_host("127.0.0.1", 80, addrs, 2, NULL), FER_MISUSE);
    assert_own(fer_lookup_host("127.0.0.1", 80, NULL, 2, &count), FER_MISUSE);
    assert_own(fer_lookup_host("localhost", 80, NULL, SIZE_MAX, &count), FER_MISUSE);
    assert_memory_equal(addrs, untouched, sizeof addrs);
    assert_int_equal(count, 4711);
}

/* ip.h and socket_addr.h: NULL to a parser, with and without a length. */
RULE_TEST("E4", parsing_with_null_is_invalid_input)
{
    static const size_t lengths[] = {0, 1, SIZE_MAX};
    fer_ipv4_addr v4;
    fer_ipv6_addr v6;
    fer_ip_addr ip;
    fer_socket_addr addr;
    assert_own(fer_ipv4_addr_parse(&v4, NULL), FER_MISUSE);
    assert_own(fer_ipv4_addr_parse(NULL, "1.2.3.4"), FER_MISUSE);
    assert_own(fer_ipv6_addr_parse(&v6, NULL), FER_MISUSE);
    assert_own(fer_ipv6_addr_parse(NULL, "::1"), FER_MISUSE);
    assert_own(fer_ip_addr_parse(&ip, NULL), FER_MISUSE);
    assert_own(fer_ip_addr_parse(NULL, "::1"), FER_MISUSE);
    assert_own(fer_socket_addr_parse(&addr, NULL), FER_MISUSE);
    assert_own(fer_socket_addr_parse(NULL, "[::1]:80"), FER_MISUSE);
    for (size_t i = 0; i < 3; i++) {
        assert_own(fer_ipv4_addr_parse_n(&v4, NULL, lengths[i]), FER_MISUSE);
        assert_own(fer_ipv6_addr_parse_n(&v6, NULL, lengths[i]), FER_MISUSE);
        assert_own(fer_ip_addr_parse_n(&ip, NULL, lengths[i]), FER_MISUSE);
        assert_own(fer_socket_addr_parse_n(&addr, NULL, lengths[i]), FER_MISUSE);
        assert_own(fer_ipv4_addr_parse_n(NULL, "1.2.3.4:5", lengths[i]), FER_MISUSE);
        assert_own(fer_ipv6_addr_parse_n(NULL, "::1", lengths[i]), FER_MISUSE);
        assert_own(fer_ip_addr_parse_n(NULL, "::1", lengths[i]), FER_MISUSE);
        assert_own(fer_socket_addr_parse_n(NULL, "[::1]:5", lengths[i]), FER_MISUSE);
    }
}

/* The functions on values return false, 0 or an empty value. */
RULE_TEST("E4", questions_about_null_are_false)
{
    assert_false(fer_socket_addr_is_ipv4(NULL) || fer_socket_addr_is_ipv6(NULL));
    fer_ipv6_addr_segments((fer_ipv6_addr){{0}}, NULL);
    fer_ipv6_addr empty = fer_ipv6_addr_from_segments(NULL);
    assert_true(fer_ipv6_addr_is_unspecified(empty));
    const fer_socket_addr none = {0};
    assert_true(fer_socket_addr_eq(NULL, NULL));
    assert_false(fer_socket_addr_eq(NULL, &none) || fer_socket_addr_eq(&none, NULL));
    assert_int_equal(fer_socket_addr_cmp(NULL, &none), -1);
    assert_int_equal(fer_socket_addr_cmp(&none, NULL), 1);
}

RULE_TEST("E4", an_unknown_kind_has_a_name_and_a_text)
{
    static const int unknown[] = {-1, 10000, INT32_MAX, INT32_MIN};
    char text[FER_ERROR_TEXT_CAP];
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        fer_error error = {(fer_error_kind)unknown[i], 0};
        assert_string_equal(fer_error_kind_name(error.kind), "Unknown");
        assert_in_range(fer_error_format(error, text, sizeof text), 1, sizeof text - 1);
        assert_int_equal(fer_error_format(error, NULL, sizeof text), 0);
        assert_string_equal(fer_error_kind_text(error.kind), "unknown error");
        assert_true(fer_error_to_errno(error) > 0);
        assert_int_equal(fer_resolve_error_text(error, text, sizeof text), strlen("unknown error"));
        assert_int_equal(fer_resolve_error_text(error, NULL, sizeof text), 0);
    }
}

RULE_TEST("E4", a_bad_family_is_neither_ipv4_nor_ipv6)
{
    for (size_t i = 0; i < BAD_FAMILIES; i++) {
        fer_socket_addr bad = with_family(bad_families[i]);
        char text[8] = "#######";
        assert_false(fer_socket_addr_is_ipv4(&bad) || fer_socket_addr_is_ipv6(&bad));
        assert_false(fer_ip_addr_is_ipv4(bad.ip) || fer_ip_addr_is_ipv6(bad.ip) ||
                     fer_ip_addr_is_loopback(bad.ip));
        assert_int_equal(fer_socket_addr_format(&bad, text, sizeof text), 0);
        assert_string_equal(text, "");
        memset(text, '#', sizeof text);
        assert_int_equal(fer_ip_addr_format(bad.ip, text, sizeof text), 0);
        assert_string_equal(text, "");
        assert_true(fer_socket_addr_eq(&bad, &bad));
    }
}

RULE_TEST("E4", formatting_without_a_buffer_or_a_value_gives_0)
{
    fer_socket_addr addr = loopback(PEER_V4, 80);
    char text[4] = "###";
    assert_int_equal(fer_socket_addr_format(&addr, NULL, 5), 0);
    assert_int_equal(fer_ip_addr_format(addr.ip, NULL, 5), 0);
    assert_int_equal(fer_ipv4_addr_format(addr.ip.u.v4, NULL, 5), 0);
    assert_int_equal(fer_ipv6_addr_format((fer_ipv6_addr){{0}}, NULL, 5), 0);
    assert_int_equal(fer_socket_addr_format(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(fer_socket_addr_format(NULL, NULL, 0), 0);
}

RULE_TESTS("misuse_arguments")

/* test_platform_datagrams.c: the seam's functions for datagrams, their options and groups, on this
 * system's own backend. */
#include "support/seam.h"

static fer_raw_socket bound_socket(fer_socket_addr *addr)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &raw));
    *addr = seam_loopback(0);
    assert_ok(ferp_bind(raw, addr));
    assert_ok(ferp_local_addr(raw, addr));
    return raw;
}

static void send_text(fer_raw_socket raw, const char *text, const fer_socket_addr *to)
{
    size_t n = 77;
    assert_ok(ferp_send_to(raw, text, strlen(text), 0, to, &n));
    assert_int_equal(n, strlen(text));
}

TEST(a_datagram_socket_is_described_as_one)
{
    fer_socket_addr addrs[2];
    ferp_description is;
    fer_raw_socket one = bound_socket(&addrs[0]);
    fer_raw_socket two = bound_socket(&addrs[1]);
    assert_ok(ferp_describe(one, &is));
    assert_true(is.is_datagram && is.is_ip && !is.is_stream && !is.is_listening &&
                !is.is_connected);
    assert_int_equal(is.family, FER_IP_V4);
    assert_ok(ferp_connect(one, &addrs[1]));
    assert_ok(ferp_describe(one, &is));
    assert_true(is.is_datagram && is.is_connected);
    ferp_close(one);
    ferp_close(two);
}

TEST(a_datagram_is_peeked_at_and_received_whole_or_cut)
{
    fer_socket_addr addrs[2];
    struct ferp_datagram got;
    char buf[8] = "########";
    fer_raw_socket one = bound_socket(&addrs[0]);
    fer_raw_socket two = bound_socket(&addrs[1]);
    send_text(one, "four", &addrs[1]);
    send_text(one, "", &addrs[1]);
    send_text(one, "cut off", &addrs[1]);
    send_text(one, "gone", &addrs[1]);
    seam_await(two, FERP_RECEIVABLE);
    assert_ok(ferp_recv_from(two, buf, 2, FERP_PEEK, &got));
    assert_true(got.len == 2 && got.truncated && fer_socket_addr_eq(&got.from, &addrs[0]));
    assert_memory_equal(buf, "fo######", 8);
    assert_ok(ferp_recv_from(two, buf, 4, 0, &got));
    assert_true(got.len == 4 && !got.truncated && fer_socket_addr_eq(&got.from, &addrs[0]));
    assert_memory_equal(buf, "four####", 8);
    assert_ok(ferp_recv_from(two, buf, 4, 0, &got));
    assert_true(got.len == 0 && !got.truncated);
    assert_ok(ferp_recv_from(two, buf, 3, 0, &got));
    assert_true(got.len == 3 && got.truncated && fer_socket_addr_eq(&got.from, &addrs[0]));
    assert_memory_equal(buf, "cutr####", 8);
    assert_ok(ferp_recv_from(two, NULL, 0, 0, &got));
    assert_true(got.len == 0 && got.truncated);
    assert_kind(seam_check_ready(two, FERP_RECEIVABLE), FER_TIMED_OUT);
    ferp_close(one);
    ferp_close(two);
}

TEST(more_bytes_than_a_datagram_holds_are_too_long)
{
    static char big[65508];
    fer_socket_addr addrs[2];
    size_t n = 77;
    fer_raw_socket one = bound_socket(&addrs[0]);
    fer_raw_socket two = bound_socket(&addrs[1]);
    assert_kind(ferp_send_to(one, big, sizeof big, 0, &addrs[1], &n), FER_MESSAGE_TOO_LONG);
    assert_int_equal(n, 0);
    ferp_close(one);
    ferp_close(two);
}

TEST(the_options_of_datagrams_read_back)
{
    static const struct {
        ferp_option option;
        uint32_t value;
    } rows[] = {{FERP_BROADCAST, 1},         {FERP_BROADCAST, 0},
                {FERP_MULTICAST_LOOP_V4, 0}, {FERP_MULTICAST_LOOP_V4, 1},
                {FERP_MULTICAST_TTL_V4, 0},  {FERP_MULTICAST_TTL_V4, 255},
                {FERP_MULTICAST_TTL_V4, 7}};
    fer_socket_addr addr;
    fer_raw_socket raw = bound_socket(&addr);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t got = 77;
        assert_ok(ferp_set_option(raw, rows[i].option, rows[i].value));
        assert_ok(ferp_option_value(raw, rows[i].option, &got));
        assert_int_equal(got, rows[i].value);
    }
    uint32_t size = 0;
    assert_ok(ferp_set_option(raw, FERP_SEND_BUFFER, 65535));
    assert_ok(ferp_option_value(raw, FERP_SEND_BUFFER, &size));
    assert_true(size >= 65535);
    ferp_close(raw);
}

TEST(groups_are_joined_once_and_left_once)
{
    fer_ipv4_addr group = {{239, 255, 77, 8}};
    fer_ipv4_addr local = {{127, 0, 0, 1}};
    fer_socket_addr addr;
    fer_raw_socket raw = bound_socket(&addr);
    assert_ok(ferp_change_group_v4(raw, FERP_JOIN, &group, &local));
    assert_kind(ferp_change_group_v4(raw, FERP_JOIN, &group, &local), FER_ADDR_IN_USE);
    assert_ok(ferp_change_group_v4(raw, FERP_LEAVE, &group, &local));
    fer_error again = ferp_change_group_v4(raw, FERP_LEAVE, &group, &local);
    assert_true(again.kind == FER_ADDR_NOT_AVAILABLE || again.kind == FER_INVALID_INPUT);
    ferp_close(raw);
}

/* The wait may be pending when the datagram arrives. */
TEST(a_wait_takes_no_datagram)
{
    static const char *const texts[] = {"four", "", "12345678"};
    fer_socket_addr addr;
    struct ferp_datagram got;
    ferp_wait wait;
    char buf[8];
    fer_raw_socket raw = bound_socket(&addr);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_ok(ferp_wait_arm(&wait, raw, FERP_RECEIVABLE));
        send_text(raw, texts[i], &addr);
        assert_ok(ferp_wait_for(&wait, seam_deadline()));
        assert_ok(ferp_wait_arm(&wait, raw, FERP_RECEIVABLE));
        ferp_wait_disarm(&wait);
        seam_await(raw, FERP_RECEIVABLE);
        assert_ok(ferp_recv_from(raw, buf, sizeof buf, 0, &got));
        assert_true(got.len == strlen(texts[i]) && !got.truncated);
        assert_memory_equal(buf, texts[i], got.len);
        assert_kind(seam_check_ready(raw, FERP_RECEIVABLE), FER_TIMED_OUT);
    }
    ferp_close(raw);
}

static bool is_refusal(fer_error error)
{
    /* Windows: 10054. */
    return error.kind == FER_CONNECTION_REFUSED || error.kind == FER_CONNECTION_RESET;
}

/* Waits and receives as core does, until one of the two reports something. */
static fer_error wait_and_receive(ferp_wait *wait, fer_raw_socket raw)
{
    struct ferp_datagram got;
    char buf[8];
    uint64_t deadline = seam_deadline();
    fer_error error = ferp_wait_for(wait, deadline);
    error = error.kind == FER_OK ? wait->failure : error;
    if (error.kind == FER_OK || error.kind == FER_TIMED_OUT) {
        error = ferp_recv_from(raw, buf, sizeof buf, FERP_DONTWAIT, &got);
    }
    while (error.kind == FER_WOULD_BLOCK && ferp_now() < deadline) {
        error = ferp_recv_from(raw, buf, sizeof buf, FERP_DONTWAIT, &got);
    }
    return error;
}

/* U3: either the wait reports it, or the receive that follows. Wine reports only a socket's first
 * refusal to a wait. */
TEST(a_refusal_that_ends_a_wait_is_reported_once)
{
    fer_socket_addr addrs[2];
    struct ferp_datagram got;
    ferp_wait wait;
    char byte;
    size_t n = 77;
    fer_raw_socket raw = bound_socket(&addrs[0]);
    fer_raw_socket refusing = bound_socket(&addrs[1]);
    assert_ok(ferp_connect(refusing, &addrs[1]));
    assert_ok(ferp_connect(raw, &addrs[1]));
    ferp_report_refusals(raw, true);
    assert_ok(ferp_wait_arm(&wait, raw, FERP_RECEIVABLE));
    assert_ok(ferp_send(raw, "refused", 7, 0, &n));
    assert_true(is_refusal(wait_and_receive(&wait, raw)));
    assert_kind(ferp_recv_from(raw, &byte, 1, FERP_DONTWAIT, &got), FER_WOULD_BLOCK);
    assert_kind(seam_check_ready(raw, FERP_RECEIVABLE), FER_TIMED_OUT);
    ferp_close(refusing);
    ferp_close(raw);
}

TEST_MAIN("platform_datagrams")

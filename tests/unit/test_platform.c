/* test_platform.c: the seam's contract on this host: sockets, addresses, connections and bytes.
 * Options and names: test_platform_options.c. Waits: test_platform_wait.c. State that handles
 * share: test_platform_modes.c. */
#include "support/seam.h"

/* ---- Errors, time, facts */

TEST(the_clock_never_decreases)
{
    uint64_t last = ferp_now();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = ferp_now();
        assert_true(now >= last);
        last = now;
    }
}

TEST(the_facts_are_constant_and_large_enough)
{
    const struct ferp_traits *traits = ferp_traits();
    assert_ptr_equal(traits, ferp_traits());
    assert_true(traits->io_length_max >= 65536);
    assert_true(traits->io_slices_max >= 16);
    assert_true(traits->linger_seconds_max >= 300);
    assert_true(traits->keepalive_seconds_max >= 32767);
    assert_true(traits->keepalive_retries_max >= 127);
}

/* ---- Descriptions of sockets */

static ferp_description describe(fer_raw_socket raw)
{
    ferp_description description;
    memset(&description, 0, sizeof description);
    assert_ok(ferp_describe(raw, &description));
    return description;
}

TEST(a_description_has_the_kind_of_the_socket)
{
    fer_raw_socket raw = seam_socket();
    ferp_description is = describe(raw);
    assert_true(is.is_stream && is.is_ip);
    assert_int_equal(is.family, FER_IP_V4);
    assert_false(is.is_listening || is.is_connected || is.is_nonblocking);
    ferp_close(raw);
    assert_kind(ferp_describe(raw, &is), FER_BAD_HANDLE);
    struct seam_pair pair = seam_open();
    is = describe(pair.listener);
    assert_true(is.is_listening && !is.is_connected);
    is = describe(pair.client);
    assert_true(is.is_connected && !is.is_listening);
    assert_true(describe(pair.server).is_connected);
    seam_close(&pair);
}

/* ---- Addresses and connections */

TEST(a_port_is_taken_once_and_another_machine_s_address_never)
{
    fer_socket_addr addr;
    fer_raw_socket listener = seam_listener(&addr);
    fer_raw_socket second = seam_socket();
    assert_kind(ferp_bind(second, &addr), FER_ADDR_IN_USE);
    ferp_close(second);
    second = seam_socket();
    addr.port = 0;
    addr.ip.u.v4 = (fer_ipv4_addr){{192, 0, 2, 1}}; /* a documentation address (RFC 5737) */
    assert_kind(ferp_bind(second, &addr), FER_ADDR_NOT_AVAILABLE);
    ferp_close(second);
    ferp_close(listener);
}

TEST(ipv6_addresses_survive_a_round_trip)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr;
    fer_socket_addr got;
    memset(&addr, 0, sizeof addr);
    addr.ip.family = FER_IP_V6;
    addr.ip.u.v6 = FER_IPV6_ADDR_LOCALHOST;
    if (ferp_socket_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM, 0, &raw).kind != FER_OK) {
        print_message("this machine has no IPv6\n");
        skip();
    }
    if (ferp_bind(raw, &addr).kind == FER_ADDR_NOT_AVAILABLE) {
        ferp_close(raw);
        print_message("this machine has no ::1\n");
        skip();
    }
    assert_int_equal(describe(raw).family, FER_IP_V6);
    assert_ok(ferp_local_addr(raw, &got));
    assert_int_equal(got.ip.family, FER_IP_V6);
    assert_memory_equal(got.ip.u.v6.octets, addr.ip.u.v6.octets, 16);
    assert_true(got.port != 0);
    ferp_close(raw);
}

TEST(both_peers_report_the_same_addresses)
{
    struct seam_pair pair = seam_open();
    fer_socket_addr client_local;
    fer_socket_addr server_peer;
    fer_socket_addr client_peer;
    assert_ok(ferp_local_addr(pair.client, &client_local));
    assert_ok(ferp_peer_addr(pair.server, &server_peer));
    assert_ok(ferp_peer_addr(pair.client, &client_peer));
    assert_true(fer_socket_addr_eq(&pair.client_addr, &client_local));
    assert_true(fer_socket_addr_eq(&server_peer, &client_local));
    assert_true(fer_socket_addr_eq(&client_peer, &pair.server_addr));
    assert_memory_equal(client_local.ip.u.v4.octets, FER_IPV4_ADDR_LOCALHOST.octets, 4);
    assert_true(client_peer.port != 0 && client_peer.flowinfo == 0 && client_peer.scope_id == 0);
    assert_kind(ferp_peer_addr(pair.listener, &client_peer), FER_NOT_CONNECTED);
    seam_close(&pair);
}

TEST(a_receive_without_input_would_block)
{
    struct seam_pair pair = seam_open();
    fer_raw_socket accepted = FER_RAW_SOCKET_NONE;
    char byte;
    size_t moved = 7;
    assert_ok(ferp_set_nonblocking(pair.listener, true));
    assert_kind(ferp_accept(pair.listener, &accepted, &pair.client_addr), FER_WOULD_BLOCK);
    assert_true(accepted == FER_RAW_SOCKET_NONE);
    assert_ok(ferp_set_nonblocking(pair.client, true));
    assert_kind(ferp_recv(pair.client, &byte, 1, 0, &moved), FER_WOULD_BLOCK);
    assert_int_equal(moved, 0);
    seam_close(&pair);
}

TEST(a_refused_connect_ends_refused)
{
    fer_socket_addr addr;
    fer_error pending = {FER_OK, 0};
    ferp_close(seam_listener(&addr)); /* a port without a listener */
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    fer_error err = ferp_connect(raw, &addr);
    if (err.kind != FER_CONNECTION_REFUSED) {
        ferp_wait wait;
        assert_kind(err, ferp_traits()->connect_would_block_means_started ? FER_WOULD_BLOCK
                                                                          : FER_IN_PROGRESS);
        assert_ok(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
        err = ferp_wait_for(&wait, seam_deadline());
        assert_kind(err, FER_CONNECTION_REFUSED);
        assert_int_equal(err.os_code, 0);
        assert_ok(ferp_take_error(raw, &pending));
        assert_kind(pending, FER_CONNECTION_REFUSED);
        assert_int_not_equal(pending.os_code, 0);
    }
    ferp_close(raw);
}

/* ---- Bytes */

TEST(a_peek_leaves_the_bytes_queued)
{
    struct seam_pair pair = seam_open();
    char got[8] = {0};
    size_t moved = 0;
    size_t queued = 9;
    assert_ok(ferp_bytes_queued(pair.server, &queued));
    assert_int_equal(queued, 0);
    seam_send(pair.client, "seen");
    seam_await(pair.server, FERP_READABLE);
    assert_ok(ferp_recv(pair.server, got, sizeof got, FERP_PEEK, &moved));
    assert_int_equal(moved, 4);
    assert_memory_equal(got, "seen", 4);
    assert_ok(ferp_bytes_queued(pair.server, &queued));
    assert_int_equal(queued, 4);
    seam_expect(pair.server, "seen");
    seam_close(&pair);
}

TEST(the_most_slices_are_taken)
{
    static fer_io_slice out[1024];
    static fer_io_slice_mut in[1024];
    static char sent[1024];
    static char got[1024];
    struct seam_pair pair = seam_open();
    size_t count = ferp_traits()->io_slices_max < 1024 ? ferp_traits()->io_slices_max : 1024;
    size_t moved = 0;
    for (size_t i = 0; i < count; i++) {
        sent[i] = (char)('a' + (char)(i % 26));
        out[i] = (fer_io_slice){&sent[i], 1};
        in[i] = (fer_io_slice_mut){&got[i], 1};
    }
    assert_ok(ferp_send_vectored(pair.client, out, count, 0, &moved));
    assert_int_equal(moved, count);
    seam_await(pair.server, FERP_READABLE);
    assert_ok(ferp_recv_vectored(pair.server, in, count, 0, &moved));
    assert_int_equal(moved, count);
    assert_memory_equal(got, sent, count);
    seam_close(&pair);
}

TEST(the_peer_s_end_is_ok_with_nothing_every_time)
{
    struct seam_pair pair = seam_open();
    char byte;
    size_t moved = 7;
    const fer_io_slice_mut slice = {&byte, 1};
    fer_error pending = {FER_OTHER, 0};
    seam_send(pair.client, "last");
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    seam_expect(pair.server, "last");
    seam_expect_end(pair.server);
    seam_expect_end(pair.server);
    assert_ok(ferp_recv(pair.server, &byte, 1, FERP_PEEK, &moved));
    assert_int_equal(moved, 0);
    assert_ok(ferp_recv_vectored(pair.server, &slice, 1, 0, &moved));
    assert_int_equal(moved, 0);
    assert_ok(ferp_take_error(pair.server, &pending));
    assert_ok(pending);
    seam_close(&pair);
}

TEST(a_reset_is_reported_by_each_receive_and_by_take_error)
{
    char byte;
    const fer_io_slice_mut slice = {&byte, 1};
    for (int i = 0; i < 4; i++) {
        struct seam_pair pair = seam_open();
        fer_error error = {FER_OK, 0};
        size_t moved = i == 3 ? 0 : 7;
        assert_ok(ferp_set_linger(pair.server, (struct ferp_linger){true, 0}));
        ferp_close(pair.server);
        seam_await_reset(pair.client);
        if (i == 3) {
            assert_ok(ferp_take_error(pair.client, &error));
        } else {
            error = i == 0   ? ferp_recv(pair.client, &byte, 1, 0, &moved)
                    : i == 1 ? ferp_recv(pair.client, &byte, 1, FERP_PEEK, &moved)
                             : ferp_recv_vectored(pair.client, &slice, 1, 0, &moved);
        }
        assert_kind(error, FER_CONNECTION_RESET);
        assert_int_not_equal(error.os_code, 0);
        assert_int_equal(moved, 0);
        ferp_close(pair.client);
        ferp_close(pair.listener);
    }
}

TEST(sending_after_own_shutdown_is_a_broken_pipe)
{
    struct seam_pair pair = seam_open();
    size_t moved = 7;
    const fer_io_slice slice = {"x", 1};
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_kind(ferp_send(pair.client, "x", 1, 0, &moved), FER_BROKEN_PIPE);
    assert_int_equal(moved, 0);
    moved = 7;
    assert_kind(ferp_send_vectored(pair.client, &slice, 1, 0, &moved), FER_BROKEN_PIPE);
    assert_int_equal(moved, 0);
    seam_close(&pair);
}

TEST(shutdown_of_an_unconnected_socket_is_not_connected)
{
    fer_raw_socket raw = seam_socket();
    /* NetBSD shuts it down (tcp_usrreq.c, tcp_shutdown). core answers before. */
    fer_error_kind want = seam_is_netbsd() ? FER_OK : FER_NOT_CONNECTED;
    assert_kind(ferp_shutdown(raw, FER_SHUTDOWN_BOTH), want);
    ferp_close(raw);
}

TEST_MAIN("platform")

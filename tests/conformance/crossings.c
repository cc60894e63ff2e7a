/* crossings.c: features together: each call that receives, after an end by its mode or its limits
 * (rules K2, T4); and connects to addresses of both families (rules C3, O1). Control messages of
 * datagrams in every combination: udp_control.c. */
#include "conformance/output_check.h"
#include "ferrule/socket.h"
#include "support/limits_fixture.h"
#include "support/socket_fixture.h"

/* ---- Calls that receive: nothing, and then the data */

enum { NONBLOCKING, DEADLINE, CANCEL, ENDS, BRIEF_MS = 5, LONG_MS = 60000 };

static void discard(struct limits_set *set)
{
    char buf[8];
    fer_udp_received got;
    fer_unix_received received;
    while (fer_tcp_stream_try_read(set->stream, buf, sizeof buf, NULL).kind == FER_OK ||
           fer_udp_socket_try_recv_from(set->udp.socket, buf, sizeof buf, &got).kind == FER_OK) {
    }
    while (set->unix_stream != NULL &&
           fer_unix_stream_try_read(set->unix_stream, buf, sizeof buf, NULL).kind == FER_OK) {
    }
    while (set->datagram != NULL &&
           fer_unix_datagram_try_recv_from(set->datagram, buf, sizeof buf, &received).kind ==
               FER_OK) {
    }
}

static void set_end(struct limits_set *set, int end)
{
    fer_limits limits = end == DEADLINE ? limits_after_millis(BRIEF_MS) : limits_with_token();
    limits_set_nonblocking(set, end == NONBLOCKING);
    limits_set_apply(set, end == NONBLOCKING ? NULL : &limits);
    if (end == CANCEL) {
        assert_ok(fer_cancel_token_cancel(&limits_token));
    }
}

/* The count of a call that has received the four bytes. */
static size_t whole_count(const struct limits_call *call)
{
    if (call->kind == LIMITS_READY) {
        return FER_READABLE;
    }
    return strcmp(call->name, "UDP recv_batch") == 0 ? 1 : 4;
}

static void expect_count(const struct limits_call *call, fer_error error, size_t n,
                         fer_error_kind kind, size_t wanted)
{
    if (error.kind != kind || n != wanted) {
        fail_msg("%s: %s, %u", call->name, fer_error_kind_name(error.kind), (unsigned)n);
    }
}

/* A call that asks for more than the four bytes ends in the same way, with their number. */
static void receive_later(struct limits_set *set, const struct limits_call *call, int end)
{
    static const fer_error_kind kinds[] = {FER_WOULD_BLOCK, FER_TIMED_OUT, FER_CANCELLED};
    size_t n = 77;
    bool waits_in_every_mode = call->kind == LIMITS_READY;
    if (end == NONBLOCKING && waits_in_every_mode) {
        return;
    }
    set_end(set, end);
    fer_error error = call->run(set, &n);
    expect_count(call, error, n, kinds[end], 0);
    limits_set_send(set);
    const fer_limits later = limits_after_millis(end == NONBLOCKING ? LONG_MS : 20 * BRIEF_MS);
    limits_set_apply(set, &later);
    n = 77;
    error = call->run(set, &n);
    bool is_part = error.kind != FER_OK;
    expect_count(call, error, n,
                 !is_part             ? FER_OK
                 : end == NONBLOCKING ? FER_WOULD_BLOCK
                                      : FER_TIMED_OUT,
                 whole_count(call));
    discard(set);
}

/* T4, K2: "no byte that arrives is lost ... and the next call works". */
LIMITS_TEST("K2/T4", a_call_that_received_nothing_receives_the_next_data)
{
    struct limits_set set;
    limits_set_open(&set);
    for (size_t i = 0; i < LIMITS_CALLS; i++) {
        const struct limits_call *call = &limits_calls[i];
        bool receives = call->kind == LIMITS_RECEIVES || call->kind == LIMITS_READY;
        for (int end = 0; end < ENDS && receives && limits_has(&set, call); end++) {
            receive_later(&set, call, end);
        }
    }
}

/* ---- Connects to several addresses: what the stream is follows the one that has answered */

enum { BY_ADDRS, BY_ADDRS_WITH_OPTIONS, BY_ADDRS_WITH_NODELAY, WAYS };

static fer_error connect_by(int way, fer_tcp_stream *stream, const fer_socket_addr *addrs,
                            size_t count)
{
    fer_connect_options options = {.attempt_delay = millis(LONG_MS), .nodelay = way > 1};
    return fer_tcp_stream_connect_addrs(stream, addrs, count, way == BY_ADDRS ? NULL : &options);
}

static void assert_is_of(fer_tcp_stream *stream, peer_family family, const fer_socket_addr *peer)
{
    fer_socket *socket = fer_tcp_stream_as_socket(stream);
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    fer_socket_addr addr;
    fer_domain domain;
    uint32_t ttl;
    unsigned char flag[sizeof(bool)];
    soil(&addr, sizeof addr);
    soil(&ttl, sizeof ttl);
    soil(flag, sizeof flag);
    assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
    assert_true(is_same_addr(&addr, peer));
    assert_ok(fer_tcp_stream_local_addr(stream, &addr));
    assert_int_equal(addr.ip.family, peer->ip.family);
    assert_ok(fer_socket_domain(socket, &domain));
    assert_int_equal(domain, domain_of(family));
    assert_ok(fer_tcp_stream_set_ttl(stream, 9));
    assert_ok(fer_tcp_stream_ttl(stream, &ttl));
    assert_int_equal(ttl, 9);
    assert_int_equal(peer_raw_hops(raw, family), 9);
    fer_error error = fer_socket_set_tos(socket, 8);
    if (error.kind != FER_UNSUPPORTED) {
        assert_ok(error);
        assert_ok(fer_socket_tos(socket, &ttl));
        assert_int_equal(ttl, 8);
    }
    assert_kind(fer_socket_only_v6(socket, (bool *)(void *)flag),
                family == PEER_V6 ? FER_OK : FER_UNSUPPORTED);
}

/* C3, O1: "On an IPv6 socket this is the unicast hop limit": not that of the first address. */
SOCKET_FAMILY_TEST("C3/O1", a_stream_is_of_the_family_of_the_address_that_answered)
{
    peer_family first = family == PEER_V4 ? PEER_V6 : PEER_V4;
    skip_without_v6();
    for (int way = 0; way < WAYS; way++) {
        fer_tcp_stream *stream = test_stream();
        peer_socket listener;
        fer_socket_addr addrs[3] = {refusing_addr(first), refusing_addr(family),
                                    accepting_addr(family, &listener)};
        for (size_t begin = 0; begin < 3; begin++) {
            assert_ok(connect_by(way, stream, addrs + begin, 3 - begin));
            assert_is_of(stream, family, &addrs[2]);
            assert_exchange(stream, peer_accept(listener));
            fer_tcp_stream_close(stream);
        }
    }
}

RULE_TESTS("crossings")

/* received_outputs.c: the outputs of receives, accepts, waits for events, lookups and connects with
 * bytes that are not zero before the call: after a success each member has a value of this call,
 * and after a failure all are unchanged, except where the header says otherwise. Queries:
 * outputs.c. Batches: udp_control.c. */
#include "conformance/datagram_check.h"
#include "conformance/output_check.h"
#include "ferrule/io.h"
#include "support/poller_fixture.h"

enum { CAP = 64 };

/* ---- Datagrams, received in every way, into buffers of several lengths */

static const struct {
    const char *text;
    size_t cap;
} datagrams[] = {{"datagram", CAP}, {"datagram", 8}, {"datagram", 3}, {"datagram", 0},
                 {"", CAP},         {"", 0},         {"another", CAP}};
enum { DATAGRAMS = sizeof datagrams / sizeof datagrams[0] };

#define UDP_RECEIVES(X)                                                                   \
    X(recv_from, fer_udp_socket_recv_from(s, buf, cap, out))                              \
    X(recv, fer_udp_socket_recv(s, buf, cap, out))                                        \
    X(try_recv_from, fer_udp_socket_try_recv_from(s, buf, cap, out))                      \
    X(socket_recv_from, fer_socket_recv_from(fer_udp_socket_as_socket(s), buf, cap, out)) \
    X(peek_from, fer_udp_socket_peek_from(s, buf, cap, out))                              \
    X(peek, fer_udp_socket_peek(s, buf, cap, out))                                        \
    X(try_peek_from, fer_udp_socket_try_peek_from(s, buf, cap, out))

#define RECEIVE_FUNCTION(name, call)                                                          \
    static fer_error name##_(fer_udp_socket *s, void *buf, size_t cap, fer_udp_received *out) \
    {                                                                                         \
        return call;                                                                          \
    }
UDP_RECEIVES(RECEIVE_FUNCTION)

enum { PEEKS_FROM = 4 };
#define RECEIVE_ROW(name, call) name##_,
static fer_error (*const udp_receives[])(fer_udp_socket *s, void *buf, size_t cap,
                                         fer_udp_received *out) = {UDP_RECEIVES(RECEIVE_ROW)};
enum { UDP_WAYS = sizeof udp_receives / sizeof udp_receives[0] };

/* Its flag may have any byte before the call. */
union received {
    fer_udp_received udp;
    fer_unix_received unix_datagram;
    fer_unix_received_handles handles;
};

static void check_udp_receive(const struct udp_pair *pair, size_t way, size_t which)
{
    const char *text = datagrams[which].text;
    size_t len = strlen(text);
    size_t cap = datagrams[which].cap;
    union received got;
    char buf[CAP];
    soil(&got, sizeof got);
    assert_ok(udp_receives[way](pair->socket, cap == 0 ? NULL : buf, cap, &got.udp));
    assert_int_equal(got.udp.len, cap < len ? cap : len);
    assert_memory_equal(buf, text, got.udp.len);
    assert_int_equal(*((unsigned char *)&got + offsetof(fer_udp_received, truncated)), cap < len);
    assert_true(is_same_addr(&got.udp.from, &pair->other_addr));
}

/* In nonblocking mode, with a timeout, and with a deadline that is reached; then a datagram is
 * received. */
UDP_TEST("outputs", a_receive_of_nothing_leaves_its_output_and_the_next_one_fills_it_in)
{
    static const fer_error_kind kinds[] = {FER_WOULD_BLOCK, FER_TIMED_OUT, FER_TIMED_OUT};
    for (size_t way = 0; way < UDP_WAYS; way++) {
        bool never_waits =
            udp_receives[way] == try_recv_from_ || udp_receives[way] == try_peek_from_;
        for (size_t which = 0; which < DATAGRAMS; which++) {
            size_t how = which % 3;
            const fer_limits past = {.deadline = fer_instant_now()};
            union received got;
            char buf[CAP];
            assert_ok(fer_udp_socket_set_nonblocking(pair.socket, how == 0));
            assert_ok(fer_udp_socket_set_read_timeout(pair.socket,
                                                      how == 1 ? millis(1) : FER_DURATION_NONE));
            assert_ok(fer_udp_socket_set_limits(pair.socket, how == 2 ? &past : NULL));
            soil(&got, sizeof got);
            assert_kind(udp_receives[way](pair.socket, buf, CAP, &got.udp),
                        never_waits ? FER_WOULD_BLOCK : kinds[how]);
            assert_true(is_soiled(&got, sizeof got));
            assert_ok(fer_udp_socket_set_limits(pair.socket, NULL));
            send_from_peer(&pair, datagrams[which].text);
            wait_until_queued(pair.socket);
            check_udp_receive(&pair, way, which);
            if (way >= PEEKS_FROM) {
                check_udp_receive(&pair, 0, which);
            }
        }
    }
}

/* ---- Unix sockets */

static fer_error receive_unix(fer_unix_datagram *s, size_t way, void *buf, size_t cap,
                              union received *out)
{
    switch (way) {
    case 0: return fer_unix_datagram_recv_from(s, buf, cap, &out->unix_datagram);
    case 1: return fer_unix_datagram_recv(s, buf, cap, &out->unix_datagram);
    case 2: return fer_unix_datagram_try_recv_from(s, buf, cap, &out->unix_datagram);
    default: return fer_unix_datagram_recv_handles(s, buf, cap, NULL, 0, &out->handles);
    }
}

static void check_unix_receive(fer_unix_datagram *receiver, size_t way, size_t which,
                               const char *sender)
{
    size_t len = strlen(datagrams[which].text);
    size_t cap = datagrams[which].cap;
    union received got;
    char buf[CAP];
    soil(&got, sizeof got);
    assert_ok(receive_unix(receiver, way, cap == 0 ? NULL : buf, cap, &got));
    const unsigned char *bytes = (const unsigned char *)&got;
    const fer_unix_addr *from = way < 3 ? &got.unix_datagram.from : &got.handles.from;
    assert_int_equal(way < 3 ? got.unix_datagram.len : got.handles.len, cap < len ? cap : len);
    assert_int_equal(bytes[way < 3 ? offsetof(fer_unix_received, truncated)
                                   : offsetof(fer_unix_received_handles, truncated)],
                     cap < len);
    if (way == 3) {
        assert_int_equal(got.handles.count, 0);
        assert_int_equal(bytes[offsetof(fer_unix_received_handles, handles_truncated)], 0);
    }
    if (sender != NULL) {
        assert_path(from, sender);
    } else {
        assert_unnamed(from);
    }
}

UNIX_DATAGRAM_TEST("outputs", every_receive_of_a_unix_datagram_fills_in_its_output)
{
    const char *path = unix_peer_path("receiver");
    const char *senders[2] = {unix_peer_path("sender"), NULL};
    fer_unix_datagram *receiver = test_unix_bound(path);
    fer_unix_datagram *sockets[2] = {test_unix_bound(senders[0]), test_unix_unbound()};
    size_t n = 0;
    for (size_t way = 0; way < 4; way++) {
        union received got;
        char buf[CAP];
        for (size_t i = 0; i < 2 * DATAGRAMS; i++) {
            const char *text = datagrams[i / 2].text;
            size_t len = strlen(text);
            if (way == 3 && datagrams[i / 2].cap == 0) {
                continue; /* a receive of handles needs a buffer */
            }
            assert_ok_n(fer_unix_datagram_send_to(sockets[i % 2], text, len, path, &n), n, len);
            check_unix_receive(receiver, way, i / 2, senders[i % 2]);
        }
        soil(&got, sizeof got);
        assert_ok(fer_unix_datagram_set_nonblocking(receiver, true));
        assert_kind(receive_unix(receiver, way, buf, CAP, &got), FER_WOULD_BLOCK);
        assert_ok(fer_unix_datagram_set_nonblocking(receiver, false));
        assert_ok(fer_unix_datagram_set_read_timeout(receiver, millis(1)));
        assert_kind(receive_unix(receiver, way, buf, CAP, &got),
                    way == 2 ? FER_WOULD_BLOCK : FER_TIMED_OUT);
        assert_true(is_soiled(&got, sizeof got));
        assert_ok(fer_unix_datagram_set_read_timeout(receiver, FER_DURATION_NONE));
    }
}

/* "of a stream they are false and the unnamed address" (unix.h). */
static void assert_no_handles(const union received *got, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)got;
    assert_int_equal(got->handles.len, len);
    assert_int_equal(got->handles.count, 0);
    assert_int_equal(bytes[offsetof(fer_unix_received_handles, handles_truncated)], 0);
    assert_int_equal(bytes[offsetof(fer_unix_received_handles, truncated)], 0);
    assert_unnamed(&got->handles.from);
}

UNIX_TEST("outputs", a_receive_of_handles_fills_in_its_output)
{
    struct unix_ends ends = unix_ends_open();
    union received got;
    fer_raw_socket handles[2];
    char buf[CAP];
    soil(&got, sizeof got);
    assert_ok(fer_unix_stream_set_nonblocking(ends.one, true));
    assert_kind(fer_unix_stream_recv_handles(ends.one, buf, CAP, handles, 2, &got.handles),
                FER_WOULD_BLOCK);
    assert_true(is_soiled(&got, sizeof got));
    assert_ok(fer_unix_stream_set_nonblocking(ends.one, false));
    assert_ok(fer_unix_stream_write_all(ends.other, "text", 4, NULL));
    assert_ok(fer_unix_stream_recv_handles(ends.one, buf, CAP, handles, 2, &got.handles));
    assert_no_handles(&got, 4);
    assert_ok(fer_unix_stream_shutdown(ends.other, FER_SHUTDOWN_WRITE));
    for (int i = 0; i < 2; i++) {
        soil(&got, sizeof got);
        assert_ok(fer_unix_stream_recv_handles(ends.one, buf, CAP, handles, 2, &got.handles));
        assert_no_handles(&got, 0);
    }
}

/* ---- Accepts */

FAMILY_LISTENER_TEST("outputs", every_accept_fills_in_the_peer)
{
    for (int tries = 0; tries < 2; tries++) {
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr peer;
        soil(&peer, sizeof peer);
        assert_kind(fer_tcp_listener_try_accept(listener, stream, &peer), FER_WOULD_BLOCK);
        assert_true(is_soiled(&peer, sizeof peer));
        peer_socket other = peer_connect(family, port);
        fer_socket_addr wanted = loopback(family, peer_local_port(other));
        assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
        assert_ok(tries ? fer_tcp_listener_try_accept(listener, stream, &peer)
                        : fer_tcp_listener_accept(listener, stream, &peer));
        assert_true(is_same_addr(&peer, &wanted));
    }
}

/* ---- Events: "reserved_ is 0", and after a failure the count is 0 and notified is false */

static struct {
    fer_event events[4];
    size_t count;
    unsigned char notified[sizeof(bool)];
} wait;

static fer_error wait_with(fer_poller *poller, uint64_t nanos, size_t cap)
{
    soil(&wait, sizeof wait);
    return fer_poller_wait(poller, fer_duration_from_nanos(nanos), wait.events, cap, &wait.count,
                           (bool *)(void *)wait.notified);
}

static void assert_waited(fer_error error, size_t count, bool notified)
{
    assert_ok(error);
    assert_int_equal(wait.count, count);
    assert_int_equal(wait.notified[0], notified);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(wait.events[i].key, 7);
        assert_int_equal(wait.events[i].interest, FER_READABLE);
        assert_int_equal(wait.events[i].reserved_, 0);
    }
}

MAILBOX_TEST("outputs", a_wait_fills_in_its_events_the_count_and_the_notification)
{
    static const fer_poll_mode modes[] = {FER_POLL_LEVEL, FER_POLL_ONESHOT};
    for (size_t i = 0; i < 2; i++) {
        assert_waited(wait_with(poller, 0, 4), 0, false);
        assert_ok(fer_poller_notify(poller));
        assert_waited(wait_with(poller, FER_DURATION_NONE_NANOS, 4), 0, true);
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(7), modes[i]));
        assert_waited(wait_with(poller, 1000000, 4), 0, false);
        mailbox_send(mailbox);
        assert_waited(wait_with(poller, FER_DURATION_NONE_NANOS, 4), 1, false);
        assert_ok(fer_poller_delete(poller, mailbox->raw));
        mailbox_drain(mailbox);
        assert_own(wait_with(poller, 0, 0), FER_INVALID_INPUT);
        assert_true(wait.count == 0 && wait.notified[0] == 0);
        assert_true(is_soiled(wait.events, sizeof wait.events));
    }
}

/* ---- Lookups, in every way. "*count and addrs are unchanged after a failure" (resolve.h) */

static fer_resolver resolver;
static fer_lookup lookup;

static int lookups_begin(void **state)
{
    memset(&resolver, 0, sizeof resolver);
    memset(&lookup, 0, sizeof lookup);
    int result = test_begin(state);
    assert_ok(fer_resolver_new(&resolver, NULL));
    return result;
}

static int lookups_end(void **state)
{
    fer_lookup_close(&lookup);
    FER_IGNORE(fer_resolver_close_gracefully(&resolver, NULL));
    return test_end(state);
}

enum { LOOKUP_WAYS = 6, ADDRS = 3 };
static struct {
    fer_socket_addr addrs[ADDRS];
    size_t count;
} found;

static fer_error look_up(size_t way, const char *host, const char *text, size_t cap)
{
    const fer_lookup_options options = {.resolver = &resolver};
    soil(&found, sizeof found);
    switch (way) {
    case 0: return fer_to_socket_addrs(text, found.addrs, cap, &found.count);
    case 1: return fer_lookup_host(host, 80, found.addrs, cap, &found.count);
    case 2: return fer_to_socket_addrs_with(text, NULL, found.addrs, cap, &found.count);
    case 3: return fer_to_socket_addrs_with(text, &options, found.addrs, cap, &found.count);
    case 4: return fer_lookup_host_with(host, 80, &options, found.addrs, cap, &found.count);
    default: break;
    }
    FER_TRY(fer_resolver_start(&resolver, text, NULL, NULL, 3, &lookup));
    fer_error error = fer_lookup_wait(&lookup, FER_DURATION_NONE, found.addrs, cap, &found.count);
    fer_lookup_close(&lookup);
    return error;
}

TEST_OF(a_lookup_fills_in_its_addresses_and_the_count, (void), (),
        TEST_ROW("outputs a_lookup_fills_in_its_addresses_and_the_count",
                 a_lookup_fills_in_its_addresses_and_the_count, lookups_begin, lookups_end, NULL))
{
    static const struct {
        const char *host;
        const char *text;
    } hosts[] = {
        {"127.0.0.1", "127.0.0.1:80"}, {"::1", "[::1]:80"}, {"fe80::1%7", "[fe80::1%7]:80"}};
    for (size_t i = 0; i < 3 * LOOKUP_WAYS; i++) {
        fer_socket_addr wanted;
        const char *host = hosts[i / LOOKUP_WAYS].host;
        const char *text = hosts[i / LOOKUP_WAYS].text;
        assert_ok(fer_socket_addr_parse(&wanted, text));
        for (size_t cap = 0; cap <= ADDRS; cap++) {
            size_t stored = cap > 0;
            assert_ok(look_up(i % LOOKUP_WAYS, host, text, cap));
            assert_int_equal(found.count, 1);
            assert_true(stored == 0 || is_same_addr(&found.addrs[0], &wanted));
            assert_true(is_soiled(found.addrs + stored, (ADDRS - stored) * sizeof found.addrs[0]));
        }
        assert_true(look_up(i % LOOKUP_WAYS, "a b", "a b:80", ADDRS).kind != FER_OK);
        assert_true(is_soiled(&found, sizeof found));
    }
}

/* ---- Connects that fail */

static struct {
    fer_connect_failure failures[3];
    size_t count;
} failed;

static void assert_failure_is(size_t at, const fer_socket_addr *addr, uint64_t start)
{
    const fer_connect_failure *failure = &failed.failures[at];
    assert_true(is_same_addr(&failure->addr, addr));
    assert_int_equal(failure->error.kind, FER_CONNECTION_REFUSED);
    assert_true(failure->elapsed.nanos / 1000 <= microseconds_since(start));
    assert_int_equal(failure->step, FER_CONNECT_STEP_CONNECT);
    assert_int_equal(failure->unused_, 0);
}

FAMILY_TEST("outputs", each_failure_of_a_connect_is_filled_in)
{
    uint16_t port = 0;
    assert_true(peer_refuse(family, &port));
    const fer_socket_addr addr = loopback(family, port);
    const fer_socket_addr addrs[2] = {addr, addr};
    fer_connect_options options = {
        .failures = failed.failures, .failures_cap = 3, .failures_count = &failed.count};
    uint64_t start = peer_now_us();
    soil(&failed, sizeof failed);
    assert_kind(fer_tcp_stream_connect_addrs(test_stream(), addrs, 2, &options),
                FER_CONNECTION_REFUSED);
    assert_int_equal(failed.count, 2);
    assert_failure_is(0, &addr, start);
    assert_failure_is(1, &addr, start);
    assert_true(is_soiled(&failed.failures[2], sizeof failed.failures[2]));
}

RULE_TESTS("received_outputs")

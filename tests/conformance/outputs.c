/* outputs.c: the outputs of every call that queries an open handle, in every state, with bytes that
 * are not zero before the call: "After a failure the out-parameters are unchanged" (tcp.h), and
 * after a success each member has a value of this call. Receives, events and lookups:
 * received_outputs.c. Handles that are not open: misuse.h. */
#include "conformance/datagram_check.h"
#include "conformance/output_check.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"

/* ---- The outputs */

enum output {
    BYTES, /* no padding */
    FLAG,
    ADDR,
    NAME,
    KEEPALIVE,
    TAKEN
};

union storage {
    unsigned char bytes[128];
    bool flag;
    fer_socket_addr addr;
    fer_unix_addr name;
    fer_tcp_keepalive keepalive;
    fer_error error;
    uint64_t aligned;
};

static bool is_same_name(const fer_unix_addr *one, const fer_unix_addr *other)
{
    const char *path = fer_unix_addr_as_pathname(one);
    const char *other_path = fer_unix_addr_as_pathname(other);
    if (path != NULL && other_path != NULL) {
        return strcmp(path, other_path) == 0;
    }
    return path == NULL && other_path == NULL && fer_unix_addr_is_unnamed(one) &&
           fer_unix_addr_is_unnamed(other);
}

static bool is_same_keepalive(const union storage *one, const union storage *other)
{
    const fer_tcp_keepalive *keepalive = &other->keepalive;
    return one->bytes[offsetof(fer_tcp_keepalive, enabled)] <= 1 &&
           one->keepalive.enabled == keepalive->enabled &&
           one->keepalive.time.nanos == keepalive->time.nanos &&
           one->keepalive.interval.nanos == keepalive->interval.nanos &&
           one->keepalive.retries == keepalive->retries;
}

/* A pending error is taken by the first call only. */
static bool is_taken(fer_error one, fer_error other)
{
    return (one.kind == other.kind && one.os_code == other.os_code) ||
           (fer_error_kind_name(one.kind)[0] != '\0' && other.kind == FER_OK && other.os_code == 0);
}

/* Two calls stored the same value over different bytes. */
static bool is_same(enum output output, size_t size, const union storage *one,
                    const union storage *other)
{
    switch (output) {
    case FLAG: return one->bytes[0] <= 1 && one->bytes[0] == other->bytes[0];
    case ADDR: return is_same_addr(&one->addr, &other->addr);
    case NAME: return is_same_name(&one->name, &other->name);
    case KEEPALIVE: return is_same_keepalive(one, other);
    case TAKEN: return is_taken(one->error, other->error);
    case BYTES:
    default: return memcmp(one, other, size) == 0;
    }
}

/* ---- The calls, on a handle of the row's type */

struct row {
    const char *text;
    enum output output;
    size_t size;
    fer_error (*call)(void *handle, void *out);
};

#define GETTER_FUNCTION(type, name, output, value)             \
    static fer_error type##_##name##_(void *handle, void *out) \
    {                                                          \
        return type##_##name(handle, out);                     \
    }
#define GETTER_ROW(type, name, output, value) \
    {#type "_" #name, output, sizeof(value), type##_##name##_},

#define TIMEOUT_GETTERS(X, type)                \
    X(type, read_timeout, BYTES, fer_duration)  \
    X(type, write_timeout, BYTES, fer_duration) \
    X(type, take_error, TAKEN, fer_error)

#define STREAM_GETTERS(X)                                \
    TIMEOUT_GETTERS(X, fer_tcp_stream)                   \
    X(fer_tcp_stream, peer_addr, ADDR, fer_socket_addr)  \
    X(fer_tcp_stream, local_addr, ADDR, fer_socket_addr) \
    X(fer_tcp_stream, nodelay, FLAG, bool)               \
    X(fer_tcp_stream, ttl, BYTES, uint32_t)              \
    X(fer_tcp_stream, linger, BYTES, fer_duration)       \
    X(fer_tcp_stream, keepalive, KEEPALIVE, fer_tcp_keepalive)

#define LISTENER_GETTERS(X)                                \
    X(fer_tcp_listener, local_addr, ADDR, fer_socket_addr) \
    X(fer_tcp_listener, ttl, BYTES, uint32_t)              \
    X(fer_tcp_listener, take_error, TAKEN, fer_error)

#define UDP_GETTERS(X)                                       \
    TIMEOUT_GETTERS(X, fer_udp_socket)                       \
    X(fer_udp_socket, peer_addr, ADDR, fer_socket_addr)      \
    X(fer_udp_socket, local_addr, ADDR, fer_socket_addr)     \
    X(fer_udp_socket, ttl, BYTES, uint32_t)                  \
    X(fer_udp_socket, broadcast, FLAG, bool)                 \
    X(fer_udp_socket, multicast_loop_v4, FLAG, bool)         \
    X(fer_udp_socket, multicast_ttl_v4, BYTES, uint32_t)     \
    X(fer_udp_socket, multicast_loop_v6, FLAG, bool)         \
    X(fer_udp_socket, features, BYTES, fer_udp_capabilities) \
    X(fer_udp_socket, dont_fragment, FLAG, bool)             \
    X(fer_udp_socket, path_mtu, BYTES, uint32_t)

#define UNIX_STREAM_GETTERS(X)                          \
    TIMEOUT_GETTERS(X, fer_unix_stream)                 \
    X(fer_unix_stream, local_addr, NAME, fer_unix_addr) \
    X(fer_unix_stream, peer_addr, NAME, fer_unix_addr)  \
    X(fer_unix_stream, peer_cred, BYTES, fer_unix_cred)

#define UNIX_LISTENER_GETTERS(X)                          \
    X(fer_unix_listener, local_addr, NAME, fer_unix_addr) \
    X(fer_unix_listener, take_error, TAKEN, fer_error)

#define UNIX_DATAGRAM_GETTERS(X)                          \
    TIMEOUT_GETTERS(X, fer_unix_datagram)                 \
    X(fer_unix_datagram, local_addr, NAME, fer_unix_addr) \
    X(fer_unix_datagram, peer_addr, NAME, fer_unix_addr)

#define SOCKET_GETTERS(X)                                  \
    TIMEOUT_GETTERS(X, fer_socket)                         \
    X(fer_socket, domain, BYTES, fer_domain)               \
    X(fer_socket, type, BYTES, fer_type)                   \
    X(fer_socket, protocol, BYTES, int)                    \
    X(fer_socket, is_listening, FLAG, bool)                \
    X(fer_socket, reuse_address, FLAG, bool)               \
    X(fer_socket, reuse_port, FLAG, bool)                  \
    X(fer_socket, only_v6, FLAG, bool)                     \
    X(fer_socket, recv_buffer_size, BYTES, size_t)         \
    X(fer_socket, send_buffer_size, BYTES, size_t)         \
    X(fer_socket, keepalive, KEEPALIVE, fer_tcp_keepalive) \
    X(fer_socket, tcp_user_timeout, BYTES, fer_duration)   \
    X(fer_socket, linger, BYTES, fer_duration)             \
    X(fer_socket, nodelay, FLAG, bool)                     \
    X(fer_socket, ttl, BYTES, uint32_t)                    \
    X(fer_socket, tos, BYTES, uint32_t)                    \
    X(fer_socket, broadcast, FLAG, bool)                   \
    X(fer_socket, inheritable, FLAG, bool)                 \
    X(fer_socket, local_addr, ADDR, fer_socket_addr)       \
    X(fer_socket, local_addr_unix, NAME, fer_unix_addr)    \
    X(fer_socket, peer_addr, ADDR, fer_socket_addr)

#define GETTERS(name, LIST)                                     \
    LIST(GETTER_FUNCTION)                                       \
    static const struct row name##_rows[] = {LIST(GETTER_ROW)}; \
    enum { name##_count = sizeof name##_rows / sizeof name##_rows[0] };

GETTERS(stream, STREAM_GETTERS)
GETTERS(listener, LISTENER_GETTERS)
GETTERS(udp, UDP_GETTERS)
GETTERS(unix_stream, UNIX_STREAM_GETTERS)
GETTERS(unix_listener, UNIX_LISTENER_GETTERS)
GETTERS(unix_datagram, UNIX_DATAGRAM_GETTERS)
GETTERS(socket, SOCKET_GETTERS)

/* ---- Checking */

static void check_row(const struct row *row, void *handle, const char *state)
{
    union storage one;
    union storage other;
    memset(&one, DIRT, sizeof one);
    memset(&other, OTHER_DIRT, sizeof other);
    const union storage dirty = one;
    const union storage other_dirty = other;
    fer_error first = row->call(handle, &one);
    fer_error second = row->call(handle, &other);
    bool is_right = first.kind == second.kind && first.os_code == second.os_code;
    if (first.kind == FER_OK) {
        is_right = is_right && is_same(row->output, row->size, &one, &other);
    } else {
        is_right = is_right && memcmp(&one, &dirty, sizeof one) == 0;
        is_right = is_right && memcmp(&other, &other_dirty, sizeof other) == 0;
    }
    /* nothing is written behind the output */
    is_right = is_right && is_soiled(one.bytes + row->size, sizeof one - row->size);
    if (!is_right) {
        fail_msg("%s, %s: %s, then %s", row->text, state, fer_error_kind_name(first.kind),
                 fer_error_kind_name(second.kind));
    }
}

static void check_rows_of(const struct row *rows, size_t count, void *handle, const char *state)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i], handle, state);
    }
}

static void check_socket(fer_socket *socket, const char *state)
{
    check_rows_of(socket_rows, socket_count, socket, state);
}

/* The getters of the handle's type, and those of every socket. */
#define CHECK(name, type, handle, state)                             \
    do {                                                             \
        check_rows_of(name##_rows, name##_count, (handle), (state)); \
        check_socket(type##_as_socket(handle), (state));             \
    } while (0)

/* ---- Streams */

PAIR_TEST("outputs", the_queries_of_a_stream_fill_in_or_leave_their_outputs)
{
    fer_tcp_stream *stream = &pair->stream;
    CHECK(stream, fer_tcp_stream, stream, "connected");
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(40)));
    assert_ok(fer_tcp_stream_set_linger(stream, millis(1000)));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    CHECK(stream, fer_tcp_stream, stream, "with options");
    pair_send(pair, "x", 1);
    CHECK(stream, fer_tcp_stream, stream, "readable");
    pair_close_other(pair);
    CHECK(stream, fer_tcp_stream, stream, "the peer has closed");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    CHECK(stream, fer_tcp_stream, stream, "shut down");
}

PAIR_TEST("outputs", the_queries_of_a_reset_stream_fill_in_or_leave_their_outputs)
{
    fer_tcp_stream *stream = &pair->stream;
    pair_reset_and_wait(pair);
    CHECK(stream, fer_tcp_stream, stream, "reset");
    assert_reads_fail(stream, FER_CONNECTION_RESET);
    CHECK(stream, fer_tcp_stream, stream, "its reset was read");
}

SOCKET_FAMILY_TEST("outputs", the_queries_of_a_built_stream_fill_in_or_leave_their_outputs)
{
    fer_socket_addr refusing = refusing_addr(family);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_tcp_stream *stream = test_stream();
    check_socket(socket, "new");
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_bind(socket, &addr));
    check_socket(socket, "bound");
    (void)start_connect(socket, &refusing);
    (void)await_connect(socket);
    check_socket(socket, "refused");
    fer_socket *fresh = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    assert_ok(fer_socket_into_tcp_stream(fresh, stream));
    CHECK(stream, fer_tcp_stream, stream, "unconnected");
    check_socket(fresh, "closed");
    check_socket(NULL, "NULL");
}

FAMILY_LISTENER_TEST("outputs", the_queries_of_a_listener_fill_in_or_leave_their_outputs)
{
    fer_tcp_listener *clone = test_listener();
    CHECK(listener, fer_tcp_listener, listener, "listening");
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    CHECK(listener, fer_tcp_listener, clone, "a clone");
    assert_true(peer_connect(family, port) != PEER_NONE);
    CHECK(listener, fer_tcp_listener, listener, "acceptable");
}

/* ---- Datagrams */

UDP_TEST("outputs", the_queries_of_a_datagram_socket_fill_in_or_leave_their_outputs)
{
    fer_udp_socket *socket = pair.socket;
    fer_udp_features enabled = 0;
    CHECK(udp, fer_udp_socket, socket, "bound");
    assert_ok(fer_udp_socket_enable(socket, FER_UDP_ECN | FER_UDP_LOCAL_ADDR, &enabled));
    CHECK(udp, fer_udp_socket, socket, "with features");
    connect_to_peer(&pair);
    CHECK(udp, fer_udp_socket, socket, "connected");
    fer_udp_socket *clone = test_udp();
    assert_ok(fer_udp_socket_try_clone(socket, clone));
    CHECK(udp, fer_udp_socket, clone, "a clone");
}

SOCKET_FAMILY_TEST("outputs", the_queries_of_a_built_datagram_socket_fill_in_or_leave_their_outputs)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_udp_socket *udp = test_udp();
    check_socket(socket, "new");
    assert_ok(fer_socket_into_udp_socket(socket, udp));
    CHECK(udp, fer_udp_socket, udp, "unbound");
    FER_IGNORE(fer_socket_shutdown(fer_udp_socket_as_socket(udp), FER_SHUTDOWN_READ));
    check_socket(fer_udp_socket_as_socket(udp), "shut down");
}

/* ---- Unix sockets */

UNIX_PAIR_TEST("outputs", the_queries_of_a_unix_stream_fill_in_or_leave_their_outputs)
{
    fer_unix_stream *stream = pair.stream;
    CHECK(unix_stream, fer_unix_stream, stream, "connected");
    peer_close(pair.other);
    CHECK(unix_stream, fer_unix_stream, stream, "the peer has closed");
    assert_ok(fer_unix_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    CHECK(unix_stream, fer_unix_stream, stream, "shut down");
}

UNIX_STREAM_TEST("outputs", the_queries_of_a_unix_listener_fill_in_or_leave_their_outputs)
{
    fer_unix_listener *listener = test_unix_listening(unix_peer_path("listener"));
    CHECK(unix_listener, fer_unix_listener, listener, "listening");
    assert_true(unix_peer_connect(unix_peer_path("listener"), NULL) != PEER_NONE);
    CHECK(unix_listener, fer_unix_listener, listener, "acceptable");
}

UNIX_DATAGRAM_TEST("outputs", the_queries_of_a_unix_datagram_fill_in_or_leave_their_outputs)
{
    fer_unix_datagram *one = test_unix_unbound();
    fer_unix_datagram *other = test_unix_bound(unix_peer_path("bound"));
    CHECK(unix_datagram, fer_unix_datagram, one, "unbound");
    CHECK(unix_datagram, fer_unix_datagram, other, "bound");
    assert_ok(fer_unix_datagram_connect(one, unix_peer_path("bound")));
    CHECK(unix_datagram, fer_unix_datagram, one, "connected");
    fer_unix_datagram_close(other);
    CHECK(unix_datagram, fer_unix_datagram, one, "the peer has closed");
}

SOCKET_TEST("outputs", the_queries_of_a_built_unix_socket_fill_in_or_leave_their_outputs)
{
    skip_without_unix_streams();
    check_socket(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM), "new");
    skip_without_unix_datagrams();
    check_socket(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_DGRAM), "new");
}

RULE_TESTS("outputs")

/* outputs.c: the outputs of every call that queries an open handle, in every state, with bytes that
 * are not zero before the call: "After a failure the out-parameters are unchanged" (tcp.h), and
 * after a success each member has a value of this call. Receives, events and lookups:
 * received_outputs.c. Handles that are not open: misuse.c. */
#include "conformance/datagram_check.h"
#include "conformance/output_check.h"
#include "ferrule/udp_batch.h"
#include "support/functions.h"
#include "support/socket_fixture.h"

/* ---- The outputs */

union storage {
    unsigned char bytes[128];
    fer_socket_addr addr;
    fer_unix_addr name;
    fer_tcp_keepalive keepalive;
    fer_error error;
    uint64_t aligned;
};

static bool is_same_addr_of(const union storage *one, const union storage *other)
{
    return is_same_addr(&one->addr, &other->addr);
}

static bool is_same_name(const union storage *one, const union storage *other)
{
    const char *path = fer_unix_addr_as_pathname(&one->name);
    const char *other_path = fer_unix_addr_as_pathname(&other->name);
    if (path != NULL && other_path != NULL) {
        return strcmp(path, other_path) == 0;
    }
    return path == NULL && other_path == NULL && fer_unix_addr_is_unnamed(&one->name) &&
           fer_unix_addr_is_unnamed(&other->name);
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
static bool is_taken(const union storage *one, const union storage *other)
{
    return memcmp(&one->error, &other->error, sizeof one->error) == 0 ||
           (fer_error_kind_name(one->error.kind)[0] != '\0' && other->error.kind == FER_OK &&
            other->error.os_code == 0);
}

/* The types of outputs. Two calls store the same over different bytes; NULL: every byte is the
 * same, because the type has no padding. */
static const struct output {
    const char *type;
    size_t size;
    bool (*is_same)(const union storage *one, const union storage *other);
} outputs[] = {
    {"bool", sizeof(bool), NULL},
    {"int", sizeof(int), NULL},
    {"size_t", sizeof(size_t), NULL},
    {"uint32_t", sizeof(uint32_t), NULL},
    {"fer_duration", sizeof(fer_duration), NULL},
    {"fer_ipv4_addr", sizeof(fer_ipv4_addr), NULL},
    {"fer_domain", sizeof(fer_domain), NULL},
    {"fer_type", sizeof(fer_type), NULL},
    {"fer_udp_capabilities", sizeof(fer_udp_capabilities), NULL},
    {"fer_unix_cred", sizeof(fer_unix_cred), NULL},
    {"fer_error", sizeof(fer_error), is_taken},
    {"fer_socket_addr", sizeof(fer_socket_addr), is_same_addr_of},
    {"fer_unix_addr", sizeof(fer_unix_addr), is_same_name},
    {"fer_tcp_keepalive", sizeof(fer_tcp_keepalive), is_same_keepalive},
};

static const struct output *output_of(const char *type)
{
    size_t i = 0;
    while (i < sizeof outputs / sizeof outputs[0] && strcmp(outputs[i].type, type) != 0) {
        i++;
    }
    if (i == sizeof outputs / sizeof outputs[0]) {
        fail_msg("outputs has no %s", type);
    }
    return &outputs[i];
}

/* ---- Checking */

/* Nothing is written behind the output. */
static void check_call(const struct function *function, void *handle, const char *state)
{
    const struct output *output = output_of(function->parameters[1].type);
    struct function_result results[2] = {{{FER_OK, 0}, 0}, {{FER_OK, 0}, 0}};
    union storage one;
    union storage other;
    memset(&one, DIRT, sizeof one);
    memset(&other, OTHER_DIRT, sizeof other);
    const union storage other_dirty = other;
    function->call((void *const[]){handle, &one}, &results[0]);
    function->call((void *const[]){handle, &other}, &results[1]);
    fer_error first = results[0].error;
    size_t written = first.kind == FER_OK ? output->size : 0;
    bool is_right = memcmp(&first, &results[1].error, sizeof first) == 0 &&
                    is_soiled(one.bytes + written, sizeof one - written) &&
                    memcmp(other.bytes + written, other_dirty.bytes, sizeof other - written) == 0;
    if (written > 0 && strcmp(output->type, "bool") == 0) {
        is_right = is_right && one.bytes[0] <= 1;
    }
    if (written > 0) {
        is_right = is_right && (output->is_same != NULL ? output->is_same(&one, &other)
                                                        : memcmp(&one, &other, written) == 0);
    }
    if (!is_right) {
        fail_msg("%s, %s: %s, then %s", function->name, state, fer_error_kind_name(first.kind),
                 fer_error_kind_name(results[1].error.kind));
    }
}

/* Every function of the type that has an output and no argument else. */
static void check(enum handle_type type, void *handle, const char *state)
{
    size_t called = 0;
    for (size_t i = 0; i < functions_count; i++) {
        const struct function *function = &functions[i];
        if (function->count == 2 && parameter_handle(function, 0) == type &&
            !parameter_is_opened(function, 0) && parameter_is_output(function, 1)) {
            check_call(function, handle, state);
            called++;
        }
    }
    assert_true(called > 0);
}

static void check_socket(fer_socket *socket, const char *state)
{
    check(INDEX_OF_fer_socket, socket, state);
}

/* The getters of the handle's type, and those of every socket. */
#define CHECK(type, handle, state)                       \
    do {                                                 \
        check(INDEX_OF_##type, (handle), (state));       \
        check_socket(type##_as_socket(handle), (state)); \
    } while (0)

/* ---- Streams */

PAIR_TEST("outputs", the_queries_of_a_stream_fill_in_or_leave_their_outputs)
{
    fer_tcp_stream *stream = &pair->stream;
    CHECK(fer_tcp_stream, stream, "connected");
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(40)));
    assert_ok(fer_tcp_stream_set_linger(stream, millis(1000)));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    CHECK(fer_tcp_stream, stream, "with options");
    pair_send(pair, "x", 1);
    CHECK(fer_tcp_stream, stream, "readable");
    pair_close_other(pair);
    CHECK(fer_tcp_stream, stream, "the peer has closed");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    CHECK(fer_tcp_stream, stream, "shut down");
}

PAIR_TEST("outputs", the_queries_of_a_reset_stream_fill_in_or_leave_their_outputs)
{
    fer_tcp_stream *stream = &pair->stream;
    pair_reset_and_wait(pair);
    CHECK(fer_tcp_stream, stream, "reset");
    assert_reads_fail(stream, FER_CONNECTION_RESET);
    CHECK(fer_tcp_stream, stream, "its reset was read");
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
    CHECK(fer_tcp_stream, stream, "unconnected");
    check_socket(fresh, "closed");
    check_socket(NULL, "NULL");
}

FAMILY_LISTENER_TEST("outputs", the_queries_of_a_listener_fill_in_or_leave_their_outputs)
{
    fer_tcp_listener *clone = test_listener();
    CHECK(fer_tcp_listener, listener, "listening");
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    CHECK(fer_tcp_listener, clone, "a clone");
    assert_true(peer_connect(family, port) != PEER_NONE);
    CHECK(fer_tcp_listener, listener, "acceptable");
}

/* ---- Datagrams */

UDP_TEST("outputs", the_queries_of_a_datagram_socket_fill_in_or_leave_their_outputs)
{
    fer_udp_socket *socket = pair.socket;
    fer_udp_features enabled = 0;
    CHECK(fer_udp_socket, socket, "bound");
    assert_ok(fer_udp_socket_enable(socket, FER_UDP_ECN | FER_UDP_LOCAL_ADDR, &enabled));
    CHECK(fer_udp_socket, socket, "with features");
    connect_to_peer(&pair);
    CHECK(fer_udp_socket, socket, "connected");
    fer_udp_socket *clone = test_udp();
    assert_ok(fer_udp_socket_try_clone(socket, clone));
    CHECK(fer_udp_socket, clone, "a clone");
}

SOCKET_FAMILY_TEST("outputs", the_queries_of_a_built_datagram_socket_fill_in_or_leave_their_outputs)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_udp_socket *udp = test_udp();
    check_socket(socket, "new");
    assert_ok(fer_socket_into_udp_socket(socket, udp));
    CHECK(fer_udp_socket, udp, "unbound");
    FER_IGNORE(fer_socket_shutdown(fer_udp_socket_as_socket(udp), FER_SHUTDOWN_READ));
    check_socket(fer_udp_socket_as_socket(udp), "shut down");
}

/* ---- Unix sockets */

UNIX_PAIR_TEST("outputs", the_queries_of_a_unix_stream_fill_in_or_leave_their_outputs)
{
    fer_unix_stream *stream = pair.stream;
    CHECK(fer_unix_stream, stream, "connected");
    peer_close(pair.other);
    CHECK(fer_unix_stream, stream, "the peer has closed");
    assert_ok(fer_unix_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    CHECK(fer_unix_stream, stream, "shut down");
}

UNIX_STREAM_TEST("outputs", the_queries_of_a_unix_listener_fill_in_or_leave_their_outputs)
{
    fer_unix_listener *listener = test_unix_listening(unix_peer_path("listener"));
    CHECK(fer_unix_listener, listener, "listening");
    assert_true(unix_peer_connect(unix_peer_path("listener"), NULL) != PEER_NONE);
    CHECK(fer_unix_listener, listener, "acceptable");
}

UNIX_DATAGRAM_TEST("outputs", the_queries_of_a_unix_datagram_fill_in_or_leave_their_outputs)
{
    fer_unix_datagram *one = test_unix_unbound();
    fer_unix_datagram *other = test_unix_bound(unix_peer_path("bound"));
    CHECK(fer_unix_datagram, one, "unbound");
    CHECK(fer_unix_datagram, other, "bound");
    assert_ok(fer_unix_datagram_connect(one, unix_peer_path("bound")));
    CHECK(fer_unix_datagram, one, "connected");
    fer_unix_datagram_close(other);
    CHECK(fer_unix_datagram, one, "the peer has closed");
}

SOCKET_TEST("outputs", the_queries_of_a_built_unix_socket_fill_in_or_leave_their_outputs)
{
    skip_without_unix_streams();
    check_socket(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM), "new");
    skip_without_unix_datagrams();
    check_socket(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_DGRAM), "new");
}

RULE_TESTS("outputs")

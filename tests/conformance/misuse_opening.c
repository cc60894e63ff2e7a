/* misuse_opening.c: rule E4: every function that opens a handle, with a handle that is NULL or
 * open.
 *
 * E4: "A call that opens a handle checks its state first: NULL or an open handle is MISUSE before
 * any value and before any system call." The open handle is unchanged, and the caller still owns a
 * raw socket. */
#include "conformance/datagram_check.h"
#include "ferrule/cancel.h"
#include "ferrule/connector.h"
#include "support/poller_fixture.h"

/* ---- The arguments of the calls. Those of a good call would open a handle. */

static fer_socket_addr good_addr;
static fer_socket_addr bad_addr;
static fer_unix_addr good_name;
static fer_unix_addr no_name;
static const char *free_path;
static const fer_connect_options good_options = {.family = FER_IP_V4};
static const fer_connect_options bad_options = {.unused_ = {1}};
static const fer_lookup_options bad_lookup = {.unused_ = 1};
static const fer_resolver_options bad_resolver = {.threads = UINT32_MAX};

/* Sockets to adopt. */
static struct raw_sockets {
    fer_raw_socket stream;
    fer_raw_socket listener;
    fer_raw_socket datagram;
    fer_raw_socket unix_stream;
    fer_raw_socket unix_listener;
    fer_raw_socket unix_datagram;
    fer_raw_socket none; /* no socket */
} raws;

/* Open handles to clone, to convert, to accept from or to take a connection from. Those of a type
 * that the system lacks are NULL. */
static struct sources {
    fer_tcp_stream *stream;
    fer_tcp_listener *listener;
    fer_udp_socket *udp;
    fer_socket *built_stream;
    fer_socket *built_datagram;
    fer_unix_stream *unix_stream;
    fer_unix_listener *unix_listener;
    fer_unix_datagram *unix_datagram;
    fer_poller *poller;
} from;
static fer_resolver resolver;
static fer_connector connector;

/* All NEW. */
static struct empty_handles {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_udp_socket udp;
    fer_socket socket;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
    fer_connector connector;
} empty;

/* ---- The table. X(name, type of the handle s, a call with good values, one with bad values) */

#define FROM_RAW(X, type, member, other)                                                     \
    X(type##_from_raw, type, type##_from_raw(s, raws.member), type##_from_raw(s, raws.none)) \
    X(type##_from_raw_of_a_kind, type, type##_from_raw(s, raws.member),                      \
      type##_from_raw(s, raws.other))                                                        \
    X(type##_from_raw_of_no_number, type, type##_from_raw(s, raws.member),                   \
      type##_from_raw(s, FER_RAW_SOCKET_NONE))
#define TRY_CLONE(X, type, member) \
    X(type##_try_clone, type, type##_try_clone(from.member, s), type##_try_clone(&empty.member, s))
#define INTO(X, type, name, good, bad)                                    \
    X(fer_socket_into_##name, type, fer_socket_into_##name(from.good, s), \
      fer_socket_into_##name(from.bad, s))

#define TCP_OPENINGS(X)                                                                           \
    X(connect, fer_tcp_stream, fer_tcp_stream_connect(s, "127.0.0.1:9"),                          \
      fer_tcp_stream_connect(s, "no port"))                                                       \
    X(connect_addr, fer_tcp_stream, fer_tcp_stream_connect_addr(s, &good_addr),                   \
      fer_tcp_stream_connect_addr(s, &bad_addr))                                                  \
    X(connect_timeout, fer_tcp_stream, fer_tcp_stream_connect_timeout(s, &good_addr, millis(9)),  \
      fer_tcp_stream_connect_timeout(s, &good_addr, millis(0)))                                   \
    X(connect_addrs, fer_tcp_stream, fer_tcp_stream_connect_addrs(s, &good_addr, 1, NULL),        \
      fer_tcp_stream_connect_addrs(s, &good_addr, 0, NULL))                                       \
    X(connect_addrs_with, fer_tcp_stream,                                                         \
      fer_tcp_stream_connect_addrs(s, &good_addr, 1, &good_options),                              \
      fer_tcp_stream_connect_addrs(s, &bad_addr, 1, &good_options))                               \
    X(connect_addrs_options, fer_tcp_stream,                                                      \
      fer_tcp_stream_connect_addrs(s, &good_addr, 1, &good_options),                              \
      fer_tcp_stream_connect_addrs(s, &good_addr, 1, &bad_options))                               \
    X(connect_with, fer_tcp_stream, fer_tcp_stream_connect_with(s, "127.0.0.1:9", &good_options), \
      fer_tcp_stream_connect_with(s, "127.0.0.1:9", &bad_options))                                \
    X(connect_host_with, fer_tcp_stream,                                                          \
      fer_tcp_stream_connect_host_with(s, "127.0.0.1", 9, &good_options),                         \
      fer_tcp_stream_connect_host_with(s, "127.0.0.1", 9, &bad_options))                          \
    X(connect_start, fer_tcp_stream, fer_tcp_stream_connect_start(s, &good_addr),                 \
      fer_tcp_stream_connect_start(s, &bad_addr))                                                 \
    X(accept, fer_tcp_stream, fer_tcp_listener_accept(from.listener, s, NULL),                    \
      fer_tcp_listener_accept(&empty.listener, s, NULL))                                          \
    X(try_accept, fer_tcp_stream, fer_tcp_listener_try_accept(from.listener, s, NULL),            \
      fer_tcp_listener_try_accept(&empty.listener, s, NULL))                                      \
    X(connector_take, fer_tcp_stream, fer_connector_take(&connector, s),                          \
      fer_connector_take(&empty.connector, s))                                                    \
    TRY_CLONE(X, fer_tcp_stream, stream)                                                          \
    FROM_RAW(X, fer_tcp_stream, stream, datagram)                                                 \
    INTO(X, fer_tcp_stream, tcp_stream, built_stream, built_datagram)                             \
    X(bind, fer_tcp_listener, fer_tcp_listener_bind(s, "127.0.0.1:0"),                            \
      fer_tcp_listener_bind(s, "no port"))                                                        \
    X(bind_addr, fer_tcp_listener, fer_tcp_listener_bind_addr(s, &good_addr),                     \
      fer_tcp_listener_bind_addr(s, &bad_addr))                                                   \
    TRY_CLONE(X, fer_tcp_listener, listener)                                                      \
    FROM_RAW(X, fer_tcp_listener, listener, stream)                                               \
    INTO(X, fer_tcp_listener, tcp_listener, built_stream, built_datagram)

#define UDP_OPENINGS(X)                                                                       \
    X(udp_bind, fer_udp_socket, fer_udp_socket_bind(s, "127.0.0.1:0"),                        \
      fer_udp_socket_bind(s, "no port"))                                                      \
    X(udp_bind_addr, fer_udp_socket, fer_udp_socket_bind_addr(s, &good_addr),                 \
      fer_udp_socket_bind_addr(s, &bad_addr))                                                 \
    TRY_CLONE(X, fer_udp_socket, udp)                                                         \
    FROM_RAW(X, fer_udp_socket, datagram, stream)                                             \
    INTO(X, fer_udp_socket, udp_socket, built_datagram, built_stream)                         \
    X(socket_new, fer_socket, fer_socket_new(s, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0),         \
      fer_socket_new(s, (fer_domain)9, FER_TYPE_STREAM, 0))                                   \
    X(socket_new_protocol, fer_socket, fer_socket_new(s, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0), \
      fer_socket_new(s, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, -1))                                 \
    X(socket_try_clone, fer_socket, fer_socket_try_clone(from.built_stream, s),               \
      fer_socket_try_clone(&empty.socket, s))                                                 \
    FROM_RAW(X, fer_socket, stream, none)

#define UNIX_OPENINGS(X)                                                                           \
    X(unix_connect, fer_unix_stream, fer_unix_stream_connect(s, free_path),                        \
      fer_unix_stream_connect(s, ""))                                                              \
    X(unix_connect_addr, fer_unix_stream, fer_unix_stream_connect_addr(s, &good_name),             \
      fer_unix_stream_connect_addr(s, &no_name))                                                   \
    X(unix_connect_start, fer_unix_stream, fer_unix_stream_connect_start(s, &good_name),           \
      fer_unix_stream_connect_start(s, &no_name))                                                  \
    X(unix_pair_one, fer_unix_stream, fer_unix_stream_pair(s, &empty.unix_stream),                 \
      fer_unix_stream_pair(s, NULL))                                                               \
    X(unix_pair_other, fer_unix_stream, fer_unix_stream_pair(&empty.unix_stream, s),               \
      fer_unix_stream_pair(NULL, s))                                                               \
    X(unix_accept, fer_unix_stream, fer_unix_listener_accept(from.unix_listener, s, NULL),         \
      fer_unix_listener_accept(&empty.unix_listener, s, NULL))                                     \
    X(unix_try_accept, fer_unix_stream, fer_unix_listener_try_accept(from.unix_listener, s, NULL), \
      fer_unix_listener_try_accept(&empty.unix_listener, s, NULL))                                 \
    TRY_CLONE(X, fer_unix_stream, unix_stream)                                                     \
    FROM_RAW(X, fer_unix_stream, unix_stream, stream)                                              \
    INTO(X, fer_unix_stream, unix_stream, built_stream, built_datagram)                            \
    X(unix_bind, fer_unix_listener, fer_unix_listener_bind(s, free_path),                          \
      fer_unix_listener_bind(s, ""))                                                               \
    X(unix_bind_addr, fer_unix_listener, fer_unix_listener_bind_addr(s, &good_name),               \
      fer_unix_listener_bind_addr(s, &no_name))                                                    \
    TRY_CLONE(X, fer_unix_listener, unix_listener)                                                 \
    FROM_RAW(X, fer_unix_listener, unix_listener, listener)                                        \
    INTO(X, fer_unix_listener, unix_listener, built_stream, built_datagram)                        \
    X(unix_datagram_bind, fer_unix_datagram, fer_unix_datagram_bind(s, free_path),                 \
      fer_unix_datagram_bind(s, ""))                                                               \
    X(unix_datagram_bind_addr, fer_unix_datagram, fer_unix_datagram_bind_addr(s, &good_name),      \
      fer_unix_datagram_bind_addr(s, &no_name))                                                    \
    X(unix_datagram_unbound, fer_unix_datagram, fer_unix_datagram_unbound(s),                      \
      fer_unix_datagram_unbound(s))                                                                \
    X(unix_datagram_pair_one, fer_unix_datagram, fer_unix_datagram_pair(s, &empty.unix_datagram),  \
      fer_unix_datagram_pair(s, NULL))                                                             \
    X(unix_datagram_pair_other, fer_unix_datagram,                                                 \
      fer_unix_datagram_pair(&empty.unix_datagram, s), fer_unix_datagram_pair(NULL, s))            \
    TRY_CLONE(X, fer_unix_datagram, unix_datagram)                                                 \
    FROM_RAW(X, fer_unix_datagram, unix_datagram, datagram)                                        \
    INTO(X, fer_unix_datagram, unix_datagram, built_datagram, built_stream)

#define OTHER_OPENINGS(X)                                                                         \
    X(resolver_new, fer_resolver, fer_resolver_new(s, NULL), fer_resolver_new(s, &bad_resolver))  \
    X(resolver_start, fer_lookup, fer_resolver_start(&resolver, "127.0.0.1:9", NULL, NULL, 1, s), \
      fer_resolver_start(&resolver, "127.0.0.1:9", &bad_lookup, NULL, 1, s))                      \
    X(resolver_start_text, fer_lookup,                                                            \
      fer_resolver_start(&resolver, "127.0.0.1:9", NULL, from.poller, 1, s),                      \
      fer_resolver_start(&resolver, "no port", NULL, from.poller, 1, s))                          \
    X(resolver_start_host, fer_lookup,                                                            \
      fer_resolver_start_host(&resolver, "127.0.0.1", 9, NULL, NULL, 1, s),                       \
      fer_resolver_start_host(&resolver, "", 9, NULL, NULL, 1, s))                                \
    X(connector_start, fer_connector,                                                             \
      fer_connector_start(s, "127.0.0.1:9", &good_options, &resolver, from.poller, 1),            \
      fer_connector_start(s, "127.0.0.1:9", &bad_options, &resolver, from.poller, 1))             \
    X(connector_start_key, fer_connector,                                                         \
      fer_connector_start(s, "127.0.0.1:9", NULL, &resolver, from.poller, 1),                     \
      fer_connector_start(s, "127.0.0.1:9", NULL, &resolver, from.poller, (uintptr_t)s + 1))      \
    X(connector_start_host, fer_connector,                                                        \
      fer_connector_start_host(s, "127.0.0.1", 9, NULL, &resolver, from.poller, 1),               \
      fer_connector_start_host(s, "", 9, NULL, &resolver, from.poller, 1))                        \
    X(poller_new, fer_poller, fer_poller_new(s), fer_poller_new(s))                               \
    X(token_new, fer_cancel_token, fer_cancel_token_new(s), fer_cancel_token_new(s))

#define OPENINGS(X) TCP_OPENINGS(X) UDP_OPENINGS(X) UNIX_OPENINGS(X) OTHER_OPENINGS(X)

#define TYPES(X)         \
    X(fer_tcp_stream)    \
    X(fer_tcp_listener)  \
    X(fer_udp_socket)    \
    X(fer_socket)        \
    X(fer_unix_stream)   \
    X(fer_unix_listener) \
    X(fer_unix_datagram) \
    X(fer_resolver)      \
    X(fer_lookup)        \
    X(fer_connector)     \
    X(fer_poller)        \
    X(fer_cancel_token)

enum {
#define TYPE_INDEX(type) INDEX_OF_##type,
    TYPES(TYPE_INDEX) TYPE_COUNT
};

static const size_t sizes[TYPE_COUNT] = {
#define TYPE_SIZE(type) sizeof(type),
    TYPES(TYPE_SIZE)};

#define OPENING_FUNCTION(name, type, good, bad)                 \
    static fer_error open_##name(void *handle, bool has_values) \
    {                                                           \
        type *s = handle;                                       \
        return has_values ? (good) : (bad);                     \
    }
OPENINGS(OPENING_FUNCTION)

static const struct opening_row {
    const char *text;
    fer_error (*call)(void *handle, bool has_values);
    int type;
} rows[] = {
#define OPENING_ROW(name, type, good, bad) {#name, open_##name, INDEX_OF_##type},
    OPENINGS(OPENING_ROW)};

/* ---- The open handle of each type; NULL if the system lacks the type. */

static void *opened[TYPE_COUNT];

static void assert_misuse(const struct opening_row *row, void *handle, bool has_values)
{
    static unsigned char before[sizeof(fer_connector)];
    size_t size = handle != NULL ? sizes[row->type] : 0;
    memcpy(before, handle != NULL ? handle : before, size);
    expect_own(row->call(handle, has_values), FER_MISUSE, row->text, __FILE__, __LINE__);
    if (handle != NULL) {
        assert_memory_equal(handle, before, size);
    }
}

static void assert_nothing_was_opened_or_closed(void)
{
    const fer_raw_socket *raw = &raws.stream;
    for (size_t i = 0; &raw[i] != &raws.none; i++) {
        assert_true(raw[i] == PEER_NONE || peer_is_open(raw[i]));
    }
    assert_true(fer_unix_stream_as_raw(&empty.unix_stream) == FER_RAW_SOCKET_NONE);
    assert_true(fer_unix_datagram_as_raw(&empty.unix_datagram) == FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_as_raw(from.built_stream) != FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_as_raw(from.built_datagram) != FER_RAW_SOCKET_NONE);
}

static void check_every_opening(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *handle = opened[rows[i].type];
        assert_misuse(&rows[i], NULL, false);
        assert_misuse(&rows[i], NULL, true);
        if (handle != NULL) {
            assert_misuse(&rows[i], handle, false);
            assert_misuse(&rows[i], handle, true);
        }
        assert_nothing_was_opened_or_closed();
    }
}

/* ---- Setup. Every handle but those of empty is open. */

static struct udp_pair datagrams;
static uint16_t listener_port;
static uint16_t source_port;
static struct unix_pair unix_ends;
static const char *unix_path;
static fer_lookup lookup;
static fer_cancel_token token;

static void open_values(void)
{
    uint16_t port = 0;
    good_addr = loopback(PEER_V4, 0);
    bad_addr = (fer_socket_addr){.ip = {.family = (fer_ip_family)0x55}};
    free_path = unix_peer_path("free");
    assert_ok(fer_unix_addr_from_pathname(&good_name, free_path));
    raws.listener = peer_listen(PEER_V4, 4, &port);
    raws.stream = peer_connect(PEER_V4, port);
    raws.datagram = peer_datagram(PEER_V4, &port);
    raws.none = peer_not_a_socket();
    raws.unix_stream = raws.unix_listener = raws.unix_datagram = PEER_NONE;
}

static void open_ip_handles(struct pair *pair, fer_poller *poller)
{
    peer_socket listener;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    from.stream = test_stream();
    assert_ok(fer_tcp_stream_connect_addr(from.stream, &addr));
    from.listener = test_listening(PEER_V4, &source_port);
    assert_true(peer_connect(PEER_V4, source_port) != PEER_NONE);
    from.udp = test_udp_bound(PEER_V4, &source_port);
    from.built_stream = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    from.built_datagram = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    from.poller = poller;
    datagrams = udp_pair_open(PEER_V4);
    opened[INDEX_OF_fer_tcp_stream] = &pair->stream;
    opened[INDEX_OF_fer_tcp_listener] = test_listening(PEER_V4, &listener_port);
    opened[INDEX_OF_fer_udp_socket] = datagrams.socket;
    opened[INDEX_OF_fer_socket] = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    opened[INDEX_OF_fer_poller] = poller;
}

static void open_unix_streams(void)
{
    void *kind = &unix_connected_kind;
    unix_path = unix_peer_path("listener");
    raws.unix_listener = unix_peer_listen(unix_peer_path("raw"), 4);
    raws.unix_stream = unix_peer_connect(unix_peer_path("raw"), NULL);
    from.unix_listener = test_unix_listening(unix_peer_path("source"));
    from.unix_stream = test_unix_stream();
    assert_ok(fer_unix_stream_connect(from.unix_stream, unix_peer_path("source")));
    unix_ends = unix_pair_open(&kind);
    opened[INDEX_OF_fer_unix_stream] = unix_ends.stream;
    opened[INDEX_OF_fer_unix_listener] = test_unix_listening(unix_path);
}

static void open_unix_datagrams(void)
{
    raws.unix_datagram = unix_peer_datagram(unix_peer_path("raw datagram"));
    from.unix_datagram = test_unix_bound(unix_peer_path("source datagram"));
    opened[INDEX_OF_fer_unix_datagram] = test_unix_bound(unix_peer_path("datagram"));
}

static void open_other_handles(void)
{
    assert_ok(fer_resolver_new(&resolver, NULL));
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:9", NULL, NULL, 1, &lookup));
    assert_ok(fer_connector_start(&connector, "127.0.0.1:0", NULL, NULL, from.poller, 1));
    assert_ok(fer_cancel_token_new(&token));
    opened[INDEX_OF_fer_resolver] = &resolver;
    opened[INDEX_OF_fer_lookup] = &lookup;
    opened[INDEX_OF_fer_connector] = &connector;
    opened[INDEX_OF_fer_cancel_token] = &token;
}

/* ---- The open handles still work. */

static void assert_sockets_work(struct pair *pair)
{
    fer_socket_addr addr;
    assert_alive(pair);
    assert_accepts(opened[INDEX_OF_fer_tcp_listener], test_stream(), PEER_V4, listener_port);
    send_from_peer(&datagrams, "still");
    assert_receives_from_peer(&datagrams, "still");
    assert_ok(fer_socket_local_addr(opened[INDEX_OF_fer_socket], &addr));
    assert_ok(fer_tcp_listener_accept(from.listener, test_stream(), NULL));
}

static void assert_unix_sockets_work(void)
{
    fer_unix_addr addr;
    if (opened[INDEX_OF_fer_unix_stream] != NULL) {
        fer_unix_stream *accepted = test_unix_stream();
        peer_socket other = unix_peer_connect(unix_path, NULL);
        assert_unix_alive(&unix_ends);
        assert_ok(fer_unix_listener_accept(opened[INDEX_OF_fer_unix_listener], accepted, NULL));
        assert_unix_exchange(accepted, other);
    }
    if (opened[INDEX_OF_fer_unix_datagram] != NULL) {
        assert_ok(fer_unix_datagram_local_addr(opened[INDEX_OF_fer_unix_datagram], &addr));
    }
    assert_false(unix_peer_path_exists(free_path));
}

static void assert_others_work(void)
{
    fer_socket_addr addr;
    fer_event event;
    size_t count = 0;
    assert_ok(fer_lookup_wait(&lookup, FER_DURATION_NONE, &addr, 1, &count));
    assert_int_equal(count, 1);
    assert_ok(fer_poller_wait(from.poller, FER_DURATION_NONE, &event, 1, &count, NULL));
    assert_int_equal(event.key, 1);
    assert_kind(fer_connector_take(&connector, &empty.stream), FER_CONNECTION_REFUSED);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_true(fer_cancel_token_is_cancelled(&token));
}

static void close_other_handles(void)
{
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
    fer_cancel_token_close(&token);
    peer_close_not_a_socket(raws.none);
}

POLLER_TEST("E4", what_a_call_would_open_is_its_first_check)
{
    struct pair *pair = pair_open_kind(&test_pair_connected_v4);
    memset(&from, 0, sizeof from);
    memset(&empty, 0, sizeof empty);
    memset(opened, 0, sizeof opened);
    open_values();
    open_ip_handles(pair, poller);
    if (unix_peer_has_streams()) {
        open_unix_streams();
    }
    if (unix_peer_has_datagrams()) {
        open_unix_datagrams();
    }
    open_other_handles();
    check_every_opening();
    assert_sockets_work(pair);
    assert_unix_sockets_work();
    assert_others_work();
    close_other_handles();
}

RULE_TESTS("misuse_opening")

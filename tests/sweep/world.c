/* world.c: the handles of a run, and its arguments. */
#include "sweep/world.h"

#include <stdio.h>
#include <string.h>

const char pattern[BYTES + 1] = "0123456789abcdef";
const fer_ipv4_addr loopback_v4 = {{127, 0, 0, 1}};
struct world world;

void world_handles(struct world *w, fer_handle *handles[HANDLES])
{
    fer_handle *const all[HANDLES] = {
        &w->tcp.handle_,    &w->tcp2.handle_,           &w->tcp_listener.handle_,
        &w->udp.handle_,    &w->tcp_listener2.handle_,  &w->udp2.handle_,
        &w->unix_.handle_,  &w->unix_listener.handle_,  &w->unix2.handle_,
        &w->gram_.handle_,  &w->unix_listener2.handle_, &w->gram2.handle_,
        &w->socket.handle_, &w->socket2.handle_};
    memcpy(handles, all, sizeof all);
}

/* All handle types consist of one fer_handle. */
fer_raw_socket raw_of(fer_handle *handle)
{
    return fer_tcp_stream_as_raw((const fer_tcp_stream *)(void *)handle);
}

fer_raw_socket world_socket(struct world *w)
{
    fer_handle *handles[HANDLES];
    world_handles(w, handles);
    for (int i = 0; i < HANDLES; i++) {
        if (raw_of(handles[i]) != FER_RAW_SOCKET_NONE) {
            return raw_of(handles[i]);
        }
    }
    return FER_RAW_SOCKET_NONE;
}

static fer_ipv6_addr group_of_v6(void)
{
    return (fer_ipv6_addr){{0xff, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2}};
}

void world_begin(struct world *w, uint64_t millis)
{
    memset(w, 0, sizeof *w);
    w->raw = w->peer = w->unix_end = FER_RAW_SOCKET_NONE;
    w->clients[0] = w->clients[1] = w->clients[2] = FER_RAW_SOCKET_NONE;
    w->to_read[0] = (fer_io_slice_mut){w->buf, 5};
    w->to_read[1] = (fer_io_slice_mut){w->buf + 5, BYTES - 5};
    w->to_write[0] = (fer_io_slice){pattern, 5};
    w->to_write[1] = (fer_io_slice){pattern + 5, BYTES - 5};
    w->copy = (fer_copy_buffer){w->buf, sizeof w->buf, 0, 0};
    w->message_out = (fer_datagram_send){.buf = pattern, .len = BYTES};
    w->message_in = (fer_datagram_recv){.buf = w->buf, .cap = BYTES};
    w->tcp_peer = w->tcp_peers[0] = w->tcp_peers[1] = stage.tcp_addr;
    w->udp_peer = stage.udp_addr;
    w->local = stage.tcp_addr;
    w->local.port = 0;
    w->group_v4 = (fer_ipv4_addr){{239, 1, 2, 3}};
    w->group_v6 = group_of_v6();
    REQUIRE_OK(fer_unix_addr_from_pathname(&w->unix_peer, stage.path));
    REQUIRE_OK(fer_unix_addr_from_pathname(&w->gram_peer, stage.gram_path));
    REQUIRE_OK(fer_unix_addr_from_pathname(&w->free_addr, stage.free_path));
    snprintf(w->name_of_tcp, sizeof w->name_of_tcp, "name.test:%d", (int)stage.tcp_addr.port);
    snprintf(w->name_of_udp, sizeof w->name_of_udp, "name.test:%d", (int)stage.udp_addr.port);
    REQUIRE_OK(fer_interface_name(1, w->name_of_interface, sizeof w->name_of_interface));
    w->brief = fer_duration_from_millis(millis);
    w->fine = fer_duration_from_micros(millis * 1000 + 1);
    w->none = FER_DURATION_NONE;
    w->keepalive =
        (fer_tcp_keepalive){true, fer_duration_from_secs(60), fer_duration_from_secs(5), 3};
    w->event = (fer_event){.key = 7, .interest = FER_WRITABLE};
    REQUIRE_OK(fer_cancel_token_new(&w->stop));
}

/* ---- Setups. HELD: the peers have done nothing yet. */

static void begin_stream(fer_raw_socket peer, int flags)
{
    REQUIRE(peer != FER_RAW_SOCKET_NONE);
    if ((flags & HELD) == 0) {
        peer_send(peer);
        if ((flags & ENDS) != 0) {
            peer_end(peer);
        }
    }
}

static void open_tcp(struct world *w, int flags)
{
    REQUIRE_OK(fer_tcp_stream_connect_addr(&w->tcp, &w->tcp_peer));
    w->peer = peer_accept(stage.tcp_listener);
    begin_stream(w->peer, flags);
}

/* A connect that has ended, which the handle does not know. */
static void start_tcp(struct world *w, int flags)
{
    FER_IGNORE(fer_tcp_stream_connect_start(&w->tcp, &w->tcp_peer));
    if ((flags & HELD) == 0) {
        w->peer = peer_accept(stage.tcp_listener);
        begin_stream(w->peer, flags);
    }
}

static void open_unix(struct world *w, int flags)
{
    REQUIRE_OK(fer_unix_stream_connect_addr(&w->unix_, &w->unix_peer));
    w->unix_end = peer_accept(stage.unix_listener);
    begin_stream(w->unix_end, flags);
}

static void open_udp(struct world *w, int flags, bool connects)
{
    REQUIRE_OK(fer_udp_socket_bind_addr(&w->udp, &w->local));
    if (connects) {
        REQUIRE_OK(fer_udp_socket_connect_addr(&w->udp, &w->udp_peer));
    }
    if ((flags & HELD) == 0) {
        peer_send_two(stage.udp, fer_udp_socket_as_raw(&w->udp));
    }
}

/* False: this machine lacks IPv6. */
static bool open_udp6(struct world *w, bool joins)
{
    fer_socket_addr any = {0};
    any.ip.family = FER_IP_V6;
    if (fer_udp_socket_bind_addr(&w->udp, &any).kind != FER_OK) {
        return false;
    }
    return !joins || fer_udp_socket_join_multicast_v6(&w->udp, w->group_v6, 1).kind == FER_OK;
}

static void open_grams(struct world *w, int flags)
{
    REQUIRE_OK(fer_unix_datagram_bind(&w->gram_, stage.free_path));
    REQUIRE_OK(fer_unix_datagram_connect_addr(&w->gram_, &w->gram_peer));
    if ((flags & HELD) == 0) {
        peer_send_two(stage.gram, fer_unix_datagram_as_raw(&w->gram_));
    }
}

/* With three clients, because a failure may use up one. */
static void open_tcp_listener(struct world *w, int flags)
{
    REQUIRE_OK(fer_tcp_listener_bind_addr(&w->tcp_listener, &w->local));
    REQUIRE_OK(fer_tcp_listener_local_addr(&w->tcp_listener, &w->bound));
    for (int i = 0; i < 3 && (flags & HELD) == 0; i++) {
        w->clients[i] = peer_connect(&w->bound, NULL);
    }
}

static void open_unix_listener(struct world *w, int flags)
{
    REQUIRE_OK(fer_unix_listener_bind(&w->unix_listener, stage.free_path));
    for (int i = 0; i < 3 && (flags & HELD) == 0; i++) {
        w->clients[i] = peer_connect(NULL, stage.free_path);
    }
}

static void build(struct world *w, int flags, fer_domain domain, fer_type type)
{
    REQUIRE_OK(fer_socket_new(&w->socket, domain, type, 0));
    if ((flags & BINDS) != 0) {
        REQUIRE_OK(fer_socket_bind(&w->socket, &w->local));
    }
    if ((flags & CONNECTS) != 0) {
        REQUIRE_OK(fer_socket_connect(&w->socket, &w->udp_peer));
    }
    if ((flags & (BINDS | HELD)) == BINDS && type == FER_TYPE_DGRAM) {
        peer_send_two(stage.udp, fer_socket_as_raw(&w->socket));
    }
}

/* The poller's socket is writable. */
static void open_poller(struct world *w, int flags, bool adds)
{
    open_tcp(w, flags);
    w->raw = fer_tcp_stream_as_raw(&w->tcp);
    REQUIRE_OK(fer_poller_new(&w->poller));
    if (adds) {
        REQUIRE_OK(fer_poller_add(&w->poller, w->raw, w->event, FER_POLL_LEVEL));
    }
}

static void open_token(struct world *w, bool cancels)
{
    REQUIRE_OK(fer_cancel_token_new(&w->token));
    if (cancels) {
        REQUIRE_OK(fer_cancel_token_cancel(&w->token));
    }
}

static void open_resolver(struct world *w, bool starts)
{
    REQUIRE_OK(
        fer_resolver_new(&w->resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    w->options.resolver = w->lookup_options.resolver = &w->resolver;
    w->options.failures_count = &w->n;
    if (starts) {
        REQUIRE_OK(fer_resolver_start(&w->resolver, w->name_of_tcp, NULL, NULL, 0, &w->lookup));
    }
}

/* completes: until its event. */
static void open_connector(struct world *w, int flags, bool completes)
{
    size_t events = 0;
    open_poller(w, flags, false);
    open_resolver(w, false);
    if (!completes) {
        return;
    }
    REQUIRE_OK(
        fer_connector_start(&w->connector, w->name_of_tcp, NULL, &w->resolver, &w->poller, 7));
    while (events == 0) {
        fer_event event;
        REQUIRE_OK(fer_poller_wait(&w->poller, FER_DURATION_NONE, &event, 1, &events, NULL));
    }
}

static bool is_of_grams(enum setup setup)
{
    return setup == UNIX_GRAM || setup == OF_UNIX_GRAM || setup == RAW_UNIX_GRAM;
}

/* A handle, and the same socket as a fer_socket and as a raw socket. */
#define OPEN(NAME, type, h, open)                                                  \
    case NAME: open; break;                                                        \
    case OF_##NAME:                                                                \
        open;                                                                      \
        REQUIRE_OK(fer_socket_from_raw(&w->socket, fer_##type##_into_raw(&w->h))); \
        break;                                                                     \
    case RAW_##NAME:                                                               \
        open;                                                                      \
        w->raw = fer_##type##_into_raw(&w->h);                                     \
        break;

bool world_open(struct world *w, enum setup setup, int flags)
{
    if (is_of_grams(setup) && stage.gram == FER_RAW_SOCKET_NONE) {
        return false;
    }
    switch (setup) {
        OPEN(TCP, tcp_stream, tcp, open_tcp(w, flags))
        OPEN(TCP_LISTENER, tcp_listener, tcp_listener, open_tcp_listener(w, flags))
        OPEN(UDP, udp_socket, udp, open_udp(w, flags, true))
        OPEN(UNIX, unix_stream, unix_, open_unix(w, flags))
        OPEN(UNIX_LISTENER, unix_listener, unix_listener, open_unix_listener(w, flags))
        OPEN(UNIX_GRAM, unix_datagram, gram_, open_grams(w, flags))
    case NONE: break;
    case TCP_AND_UNIX:
        open_unix(w, 0);
        open_tcp(w, flags);
        break;
    case TCP_STARTED: start_tcp(w, flags); break;
    case UDP_UNCONNECTED: open_udp(w, flags, false); break;
    case UDP6: return open_udp6(w, false);
    case UDP6_MEMBER: return open_udp6(w, true);
    case UDP_MEMBER:
        open_udp(w, flags, true);
        REQUIRE_OK(fer_udp_socket_join_multicast_v4(&w->udp, w->group_v4, loopback_v4));
        break;
    case BUILT_TCP: build(w, flags, FER_DOMAIN_IPV4, FER_TYPE_STREAM); break;
    case BUILT_TCP6: build(w, flags, FER_DOMAIN_IPV6, FER_TYPE_STREAM); break;
    case BUILT_UDP: build(w, flags | BINDS | CONNECTS, FER_DOMAIN_IPV4, FER_TYPE_DGRAM); break;
    case BUILT_NEW_UDP: build(w, flags, FER_DOMAIN_IPV4, FER_TYPE_DGRAM); break;
    case BUILT_UNCONNECTED: build(w, flags | BINDS, FER_DOMAIN_IPV4, FER_TYPE_DGRAM); break;
    case BUILT_BOUND: build(w, flags | BINDS, FER_DOMAIN_IPV4, FER_TYPE_STREAM); break;
    case BUILT_UNIX: build(w, flags, FER_DOMAIN_UNIX, FER_TYPE_STREAM); break;
    case POLLER: open_poller(w, flags, false); break;
    case POLLER_ADDED: open_poller(w, flags, true); break;
    case TOKEN: open_token(w, false); break;
    case CANCELLED: open_token(w, true); break;
    case RESOLVER: open_resolver(w, false); break;
    case LOOKUP: open_resolver(w, true); break;
    case CONNECTOR: open_connector(w, flags, false); break;
    case CONNECTOR_DONE: open_connector(w, flags, true); break;
    }
    return true;
}

/* The mode of the handle under test. */
#define SET_MODE(P, h, h2, set_timeouts)                                   \
    switch (mode) {                                                        \
    case TIMEOUTS: set_timeouts; break;                                    \
    case LIMITS: REQUIRE_OK(P##_set_limits(&w->h, &w->limits)); break;     \
    case NONBLOCKING: REQUIRE_OK(P##_set_nonblocking(&w->h, true)); break; \
    case CLONED: REQUIRE_OK(P##_try_clone(&w->h, &w->h2)); break;          \
    case PLAIN:                                                            \
    case MODES: REQUIRE_OK(P##_set_limits(&w->h, NULL)); break;            \
    }                                                                      \
    break;
#define SET_MODE_OF_STREAM(P, h, h2)                                      \
    SET_MODE(P, h, h2, REQUIRE_OK(P##_set_read_timeout(&w->h, w->brief)); \
             REQUIRE_OK(P##_set_write_timeout(&w->h, w->brief)))

void world_set_mode(struct world *w, enum setup setup, enum mode mode)
{
    w->limits = (fer_limits){.deadline = fer_instant_after(mode == MODES ? w->none : w->brief),
                             .token = &w->stop};
    w->options.limits = w->lookup_options.limits = w->limits;
    switch (setup) {
    case TCP:
    case TCP_AND_UNIX:
    case TCP_STARTED: SET_MODE_OF_STREAM(fer_tcp_stream, tcp, tcp2)
    case UDP:
    case UDP_UNCONNECTED:
    case UDP6: SET_MODE_OF_STREAM(fer_udp_socket, udp, udp2)
    case UNIX: SET_MODE_OF_STREAM(fer_unix_stream, unix_, unix2)
    case UNIX_GRAM: SET_MODE_OF_STREAM(fer_unix_datagram, gram_, gram2)
    case BUILT_TCP:
    case BUILT_UNIX:
    case BUILT_NEW_UDP:
    case BUILT_UDP:
    case BUILT_UNCONNECTED: SET_MODE_OF_STREAM(fer_socket, socket, socket2)
    case TCP_LISTENER:
        SET_MODE(fer_tcp_listener, tcp_listener, tcp_listener2,
                 REQUIRE_OK(fer_socket_set_read_timeout(
                     fer_tcp_listener_as_socket(&w->tcp_listener), w->brief)))
    case UNIX_LISTENER:
        SET_MODE(fer_unix_listener, unix_listener, unix_listener2,
                 REQUIRE_OK(fer_socket_set_read_timeout(
                     fer_unix_listener_as_socket(&w->unix_listener), w->brief)))
    default: break;
    }
}

int world_begin_call(struct world *w, enum setup setup, enum mode mode,
                     fer_raw_socket before[HANDLES])
{
    fer_handle *handles[HANDLES];
    world_set_mode(w, setup, mode);
    world_handles(w, handles);
    for (int i = 0; i < HANDLES; i++) {
        before[i] = raw_of(handles[i]);
    }
    memset(w->outputs, DIRT, sizeof w->outputs);
    memset(&w->flag, DIRT, sizeof w->flag);
    return count_open();
}

void world_end(struct world *w)
{
    fer_handle *handles[HANDLES];
    world_handles(w, handles);
    bool is_owned = false;
    for (int i = 0; i < HANDLES; i++) {
        is_owned = is_owned || raw_of(handles[i]) == w->raw;
    }
    peer_reset(is_owned ? FER_RAW_SOCKET_NONE : w->raw);
    peer_reset(w->peer);
    peer_reset(w->unix_end);
    for (int i = 0; i < 3; i++) {
        peer_reset(w->clients[i]);
    }
    fer_raw_socket listeners[] = {stage.tcp_listener, stage.unix_listener};
    for (int i = 0; i < 2; i++) {
        fer_raw_socket queued = peer_accept(listeners[i]);
        while (queued != FER_RAW_SOCKET_NONE) {
            peer_reset(queued);
            queued = peer_accept(listeners[i]);
        }
    }
    fer_lookup_close(&w->lookup);
    fer_connector_close(&w->connector);
    fer_resolver_close(&w->resolver);
    for (int i = 0; i < HANDLES; i++) {
        fer_tcp_stream_close((fer_tcp_stream *)(void *)handles[i]);
    }
    fer_poller_close(&w->poller);
    fer_cancel_token_close(&w->token);
    fer_cancel_token_close(&w->stop);
    drain(stage.udp, false, w->buf, sizeof w->buf);
    drain(stage.gram, false, w->buf, sizeof w->buf);
    free_the_path();
}

/* world.c: the handles of a run, and its arguments. */
#include "sweep/world.h"

#include <stdio.h>
#include <string.h>

const char pattern[BYTES + 1] = "0123456789abcdef";
const fer_ipv4_addr loopback_v4 = {{127, 0, 0, 1}};
const fer_ipv6_addr loopback_v6 = {{[15] = 1}};
struct world world;

void *const first_handles[HANDLE_TYPE_COUNT] = {
    &world.tcp,    &world.unix_,  &world.tcp_listener, &world.unix_listener, &world.udp,
    &world.gram_,  &world.socket, &world.resolver,     &world.lookup,        &world.connector,
    &world.poller, &world.token,  &world.waker};
void *const other_handles[HANDLE_TYPE_COUNT] = {
    &world.tcp2, &world.unix2, &world.tcp_listener2, &world.unix_listener2,
    &world.udp2, &world.gram2, &world.socket2};

static fer_socket *world_handle(int number)
{
    return number <= BUILT_UDP ? first_handles[number] : other_handles[number - BUILT_UDP - 1];
}

fer_raw_socket raw_of(int number)
{
    return fer_socket_as_raw(world_handle(number));
}

fer_raw_socket world_socket(void)
{
    int number = 0;
    while (number < HANDLES - 1 && raw_of(number) == FER_RAW_SOCKET_NONE) {
        number++;
    }
    return raw_of(number);
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
        send_pattern(peer);
        if ((flags & ENDS) != 0) {
            end_sending(peer);
        }
    }
}

static void open_tcp(struct world *w, int flags)
{
    REQUIRE_OK(fer_tcp_stream_connect_addr(&w->tcp, &w->tcp_peer));
    w->peer = accept_client(stage.tcp_listener);
    begin_stream(w->peer, flags);
}

/* A connect that has ended, which the handle does not know. */
static void start_tcp(struct world *w, int flags)
{
    FER_IGNORE(fer_tcp_stream_connect_start(&w->tcp, &w->tcp_peer));
    if ((flags & HELD) == 0) {
        w->peer = accept_client(stage.tcp_listener);
        begin_stream(w->peer, flags);
    }
}

static void open_unix(struct world *w, int flags)
{
    REQUIRE_OK(fer_unix_stream_connect_addr(&w->unix_, &w->unix_peer));
    w->unix_end = accept_client(stage.unix_listener);
    begin_stream(w->unix_end, flags);
}

static void open_udp(struct world *w, int flags, bool connects)
{
    REQUIRE_OK(fer_udp_socket_bind_addr(&w->udp, &w->local));
    if (connects) {
        REQUIRE_OK(fer_udp_socket_connect_addr(&w->udp, &w->udp_peer));
    }
    if ((flags & HELD) == 0) {
        send_two(stage.udp, fer_udp_socket_as_raw(&w->udp));
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
        send_two(stage.gram, fer_unix_datagram_as_raw(&w->gram_));
    }
}

/* With three clients, because a failure may use up one. */
static void open_tcp_listener(struct world *w, int flags)
{
    REQUIRE_OK(fer_tcp_listener_bind_addr(&w->tcp_listener, &w->local));
    REQUIRE_OK(fer_tcp_listener_local_addr(&w->tcp_listener, &w->bound));
    for (int i = 0; i < 3 && (flags & HELD) == 0; i++) {
        w->clients[i] = connect_client(&w->bound, NULL);
    }
}

static void open_unix_listener(struct world *w, int flags)
{
    REQUIRE_OK(fer_unix_listener_bind(&w->unix_listener, stage.free_path));
    for (int i = 0; i < 3 && (flags & HELD) == 0; i++) {
        w->clients[i] = connect_client(NULL, stage.free_path);
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
        send_two(stage.udp, fer_socket_as_raw(&w->socket));
    }
}

/* The poller's socket is writable. */
static void open_poller(struct world *w, int flags, bool adds)
{
    open_tcp(w, flags);
    w->raw = fer_tcp_stream_as_raw(&w->tcp);
    w->entry = (fer_poll_entry){.raw = w->raw, .interest = FER_WRITABLE};
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

static void open_waker(struct world *w, bool wakes)
{
    REQUIRE_OK(fer_waker_new(&w->waker));
    if (wakes) {
        REQUIRE_OK(fer_waker_wake(&w->waker));
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

bool world_open(struct world *w, enum setup setup, int flags)
{
    bool is_raw = setup >= RAW_TCP && setup < NONE;
    bool is_built = setup >= OF_TCP && setup < RAW_TCP;
    enum setup type = is_raw ? setup - RAW_TCP : is_built ? setup - OF_TCP : setup;
    if (type == UNIX_GRAM && stage.gram == FER_RAW_SOCKET_NONE) {
        return false;
    }
    switch ((int)type) {
    case TCP: open_tcp(w, flags); break;
    case TCP_LISTENER: open_tcp_listener(w, flags); break;
    case UDP: open_udp(w, flags, true); break;
    case UNIX: open_unix(w, flags); break;
    case UNIX_LISTENER: open_unix_listener(w, flags); break;
    case UNIX_GRAM: open_grams(w, flags); break;
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
    case UDP_OF_SOURCE:
        open_udp(w, flags, true);
        return fer_udp_socket_join_ssm_v4(&w->udp, w->group_v4, loopback_v4, loopback_v4).kind ==
               FER_OK;
    case UDP6_OF_SOURCE:
        return open_udp6(w, false) &&
               fer_udp_socket_join_ssm_v6(&w->udp, w->group_v6, loopback_v6, 1).kind == FER_OK;
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
    case WAKER: open_waker(w, false); break;
    case WOKEN: open_waker(w, true); break;
    case RESOLVER: open_resolver(w, false); break;
    case LOOKUP: open_resolver(w, true); break;
    case CONNECTOR: open_connector(w, flags, false); break;
    case CONNECTOR_DONE: open_connector(w, flags, true); break;
    }
    if (is_raw || is_built) {
        w->raw = fer_socket_into_raw(world_handle((int)type));
    }
    if (is_built) {
        REQUIRE_OK(fer_socket_from_raw(&w->socket, w->raw));
    }
    return true;
}

/* The number of the handle under test. */
static int number_of(enum setup setup)
{
    switch ((int)setup) {
    case TCP_AND_UNIX:
    case TCP_STARTED: return TCP;
    case UDP_UNCONNECTED:
    case UDP6: return UDP;
    case BUILT_TCP:
    case BUILT_UNIX:
    case BUILT_NEW_UDP:
    case BUILT_UNCONNECTED: return BUILT_UDP;
    default: return setup >= OF_TCP && setup < RAW_TCP ? (int)BUILT_UDP : (int)setup;
    }
}

void world_set_mode(struct world *w, enum setup setup, enum mode mode)
{
    int number = number_of(setup);
    w->limits = (fer_limits){.deadline = fer_instant_after(mode == MODES ? w->none : w->brief),
                             .token = &w->stop};
    w->options.limits = w->lookup_options.limits = w->limits;
    if (number > BUILT_UDP) {
        return;
    }
    fer_socket *handle = world_handle(number);
    switch (mode) {
    case TIMEOUTS:
        REQUIRE_OK(fer_socket_set_read_timeout(handle, w->brief));
        if (number != TCP_LISTENER && number != UNIX_LISTENER) {
            REQUIRE_OK(fer_socket_set_write_timeout(handle, w->brief));
        }
        break;
    case LIMITS: REQUIRE_OK(fer_socket_set_limits(handle, &w->limits)); break;
    case NONBLOCKING: REQUIRE_OK(fer_socket_set_nonblocking(handle, true)); break;
    case CLONED: REQUIRE_OK(fer_socket_try_clone(handle, other_handles[number])); break;
    case PLAIN:
    case MODES: REQUIRE_OK(fer_socket_set_limits(handle, NULL)); break;
    }
}

int world_begin_call(struct world *w, enum setup setup, enum mode mode,
                     fer_raw_socket before[HANDLES])
{
    world_set_mode(w, setup, mode);
    for (int i = 0; i < HANDLES; i++) {
        before[i] = raw_of(i);
    }
    memset(w->outputs, DIRT, sizeof w->outputs);
    memset(&w->flag, DIRT, sizeof w->flag);
    return count_open();
}

void world_end(struct world *w)
{
    bool is_owned = false;
    for (int i = 0; i < HANDLES; i++) {
        is_owned = is_owned || (raw_of(i) == w->raw && !w->is_borrowed);
    }
    if (w->is_borrowed) {
        fer_socket_close(&w->socket);
    }
    reset_peer(is_owned ? FER_RAW_SOCKET_NONE : w->raw);
    reset_peer(w->peer);
    reset_peer(w->unix_end);
    for (int i = 0; i < 3; i++) {
        reset_peer(w->clients[i]);
    }
    fer_raw_socket listeners[] = {stage.tcp_listener, stage.unix_listener};
    for (int i = 0; i < 2; i++) {
        fer_raw_socket queued = accept_client(listeners[i]);
        while (queued != FER_RAW_SOCKET_NONE) {
            reset_peer(queued);
            queued = accept_client(listeners[i]);
        }
    }
    fer_lookup_close(&w->lookup);
    fer_connector_close(&w->connector);
    fer_resolver_close(&w->resolver);
    for (int i = 0; i < HANDLES; i++) {
        fer_socket_close(world_handle(i));
    }
    fer_poller_close(&w->poller);
    fer_cancel_token_close(&w->token);
    fer_waker_close(&w->waker);
    fer_cancel_token_close(&w->stop);
    drain(stage.udp, false, w->buf, sizeof w->buf);
    drain(stage.gram, false, w->buf, sizeof w->buf);
    free_the_path();
}

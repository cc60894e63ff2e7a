/* listeners.c: the steps that make listeners and connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidelity/fidelity.h"

static fer_socket_addr parsed(const char *text)
{
    fer_socket_addr addr;
    memset(&addr, 0, sizeof addr);
    FER_IGNORE(fer_socket_addr_parse(&addr, text));
    return addr;
}

static void print_ip(const fer_socket_addr *addr)
{
    char text[FER_IP_ADDR_TEXT_CAP];
    (void)fer_ip_addr_format(addr->ip, text, sizeof text);
    print_text(" %s", text);
}

/* ---- Listeners */

static int free_listener(const struct program *program)
{
    for (int i = 0; i < LISTENERS; i++) {
        if (program->listeners[i].listening == NONE) {
            return i;
        }
    }
    return NONE;
}

static int some_listener(struct program *program)
{
    int from = (int)below(program, LISTENERS);
    for (int i = 0; i < LISTENERS; i++) {
        int at = (from + i) % LISTENERS;
        if (program->listeners[at].listening != NONE) {
            return at;
        }
    }
    return NONE;
}

static void adopt_listening(struct program *program, int at)
{
    struct listener *listener = &program->listeners[at];
    listener->listening = program->listening_count++;
    struct listening *listening = &program->listenings[listener->listening];
    *listening = (struct listening){.handles = 1};
    FER_IGNORE(fer_tcp_listener_local_addr(&listener->handle, &listening->addr));
}

static void listen_at(struct program *program, int at, const char *text)
{
    struct listener *listener = &program->listeners[at];
    bool by_text = chance(program, 50);
    fer_socket_addr addr = parsed(text);
    print_step(program, by_text ? "bind" : "bind_addr", at);
    print_text(" %s", text);
    fer_error error = by_text ? fer_tcp_listener_bind(&listener->handle, text)
                              : fer_tcp_listener_bind_addr(&listener->handle, &addr);
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        adopt_listening(program, at);
    }
}

int open_listener(struct program *program)
{
    static const char *const places[] = {"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0",
                                         "[::1]:0",     "0.0.0.0:0",   "[::]:0"};
    int at = free_listener(program);
    if (at != NONE && program->listening_count < SOCKETS) {
        listen_at(program, at, places[below(program, 6)]);
    }
    return at;
}

static void close_listener(struct program *program, int at)
{
    struct listener *listener = &program->listeners[at];
    struct listening *listening = &program->listenings[listener->listening];
    print_step(program, "close_listener", at);
    fer_tcp_listener_close(&listener->handle);
    listening->handles--;
    if (listening->handles == 0) {
        tracker_stopped_listening(program, listener->listening);
    }
    listener->listening = NONE;
}

static bool is_wildcard(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V4 ? fer_ipv4_addr_is_unspecified(addr->ip.u.v4)
                                        : fer_ipv6_addr_is_unspecified(addr->ip.u.v6);
}

/* Returns an address that overlaps the listener's, so that no other program's port can matter. */
static fer_socket_addr address_beside(struct program *program, const fer_socket_addr *addr)
{
    static const char *const v4[] = {"127.0.0.1:0", "0.0.0.0:0"};
    static const char *const v6[] = {"[::1]:0", "[::]:0"};
    fer_socket_addr beside =
        parsed(addr->ip.family == FER_IP_V4 ? v4[below(program, 2)] : v6[below(program, 2)]);
    if (addr->ip.family == FER_IP_V6 && is_wildcard(addr) && chance(program, 40)) {
        beside = parsed(v4[below(program, 2)]);
    }
    beside.port = addr->port;
    return beside;
}

/* Wine differs from Windows if a wildcard is involved ("wildcard_beside_specific",
 * "ipv4_beside_dual_stack"). NetBSD answers a segment of a dual-stack listener's connection with a
 * reset if a second listener on IPv4 gets it ("ipv4_beside_dual_stack"). */
static void bind_beside(struct program *program, int at)
{
    const fer_socket_addr *addr = &program->listenings[program->listeners[at].listening].addr;
    fer_socket_addr beside = address_beside(program, addr);
    fer_tcp_listener other = {0};
    if (program->winsock && (is_wildcard(addr) || is_wildcard(&beside))) {
        return;
    }
    if (program->system == FIDELITY_NETBSD && addr->ip.family != beside.ip.family) {
        return;
    }
    print_step(program, "bind_beside", at);
    print_ip(&beside);
    print_kind(fer_tcp_listener_bind_addr(&other, &beside), NULL);
    fer_tcp_listener_close(&other);
}

/* An address for documentation, which no interface has. */
static void bind_elsewhere(struct program *program)
{
    fer_tcp_listener other = {0};
    print_step(program, "bind_elsewhere", NONE);
    print_kind(
        fer_tcp_listener_bind(&other, chance(program, 50) ? "203.0.113.7:0" : "[2001:db8::7]:0"),
        NULL);
    fer_tcp_listener_close(&other);
}

static bool has_connections(const struct program *program)
{
    for (int i = 0; i < program->end_count; i++) {
        if (!program->ends[i].is_closed && !program->ends[i].is_queued) {
            return true;
        }
    }
    return false;
}

/* Windows: the sources disagree, see "rebind_under_connections". */
static void bind_again(struct program *program, int at)
{
    struct listening *old = &program->listenings[program->listeners[at].listening];
    fer_socket_addr addr = old->addr;
    if (old->handles > 1 || (program->winsock && has_connections(program)) ||
        program->listening_count == SOCKETS) {
        return;
    }
    close_listener(program, at);
    print_step(program, "bind_again", at);
    fer_error error = fer_tcp_listener_bind_addr(&program->listeners[at].handle, &addr);
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        adopt_listening(program, at);
    }
}

static void clone_listener(struct program *program, int at)
{
    int to = free_listener(program);
    if (to == NONE) {
        return;
    }
    print_step(program, "clone_listener", at);
    fer_error error =
        fer_tcp_listener_try_clone(&program->listeners[at].handle, &program->listeners[to].handle);
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        struct listening *listening = &program->listenings[program->listeners[at].listening];
        program->listeners[to].listening = program->listeners[at].listening;
        listening->handles++;
        listening->is_shared = true;
    }
}

static void listener_through_raw(struct program *program, int at)
{
    struct listener *listener = &program->listeners[at];
    if (program->listenings[listener->listening].handles > 1) {
        return; /* "raw_mode": all clones are passed on together */
    }
    print_step(program, "listener_through_raw", at);
    fer_raw_socket raw = fer_tcp_listener_into_raw(&listener->handle);
    print_kind(fer_tcp_listener_from_raw(&listener->handle, raw), NULL);
    program->listenings[listener->listening].is_shared = true;
    program->listenings[listener->listening].nonblocking &= !program->winsock;
}

/* Under Wine an accepted socket inherits the listener's TTL at the arrival of the connection, as on
 * Linux. On NetBSD, and on macOS that of IPv6, the library sets it in accept. */
static void listener_ttl(struct program *program, int at)
{
    static const uint32_t ttls[] = {0, 1, 33, 200, 255, 256};
    fer_tcp_listener *listener = &program->listeners[at].handle;
    uint32_t ttl = 0;
    bool is_v6 = program->listenings[program->listeners[at].listening].addr.ip.family == FER_IP_V6;
    bool is_of_accept =
        program->winsock || program->system == FIDELITY_NETBSD || (program->macos && is_v6);
    if (is_of_accept && program->listenings[program->listeners[at].listening].queued > 0) {
        return;
    }
    print_step(program, "listener_ttl", at);
    print_kind(fer_tcp_listener_set_ttl(listener, ttls[below(program, 6)]), NULL);
    print_kind(fer_tcp_listener_ttl(listener, &ttl), NULL);
    print_ttl(program, ttl);
}

static void listener_checks(struct program *program, int at)
{
    fer_tcp_listener *listener = &program->listeners[at].handle;
    fer_error pending = {FER_UNCATEGORIZED, 0};
    fer_socket_addr addr = parsed("0.0.0.0:0");
    print_step(program, "listener_checks", at);
    print_kind(fer_tcp_listener_take_error(listener, &pending), NULL);
    print_kind(pending, NULL);
    print_kind(fer_tcp_listener_local_addr(listener, &addr), NULL);
    print_ip(&addr);
    print_text(" %d", addr.port != 0);
}

static void set_listener_mode(struct program *program, int at, bool nonblocking)
{
    print_step(program, nonblocking ? "listener_nonblocking" : "listener_blocking", at);
    fer_error error = fer_tcp_listener_set_nonblocking(&program->listeners[at].handle, nonblocking);
    print_kind(error, NULL);
    program->listenings[program->listeners[at].listening].nonblocking = nonblocking;
}

void step_listener(struct program *program)
{
    int at = some_listener(program);
    uint32_t choice = below(program, 12);
    if (at == NONE || choice == 0) {
        (void)open_listener(program);
        return;
    }
    switch (choice) {
    case 1: close_listener(program, at); break;
    case 2:
    case 3: bind_beside(program, at); break;
    case 4: bind_again(program, at); break;
    case 5: clone_listener(program, at); break;
    case 6: listener_through_raw(program, at); break;
    case 7: listener_ttl(program, at); break;
    case 8: listener_checks(program, at); break;
    case 9: bind_elsewhere(program); break;
    default: set_listener_mode(program, at, choice == 10); break;
    }
}

/* ---- Connecting */

void join(struct program *program, struct stream *stream, int end)
{
    stream->end = end;
    stream->shut_read = false;
    stream->shut_write = false;
    stream->is_shared = false;
}

/* Returns an address for connecting to a listener: its own, or the loopback for a wildcard. On
 * Linux and FreeBSD the wildcard itself is possible too, on NetBSD the one of IPv4. */
static fer_socket_addr address_of(struct program *program, const struct listening *listening)
{
    fer_socket_addr addr = listening->addr;
    bool is_no_destination =
        program->winsock || (program->system == FIDELITY_NETBSD && addr.ip.family == FER_IP_V6);
    if (is_wildcard(&addr) && (is_no_destination || chance(program, 80))) {
        fer_socket_addr loopback =
            parsed(addr.ip.family == FER_IP_V4 || chance(program, 50) ? "127.0.0.1:0" : "[::1]:0");
        loopback.port = addr.port;
        return loopback;
    }
    return addr;
}

/* Port 1 has no listener, and port 0 cannot have one ("connect_to_port_0"). The timeout is longer
 * than NetBSD's first retransmission of a SYN (6 s): over its kernel in a process, on a busy
 * machine, two of 10,000 programs got no answer to the first SYN. The cause is not known. */
static fer_error connect_refused(struct program *program, fer_tcp_stream *stream)
{
    fer_socket_addr addrs[2] = {parsed("127.0.0.1:1"), parsed("[::1]:1")};
    switch (below(program, program->winsock ? 4 : 5)) {
    case 4: print_text(" port 0"); return fer_tcp_stream_connect(stream, "127.0.0.1:0");
    case 0: print_text(" text"); return fer_tcp_stream_connect(stream, "127.0.0.1:1");
    case 1:
        print_text(" addr");
        return fer_tcp_stream_connect_addr(stream, &addrs[below(program, 2)]);
    case 2:
        print_text(" addrs");
        return fer_tcp_stream_connect_addrs(stream, addrs, below(program, 3), NULL);
    default:
        print_text(" timeout");
        return fer_tcp_stream_connect_timeout(stream, &addrs[0],
                                              fer_duration_from_secs(below(program, 2) * 60));
    }
}

static fer_error connect_text(const char *form, fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    print_text(" %s", form);
    (void)fer_socket_addr_format(addr, text, sizeof text);
    return fer_tcp_stream_connect(stream, text);
}

/* FIDELITY_HOST replaces localhost on a machine that does not resolve it; see run.sh. */
static fer_error connect_name(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    char text[32];
    const char *host = getenv("FIDELITY_HOST");
    print_text(" name");
    (void)snprintf(text, sizeof text, "%.15s:%u", host != NULL ? host : "localhost",
                   (unsigned)addr->port);
    return fer_tcp_stream_connect(stream, text);
}

/* Uses the name only for an IPv4 listener, because the order of a name's addresses depends on the
 * resolver. */
static fer_error connect_to(struct program *program, fer_tcp_stream *stream,
                            const fer_socket_addr *addr, fer_ip_family family)
{
    fer_socket_addr addrs[2] = {parsed("127.0.0.1:1"), *addr};
    uint32_t form = below(program, 20);
    if (form < 1 && family == FER_IP_V4) {
        return connect_name(stream, addr);
    }
    if (form < 6) {
        return connect_text("text", stream, addr);
    }
    if (form < 9) {
        print_text(" addrs");
        return fer_tcp_stream_connect_addrs(stream, addrs, 2, NULL);
    }
    if (form < 12) {
        print_text(" timeout");
        return fer_tcp_stream_connect_timeout(stream, addr, fer_duration_from_secs(60));
    }
    print_text(" addr");
    return fer_tcp_stream_connect_addr(stream, addr);
}

static int some_stream(struct program *program, bool open)
{
    int from = (int)below(program, STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        int at = (from + i) % STREAMS;
        if ((program->streams[at].end != NONE) == open) {
            return at;
        }
    }
    return NONE;
}

/* NetBSD may choose a dual-stack listener's port for an IPv4 socket, which then connects to itself
 * (9 in 201,221 connects to one listener; "connect_to_itself"). */
static bool is_connected_to_itself(const fer_tcp_stream *stream)
{
    fer_socket_addr own, peer;
    return fer_tcp_stream_local_addr(stream, &own).kind == FER_OK &&
           fer_tcp_stream_peer_addr(stream, &peer).kind == FER_OK &&
           fer_socket_addr_eq(&own, &peer);
}

void step_connect(struct program *program)
{
    int at = some_stream(program, chance(program, 3));
    int listener = some_listener(program);
    if (listener == NONE) {
        (void)open_listener(program);
        return;
    }
    if (at == NONE || !tracker_has_space(program)) {
        return;
    }
    struct stream *stream = &program->streams[at];
    struct listening *listening = &program->listenings[program->listeners[listener].listening];
    bool refused = chance(program, 15) || listening->queued == QUEUE_MAX;
    fer_socket_addr addr = address_of(program, listening);
    print_step(program, refused ? "connect_refused" : "connect", at);
    fer_error error = refused
                          ? connect_refused(program, &stream->handle)
                          : connect_to(program, &stream->handle, &addr, listening->addr.ip.family);
    while (error.kind == FER_OK && is_connected_to_itself(&stream->handle)) {
        fer_tcp_stream_close(&stream->handle);
        error = fer_tcp_stream_connect_addr(&stream->handle, &addr);
    }
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        join(program, stream, tracker_connect(program, program->listeners[listener].listening));
    }
}

/* ---- Accepting */

static bool is_at(const struct stream *client, const fer_socket_addr *peer)
{
    fer_socket_addr local;
    if (fer_tcp_stream_local_addr(&client->handle, &local).kind != FER_OK ||
        local.port != peer->port) {
        return false;
    }
    fer_ip_addr one = fer_ip_addr_to_canonical(local.ip);
    fer_ip_addr other = fer_ip_addr_to_canonical(peer->ip);
    return fer_ip_addr_eq(one, other);
}

/* Prints whether the address that accept returned is that of the expected client. */
static void print_client(struct program *program, const fer_socket_addr *peer, int server)
{
    print_ip(peer);
    for (int i = 0; i < STREAMS; i++) {
        if (program->streams[i].end == program->ends[server].other) {
            print_text(is_at(&program->streams[i], peer) ? " the client" : " another");
            return;
        }
    }
    print_text(" nobody");
}

static bool has_acceptable(struct program *program, const struct listening *listening)
{
    for (int i = 0; i < listening->queued; i++) {
        if (!tracker_skips(program, listening, &program->ends[listening->queue[i]])) {
            return true;
        }
    }
    return false;
}

void step_accept(struct program *program)
{
    int listener = some_listener(program);
    int at = some_stream(program, chance(program, 3));
    if (listener == NONE || at == NONE) {
        return;
    }
    struct stream *stream = &program->streams[at];
    int listening = program->listeners[listener].listening;
    fer_socket_addr peer = parsed("0.0.0.0:0");
    if (!has_acceptable(program, &program->listenings[listening]) &&
        !program->listenings[listening].nonblocking && stream->end == NONE) {
        if (chance(program, 20)) {
            set_listener_mode(program, listener, true);
        }
        return;
    }
    print_step(program, "accept", at);
    fer_error error =
        fer_tcp_listener_accept(&program->listeners[listener].handle, &stream->handle, &peer);
    print_kind(error, NULL);
    int server = error.kind == FER_OK || (error.kind == FER_WOULD_BLOCK && stream->end == NONE)
                     ? tracker_accept(program, listening)
                     : NONE;
    if (error.kind == FER_OK && server != NONE) {
        print_client(program, &peer, server);
        join(program, stream, server);
    } else if (error.kind == FER_OK) {
        print_text(" nobody was expected");
        fer_tcp_stream_close(&stream->handle);
    }
}

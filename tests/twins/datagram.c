/* datagram.c: the twins of a datagram socket: connected, connected again, in batches, in groups. */
#define _GNU_SOURCE
#include "twins.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CALL_MS = 60, TAGS = 256, NO_TARGET = 255, STRANGER = 254, GROUP = 253 };

/* A message has the number of its step, its sender's target and a fill. The peers return it. */
struct message {
    uint8_t tag, target, fill[1400];
};

struct datagram_twins {
    int plain;
    fer_udp_socket mine;
    unsigned port[TWINS];
    int peer[2 * T_COUNT];
    int stranger, group_sender;
    unsigned target; /* of the connected socket, or NO_TARGET */
    uint8_t tag;
    bool is_joined, is_bound;
    uint8_t got[TWINS][TAGS]; /* how often a message was received */
    unsigned reports[TWINS];  /* how many receives have reported a rejected datagram */
};

static int place_of(unsigned target)
{
    return target % T_COUNT == T_LOOPBACK ? HERE : target % T_COUNT == T_ROUTER ? ROUTER : PEER;
}

/* The peers of the addresses that exist; the others are reached by a translation. */
static void open_peers(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    for (unsigned target = 0; target < 2 * T_COUNT; target++) {
        struct sockaddr_storage at;
        unsigned kind = target % T_COUNT;
        socklen_t len = kind == T_BPF ? address_of(BPF_PEER, ECHO_PORT, false, &at)
                                      : target_address(world, target, &at);
        d->peer[target] = -1;
        if (kind == T_BALANCED || kind == T_DEAD || (kind == T_BPF && world->family != V4)) {
            continue;
        }
        if (target >= T_COUNT && world->family != MAPPED) {
            continue;
        }
        d->peer[target] = network_socket(world, place_of(target), at.ss_family, SOCK_DGRAM, 0);
        if (bind(d->peer[target], (struct sockaddr *)&at, len) != 0) {
            perror("twins: bind of a peer");
            abort();
        }
    }
}

void datagram_open(struct world *world)
{
    struct datagram_twins *d = calloc(1, sizeof *d);
    /* Some sequences have an address that the program chose. */
    const char *const bound = world->v6 ? "fd01::1" : "10.1.0.1";
    const char *const any = world->family == V4 ? "0.0.0.0" : "::";
    bool is_bound = world->plan->seed % 5 == 0;
    struct sockaddr_storage at;
    fer_socket_addr address = {0};
    world->datagram = d;
    d->target = NO_TARGET;
    open_peers(world);
    socklen_t len = address_of(is_bound ? bound : any, 0, is_bound && world->family == MAPPED, &at);
    FER_IGNORE(fer_socket_addr_from_sockaddr(&address, &at, len));
    fer_error error = fer_udp_socket_bind_addr(&d->mine, &address);
    /* A port of the program's choice stays bound when the plain twin is connected again. Nothing
     * else in the namespace has the next one. */
    FER_IGNORE(fer_udp_socket_local_addr(&d->mine, &address));
    d->port[MINE] = address.port;
    d->port[PLAIN] = address.port ^ 1U;
    ((struct sockaddr_in *)&at)->sin_port = htons((uint16_t)d->port[PLAIN]);
    int off = 0;
    d->plain = network_socket(world, HERE, at.ss_family, SOCK_DGRAM, 0);
    (void)setsockopt(d->plain, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(d->plain, (struct sockaddr *)&at, len) != 0 || error.kind != FER_OK) {
        differ(world, "bind: %s; the plain twin: %s", text_of(error), strerror(errno));
    }
    d->is_bound = is_bound;
    d->stranger = network_socket(world, PEER, world->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    d->group_sender = network_socket(world, ROUTER, AF_INET, SOCK_DGRAM, 0);
}

void datagram_close(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    close(d->plain);
    fer_udp_socket_close(&d->mine);
    for (unsigned target = 0; target < 2 * T_COUNT; target++) {
        if (d->peer[target] >= 0) {
            close(d->peer[target]);
        }
    }
    close(d->stranger);
    close(d->group_sender);
    free(d);
}

/* The peers return what they receive. */
static void pump(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    struct message message;
    struct sockaddr_storage from;
    network_look(world);
    for (unsigned target = 0; target < 2 * T_COUNT; target++) {
        /* A receive may report what a router has said about an answer. */
        for (int i = 0; d->peer[target] >= 0 && i < 64; i++) {
            socklen_t len = sizeof from;
            ssize_t n = recvfrom(d->peer[target], &message, sizeof message, 0,
                                 (struct sockaddr *)&from, &len);
            if (n < 0 && errno == EAGAIN) {
                break;
            }
            if (n > 0) {
                (void)!sendto(d->peer[target], &message, (size_t)n, 0, (struct sockaddr *)&from,
                              len);
            }
        }
    }
}

/* U5: a connected socket receives its peer's datagrams only, also of those that were queued. */
static void take(struct world *world, int twin, const struct message *message, size_t n,
                 const fer_socket_addr *from)
{
    struct datagram_twins *d = world->datagram;
    bool is_foreign = false;
    if (d->target != NO_TARGET) {
        fer_socket_addr peer = target_for_mine(world, d->target);
        is_foreign = !fer_socket_addr_eq(&peer, from);
    }
    if (twin == MINE && is_foreign) {
        differ(world, "ferrule is connected to %s, and receives a datagram of another sender",
               target_name(d->target));
    }
    if (n >= 2 && !is_foreign && d->got[twin][message->tag] < 255) {
        d->got[twin][message->tag]++;
    }
}

static bool is_report(fer_error_kind kind)
{
    return kind == FER_CONNECTION_REFUSED || kind == FER_HOST_UNREACHABLE ||
           kind == FER_NETWORK_UNREACHABLE || kind == FER_PERMISSION_DENIED ||
           kind == FER_UNSUPPORTED || kind == FER_UNCATEGORIZED;
}

static void receive_plain(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    struct message message;
    for (int i = 0; i < TAGS; i++) {
        struct sockaddr_storage at;
        socklen_t len = sizeof at;
        fer_socket_addr from = {0};
        ssize_t n = recvfrom(d->plain, &message, sizeof message, MSG_DONTWAIT,
                             (struct sockaddr *)&at, &len);
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n >= 0) {
            FER_IGNORE(fer_socket_addr_from_sockaddr(&from, &at, len));
            take(world, PLAIN, &message, (size_t)n, &from);
        } else if (errno != EMSGSIZE) { /* U2 */
            d->reports[PLAIN]++;
        }
    }
}

/* Returns false if the queue is empty. */
static bool take_result(struct world *world, const char *call, fer_error error,
                        const struct message *message, size_t n, const fer_socket_addr *from)
{
    struct datagram_twins *d = world->datagram;
    if (error.kind == FER_OK) {
        take(world, MINE, message, n, from);
        return true;
    }
    if (mine_outcome(error, 0).class == WAITS) {
        return false;
    }
    d->reports[MINE]++;
    if (!is_report(error.kind)) {
        differ(world, "%s: %s", call, text_of(error));
    } else if (d->target == NO_TARGET) {
        differ(world, "%s of a socket without a peer: %s", call, text_of(error));
    } else if (!world->is_disturbed && d->target % T_COUNT != T_DEAD) {
        differ(world, "%s: %s, and the peer has refused nothing", call, text_of(error));
    }
    return d->reports[MINE] < 200;
}

static void receive_rest(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    struct message message;
    fer_udp_received received = {0};
    fer_error error = FER_ERROR_OK;
    do {
        error = fer_udp_socket_try_recv_from(&d->mine, &message, sizeof message, &received);
    } while (take_result(world, "try_recv_from", error, &message, received.len, &received.from) &&
             !differs(world));
}

static bool mine_lacks(const struct datagram_twins *d, unsigned *tag)
{
    for (*tag = 0; *tag < TAGS; (*tag)++) {
        if ((d->got[PLAIN][*tag] > 0) != (d->got[MINE][*tag] > 0)) {
            return true;
        }
    }
    return false;
}

/* Each datagram that one twin has received, the other receives too. */
static void compare_receives(struct world *world)
{
    struct datagram_twins *d = world->datagram;
    unsigned tag = 0;
    double end = now_ms() + 300;
    do {
        pump(world);
        receive_plain(world);
        receive_rest(world);
    } while (mine_lacks(d, &tag) && !differs(world) && now_ms() < end && poll(NULL, 0, 1) == 0);
    if (mine_lacks(d, &tag)) {
        differ(world, "the datagram of step %u: the plain twin has it %d times, ferrule %d times",
               tag, d->got[PLAIN][tag], d->got[MINE][tag]);
    }
    /* U3: connected sockets report refusals. A system may lose one of several. */
    if (d->target % T_COUNT == T_DEAD && d->reports[PLAIN] > 0 && d->reports[MINE] == 0) {
        differ(world, "the plain twin reports a refusal, and ferrule none");
    }
}

void datagram_settle(struct world *world)
{
    pump(world);
    world->datagram->tag++;
}

/* ---- Sends */

static size_t make_message(struct datagram_twins *d, unsigned target, unsigned arg,
                           struct message *message)
{
    memset(message, 0, sizeof *message);
    message->tag = d->tag;
    message->target = (uint8_t)target;
    return arg % 3 == 0 ? sizeof *message : 40;
}

struct send_form {
    const char *name;
    fer_error (*send)(fer_udp_socket *socket, const void *bytes, size_t len, size_t *n);
};

static fer_error send_batch(fer_udp_socket *socket, const void *bytes, size_t len, size_t *n)
{
    fer_datagram_send messages[2] = {{.buf = bytes, .len = len}, {.buf = bytes, .len = len}};
    return fer_udp_socket_send_batch(socket, messages, 2, n);
}

static fer_error try_send_batch(fer_udp_socket *socket, const void *bytes, size_t len, size_t *n)
{
    fer_datagram_send message = {.buf = bytes, .len = len};
    return fer_udp_socket_try_send_batch(socket, &message, 1, n);
}

static const struct send_form SENDS[] = {
    {"send", fer_udp_socket_send},
    {"try_send", fer_udp_socket_try_send},
    {"send_batch", send_batch},
    {"try_send_batch", try_send_batch},
};

/* A send may report what an earlier datagram has met (U3); the next one is sent. */
static void compare_sends(struct world *world, const char *call, int code, fer_error error)
{
    if (code == 0 && error.kind != FER_OK) {
        differ(world, "%s: %s, and the plain twin sends", call, text_of(error));
    } else if (code != 0 && error.kind != FER_OK && !is_kind_of(code, error.kind) &&
               !is_report(error.kind)) {
        differ(world, "%s: %s; the plain twin: %s", call, text_of(error), strerror(code));
    }
}

static bool is_late_report(int code)
{
    return code == ECONNREFUSED || code == EHOSTUNREACH || code == ENOPROTOOPT || code == EACCES ||
           code == EPROTO || code == EMSGSIZE || code == ENETUNREACH || code == EOPNOTSUPP;
}

static void run_send(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    const struct send_form *form = &SENDS[arg % 4];
    struct message message;
    int code = 0;
    fer_error error = FER_ERROR_OK;
    size_t n = 0;
    (void)row;
    if (d->target == NO_TARGET) {
        return;
    }
    size_t len = make_message(d, d->target, arg / 4, &message);
    receive_plain(world);
    receive_rest(world);
    for (int i = 0; i < 3 && (i == 0 || is_late_report(code)); i++) {
        code = send(d->plain, &message, len, MSG_DONTWAIT) < 0 ? errno : 0;
    }
    call_begins(world);
    for (int i = 0; i < 3 && (i == 0 || is_report(error.kind)); i++) {
        error = form->send(&d->mine, &message, len, &n);
    }
    call_ends(world, form->name, CALL_MS);
    compare_sends(world, form->name, code, error);
}

static void run_send_to(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    unsigned target = d->target != NO_TARGET && arg % 2 == 0 ? d->target : arg / 2 % T_COUNT;
    struct message message;
    struct sockaddr_storage to;
    size_t n = 0;
    int code = 0;
    fer_error error = FER_ERROR_OK;
    (void)row;
    if (target == T_BPF && (!balancer_translates || world->family != V4)) {
        return;
    }
    size_t len = make_message(d, target, arg / 16, &message);
    socklen_t to_len = target_address(world, target, &to);
    fer_socket_addr address = target_for_mine(world, target);
    receive_plain(world);
    receive_rest(world);
    for (int i = 0; i < 3 && (i == 0 || is_late_report(code)); i++) {
        code = sendto(d->plain, &message, len, MSG_DONTWAIT, (struct sockaddr *)&to, to_len) < 0
                   ? errno
                   : 0;
    }
    call_begins(world);
    for (int i = 0; i < 3 && (i == 0 || is_report(error.kind)); i++) {
        error = fer_udp_socket_send_to(&d->mine, &message, len, &address, &n);
    }
    call_ends(world, "send_to", CALL_MS);
    compare_sends(world, "send_to", code, error);
}

static void run_stranger(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    struct message message;
    (void)row;
    size_t len = make_message(d, STRANGER, arg, &message);
    for (int twin = 0; twin < TWINS; twin++) {
        struct sockaddr_storage to;
        socklen_t to_len =
            address_of(world->v6 ? "fd01::1" : "10.1.0.1", d->port[twin], false, &to);
        (void)!sendto(d->stranger, &message, len, 0, (struct sockaddr *)&to, to_len);
    }
}

/* ---- Receives */

struct receive_form {
    const char *name;
    bool is_batch, has_deadline, is_nonblocking;
};

static const struct receive_form RECEIVES[] = {
    {"recv_from with a timeout", false, false, false},
    {"recv_batch with a timeout", true, false, false},
    {"recv_from with a deadline", false, true, false},
    {"recv_batch with a deadline", true, true, false},
    {"recv_from, nonblocking", false, false, true},
    {"recv_batch, nonblocking", true, false, true},
};

static void run_receive(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    const struct receive_form *form = &RECEIVES[arg % 6];
    fer_duration timeout = fer_duration_from_millis(CALL_MS);
    fer_limits limits = {.deadline = fer_instant_after(timeout)};
    struct message messages[2];
    fer_udp_received received = {0};
    fer_datagram_recv batch[2] = {{.buf = &messages[0], .cap = sizeof messages[0]},
                                  {.buf = &messages[1], .cap = sizeof messages[1]}};
    size_t count = 1;
    (void)row;
    if (world->later != NULL) {
        compare_receives(world); /* so that the call waits for the event */
    }
    FER_IGNORE(fer_udp_socket_set_read_timeout(
        &d->mine, form->has_deadline || form->is_nonblocking ? FER_DURATION_NONE : timeout));
    FER_IGNORE(fer_udp_socket_set_nonblocking(&d->mine, form->is_nonblocking));
    FER_IGNORE(fer_udp_socket_set_limits(&d->mine, form->has_deadline ? &limits : NULL));
    pump(world);
    call_begins(world);
    fer_error error = form->is_batch ? fer_udp_socket_recv_batch(&d->mine, batch, 2, &count)
                                     : fer_udp_socket_recv_from(&d->mine, &messages[0],
                                                                sizeof messages[0], &received);
    call_ends(world, form->name, CALL_MS);
    FER_IGNORE(fer_udp_socket_set_limits(&d->mine, NULL));
    FER_IGNORE(fer_udp_socket_set_nonblocking(&d->mine, false));
    for (size_t i = 0; error.kind == FER_OK ? i < count : i < 1; i++) {
        (void)take_result(world, form->name, error, &messages[i],
                          form->is_batch ? batch[i].len : received.len,
                          form->is_batch ? &batch[i].from : &received.from);
    }
    compare_receives(world);
}

static bool receive_blocks(struct world *world, fer_interest interest)
{
    struct datagram_twins *d = world->datagram;
    struct message message;
    fer_udp_received received = {0};
    if (interest == FER_WRITABLE) {
        struct pollfd ready = {(int)fer_udp_socket_as_raw(&d->mine), POLLOUT, 0};
        return poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0;
    }
    fer_error error = fer_udp_socket_try_recv_from(&d->mine, &message, sizeof message, &received);
    (void)take_result(world, "try_recv_from", error, &message, received.len, &received.from);
    return error.kind == FER_WOULD_BLOCK;
}

static void run_wait(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    (void)row;
    /* The plain twin's queue is read first: the number of its datagrams is not that of ferrule. */
    compare_receives(world);
    compare_waits(world, fer_udp_socket_as_raw(&d->mine), d->plain, arg, receive_blocks);
    compare_receives(world);
}

static void run_take_error(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    fer_error result = FER_ERROR_OK;
    int code = 0;
    socklen_t len = sizeof code;
    (void)row;
    (void)arg;
    (void)getsockopt(d->plain, SOL_SOCKET, SO_ERROR, &code, &len);
    fer_error error = fer_udp_socket_take_error(&d->mine, &result);
    if (error.kind != FER_OK) {
        differ(world, "take_error itself: %s", text_of(error));
    }
    d->reports[PLAIN] += code != 0 && code != EMSGSIZE;
    d->reports[MINE] += result.kind != FER_OK;
    if (code == 0 && result.kind != FER_OK && !world->is_disturbed) {
        differ(world, "take_error: %s, and the plain twin has none", text_of(result));
    }
    compare_receives(world);
}

/* ---- Peers and groups */

/* The plain twin has no peer between two, so that its source is chosen anew (udp.h: the same as on
 * a new socket), and drops the report about the earlier one (refusal_of_another). */
static int connect_plain(struct world *world, unsigned target)
{
    struct datagram_twins *d = world->datagram;
    struct sockaddr_storage to;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    int code = 0, dropped = 0;
    socklen_t len = target_address(world, target, &to), size = sizeof dropped;
    (void)connect(d->plain, &none, sizeof none);
    code = connect(d->plain, (struct sockaddr *)&to, len) != 0 ? errno : 0;
    (void)getsockopt(d->plain, SOL_SOCKET, SO_ERROR, &dropped, &size);
    return code;
}

static void disconnect_mine(struct world *world)
{
    fer_error error = fer_udp_socket_disconnect(&world->datagram->mine);
    if (error.kind != FER_OK) {
        differ(world, "disconnect: %s", text_of(error));
    }
}

static void run_connect(struct world *world, const struct row *row, unsigned arg)
{
    static const uint8_t CHOICES[] = {T_PEER, T_SECOND,   T_PEER,   T_BALANCED,
                                      T_DEAD, T_LOOPBACK, T_ROUTER, T_BPF};
    struct datagram_twins *d = world->datagram;
    unsigned target = CHOICES[arg % 8];
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    (void)row;
    if (target == T_BPF && (!balancer_translates || world->family != V4)) {
        target = T_SECOND;
    }
    if (world->family == MAPPED && arg / 8 % 3 == 0 && target != T_BPF) {
        target += T_COUNT;
    }
    if (arg / 64 % 2 == 0) { /* else a report about the old peer is left */
        compare_receives(world);
    }
    fer_socket_addr address = target_for_mine(world, target);
    fer_socket_addr_format(&address, text, sizeof text);
    int code = connect_plain(world, target);
    fer_error error = arg % 2 == 0 ? fer_udp_socket_connect_addr(&d->mine, &address)
                                   : fer_udp_socket_connect(&d->mine, text);
    d->reports[PLAIN] = d->reports[MINE] = 0;
    d->target = code == 0 && error.kind == FER_OK ? target : NO_TARGET;
    if ((code == 0) != (error.kind == FER_OK) ||
        (code != 0 && !is_kind_of(code, error.kind) && !is_of_network(error.kind))) {
        differ(world, "connect to %s: %s; the plain twin: %s", text, text_of(error),
               strerror(code));
    } else if (code != 0) {
        disconnect_mine(world);
    }
}

static void run_disconnect(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    int dropped = 0;
    socklen_t size = sizeof dropped;
    (void)row;
    (void)arg;
    compare_receives(world);
    (void)connect(d->plain, &none, sizeof none);
    (void)getsockopt(d->plain, SOL_SOCKET, SO_ERROR, &dropped, &size);
    d->target = NO_TARGET;
    disconnect_mine(world);
}

static void run_clone(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    fer_udp_socket clone = {0};
    (void)row;
    (void)arg;
    fer_error error = fer_udp_socket_try_clone(&d->mine, &clone);
    if (error.kind != FER_OK) {
        differ(world, "try_clone: %s", text_of(error));
        return;
    }
    fer_udp_socket_close(&d->mine);
    d->mine = clone;
}

/* Joins, or leaves if the twins are members, and lets the router send to the group. */
static void run_group(struct world *world, const struct row *row, unsigned arg)
{
    struct datagram_twins *d = world->datagram;
    struct ip_mreqn plain = {.imr_multiaddr.s_addr = htonl(0xef010101)};
    fer_ipv4_addr group = fer_ipv4_addr_new(239, 1, 1, 1), local = fer_ipv4_addr_new(10, 1, 0, 1);
    struct message message;
    (void)row;
    plain.imr_address.s_addr = htonl(0x0a010001);
    if (arg % 2 == 0) {
        int option = d->is_joined ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP;
        int code = setsockopt(d->plain, IPPROTO_IP, option, &plain, sizeof plain) != 0 ? errno : 0;
        fer_error error = d->is_joined ? fer_udp_socket_leave_multicast_v4(&d->mine, group, local)
                                       : fer_udp_socket_join_multicast_v4(&d->mine, group, local);
        if ((code == 0) != (error.kind == FER_OK)) {
            differ(world, "%s a group: %s; the plain twin: %s", d->is_joined ? "leave" : "join",
                   text_of(error), strerror(code));
        }
        d->is_joined = code == 0 ? !d->is_joined : d->is_joined;
    }
    size_t len = make_message(d, GROUP, arg, &message);
    for (int twin = 0; twin < TWINS; twin++) {
        struct sockaddr_in to = {AF_INET, htons((uint16_t)d->port[twin]), {htonl(0xef010101)}, {0}};
        (void)!sendto(d->group_sender, &message, len, 0, (struct sockaddr *)&to, sizeof to);
    }
    compare_receives(world);
}

/* After the network is healed, a connect to each of four peers works. The first refuses, of which
 * the others report nothing. The last is that of the cgroup, if there is one. */
void datagram_finish(struct world *world)
{
    static const unsigned ARGUMENTS[] = {64 + 4, 64 + 0, 1, 7}; /* of run_connect */
    struct datagram_twins *d = world->datagram;
    network_heal(world);
    network_wait(world);
    for (unsigned i = 0; i < 4 && !differs(world); i++) {
        d->tag = (uint8_t)(TAGS - 4 + i);
        world->is_disturbed = world->is_disturbed && i == 0;
        run_connect(world, NULL, ARGUMENTS[i]);
        run_send(world, NULL, 1);
        if (i > 0) {
            compare_receives(world);
        }
    }
}

/* The tag of a message is the number of its step. */
#define CALL(name, chance, families, run) CALL_ROW(DATAGRAM, families, name, chance, run)

const struct row DATAGRAM_ROWS[] = {
    CALL("connect", 14, ALL, run_connect),
    CALL("disconnect", 3, ALL, run_disconnect),
    CALL("send", 22, ALL, run_send),
    CALL("send_to", 8, ALL, run_send_to),
    CALL("a stranger sends", 4, ALL, run_stranger),
    CALL("receive", 18, ALL, run_receive),
    CALL("wait", 6, ALL, run_wait),
    CALL("take_error", 4, ALL, run_take_error),
    CALL("use a clone", 2, ALL, run_clone),
    CALL("join or leave a group", 3, V4, run_group),
    {NULL, 0, 0, 0, NULL, 0, 0, {NULL, NULL}, false},
};

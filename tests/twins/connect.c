/* connect.c: every form of connect, and accept. */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct form {
    const char *name;
    fer_error (*connect)(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to);
    bool only_starts;
};

static fer_error connect_addr(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    (void)world;
    return fer_tcp_stream_connect_addr(out, to);
}

static fer_error connect_text(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    (void)world;
    fer_socket_addr_format(to, text, sizeof text);
    return fer_tcp_stream_connect(out, text);
}

static fer_error connect_timeout(struct world *world, fer_tcp_stream *out,
                                 const fer_socket_addr *to)
{
    (void)world;
    return fer_tcp_stream_connect_timeout(out, to, fer_duration_from_millis(CONNECT_MS));
}

static fer_error connect_addrs(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    (void)world;
    return fer_tcp_stream_connect_addrs(out, to, 1, NULL);
}

static fer_error connect_addrs_with(struct world *world, fer_tcp_stream *out,
                                    const fer_socket_addr *to)
{
    fer_connect_options options = {0};
    (void)world;
    options.limits.deadline = fer_instant_after(fer_duration_from_millis(CONNECT_MS));
    return fer_tcp_stream_connect_addrs(out, to, 1, &options);
}

static fer_error connect_with(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_connect_options options = {0};
    (void)world;
    options.attempt_timeout = fer_duration_from_millis(CONNECT_MS);
    fer_socket_addr_format(to, text, sizeof text);
    return fer_tcp_stream_connect_with(out, text, &options);
}

static fer_error connect_by_connector(struct world *world, fer_tcp_stream *out,
                                      const fer_socket_addr *to)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_poller poller = {0};
    fer_connector connector = {0};
    fer_error error = fer_poller_new(&poller);
    fer_socket_addr_format(to, text, sizeof text);
    if (error.kind == FER_OK) {
        error = fer_connector_start(&connector, text, NULL, NULL, &poller, 1);
    }
    double end = now_ms() + CONNECT_MS;
    unsigned waits = 0;
    for (size_t count = 0; error.kind == FER_OK && count == 0 && now_ms() < end; waits++) {
        fer_event event;
        error = fer_poller_wait(&poller, fer_duration_from_millis(500), &event, 1, &count, NULL);
    }
    if (waits > 50) {
        differ(world, "the connector ended %u waits", waits);
    }
    if (error.kind == FER_OK) {
        error = fer_connector_take(&connector, out);
    }
    fer_connector_close(&connector);
    fer_poller_close(&poller);
    return error;
}

static fer_error connect_start(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    (void)world;
    return fer_tcp_stream_connect_start(out, to);
}

static fer_error by_socket(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to,
                           bool is_nonblocking)
{
    fer_socket socket = {0};
    fer_error error =
        fer_socket_new(&socket, world->family == V4 ? FER_DOMAIN_IPV4 : FER_DOMAIN_IPV6,
                       FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT);
    if (error.kind == FER_OK && is_nonblocking) {
        error = fer_socket_set_nonblocking(&socket, true);
    }
    if (error.kind == FER_OK) {
        error = fer_socket_connect(&socket, to);
    }
    if (error.kind == FER_OK || error.kind == FER_WOULD_BLOCK) {
        error = fer_socket_into_tcp_stream(&socket, out);
    }
    fer_socket_close(&socket);
    return error;
}

static fer_error connect_socket(struct world *world, fer_tcp_stream *out, const fer_socket_addr *to)
{
    return by_socket(world, out, to, false);
}

static fer_error connect_socket_start(struct world *world, fer_tcp_stream *out,
                                      const fer_socket_addr *to)
{
    return by_socket(world, out, to, true);
}

static const struct form FORMS[] = {
    {"connect_addr", connect_addr, false},
    {"connect_start", connect_start, true},
    {"connect_timeout", connect_timeout, false},
    {"connect_addr", connect_addr, false},
    {"connect", connect_text, false},
    {"connect_addrs", connect_addrs, false},
    {"connect_addrs with options", connect_addrs_with, false},
    {"connect_with", connect_with, false},
    {"a connector", connect_by_connector, false},
    {"fer_socket_connect", connect_socket, false},
    {"fer_socket_connect, nonblocking", connect_socket_start, true},
};
enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

/* 0: connected; EAGAIN: pending; otherwise the failure. SO_ERROR of a pending connect would take a
 * soft error (RFC 1122, 4.2.3.9), so it is queried in the state CLOSE alone. */
static int plain_result(struct stream_twins *s)
{
    int state = tcp_state(s->plain);
    int code = 0;
    socklen_t len = sizeof code;
    if (state == TCP_SYN_SENT || state == TCP_SYN_RECV) {
        return EAGAIN;
    }
    if (state == TCP_CLOSE) {
        (void)getsockopt(s->plain, SOL_SOCKET, SO_ERROR, &code, &len);
        return code != 0 ? code : ECONNABORTED;
    }
    return 0;
}

static void compare_results(struct world *world, const char *form, int plain, fer_error mine,
                            bool is_immediate)
{
    struct stream_twins *s = world->stream;
    if ((plain == 0) != (mine.kind == FER_OK)) {
        differ(world, "%s: %s; the plain twin: %s", form, text_of(mine), strerror(plain));
    } else if (plain != 0 && !is_kind_of(plain, mine.kind) &&
               (is_immediate || !world->is_disturbed || !is_of_network(mine.kind))) {
        differ(world, "%s: %s; the plain twin: %s", form, text_of(mine), strerror(plain));
    } else if (plain == 0) {
        int is_on = 1;
        s->state = OPEN;
        (void)setsockopt(s->plain, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
        FER_IGNORE(fer_tcp_stream_set_nodelay(&s->mine, true));
        FER_IGNORE(fer_tcp_stream_set_nonblocking(&s->mine, false));
        return;
    }
    stream_close_all(world);
}

/* A failure of ferrule while the plain twin still connects is a difference if the plain twin then
 * needs longer than the packets of two sockets differ. */
static void finish_connect(struct world *world, const char *form, int plain, fer_error mine,
                           bool is_immediate)
{
    struct stream_twins *s = world->stream;
    double failed = now_ms();
    double end = failed + PATIENCE_MS;
    while (plain == EAGAIN && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
        plain = plain_result(s);
    }
    if (mine.kind != FER_OK && plain != 0 && now_ms() - failed > (balancer_is_quick ? 120 : 700)) {
        differ(world, "%s: %s, %.0f ms before the plain twin: %s", form, text_of(mine),
               now_ms() - failed, strerror(plain));
    }
    compare_results(world, form, plain, mine, is_immediate);
}

void stream_run_connect(struct world *world, const struct row *row, unsigned arg)
{
    static const uint8_t CHOICES[] = {T_PEER,   T_PEER,     T_PEER, T_PEER,
                                      T_SECOND, T_BALANCED, T_DEAD, T_PEER};
    struct stream_twins *s = world->stream;
    const struct form *form = &FORMS[arg % FORM_COUNT];
    unsigned target = CHOICES[arg / FORM_COUNT % 8];
    struct sockaddr_storage to[TWINS];
    (void)row;
    if (s->state != NONE) {
        return;
    }
    fer_socket_addr address = {0};
    for (int twin = 0; twin < TWINS; twin++) {
        socklen_t len = target_address(world, target, &to[twin]);
        s->listener[twin] = target == T_DEAD ? -1 : stream_listen_at_peer(world, &to[twin]);
        FER_IGNORE(fer_socket_addr_from_sockaddr(&address, &to[twin], len));
    }
    s->plain = network_socket(world, HERE, to[0].ss_family, SOCK_STREAM, 0);
    int plain = connect(s->plain, (struct sockaddr *)&to[PLAIN], sizeof(struct sockaddr_in6)) == 0
                    ? 0
                    : errno;
    plain = plain == EINPROGRESS ? EAGAIN : plain;
    bool is_immediate = plain != EAGAIN;
    call_begins(world);
    fer_error mine = form->connect(world, &s->mine, &address);
    call_ends(world, form->name, form->only_starts ? 0 : CONNECT_MS);
    if (form->only_starts && mine.kind == FER_OK) {
        s->state = PENDING;
        s->pending_until = now_ms() + CONNECT_MS;
    } else {
        finish_connect(world, form->name, plain, mine, is_immediate);
    }
}

/* Queries the pending connects, each by its own calls. */
static void query_pending(struct world *world)
{
    struct stream_twins *s = world->stream;
    fer_error result = FER_ERROR_OK;
    fer_error error = fer_tcp_stream_take_error(&s->mine, &result);
    int state = tcp_state(fer_tcp_stream_as_raw(&s->mine));
    if (error.kind == FER_WOULD_BLOCK) {
        if (plain_result(s) != EAGAIN && now_ms() > s->pending_until) {
            differ(world, "the connect is still pending, and the plain twin has its result");
        }
        return;
    }
    result = error.kind != FER_OK ? error : result;
    if (result.kind != FER_OK && state != TCP_CLOSE) {
        differ(world, "take_error of a pending connect: %s, and the system is in state %d",
               text_of(result), state);
        return;
    }
    finish_connect(world, "a pending connect", plain_result(s), result, false);
}

void stream_settle_pending(struct world *world, bool is_last)
{
    struct stream_twins *s = world->stream;
    do {
        stream_pump(world);
        query_pending(world);
        pause_ms(is_last && s->state == PENDING ? 2 : 0);
    } while (is_last && s->state == PENDING && !differs(world) &&
             now_ms() < s->pending_until + 100);
}

static void accept_twins(struct world *world, unsigned arg)
{
    struct stream_twins *s = world->stream;
    fer_tcp_listener listener = {0};
    fer_socket_addr any = {0}, local = {0};
    struct sockaddr_storage at[TWINS];
    socklen_t len = address_of(world->family == V4 ? "0.0.0.0" : "::", 0, false, &at[PLAIN]);
    FER_IGNORE(fer_socket_addr_from_sockaddr(&any, &at[PLAIN], len));
    int plain = network_socket(world, HERE, at[PLAIN].ss_family, SOCK_STREAM, 0);
    if (bind(plain, (struct sockaddr *)&at[PLAIN], len) != 0 || listen(plain, 8) != 0 ||
        getsockname(plain, (struct sockaddr *)&at[PLAIN], &len) != 0 ||
        fer_tcp_listener_bind_addr(&listener, &any).kind != FER_OK ||
        fer_tcp_listener_local_addr(&listener, &local).kind != FER_OK) {
        differ(world, "a listener of a wildcard address cannot be made");
    }
    unsigned ports[TWINS] = {ntohs(((struct sockaddr_in *)&at[PLAIN])->sin_port), local.port};
    for (int twin = 0; twin < TWINS; twin++) {
        len = address_of(world->v6 ? "fd01::1" : "10.1.0.1", ports[twin], false, &at[twin]);
        s->peer[twin] = network_socket(world, PEER, at[twin].ss_family, SOCK_STREAM, 0);
        (void)!connect(s->peer[twin], (struct sockaddr *)&at[twin], len);
        if (arg % 8 == 7) {
            stream_reset(&s->peer[twin]); /* a connection that has ended in the queue */
        }
    }
    s->plain = accept4(plain, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_millis(CALL_MS))};
    FER_IGNORE(fer_tcp_listener_set_limits(&listener, arg % 3 == 0 ? &limits : NULL));
    FER_IGNORE(fer_tcp_listener_set_nonblocking(&listener, arg % 3 == 1));
    call_begins(world);
    fer_error error = arg % 3 == 2 ? fer_tcp_listener_try_accept(&listener, &s->mine, NULL)
                                   : fer_tcp_listener_accept(&listener, &s->mine, NULL);
    call_ends(world, "accept", CALL_MS);
    double end = now_ms() + PATIENCE_MS;
    while (s->plain >= 0 && mine_outcome(error, 0).class == WAITS && now_ms() < end) {
        pause_ms(1);
        error = fer_tcp_listener_try_accept(&listener, &s->mine, NULL);
    }
    if (s->plain < 0 && error.kind == FER_OK) {
        s->plain = accept4(plain, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    /* a router may drop one twin's part of the handshake and not the other's */
    struct pollfd queue = {(int)fer_tcp_listener_as_raw(&listener), POLLIN, 0};
    bool has_none = mine_outcome(error, 0).class == WAITS && poll(&queue, 1, 0) == 0;
    fer_tcp_listener_close(&listener);
    close(plain);
    if (s->plain >= 0 && error.kind != FER_OK && !has_none) {
        differ(world, "accept: %s, and the plain twin has accepted", text_of(error));
    }
    if (s->plain >= 0 && error.kind == FER_OK && s->peer[0] >= 0) {
        compare_results(world, "accept", 0, error, true);
    } else {
        stream_close_all(world);
    }
}

void stream_run_accept(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    if (world->stream->state == NONE) {
        accept_twins(world, arg);
    }
}

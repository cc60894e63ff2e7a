/* poller_sockets.c: sockets that become ready at known times; see poller_model.h. Each has a
 * readiness that may be reported and one that must be. If systems differ, or the outcome is
 * unknown, a readiness may be reported and need not. */
#include "fuzz/models/poller_model_state.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

enum { ARRIVALS_MAX = 256 };

static struct model_socket {
    poller_kind kind;
    int refs;
    size_t arrived;
    poller_space room;
    bool has_eof, has_failed;
    bool may_be_over;       /* a hang-up may be reported */
    bool may_have_answered; /* a connect, or a refused datagram, may have its outcome */
    bool is_undefined;      /* its reported readiness is unspecified */
    bool shut_write;
    bool has_refusal;
} sockets[POLLER_SOCKETS_MAX];

static struct arrival {
    int socket;
    poller_arrival what;
    size_t count;
    uint64_t time;
} arrivals[ARRIVALS_MAX];

static int used;
static size_t arrival_count;
static uint64_t now;

void poller_sockets_begin(void)
{
    memset(sockets, 0, sizeof sockets);
    used = 0;
    arrival_count = 0;
    now = 0;
}

uint64_t poller_now(void)
{
    return now;
}

/* ---- Readiness */

static bool is_over(const struct model_socket *socket)
{
    return socket->has_failed && !socket->is_undefined;
}

static poller_readiness must_be(const struct model_socket *socket)
{
    bool connected = socket->kind == POLLER_STREAM && !socket->is_undefined;
    bool has_input = socket->arrived > 0 || socket->has_eof || socket->has_refusal;
    poller_readiness ready = {0};
    ready.over = is_over(socket);
    ready.ended = ready.over || (connected && socket->has_eof);
    ready.readable = ready.over || (has_input && !socket->is_undefined);
    ready.writable = ready.over ||
                     (connected && socket->room == POLLER_SPACE && !socket->shut_write) ||
                     socket->kind == POLLER_DATAGRAM;
    return ready;
}

static poller_readiness may_be(const struct model_socket *socket)
{
    poller_readiness ready = must_be(socket);
    bool connected = socket->kind == POLLER_STREAM;
    bool both_ended = socket->has_eof && socket->shut_write;
    bool is_unsure = socket->may_be_over || socket->may_have_answered || socket->is_undefined;
    ready.over = socket->kind == POLLER_UNCONNECTED || socket->has_failed || is_unsure ||
                 socket->has_refusal || both_ended;
    ready.ended = ready.ended || socket->has_eof || ready.over;
    ready.readable = ready.readable || ready.over;
    ready.writable = ready.writable || ready.over ||
                     (connected && (socket->room != POLLER_FULL || socket->shut_write));
    return ready;
}

poller_readiness poller_socket_must(int socket)
{
    return must_be(&sockets[socket]);
}

poller_readiness poller_socket_may(int socket)
{
    return may_be(&sockets[socket]);
}

/* ---- Arrivals */

static void arrive(const struct arrival *arrival)
{
    struct model_socket *socket = &sockets[arrival->socket];
    switch (arrival->what) {
    case POLLER_BYTES: socket->arrived += arrival->count; break;
    case POLLER_EOF_OR_RESET:
        socket->may_be_over = true;
        socket->has_eof = true;
        break;
    case POLLER_EOF: socket->has_eof = true; break;
    case POLLER_RESET: /* with both ends at EOF there may be nothing left to reset */
        socket->has_failed = socket->has_failed || !socket->has_eof || !socket->shut_write;
        socket->may_be_over = true;
        break;
    case POLLER_MAY_ANSWER: socket->may_have_answered = true; break;
    case POLLER_FAILED: socket->has_failed = true; break;
    case POLLER_CONNECTED:
        socket->kind = POLLER_STREAM;
        socket->may_have_answered = false;
        break;
    case POLLER_REFUSAL:
        socket->has_refusal = true;
        socket->may_have_answered = false;
        break;
    }
    poller_registrations_update(arrival->socket, arrival->time);
}

/* The earliest arrival up to now; ARRIVALS_MAX if there is none. */
static size_t first_arrival(void)
{
    size_t first = ARRIVALS_MAX;
    for (size_t i = 0; i < arrival_count; i++) {
        if (arrivals[i].time <= now &&
            (first == ARRIVALS_MAX || arrivals[i].time < arrivals[first].time)) {
            first = i;
        }
    }
    return first;
}

void poller_model_at(uint64_t time)
{
    now = time;
    for (size_t at = first_arrival(); at < ARRIVALS_MAX; at = first_arrival()) {
        struct arrival arrival = arrivals[at];
        memmove(arrivals + at, arrivals + at + 1, (--arrival_count - at) * sizeof *arrivals);
        arrive(&arrival);
    }
}

void poller_model_arrives(int socket, poller_arrival what, size_t count, uint64_t time)
{
    FUZZ_CHECK(arrival_count < ARRIVALS_MAX);
    arrivals[arrival_count++] = (struct arrival){socket, what, count, time};
    poller_model_at(now);
}

/* ---- Sockets */

int poller_model_create(poller_kind kind)
{
    FUZZ_CHECK(used < POLLER_SOCKETS_MAX);
    sockets[used].kind = kind;
    return used++;
}

void poller_socket_ref(int socket)
{
    sockets[socket].refs++;
}

static void forget_arrivals(int socket)
{
    for (size_t i = arrival_count; i-- > 0;) {
        if (arrivals[i].socket == socket) {
            memmove(arrivals + i, arrivals + i + 1, (--arrival_count - i) * sizeof *arrivals);
        }
    }
}

bool poller_socket_unref(int socket)
{
    if (--sockets[socket].refs > 0) {
        return false;
    }
    forget_arrivals(socket);
    return true;
}

void poller_model_received(int socket, size_t count)
{
    FUZZ_CHECK(count <= sockets[socket].arrived || sockets[socket].is_undefined ||
               sockets[socket].may_be_over || sockets[socket].may_have_answered);
    sockets[socket].arrived -= count < sockets[socket].arrived ? count : sockets[socket].arrived;
    poller_registrations_update(socket, now);
}

void poller_model_connect_started(int socket)
{
    sockets[socket].kind = POLLER_CONNECTING;
    poller_registrations_update(socket, now);
}

void poller_model_space(int socket, poller_space room)
{
    sockets[socket].room = room;
    poller_registrations_update(socket, now);
}

void poller_model_refusal_reported(int socket)
{
    sockets[socket].has_refusal = false;
    sockets[socket].may_have_answered = false;
    forget_arrivals(socket); /* it was reported before it had to be */
    poller_registrations_update(socket, now);
}

void poller_model_shut(int socket, fer_shutdown how)
{
    sockets[socket].shut_write = sockets[socket].shut_write || how != FER_SHUTDOWN_READ;
    sockets[socket].is_undefined = sockets[socket].is_undefined || how != FER_SHUTDOWN_WRITE;
    poller_registrations_update(socket, now);
}

void poller_model_wrote_to_closed(int socket)
{
    sockets[socket].may_be_over = true;
    poller_registrations_update(socket, now);
}

static fer_interest as_interest(poller_readiness ready)
{
    return (fer_interest)((ready.readable ? FER_READABLE : 0u) |
                          (ready.writable ? FER_WRITABLE : 0u));
}

bool poller_model_allows(int socket, fer_interest interests, fer_interest reported)
{
    fer_interest must = as_interest(must_be(&sockets[socket])) & interests;
    fer_interest may = as_interest(may_be(&sockets[socket])) & interests;
    return (must & ~reported) == 0 && (reported & ~may) == 0;
}

/* poller_sockets.c: sockets that become ready at known times; see poller_model.h. Of readiness
 * there are two sides: what may be told, and what must be. Where systems differ, or it is not
 * known, a thing may be and need not. */
#include "fuzz/programs/poller_sockets.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

enum { ARRIVALS_MAX = 256 };

static struct model_socket {
    poller_kind kind;
    int refs;
    size_t arrived;
    poller_room room;
    bool ended;
    bool dead;
    bool shaky;    /* may be over */
    bool answered; /* maybe: a connect, or a datagram that is refused */
    bool odd;      /* it is not known what is told of it */
    bool shut_write;
    bool refused;
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

/* ---- What is ready */

static bool is_dead(const struct model_socket *socket)
{
    return socket->dead && !socket->odd;
}

static poller_readiness must_be(const struct model_socket *socket)
{
    bool connected = socket->kind == POLLER_STREAM && !socket->odd;
    bool has_input = socket->arrived > 0 || socket->ended || socket->refused;
    poller_readiness ready = {0};
    ready.over = is_dead(socket);
    ready.readable = ready.over || (has_input && !socket->odd);
    ready.writable = ready.over ||
                     (connected && socket->room == POLLER_ROOM && !socket->shut_write) ||
                     socket->kind == POLLER_DATAGRAM;
    return ready;
}

static poller_readiness may_be(const struct model_socket *socket)
{
    poller_readiness ready = must_be(socket);
    bool connected = socket->kind == POLLER_STREAM;
    bool both_ended = socket->ended && socket->shut_write;
    bool is_unsure = socket->shaky || socket->answered || socket->odd;
    ready.over =
        socket->kind == POLLER_FRESH || socket->dead || is_unsure || socket->refused || both_ended;
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

/* ---- What comes */

static void arrive(const struct arrival *arrival)
{
    struct model_socket *socket = &sockets[arrival->socket];
    switch (arrival->what) {
    case POLLER_BYTES: socket->arrived += arrival->count; break;
    case POLLER_END_OR_RESET:
        socket->shaky = true;
        socket->ended = true;
        break;
    case POLLER_END: socket->ended = true; break;
    case POLLER_RESET: /* where both have ended there may be nothing left to reset */
        socket->dead = socket->dead || !socket->ended || !socket->shut_write;
        socket->shaky = true;
        break;
    case POLLER_MAY_ANSWER: socket->answered = true; break;
    case POLLER_FAILED: socket->dead = true; break;
    case POLLER_CONNECTED:
        socket->kind = POLLER_STREAM;
        socket->answered = false;
        break;
    case POLLER_REFUSAL:
        socket->refused = true;
        socket->answered = false;
        break;
    }
    poller_watches_touch(arrival->socket, arrival->time);
}

/* The first of those that have come; ARRIVALS_MAX: there is none. */
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

int poller_model_born(poller_kind kind)
{
    FUZZ_CHECK(used < POLLER_SOCKETS_MAX);
    sockets[used].kind = kind;
    return used++;
}

void poller_socket_hold(int socket)
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

bool poller_socket_let_go(int socket)
{
    if (--sockets[socket].refs > 0) {
        return false;
    }
    forget_arrivals(socket);
    return true;
}

void poller_model_taken(int socket, size_t count)
{
    FUZZ_CHECK(count <= sockets[socket].arrived || sockets[socket].odd || sockets[socket].shaky ||
               sockets[socket].answered);
    sockets[socket].arrived -= count < sockets[socket].arrived ? count : sockets[socket].arrived;
    poller_watches_touch(socket, now);
}

void poller_model_connects(int socket)
{
    sockets[socket].kind = POLLER_CONNECTING;
    poller_watches_touch(socket, now);
}

void poller_model_room(int socket, poller_room room)
{
    sockets[socket].room = room;
    poller_watches_touch(socket, now);
}

void poller_model_refusal_told(int socket)
{
    sockets[socket].refused = false;
    sockets[socket].answered = false;
    forget_arrivals(socket); /* where it came before it had to */
    poller_watches_touch(socket, now);
}

void poller_model_shut(int socket, fer_shutdown how)
{
    sockets[socket].shut_write = sockets[socket].shut_write || how != FER_SHUTDOWN_READ;
    sockets[socket].odd = sockets[socket].odd || how != FER_SHUTDOWN_WRITE;
    poller_watches_touch(socket, now);
}

void poller_model_wrote_to_nobody(int socket)
{
    sockets[socket].shaky = true;
    poller_watches_touch(socket, now);
}

static fer_interest as_interest(poller_readiness ready)
{
    return (fer_interest)((ready.readable ? FER_READABLE : 0u) |
                          (ready.writable ? FER_WRITABLE : 0u));
}

bool poller_model_is_so(int socket, fer_interest asked, fer_interest told)
{
    fer_interest must = as_interest(must_be(&sockets[socket])) & asked;
    fer_interest may = as_interest(may_be(&sockets[socket])) & asked;
    return (must & ~told) == 0 && (told & ~may) == 0;
}

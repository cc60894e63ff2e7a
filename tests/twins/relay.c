/* relay.c: the twins of a relay between two connections, each in a thread: fer_copy_bidirectional,
 * and a loop of poll, recv and send. */
#define _GNU_SOURCE
#include "twins.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, CLIENT = 0, SERVER = 1, ENDS = 2 };

/* One end of one twin: the bytes that it must still send, and those that have arrived at it. */
struct end {
    int fd;
    uint64_t wanted, sent, arrived;
    bool has_end, shuts;
};

struct relay_twins {
    struct end ends[TWINS][ENDS];
    int plain[ENDS];
    fer_tcp_stream mine[ENDS];
    pthread_t thread[TWINS];
    bool is_running[TWINS];
    pthread_mutex_t lock;
    bool has_ended[TWINS];
    fer_error result;
    uint8_t out[CHUNK], in[CHUNK];
    uint8_t plain_buffer[ENDS][CHUNK], mine_buffer[ENDS][CHUNK];
};

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static void has_ended(struct relay_twins *r, int twin)
{
    pthread_mutex_lock(&r->lock);
    r->has_ended[twin] = true;
    pthread_mutex_unlock(&r->lock);
}

static bool is_ended(struct relay_twins *r, int twin)
{
    pthread_mutex_lock(&r->lock);
    bool ended = r->has_ended[twin];
    pthread_mutex_unlock(&r->lock);
    return ended;
}

static void *relay_mine(void *argument)
{
    struct relay_twins *r = argument;
    fer_copy_buffer buffers[ENDS] = {{r->mine_buffer[0], CHUNK, 0, 0},
                                     {r->mine_buffer[1], CHUNK, 0, 0}};
    uint64_t forward = 0, backward = 0;
    r->result = fer_copy_bidirectional(fer_tcp_stream_as_stream(&r->mine[CLIENT]),
                                       fer_tcp_stream_as_stream(&r->mine[SERVER]), &buffers[0],
                                       &buffers[1], &forward, &backward);
    has_ended(r, MINE);
    return NULL;
}

/* Moves bytes of one direction. Returns false if it has failed. */
static bool move_plain(struct relay_twins *r, int from, size_t *start, size_t *len, bool *ended)
{
    if (*len == 0 && !*ended) {
        ssize_t n = recv(r->plain[from], r->plain_buffer[from], CHUNK, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            return false;
        }
        *ended = n == 0;
        *start = 0;
        *len = n > 0 ? (size_t)n : 0;
        if (*ended) {
            (void)shutdown(r->plain[1 - from], SHUT_WR);
        }
    }
    if (*len > 0) {
        ssize_t n = send(r->plain[1 - from], r->plain_buffer[from] + *start, *len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            return false;
        }
        *start += n > 0 ? (size_t)n : 0;
        *len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void *relay_plain(void *argument)
{
    struct relay_twins *r = argument;
    size_t start[ENDS] = {0}, len[ENDS] = {0};
    bool ended[ENDS] = {false};
    bool works = true;
    while (works && (!ended[0] || !ended[1] || len[0] > 0 || len[1] > 0)) {
        struct pollfd ready[ENDS];
        for (int i = 0; i < ENDS; i++) {
            ready[i].fd = r->plain[i];
            ready[i].events =
                (short)((len[i] == 0 && !ended[i] ? POLLIN : 0) | (len[1 - i] > 0 ? POLLOUT : 0));
        }
        (void)poll(ready, ENDS, 1000);
        for (int i = 0; i < ENDS && works; i++) {
            works = move_plain(r, i, &start[i], &len[i], &ended[i]);
        }
    }
    has_ended(r, PLAIN);
    return NULL;
}

/* Makes the connection of one end of both twins: the relay connects to a peer. */
static void connect_end(struct world *world, int end, bool is_nonblocking)
{
    struct relay_twins *r = world->relay;
    for (int twin = 0; twin < TWINS; twin++) {
        struct sockaddr_storage to;
        struct sockaddr_in6 any = {.sin6_family = AF_INET6};
        socklen_t size = sizeof any, len = target_address(world, T_PEER, &to);
        int listener = network_socket(world, PEER, AF_INET6, SOCK_STREAM, 0);
        if (bind(listener, (struct sockaddr *)&any, size) != 0 || listen(listener, 1) != 0 ||
            getsockname(listener, (struct sockaddr *)&any, &size) != 0) {
            perror("twins: listen");
            abort();
        }
        ((struct sockaddr_in *)&to)->sin_port = any.sin6_port; /* at the same place in both */
        if (twin == PLAIN) {
            r->plain[end] = network_socket(world, HERE, to.ss_family, SOCK_STREAM, 0);
            (void)connect(r->plain[end], (struct sockaddr *)&to, len);
        } else {
            fer_socket_addr address = {0};
            FER_IGNORE(fer_socket_addr_from_sockaddr(&address, &to, len));
            fer_error error = fer_tcp_stream_connect_addr(&r->mine[end], &address);
            if (error.kind != FER_OK) {
                differ(world, "connect to a listener: %s", text_of(error));
            }
            FER_IGNORE(fer_tcp_stream_set_nonblocking(&r->mine[end], is_nonblocking));
        }
        double until = now_ms() + PATIENCE_MS;
        do {
            r->ends[twin][end].fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        } while (r->ends[twin][end].fd < 0 && now_ms() < until && poll(NULL, 0, 1) == 0);
        close(listener);
    }
}

void relay_open(struct world *world)
{
    struct relay_twins *r = calloc(1, sizeof *r);
    bool is_nonblocking = world->plan->seed % 4 != 0;
    world->relay = r;
    pthread_mutex_init(&r->lock, NULL);
    connect_end(world, CLIENT, is_nonblocking);
    connect_end(world, SERVER, is_nonblocking);
    r->is_running[PLAIN] = pthread_create(&r->thread[PLAIN], NULL, relay_plain, r) == 0;
    r->is_running[MINE] = pthread_create(&r->thread[MINE], NULL, relay_mine, r) == 0;
}

static void reset_ends(struct relay_twins *r)
{
    struct linger linger = {1, 0};
    for (int i = 0; i < TWINS * ENDS; i++) {
        int fd = r->ends[i / ENDS][i % ENDS].fd;
        if (fd >= 0) {
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
            close(fd);
            r->ends[i / ENDS][i % ENDS].fd = -1;
        }
    }
}

/* The network is healed, so the resets of the peers reach both relays; a shutdown here ends what
 * they do not reach. */
void relay_close(struct world *world)
{
    struct relay_twins *r = world->relay;
    double end = now_ms() + PATIENCE_MS;
    reset_ends(r);
    for (int i = 0; i < ENDS; i++) {
        (void)shutdown(r->plain[i], SHUT_RDWR);
        (void)shutdown((int)fer_tcp_stream_as_raw(&r->mine[i]), SHUT_RDWR);
    }
    while (!is_ended(r, MINE) && now_ms() < end) {
        pause_ms(1);
    }
    if (!is_ended(r, MINE)) {
        differ(world, "ferrule's relay does not end after both connections were shut down");
        return; /* its thread still uses the memory */
    }
    pthread_join(r->thread[PLAIN], NULL);
    pthread_join(r->thread[MINE], NULL);
    for (int i = 0; i < ENDS; i++) {
        close(r->plain[i]);
        fer_tcp_stream_close(&r->mine[i]);
    }
    free(r);
}

/* Sends and receives what goes at once. Returns true if something did. */
static bool move_end(struct world *world, struct end *end)
{
    struct relay_twins *r = world->relay;
    bool has_moved = false;
    while (end->sent < end->wanted) {
        size_t len = end->wanted - end->sent < CHUNK ? (size_t)(end->wanted - end->sent) : CHUNK;
        for (size_t i = 0; i < len; i++) {
            r->out[i] = byte_at(end->sent + i);
        }
        ssize_t n = send(end->fd, r->out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        end->sent += (uint64_t)n;
        has_moved = true;
    }
    if (end->shuts && end->sent == end->wanted) {
        (void)shutdown(end->fd, SHUT_WR);
    }
    while (!end->has_end) {
        ssize_t n = recv(end->fd, r->in, CHUNK, MSG_DONTWAIT);
        if (n <= 0) {
            end->has_end = n == 0 || errno != EAGAIN;
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            if (r->in[i] != byte_at(end->arrived + (uint64_t)i)) {
                differ(world, "a relay has changed the byte %llu",
                       (unsigned long long)(end->arrived + (uint64_t)i));
            }
        }
        end->arrived += (uint64_t)n;
        has_moved = true;
    }
    return has_moved;
}

static bool is_delivered(const struct end *ends)
{
    return ends[CLIENT].arrived == ends[SERVER].wanted &&
           ends[SERVER].arrived == ends[CLIENT].wanted &&
           (!ends[CLIENT].shuts || ends[SERVER].has_end) &&
           (!ends[SERVER].shuts || ends[CLIENT].has_end);
}

static bool mine_is_dead(struct relay_twins *r)
{
    return tcp_state(fer_tcp_stream_as_raw(&r->mine[0])) == TCP_CLOSE ||
           tcp_state(fer_tcp_stream_as_raw(&r->mine[1])) == TCP_CLOSE;
}

/* Until the plain relay has delivered everything, or the network has stopped it; then ferrule's
 * has to deliver it too. */
static void deliver(struct world *world, int quiet_ms)
{
    struct relay_twins *r = world->relay;
    double quiet = now_ms(), end = quiet + PATIENCE_MS;
    while (!is_delivered(r->ends[PLAIN]) && now_ms() < quiet + quiet_ms && !differs(world)) {
        bool plain_moves = false;
        for (int i = 0; i < ENDS; i++) {
            plain_moves = move_end(world, &r->ends[PLAIN][i]) || plain_moves;
            (void)move_end(world, &r->ends[MINE][i]);
        }
        quiet = plain_moves ? now_ms() : quiet;
        end = now_ms() + PATIENCE_MS;
        pause_ms(plain_moves ? 0 : 1);
    }
    while (is_delivered(r->ends[PLAIN]) && !is_delivered(r->ends[MINE]) && now_ms() < end) {
        for (int i = 0; i < ENDS; i++) {
            (void)move_end(world, &r->ends[MINE][i]);
        }
        pause_ms(1);
    }
    if (is_delivered(r->ends[PLAIN]) && !is_delivered(r->ends[MINE]) && !mine_is_dead(r)) {
        differ(world, "the plain relay has delivered all, ferrule's %llu of %llu and %llu of %llu",
               (unsigned long long)r->ends[MINE][SERVER].arrived,
               (unsigned long long)r->ends[MINE][CLIENT].wanted,
               (unsigned long long)r->ends[MINE][CLIENT].arrived,
               (unsigned long long)r->ends[MINE][SERVER].wanted);
    }
}

void relay_settle(struct world *world)
{
    struct relay_twins *r = world->relay;
    network_look(world);
    deliver(world, 25);
    if (is_ended(r, MINE) && !is_ended(r, PLAIN) && r->result.kind != FER_OK && !mine_is_dead(r)) {
        differ(world, "ferrule's relay: %s, and both connections of the system are open",
               text_of(r->result));
    }
}

void relay_finish(struct world *world)
{
    network_heal(world);
    network_wait(world);
    for (int twin = 0; twin < TWINS; twin++) {
        for (int end = 0; end < ENDS; end++) {
            world->relay->ends[twin][end].wanted += world->relay->ends[twin][end].shuts ? 0 : 100;
        }
    }
    deliver(world, 300);
}

/* ---- Calls of the ends */

static void send_from(struct world *world, int end, unsigned arg)
{
    static const uint64_t LENGTHS[] = {1, 5000, 300000, 400000};
    for (int twin = 0; twin < TWINS; twin++) {
        struct end *sender = &world->relay->ends[twin][end];
        sender->wanted += sender->shuts ? 0 : LENGTHS[arg % 4];
    }
}

static void run_client_sends(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    send_from(world, CLIENT, arg);
}

static void run_server_sends(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    send_from(world, SERVER, arg);
}

/* One urgent byte of an end, which a recv without MSG_OOB leaves out. */
static void run_urgent(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    /* A second one would make an unread first one a byte of the stream. */
    bool is_read = is_delivered(world->relay->ends[0]) && is_delivered(world->relay->ends[1]);
    for (int twin = 0; twin < TWINS && is_read; twin++) {
        struct end *end = &world->relay->ends[twin][arg % 2];
        if (!end->shuts) {
            (void)!send(end->fd, "!", 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
            end->wanted += 1000;
        }
    }
}

static void run_shutdown(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    for (int twin = 0; twin < TWINS; twin++) {
        world->relay->ends[twin][arg % 2].shuts = true;
    }
}

/* T8: a relay that has nothing to do uses no processor. */
static void run_idle(struct world *world, const struct row *row, unsigned arg)
{
    struct relay_twins *r = world->relay;
    struct timespec before, after;
    clockid_t clock;
    (void)row;
    (void)arg;
    if (is_ended(r, MINE) || pthread_getcpuclockid(r->thread[MINE], &clock) != 0) {
        return;
    }
    clock_gettime(clock, &before);
    pause_ms(40);
    clock_gettime(clock, &after);
    double cpu = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                 (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    if (cpu > 15 && is_delivered(r->ends[PLAIN])) {
        differ(world, "an idle relay uses a processor for %.0f of 40 ms", cpu);
    }
}

#define CALL(name, chance, run) CALL_ROW(RELAY, ALL, name, chance, run)

const struct row RELAY_ROWS[] = {
    CALL("the client sends", 20, run_client_sends),
    CALL("the server sends", 12, run_server_sends),
    CALL("an end sends an urgent byte", 14, run_urgent),
    CALL("an end shuts writing down", 4, run_shutdown),
    CALL("the relay is idle", 4, run_idle),
    {NULL, 0, 0, 0, NULL, 0, 0, {NULL, NULL}, false},
};

/* stream.c: the twins of a TCP connection: their peers, their ends, and what they have read. */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

void stream_fill(struct stream_twins *s, uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        s->bytes[i] = byte_at(offset + i);
    }
}

static void check(struct world *world, const char *who, const uint8_t *bytes, uint64_t offset,
                  size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != byte_at(offset + i)) {
            differ(world, "%s has a wrong byte at %llu", who, (unsigned long long)(offset + i));
            return;
        }
    }
}

/* ---- The peers */

int stream_listen_at_peer(struct world *world, struct sockaddr_storage *target)
{
    /* The peers listen on the wildcard address of both families. */
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = network_socket(world, PEER, AF_INET6, SOCK_STREAM, 0);
    socklen_t size = sizeof any;
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &size) != 0) {
        perror("twins: listen");
        abort();
    }
    if (target->ss_family == AF_INET) {
        ((struct sockaddr_in *)target)->sin_port = any.sin6_port;
    } else {
        ((struct sockaddr_in6 *)target)->sin6_port = any.sin6_port;
    }
    return fd;
}

void stream_reset(int *fd)
{
    struct linger linger = {1, 0};
    if (*fd >= 0) {
        (void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(*fd);
    }
    *fd = -1;
}

void stream_pump(struct world *world)
{
    struct stream_twins *s = world->stream;
    network_look(world);
    for (int twin = 0; twin < TWINS; twin++) {
        if (s->peer[twin] < 0 && s->listener[twin] >= 0 && !s->peer_is_gone) {
            s->peer[twin] = accept4(s->listener[twin], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }
        while (s->peer[twin] >= 0 && !s->peer_is_idle && !s->peer_has_end[twin]) {
            ssize_t n = recv(s->peer[twin], s->more, sizeof s->more, MSG_DONTWAIT);
            if (n > 0) {
                check(world, twin == MINE ? "ferrule's peer" : "the plain twin's peer", s->more,
                      s->arrived[twin], (size_t)n);
                s->arrived[twin] += (uint64_t)n;
            } else {
                s->peer_has_end[twin] = n == 0 || errno != EAGAIN;
                break;
            }
        }
    }
}

void stream_open(struct world *world)
{
    struct stream_twins *s = calloc(1, sizeof *s);
    world->stream = s;
    s->plain = s->listener[0] = s->listener[1] = s->peer[0] = s->peer[1] = -1;
}

void stream_close_all(struct world *world)
{
    struct stream_twins *s = world->stream;
    stream_reset(&s->plain);
    fer_tcp_stream_close(&s->mine);
    for (int twin = 0; twin < TWINS; twin++) {
        stream_reset(&s->peer[twin]);
        stream_reset(&s->listener[twin]);
        s->sent[twin] = s->arrived[twin] = s->answered[twin] = s->read[twin] = 0;
        s->final[twin] = FER_OK;
        s->has_read_end[twin] = s->peer_has_end[twin] = false;
    }
    s->state = NONE;
    s->is_write_shut = s->peer_is_gone = s->peer_is_idle = s->peer_was_urgent = false;
}

void stream_close(struct world *world)
{
    stream_close_all(world);
    free(world->stream);
}

/* ---- Ends */

/* The call of ferrule has failed. The connection may end only if the system has ended it. */
void stream_mine_failed(struct world *world, const char *call, fer_error error)
{
    struct stream_twins *s = world->stream;
    int state = tcp_state(fer_tcp_stream_as_raw(&s->mine));
    bool is_of_write = error.kind == FER_BROKEN_PIPE && s->is_write_shut;
    if (is_of_write) {
        return;
    }
    if (state != TCP_CLOSE) {
        differ(world, "%s: %s, and the connection of the system is in state %d", call,
               text_of(error), state);
    }
    if (s->final[MINE] != FER_OK && s->final[MINE] != error.kind && error.kind != FER_BROKEN_PIPE &&
        s->final[MINE] != FER_BROKEN_PIPE) {
        differ(world, "%s: %s, and an earlier call reported %s", call, text_of(error),
               fer_error_kind_name(s->final[MINE]));
    }
    s->final[MINE] = error.kind;
}

void stream_plain_failed(struct world *world, int code)
{
    struct stream_twins *s = world->stream;
    if (!(code == EPIPE && s->is_write_shut) && s->final[PLAIN] == FER_OK) {
        s->final[PLAIN] = fer_error_from_raw_os_error(code).kind;
    }
}

/* Reads what has arrived, or finds the end. */
static void read_plain(struct world *world, int flags)
{
    struct stream_twins *s = world->stream;
    struct outcome outcome = {0};
    do {
        outcome = plain_outcome(recv(s->plain, s->bytes, sizeof s->bytes, MSG_DONTWAIT | flags));
        if (outcome.class == DONE) {
            check(world, "the plain twin", s->bytes, s->read[PLAIN], outcome.n);
            s->read[PLAIN] += outcome.n;
            s->has_read_end[PLAIN] = outcome.n == 0;
        } else if (outcome.class == FAILED) {
            stream_plain_failed(world, outcome.code);
        }
    } while (outcome.class == DONE && outcome.n > 0);
}

void stream_take_read(struct world *world, const char *call, fer_error error, size_t n, size_t len)
{
    struct stream_twins *s = world->stream;
    check(world, "ferrule", s->more, s->read[MINE], n);
    s->read[MINE] += n;
    struct outcome outcome = mine_outcome(error, n);
    if (outcome.class == DONE && n == 0 && len > 0) {
        s->has_read_end[MINE] = true;
    } else if (outcome.class == FAILED && error.kind != FER_UNEXPECTED_EOF) {
        stream_mine_failed(world, call, error);
    }
}

static bool mine_is_behind(const struct stream_twins *s)
{
    bool plain_ended = s->final[PLAIN] != FER_OK || s->has_read_end[PLAIN];
    bool mine_ended = s->final[MINE] != FER_OK || s->has_read_end[MINE];
    return (s->read[MINE] < s->read[PLAIN] && s->final[MINE] == FER_OK) ||
           (plain_ended && !mine_ended);
}

static void read_rest_of_mine(struct world *world)
{
    struct stream_twins *s = world->stream;
    fer_error error = FER_ERROR_OK;
    for (int i = 0; i < 64 && error.kind == FER_OK && !s->has_read_end[MINE]; i++) {
        size_t n = 0;
        error = fer_tcp_stream_try_read(&s->mine, s->more, sizeof s->more, &n);
        stream_take_read(world, "try_read", error, n, sizeof s->more);
    }
}

/* What the plain twin has read, and how it has ended, ferrule reaches too. */
void stream_compare_reads(struct world *world)
{
    struct stream_twins *s = world->stream;
    double end = now_ms() + PATIENCE_MS;
    read_plain(world, 0);
    read_rest_of_mine(world);
    while (mine_is_behind(s) && !differs(world) && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
        read_rest_of_mine(world);
    }
    if (s->answered[PLAIN] == s->answered[MINE] && mine_is_behind(s)) {
        differ(world, "the plain twin has read %llu bytes, end %d, %s; ferrule %llu, end %d, %s",
               (unsigned long long)s->read[PLAIN], s->has_read_end[PLAIN],
               fer_error_kind_name(s->final[PLAIN]), (unsigned long long)s->read[MINE],
               s->has_read_end[MINE], fer_error_kind_name(s->final[MINE]));
    }
    /* The other order: ferrule has ended, and the plain twin has not yet. */
    while (s->final[MINE] != FER_OK && s->final[PLAIN] == FER_OK && !s->has_read_end[PLAIN] &&
           !differs(world) && now_ms() < end) {
        pause_ms(1);
        read_plain(world, 0);
        if (now_ms() > end - 1) {
            differ(world, "ferrule reports %s, and the plain twin goes on",
                   fer_error_kind_name(s->final[MINE]));
        }
    }
    /* Linux may report a soft error instead of the end that followed it. */
    fer_error_kind plain = s->final[PLAIN], mine = s->final[MINE];
    if (plain != FER_OK && mine != FER_OK && plain != mine &&
        !(is_of_network(plain) || is_of_network(mine)) && plain != FER_BROKEN_PIPE &&
        mine != FER_BROKEN_PIPE) {
        differ(world, "the plain twin ended with %s, ferrule with %s", fer_error_kind_name(plain),
               fer_error_kind_name(mine));
    }
}

void stream_settle(struct world *world)
{
    struct stream_twins *s = world->stream;
    stream_pump(world);
    if (s->state == PENDING) {
        stream_settle_pending(world, false);
    }
    if (s->state == OPEN && s->final[PLAIN] != FER_OK && s->final[MINE] != FER_OK) {
        /* S5: the saved error is returned again. */
        size_t n = 0;
        fer_error error = fer_tcp_stream_read(&s->mine, s->more, 1, &n);
        if (error.kind != s->final[MINE] && s->final[MINE] != FER_BROKEN_PIPE && n == 0 &&
            !s->has_read_end[MINE]) {
            differ(world, "a read after %s: %s", fer_error_kind_name(s->final[MINE]),
                   text_of(error));
        }
        stream_close_all(world);
    }
}

/* After the network is healed, the plain twin's connection works again within its
 * retransmissions; then ferrule's does. */
void stream_finish(struct world *world)
{
    struct stream_twins *s = world->stream;
    network_heal(world);
    network_wait(world);
    s->peer_is_idle = false;
    if (s->state == PENDING) {
        stream_settle_pending(world, true);
    }
    if (s->state != OPEN || s->is_write_shut || s->final[PLAIN] != FER_OK || s->peer_is_gone) {
        return;
    }
    size_t n = 0;
    stream_fill(s, s->sent[PLAIN], 50);
    ssize_t plain = send(s->plain, s->bytes, 50, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (plain < 0 && errno != EAGAIN) {
        return; /* a reset that has met the plain twin alone */
    }
    stream_fill(s, s->sent[MINE], 50);
    fer_error error = fer_tcp_stream_try_write(&s->mine, s->bytes, 50, &n);
    s->sent[PLAIN] += plain > 0 ? (size_t)plain : 0;
    s->sent[MINE] += n;
    if (plain > 0 && mine_outcome(error, n).class == FAILED) {
        stream_mine_failed(world, "the last write", error);
    }
    double end = now_ms() + 1000;
    while (plain > 0 && s->arrived[PLAIN] < s->sent[PLAIN] && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
    }
    if (plain > 0 && s->arrived[PLAIN] == s->sent[PLAIN]) {
        end = now_ms() + PATIENCE_MS;
        while (s->arrived[MINE] < s->sent[MINE] && now_ms() < end) {
            stream_pump(world);
            pause_ms(1);
        }
        if (s->arrived[MINE] < s->sent[MINE] || n == 0) {
            differ(world, "the last bytes of the plain twin arrive, and ferrule's do not (%s)",
                   text_of(error));
        }
    }
    for (int twin = 0; twin < TWINS && s->peer[twin] >= 0; twin++) {
        stream_fill(s, s->answered[twin], 50);
        ssize_t sent = send(s->peer[twin], s->bytes, 50, MSG_NOSIGNAL | MSG_DONTWAIT);
        s->answered[twin] += sent > 0 ? (size_t)sent : 0;
    }
    stream_compare_reads(world);
    if (s->state == OPEN && s->final[PLAIN] == FER_OK && s->final[MINE] == FER_OK) {
        compare_waits(world, fer_tcp_stream_as_raw(&s->mine), s->plain, FER_POLL_LEVEL,
                      stream_blocks);
    }
}

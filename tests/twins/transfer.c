/* transfer.c: the calls of a connected stream, and those of its peer: one row for each. */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ---- Writes */

enum { WAITS_FOR_TIMEOUT = 1, WAITS_FOR_DEADLINE = 2, IS_NONBLOCKING = 4 };

struct write_form {
    const char *name;
    fer_error (*write)(fer_tcp_stream *stream, const void *bytes, size_t len, size_t *n);
    int mode;
};

static fer_error write_vectored(fer_tcp_stream *stream, const void *bytes, size_t len, size_t *n)
{
    fer_io_slice slices[2] = {{bytes, len / 2}, {(const uint8_t *)bytes + len / 2, len - len / 2}};
    return fer_tcp_stream_write_vectored(stream, slices, 2, n);
}

static fer_error try_write_vectored(fer_tcp_stream *stream, const void *bytes, size_t len,
                                    size_t *n)
{
    fer_io_slice slices[2] = {{bytes, len / 2}, {(const uint8_t *)bytes + len / 2, len - len / 2}};
    return fer_tcp_stream_try_write_vectored(stream, slices, 2, n);
}

static const struct write_form WRITES[] = {
    {"try_write", fer_tcp_stream_try_write, 0},
    {"write with a timeout", fer_tcp_stream_write, WAITS_FOR_TIMEOUT},
    {"write with a deadline", fer_tcp_stream_write, WAITS_FOR_DEADLINE},
    {"write_all with a timeout", fer_tcp_stream_write_all, WAITS_FOR_TIMEOUT},
    {"write_all with a deadline", fer_tcp_stream_write_all, WAITS_FOR_DEADLINE},
    {"write_vectored with a timeout", write_vectored, WAITS_FOR_TIMEOUT},
    {"try_write_vectored", try_write_vectored, 0},
    {"write, nonblocking", fer_tcp_stream_write, IS_NONBLOCKING},
};

static void set_mode(fer_tcp_stream *stream, int mode)
{
    fer_duration timeout = fer_duration_from_millis(CALL_MS);
    fer_limits limits = {.deadline = fer_instant_after(timeout)};
    fer_duration chosen = (mode & WAITS_FOR_TIMEOUT) != 0 ? timeout : FER_DURATION_NONE;
    FER_IGNORE(fer_tcp_stream_set_read_timeout(stream, chosen));
    FER_IGNORE(fer_tcp_stream_set_write_timeout(stream, chosen));
    FER_IGNORE(
        fer_tcp_stream_set_limits(stream, (mode & WAITS_FOR_DEADLINE) != 0 ? &limits : NULL));
    FER_IGNORE(fer_tcp_stream_set_nonblocking(stream, (mode & IS_NONBLOCKING) != 0));
}

static struct outcome write_mine(struct world *world, const struct write_form *form, size_t len)
{
    struct stream_twins *s = world->stream;
    size_t n = 0;
    stream_fill(s, s->sent[MINE], len);
    set_mode(&s->mine, form->mode);
    call_begins(world);
    fer_error error = form->write(&s->mine, s->bytes, len, &n);
    /* write_all waits for each of its writes as long as for one (T1). */
    call_ends(world, form->name, CALL_MS * 8);
    set_mode(&s->mine, 0);
    s->sent[MINE] += n;
    return mine_outcome(error, n);
}

static void run_write(struct world *world, const struct row *row, unsigned arg)
{
    static const size_t LENGTHS[] = {1, 100, 1460, 9000, 1, 100, 40000, 65536};
    struct stream_twins *s = world->stream;
    const struct write_form *form = &WRITES[arg % 8];
    size_t len = LENGTHS[arg / 8 % 8];
    (void)row;
    if (s->state != OPEN || s->final[PLAIN] != FER_OK) {
        return;
    }
    stream_fill(s, s->sent[PLAIN], len);
    struct outcome plain =
        plain_outcome(send(s->plain, s->bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT));
    struct outcome mine = write_mine(world, form, len);
    s->sent[PLAIN] += plain.n;
    double end = now_ms() + PATIENCE_MS;
    while (plain.class == DONE && mine.class == WAITS && mine.n == 0 && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
        mine = write_mine(world, &WRITES[0], len);
    }
    if (plain.class == FAILED) {
        stream_plain_failed(world, plain.code);
        bool is_known =
            mine.error.kind == FER_BROKEN_PIPE || is_kind_of(plain.code, mine.error.kind);
        if (mine.class == FAILED && !is_known && !is_of_network(mine.error.kind)) {
            differ(world, "%s: %s; the plain twin: %s", form->name, text_of(mine.error),
                   strerror(plain.code));
        }
    } else if (plain.class == DONE && mine.class == WAITS && mine.n == 0) {
        differ(world, "%s of %zu bytes waits, and the plain twin writes", form->name, len);
    }
    if (mine.class == FAILED) {
        stream_mine_failed(world, form->name, mine.error);
    }
    stream_compare_reads(world);
}

/* ---- Reads */

struct read_form {
    const char *name;
    fer_error (*read)(fer_tcp_stream *stream, void *bytes, size_t len, size_t *n);
    int mode;
    bool is_peek;
};

static fer_error read_vectored(fer_tcp_stream *stream, void *bytes, size_t len, size_t *n)
{
    fer_io_slice_mut slices[2] = {{bytes, len / 2}, {(uint8_t *)bytes + len / 2, len - len / 2}};
    return fer_tcp_stream_read_vectored(stream, slices, 2, n);
}

static fer_error read_when_ready(fer_tcp_stream *stream, void *bytes, size_t len, size_t *n)
{
    fer_interest ready = 0;
    fer_error error =
        fer_tcp_stream_ready(stream, FER_READABLE, fer_duration_from_millis(CALL_MS), &ready);
    return error.kind != FER_OK ? error : fer_tcp_stream_try_read(stream, bytes, len, n);
}

static const struct read_form READS[] = {
    {"try_read", fer_tcp_stream_try_read, 0, false},
    {"read with a timeout", fer_tcp_stream_read, WAITS_FOR_TIMEOUT, false},
    {"read with a deadline", fer_tcp_stream_read, WAITS_FOR_DEADLINE, false},
    {"read_exact with a timeout", fer_tcp_stream_read_exact, WAITS_FOR_TIMEOUT, false},
    {"read_exact with a deadline", fer_tcp_stream_read_exact, WAITS_FOR_DEADLINE, false},
    {"read_vectored with a timeout", read_vectored, WAITS_FOR_TIMEOUT, false},
    {"peek with a timeout", fer_tcp_stream_peek, WAITS_FOR_TIMEOUT, true},
    {"try_read when _ready", read_when_ready, 0, false},
};

static void run_read(struct world *world, const struct row *row, unsigned arg)
{
    static const size_t LENGTHS[] = {1, 10, 1000, CHUNK};
    struct stream_twins *s = world->stream;
    const struct read_form *form = &READS[arg % 8];
    size_t len = LENGTHS[arg / 8 % 4];
    size_t n = 0;
    (void)row;
    if (s->state != OPEN) {
        return;
    }
    if (world->later != NULL) {
        stream_compare_reads(world); /* so that the call waits for the event */
    }
    set_mode(&s->mine, form->mode);
    call_begins(world);
    fer_error error = form->read(&s->mine, s->more, len, &n);
    /* read_exact waits for each of its reads as long as for one (T1). */
    call_ends(world, form->name, CALL_MS * 8);
    set_mode(&s->mine, 0);
    stream_take_read(world, form->name, error, form->is_peek ? 0 : n,
                     form->is_peek && n > 0 ? 0 : len);
    stream_compare_reads(world);
}

/* ---- Errors and waits */

static void run_take_error(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    fer_error result = FER_ERROR_OK;
    int code = 0;
    socklen_t size = sizeof code;
    (void)row;
    if (s->state != OPEN) {
        return;
    }
    (void)getsockopt(s->plain, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0 && tcp_state(s->plain) == TCP_CLOSE) {
        stream_plain_failed(world, code);
    }
    fer_error error = arg % 2 == 0
                          ? fer_tcp_stream_take_error(&s->mine, &result)
                          : fer_socket_take_error(fer_tcp_stream_as_socket(&s->mine), &result);
    if (error.kind != FER_OK) {
        differ(world, "take_error itself: %s", text_of(error));
    } else if (result.kind != FER_OK && tcp_state(fer_tcp_stream_as_raw(&s->mine)) == TCP_CLOSE) {
        stream_mine_failed(world, "take_error", result);
    } else if (result.kind != FER_OK && !is_of_network(result.kind)) {
        differ(world, "take_error of an open connection: %s", text_of(result));
    }
    /* A handle that took a soft error as its end reports it from now on. */
    stream_compare_reads(world);
}

bool stream_blocks(struct world *world, fer_interest interest)
{
    struct stream_twins *s = world->stream;
    if (interest == FER_WRITABLE) {
        struct pollfd ready = {(int)fer_tcp_stream_as_raw(&s->mine), POLLOUT, 0};
        return poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0;
    }
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_peek(&s->mine, s->more, 1, &n);
    return error.kind == FER_WOULD_BLOCK;
}

static void run_wait(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    (void)row;
    if (s->state == OPEN && s->final[PLAIN] == FER_OK && s->final[MINE] == FER_OK) {
        compare_waits(world, fer_tcp_stream_as_raw(&s->mine), s->plain, arg, stream_blocks);
        stream_compare_reads(world);
    }
}

static void run_ready(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    (void)row;
    if (s->state != OPEN) {
        return;
    }
    for (int i = 0; i < 4 && s->final[MINE] == FER_OK; i++) {
        fer_interest ready = 0;
        call_begins(world);
        fer_error error = fer_tcp_stream_ready(&s->mine, FER_READABLE,
                                               fer_duration_from_millis(arg % 2 * 30), &ready);
        call_ends(world, "_ready", 30);
        if (error.kind != FER_OK || ready == 0 || !stream_blocks(world, FER_READABLE)) {
            break;
        }
        if (i == 3) {
            differ(world, "_ready reports 0x%x without end, and each read blocks", ready);
        }
    }
    stream_compare_reads(world);
}

/* ---- Ends, clones, options */

static void run_shutdown(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    (void)row;
    (void)arg;
    if (s->state == OPEN && !s->is_write_shut && s->final[PLAIN] == FER_OK) {
        s->is_write_shut = true;
        int plain = shutdown(s->plain, SHUT_WR);
        fer_error error = fer_tcp_stream_shutdown(&s->mine, FER_SHUTDOWN_WRITE);
        if (plain == 0 && error.kind != FER_OK) {
            differ(world, "shutdown: %s", text_of(error));
        }
    }
}

static void run_clone(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    fer_tcp_stream clone = {0};
    (void)row;
    (void)arg;
    if (s->state == OPEN && s->final[MINE] == FER_OK) {
        fer_error error = fer_tcp_stream_try_clone(&s->mine, &clone);
        if (error.kind != FER_OK) {
            differ(world, "try_clone: %s", text_of(error));
            return;
        }
        fer_tcp_stream_close(&s->mine);
        s->mine = clone;
    }
}

static void run_user_timeout(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    int ms = 300;
    (void)row;
    (void)arg;
    if (s->state == OPEN) {
        (void)setsockopt(s->plain, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
        FER_IGNORE(fer_socket_set_tcp_user_timeout(fer_tcp_stream_as_socket(&s->mine),
                                                   fer_duration_from_millis(300)));
    }
}

static void run_close(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    (void)arg;
    if (world->stream->state != NONE) {
        stream_close_all(world);
    }
}

/* ---- The peers' calls */

static void run_peer_sends(struct world *world, const struct row *row, unsigned arg)
{
    static const size_t LENGTHS[] = {1, 10, 1000, 30000};
    struct stream_twins *s = world->stream;
    size_t len = LENGTHS[arg % 4];
    (void)row;
    for (int twin = 0; twin < TWINS && s->state == OPEN; twin++) {
        if (s->peer[twin] >= 0 && !s->peer_is_gone) {
            stream_fill(s, s->answered[twin], len);
            ssize_t n = send(s->peer[twin], s->bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
            s->answered[twin] += n > 0 ? (size_t)n : 0;
        }
    }
}

static void run_peer_urgent(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    (void)row;
    (void)arg;
    /* A second one would make the first a byte of the stream. */
    for (int twin = 0; twin < TWINS && s->state == OPEN && !s->peer_was_urgent; twin++) {
        if (s->peer[twin] >= 0 && !s->peer_is_gone) {
            (void)!send(s->peer[twin], "!", 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
    s->peer_was_urgent = true;
}

/* An event may have occurred after the plain twin's bytes had arrived. */
static bool network_delivers(struct world *world)
{
    struct stream_twins *s = world->stream;
    double end = now_ms() + 1000;
    if (s->is_write_shut) {
        return true;
    }
    stream_fill(s, s->sent[PLAIN], 1);
    if (send(s->plain, s->bytes, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
        return false;
    }
    s->sent[PLAIN]++;
    while (s->arrived[PLAIN] < s->sent[PLAIN] && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
    }
    return s->arrived[PLAIN] == s->sent[PLAIN];
}

/* The plain twin's bytes arrive within some retransmissions, or the network does not deliver. */
static void run_peer_receives(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    double end = now_ms() + 60;
    (void)row;
    (void)arg;
    if (s->state != OPEN || s->peer_is_gone) {
        return;
    }
    while (s->arrived[PLAIN] < s->sent[PLAIN] && now_ms() < end) {
        stream_pump(world);
        pause_ms(1);
    }
    end = now_ms() + PATIENCE_MS;
    while (s->arrived[PLAIN] == s->sent[PLAIN] && s->arrived[MINE] < s->sent[MINE] &&
           s->final[MINE] == FER_OK && !s->peer_is_idle) {
        stream_pump(world);
        pause_ms(1);
        if (now_ms() > end) {
            if (!network_delivers(world)) {
                return;
            }
            differ(world, "the plain twin's peer has %llu bytes, ferrule's %llu of %llu",
                   (unsigned long long)s->arrived[PLAIN], (unsigned long long)s->arrived[MINE],
                   (unsigned long long)s->sent[MINE]);
            return;
        }
    }
}

static void run_peer_idle(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    world->stream->peer_is_idle = arg % 3 != 0;
}

static void run_peer_ends(struct world *world, const struct row *row, unsigned arg)
{
    struct stream_twins *s = world->stream;
    (void)row;
    if (s->state != OPEN || s->peer_is_gone || s->peer[0] < 0 || s->peer[1] < 0) {
        return;
    }
    for (int twin = 0; twin < TWINS; twin++) {
        if (arg % 3 == 0) {
            (void)shutdown(s->peer[twin], SHUT_WR);
        } else if (arg % 3 == 1) {
            close(s->peer[twin]);
            s->peer[twin] = -1;
        } else {
            stream_reset(&s->peer[twin]);
        }
    }
    s->peer_is_gone = arg % 3 != 0;
}

#define CALL(name, chance, run) CALL_ROW(STREAM, ALL, name, chance, run)

/* The first two begin a sequence (twins.c). */
const struct row STREAM_ROWS[] = {
    CALL("connect", 14, stream_run_connect),
    CALL("accept", 4, stream_run_accept),
    CALL("write", 20, run_write),
    CALL("read", 12, run_read),
    CALL("take_error", 12, run_take_error),
    CALL("wait", 10, run_wait),
    CALL("_ready", 5, run_ready),
    CALL("shut writing down", 2, run_shutdown),
    CALL("use a clone", 2, run_clone),
    CALL("set the user timeout", 2, run_user_timeout),
    CALL("close both", 2, run_close),
    CALL("the peers send", 10, run_peer_sends),
    CALL("the peers send an urgent byte", 1, run_peer_urgent),
    CALL("the peers receive", 8, run_peer_receives),
    CALL("the peers stop reading or go on", 2, run_peer_idle),
    CALL("the peers end", 3, run_peer_ends),
    {NULL, 0, 0, 0, NULL, 0, 0, {NULL, NULL}, false},
};

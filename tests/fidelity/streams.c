/* streams.c: the steps on a stream: reading and writing in all forms, shutdown, close, clones,
 * modes and options. */
#include <string.h>

#include "fidelity/fidelity.h"

#define MILLI UINT64_C(1000000)

enum form { READ, PEEK, READ_VECTORED, READ_EXACT, READ_TO_END };

static struct end *end_of(struct program *program, const struct stream *stream)
{
    return stream->end == NONE ? NULL : &program->ends[stream->end];
}

static const char *mask_of(struct program *program, const struct stream *stream)
{
    const struct end *end = end_of(program, stream);
    return end == NULL ? NULL : end->mask;
}

/* ---- Reading */

static size_t some_length(struct program *program)
{
    static const uint32_t bounds[] = {1, 2, 9, 70, 700, BUFFER};
    return below(program, bounds[below(program, 6)] + 1);
}

static bool is_ended(const struct stream *stream, const struct end *end)
{
    return stream->shut_read || end->fin_arrived || end->is_reset || end->shut_read ||
           end->marked_read;
}

/* Whether a blocking call returns without further input. */
static bool is_sure_to_return(const struct stream *stream, const struct end *end, enum form form,
                              size_t len)
{
    if (is_ended(stream, end) || len == 0) {
        return form != READ_TO_END || is_ended(stream, end) || end->unread > len;
    }
    switch (form) {
    case READ_EXACT: return end->unread >= len;
    case READ_TO_END: return end->unread > len;
    case READ:
    case PEEK:
    case READ_VECTORED:
    default: return end->unread > 0;
    }
}

enum { SLICES_MAX = 4 };

/* Splits len bytes; returns the number of parts. */
static size_t draw_parts(struct program *program, size_t len, size_t *parts)
{
    size_t count = 1 + below(program, SLICES_MAX);
    for (size_t i = 0; i < count; i++) {
        parts[i] = i + 1 == count ? len : below(program, (uint32_t)len + 1);
        len -= parts[i];
    }
    return count;
}

static fer_error read_vectored(struct program *program, fer_tcp_stream *stream, uint8_t *buf,
                               size_t len, size_t *n)
{
    fer_io_slice_mut slices[SLICES_MAX];
    size_t parts[SLICES_MAX];
    size_t count = draw_parts(program, len, parts);
    for (size_t i = 0; i < count; buf += parts[i++]) {
        slices[i] = (fer_io_slice_mut){buf, parts[i]};
    }
    return fer_tcp_stream_read_vectored(stream, slices, count, n);
}

static fer_error read_by(struct program *program, enum form form, fer_tcp_stream *stream,
                         uint8_t *buf, size_t len, size_t *n)
{
    switch (form) {
    case PEEK: return fer_tcp_stream_peek(stream, buf, len, n);
    case READ_VECTORED: return read_vectored(program, stream, buf, len, n);
    case READ_EXACT: return fer_tcp_stream_read_exact(stream, buf, len, n);
    case READ_TO_END: return fer_tcp_stream_read_to_end(stream, buf, len, n);
    case READ:
    default: return fer_tcp_stream_read(stream, buf, len, n);
    }
}

static bool is_as_sent(const struct program *program, const struct end *end, const uint8_t *buf,
                       size_t n)
{
    uint8_t wanted[BUFFER];
    byte_pattern(program, end->other, end->received, wanted, n);
    return memcmp(buf, wanted, n) == 0;
}

static void record_read(struct program *program, struct end *end, enum form form,
                        const uint8_t *buf, size_t n)
{
    print_text(is_as_sent(program, end, buf, n) ? "" : " WRONG BYTES");
    if (form != PEEK) {
        end->received += n;
        end->unread -= n < end->unread ? n : end->unread;
        end->is_in_flight =
            end->is_in_flight || n > 0; /* the remaining bytes, and a FIN behind them */
    }
}

static void read_step(struct program *program, int at)
{
    static const char *const names[] = {"read", "peek", "read_vectored", "read_exact",
                                        "read_to_end"};
    struct stream *stream = &program->streams[at];
    struct end *end = end_of(program, stream);
    enum form form = (enum form)below(program, 5);
    size_t len = some_length(program);
    uint8_t buf[BUFFER];
    size_t n = SIZE_MAX;
    if (end != NULL && !end->nonblocking && !end->has_timeout[0] &&
        !is_sure_to_return(stream, end, form, len)) {
        return;
    }
    print_step(program, names[form], at);
    print_text(" %u", (unsigned)len);
    fer_error error = read_by(program, form, &stream->handle, buf, len, &n);
    print_kind(error, mask_of(program, stream));
    if (end != NULL && end->mask == NULL) {
        print_text(" n %u %016llx", (unsigned)n, (unsigned long long)digest_of(buf, n));
        record_read(program, end, form, buf, n);
    }
}

/* ---- Writing */

static fer_error write_vectored(struct program *program, fer_tcp_stream *stream, const uint8_t *buf,
                                size_t len, size_t *n)
{
    fer_io_slice slices[SLICES_MAX];
    size_t parts[SLICES_MAX];
    size_t count = draw_parts(program, len, parts);
    for (size_t i = 0; i < count; buf += parts[i++]) {
        slices[i] = (fer_io_slice){buf, parts[i]};
    }
    return fer_tcp_stream_write_vectored(stream, slices, count, n);
}

static fer_error write_by(struct program *program, uint32_t form, fer_tcp_stream *stream,
                          const uint8_t *buf, size_t len, size_t *n)
{
    switch (form) {
    case 0: return fer_tcp_stream_write(stream, buf, len, n);
    case 1: return write_vectored(program, stream, buf, len, n);
    default: return fer_tcp_stream_write_all(stream, buf, len, n);
    }
}

/* Windows resets if input arrives after SD_RECEIVE; Wine does not. */
static bool is_lost_under_wine(const struct program *program, const struct end *end)
{
    return program->winsock && program->ends[end->other].shut_read &&
           !program->ends[end->other].is_closed;
}

/* The error, and whether an empty write returns it, depend on the call that detected the end
 * first. */
static const char *write_mask(const struct program *program, const struct stream *stream,
                              fer_error error, size_t len)
{
    const struct end *end = stream->end == NONE ? NULL : &program->ends[stream->end];
    bool is_either = error.kind == FER_CONNECTION_RESET || error.kind == FER_BROKEN_PIPE ||
                     (error.kind == FER_OK && len == 0);
    bool is_gone =
        end != NULL && (end->mask != NULL || (program->winsock && end->is_reset && end->fin_sent));
    return is_gone && is_either ? "write_after_peer_gone" : NULL;
}

static void write_step(struct program *program, int at)
{
    static const char *const names[] = {"write", "write_vectored", "write_all"};
    struct stream *stream = &program->streams[at];
    struct end *end = end_of(program, stream);
    uint32_t form = below(program, 3);
    size_t len = some_length(program);
    uint8_t buf[BUFFER];
    size_t n = SIZE_MAX;
    if (end != NULL &&
        (program->ends[end->other].unread + len > UNREAD_MAX || is_lost_under_wine(program, end))) {
        return;
    }
    byte_pattern(program, stream->end, end == NULL ? 0 : end->sent, buf, len);
    print_step(program, names[form], at);
    print_text(" %u", (unsigned)len);
    fer_error error = write_by(program, form, &stream->handle, buf, len, &n);
    print_kind(error, write_mask(program, stream, error, len));
    print_text(" n %u", (unsigned)n);
    if (end != NULL) {
        tracker_wrote(program, stream->end, n);
    }
}

/* ---- Shutdown, close, clones and raw sockets */

static void shutdown_step(struct program *program, int at)
{
    static const char *const names[] = {"shutdown_read", "shutdown_write", "shutdown_both"};
    struct stream *stream = &program->streams[at];
    fer_shutdown how = (fer_shutdown)below(program, 3);
    print_step(program, names[how], at);
    print_kind(fer_tcp_stream_shutdown(&stream->handle, how), NULL);
    if (stream->end != NONE) {
        tracker_shut(program, stream, how);
    }
}

void step_close_stream(struct program *program, struct stream *stream, int handle)
{
    print_step(program, "close", handle);
    fer_tcp_stream_close(&stream->handle);
    if (stream->end != NONE) {
        tracker_closed(program, stream->end, !stream->is_shared);
    }
    stream->end = NONE;
}

static void clone_step(struct program *program, int at)
{
    struct stream *stream = &program->streams[at];
    struct stream *to = &program->streams[below(program, STREAMS)];
    print_step(program, "clone", at);
    print_text(" to %d", (int)(to - program->streams));
    fer_error error = fer_tcp_stream_try_clone(&stream->handle, &to->handle);
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        stream->is_shared = true;
        *to = (struct stream){to->handle, stream->end, stream->shut_read, stream->shut_write, true};
        program->ends[stream->end].handles++;
    }
}

/* The modes stay with the socket. from_raw assumes that a Windows socket is blocking, and a lone
 * READ was kept in the library ("raw_mode"). from_raw rejects a socket whose connection has ended;
 * this function closes it. */
static void through_raw_step(struct program *program, int at)
{
    struct stream *stream = &program->streams[at];
    struct end *end = end_of(program, stream);
    if (end != NULL && (end->handles > 1 ||
                        (program->winsock && (end->is_reset || tracker_is_over(program, end))))) {
        return;
    }
    print_step(program, "through_raw", at);
    fer_raw_socket raw = fer_tcp_stream_into_raw(&stream->handle);
    fer_error error = fer_tcp_stream_from_raw(&stream->handle, raw);
    print_text(raw == FER_RAW_SOCKET_NONE ? " none" : " some");
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        *stream = (struct stream){stream->handle, stream->end, false, false, true};
        end->nonblocking = end->nonblocking && !program->winsock;
        end->marked_read = false;
    } else if (end != NULL) {
        os_close(raw);
        tracker_closed(program, stream->end, false);
        stream->end = NONE;
    }
}

/* ---- Modes and options */

static void set_timeout_step(struct program *program, int at)
{
    static const uint64_t values[] = {
        0, 4 * MILLI, 8 * MILLI, 1000 * MILLI, UINT64_C(7200000) * MILLI, FER_DURATION_NONE_NANOS};
    struct stream *stream = &program->streams[at];
    struct end *end = end_of(program, stream);
    bool writing = chance(program, 50);
    fer_duration timeout = {values[below(program, 6)]};
    fer_duration value = {0};
    bool would_take_long = !writing && timeout.nanos > 8 * MILLI;
    print_step(program, writing ? "write_timeout" : "read_timeout", at);
    print_text(" %llu", (unsigned long long)(timeout.nanos / MILLI));
    fer_error error = writing ? fer_tcp_stream_set_write_timeout(&stream->handle, timeout)
                              : fer_tcp_stream_set_read_timeout(&stream->handle, timeout);
    print_kind(error, NULL);
    print_kind(writing ? fer_tcp_stream_write_timeout(&stream->handle, &value)
                       : fer_tcp_stream_read_timeout(&stream->handle, &value),
               NULL);
    /* NetBSD's ticks are 10 ms, and the library adds one (rule T3). */
    bool is_rounded = value.nanos >= timeout.nanos &&
                      value.nanos - timeout.nanos < (program->bsd ? 21 : 10) * MILLI;
    if (error.kind == FER_OK) {
        print_text(is_rounded ? " that" : " another, %llu", (unsigned long long)value.nanos);
        end->has_timeout[writing] = timeout.nanos != FER_DURATION_NONE_NANOS && !would_take_long;
    }
}

static void mode_step(struct program *program, int at)
{
    struct stream *stream = &program->streams[at];
    bool nonblocking = chance(program, 60);
    print_step(program, nonblocking ? "nonblocking" : "blocking", at);
    fer_error error = fer_tcp_stream_set_nonblocking(&stream->handle, nonblocking);
    print_kind(error, NULL);
    if (error.kind == FER_OK) {
        program->ends[stream->end].nonblocking = nonblocking;
    }
}

static void ttl_step(struct program *program, int at)
{
    static const uint32_t ttls[] = {0, 1, 63, 200, 255, 256};
    fer_tcp_stream *stream = &program->streams[at].handle;
    uint32_t ttl = 0;
    print_step(program, "ttl", at);
    if (chance(program, 50)) {
        print_kind(fer_tcp_stream_set_ttl(stream, ttls[below(program, 6)]), NULL);
    }
    print_kind(fer_tcp_stream_ttl(stream, &ttl), NULL);
    print_ttl(program, ttl);
}

static void nodelay_step(struct program *program, int at)
{
    fer_tcp_stream *stream = &program->streams[at].handle;
    bool nodelay = false;
    print_step(program, "nodelay", at);
    if (chance(program, 50)) {
        print_kind(fer_tcp_stream_set_nodelay(stream, chance(program, 70)), NULL);
    }
    print_kind(fer_tcp_stream_nodelay(stream, &nodelay), NULL);
    print_text(" %d", nodelay);
}

static void linger_step(struct program *program, int at)
{
    static const uint64_t values[] = {
        0, 0, 1000 * MILLI, 1500 * MILLI, FER_DURATION_NONE_NANOS, FER_DURATION_NONE_NANOS};
    struct stream *stream = &program->streams[at];
    fer_duration linger = {values[below(program, 6)]};
    fer_duration value = {1};
    print_step(program, "linger", at);
    print_text(" %llu", (unsigned long long)(linger.nanos / MILLI));
    fer_error error = fer_tcp_stream_set_linger(&stream->handle, linger);
    print_kind(error, NULL);
    print_kind(fer_tcp_stream_linger(&stream->handle, &value), NULL);
    print_text(" %llu", (unsigned long long)value.nanos);
    if (error.kind == FER_OK && !tracker_ignores_options(program, &program->ends[stream->end])) {
        program->ends[stream->end].resets_at_close = linger.nanos == 0;
    }
}

/* Wine 8 has no time, interval and retries: they are neither set nor read there. */
static void keepalive_step(struct program *program, int at)
{
    fer_tcp_stream *stream = &program->streams[at].handle;
    const fer_tcp_keepalive wanted = {chance(program, 70),
                                      {below(program, 3) * 60000 * MILLI},
                                      {below(program, 2) * 1500 * MILLI},
                                      below(program, 3) * 64};
    fer_tcp_keepalive value = {false, {0}, {0}, 0};
    print_step(program, "keepalive", at);
    if (chance(program, 60)) {
        print_text(" %d %llu %llu %u", wanted.enabled, (unsigned long long)wanted.time.nanos,
                   (unsigned long long)wanted.interval.nanos, (unsigned)wanted.retries);
        const fer_tcp_keepalive on = {wanted.enabled, {0}, {0}, 0};
        print_kind(fer_tcp_stream_set_keepalive(stream, program->winsock ? &on : &wanted), NULL);
    }
    print_kind(fer_tcp_stream_keepalive(stream, &value), NULL);
    if (program->winsock) {
        value = (fer_tcp_keepalive){value.enabled, {0}, {0}, 0};
    }
    print_text(" %d %llu %llu %u", value.enabled, (unsigned long long)value.time.nanos,
               (unsigned long long)value.interval.nanos, (unsigned)value.retries);
}

/* ---- Queries */

static void take_error_step(struct program *program, int at)
{
    struct stream *stream = &program->streams[at];
    fer_error pending = {FER_UNCATEGORIZED, 0};
    print_step(program, "take_error", at);
    print_kind(fer_tcp_stream_take_error(&stream->handle, &pending), NULL);
    print_kind(pending, mask_of(program, stream));
}

static void print_addr(const fer_socket_addr *addr)
{
    char text[FER_IP_ADDR_TEXT_CAP];
    (void)fer_ip_addr_format(addr->ip, text, sizeof text);
    print_text(" %s %d", text, addr->port != 0);
}

static void addresses_step(struct program *program, int at)
{
    struct stream *stream = &program->streams[at];
    struct end *end = end_of(program, stream);
    fer_socket_addr local;
    fer_socket_addr peer;
    memset(&local, 0, sizeof local);
    memset(&peer, 0, sizeof peer);
    bool is_unsure =
        program->winsock && end != NULL && (end->is_reset || tracker_is_over(program, end));
    print_step(program, "addresses", at);
    print_kind(fer_tcp_stream_local_addr(&stream->handle, &local), NULL);
    if (stream->end != NONE) {
        print_addr(&local);
    }
    fer_error error = fer_tcp_stream_peer_addr(&stream->handle, &peer);
    print_kind(error, is_unsure ? "peer_addr_after_end" : NULL);
    if (error.kind == FER_OK && !is_unsure) {
        print_addr(&peer);
    }
}

/* ---- Choosing a step */

/* Returns an open stream, or NONE. At times returns any stream. */
static int some_stream(struct program *program)
{
    int from = (int)below(program, STREAMS);
    if (chance(program, 2)) {
        return from;
    }
    for (int i = 0; i < STREAMS; i++) {
        int at = (from + i) % STREAMS;
        if (program->streams[at].end != NONE) {
            return at;
        }
    }
    return NONE;
}

static void rare_step(struct program *program, int at)
{
    switch (below(program, 8)) {
    case 0: ttl_step(program, at); break;
    case 1: nodelay_step(program, at); break;
    case 2: keepalive_step(program, at); break;
    case 3: set_timeout_step(program, at); break;
    case 4: linger_step(program, at); break;
    case 5: through_raw_step(program, at); break;
    case 6: take_error_step(program, at); break;
    default: addresses_step(program, at); break;
    }
}

void step_stream(struct program *program)
{
    int at = some_stream(program);
    uint32_t choice = below(program, 100);
    if (at == NONE) {
        step_connect(program);
    } else if (choice < 34) {
        read_step(program, at);
    } else if (choice < 60) {
        write_step(program, at);
    } else if (choice < 67) {
        shutdown_step(program, at);
    } else if (choice < 74) {
        step_close_stream(program, &program->streams[at], at);
    } else if (choice < 78) {
        clone_step(program, at);
    } else if (choice < 84) {
        mode_step(program, at);
    } else {
        rare_step(program, at);
    }
}

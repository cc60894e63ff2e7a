/* copy.c: copies from one stream to another through the caller's buffer. The bytes that were read
 * stay in the buffer until they are written. A copy in both directions, in one thread, tries both,
 * and then waits for both streams at once. Long copies go on in splicing.c. */
#include "core/transfer/copy.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/transfer/stream_io.h"
#include "core/wait/pause.h"
#include "core/wait/waiting.h"

/* ---- The buffer of a copy */

/* MISUSE: buffer or its base is NULL. INVALID_INPUT: cap is 0, or start and len are not within
 * cap. */
static fer_error check_buffer(const fer_copy_buffer *buffer)
{
    FERI_REQUIRE(buffer != NULL && buffer->base != NULL, FER_MISUSE);
    bool is_usable = buffer->cap > 0 && buffer->start <= buffer->cap &&
                     buffer->len <= buffer->cap - buffer->start;
    FERI_REQUIRE(is_usable, FER_INVALID_INPUT);
    return feri_ok();
}

/* ---- fer_copy */

/* The buffer is written also if it is empty: if the destination cannot be written, the error is
 * returned before the source is read. */
static fer_error copy_until_end(fer_handle *from, fer_handle *to, feri_splicing *part,
                                fer_copy_buffer *buffer, uint64_t *copied)
{
    /* after a failure the source can still have bytes in the buffer or in its queue */
    FER_TRY(feri_stream_check_misuse(from, FERI_REQUEST_READ));
    FER_TRY(check_buffer(buffer));
    for (;;) {
        size_t written = 0;
        fer_error error = feri_stream_write_all(to, (const uint8_t *)buffer->base + buffer->start,
                                                buffer->len, &written);
        FERI_ASSERT(written <= buffer->len);
        buffer->start += written;
        buffer->len -= written;
        *copied += written;
        FER_TRY(error);
        if (*copied >= FERI_SPLICE_AFTER && !part->is_over) {
            FER_TRY(feri_splice(part, from, to, buffer, copied));
            continue;
        }
        buffer->start = 0;
        FER_TRY(feri_stream_read_on(from, buffer->base, buffer->cap, &buffer->len));
        if (buffer->len == 0) {
            return feri_ok();
        }
    }
}

fer_error fer_copy(fer_stream from, fer_stream to, fer_copy_buffer *buffer, uint64_t *n)
{
    uint64_t copied = 0;
    feri_splicing part = {.may_wait = true};
    fer_error error = copy_until_end(feri_handle_of_stream(from.handle_),
                                     feri_handle_of_stream(to.handle_), &part, buffer, &copied);
    feri_splicing_end(&part);
    feri_store_total(n, copied);
    return error;
}

/* ---- fer_copy_bidirectional: the steps of one direction */

/* One direction. It is done when its end of file was passed on. */
typedef struct copy_way {
    fer_handle *from;
    fer_handle *to;
    fer_copy_buffer *buffer;
    feri_splicing *part;
    uint64_t copied;
    uint64_t deadline; /* while it waits: that of the timeout of its stream */
    bool waits;
    bool is_done;
    bool is_blocked; /* its last try would block, and no wait has reported it as ready since */
    bool is_hinted;  /* a wait has reported it as ready, and it was not tried since */
    uint8_t skipped; /* the rounds since then in which it was not tried */
    /* the last read has not filled the buffer: the next one probably would block */
    bool is_drained;
} copy_way;

/* What a step has done. */
typedef enum progress { MOVED, MUST_WAIT } progress;

/* A try that would block, and one that a signal interrupted, have moved nothing. */
static fer_error after_try(copy_way *way, fer_error error, progress *out)
{
    way->is_blocked = error.kind == FER_WOULD_BLOCK;
    *out = way->is_blocked ? MUST_WAIT : MOVED;
    return way->is_blocked || error.kind == FER_INTERRUPTED ? feri_ok() : error;
}

static fer_error write_some(copy_way *way, progress *out)
{
    fer_copy_buffer *buffer = way->buffer;
    size_t moved = 0;
    fer_error error = feri_stream_write(way->to, (const uint8_t *)buffer->base + buffer->start,
                                        buffer->len, FERP_DONTWAIT, &moved);
    FERI_ASSERT(moved <= buffer->len);
    buffer->start += moved;
    buffer->len -= moved;
    way->copied += moved;
    FERI_REQUIRE(error.kind != FER_OK || moved > 0, FER_WRITE_ZERO);
    error = after_try(way, error, out);
    way->is_blocked = way->is_blocked || (way->is_drained && buffer->len == 0);
    return error;
}

/* Reads into the empty buffer, and in a long copy through the pipe first, as far as that has the
 * answer. A fill that would block after a hint of readiness has none: Linux splices no bytes at an
 * urgent mark, and none without memory for a page, and recv returns them (net/ipv4/tcp.c,
 * tcp_read_sock; net/core/skbuff.c, linear_to_page). At end of file, which may have been passed on
 * by an earlier call, the write half of the other stream is shut down. The state of that stream is
 * checked first, as by fer_copy: if it cannot be written, nothing is read. */
static fer_error read_some(copy_way *way, progress *out)
{
    fer_copy_buffer *buffer = way->buffer;
    bool has_ended = feri_handle_answer(way->from, FERI_REQUEST_READ) == FERI_ANSWER_END;
    buffer->start = 0;
    way->is_drained = false;
    if (!has_ended) {
        FER_TRY(feri_stream_check(way->to, FERI_REQUEST_WRITE));
        uint64_t before = way->copied;
        if (before >= FERI_SPLICE_AFTER) {
            FER_TRY(feri_splice(way->part, way->from, way->to, buffer, &way->copied));
            way->is_blocked = way->part->would_block;
            bool has_moved = way->copied > before || buffer->len > 0;
            if (has_moved || (way->is_blocked && !way->is_hinted)) {
                *out = has_moved ? MOVED : MUST_WAIT;
                return feri_ok();
            }
        }
    }
    fer_error error =
        feri_stream_read(way->from, buffer->base, buffer->cap, FERP_DONTWAIT, &buffer->len);
    if (error.kind == FER_OK && buffer->len == 0) {
        way->is_done = true;
        *out = MOVED;
        return feri_stream_shutdown(way->to, FER_SHUTDOWN_WRITE);
    }
    way->is_drained = buffer->len < buffer->cap;
    return after_try(way, error, out);
}

/* ---- fer_copy_bidirectional: both directions, and their waits */

/* The rounds after which a direction is tried without a report of a wait: the other direction may
 * need no wait, or a wait may miss that another thread has ended a half (rule S6). */
enum { SKIPPED_MAX = 7 };

/* A step, if it can have another result than before, and the timeout of the wait in which it has
 * not moved anything: that of the stream whose read or write would block, as in fer_copy. The
 * handle's own halves may be ended by another thread, which ends no wait if the direction waits for
 * the other stream. */
static fer_error move_in_time(copy_way *way, progress *out)
{
    bool is_late = way->deadline != FERP_NO_DEADLINE && ferp_now() >= way->deadline;
    bool is_due = !way->is_blocked || way->skipped == SKIPPED_MAX ||
                  feri_handle_answer(way->from, FERI_REQUEST_READ) != FERI_ANSWER_CALL_OS ||
                  feri_handle_answer(way->to, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
    way->skipped = is_due ? 0 : (uint8_t)(way->skipped + 1);
    *out = MUST_WAIT;
    if (!way->is_done && (is_due || is_late)) {
        FER_TRY(way->buffer->len > 0 ? write_some(way, out) : read_some(way, out));
        way->is_hinted = false;
    }
    if (*out == MOVED || way->is_done) {
        way->waits = false;
        way->deadline = FERP_NO_DEADLINE;
        return feri_ok();
    }
    if (!way->waits) {
        bool writes = way->buffer->len > 0;
        fer_duration timeout;
        FER_TRY(feri_timeout(writes ? way->to : way->from, writes ? FERP_WRITING : FERP_READING,
                             false, &timeout));
        way->deadline = feri_deadline_after(timeout);
        way->waits = true;
        return feri_ok();
    }
    return is_late ? feri_own_error(FER_TIMED_OUT) : feri_ok();
}

/* The state of a whole call. Each way reads from the stream that the other one writes to. */
typedef struct both_ways {
    copy_way ways[2];
    feri_limits limits[2];
    feri_false_hints false_hints;
} both_ways;

/* Limits that are reached precede data that is ready (rule K1). */
static fer_error check_limits(const both_ways *both)
{
    FER_TRY(feri_limits_check(&both->limits[0]));
    return feri_limits_check(&both->limits[1]);
}

/* The wait is cut into slices if a shutdown by another thread may not wake it (rule S6). If only
 * Unix sockets miss it, only a wait for space does. A signal does not end the call, unless the
 * limits of a stream are interruptible (rule I4). The directions that the wait has reported are
 * tried again; both if it has reported none: after a slice, a signal or a wakeup. */
static fer_error wait_for_both(both_ways *both)
{
    const feri_splicing *part = both->ways[0].part;
    ferp_ready_pair pair = {.pipe = part->is_open ? &part->pipe : NULL};
    bool misses_shutdown =
        ferp_traits()->write_wait_misses_shutdown || ferp_traits()->shutdown_read_resets_on_data;
    bool is_interruptible = both->limits[0].interruptible || both->limits[1].interruptible;
    for (int i = 0; i < 2; i++) {
        const copy_way *reading = &both->ways[i];
        const copy_way *writing = &both->ways[1 - i];
        bool reads = !reading->is_done && reading->buffer->len == 0;
        bool writes = !writing->is_done && writing->buffer->len > 0;
        pair.raws[i] = reading->from->p_.raw_;
        pair.interests[i] = (reads ? FER_READABLE : 0) | (writes ? FER_WRITABLE : 0);
        pair.tokens[i] = both->limits[i].token;
        misses_shutdown |= writes && feri_write_wait_misses_end(reading->from);
    }
    uint64_t deadline =
        feri_earlier(feri_earlier(both->limits[0].deadline, both->ways[0].deadline),
                     feri_earlier(both->limits[1].deadline, both->ways[1].deadline));
    uint64_t slice = misses_shutdown ? feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS})
                                     : FERP_NO_DEADLINE;
    static const fer_interest none[2] = {0, 0};
    fer_error error = ferp_wait_for_pair(&pair, feri_earlier(slice, deadline), deadline);
    const fer_interest *ready = error.kind == FER_OK ? pair.ready : none;
    bool is_any = (ready[0] | ready[1]) == 0;
    for (int i = 0; i < 2; i++) {
        bool is_ready = (ready[i] & FER_READABLE) != 0 || (ready[1 - i] & FER_WRITABLE) != 0;
        both->ways[i].is_hinted = is_ready;
        both->ways[i].is_blocked = both->ways[i].is_blocked && !is_any && !is_ready;
    }
    if (error.kind == FER_OK) {
        error = feri_pause_after_false_hint(&both->false_hints, deadline, pair.tokens[0],
                                            pair.tokens[1]);
    }
    switch (error.kind) {
    case FER_TIMED_OUT: return feri_ok();
    case FER_INTERRUPTED: FER_TRY(check_limits(both)); return is_interruptible ? error : feri_ok();
    default: return error;
    }
}

/* Rounds of a step of each direction, and a wait if neither has moved anything. */
static fer_error copy_both(both_ways *both)
{
    for (int i = 0; i < 2; i++) {
        FER_TRY(feri_stream_check_misuse(both->ways[i].from, FERI_REQUEST_READ));
        FER_TRY(check_buffer(both->ways[i].buffer));
    }
    bool are_two =
        both->ways[0].from != both->ways[1].from && both->ways[0].buffer != both->ways[1].buffer;
    FERI_REQUIRE(are_two, FER_INVALID_INPUT);
    /* After a failure a stream can still have bytes in the buffer or in its queue. */
    for (int i = 0; i < 2; i++) {
        FER_TRY(feri_stream_check(both->ways[i].from, FERI_REQUEST_READ));
        both->limits[i] = feri_limits_of(both->ways[i].from);
    }
    do {
        progress first;
        progress second;
        FER_TRY(check_limits(both));
        FER_TRY(move_in_time(&both->ways[0], &first));
        FER_TRY(move_in_time(&both->ways[1], &second));
        if (first == MOVED || second == MOVED) {
            both->false_hints = (feri_false_hints){0, 0, 0};
        } else {
            FER_TRY(wait_for_both(both));
        }
    } while (!both->ways[0].is_done || !both->ways[1].is_done);
    return feri_ok();
}

fer_error fer_copy_bidirectional(fer_stream a, fer_stream b, fer_copy_buffer *a_to_b,
                                 fer_copy_buffer *b_to_a, uint64_t *n_a_to_b, uint64_t *n_b_to_a)
{
    feri_splicing part = {.may_wait = false};
    fer_handle *one = feri_handle_of_stream(a.handle_);
    fer_handle *other = feri_handle_of_stream(b.handle_);
    both_ways both = {.ways = {{.from = one, .to = other, .buffer = a_to_b, .part = &part},
                               {.from = other, .to = one, .buffer = b_to_a, .part = &part}}};
    fer_error error = copy_both(&both);
    feri_splicing_end(&part);
    feri_store_total(n_a_to_b, both.ways[0].copied);
    feri_store_total(n_b_to_a, both.ways[1].copied);
    return error;
}

/* misuse_copy_calls.c: fer_copy between streams in any state, through valid and invalid buffers. */
#include "fuzz/programs/misuse_calls.h"

static fer_stream stream_of(struct misuse_state *state, bool is_unix, uint8_t which)
{
    return is_unix ? fer_unix_stream_as_stream(&state->unix_streams[which % MISUSE_STREAMS])
                   : fer_tcp_stream_as_stream(&state->streams[which % MISUSE_STREAMS]);
}

/* The contract of every copy, refused copies included. A closed token is found by the first call on
 * its stream: that of `to` after a read, that of `from` after the write of what was in the
 * buffer. */
static bool is_right(fer_error error, const fer_copy_buffer *before, const fer_copy_buffer *after,
                     uint64_t n)
{
    if (after->base != before->base || after->cap != before->cap) {
        return false;
    }
    bool is_inside = after->start <= after->cap && after->len <= after->cap - after->start;
    bool is_unchanged = after->start == before->start && after->len == before->len;
    if (error.kind == FER_NOT_CONNECTED && is_unchanged) {
        return n == 0; /* the state precedes the buffer */
    }
    if (error.kind == FER_MISUSE || error.kind == FER_INVALID_INPUT) {
        bool has_read = error.kind == FER_MISUSE && before->len == 0 && is_inside;
        bool has_written =
            error.kind == FER_MISUSE && n == before->len && after->len == 0 && is_inside;
        return (n == 0 && (is_unchanged || has_read)) || has_written;
    }
    return is_inside && (error.kind != FER_OK || (after->len == 0 && n >= before->len));
}

/* Bits of nulls: from, to, memory, n, -, buffer. */
static fer_error do_copy(const struct misuse_arguments *a, bool from_unix, bool to_unix)
{
    static const size_t caps[] = {64, 1, 7, 0};
    static const size_t lengths[] = {0, 0, 1, 7, 64, 65, SIZE_MAX, SIZE_MAX - 1};
    uint8_t other = from_unix && to_unix ? a->which : (uint8_t)(a->which >> 2);
    fer_stream from =
        a->nulls & 1 ? fer_tcp_stream_as_stream(NULL) : stream_of(a->state, from_unix, a->which);
    fer_stream to =
        a->nulls & 2 ? fer_unix_stream_as_stream(NULL) : stream_of(a->state, to_unix, other);
    fer_copy_buffer before = {a->buf, caps[a->arg % 4], lengths[(a->arg >> 2) % 8],
                              lengths[(a->arg >> 5) % 8]};
    fer_copy_buffer after = before;
    uint64_t n = 0;
    fer_error error = fer_copy(from, to, a->nulls & 32 ? NULL : &after, a->nulls & 8 ? NULL : &n);
    bool is_known = (a->nulls & (8 | 32)) == 0;
    return misuse_checked(!is_known || is_right(error, &before, &after, n), error);
}

/* The two ends of one connection are never copied into each other: such a copy has no end. */
#define CALLS(X)                                \
    X(copy, do_copy(a, false, false))           \
    X(unix_write_copy, do_copy(a, false, true)) \
    X(unix_read_copy, do_copy(a, true, false))  \
    X(unix_read_echo, do_copy(a, true, true))

#include "fuzz/programs/misuse_table.h"

const struct misuse_family misuse_copy_family = {calls, CALL_COUNT, false, NULL};

/* misuse_copy_calls.c: fer_copy between streams in any state, through buffers that are some and
 * that are none. */
#include "fuzz/programs/misuse_calls.h"

/* Two streams that are each other's ends are never the two sides here: such a copy has no end. */
static const struct {
    const char *name;
    bool from_unix;
    bool to_unix;
} calls[] = {
    {"copy", false, false},
    {"unix_write_copy", false, true},
    {"unix_read_copy", true, false},
    {"unix_read_echo", true, true},
};

const char *misuse_copy_call_name(uint8_t call)
{
    return calls[call % (sizeof calls / sizeof *calls)].name;
}

static fer_stream stream_of(struct misuse_world *world, bool is_unix, uint8_t who)
{
    return is_unix ? fer_unix_stream_as_stream(&world->unix_streams[who % MISUSE_STREAMS])
                   : fer_tcp_stream_as_stream(&world->streams[who % MISUSE_STREAMS]);
}

/* What holds after every copy, also after one that was refused. */
static bool is_right(fer_error error, const fer_copy_buffer *before, const fer_copy_buffer *after,
                     uint64_t n)
{
    if (after->base != before->base || after->cap != before->cap) {
        return false;
    }
    if (error.kind == FER_INVALID_INPUT) {
        return n == 0 && after->start == before->start && after->len == before->len;
    }
    bool is_inside = after->start <= after->cap && after->len <= after->cap - after->start;
    return is_inside && (error.kind != FER_OK || (after->len == 0 && n >= before->len));
}

/* Bits of nulls: from, to, memory, n, -, buffer. */
fer_error misuse_copy_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                           uint8_t arg)
{
    static const size_t caps[] = {64, 1, 7, 0};
    static const size_t lengths[] = {0, 0, 1, 7, 64, 65, SIZE_MAX, SIZE_MAX - 1};
    size_t kind = call % (sizeof calls / sizeof *calls);
    uint8_t other = calls[kind].from_unix && calls[kind].to_unix ? who : (uint8_t)(who >> 2);
    fer_stream from =
        nulls & 1 ? fer_tcp_stream_as_stream(NULL) : stream_of(world, calls[kind].from_unix, who);
    fer_stream to =
        nulls & 2 ? fer_unix_stream_as_stream(NULL) : stream_of(world, calls[kind].to_unix, other);
    fer_copy_buffer before = {nulls & 4 ? NULL : world->buf, caps[arg % 4], lengths[(arg >> 2) % 8],
                              lengths[(arg >> 5) % 8]};
    fer_copy_buffer after = before;
    uint64_t n = 0;
    fer_error error = fer_copy(from, to, nulls & 32 ? NULL : &after, nulls & 8 ? NULL : &n);
    bool is_told = (nulls & (8 | 32)) == 0;
    return is_told && !is_right(error, &before, &after, n) ? (fer_error){(fer_error_kind)0x7FFF, 0}
                                                           : error;
}

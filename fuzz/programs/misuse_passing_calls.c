/* misuse_passing_calls.c: handles between Unix sockets, copies in both directions, and files. */
#include <string.h>

#include "fuzz/programs/misuse_calls.h"

/* ---- Handles. Bits of nulls: handle, array, buffer, count, -, address. */

static fer_unix_stream *stream_of(const struct misuse_arguments *a)
{
    return a->nulls & 1 ? NULL : &a->state->passing.streams[a->which % MISUSE_STREAMS];
}

static fer_unix_datagram *datagram_of(const struct misuse_arguments *a)
{
    return a->nulls & 1 ? NULL : &a->state->passing.datagrams[a->which % MISUSE_STREAMS];
}

/* An array, of which some are no handles. */
static fer_error do_send(const struct misuse_arguments *a, bool is_datagram)
{
    static const size_t counts[] = {0, 1, 2, FER_UNIX_HANDLES_MAX, FER_UNIX_HANDLES_MAX + 1};
    fer_raw_socket handles[FER_UNIX_HANDLES_MAX + 1];
    const fer_raw_socket *chosen = a->nulls & 2 ? NULL : handles;
    size_t count = counts[(a->arg >> 2) % 5];
    for (size_t i = 0; i < FER_UNIX_HANDLES_MAX + 1; i++) {
        handles[i] = fer_unix_stream_as_raw(&a->state->passing.passed[i % 2]);
    }
    handles[1] = a->arg >= 192 ? a->raw : handles[1];
    fer_error error =
        is_datagram
            ? fer_unix_datagram_send_handles(datagram_of(a), a->buf, a->len, chosen, count,
                                             a->nulls & 32 ? a->unix_addr : NULL, a->n)
            : fer_unix_stream_send_handles(stream_of(a), a->buf, a->len, chosen, count, a->n);
    bool is_right = a->n == NULL || (error.kind == FER_OK ? *a->n <= a->len : *a->n == 0);
    return misuse_checked(is_right, error);
}

static bool close_handles(const fer_raw_socket *handles, size_t count)
{
    bool is_right = true;
    for (size_t i = 0; i < count; i++) {
        fer_unix_stream adopted = {0};
        is_right = is_right && fer_unix_stream_from_raw(&adopted, handles[i]).kind == FER_OK;
        fer_unix_stream_close(&adopted);
    }
    return is_right;
}

/* The handles that are received are open, and are closed. */
static fer_error do_receive(const struct misuse_arguments *a, bool is_datagram)
{
    enum { HANDLES = 3 };
    fer_raw_socket handles[HANDLES];
    fer_raw_socket *chosen = a->nulls & 2 ? NULL : handles;
    size_t cap = (a->arg >> 2) % (HANDLES + 1u);
    fer_unix_received_handles got = {.count = MISUSE_UNTOUCHED};
    fer_unix_received_handles *out = a->nulls & 8 ? NULL : &got;
    fer_error error =
        is_datagram
            ? fer_unix_datagram_recv_handles(datagram_of(a), a->buf, a->len, chosen, cap, out)
            : fer_unix_stream_recv_handles(stream_of(a), a->buf, a->len, chosen, cap, out);
    if (error.kind != FER_OK) {
        return misuse_checked(got.count == MISUSE_UNTOUCHED, error);
    }
    bool is_right = got.len <= a->len && got.count <= cap && close_handles(handles, got.count);
    return misuse_checked(is_right, error);
}

/* The modes, the limits and the halves of the sockets of the other calls. */
static fer_error do_set(const struct misuse_arguments *a, bool is_datagram)
{
    static const uint64_t nanos[] = {UINT64_MAX, 0, UINT64_MAX - 1};
    fer_limits limits = {.deadline = fer_instant_after((fer_duration){nanos[a->arg / 4 % 3]}),
                         .token = &a->state->tokens[0]};
    fer_unix_stream *stream = stream_of(a);
    fer_unix_datagram *datagram = datagram_of(a);
    const fer_limits *chosen = a->nulls & 4 ? NULL : &limits;
    fer_shutdown how = (fer_shutdown)(a->arg / 4 % 5);
    switch (a->arg % 3) {
    case 0:
        return is_datagram ? fer_unix_datagram_set_nonblocking(datagram, a->arg & 4)
                           : fer_unix_stream_set_nonblocking(stream, a->arg & 4);
    case 1:
        return is_datagram ? fer_unix_datagram_set_limits(datagram, chosen)
                           : fer_unix_stream_set_limits(stream, chosen);
    default:
        return is_datagram ? fer_unix_datagram_shutdown(datagram, how)
                           : fer_unix_stream_shutdown(stream, how);
    }
}

/* ---- Copies. Bits of nulls: one stream, the other, memory, counts, a buffer, the other, the same
 * buffer. */

static bool is_inside(const fer_copy_buffer *buffer)
{
    return buffer->start <= buffer->cap && buffer->len <= buffer->cap - buffer->start;
}

static bool is_unchanged(const fer_copy_buffer *before, const fer_copy_buffer *after)
{
    return after->base == before->base && after->cap == before->cap &&
           after->start == before->start && after->len == before->len;
}

static bool is_refusal(fer_error error)
{
    return error.kind == FER_MISUSE || error.kind == FER_INVALID_INPUT;
}

/* The two ends of one connection are never copied into each other. */
static fer_error do_both(const struct misuse_arguments *a, fer_stream one, fer_stream other)
{
    static const size_t caps[] = {64, 1, 7, 0};
    static const size_t lengths[] = {0, 0, 1, 7, 64, 65, SIZE_MAX, SIZE_MAX - 1};
    static uint8_t memory[64];
    fer_copy_buffer before[2] = {
        {a->buf, caps[a->arg % 4], 0, lengths[(a->arg >> 2) % 8]},
        {memory, 64, lengths[(a->arg >> 5) % 8], (a->nulls & 128) != 0 ? 7 : 0}};
    fer_copy_buffer after[2] = {before[0], before[1]};
    uint64_t n[2] = {MISUSE_UNTOUCHED, MISUSE_UNTOUCHED};
    fer_error error = fer_copy_bidirectional(one, other, a->nulls & 16 ? NULL : &after[0],
                                             a->nulls & 32 ? NULL : &after[(a->nulls & 64) == 0],
                                             a->nulls & 8 ? NULL : &n[0], &n[1]);
    if (is_refusal(error) || error.kind == FER_NOT_CONNECTED) {
        return misuse_checked((a->nulls & 8 || n[0] == 0) && n[1] == 0 &&
                                  is_unchanged(&before[0], &after[0]) &&
                                  is_unchanged(&before[1], &after[1]),
                              error);
    }
    bool is_empty = after[0].len == 0 && after[1].len == 0;
    return misuse_checked(
        is_inside(&after[0]) && is_inside(&after[1]) && (error.kind != FER_OK || is_empty), error);
}

static fer_stream stream_to(const struct misuse_arguments *a)
{
    return fer_tcp_stream_as_stream(a->stream);
}

/* Bits of nulls: the stream, -, memory, n, -, the buffer. */
static fer_error do_file(const struct misuse_arguments *a, bool is_unix)
{
    static const uint64_t offsets[] = {
        0,          100, MISUSE_FILE_LEN, MISUSE_FILE_LEN + 1, INT64_MAX, (uint64_t)INT64_MAX + 1,
        UINT64_MAX, 1};
    static const uint64_t lengths[] = {0, 1, 100, UINT64_MAX};
    static const size_t caps[] = {64, 64, 7, 0};
    uint64_t offset = offsets[a->arg % 8];
    uint64_t len = lengths[(a->arg >> 3) % 4];
    uint64_t n = MISUSE_UNTOUCHED;
    uint64_t *count = a->nulls & 8 ? NULL : &n;
    fer_raw_file file = a->arg >= 128 && a->arg % 2 == 0 ? (fer_raw_file)-1
                                                         : a->state->passing.files[a->arg >= 192];
    fer_copy_buffer buffer = {a->buf, caps[(a->arg >> 5) % 4], 0, (a->nulls & 64) != 0 ? 1 : 0};
    const fer_copy_buffer *chosen = a->nulls & 32 ? NULL : &buffer;
    fer_error error = is_unix ? fer_stream_send_file(fer_unix_stream_as_stream(a->unix_stream),
                                                     file, offset, len, chosen, count)
                      : misuse_is_by_stream(a)
                          ? fer_stream_send_file(stream_to(a), file, offset, len, chosen, count)
                          : fer_tcp_stream_send_file(a->stream, file, offset, len, chosen, count);
    if (count == NULL) {
        return error;
    }
    uint64_t left = offset < MISUSE_FILE_LEN ? MISUSE_FILE_LEN - offset : 0;
    uint64_t most = len < left ? len : left;
    bool is_right = error.kind == FER_OK               ? n == most
                    : error.kind == FER_UNEXPECTED_EOF ? n == left && len > left
                                                       : n <= most;
    return misuse_checked(is_right && (!is_refusal(error) || n == 0), error);
}

/* X(name, the call) */
#define CALLS(X)                                                                                 \
    X(handles_send, do_send(a, false))                                                           \
    X(handles_recv, do_receive(a, false))                                                        \
    X(copy_both, do_both(a, stream_to(a), fer_tcp_stream_as_stream(a->other_stream)))            \
    X(copy_both_unix, do_both(a, stream_to(a), fer_unix_stream_as_stream(a->other_unix_stream))) \
    X(copy_both_same, do_both(a, fer_unix_stream_as_stream(a->unix_stream),                      \
                              fer_unix_stream_as_stream(a->unix_stream)))                        \
    X(copy_file, do_file(a, false))                                                              \
    X(copy_file_unix, do_file(a, true))                                                          \
    X(handles_set, do_set(a, false))                                                             \
    X(unix_datagram_handles_send, do_send(a, true))                                              \
    X(unix_datagram_handles_recv, do_receive(a, true))                                           \
    X(unix_datagram_handles_set, do_set(a, true))

#include "fuzz/programs/misuse_table.h"

/* An address of a datagram socket of these calls, or of no socket. */
static void choose(struct misuse_arguments *a)
{
    static const char *const paths[] = {"passing", "nobody", "", "a"};
    a->values->unix_addr = (fer_unix_addr){0};
    FER_IGNORE(fer_unix_addr_from_pathname(&a->values->unix_addr, paths[a->arg % 4]));
}

const struct misuse_family misuse_passing_family = {calls, CALL_COUNT, true, choose};

/* Windows: two connections, and two datagram sockets. */
static void fill(struct misuse_passing *passing)
{
    fer_unix_listener listener = {0};
    FER_IGNORE(fer_unix_listener_bind(&listener, "filler"));
    for (int i = 0; i < 2; i++) {
        FER_IGNORE(fer_unix_stream_connect(&passing->fillers[i], "filler"));
        FER_IGNORE(fer_unix_listener_accept(&listener, &passing->fillers[2 + i], NULL));
        FER_IGNORE(fer_udp_socket_bind(&passing->datagram_fillers[i], "127.0.0.1:0"));
    }
    fer_unix_listener_close(&listener);
}

void misuse_passing_begin(struct misuse_state *state)
{
    static const uint8_t contents[MISUSE_FILE_LEN];
    struct misuse_passing *passing = &state->passing;
    for (int i = 0; i < 2; i++) {
        FER_IGNORE(fer_sim_file_new(contents, sizeof contents, &passing->files[i]));
    }
    fer_sim_file_close(passing->files[1]);
    if (fer_unix_stream_pair(&passing->streams[0], &passing->streams[3]).kind != FER_OK) {
        fill(passing);
        return;
    }
    FER_IGNORE(fer_unix_stream_try_clone(&passing->streams[0], &passing->streams[2]));
    fer_unix_stream_close(&passing->streams[2]);
    FER_IGNORE(fer_unix_stream_pair(&passing->passed[0], &passing->passed[1]));
    FER_IGNORE(fer_unix_datagram_bind(&passing->datagrams[0], "passing"));
    FER_IGNORE(fer_unix_datagram_unbound(&passing->datagrams[3]));
    FER_IGNORE(fer_unix_datagram_connect(&passing->datagrams[3], "passing"));
    FER_IGNORE(fer_unix_datagram_try_clone(&passing->datagrams[0], &passing->datagrams[2]));
    fer_unix_datagram_close(&passing->datagrams[2]);
}

void misuse_passing_end(struct misuse_state *state)
{
    struct misuse_passing *passing = &state->passing;
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        fer_unix_stream_close(&passing->streams[i]);
        fer_unix_datagram_close(&passing->datagrams[i]);
        fer_unix_stream_close(&passing->fillers[i]);
    }
    for (int i = 0; i < 2; i++) {
        fer_unix_stream_close(&passing->passed[i]);
        fer_udp_socket_close(&passing->datagram_fillers[i]);
    }
    fer_sim_file_close(passing->files[0]);
}

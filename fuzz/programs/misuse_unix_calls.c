/* misuse_unix_calls.c: one line for each function of unix.h, and the arguments that only they have.
 * A call that only one dialect has leaves the streams and listeners as they were: they are alike in
 * both. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

/* 108 bytes. */
static const char too_long[] = "012345678901234567890123456789012345678901234567890123"
                               "012345678901234567890123456789012345678901234567890123";

/* Windows has no pairs: a pair is closed again, and the result is the refusal of Windows. Windows
 * refuses before it can run out of handles or buffers. */
static fer_error do_pair(const struct misuse_arguments *a)
{
    fer_error error = fer_unix_stream_pair(a->unix_stream, a->other_unix_stream);
    if (error.kind == FER_OK) {
        fer_unix_stream_close(a->unix_stream);
        fer_unix_stream_close(a->other_unix_stream);
        memset(a->unix_stream, 0, sizeof *a->unix_stream);
        memset(a->other_unix_stream, 0, sizeof *a->other_unix_stream);
        return misuse_unsupported();
    }
    bool lacks_means = error.kind == FER_NO_BUFFER_SPACE || error.kind == FER_TOO_MANY_OPEN_FILES;
    return lacks_means ? misuse_unsupported() : error;
}

fer_error misuse_keep_accepted(const struct misuse_arguments *a, fer_error error)
{
    if (error.kind == FER_OK) {
        fer_unix_stream *kept = &a->state->accepted[a->state->accepted_count++ % MISUSE_ACCEPTED];
        fer_unix_stream_close(kept);
        *kept = *a->unix_stream;
        memset(a->unix_stream, 0, sizeof *a->unix_stream);
    }
    return error;
}

static fer_error do_abstract(const struct misuse_arguments *a)
{
    fer_unix_addr made;
    fer_error error =
        fer_unix_addr_from_abstract_name(a->unix_addr_out == NULL ? NULL : &made, a->buf, a->len);
    return error.kind == FER_OK ? misuse_unsupported() : error;
}

static fer_error do_queries(const struct misuse_arguments *a)
{
    size_t len = 0;
    fer_unix_cred cred = {0, 0, MISUSE_UNTOUCHED};
    fer_error error = fer_unix_stream_peer_cred(a->unix_stream, a->nulls & 2 ? NULL : &cred);
    bool is_right = (error.kind == FER_OK) == (cred.pid != MISUSE_UNTOUCHED);
    (void)fer_unix_addr_is_unnamed(a->unix_addr);
    (void)fer_unix_addr_as_pathname(a->unix_addr);
    (void)fer_unix_addr_as_abstract_name(a->unix_addr, a->arg % 2 == 0 ? &len : NULL);
    (void)fer_unix_stream_as_raw(a->unix_stream);
    (void)fer_unix_listener_as_raw(a->unix_listener);
    (void)fer_unix_datagram_as_raw(a->unix_datagram);
    return misuse_checked(is_right, misuse_ok());
}

/* An array of handles that is NULL. */
static fer_error do_send_handles(const struct misuse_arguments *a)
{
    return a->arg % 2 == 0
               ? fer_unix_stream_send_handles(a->unix_stream, a->buf, a->len, NULL, 1, a->n)
               : fer_unix_datagram_send_handles(a->unix_datagram, a->buf, a->len, NULL, 1,
                                                a->datagram_addr, a->n);
}

static fer_error do_recv_handles(const struct misuse_arguments *a)
{
    fer_unix_received_handles got;
    return a->arg % 2 == 0
               ? fer_unix_stream_recv_handles(a->unix_stream, a->buf, a->len, NULL, 1, &got)
               : fer_unix_datagram_recv_handles(a->unix_datagram, a->buf, a->len, NULL, 1, &got);
}

static fer_error do_close(const struct misuse_arguments *a)
{
    switch (a->arg % 3) {
    case 0: fer_unix_stream_close(a->unix_stream); break;
    case 1: fer_unix_listener_close(a->unix_listener); break;
    default: fer_unix_datagram_close(a->unix_datagram); break;
    }
    return misuse_ok();
}

/* X(name, the call) */
#define CALLS(X)                                                                                  \
    X(unix_connect, fer_unix_stream_connect(a->unix_stream, a->path))                             \
    X(unix_connect_addr, fer_unix_stream_connect_addr(a->unix_stream, a->unix_addr))              \
    X(unix_pair, do_pair(a))                                                                      \
    X(unix_try_clone, fer_unix_stream_try_clone(a->unix_stream, a->other_unix_stream))            \
    X(unix_local_addr, fer_unix_stream_local_addr(a->unix_stream, a->unix_addr_out))              \
    X(unix_peer_addr, fer_unix_stream_peer_addr(a->unix_stream, a->unix_addr_out))                \
    X(unix_shutdown, fer_unix_stream_shutdown(a->unix_stream, a->how))                            \
    X(unix_read, MISUSE_MOVE(unix, read, a->unix_stream))                                         \
    X(unix_peek, fer_unix_stream_peek(a->unix_stream, a->buf, a->len, a->n))                      \
    X(unix_read_vectored,                                                                         \
      fer_unix_stream_read_vectored(a->unix_stream, a->slices_mut, a->slice_count, a->n))         \
    X(unix_read_exact, MISUSE_MOVE(unix, read_exact, a->unix_stream))                             \
    X(unix_read_to_end, fer_unix_stream_read_to_end(a->unix_stream, a->buf, a->len, a->n))        \
    X(unix_write, MISUSE_MOVE(unix, write, a->unix_stream))                                       \
    X(unix_write_vectored,                                                                        \
      fer_unix_stream_write_vectored(a->unix_stream, a->slices, a->slice_count, a->n))            \
    X(unix_write_all, MISUSE_MOVE(unix, write_all, a->unix_stream))                               \
    X(unix_set_read_timeout, fer_unix_stream_set_read_timeout(a->unix_stream, a->duration))       \
    X(unix_set_write_timeout, fer_unix_stream_set_write_timeout(a->unix_stream, a->duration))     \
    X(unix_read_timeout, fer_unix_stream_read_timeout(a->unix_stream, a->duration_out))           \
    X(unix_write_timeout, fer_unix_stream_write_timeout(a->unix_stream, a->duration_out))         \
    X(unix_set_nonblocking, fer_unix_stream_set_nonblocking(a->unix_stream, a->arg % 2 == 1))     \
    X(unix_take_error, fer_unix_stream_take_error(a->unix_stream, a->error_out))                  \
    X(unix_from_raw, fer_unix_stream_from_raw(a->unix_stream, a->raw))                            \
    X(unix_bind, fer_unix_listener_bind(a->unix_listener, a->path))                               \
    X(unix_bind_addr, fer_unix_listener_bind_addr(a->unix_listener, a->unix_addr))                \
    X(unix_accept,                                                                                \
      misuse_keep_accepted(                                                                       \
          a, fer_unix_listener_accept(a->unix_listener, a->unix_stream, a->unix_addr_out)))       \
    X(unix_listener_try_clone,                                                                    \
      fer_unix_listener_try_clone(a->unix_listener, a->other_unix_listener))                      \
    X(unix_listener_local_addr, fer_unix_listener_local_addr(a->unix_listener, a->unix_addr_out)) \
    X(unix_listener_set_nonblocking,                                                              \
      fer_unix_listener_set_nonblocking(a->unix_listener, a->arg % 2 == 1))                       \
    X(unix_listener_take_error, fer_unix_listener_take_error(a->unix_listener, a->error_out))     \
    X(unix_listener_from_raw, fer_unix_listener_from_raw(a->unix_listener, a->raw))               \
    X(unix_addr_from_pathname, fer_unix_addr_from_pathname(a->unix_addr_out, a->path))            \
    X(unix_addr_from_abstract_name, do_abstract(a))                                               \
    X(unix_queries, do_queries(a))                                                                \
    X(unix_close, do_close(a))                                                                    \
    X(unix_datagram_bind, fer_unix_datagram_bind(a->unix_datagram, a->datagram_path))             \
    X(unix_datagram_bind_addr, fer_unix_datagram_bind_addr(a->unix_datagram, a->datagram_addr))   \
    X(unix_datagram_unbound, fer_unix_datagram_unbound(a->unix_datagram))                         \
    X(unix_datagram_pair, fer_unix_datagram_pair(a->unix_datagram, a->other_unix_datagram))       \
    X(unix_datagram_connect, fer_unix_datagram_connect(a->unix_datagram, a->datagram_path))       \
    X(unix_datagram_connect_addr,                                                                 \
      fer_unix_datagram_connect_addr(a->unix_datagram, a->datagram_addr))                         \
    X(unix_datagram_try_clone,                                                                    \
      fer_unix_datagram_try_clone(a->unix_datagram, a->other_unix_datagram))                      \
    X(unix_datagram_local_addr, fer_unix_datagram_local_addr(a->unix_datagram, a->unix_addr_out)) \
    X(unix_datagram_peer_addr, fer_unix_datagram_peer_addr(a->unix_datagram, a->unix_addr_out))   \
    X(unix_datagram_send, fer_unix_datagram_send(a->unix_datagram, a->buf, a->len, a->n))         \
    X(unix_datagram_send_to,                                                                      \
      fer_unix_datagram_send_to(a->unix_datagram, a->buf, a->len, a->datagram_path, a->n))        \
    X(unix_datagram_send_to_addr,                                                                 \
      fer_unix_datagram_send_to_addr(a->unix_datagram, a->buf, a->len, a->datagram_addr, a->n))   \
    X(unix_datagram_recv,                                                                         \
      fer_unix_datagram_recv(a->unix_datagram, a->buf, a->len, a->received_out))                  \
    X(unix_datagram_recv_from,                                                                    \
      fer_unix_datagram_recv_from(a->unix_datagram, a->buf, a->len, a->received_out))             \
    X(unix_datagram_shutdown, fer_unix_datagram_shutdown(a->unix_datagram, a->how))               \
    X(unix_datagram_set_read_timeout,                                                             \
      fer_unix_datagram_set_read_timeout(a->unix_datagram, a->duration))                          \
    X(unix_datagram_set_write_timeout,                                                            \
      fer_unix_datagram_set_write_timeout(a->unix_datagram, a->duration))                         \
    X(unix_datagram_read_timeout,                                                                 \
      fer_unix_datagram_read_timeout(a->unix_datagram, a->duration_out))                          \
    X(unix_datagram_write_timeout,                                                                \
      fer_unix_datagram_write_timeout(a->unix_datagram, a->duration_out))                         \
    X(unix_datagram_set_nonblocking,                                                              \
      fer_unix_datagram_set_nonblocking(a->unix_datagram, a->arg % 2 == 1))                       \
    X(unix_datagram_take_error, fer_unix_datagram_take_error(a->unix_datagram, a->error_out))     \
    X(unix_send_handles, do_send_handles(a))                                                      \
    X(unix_recv_handles, do_recv_handles(a))                                                      \
    X(unix_datagram_from_raw, fer_unix_datagram_from_raw(a->unix_datagram, a->raw))

#include "fuzz/programs/misuse_table.h"

/* Addresses of unused names, and addresses that no constructor made: memory of any content, and of
 * a length that none has. */
static fer_unix_addr address_of(const char *const *paths, uint8_t arg)
{
    fer_unix_addr addr = {0};
    FER_IGNORE(fer_unix_addr_from_pathname(&addr, paths[arg % 4]));
    if (arg % 16 >= 12) {
        memset(&addr, arg, sizeof addr);
        addr.kind_ = arg % 2 == 0 ? 1 : (uint16_t)arg;
    }
    return addr;
}

/* The sixth bit of nulls is the slices. */
static void choose(struct misuse_arguments *a)
{
    static const char *const paths[] = {"a", "b", "c",    "a name that is longer",
                                        "",  "/", "\xff", too_long};
    static const char *const datagram_paths[] = {"d", "e",  "f",    "the others'",
                                                 "",  "/d", "\xfe", NULL};
    static const size_t lengths[] = {0, 1, 7};
    struct misuse_values *values = a->values;
    uint8_t *buf = a->state->buf;
    size_t len = lengths[a->arg % 3];
    values->unix_addr = address_of(paths, a->arg);
    values->datagram_addr = address_of(datagram_paths, a->arg);
    values->slices[0] = (fer_io_slice){buf, 3};
    values->slices[1] = (fer_io_slice){a->buf, len};
    values->slices_mut[0] = (fer_io_slice_mut){buf, 3};
    values->slices_mut[1] = (fer_io_slice_mut){a->buf == NULL ? NULL : buf + 8, len};
    a->slices = a->nulls & 32 ? NULL : values->slices;
    a->slices_mut = a->nulls & 32 ? NULL : values->slices_mut;
    a->slice_count = a->arg % 3;
    a->path = a->nulls & 16 ? NULL : paths[a->arg % 8];
    a->datagram_path = a->nulls & 16 ? NULL : datagram_paths[a->arg % 8];
    a->datagram_addr = a->nulls & 16 ? NULL : &values->datagram_addr;
}

const struct misuse_family misuse_unix_family = {calls, CALL_COUNT, false, choose};

void misuse_unix_begin(struct misuse_state *state)
{
    FER_IGNORE(fer_unix_listener_bind(&state->unix_listeners[0], "a"));
    FER_IGNORE(fer_unix_listener_bind(&state->unix_listeners[2], "b"));
    fer_unix_listener_close(&state->unix_listeners[2]);
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        if (i != 1) {
            FER_IGNORE(fer_unix_stream_connect(&state->unix_streams[i], "a"));
        }
    }
    fer_unix_stream_close(&state->unix_streams[2]);
    FER_IGNORE(fer_unix_datagram_bind(&state->unix_datagrams[0], "d"));
    FER_IGNORE(fer_unix_datagram_unbound(&state->unix_datagrams[2]));
    fer_unix_datagram_close(&state->unix_datagrams[2]);
}

void misuse_unix_end(struct misuse_state *state)
{
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        fer_unix_stream_close(&state->unix_streams[i]);
    }
    for (int i = 0; i < MISUSE_LISTENERS; i++) {
        fer_unix_listener_close(&state->unix_listeners[i]);
        fer_unix_datagram_close(&state->unix_datagrams[i]);
    }
    for (int i = 0; i < MISUSE_ACCEPTED; i++) {
        fer_unix_stream_close(&state->accepted[i]);
    }
}

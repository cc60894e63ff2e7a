/* stream_io.h: reads and writes of every stream type (the check of the state, the system call, the
 * effect of its result on the state), and their shutdown and close. */
#ifndef FERI_STREAM_IO_H
#define FERI_STREAM_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Each checks all arguments of the public function with its name (tcp.h). flags are those of
 * feri_call. n may be NULL. */
fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, unsigned flags, size_t *n);
fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len, unsigned flags,
                            size_t *n);
fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                    size_t count, unsigned flags, size_t *n);
fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices, size_t count,
                                     unsigned flags, size_t *n);

/* Complete transfers. */
fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n);
fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n);

/* Discards received bytes, as a read whose wait ends at the deadline in every mode. buf: anything,
 * of len bytes. FER_OK with *n == 0 is the end. */
fer_error feri_stream_discard(fer_handle *handle, void *buf, size_t len, uint64_t deadline,
                              size_t *n);

/* The longest send that XNU moves complete or not at all. It waits for room for the whole length,
 * if that is not above the low-water mark of the send buffer, MCLBYTES (uipc_socket2.c, soreserve;
 * uipc_socket.c, sosendcheck). A longer send may lack buffers after it has moved some bytes. */
#define FERI_WHOLE_SEND_MAX 2048

/* ---- The slices of one vectored call */

/* The slices of one vectored call: `count` from `first` on, after leading empty slices.
 * `sum` is their sum, which is within the OS's limit; if the last of them is above it, they are
 * clipped to the limit. If the first slice is longer than the limit,
 * `count` is 0 and `first` is its index. */
typedef struct feri_slice_plan {
    bool valid;
    bool is_clipped;
    size_t first;
    size_t count;
    size_t sum;
} feri_slice_plan;

/* A clipped call has copies of its slices, and so fewer of them. */
enum { FERI_CLIPPED_SLICES_MAX = 16 };

/* slices: an array of fer_io_slice or of fer_io_slice_mut. */
feri_slice_plan feri_plan_slices(const void *slices, size_t count);

/* A read of a call that moves more than one: it continues after a signal (rules I1, I4). */
fer_error feri_stream_read_on(fer_handle *handle, void *buf, size_t len, size_t *n);

/* ---- Shutdown and close: stream_shutdown.c */

/* As fer_tcp_stream_shutdown, with all its checks. */
fer_error feri_stream_shutdown(fer_handle *handle, fer_shutdown how);

/* Closes the handle. Unread input resets the connection on every OS (rule S7), if this is the
 * socket's only handle. */
void feri_stream_close(fer_handle *handle);

/* As fer_tcp_stream_close_gracefully, with all its checks. */
fer_error feri_stream_close_gracefully(fer_handle *handle, fer_duration timeout);

#endif

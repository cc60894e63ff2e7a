/* stream_io.h: reads and writes of every stream type: the state's answer first, then the system
 * call, then the effect of its result on the state. */
#ifndef FERI_STREAM_IO_H
#define FERI_STREAM_IO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/wait/waiting.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Each checks all arguments of the public function with its name (tcp.h). n may be NULL. */
fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_peek(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                    size_t count, size_t *n);
fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len, size_t *n);
fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices, size_t count,
                                     size_t *n);

/* Never wait, whatever the mode and the timeouts: WOULD_BLOCK. */
fer_error feri_stream_try_read(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_try_peek(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_try_write(fer_handle *handle, const void *buf, size_t len, size_t *n);
fer_error feri_stream_try_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                        size_t count, size_t *n);
fer_error feri_stream_try_write_vectored(fer_handle *handle, const fer_io_slice *slices,
                                         size_t count, size_t *n);

/* Complete transfers, made of the functions above. */
fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n);
fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n);

fer_error feri_stream_take_error(fer_handle *handle, fer_error *out);

/* Whether a try of a stream's read or write is repeated: with fewer bytes if the system lacks
 * buffers, and after a wait if it would block. */

/* The shortest length to which a try is halved. A system without the memory for that has none for
 * fewer bytes either. */
#define FERI_SHORTEST_TRY ((size_t)4096)

/* Called after a try of *len bytes. True: it failed, retry with *len bytes, which may be fewer than
 * before. False: *error is the call's result. Only an error of a try changes the state of the
 * stream, or one of the socket that ended the wait. The wait's own failure does not.
 *
 * NO_BUFFER_SPACE, if it passes on this system: the length is halved, down to FERI_SHORTEST_TRY. If
 * that fails too, the error is WOULD_BLOCK, and the call waits or not according to `waiting`. */
bool feri_should_retry(feri_waiting *waiting, fer_error *error, size_t *len);

#endif

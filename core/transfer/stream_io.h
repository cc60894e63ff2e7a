/* stream_io.h: reading and writing of every stream type: the state's answer first, then the OS's,
 * then what that answer means for the state. */
#ifndef FERI_STREAM_IO_H
#define FERI_STREAM_IO_H

#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Each takes what its public namesake takes (tcp.h), and checks all of it. n may be NULL. */
fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_peek(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                    size_t count, size_t *n);
fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len, size_t *n);
fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices, size_t count,
                                     size_t *n);

/* Those that never wait, whatever the mode and the timeouts are: WOULD_BLOCK. */
fer_error feri_stream_try_read(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_try_peek(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_try_write(fer_handle *handle, const void *buf, size_t len, size_t *n);

/* Whole transfers, made of the above. */
fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n);
fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n);
fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n);

fer_error feri_stream_take_error(fer_handle *handle, fer_error *out);

#endif

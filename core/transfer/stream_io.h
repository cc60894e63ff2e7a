/* stream_io.h: reads and writes of every stream type: the state's answer first, then the system
 * call, then the effect of its result on the state. */
#ifndef FERI_STREAM_IO_H
#define FERI_STREAM_IO_H

#include <stddef.h>

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

#endif

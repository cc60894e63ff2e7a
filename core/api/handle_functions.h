/* handle_functions.h: the public functions that several handle types have alike. Each row of one of
 * these tables is a function of each type that the table is used for. */
#ifndef FERI_HANDLE_FUNCTIONS_H
#define FERI_HANDLE_FUNCTIONS_H

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/transfer/stream_io.h"
#include "core/wait/blocking.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* Of every handle type. */
#define FERI_HANDLE_FUNCTIONS(type)                                   \
    fer_error type##_try_clone(type *self, type *out)                 \
    {                                                                 \
        return feri_try_clone(FERI_HANDLE(self), FERI_HANDLE(out));   \
    }                                                                 \
    fer_raw_socket type##_as_raw(const type *self)                    \
    {                                                                 \
        return feri_handle_as_raw(FERI_HANDLE(self));                 \
    }                                                                 \
    fer_raw_socket type##_into_raw(type *self)                        \
    {                                                                 \
        return feri_into_raw(FERI_HANDLE(self));                      \
    }                                                                 \
    fer_error type##_set_limits(type *self, const fer_limits *limits) \
    {                                                                 \
        return feri_set_limits(FERI_HANDLE(self), limits);            \
    }                                                                 \
    fer_error type##_set_nonblocking(type *self, bool nonblocking)    \
    {                                                                 \
        return feri_set_nonblocking(FERI_HANDLE(self), nonblocking);  \
    }

/* Of every handle type but the listeners. */
#define FERI_TIMEOUT_FUNCTIONS(type)                                       \
    fer_error type##_set_read_timeout(type *self, fer_duration timeout)    \
    {                                                                      \
        return feri_set_timeout(FERI_HANDLE(self), FERP_READING, timeout); \
    }                                                                      \
    fer_error type##_read_timeout(const type *self, fer_duration *out)     \
    {                                                                      \
        return feri_timeout(FERI_HANDLE(self), FERP_READING, out);         \
    }                                                                      \
    fer_error type##_set_write_timeout(type *self, fer_duration timeout)   \
    {                                                                      \
        return feri_set_timeout(FERI_HANDLE(self), FERP_WRITING, timeout); \
    }                                                                      \
    fer_error type##_write_timeout(const type *self, fer_duration *out)    \
    {                                                                      \
        return feri_timeout(FERI_HANDLE(self), FERP_WRITING, out);         \
    }

/* Of the streams. */
#define FERI_STREAM_FUNCTIONS(type)                                                              \
    fer_error type##_read(type *self, void *buf, size_t len, size_t *n)                          \
    {                                                                                            \
        return feri_stream_read(FERI_HANDLE(self), buf, len, n);                                 \
    }                                                                                            \
    fer_error type##_read_exact(type *self, void *buf, size_t len, size_t *n)                    \
    {                                                                                            \
        return feri_stream_read_exact(FERI_HANDLE(self), buf, len, n);                           \
    }                                                                                            \
    fer_error type##_read_to_end(type *self, void *buf, size_t len, size_t *n)                   \
    {                                                                                            \
        return feri_stream_read_to_end(FERI_HANDLE(self), buf, len, n);                          \
    }                                                                                            \
    fer_error type##_peek(type *self, void *buf, size_t len, size_t *n)                          \
    {                                                                                            \
        return feri_stream_read_with(FERI_HANDLE(self), buf, len, FERP_PEEK, n);                 \
    }                                                                                            \
    fer_error type##_try_peek(type *self, void *buf, size_t len, size_t *n)                      \
    {                                                                                            \
        return feri_stream_read_with(FERI_HANDLE(self), buf, len, FERP_PEEK | FERP_DONTWAIT, n); \
    }                                                                                            \
    fer_error type##_try_read(type *self, void *buf, size_t len, size_t *n)                      \
    {                                                                                            \
        return feri_stream_read_with(FERI_HANDLE(self), buf, len, FERP_DONTWAIT, n);             \
    }                                                                                            \
    fer_error type##_read_vectored(type *self, const fer_io_slice_mut *slices, size_t count,     \
                                   size_t *n)                                                    \
    {                                                                                            \
        return feri_stream_move_slices(FERI_HANDLE(self), FERP_READABLE, slices, count, 0, n);   \
    }                                                                                            \
    fer_error type##_try_read_vectored(type *self, const fer_io_slice_mut *slices, size_t count, \
                                       size_t *n)                                                \
    {                                                                                            \
        return feri_stream_move_slices(FERI_HANDLE(self), FERP_READABLE, slices, count,          \
                                       FERP_DONTWAIT, n);                                        \
    }                                                                                            \
    fer_error type##_write(type *self, const void *buf, size_t len, size_t *n)                   \
    {                                                                                            \
        return feri_stream_write(FERI_HANDLE(self), buf, len, n);                                \
    }                                                                                            \
    fer_error type##_write_all(type *self, const void *buf, size_t len, size_t *n)               \
    {                                                                                            \
        return feri_stream_write_all(FERI_HANDLE(self), buf, len, n);                            \
    }                                                                                            \
    fer_error type##_try_write(type *self, const void *buf, size_t len, size_t *n)               \
    {                                                                                            \
        return feri_stream_write_with(FERI_HANDLE(self), buf, len, FERP_DONTWAIT, n);            \
    }                                                                                            \
    fer_error type##_write_vectored(type *self, const fer_io_slice *slices, size_t count,        \
                                    size_t *n)                                                   \
    {                                                                                            \
        return feri_stream_move_slices(FERI_HANDLE(self), FERP_WRITABLE, slices, count, 0, n);   \
    }                                                                                            \
    fer_error type##_try_write_vectored(type *self, const fer_io_slice *slices, size_t count,    \
                                        size_t *n)                                               \
    {                                                                                            \
        return feri_stream_move_slices(FERI_HANDLE(self), FERP_WRITABLE, slices, count,          \
                                       FERP_DONTWAIT, n);                                        \
    }                                                                                            \
    fer_error type##_ready(const type *self, fer_interest interest, fer_duration timeout,        \
                           fer_interest *ready)                                                  \
    {                                                                                            \
        return feri_stream_ready(FERI_HANDLE(self), interest, timeout, ready);                   \
    }                                                                                            \
    fer_error type##_take_error(type *self, fer_error *out)                                      \
    {                                                                                            \
        return feri_stream_take_error(FERI_HANDLE(self), out);                                   \
    }                                                                                            \
    fer_error type##_shutdown(type *self, fer_shutdown how)                                      \
    {                                                                                            \
        return feri_stream_shutdown(FERI_HANDLE(self), how);                                     \
    }                                                                                            \
    fer_error type##_close_gracefully(type *self, fer_duration timeout)                          \
    {                                                                                            \
        return feri_stream_close_gracefully(FERI_HANDLE(self), timeout);                         \
    }                                                                                            \
    void type##_close(type *self)                                                                \
    {                                                                                            \
        feri_stream_close(FERI_HANDLE(self));                                                    \
    }

/* Of the listeners and of datagram sockets. */
#define FERI_NON_STREAM_FUNCTIONS(type)                                                   \
    fer_error type##_ready(const type *self, fer_interest interest, fer_duration timeout, \
                           fer_interest *ready)                                           \
    {                                                                                     \
        return feri_ready(FERI_HANDLE(self), interest, timeout, ready);                   \
    }                                                                                     \
    void type##_close(type *self)                                                         \
    {                                                                                     \
        feri_handle_close(FERI_HANDLE(self));                                             \
    }

#endif

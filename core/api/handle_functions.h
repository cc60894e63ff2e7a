/* handle_functions.h: the public functions that several handle types have alike. Each row of one of
 * these tables is a function of each type that the table is used for. The rows at the end define
 * one or two functions: a query, an option, and a call with its form that never waits. A source
 * that includes this header does not include again what its rows need.
 *
 * A table with the suffix OF serves a type that is passed by value too: ref is the type of its
 * parameter self, const_ref that of a parameter which the call does not change, and HANDLE(self)
 * the handle. */
#ifndef FERI_HANDLE_FUNCTIONS_H
#define FERI_HANDLE_FUNCTIONS_H

#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* One function. */
#define FERI_FUNCTION(name, call, ...) \
    fer_error name(__VA_ARGS__)        \
    {                                  \
        return call;                   \
    }

/* Of every handle type, and of fer_stream. */
#define FERI_MODE_FUNCTIONS_OF(type, ref, const_ref, HANDLE)                               \
    fer_raw_socket type##_as_raw(const_ref self)                                           \
    {                                                                                      \
        return feri_handle_lend_raw(HANDLE(self));                                         \
    }                                                                                      \
    FERI_FUNCTION(type##_set_limits, feri_set_limits(HANDLE(self), limits), ref self,      \
                  const fer_limits *limits)                                                \
    FERI_FUNCTION(type##_set_nonblocking, feri_set_nonblocking(HANDLE(self), nonblocking), \
                  ref self, bool nonblocking)

/* Of every handle type. A raw socket is adopted as `as`, if its domain is `domain`. */
#define FERI_HANDLE_FUNCTIONS(type, domain, as)                                                \
    FERI_MODE_FUNCTIONS_OF(type, type *, const type *, FERI_HANDLE)                            \
    FERI_FUNCTION(type##_try_clone, feri_try_clone(FERI_HANDLE(self), FERI_HANDLE(out)),       \
                  type *self, type *out)                                                       \
    FERI_FUNCTION(type##_from_raw, feri_adopt(FERI_HANDLE(self), raw, domain, as), type *self, \
                  fer_raw_socket raw)                                                          \
    fer_raw_socket type##_into_raw(type *self)                                                 \
    {                                                                                          \
        return feri_into_raw(FERI_HANDLE(self));                                               \
    }

/* Of every handle type but the listeners, and of fer_stream. */
#define FERI_TIMEOUT_FUNCTIONS_OF(type, ref, const_ref, HANDLE)                                    \
    FERI_FUNCTION(type##_set_read_timeout, feri_set_timeout(HANDLE(self), FERP_READING, timeout),  \
                  ref self, fer_duration timeout)                                                  \
    FERI_FUNCTION(type##_read_timeout, feri_timeout_option(HANDLE(self), FERP_READING, out),       \
                  const_ref self, fer_duration *out)                                               \
    FERI_FUNCTION(type##_set_write_timeout, feri_set_timeout(HANDLE(self), FERP_WRITING, timeout), \
                  ref self, fer_duration timeout)                                                  \
    FERI_FUNCTION(type##_write_timeout, feri_timeout_option(HANDLE(self), FERP_WRITING, out),      \
                  const_ref self, fer_duration *out)
#define FERI_TIMEOUT_FUNCTIONS(type) \
    FERI_TIMEOUT_FUNCTIONS_OF(type, type *, const type *, FERI_HANDLE)

/* A call, and its form that never waits, with the parameters that follow the handle. `call` has the
 * flags of the two in `flags`. */
#define FERI_CALL_AND_TRY_OF(type, ref, HANDLE, name, call, ...) \
    fer_error type##_##name(ref self, __VA_ARGS__)               \
    {                                                            \
        fer_handle *handle = HANDLE(self);                       \
        const unsigned flags = 0;                                \
        return call;                                             \
    }                                                            \
    fer_error type##_try_##name(ref self, __VA_ARGS__)           \
    {                                                            \
        fer_handle *handle = HANDLE(self);                       \
        const unsigned flags = FERP_DONTWAIT;                    \
        return call;                                             \
    }
#define FERI_CALL_AND_TRY(type, name, call, ...) \
    FERI_CALL_AND_TRY_OF(type, type *, FERI_HANDLE, name, call, __VA_ARGS__)

/* Of the streams, and of fer_stream. */
#define FERI_TRANSFER_FUNCTIONS_OF(type, ref, const_ref, HANDLE)                                  \
    FERI_CALL_AND_TRY_OF(type, ref, HANDLE, read, feri_stream_read(handle, buf, len, flags, n),   \
                         void *buf, size_t len, size_t *n)                                        \
    FERI_CALL_AND_TRY_OF(type, ref, HANDLE, peek,                                                 \
                         feri_stream_read(handle, buf, len, FERP_PEEK | flags, n), void *buf,     \
                         size_t len, size_t *n)                                                   \
    FERI_CALL_AND_TRY_OF(type, ref, HANDLE, read_vectored,                                        \
                         feri_stream_read_vectored(handle, slices, count, flags, n),              \
                         const fer_io_slice_mut *slices, size_t count, size_t *n)                 \
    FERI_CALL_AND_TRY_OF(type, ref, HANDLE, write, feri_stream_write(handle, buf, len, flags, n), \
                         const void *buf, size_t len, size_t *n)                                  \
    FERI_CALL_AND_TRY_OF(type, ref, HANDLE, write_vectored,                                       \
                         feri_stream_write_vectored(handle, slices, count, flags, n),             \
                         const fer_io_slice *slices, size_t count, size_t *n)                     \
    FERI_FUNCTION(type##_read_exact, feri_stream_read_exact(HANDLE(self), buf, len, n), ref self, \
                  void *buf, size_t len, size_t *n)                                               \
    FERI_FUNCTION(type##_read_to_end, feri_stream_read_to_end(HANDLE(self), buf, len, n),         \
                  ref self, void *buf, size_t len, size_t *n)                                     \
    FERI_FUNCTION(type##_write_all, feri_stream_write_all(HANDLE(self), buf, len, n), ref self,   \
                  const void *buf, size_t len, size_t *n)                                         \
    FERI_FUNCTION(type##_ready, feri_stream_ready(HANDLE(self), interest, timeout, ready),        \
                  const_ref self, fer_interest interest, fer_duration timeout,                    \
                  fer_interest *ready)                                                            \
    FERI_FUNCTION(type##_take_error, feri_stream_take_error(HANDLE(self), out), ref self,         \
                  fer_error *out)                                                                 \
    FERI_FUNCTION(type##_shutdown, feri_stream_shutdown(HANDLE(self), how), ref self,             \
                  fer_shutdown how)

/* Of the streams. */
#define FERI_STREAM_FUNCTIONS(type)                                                     \
    FERI_TRANSFER_FUNCTIONS_OF(type, type *, const type *, FERI_HANDLE)                 \
    FERI_FUNCTION(type##_close_gracefully,                                              \
                  feri_stream_close_gracefully(FERI_HANDLE(self), timeout), type *self, \
                  fer_duration timeout)                                                 \
    void type##_close(type *self)                                                       \
    {                                                                                   \
        feri_stream_close(FERI_HANDLE(self));                                           \
    }

/* Of the listeners and of datagram sockets. */
#define FERI_NON_STREAM_FUNCTIONS(type)                                                  \
    FERI_FUNCTION(type##_ready, feri_ready(FERI_HANDLE(self), interest, timeout, ready), \
                  const type *self, fer_interest interest, fer_duration timeout,         \
                  fer_interest *ready)                                                   \
    void type##_close(type *self)                                                        \
    {                                                                                    \
        feri_handle_close(FERI_HANDLE(self));                                            \
    }

/* ---- Rows of one or two functions */

/* Stores what `query` reports of the socket. */
#define FERI_QUERY(name, self_type, out_type, query)               \
    fer_error name(self_type *self, out_type *out)                 \
    {                                                              \
        FER_TRY(feri_handle_check_getter(FERI_HANDLE(self), out)); \
        return query(self->handle_.p_.raw_, out);                  \
    }

/* The same of a stream that has a peer. */
#define FERI_PEER_QUERY(name, self_type, out_type, query)                      \
    fer_error name(const self_type *self, out_type *out)                       \
    {                                                                          \
        FERI_REQUIRE(out != NULL, FER_MISUSE);                                 \
        FER_TRY(feri_stream_check(FERI_HANDLE(self), FERI_REQUEST_PEER_ADDR)); \
        return query(self->handle_.p_.raw_, out);                              \
    }

/* An option: its setter and its getter, after `check`. `set` has the value in `value`. */
#define FERI_CHECKED_OPTION(type, name, check, value_type, out_type, set, get) \
    fer_error type##_set_##name(type *self, value_type value)                  \
    {                                                                          \
        fer_handle *handle = FERI_HANDLE(self);                                \
        FER_TRY(check);                                                        \
        return set;                                                            \
    }                                                                          \
    fer_error type##_##name(const type *self, out_type *out)                   \
    {                                                                          \
        const fer_handle *handle = FERI_HANDLE(self);                          \
        FER_TRY(check);                                                        \
        return get;                                                            \
    }
#define FERI_OPTION(type, name, value_type, set, get) \
    FERI_CHECKED_OPTION(type, name, feri_ok(), value_type, value_type, set, get)

#endif

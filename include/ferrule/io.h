/* io.h: what std::io does with streams of any kind: copying one into another. */
#ifndef FERRULE_IO_H
#define FERRULE_IO_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/tcp.h"
#include "ferrule/unix.h"
#include "ferrule/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A byte stream of any kind, borrowed: it owns nothing and is never closed, and the stream that it
 * was made of must stay in place. */
typedef struct fer_stream {
    fer_handle *handle_;
} fer_stream;

/* The caller's buffer for fer_copy: cap bytes at base, of which the len from base[start] on have
 * been read and not yet been written. At first {base, cap, 0, 0}. */
typedef struct fer_copy_buffer {
    void *base;
    size_t cap;
    size_t start;
    size_t len;
} fer_copy_buffer;

/**
 * Lends a TCP stream as a stream of any kind.
 *
 * What is made of NULL is refused with FER_INVALID_INPUT wherever it is used.
 *
 * Blocks: never.
 * Owns: nothing; stream must outlive what is returned.
 * Errors: none.
 * Rust: none; &TcpStream as an impl Read or impl Write.
 * Threads: with any other call on the handle.
 */
FER_MUST_USE FER_API fer_stream fer_tcp_stream_as_stream(fer_tcp_stream *stream);

/**
 * Lends a Unix stream as a stream of any kind.
 *
 * What is made of NULL is refused with FER_INVALID_INPUT wherever it is used.
 *
 * Blocks: never.
 * Owns: nothing; stream must outlive what is returned.
 * Errors: none.
 * Rust: none; &UnixStream as an impl Read or impl Write.
 * Threads: with any other call on the handle.
 */
FER_MUST_USE FER_API fer_stream fer_unix_stream_as_stream(fer_unix_stream *stream);

/**
 * Shuts down a half of a stream of any kind, or both, as fer_tcp_stream_shutdown does: what a relay
 * passes on at a copy's end.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_tcp_stream_shutdown.
 * Rust: none; std::net::TcpStream::shutdown and std::os::unix::net::UnixStream::shutdown for
 * whichever it is.
 * Threads: with any other call on the stream's handle but close; it wakes a read or write that is
 * blocked.
 */
FER_MUST_USE FER_API fer_error fer_stream_shutdown(fer_stream stream, fer_shutdown how);

/**
 * Writes all that comes out of one stream into another, until the first one's end.
 *
 * What buffer still holds goes first; then each read takes up to cap bytes, and all of it is
 * written before the next. A signal does not end it. Any other error does, a timeout or
 * FER_WOULD_BLOCK too, and then what was read and not yet written is in buffer: call again with the
 * same buffer, and no byte is lost or doubled. What buffer holds after an error is the caller's to
 * write elsewhere instead; with start and len set to 0 it is dropped. After FER_OK it is empty. A
 * destination that is shut, gone, or not connected yet is told before anything is read. Both sides
 * may be one stream: an echo. The writing half of to is left open at the end. A relay of a and b is
 * one fer_copy(a, b) and one fer_copy(b, a), in a thread each, with a buffer each, each followed by
 * fer_stream_shutdown(b or a, FER_SHUTDOWN_WRITE), which tells the end on.
 *
 * Blocks: until from's end, each read and each write at most that stream's timeout; not where a
 * stream is nonblocking.
 * Owns: buffer and its memory are the caller's. *n, which may be NULL, is always what this call
 * wrote into to.
 * Errors: as the read of from and the write of to, but FER_INTERRUPTED; FER_WRITE_ZERO;
 * FER_INVALID_INPUT, with nothing moved, also for a buffer that is NULL, has no memory or no room
 * (cap 0), or whose start and len lie outside of it.
 * Rust: std::io::copy. Differs: the caller's buffer, and nothing is lost when it fails (Rust drops
 * what it had read).
 * Threads: as a read of from and a write of to; one call at a time on one buffer.
 */
FER_MUST_USE FER_API fer_error fer_copy(fer_stream from, fer_stream to, fer_copy_buffer *buffer,
                                        uint64_t *n);

#ifdef __cplusplus
}
#endif

#endif

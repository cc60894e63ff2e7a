/* io.h: operations of std::io on streams of any type: reads, writes, waits, and copies of one
 * stream into another.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: same as fer_tcp_stream_NAME.
 * Owns: same as fer_tcp_stream_NAME.
 * Errors: same as fer_tcp_stream_NAME.
 * Rust: none for both types at once; std::net::TcpStream::NAME or
 * std::os::unix::net::UnixStream::NAME.
 * Threads: same as fer_tcp_stream_NAME. */
#ifndef FERRULE_IO_H
#define FERRULE_IO_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/unix.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* A reference to a TCP or Unix stream, or to a fer_socket that is one. It owns nothing and is never
 * closed. The stream that it refers to must stay at its address. The fer_stream_ functions do the
 * same as the functions of the stream's own type, so one code serves both types.
 * fer_stream_as_socket has what differs between the types, for example the addresses. */
typedef struct fer_stream {
    fer_handle *handle_;
} fer_stream;

/* The caller's buffer for fer_copy: cap bytes at base. The len bytes from base[start] on have been
 * read but not yet written. Initialize to {base, cap, 0, 0}. */
typedef struct fer_copy_buffer {
    void *base;
    size_t cap;
    size_t start;
    size_t len;
} fer_copy_buffer;

/* An open file of the system: a file descriptor, or a HANDLE of Windows. */
typedef intptr_t fer_raw_file;

/** Makes a fer_stream that refers to a TCP stream. If stream is NULL, every use of the result is
 * FER_MISUSE.
 * Blocks: never.
 * Owns: nothing. stream must outlive the result.
 * Errors: none.
 * Rust: none in std; &TcpStream as an impl Read or impl Write.
 * Threads: concurrent with any other call on the handle. */
FER_MUST_USE FER_API fer_stream fer_tcp_stream_as_stream(fer_tcp_stream *stream) FER_INOUT(1);

/** Makes a fer_stream that refers to a Unix stream. If stream is NULL, every use of the result is
 * FER_MISUSE.
 * Rust: none in std; &UnixStream as an impl Read or impl Write. */
FER_MUST_USE FER_API fer_stream fer_unix_stream_as_stream(fer_unix_stream *stream) FER_INOUT(1);

/** Makes a fer_stream that refers to a built or adopted socket: the transfers of a stream without a
 * conversion to its own type. The calls have the results that they have after the conversion: an
 * unconnected socket is FER_NOT_CONNECTED, a pending connect FER_WOULD_BLOCK. A datagram socket and
 * a listener are FER_MISUSE, whether they are one already or become one later, and so is every use
 * of the result if socket is NULL. After a conversion make a fer_stream of the new handle.
 * Blocks: never.
 * Owns: nothing. socket must outlive the result.
 * Errors: none.
 * Rust: socket2: &Socket as an impl Read or impl Write.
 * Threads: concurrent with any other call on the handle. */
FER_MUST_USE FER_API fer_stream fer_socket_as_stream(fer_socket *socket) FER_INOUT(1);

/** Shuts down the read half, the write half or both of a stream of any type, same as
 * fer_tcp_stream_shutdown. A relay uses it at the end of a copy to pass on end of file.
 * Blocks: never.
 * Owns: nothing.
 * Threads: concurrent with any other call on the stream's handle except close. It wakes a blocked
 * read or write. */
FER_MUST_USE FER_API fer_error fer_stream_shutdown(fer_stream stream, fer_shutdown how);

/** Reads available bytes, at most len. If len is not 0, FER_OK with *n == 0 is end of file. Same as
 * fer_tcp_stream_read.
 * Rust: std::io::Read::read of an impl Read. */
FER_MUST_USE FER_API fer_error fer_stream_read(fer_stream stream, void *FER_NULLABLE buf,
                                               size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming: the next read returns the same bytes again. Otherwise same as
 * fer_stream_read. A peek that returns end of file counts as reading it. */
FER_MUST_USE FER_API fer_error fer_stream_peek(fer_stream stream, void *FER_NULLABLE buf,
                                               size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Reads available bytes and never waits. Otherwise same as fer_stream_read.
 * Rust: tokio: net::TcpStream::try_read. */
FER_MUST_USE FER_API fer_error fer_stream_try_read(fer_stream stream, void *FER_NULLABLE buf,
                                                   size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming and never waits. Otherwise same as fer_stream_peek.
 * Rust: std's peek, called through tokio: net::TcpStream::try_io. */
FER_MUST_USE FER_API fer_error fer_stream_try_peek(fer_stream stream, void *FER_NULLABLE buf,
                                                   size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Reads into several buffers, and fills each one before the next. If the number of slices or the
 * sum of their lengths exceeds the OS's limit, the call reads less. This is no error (rule R3).
 * Rust: std::io::Read::read_vectored of an impl Read. */
FER_MUST_USE FER_API fer_error fer_stream_read_vectored(fer_stream stream,
                                                        const fer_io_slice_mut *FER_NULLABLE slices,
                                                        size_t count, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Reads into several buffers and never waits. Otherwise same as fer_stream_read_vectored.
 * Rust: tokio: net::TcpStream::try_read_vectored. */
FER_MUST_USE FER_API fer_error
fer_stream_try_read_vectored(fer_stream stream, const fer_io_slice_mut *FER_NULLABLE slices,
                             size_t count, size_t *FER_NULLABLE n) FER_IN_READS(2, 3);

/** Reads exactly len bytes, with as many reads as necessary. Same as fer_tcp_stream_read_exact.
 * Rust: std::io::Read::read_exact of an impl Read. */
FER_MUST_USE FER_API fer_error fer_stream_read_exact(fer_stream stream, void *FER_NULLABLE buf,
                                                     size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Reads until end of file into a buffer of cap bytes. Same as fer_tcp_stream_read_to_end.
 * Rust: std::io::Read::read_to_end of an impl Read. */
FER_MUST_USE FER_API fer_error fer_stream_read_to_end(fer_stream stream, void *FER_NULLABLE buf,
                                                      size_t cap, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Writes up to len bytes. *n is the number of bytes that the OS accepted, which may be fewer than
 * len. Same as fer_tcp_stream_write.
 * Rust: std::io::Write::write of an impl Write. */
FER_MUST_USE FER_API fer_error fer_stream_write(fer_stream stream, const void *FER_NULLABLE buf,
                                                size_t len, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Writes as many bytes as there is room for and never waits. Otherwise same as fer_stream_write.
 * Rust: tokio: net::TcpStream::try_write. */
FER_MUST_USE FER_API fer_error fer_stream_try_write(fer_stream stream, const void *FER_NULLABLE buf,
                                                    size_t len, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Writes from several buffers, in order. If the number of slices or the sum of their lengths
 * exceeds the OS's limit, the call writes less. This is no error (rule R3).
 * Rust: std::io::Write::write_vectored of an impl Write. */
FER_MUST_USE FER_API fer_error fer_stream_write_vectored(fer_stream stream,
                                                         const fer_io_slice *FER_NULLABLE slices,
                                                         size_t count, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Writes from several buffers as many bytes as there is room for and never waits. Otherwise same
 * as fer_stream_write_vectored.
 * Rust: tokio: net::TcpStream::try_write_vectored. */
FER_MUST_USE FER_API fer_error
fer_stream_try_write_vectored(fer_stream stream, const fer_io_slice *FER_NULLABLE slices,
                              size_t count, size_t *FER_NULLABLE n) FER_IN_READS(2, 3);

/** Writes all len bytes, with as many writes as necessary. Same as fer_tcp_stream_write_all.
 * Rust: std::io::Write::write_all of an impl Write. */
FER_MUST_USE FER_API fer_error fer_stream_write_all(fer_stream stream, const void *FER_NULLABLE buf,
                                                    size_t len, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Waits until the stream is ready for at least one interest: FER_READABLE, FER_WRITABLE, or both
 * joined by |. *ready is the subset of interest that is ready. Same as fer_tcp_stream_ready.
 * Rust: tokio: net::TcpStream::ready, with a timeout. */
FER_MUST_USE FER_API fer_error fer_stream_ready(fer_stream stream, fer_interest interest,
                                                fer_duration timeout, fer_interest *ready);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. Same as
 * fer_tcp_stream_take_error. */
FER_MUST_USE FER_API fer_error fer_stream_take_error(fer_stream stream, fer_error *out);

/** Sets the timeout of each single read. FER_DURATION_NONE, the default, waits without limit. */
FER_MUST_USE FER_API fer_error fer_stream_set_read_timeout(fer_stream stream, fer_duration timeout);

/** Sets the timeout of each single write. FER_DURATION_NONE, the default, waits without limit. */
FER_MUST_USE FER_API fer_error fer_stream_set_write_timeout(fer_stream stream,
                                                            fer_duration timeout);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_stream_read_timeout(fer_stream stream, fer_duration *out);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_stream_write_timeout(fer_stream stream, fer_duration *out);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode a call that would
 * wait returns FER_WOULD_BLOCK. Same as fer_tcp_stream_set_nonblocking. */
FER_MUST_USE FER_API fer_error fer_stream_set_nonblocking(fer_stream stream, bool nonblocking);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. The limits are copied.
 * Rust: none in std; tokio::time::timeout and select! around a read or a write. */
FER_MUST_USE FER_API fer_error fer_stream_set_limits(fer_stream stream,
                                                     const fer_limits *FER_NULLABLE limits);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none.
 * Same as fer_tcp_stream_as_raw.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket. */
FER_API fer_raw_socket fer_stream_as_raw(fer_stream stream);

/** Returns a stream of any type as a fer_socket, as fer_tcp_stream_as_socket does: for its options,
 * and for its addresses by fer_socket_local_addr and fer_socket_peer_addr, or by
 * fer_socket_local_addr_unix and fer_socket_peer_addr_unix. fer_socket_domain has the family. NULL
 * if the stream was NULL.
 * Blocks: never.
 * Owns: nothing. The result is valid as long as the stream stays at its address.
 * Errors: none.
 * Rust: socket2: SockRef::from(&TYPE).
 * Threads: concurrent with any call on the handle, except those that open or close it. */
FER_API fer_socket *fer_stream_as_socket(fer_stream stream);

/** Copies all bytes of one stream into another, until the first one's end of file.
 *
 * Bytes left in buffer are written first. Then each read takes up to cap bytes, and all of them are
 * written before the next read. Before each read the call checks the state of `to`. If `to` is not
 * connected, is shut down for writing, or has already had FER_BROKEN_PIPE or a fatal error, the
 * call returns that error without reading. The limits of `to` are checked before a write only.
 * `from` and `to` may be the same stream (an echo). At the end the write half of `to` stays open.
 *
 * A signal does not end the copy, unless the limits of the stream that waits are interruptible
 * (rule I4). Every error ends it, including an expired timeout and FER_WOULD_BLOCK. Then buffer
 * holds the bytes that were read but not written. Call again with the same buffer, and no byte is
 * lost or duplicated. If the error has ended a stream, it is returned again (rule S5), and the peer
 * may have received some of these bytes (`failed_send_may_have_sent`). Instead the caller may write
 * the bytes elsewhere, or discard them by setting start and len to 0. After FER_OK buffer is empty,
 * and the contents of its memory are unspecified.
 *
 * On Linux the bytes after the first 256 KiB may pass through a pipe of the system instead of the
 * buffer, which uses less processor time, if cap is 16 KiB or more, neither handle has limits, and
 * both streams are in nonblocking mode, or both in blocking mode without a timeout (rule M1). A
 * longer buffer, up to 1 MiB, uses less too.
 *
 * A relay between a and b is fer_copy_bidirectional, or two threads, each with its own buffer. One
 * calls fer_copy from a to b and then fer_stream_shutdown(b, FER_SHUTDOWN_WRITE), which passes on
 * end of file. The other does the same from b to a.
 * Blocks: until end of file of `from`. Each read and write waits at most for its stream's timeout.
 * Never for a stream in nonblocking mode. The limits of `from` end a read, and those of `to` a
 * write, with FER_CANCELLED or FER_TIMED_OUT (cancel.h): set both.
 * Owns: buffer and its memory are caller-owned. n may be NULL; *n is always the number of bytes
 * that this call wrote to `to`.
 * Errors: same as the read of `from` and the write of `to`, but never FER_INTERRUPTED, unless the
 * limits are interruptible. Also FER_WRITE_ZERO, and before any byte is copied FER_MISUSE (also if
 * buffer or its base is NULL) and FER_INVALID_INPUT (cap is 0; start and len are not within cap).
 * Rust: std::io::copy. Differs: the buffer is caller-owned, and a failure loses nothing (Rust
 * discards the bytes that it had read).
 * Threads: same as a read of `from` and a write of `to`. Only one call at a time on one buffer. */
FER_MUST_USE FER_API fer_error fer_copy(fer_stream from, fer_stream to, fer_copy_buffer *buffer,
                                        uint64_t *FER_NULLABLE n);

/** Copies all bytes of each of two streams into the other, in one thread, until both have ended.
 *
 * Each direction is a fer_copy with its own buffer. After the end of file of one stream, and when
 * all its bytes are written, the write half of the other is shut down. That direction is then done,
 * and the other continues (rule M2). A reset that follows the end of file is detected only by the
 * next write to that stream, so without limits and timeouts the call may never return.
 *
 * The first error of either direction ends the call. Then the buffers hold the bytes that were read
 * but not written. Call again with the same buffers, and no byte is lost or duplicated: a direction
 * that was done stays done. An error that has ended a stream is returned again, as by fer_copy. The
 * result does not say which stream failed. fer_stream_write with len 0 returns the error that has
 * ended a stream, and FER_BROKEN_PIPE if its write half is shut down, also by this call after the
 * end of file of the other stream. Which stream's timeout has expired cannot be queried. A signal
 * does not end the call, unless the limits of a stream are interruptible (rule I4).
 *
 * The timeouts of the streams are those of fer_copy, but apply in every mode: each read and each
 * write waits at most for its stream's timeout, and then the call ends with FER_TIMED_OUT. A write
 * timeout ends a relay whose peer does not read. A read timeout ends it too while the other
 * direction moves bytes, so most relays set write timeouts only.
 *
 * On Linux the bytes of a direction after its first 256 KiB may pass through a pipe of the system,
 * as those of fer_copy, if cap is 16 KiB or more and both streams are in nonblocking mode, with and
 * without limits and timeouts (rule M2). The call waits in that mode too, so a relay of long
 * streams gains by it.
 * Blocks: until both streams have ended, in every mode. The limits of either handle end it with
 * FER_CANCELLED or FER_TIMED_OUT (cancel.h), and so do the timeouts of the streams.
 * Owns: the buffers and their memory are caller-owned. The counts may be NULL; each is always the
 * number of bytes that this call wrote in its direction.
 * Errors: same as the read of `from` and the write of `to` of fer_copy, in both directions, but
 * never FER_INTERRUPTED, unless the limits are interruptible. Before any byte is copied FER_MISUSE
 * (also if a buffer or its base is NULL), FER_INVALID_INPUT (as for fer_copy; a and b are the same
 * stream; both buffers are the same struct), FER_NOT_CONNECTED, and FER_WOULD_BLOCK while a connect
 * is pending.
 * Rust: tokio: io::copy_bidirectional. Differs: a failure loses nothing.
 * Threads: same as a read and a write of both streams. Only one call at a time on one buffer. */
FER_MUST_USE FER_API fer_error fer_copy_bidirectional(fer_stream a, fer_stream b,
                                                      fer_copy_buffer *a_to_b,
                                                      fer_copy_buffer *b_to_a,
                                                      uint64_t *FER_NULLABLE n_a_to_b,
                                                      uint64_t *FER_NULLABLE n_b_to_a);

/** Sends len bytes of a regular file, from an offset on, to a stream of any type; on Linux also of
 * a file of /proc, or of a device that can be read at an offset. A pipe, a socket and a directory
 * are FER_UNCATEGORIZED on most systems. On Windows (expected; seen under Wine) only a directory
 * is: the bytes of a pipe or a socket are taken and sent, and the end of a pipe is FER_BROKEN_PIPE.
 *
 * If the system can, it sends them itself (Linux, FreeBSD, macOS: sendfile), which on Linux uses
 * less than half of the processor time. Else each read of the file takes up to cap bytes, and all
 * of them are written before the next read (rule M3). The part of the file must not change until
 * the peer has received it, because Linux may send later changes. After an error that leaves the
 * stream usable, a call with offset + *n and len - *n sends the rest. The position of the file does
 * not change, except on Windows, where it is unspecified.
 * Blocks: until all bytes are accepted, as fer_tcp_stream_write_all. It also waits for the file.
 * Owns: file stays open and the caller's. buffer and its memory are caller-owned. buffer->start is
 * not used, and buffer->len must be 0. n may be NULL; *n is always the number of bytes that were
 * sent.
 * Errors: same as fer_tcp_stream_write_all. FER_UNEXPECTED_EOF: the file has fewer bytes, all of
 * which were sent. To send up to the end of the file pass UINT64_MAX; the call then always ends
 * with FER_UNEXPECTED_EOF or another error, never with FER_OK. FER_MISUSE (also if buffer or its
 * base is NULL) and FER_INVALID_INPUT (cap is 0, buffer->len is not 0, offset is above INT64_MAX).
 * Any error of reading the file, for example FER_BAD_HANDLE, or on Windows FER_TOO_MANY_OPEN_FILES;
 * it leaves the stream as it is.
 * Rust: std::io::copy from a File. Differs: an offset and a length, through the caller's buffer.
 * Threads: same as a write. The file may be shared, except on Windows. */
FER_MUST_USE FER_API fer_error fer_stream_send_file(fer_stream stream, fer_raw_file file,
                                                    uint64_t offset, uint64_t len,
                                                    const fer_copy_buffer *buffer,
                                                    uint64_t *FER_NULLABLE n);

/** Sends len bytes of a file, from an offset on, same as fer_stream_send_file.
 * Blocks: same as fer_stream_send_file.
 * Owns: same as fer_stream_send_file.
 * Errors: same as fer_stream_send_file.
 * Rust: std::io::copy from a File. Differs: an offset and a length, through the caller's buffer.
 * Threads: same as fer_stream_send_file. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_send_file(fer_tcp_stream *stream, fer_raw_file file,
                                                        uint64_t offset, uint64_t len,
                                                        const fer_copy_buffer *buffer,
                                                        uint64_t *FER_NULLABLE n) FER_INOUT(1);

FER_END_DECLS

#endif

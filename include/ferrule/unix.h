/* unix.h: UnixStream, UnixListener, UnixDatagram and SocketAddr of std::os::unix::net: sockets
 * whose names are paths.
 *
 * A stream here behaves as a fer_tcp_stream does, and a listener as a fer_tcp_listener: what tcp.h
 * says of handles, timeouts, shutdown, ends, resets and threads holds. A path stays in the file
 * system when its socket is closed: whoever bound it removes it. On Windows 10 since version 1803
 * there are streams and listeners; what an OS, or its version, has not is FER_UNSUPPORTED when it
 * is asked for. */
#ifndef FERRULE_UNIX_H
#define FERRULE_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The address of a Unix socket: unnamed (all zero bytes), a path, or on Linux an abstract name. A
 * plain value; its members are private. */
typedef enum fer_unix_addr_kind {
    FER_UNIX_ADDR_UNNAMED = 0,
    FER_UNIX_ADDR_PATHNAME = 1,
    FER_UNIX_ADDR_ABSTRACT = 2
} fer_unix_addr_kind;

enum { FER_UNIX_ADDR_NAME_MAX = 108 };

typedef struct fer_unix_addr {
    uint16_t kind_;
    uint16_t len_;
    char name_[FER_UNIX_ADDR_NAME_MAX + 4];
} fer_unix_addr;

/* A connection. All zero bytes at first. */
typedef struct fer_unix_stream {
    fer_handle handle_;
} fer_unix_stream;

/* A socket that accepts connections. All zero bytes at first. */
typedef struct fer_unix_listener {
    fer_handle handle_;
} fer_unix_listener;

/* A socket for datagrams. All zero bytes at first. */
typedef struct fer_unix_datagram {
    fer_handle handle_;
} fer_unix_datagram;

/* A datagram that was received: how many of its bytes are in the buffer, whether it had more, which
 * are lost, and who sent it. */
typedef struct fer_unix_received {
    size_t len;
    bool truncated;
    fer_unix_addr from;
} fer_unix_received;

/* ---- Addresses */

/**
 * Makes the address that is a path.
 *
 * path is NUL-terminated, not empty, and at most 107 bytes long (macOS and the BSDs: 103). Nothing
 * looks whether it exists.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (NULL, empty, too long).
 * Rust: std::os::unix::net::SocketAddr::from_pathname. Differs: an empty path is refused; Rust
 * makes the unnamed address of it.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_unix_addr_from_pathname(fer_unix_addr *out, const char *path);

/**
 * Makes the address that is a name without a file, which Linux alone has (unix(7), "abstract").
 *
 * name is any len bytes, zero bytes among them, at most 107. Such a name is gone with its last
 * socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_UNSUPPORTED off Linux, FER_INVALID_INPUT (NULL, too long).
 * Rust: std::os::linux::net::SocketAddrExt::from_abstract_name.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_unix_addr_from_abstract_name(fer_unix_addr *out,
                                                                const void *name, size_t len);

/**
 * Tells whether the address is that of a socket without a name; NULL is not.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: none.
 * Rust: std::os::unix::net::SocketAddr::is_unnamed.
 * Threads: any number at once.
 */
FER_API bool fer_unix_addr_is_unnamed(const fer_unix_addr *addr);

/**
 * Returns the path, NUL-terminated; NULL where the address is none.
 *
 * Blocks: never.
 * Owns: the text is in addr.
 * Errors: none.
 * Rust: std::os::unix::net::SocketAddr::as_pathname.
 * Threads: any number at once.
 */
FER_API const char *fer_unix_addr_as_pathname(const fer_unix_addr *addr);

/**
 * Returns the bytes of an abstract name, and their number in *len; NULL where the address is none.
 *
 * Blocks: never.
 * Owns: the bytes are in addr.
 * Errors: none.
 * Rust: std::os::linux::net::SocketAddrExt::as_abstract_name.
 * Threads: any number at once.
 */
FER_API const void *fer_unix_addr_as_abstract_name(const fer_unix_addr *addr, size_t *len);

/* ---- UnixStream */

/**
 * Connects to the listener at a path.
 *
 * path as in fer_unix_addr_from_pathname.
 *
 * Blocks: while the listener's queue is full (Windows, macOS, the BSDs: FER_CONNECTION_REFUSED).
 * Owns: the handle owns the connection until fer_unix_stream_close; path is not kept.
 * Errors: FER_NOT_FOUND (no such path), FER_CONNECTION_REFUSED (nobody listens there),
 * FER_PERMISSION_DENIED, FER_UNSUPPORTED, FER_INVALID_INPUT and what else the OS says.
 * Rust: std::os::unix::net::UnixStream::connect.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect(fer_unix_stream *stream, const char *path);

/**
 * Connects to the listener at an address.
 *
 * Blocks: as fer_unix_stream_connect.
 * Owns: the handle owns the connection until fer_unix_stream_close; addr is not kept.
 * Errors: as fer_unix_stream_connect; FER_INVALID_INPUT for the unnamed address.
 * Rust: std::os::unix::net::UnixStream::connect_addr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect_addr(fer_unix_stream *stream,
                                                            const fer_unix_addr *addr);

/**
 * Begins to connect to an address and does not wait for the end, as fer_tcp_stream_connect_start.
 *
 * On POSIX such a connect has ended when the call returns. Where the listener's queue is full it is
 * FER_RESOURCE_BUSY: nothing is under way, and the handle is NEW, to be tried again.
 * FER_WOULD_BLOCK is for a connect that is under way, on Windows. The stream is nonblocking from
 * now on.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_stream_close; addr is not kept.
 * Errors: FER_RESOURCE_BUSY and FER_WOULD_BLOCK as above; else as fer_unix_stream_connect_addr.
 * Rust: mio: net::UnixStream::connect_addr. Differs: a full queue is WouldBlock there.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect_start(fer_unix_stream *stream,
                                                             const fer_unix_addr *addr);

/**
 * Makes two streams that are connected to each other, without names.
 *
 * Blocks: never.
 * Owns: each handle owns its end until fer_unix_stream_close.
 * Errors: FER_UNSUPPORTED on Windows, FER_TOO_MANY_OPEN_FILES, FER_INVALID_INPUT (a handle that is
 * open, one handle twice).
 * Rust: std::os::unix::net::UnixStream::pair.
 * Threads: no other call on the handles at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_pair(fer_unix_stream *one, fer_unix_stream *other);

/**
 * Makes another handle of the same socket.
 *
 * Blocks: never.
 * Owns: out owns its handle until fer_unix_stream_close.
 * Errors: FER_INVALID_INPUT, FER_TOO_MANY_OPEN_FILES.
 * Rust: std::os::unix::net::UnixStream::try_clone.
 * Threads: stream: with any other call but close. out: no other call at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_clone(fer_unix_stream *stream,
                                                         fer_unix_stream *out);

/**
 * Tells the socket's own address, unnamed where it has none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixStream::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_local_addr(const fer_unix_stream *stream,
                                                          fer_unix_addr *out);

/**
 * Tells the address of the other end, unnamed where it has none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED once this handle has seen the end or a reset; FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixStream::peer_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_peer_addr(const fer_unix_stream *stream,
                                                         fer_unix_addr *out);

/**
 * Ends the reading half, the writing half or both, for this handle and its clones.
 *
 * As fer_tcp_stream_shutdown. The end of the reading half is told to the peer on Linux: its writes
 * are FER_BROKEN_PIPE.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_CONNECTED on a NEW handle, FER_INVALID_INPUT for an unknown how.
 * Rust: std::os::unix::net::UnixStream::shutdown.
 * Threads: any thread, at any time but with or after close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_shutdown(fer_unix_stream *stream, fer_shutdown how);

/**
 * Reads what is there, up to len bytes; FER_OK with *n 0 is the end.
 *
 * As fer_tcp_stream_read. n may be NULL.
 *
 * Blocks: until there is something to read, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_INVALID_INPUT;
 * FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Read::read for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_read(fer_unix_stream *stream, void *buf, size_t len,
                                                    size_t *n);

/**
 * Reads without recv_mode.
 *
 * As fer_tcp_stream_peek.
 *
 * Blocks: until there is something to read, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_INVALID_INPUT;
 * FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::os::unix::net::UnixStream::peek (unstable there).
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_peek(fer_unix_stream *stream, void *buf, size_t len,
                                                    size_t *n);

/**
 * Reads what has arrived and never waits, whatever the mode and the timeouts are.
 *
 * Otherwise as fer_unix_stream_read. One system call.
 *
 * Blocks: never.
 * Owns: as fer_unix_stream_read.
 * Errors: FER_WOULD_BLOCK where nothing has arrived; else as fer_unix_stream_read, but no timeout.
 * Rust: tokio: net::UnixStream::try_read.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_read(fer_unix_stream *stream, void *buf,
                                                        size_t len, size_t *n);

/**
 * Reads without recv_mode, as fer_unix_stream_peek, and never waits, whatever the mode and the
 * timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_stream_read.
 * Errors: FER_WOULD_BLOCK where nothing has arrived; else as fer_unix_stream_read, but no timeout.
 * Rust: std's peek, as tokio: net::UnixStream::try_io would call it.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_peek(fer_unix_stream *stream, void *buf,
                                                        size_t len, size_t *n);

/**
 * Reads into several buffers, one after the other.
 *
 * As fer_tcp_stream_read_vectored.
 *
 * Blocks: until there is something to read, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_INVALID_INPUT;
 * FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Read::read_vectored for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_vectored(fer_unix_stream *stream,
                                                             const fer_io_slice_mut *slices,
                                                             size_t count, size_t *n);

/**
 * Reads len bytes, all of them.
 *
 * As fer_tcp_stream_read_exact.
 *
 * Blocks: until all are there; each read up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_UNEXPECTED_EOF, FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT,
 * FER_INVALID_INPUT; FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Read::read_exact for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_exact(fer_unix_stream *stream, void *buf,
                                                          size_t len, size_t *n);

/**
 * Reads until the end, up to cap bytes.
 *
 * As fer_tcp_stream_read_to_end.
 *
 * Blocks: until the end; each read up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_STORAGE_FULL (more than cap bytes), FER_CONNECTION_RESET, FER_WOULD_BLOCK,
 * FER_TIMED_OUT, FER_INVALID_INPUT; FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Read::read_to_end for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_to_end(fer_unix_stream *stream, void *buf,
                                                           size_t cap, size_t *n);

/**
 * Writes what there is room for, up to len bytes.
 *
 * As fer_tcp_stream_write.
 *
 * Blocks: until there is room, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_BROKEN_PIPE, FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED,
 * FER_INVALID_INPUT; FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Write::write for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_write(fer_unix_stream *stream, const void *buf,
                                                     size_t len, size_t *n);

/**
 * Writes what there is room for and never waits, whatever the mode and the timeouts are.
 *
 * Otherwise as fer_unix_stream_write; *n tells how many bytes the OS took over. One system call.
 *
 * Blocks: never.
 * Owns: as fer_unix_stream_write.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_unix_stream_write, but no timeout.
 * Rust: tokio: net::UnixStream::try_write.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_write(fer_unix_stream *stream, const void *buf,
                                                         size_t len, size_t *n);

/**
 * Writes several buffers, one after the other.
 *
 * As fer_tcp_stream_write_vectored.
 *
 * Blocks: until there is room, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_BROKEN_PIPE, FER_CONNECTION_RESET, FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED,
 * FER_INVALID_INPUT; FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Write::write_vectored for UnixStream. Differs: never a signal.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_vectored(fer_unix_stream *stream,
                                                              const fer_io_slice *slices,
                                                              size_t count, size_t *n);

/**
 * Writes len bytes, all of them.
 *
 * As fer_tcp_stream_write_all.
 *
 * Blocks: until all are taken; each write up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_WRITE_ZERO (the OS takes nothing), FER_BROKEN_PIPE, FER_CONNECTION_RESET,
 * FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INVALID_INPUT; FER_NOT_CONNECTED on a NEW handle.
 * Rust: std::io::Write::write_all for UnixStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_all(fer_unix_stream *stream, const void *buf,
                                                         size_t len, size_t *n);

/**
 * Sets how long a receiving call waits: FER_DURATION_NONE, as at first, without limit.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::os::unix::net::UnixStream::set_read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_read_timeout(fer_unix_stream *stream,
                                                                fer_duration timeout);

/**
 * Sets how long a sending call waits: FER_DURATION_NONE, as at first, without limit.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::os::unix::net::UnixStream::set_write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_write_timeout(fer_unix_stream *stream,
                                                                 fer_duration timeout);

/**
 * Tells the read timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixStream::read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_timeout(const fer_unix_stream *stream,
                                                            fer_duration *out);

/**
 * Tells the write timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixStream::write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_timeout(const fer_unix_stream *stream,
                                                             fer_duration *out);

/**
 * Sets whether calls that cannot go on are FER_WOULD_BLOCK at once. All clones have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixStream::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_nonblocking(fer_unix_stream *stream,
                                                               bool nonblocking);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * The result tells of the asking, *out of the socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixStream::take_error.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_take_error(fer_unix_stream *stream, fer_error *out);

/**
 * Waits until at least one of the interests may go on: FER_READABLE, FER_WRITABLE, or both joined
 * by |.
 *
 * All as fer_tcp_stream_ready.
 *
 * Blocks: until ready, at most timeout; whatever the stream's mode and its own timeouts are.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_tcp_stream_ready.
 * Rust: tokio: net::UnixStream::ready, with a timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_ready(const fer_unix_stream *stream,
                                                     fer_interest interest, fer_duration timeout,
                                                     fer_interest *ready);

/**
 * Closes the handle; harmless on NULL, on a NEW handle and on a CLOSED one. The path of a bound
 * socket stays.
 *
 * Blocks: never.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::os::unix::net::UnixStream.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_unix_stream_close(fer_unix_stream *stream);

/**
 * Lends the raw socket: the descriptor or SOCKET; FER_RAW_SOCKET_NONE where there is none.
 *
 * Do not close it, and change its blocking mode and timeouts through ferrule only.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_unix_stream_as_raw(const fer_unix_stream *stream);

/**
 * Takes over a connected Unix stream socket that was made elsewhere.
 *
 * Its close-on-exec state is left as it is. On Windows, where the blocking mode cannot be learnt,
 * it is taken to be blocking.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not a connected Unix stream socket; stream is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_stream_from_raw(fer_unix_stream *stream,
                                                        fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * The blocking mode and timeouts that were set are really on the socket.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_unix_stream_into_raw(fer_unix_stream *stream);

/* ---- UnixListener */

/**
 * Makes a path and listens there. The backlog is 128.
 *
 * path as in fer_unix_addr_from_pathname. A file of that name, also one that an earlier listener
 * left, is FER_ADDR_IN_USE.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_listener_close, but not the path; path is not
 * kept.
 * Errors: FER_ADDR_IN_USE, FER_NOT_FOUND (no such directory), FER_PERMISSION_DENIED,
 * FER_UNSUPPORTED, FER_INVALID_INPUT and what else the OS says.
 * Rust: std::os::unix::net::UnixListener::bind.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_bind(fer_unix_listener *listener,
                                                      const char *path);

/**
 * Listens at an address.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_listener_close; addr is not kept.
 * Errors: as fer_unix_listener_bind; FER_INVALID_INPUT for the unnamed address.
 * Rust: std::os::unix::net::UnixListener::bind_addr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_bind_addr(fer_unix_listener *listener,
                                                           const fer_unix_addr *addr);

/**
 * Waits for a connection and takes it.
 *
 * peer may be NULL; it is mostly unnamed. As fer_tcp_listener_accept: connections that died in the
 * queue are passed over, and out starts blocking.
 *
 * Blocks: until somebody connects; never when nonblocking.
 * Owns: out owns the connection until fer_unix_stream_close.
 * Errors: FER_WOULD_BLOCK, FER_TOO_MANY_OPEN_FILES (the connection stays queued), FER_INVALID_INPUT
 * and what else the OS says.
 * Rust: std::os::unix::net::UnixListener::accept, and each step of incoming.
 * Threads: any number of threads.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_accept(fer_unix_listener *listener,
                                                        fer_unix_stream *out, fer_unix_addr *peer);

/**
 * Takes a connection that is queued and never waits, whatever the mode is.
 *
 * Otherwise as fer_unix_listener_accept. POSIX has no accept that does not wait on a blocking
 * listener: there the queue is looked at first, and the call waits after all if between the look
 * and the accept another thread or process takes the connection, or (on the BSDs and macOS) the
 * connection dies. On a nonblocking listener, fer_unix_listener_set_nonblocking, there is no such
 * gap.
 *
 * Blocks: never, but as above.
 * Owns: as fer_unix_listener_accept.
 * Errors: FER_WOULD_BLOCK where none is queued; else as fer_unix_listener_accept.
 * Rust: std::os::unix::net::UnixListener::accept, nonblocking for one call.
 * Threads: as fer_unix_listener_accept.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_try_accept(fer_unix_listener *listener,
                                                            fer_unix_stream *out,
                                                            fer_unix_addr *peer);

/**
 * Waits until a connection is queued: FER_READABLE. A listener is never writable.
 *
 * *ready is FER_READABLE, or 0 where there is none when the timeout is over. 0 asks without
 * waiting, FER_DURATION_NONE waits for ever. It is a hint: another thread may take the connection
 * first. A signal does not end the wait.
 *
 * Blocks: until ready, at most timeout; whatever the listener's mode is.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no interest, unknown ones, ready NULL, a handle that is not open), or
 * what the OS says.
 * Rust: mio: a poll for net::UnixListener, with a timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_ready(const fer_unix_listener *listener,
                                                       fer_interest interest, fer_duration timeout,
                                                       fer_interest *ready);

/**
 * Makes another handle of the same socket.
 *
 * Blocks: never.
 * Owns: out owns its handle until fer_unix_listener_close.
 * Errors: FER_INVALID_INPUT, FER_TOO_MANY_OPEN_FILES.
 * Rust: std::os::unix::net::UnixListener::try_clone.
 * Threads: listener: with any other call but close. out: no other call at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_try_clone(fer_unix_listener *listener,
                                                           fer_unix_listener *out);

/**
 * Tells the socket's own address, unnamed where it has none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixListener::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_local_addr(const fer_unix_listener *listener,
                                                            fer_unix_addr *out);

/**
 * Sets whether calls that cannot go on are FER_WOULD_BLOCK at once. All clones have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixListener::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_set_nonblocking(fer_unix_listener *listener,
                                                                 bool nonblocking);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * The result tells of the asking, *out of the socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixListener::take_error.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_take_error(fer_unix_listener *listener,
                                                            fer_error *out);

/**
 * Closes the handle; harmless on NULL, on a NEW handle and on a CLOSED one. The path of a bound
 * socket stays.
 *
 * Blocks: never.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::os::unix::net::UnixListener.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_unix_listener_close(fer_unix_listener *listener);

/**
 * Lends the raw socket: the descriptor or SOCKET; FER_RAW_SOCKET_NONE where there is none.
 *
 * Do not close it, and change its blocking mode and timeouts through ferrule only.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_unix_listener_as_raw(const fer_unix_listener *listener);

/**
 * Takes over a listening Unix stream socket that was made elsewhere.
 *
 * Its close-on-exec state is left as it is. On Windows, where the blocking mode cannot be learnt,
 * it is taken to be blocking.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not a listening Unix stream socket; listener is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_listener_from_raw(fer_unix_listener *listener,
                                                          fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * The blocking mode and timeouts that were set are really on the socket.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_unix_listener_into_raw(fer_unix_listener *listener);

/* ---- UnixDatagram: not on Windows */

/**
 * Makes a path and a socket that receives there.
 *
 * path as in fer_unix_addr_from_pathname.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_datagram_close, but not the path; path is not
 * kept.
 * Errors: FER_ADDR_IN_USE, FER_NOT_FOUND, FER_PERMISSION_DENIED, FER_UNSUPPORTED, FER_INVALID_INPUT
 * and what else the OS says.
 * Rust: std::os::unix::net::UnixDatagram::bind.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_bind(fer_unix_datagram *socket, const char *path);

/**
 * Makes a socket that receives at an address.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_datagram_close; addr is not kept.
 * Errors: as fer_unix_datagram_bind; FER_INVALID_INPUT for the unnamed address.
 * Rust: std::os::unix::net::UnixDatagram::bind_addr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_bind_addr(fer_unix_datagram *socket,
                                                           const fer_unix_addr *addr);

/**
 * Makes a socket without a name: it can send, and receive from the one that it is connected to.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_unix_datagram_close.
 * Errors: FER_UNSUPPORTED, FER_TOO_MANY_OPEN_FILES, FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixDatagram::unbound.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_unbound(fer_unix_datagram *socket);

/**
 * Makes two sockets that are connected to each other, without names.
 *
 * Blocks: never.
 * Owns: each handle owns its socket until fer_unix_datagram_close.
 * Errors: FER_UNSUPPORTED, FER_TOO_MANY_OPEN_FILES, FER_INVALID_INPUT (a handle that is open, one
 * handle twice).
 * Rust: std::os::unix::net::UnixDatagram::pair.
 * Threads: no other call on the handles at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_pair(fer_unix_datagram *one,
                                                      fer_unix_datagram *other);

/**
 * Makes the socket at a path the peer: where fer_unix_datagram_send sends to, and the only one that
 * may send here from now on.
 *
 * What was queued before is still received. A second connect, to another peer, may drop it (Linux).
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_FOUND, FER_CONNECTION_REFUSED (nobody has that path), FER_PERMISSION_DENIED,
 * FER_INVALID_INPUT and what else the OS says.
 * Rust: std::os::unix::net::UnixDatagram::connect.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_connect(fer_unix_datagram *socket,
                                                         const char *path);

/**
 * Makes the socket at an address the peer.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_unix_datagram_connect; FER_INVALID_INPUT for the unnamed address.
 * Rust: std::os::unix::net::UnixDatagram::connect_addr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_connect_addr(fer_unix_datagram *socket,
                                                              const fer_unix_addr *addr);

/**
 * Makes another handle of the same socket.
 *
 * Blocks: never.
 * Owns: out owns its handle until fer_unix_datagram_close.
 * Errors: FER_INVALID_INPUT, FER_TOO_MANY_OPEN_FILES.
 * Rust: std::os::unix::net::UnixDatagram::try_clone.
 * Threads: socket: with any other call but close. out: no other call at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_clone(fer_unix_datagram *socket,
                                                           fer_unix_datagram *out);

/**
 * Tells the socket's own address, unnamed where it has none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixDatagram::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_local_addr(const fer_unix_datagram *socket,
                                                            fer_unix_addr *out);

/**
 * Tells the peer that the socket is connected to.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED, FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixDatagram::peer_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_peer_addr(const fer_unix_datagram *socket,
                                                           fer_unix_addr *out);

/**
 * Sends one datagram to the peer, whole or not at all.
 *
 * Blocks: while the receiver's queue is full, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED without a peer, FER_CONNECTION_REFUSED (it is gone: told once, then
 * there is no peer any more), FER_MESSAGE_TOO_LONG, FER_WOULD_BLOCK, FER_TIMED_OUT,
 * FER_INTERRUPTED, FER_BROKEN_PIPE, FER_INVALID_INPUT and what else the OS says.
 * Rust: std::os::unix::net::UnixDatagram::send. Differs: never a signal.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send(fer_unix_datagram *socket, const void *buf,
                                                      size_t len, size_t *n);

/**
 * Sends one datagram to the socket at a path.
 *
 * Blocks: while the receiver's queue is full, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_FOUND (no such path), FER_CONNECTION_REFUSED (it is gone), FER_MESSAGE_TOO_LONG,
 * FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_BROKEN_PIPE, FER_INVALID_INPUT and what else
 * the OS says.
 * Rust: std::os::unix::net::UnixDatagram::send_to.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send_to(fer_unix_datagram *socket, const void *buf,
                                                         size_t len, const char *path, size_t *n);

/**
 * Sends one datagram to the socket at an address.
 *
 * Blocks: while the receiver's queue is full, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_unix_datagram_send_to; FER_INVALID_INPUT for the unnamed address.
 * Rust: std::os::unix::net::UnixDatagram::send_to_addr.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send_to_addr(fer_unix_datagram *socket,
                                                              const void *buf, size_t len,
                                                              const fer_unix_addr *addr, size_t *n);

/**
 * Receives one datagram; of one that is longer than len the rest is lost, and out->truncated is
 * set.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_CONNECTION_RESET, FER_INVALID_INPUT
 * and what else the OS says. *out is untouched then.
 * Rust: std::os::unix::net::UnixDatagram::recv_from.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_recv_from(fer_unix_datagram *socket, void *buf,
                                                           size_t len, fer_unix_received *out);

/**
 * Receives one datagram: the same as fer_unix_datagram_recv_from, under Rust's other name.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_unix_datagram_recv_from.
 * Rust: std::os::unix::net::UnixDatagram::recv.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_recv(fer_unix_datagram *socket, void *buf,
                                                      size_t len, fer_unix_received *out);

/**
 * Sends one datagram to the peer and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_datagram_send.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_unix_datagram_send, but no timeout.
 * Rust: tokio: net::UnixDatagram::try_send.
 * Threads: as fer_unix_datagram_send.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_send(fer_unix_datagram *socket,
                                                          const void *buf, size_t len, size_t *n);

/**
 * Sends one datagram to a path and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_datagram_send_to.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_unix_datagram_send_to, but no
 * timeout.
 * Rust: tokio: net::UnixDatagram::try_send_to.
 * Threads: as fer_unix_datagram_send_to.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_send_to(fer_unix_datagram *socket,
                                                             const void *buf, size_t len,
                                                             const char *path, size_t *n);

/**
 * Sends one datagram to an address and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_datagram_send_to_addr.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_unix_datagram_send_to_addr, but no
 * timeout.
 * Rust: std: UnixDatagram::send_to_addr, nonblocking for one call.
 * Threads: as fer_unix_datagram_send_to_addr.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_send_to_addr(fer_unix_datagram *socket,
                                                                  const void *buf, size_t len,
                                                                  const fer_unix_addr *addr,
                                                                  size_t *n);

/**
 * Receives a datagram that is queued and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_datagram_recv_from.
 * Errors: FER_WOULD_BLOCK where none is queued; else as fer_unix_datagram_recv_from, but no
 * timeout.
 * Rust: tokio: net::UnixDatagram::try_recv_from.
 * Threads: as fer_unix_datagram_recv_from.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_recv_from(fer_unix_datagram *socket, void *buf,
                                                               size_t len, fer_unix_received *out);

/**
 * Receives a datagram that is queued and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_unix_datagram_recv.
 * Errors: FER_WOULD_BLOCK where none is queued; else as fer_unix_datagram_recv, but no timeout.
 * Rust: tokio: net::UnixDatagram::try_recv.
 * Threads: as fer_unix_datagram_recv.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_recv(fer_unix_datagram *socket, void *buf,
                                                          size_t len, fer_unix_received *out);

/**
 * Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE).
 *
 * All as fer_udp_socket_ready. A socket that is connected is writable when its peer's queue has
 * room; of one that is not the OS cannot know.
 *
 * Blocks: until ready, at most timeout; whatever the socket's mode and its own timeouts are.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_ready.
 * Rust: tokio: net::UnixDatagram::ready, with a timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_ready(const fer_unix_datagram *socket,
                                                       fer_interest interest, fer_duration timeout,
                                                       fer_interest *ready);

/**
 * Ends receiving, sending or both, for this handle and its clones.
 *
 * Afterwards receiving is FER_OK with out->len 0, once the queue is empty (on Linux FER_WOULD_BLOCK
 * where the socket is nonblocking), and sending FER_BROKEN_PIPE; so is sending to it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, FER_NOT_CONNECTED and what else the OS says.
 * Rust: std::os::unix::net::UnixDatagram::shutdown.
 * Threads: any thread, at any time but with or after close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_shutdown(fer_unix_datagram *socket,
                                                          fer_shutdown how);

/**
 * Sets how long a receiving call waits: FER_DURATION_NONE, as at first, without limit.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::os::unix::net::UnixDatagram::set_read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_read_timeout(fer_unix_datagram *socket,
                                                                  fer_duration timeout);

/**
 * Sets how long a sending call waits: FER_DURATION_NONE, as at first, without limit.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::os::unix::net::UnixDatagram::set_write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_write_timeout(fer_unix_datagram *socket,
                                                                   fer_duration timeout);

/**
 * Tells the read timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixDatagram::read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_read_timeout(const fer_unix_datagram *socket,
                                                              fer_duration *out);

/**
 * Tells the write timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixDatagram::write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_write_timeout(const fer_unix_datagram *socket,
                                                               fer_duration *out);

/**
 * Sets whether calls that cannot go on are FER_WOULD_BLOCK at once. All clones have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::os::unix::net::UnixDatagram::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_nonblocking(fer_unix_datagram *socket,
                                                                 bool nonblocking);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * The result tells of the asking, *out of the socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::os::unix::net::UnixDatagram::take_error.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_take_error(fer_unix_datagram *socket,
                                                            fer_error *out);

/**
 * Closes the handle; harmless on NULL, on a NEW handle and on a CLOSED one. The path of a bound
 * socket stays.
 *
 * Blocks: never.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::os::unix::net::UnixDatagram.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_unix_datagram_close(fer_unix_datagram *socket);

/**
 * Lends the raw socket: the descriptor or SOCKET; FER_RAW_SOCKET_NONE where there is none.
 *
 * Do not close it, and change its blocking mode and timeouts through ferrule only.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_unix_datagram_as_raw(const fer_unix_datagram *socket);

/**
 * Takes over a Unix datagram socket that was made elsewhere.
 *
 * Its close-on-exec state is left as it is. On Windows, where the blocking mode cannot be learnt,
 * it is taken to be blocking.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not a Unix datagram socket; socket is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_unix_datagram_from_raw(fer_unix_datagram *socket,
                                                          fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * The blocking mode and timeouts that were set are really on the socket.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_unix_datagram_into_raw(fer_unix_datagram *socket);

#ifdef __cplusplus
}
#endif

#endif

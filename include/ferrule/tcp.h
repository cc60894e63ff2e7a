/* tcp.h: TcpStream and TcpListener of std::net. What all functions here share:
 *
 * A handle is NEW when it is all zero bytes, and CLOSED after _close. One that a call is to fill
 * must be NEW or CLOSED, else the call is FER_INVALID_INPUT and leaves it alone. Every call on a
 * NULL or CLOSED handle is FER_INVALID_INPUT, on a NEW one too, but for reading, writing, shutdown
 * and fer_tcp_stream_ready, which are FER_NOT_CONNECTED there. Nothing is undefined in any build
 * but using a handle that another thread closes at the same time, one whose bytes were never set to
 * zero, or memory that is not there. Two threads may use one handle at once, one reading and one
 * writing; shutdown may come from any thread.
 *
 * A stream that came of fer_tcp_stream_connect_start, or of a fer_socket (socket.h), may be of
 * three more kinds. Its connect may be under way: then reads, writes, take_error, peer_addr,
 * try_clone and shutdown first ask the OS how it stands, and are FER_WOULD_BLOCK while it does not
 * know, on a blocking stream and with a length of 0, too; shutdown is FER_NOT_CONNECTED then. Its
 * connect may have failed: whoever of them learns it first is told the reason, take_error again and
 * again, and all else is FER_INVALID_INPUT from then on; fer_tcp_stream_ready takes no reason away,
 * and finds all ready. Or it was never connected: reading, writing, shutdown, peer_addr and
 * fer_tcp_stream_ready are FER_NOT_CONNECTED, and fer_tcp_stream_connect is FER_INVALID_INPUT, for
 * the handle is not empty: turn it back and use fer_socket_connect. */
#ifndef FERRULE_TCP_H
#define FERRULE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A TCP connection. All zero bytes at first. */
typedef struct fer_tcp_stream {
    fer_handle handle_;
} fer_tcp_stream;

/* A TCP socket that accepts connections. All zero bytes at first. */
typedef struct fer_tcp_listener {
    fer_handle handle_;
} fer_tcp_listener;

/* ---- TcpStream: connecting */

/**
 * Connects to "host:port": resolves the name and tries every address in turn until one connects.
 *
 * host_port is as in fer_to_socket_addrs. However many addresses there are, all are tried; when
 * none connects, the error is the last address's, and the handle is NEW again, to be connected once
 * more.
 *
 * Blocks: until connected or refused by the last address; name lookup included.
 * Owns: the handle owns the connection until fer_tcp_stream_close; host_port is not kept.
 * Errors: FER_INVALID_INPUT (NULL, a handle that is open, text that is no host:port),
 * FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED, FER_CONNECTION_REFUSED,
 * FER_TIMED_OUT with an OS code, FER_NETWORK_UNREACHABLE, FER_HOST_UNREACHABLE,
 * FER_TOO_MANY_OPEN_FILES, FER_ADDR_NOT_AVAILABLE and what else the OS says.
 * Rust: std::net::TcpStream::connect with a &str.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect(fer_tcp_stream *stream,
                                                      const char *host_port);

/**
 * Connects to one address.
 *
 * A signal does not end it (connect goes on after EINTR, as POSIX connect(2) says it does). Nobody
 * can listen on port 0: it is FER_CONNECTION_REFUSED, and the OS is not asked.
 *
 * Blocks: until connected or failed.
 * Owns: the handle owns the connection until fer_tcp_stream_close; addr is not kept.
 * Errors: as fer_tcp_stream_connect, without the names; FER_INVALID_INPUT also for a bad address
 * family.
 * Rust: std::net::TcpStream::connect with a SocketAddr. Differs: what port 0 answers depends on the
 * OS there.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_addr(fer_tcp_stream *stream,
                                                           const fer_socket_addr *addr);

/**
 * Connects to the first of several addresses that answers, tried in order.
 *
 * When none connects the error is the last address's.
 *
 * Blocks: until connected or failed by the last address.
 * Owns: the handle owns the connection until fer_tcp_stream_close; addrs, count elements, is not
 * kept.
 * Errors: as fer_tcp_stream_connect_addr; FER_INVALID_INPUT when count is 0 or addrs NULL.
 * Rust: std::net::TcpStream::connect with a &[SocketAddr].
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_addrs(fer_tcp_stream *stream,
                                                            const fer_socket_addr *addrs,
                                                            size_t count);

/**
 * Connects to one address, giving up after timeout.
 *
 * The connection is judged by the OS's final word (SO_ERROR), never by writability alone; it is
 * blocking afterwards. With FER_DURATION_NONE it is fer_tcp_stream_connect_addr.
 *
 * Blocks: until connected or failed, at most timeout.
 * Owns: the handle owns the connection until fer_tcp_stream_close; addr is not kept.
 * Errors: FER_TIMED_OUT with os_code 0 when the time is over, FER_INVALID_INPUT for a timeout of 0,
 * else as fer_tcp_stream_connect_addr. The handle is NEW after a failure.
 * Rust: std::net::TcpStream::connect_timeout. Differs: a zero timeout is refused before any system
 * call.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_timeout(fer_tcp_stream *stream,
                                                              const fer_socket_addr *addr,
                                                              fer_duration timeout);

/**
 * Begins to connect to one address, and does not wait for the end.
 *
 * FER_WOULD_BLOCK is the common answer and no failure: the connect is under way, and the handle is
 * open. Wait until it is writable, with fer_tcp_stream_ready or a poller, then ask
 * fer_tcp_stream_take_error: FER_OK with no error is a connection; until then reads, writes and the
 * like are FER_WOULD_BLOCK (see the top of this page). FER_OK: connected at once. A connect that is
 * refused within this call is told here, and the handle is NEW again; one that fails later keeps
 * its OS socket until close. The stream is nonblocking from now on. FER_TRY is not for this call:
 * it would return with FER_WOULD_BLOCK, and a handle that is open.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_tcp_stream_close; addr is not kept.
 * Errors: FER_WOULD_BLOCK as above; else as fer_tcp_stream_connect_addr.
 * Rust: mio: net::TcpStream::connect. Differs: that it is under way is told, and so is a failure
 * later, by every call.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_start(fer_tcp_stream *stream,
                                                            const fer_socket_addr *addr);

/* ---- TcpStream: addresses, shutdown, clones */

/**
 * Tells the remote address of the connection.
 *
 * The OS's answer, until this handle has seen the peer's end or a reset; from then on
 * FER_NOT_CONNECTED on every OS. Keep what accept gave you if you need it longer.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED (the end was seen, or the OS says so), FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::peer_addr. Differs: what it answers after the end depends on the OS
 * there.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_peer_addr(const fer_tcp_stream *stream,
                                                        fer_socket_addr *out);

/**
 * Tells the local address of the connection.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::TcpStream::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_local_addr(const fer_tcp_stream *stream,
                                                         fer_socket_addr *out);

/**
 * Ends the reading half, the writing half or both of the connection, for this handle and its
 * clones.
 *
 * Idempotent: a half that is shut already, or a peer that is gone, is FER_OK. Afterwards reads
 * through this handle give 0 bytes at once even if data was queued, and writes are FER_BROKEN_PIPE;
 * what was written before still reaches the peer, then the end. A blocked read, and with WRITE or
 * BOTH a blocked write, in another thread or through a clone is woken (on Windows a blocked write,
 * and a read through a clone, within 100 ms). Shutting the read half never harms the write half: on
 * Windows, where SD_RECEIVE resets the connection when data arrives (MSDN, shutdown function), a
 * lone READ is kept in the library. On every OS, closing a stream with unread input resets the
 * connection, and so does input that comes once both halves are shut (RFC 1122, 4.2.2.13); what the
 * peer had no room for is lost then. To end in good order shut WRITE, read until 0 bytes, then
 * close.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_CONNECTED on a stream that is not connected yet, whatever how is; the reason for
 * which its connect has just failed; FER_INVALID_INPUT for an unknown how.
 * Rust: std::net::TcpStream::shutdown. Differs: never NotConnected on a stream that was connected;
 * wakes readers on Windows too.
 * Threads: any thread, at any time but with or after close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_shutdown(fer_tcp_stream *stream, fer_shutdown how);

/**
 * Makes a second handle of the same connection.
 *
 * Options, timeouts and the blocking mode are the socket's: both handles see them, also when they
 * are set later. What this handle has seen of the stream's end goes along. The connection ends when
 * the last handle is closed.
 *
 * Blocks: never.
 * Owns: out owns its handle and is closed by itself.
 * Errors: FER_INVALID_INPUT (out is open, NULL), FER_TOO_MANY_OPEN_FILES; FER_WOULD_BLOCK while a
 * connect is under way, and the reason for which it has just failed.
 * Rust: std::net::TcpStream::try_clone.
 * Threads: with reads and writes on stream; nothing else on out.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_clone(fer_tcp_stream *stream,
                                                        fer_tcp_stream *out);

/* ---- TcpStream: timeouts and modes */

/**
 * Sets how long reads may block: each single one; FER_DURATION_NONE, as at first, is for ever.
 *
 * Rounded up to what the OS holds (Linux 4 ms steps at most kernels, Windows 1 ms), and cut to its
 * longest (Windows 12 days). It is the socket's: clones have it too. A call that is under way keeps
 * the timeout it began with.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for a timeout of 0.
 * Rust: std::net::TcpStream::set_read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_read_timeout(fer_tcp_stream *stream,
                                                               fer_duration timeout);

/**
 * Tells the read timeout: what was set, to within the OS's grain, or FER_DURATION_NONE.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_timeout(const fer_tcp_stream *stream,
                                                           fer_duration *out);

/**
 * Sets how long writes may block: each single one; FER_DURATION_NONE, as at first, is for ever.
 *
 * Rounded up to what the OS holds (Linux 4 ms steps at most kernels, Windows 1 ms), and cut to its
 * longest (Windows 12 days). It is the socket's: clones have it too. A call that is under way keeps
 * the timeout it began with.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for a timeout of 0.
 * Rust: std::net::TcpStream::set_write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_write_timeout(fer_tcp_stream *stream,
                                                                fer_duration timeout);

/**
 * Tells the write timeout: what was set, to within the OS's grain, or FER_DURATION_NONE.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write_timeout(const fer_tcp_stream *stream,
                                                            fer_duration *out);

/**
 * Makes calls that would wait return FER_WOULD_BLOCK instead, or wait again.
 *
 * The mode is the socket's: clones have it too. Streams start blocking, accepted ones too, whatever
 * the listener is.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_nonblocking(fer_tcp_stream *stream,
                                                              bool nonblocking);

/* ---- TcpStream: bytes */

/**
 * Reads what has arrived, at most len bytes; FER_OK with *n == 0 is the end of the stream.
 *
 * The end is told again and again; it is never an error, and a reset is never told as the end. len
 * 0 is FER_OK with 0 at once and tells nothing. A len above what the OS takes is cut to it. n may
 * be NULL. One system call on POSIX.
 *
 * Blocks: until a byte, the end or a failure arrives, at most the read timeout; not when
 * nonblocking.
 * Owns: buf is the caller's, len bytes; may be NULL when len is 0. *n is always what was stored.
 * Errors: FER_TIMED_OUT with os_code 0 (the read timeout expired: nothing is lost, call again),
 * FER_WOULD_BLOCK (nonblocking), FER_INTERRUPTED (a signal, before a byte was moved),
 * FER_CONNECTION_RESET and other fatal errors (FER_TIMED_OUT with an OS code, FER_HOST_UNREACHABLE,
 * ...), which this handle answers from then on; FER_NOT_CONNECTED, FER_INVALID_INPUT.
 * Rust: std::io::Read::read for TcpStream. Differs: an expired timeout is TimedOut on every OS, a
 * zero-length read never blocks.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read(fer_tcp_stream *stream, void *buf, size_t len,
                                                   size_t *n);

/**
 * Reads without recv_mode: the next read gives the same bytes again.
 *
 * Otherwise as fer_tcp_stream_read; a peek that met the end has seen it.
 *
 * Blocks: as fer_tcp_stream_read.
 * Owns: as fer_tcp_stream_read.
 * Errors: as fer_tcp_stream_read.
 * Rust: std::net::TcpStream::peek.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_peek(fer_tcp_stream *stream, void *buf, size_t len,
                                                   size_t *n);

/**
 * Reads what has arrived and never waits, whatever the mode and the timeouts are.
 *
 * Otherwise as fer_tcp_stream_read. One system call.
 *
 * Blocks: never.
 * Owns: as fer_tcp_stream_read.
 * Errors: FER_WOULD_BLOCK where nothing has arrived; else as fer_tcp_stream_read, but no timeout.
 * Rust: tokio: net::TcpStream::try_read.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_read(fer_tcp_stream *stream, void *buf,
                                                       size_t len, size_t *n);

/**
 * Reads without recv_mode, as fer_tcp_stream_peek, and never waits, whatever the mode and the
 * timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_tcp_stream_read.
 * Errors: FER_WOULD_BLOCK where nothing has arrived; else as fer_tcp_stream_read, but no timeout.
 * Rust: std's peek, as tokio: net::TcpStream::try_io would call it.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_peek(fer_tcp_stream *stream, void *buf,
                                                       size_t len, size_t *n);

/**
 * Reads into several buffers, each filled before the next.
 *
 * More slices, or a larger sum, than the OS takes are cut to it: a short read, never an error.
 *
 * Blocks: as fer_tcp_stream_read.
 * Owns: the slices' memory is the caller's; slices may be NULL when count is 0.
 * Errors: as fer_tcp_stream_read; FER_INVALID_INPUT also for a slice of NULL with a length.
 * Rust: std::io::Read::read_vectored for TcpStream.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_vectored(fer_tcp_stream *stream,
                                                            const fer_io_slice_mut *slices,
                                                            size_t count, size_t *n);

/**
 * Reads exactly len bytes, in as many reads as it takes.
 *
 * Goes on after a signal. The read timeout is that of each underlying read, begun anew after a
 * signal too.
 *
 * Blocks: until len bytes, the end or a failure arrives.
 * Owns: as fer_tcp_stream_read; *n is true after a failure too.
 * Errors: FER_UNEXPECTED_EOF when the stream ends before; else as fer_tcp_stream_read but never
 * FER_INTERRUPTED.
 * Rust: std::io::Read::read_exact for TcpStream. Differs: the count is known after a failure.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_exact(fer_tcp_stream *stream, void *buf,
                                                         size_t len, size_t *n);

/**
 * Reads until the end of the stream into a buffer of cap bytes.
 *
 * With a full buffer it peeks one more byte, and may block for it: the end is FER_OK, data is
 * FER_STORAGE_FULL and stays queued. Goes on after a signal. The read timeout is that of each
 * underlying read.
 *
 * Blocks: until the end or a failure.
 * Owns: as fer_tcp_stream_read; *n is true after a failure too.
 * Errors: FER_STORAGE_FULL when there is more than cap bytes; else as fer_tcp_stream_read but never
 * FER_INTERRUPTED.
 * Rust: std::io::Read::read_to_end for TcpStream, with the caller's buffer in place of a growing
 * Vec.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_to_end(fer_tcp_stream *stream, void *buf,
                                                          size_t cap, size_t *n);

/**
 * Writes bytes, perhaps fewer than len: *n tells how many the OS took over.
 *
 * Never raises SIGPIPE. len 0 is FER_OK with 0 on an open write half. A len above what the OS takes
 * is cut to it. n may be NULL.
 *
 * Blocks: until the OS takes bytes over: all of them on POSIX, some on Windows; at most the write
 * timeout, when what was taken till then is told as a short write; not when nonblocking.
 * Owns: buf is the caller's, len bytes; may be NULL when len is 0.
 * Errors: FER_BROKEN_PIPE (this half was shut down, or the peer is gone), FER_CONNECTION_RESET,
 * FER_TIMED_OUT with os_code 0 (the write timeout expired: nothing was taken), FER_WOULD_BLOCK
 * (nonblocking), FER_INTERRUPTED, other fatal errors as in fer_tcp_stream_read, FER_NOT_CONNECTED,
 * FER_INVALID_INPUT.
 * Rust: std::io::Write::write for TcpStream. Differs: TimedOut on every OS.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write(fer_tcp_stream *stream, const void *buf,
                                                    size_t len, size_t *n);

/**
 * Writes what there is room for and never waits, whatever the mode and the timeouts are.
 *
 * Otherwise as fer_tcp_stream_write; *n tells how many bytes the OS took over. One system call.
 *
 * Blocks: never.
 * Owns: as fer_tcp_stream_write.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_tcp_stream_write, but no timeout.
 * Rust: tokio: net::TcpStream::try_write.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_write(fer_tcp_stream *stream, const void *buf,
                                                        size_t len, size_t *n);

/**
 * Writes from several buffers, in order.
 *
 * More slices, or a larger sum, than the OS takes are cut to it: a short write, never an error.
 *
 * Blocks: as fer_tcp_stream_write.
 * Owns: the slices' memory is the caller's; slices may be NULL when count is 0.
 * Errors: as fer_tcp_stream_write; FER_INVALID_INPUT also for a slice of NULL with a length.
 * Rust: std::io::Write::write_vectored for TcpStream. Differs: never raises SIGPIPE.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write_vectored(fer_tcp_stream *stream,
                                                             const fer_io_slice *slices,
                                                             size_t count, size_t *n);

/**
 * Writes all len bytes, in as many writes as it takes.
 *
 * Goes on after a signal. The write timeout is that of each underlying write.
 *
 * Blocks: until all is taken over by the OS, or a failure.
 * Owns: as fer_tcp_stream_write; *n is true after a failure too.
 * Errors: FER_WRITE_ZERO when the OS takes nothing; else as fer_tcp_stream_write but never
 * FER_INTERRUPTED.
 * Rust: std::io::Write::write_all for TcpStream. Differs: the count is known after a failure.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write_all(fer_tcp_stream *stream, const void *buf,
                                                        size_t len, size_t *n);

/* ---- TcpStream: options */

/**
 * Turns Nagle's algorithm off (true) or on: whether small writes are sent at once (TCP_NODELAY).
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::TcpStream::set_nodelay.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_nodelay(fer_tcp_stream *stream, bool nodelay);

/**
 * Tells whether Nagle's algorithm is off.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::nodelay.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_nodelay(const fer_tcp_stream *stream, bool *out);

/**
 * Sets the time to live of packets, 1 to 255: on an IPv6 socket the unicast hop limit.
 *
 * On IPv6, IP_TTL is set besides where the OS takes it, for peers that are IPv4-mapped.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT outside 1 to 255.
 * Rust: std::net::TcpStream::set_ttl. Differs: on IPv6 Rust sets IP_TTL only, and leaves the range
 * to the OS.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_ttl(fer_tcp_stream *stream, uint32_t ttl);

/**
 * Tells the time to live, on an IPv6 socket the unicast hop limit.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::ttl.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_ttl(const fer_tcp_stream *stream, uint32_t *out);

/**
 * Sets what closing does with data not yet sent: NONE, as at first, closes at once and sends on
 * behind it.
 *
 * A finite linger makes close wait that long for the data to be acknowledged; it is rounded up to
 * whole seconds and cut to the OS's longest (macOS 327 s, Windows 65535 s). Zero resets the
 * connection when its last handle is closed.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::TcpStream::set_linger (unstable there).
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_linger(fer_tcp_stream *stream,
                                                         fer_duration linger);

/**
 * Tells the linger time in whole seconds, FER_DURATION_NONE when it is off.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpStream::linger (unstable there).
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_linger(const fer_tcp_stream *stream,
                                                     fer_duration *out);

/**
 * Sets TCP keepalive: whether an idle connection is probed, and when.
 *
 * time and interval are rounded up to whole seconds and, like retries, cut to the OS's longest
 * (Linux 32767 s and 127); zero leaves one as the socket has it. All or nothing: after a failure
 * the earlier values are back. Where Windows has only SIO_KEEPALIVE_VALS (before Windows 10 1709),
 * a missing value is its own default (7200 s, 1 s).
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_UNSUPPORTED for a field that the OS lacks, FER_INVALID_INPUT (NULL, a time or
 * interval of FER_DURATION_NONE).
 * Rust: none in std; socket2::Socket::set_tcp_keepalive.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_keepalive(fer_tcp_stream *stream,
                                                            const fer_keepalive *keepalive);

/**
 * Tells the keepalive setting; fields that the OS does not tell are 0.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: none in std; socket2::Socket::keepalive and its kin.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_keepalive(const fer_tcp_stream *stream,
                                                        fer_keepalive *out);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * A fatal error that is taken here sticks to the handle as one that a read met; one that a call has
 * told already is not told here again, but for the reason of a connect that failed, which is told
 * each time. The result tells of the asking, *out of the socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT; FER_WOULD_BLOCK while a connect is under way.
 * Rust: std::net::TcpStream::take_error.
 * Threads: one reading and one writing call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_take_error(fer_tcp_stream *stream, fer_error *out);

/**
 * Waits until at least one of the interests may go on: FER_READABLE, FER_WRITABLE, or both joined
 * by |.
 *
 * *ready is those of interest that may, and 0 where none can when the timeout is over. 0 asks
 * without waiting, FER_DURATION_NONE waits for ever. A half that has ended or was shut through this
 * handle is ready at once, for its calls answer by themselves; a hang-up or a failure makes ready
 * what was asked. A shutdown in another thread, or through a clone, ends the wait (on Windows
 * within 100 ms). A connect that is under way is waited for: then the stream is writable, or, if it
 * failed, ready for all that was asked, and the next call tells the reason. It is a hint, never a
 * promise: the call that follows may still be FER_WOULD_BLOCK, or wait where the stream is
 * blocking; fer_tcp_stream_try_read and fer_tcp_stream_try_write never do. A signal does not end
 * the wait.
 *
 * Blocks: until ready, at most timeout; whatever the stream's mode and its own timeouts are.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no interest, unknown ones, ready NULL, a closed handle),
 * FER_NOT_CONNECTED, or what the OS says.
 * Rust: tokio: net::TcpStream::ready, with a timeout. Differs: an error is not told apart from the
 * rest.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_ready(const fer_tcp_stream *stream,
                                                    fer_interest interest, fer_duration timeout,
                                                    fer_interest *ready);

/* ---- TcpStream: closing and raw sockets */

/**
 * Closes the handle; the connection ends with its last handle.
 *
 * Harmless on NULL, on a NEW handle and on a CLOSED one. A CLOSED handle can be connected again.
 * With unread input the peer sees a reset (see fer_tcp_stream_shutdown).
 *
 * Blocks: never, but for a linger time that was set.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::net::TcpStream.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_tcp_stream_close(fer_tcp_stream *stream);

/**
 * Lends the raw socket: the descriptor or SOCKET; FER_RAW_SOCKET_NONE where there is none.
 *
 * Do not close it, and change its blocking mode and timeouts through ferrule only. On Windows it is
 * a nonblocking SOCKET, and CancelIoEx of a shutdown may end overlapped calls of yours on it.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_tcp_stream_as_raw(const fer_tcp_stream *stream);

/**
 * Takes over a connected stream socket that was made elsewhere.
 *
 * Its type and state are learnt from the OS. Its close-on-exec state is left as it is. On Windows,
 * where the blocking mode cannot be learnt, it is taken to be blocking; a SOCKET made without
 * WSA_FLAG_OVERLAPPED is not supported.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not a connected IP stream socket: a listener, a datagram socket,
 * unconnected, already ended at both halves, no socket at all; stream is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_stream_from_raw(fer_tcp_stream *stream, fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * The blocking mode and timeouts that were set are really on the socket. On Windows these are the
 * socket's and not the handle's: clones that stay would then wait inside the system, where a
 * timeout ends the stream, so give up clones together.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_tcp_stream_into_raw(fer_tcp_stream *stream);

/* ---- TcpListener */

/**
 * Listens on "host:port": resolves the name and takes the first address that can be bound.
 *
 * Port 0 lets the OS pick one: fer_tcp_listener_local_addr tells it. The backlog is 128. A bind to
 * [::] takes IPv4 too on every OS. On POSIX the port of a listener that is gone can be bound again
 * at once, though its connections are in TIME_WAIT (SO_REUSEADDR); on Windows, where that option
 * would let another process take the port, exclusive use is asked for instead.
 *
 * Blocks: while the name is looked up.
 * Owns: the handle owns the socket until fer_tcp_listener_close; host_port is not kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not this machine's), FER_PERMISSION_DENIED,
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED (no IPv6 here; no dual stack on OpenBSD),
 * FER_INVALID_INPUT, and fer_to_socket_addrs' errors.
 * Rust: std::net::TcpListener::bind with a &str. Differs: [::] is dual stack on Windows and the
 * BSDs too.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind(fer_tcp_listener *listener,
                                                     const char *host_port);

/**
 * Listens on one address, as fer_tcp_listener_bind.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_tcp_listener_close; addr is not kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not this machine's), FER_PERMISSION_DENIED,
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED (no IPv6 here; no dual stack on OpenBSD),
 * FER_INVALID_INPUT.
 * Rust: std::net::TcpListener::bind with a SocketAddr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind_addr(fer_tcp_listener *listener,
                                                          const fer_socket_addr *addr);

/**
 * Listens on the first of several addresses that can be bound; else the error is the last one's.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_tcp_listener_close; addrs, count elements, is not
 * kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not this machine's), FER_PERMISSION_DENIED,
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED (no IPv6 here; no dual stack on OpenBSD),
 * FER_INVALID_INPUT (also when count is 0 or addrs NULL).
 * Rust: std::net::TcpListener::bind with a &[SocketAddr].
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind_addrs(fer_tcp_listener *listener,
                                                           const fer_socket_addr *addrs,
                                                           size_t count);

/**
 * Waits for a connection and takes it.
 *
 * Connections that the OS calls dead are skipped. (Linux does not tell of one that was reset in its
 * queue: it is handed out, and its first read is FER_CONNECTION_RESET.) The stream starts blocking,
 * with no timeout, and is not inherited by child processes. peer, which may be NULL, gets the
 * remote address.
 *
 * Blocks: until a connection is there; not when the listener is nonblocking.
 * Owns: out owns the connection.
 * Errors: FER_WOULD_BLOCK (nonblocking), FER_TOO_MANY_OPEN_FILES (the connection stays queued:
 * close something, then call again), FER_NO_BUFFER_SPACE, FER_OUT_OF_MEMORY, FER_INVALID_INPUT (out
 * is open, NULL); FER_TIMED_OUT with os_code 0 for a listener that was built, or taken in, with a
 * read timeout on it, which is how to accept for a limited time; FER_CONNECTION_ABORTED after 65536
 * dead connections in a row.
 * Rust: std::net::TcpListener::accept. Differs: goes on after connections that died; never inherits
 * the listener's modes.
 * Threads: any number on one listener, each with its own out.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_accept(fer_tcp_listener *listener,
                                                       fer_tcp_stream *out, fer_socket_addr *peer);

/**
 * Takes a connection that is queued and never waits, whatever the mode is.
 *
 * Otherwise as fer_tcp_listener_accept. POSIX has no accept that does not wait on a blocking
 * listener: there the queue is looked at first, and the call waits after all if between the look
 * and the accept another thread or process takes the connection, or (on the BSDs and macOS) the
 * connection dies. On a nonblocking listener, fer_tcp_listener_set_nonblocking, there is no such
 * gap.
 *
 * Blocks: never, but as above.
 * Owns: as fer_tcp_listener_accept.
 * Errors: FER_WOULD_BLOCK where none is queued; else as fer_tcp_listener_accept.
 * Rust: std::net::TcpListener::accept, nonblocking for one call.
 * Threads: as fer_tcp_listener_accept.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_try_accept(fer_tcp_listener *listener,
                                                           fer_tcp_stream *out,
                                                           fer_socket_addr *peer);

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
 * Rust: mio: a poll for net::TcpListener, with a timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_ready(const fer_tcp_listener *listener,
                                                      fer_interest interest, fer_duration timeout,
                                                      fer_interest *ready);

/**
 * Tells the address that is listened on, with the real port.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpListener::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_local_addr(const fer_tcp_listener *listener,
                                                           fer_socket_addr *out);

/**
 * Makes a second handle of the same listener; it listens until the last is closed.
 *
 * Blocks: never.
 * Owns: out owns its handle and is closed by itself.
 * Errors: FER_INVALID_INPUT (out is open, NULL), FER_TOO_MANY_OPEN_FILES.
 * Rust: std::net::TcpListener::try_clone.
 * Threads: with accept on listener; nothing else on out.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_try_clone(fer_tcp_listener *listener,
                                                          fer_tcp_listener *out);

/**
 * Sets the time to live of packets, 1 to 255: on an IPv6 socket the unicast hop limit.
 *
 * Accepted connections start with it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT outside 1 to 255.
 * Rust: std::net::TcpListener::set_ttl; see fer_tcp_stream_set_ttl.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_set_ttl(fer_tcp_listener *listener, uint32_t ttl);

/**
 * Tells the time to live, on an IPv6 socket the unicast hop limit.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpListener::ttl.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_ttl(const fer_tcp_listener *listener,
                                                    uint32_t *out);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpListener::take_error.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_take_error(fer_tcp_listener *listener,
                                                           fer_error *out);

/**
 * Makes accept return FER_WOULD_BLOCK when no connection is queued, or wait again.
 *
 * The mode is the socket's: clones have it too. Accepted streams do not.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::TcpListener::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_set_nonblocking(fer_tcp_listener *listener,
                                                                bool nonblocking);

/**
 * Closes the handle; listening ends with its last handle.
 *
 * Harmless on NULL, on a NEW handle and on a CLOSED one. Connections still queued are reset.
 *
 * Blocks: never.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::net::TcpListener.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_tcp_listener_close(fer_tcp_listener *listener);

/**
 * Lends the raw socket; FER_RAW_SOCKET_NONE where there is none.
 *
 * As fer_tcp_stream_as_raw.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_tcp_listener_as_raw(const fer_tcp_listener *listener);

/**
 * Takes over a listening stream socket that was made elsewhere, such as one inherited from a
 * service manager.
 *
 * As fer_tcp_stream_from_raw.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not a listening IP stream socket; listener is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_tcp_listener_from_raw(fer_tcp_listener *listener,
                                                         fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * As fer_tcp_stream_into_raw.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_tcp_listener_into_raw(fer_tcp_listener *listener);

#ifdef __cplusplus
}
#endif

#endif

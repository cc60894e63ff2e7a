/* unix.h: UnixStream, UnixListener, UnixDatagram and SocketAddr of std::os::unix::net: sockets
 * whose addresses are paths.
 *
 * docs/RULES.md has what holds for every call (ferrule_rules(7)). A stream here behaves like a
 * fer_tcp_stream, and a listener like a fer_tcp_listener (rule X3). A datagram socket follows the
 * rules of fer_udp_socket in udp.h for handles, misuse and threads. A path remains in the file
 * system when its socket is closed. The program that bound it removes it. On Windows call
 * DeleteFileW without a check, because functions that query a file's properties are reported to
 * fail for such a path. A refused connect does not show that a path is unused: a full queue refuses
 * too on some systems (`unix_full_queue`). Windows 10 has streams and listeners since version 1803.
 * A feature that the OS, or its version, does not have is FER_UNSUPPORTED.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE and other errors of the OS.
 * Rust: std::os::unix::net::TYPE::NAME.
 * Threads: concurrent with any other call on the handle except close. */
#ifndef FERRULE_UNIX_H
#define FERRULE_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

FER_BEGIN_DECLS

/* The length of the longest name in bytes, without a NUL. A path of this length can only come from
 * the OS, not from fer_unix_addr_from_pathname. */
#define FER_UNIX_ADDR_NAME_MAX 108

/* The address of a Unix socket: unnamed (all zero bytes), a path, or on Linux an abstract name. A
 * plain value. Its members are private. */
typedef struct fer_unix_addr {
    uint16_t kind_;
    uint16_t len_;
    char name_[FER_UNIX_ADDR_NAME_MAX + 4];
} fer_unix_addr;

/* A connection of Unix sockets. Initialize to all zero bytes. */
typedef struct fer_unix_stream {
    fer_handle handle_;
} fer_unix_stream;

/* A Unix socket that accepts connections. Initialize to all zero bytes. */
typedef struct fer_unix_listener {
    fer_handle handle_;
} fer_unix_listener;

/* A Unix datagram socket. Initialize to all zero bytes. */
typedef struct fer_unix_datagram {
    fer_handle handle_;
} fer_unix_datagram;

/* A received datagram. len is the number of bytes in the buffer. truncated is true if further bytes
 * were lost. from is the sender. */
typedef struct fer_unix_received {
    size_t len;
    bool truncated;
    fer_unix_addr from;
} fer_unix_received;

/* The identity of the process at the other end of a stream. pid is -1 if the system has none. */
typedef struct fer_unix_cred {
    uint32_t uid;
    uint32_t gid;
    int32_t pid;
} fer_unix_cred;

/* The most handles that one call sends: the limit of Linux (unix(7), SCM_MAX_FD). */
#define FER_UNIX_HANDLES_MAX 253

/* What a receive of handles has stored. len is the number of bytes in the buffer, count the number
 * of handles in the array, which the caller now owns. handles_truncated is true if the peer sent
 * more handles than that: they are closed. truncated and from are of a datagram, as in
 * fer_unix_received; of a stream they are false and the unnamed address. */
typedef struct fer_unix_received_handles {
    size_t len;
    size_t count;
    bool handles_truncated;
    bool truncated;
    fer_unix_addr from;
} fer_unix_received_handles;

/* ---- Addresses
 *
 * Rust: std::os::unix::net::SocketAddr::NAME.
 * Threads: any number of concurrent calls. */

/** Makes the address of a path. path is NUL-terminated, not empty, and at most 107 bytes long (103
 * on macOS and the BSDs). The path need not exist.
 * Errors: FER_MISUSE (NULL), FER_INVALID_INPUT (empty, too long).
 * Rust: the default. Differs: an empty path is refused; in Rust it is the unnamed address. */
FER_MUST_USE FER_API fer_error fer_unix_addr_from_pathname(fer_unix_addr *out, const char *path);

/** Makes the address of an abstract name: a name without a file, on Linux only (unix(7),
 * "abstract"). len is 0 to 107. name may contain any bytes, including zero bytes. It may be NULL if
 * len is 0. The name disappears with its last socket.
 * Errors: FER_UNSUPPORTED (not Linux), FER_MISUSE (NULL), FER_INVALID_INPUT (too long).
 * Rust: std::os::linux::net::SocketAddrExt::from_abstract_name. */
FER_MUST_USE FER_API fer_error fer_unix_addr_from_abstract_name(fer_unix_addr *out,
                                                                const void *FER_NULLABLE name,
                                                                size_t len) FER_IN_READS(2, 3);

/** Returns true if the address is that of a socket without a name; false for NULL. */
FER_API bool fer_unix_addr_is_unnamed(const fer_unix_addr *addr);

/** Returns the path, NUL-terminated, or NULL if addr is NULL or not a path.
 * Owns: the text is part of addr. */
FER_API const char *FER_NULLABLE fer_unix_addr_as_pathname(const fer_unix_addr *addr);

/** Returns the bytes of an abstract name and stores their number in *len. Returns NULL and leaves
 * *len unchanged if the address is not an abstract name, or if a pointer is NULL.
 * Owns: the bytes are part of addr.
 * Rust: std::os::linux::net::SocketAddrExt::as_abstract_name. */
FER_API const void *FER_NULLABLE fer_unix_addr_as_abstract_name(const fer_unix_addr *addr,
                                                                size_t *len);

/** Makes a Unix address from a sockaddr_un of the system's headers, of len bytes, as accept(2) and
 * recvfrom(2) store it. sockaddr may be unaligned. A len of 0, and one that ends before the path,
 * is the unnamed address; so is a path that begins with a zero byte, except for an abstract name on
 * Linux. sun_len of macOS and the BSDs is not read.
 * Errors: FER_INVALID_INPUT (len is too short for a family, or the name is too long),
 * FER_UNSUPPORTED (another family), FER_MISUSE (a pointer is NULL). *out is unchanged then.
 * Rust: socket2::SockAddr::as_unix. */
FER_MUST_USE FER_API fer_error fer_unix_addr_from_sockaddr(fer_unix_addr *out, const void *sockaddr,
                                                           size_t len) FER_IN_READS(2, 3);

/** Writes a Unix address as a sockaddr_un of the system's headers. buf may be unaligned. *n is the
 * length of the address with its name, for the unnamed address that of the family alone; n may be
 * NULL. A sockaddr_storage holds every address.
 * Owns: buf is caller-owned, len bytes.
 * Errors: FER_BUFFER_TOO_SMALL (len), FER_INVALID_INPUT (no address: memory that no function has
 * set), FER_MISUSE (addr is NULL, or buf is and len is not 0). *n is 0 then, and buf is unchanged.
 * Rust: socket2::SockAddr::unix. */
FER_MUST_USE FER_API fer_error fer_unix_addr_to_sockaddr(const fer_unix_addr *addr,
                                                         void *FER_NULLABLE buf, size_t len,
                                                         size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/* ---- UnixStream: connecting
 *
 * Owns: the handle owns the connection until fer_unix_stream_close. No pointer is kept.
 * Threads: no concurrent call on the handle. */

/** Connects to the listener at a path. path has the format of fer_unix_addr_from_pathname.
 * Blocks: on Linux while the listener's accept queue is full; on other systems a full queue is
 * FER_CONNECTION_REFUSED. A signal does not end the call. fer_socket_connect_unix has limits.
 * Errors: FER_INVALID_INPUT (an empty path, or one that is too long), FER_NOT_FOUND (no such path;
 * Windows: `unix_missing_path`), FER_CONNECTION_REFUSED (no listener at the path),
 * FER_PERMISSION_DENIED, FER_UNSUPPORTED, FER_MISUSE, FER_TOO_MANY_OPEN_FILES, FER_FILESYSTEM_LOOP,
 * FER_INVALID_FILENAME and FER_NOT_A_DIRECTORY (the path), FER_CONNECTION_ABORTED (Windows does not
 * tell the cause) and other errors of the OS. */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect(fer_unix_stream *stream, const char *path)
    FER_INOUT(1);

/** Connects to the listener at an address. Otherwise same as fer_unix_stream_connect.
 * Blocks: same as fer_unix_stream_connect.
 * Errors: same as fer_unix_stream_connect. FER_INVALID_INPUT also for the unnamed address. */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect_addr(fer_unix_stream *stream,
                                                            const fer_unix_addr *addr) FER_INOUT(1);

/** Starts to connect to an address and does not wait for the result. Same as
 * fer_tcp_stream_connect_start, with one difference: on POSIX the connect has succeeded or failed
 * when the call returns. If the listener's accept queue is full, the result on Linux is
 * FER_RESOURCE_BUSY: no connect is pending, the handle is NEW, and the call can be repeated. Only
 * on Windows the connect may be pending.
 * Errors: FER_RESOURCE_BUSY as above; otherwise same as fer_unix_stream_connect_addr.
 * Rust: mio: net::UnixStream::connect_addr. Differs: in mio a full queue is WouldBlock. */
FER_MUST_USE FER_API fer_error fer_unix_stream_connect_start(fer_unix_stream *stream,
                                                             const fer_unix_addr *addr)
    FER_INOUT(1);

/** Makes two unnamed streams that are connected to each other.
 * Owns: each handle owns its end until fer_unix_stream_close.
 * Errors: FER_UNSUPPORTED (Windows), FER_TOO_MANY_OPEN_FILES, FER_MISUSE (an open handle; the same
 * handle twice) and other errors of the OS.
 * Threads: no concurrent call on either handle. */
FER_MUST_USE FER_API fer_error fer_unix_stream_pair(fer_unix_stream *one, fer_unix_stream *other)
    FER_INOUT(1) FER_INOUT(2);

/* ---- UnixStream: addresses, shutdown, clones */

/** Makes a second handle of the same connection. Same as fer_tcp_stream_try_clone.
 * Owns: out is a separate handle; close it with fer_unix_stream_close.
 * Errors: same as fer_tcp_stream_try_clone.
 * Threads: stream: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_clone(fer_unix_stream *stream,
                                                         fer_unix_stream *out) FER_INOUT(1)
    FER_INOUT(2);

/** Stores the socket's local address in *out. It is unnamed if the socket has no name. */
FER_MUST_USE FER_API fer_error fer_unix_stream_local_addr(const fer_unix_stream *stream,
                                                          fer_unix_addr *out);

/** Stores the connection's peer address in *out. It is unnamed if the peer has no name. Otherwise
 * same as fer_tcp_stream_peer_addr.
 * Errors: same as fer_tcp_stream_peer_addr. */
FER_MUST_USE FER_API fer_error fer_unix_stream_peer_addr(const fer_unix_stream *stream,
                                                         fer_unix_addr *out);

/** Stores the effective user, the effective group and the process of the peer in *out. A server
 * decides by it which clients it serves. The system recorded them when the peer called connect or,
 * if the peer accepted the connection, when its listener called listen. They do not change if the
 * peer changes its user or passes its descriptor to another process. A pid is only a hint, because
 * the process may have ended and its number may be in use again. On Linux uid and gid are those of
 * this process's user namespace, and pid is -1 if the peer is in no visible PID namespace. On macOS
 * pid is -1 once the peer has closed. Query them before the stream's end of file, for example after
 * accept. Windows has no user and group of a peer (SIO_AF_UNIX_GETPEERPID returns a process id
 * only).
 * Errors: same as fer_unix_stream_peer_addr; FER_NOT_CONNECTED is reported for a pair on NetBSD.
 * FER_UNSUPPORTED on Windows.
 * Rust: tokio: net::UnixStream::peer_cred; unstable in std. */
FER_MUST_USE FER_API fer_error fer_unix_stream_peer_cred(const fer_unix_stream *stream,
                                                         fer_unix_cred *out);

/** Shuts down the read half, the write half or both, for this handle and its clones. Same as
 * fer_tcp_stream_shutdown. On Linux, and on FreeBSD from 15 on, a shutdown of the read half makes
 * the peer's writes FER_BROKEN_PIPE (`unix_shut_read`).
 * Errors: same as fer_tcp_stream_shutdown. */
FER_MUST_USE FER_API fer_error fer_unix_stream_shutdown(fer_unix_stream *stream, fer_shutdown how)
    FER_INOUT(1);

/* ---- UnixStream: bytes
 *
 * Blocks: same as fer_tcp_stream_NAME.
 * Owns: same as fer_tcp_stream_NAME.
 * Errors: same as fer_tcp_stream_NAME.
 * Rust: tokio: net::UnixStream::NAME.
 * Threads: one read call and one write call at once, and any other call except close. */

/** Reads available bytes, at most len. If len is not 0, FER_OK with *n == 0 is end of file. Same as
 * fer_tcp_stream_read.
 * Rust: std::io::Read::read for UnixStream. */
FER_MUST_USE FER_API fer_error fer_unix_stream_read(fer_unix_stream *stream, void *FER_NULLABLE buf,
                                                    size_t len, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming: the next read returns the same bytes again. Otherwise same as
 * fer_unix_stream_read. A peek that returns end of file counts as reading it.
 * Rust: std::os::unix::net::UnixStream::peek (unstable in Rust). */
FER_MUST_USE FER_API fer_error fer_unix_stream_peek(fer_unix_stream *stream, void *FER_NULLABLE buf,
                                                    size_t len, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming and never waits. Otherwise same as fer_unix_stream_peek.
 * Rust: std's peek, called through tokio: net::UnixStream::try_io. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_peek(fer_unix_stream *stream,
                                                        void *FER_NULLABLE buf, size_t len,
                                                        size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads available bytes and never waits. Otherwise same as fer_unix_stream_read. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_read(fer_unix_stream *stream,
                                                        void *FER_NULLABLE buf, size_t len,
                                                        size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads into several buffers, and fills each one before the next. If the number of slices or the
 * sum of their lengths exceeds the OS's limit, the call reads less. This is no error (rule R3).
 * Rust: std::io::Read::read_vectored for UnixStream. */
FER_MUST_USE FER_API fer_error
fer_unix_stream_read_vectored(fer_unix_stream *stream, const fer_io_slice_mut *FER_NULLABLE slices,
                              size_t count, size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Reads into several buffers and never waits. Otherwise same as fer_unix_stream_read_vectored. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_read_vectored(
    fer_unix_stream *stream, const fer_io_slice_mut *FER_NULLABLE slices, size_t count,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Reads exactly len bytes, with as many reads as necessary. Same as fer_tcp_stream_read_exact.
 * Rust: std::io::Read::read_exact for UnixStream. */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_exact(fer_unix_stream *stream,
                                                          void *FER_NULLABLE buf, size_t len,
                                                          size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads until end of file into a buffer of cap bytes. Same as fer_tcp_stream_read_to_end.
 * Rust: std::io::Read::read_to_end for UnixStream. */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_to_end(fer_unix_stream *stream,
                                                           void *FER_NULLABLE buf, size_t cap,
                                                           size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Writes up to len bytes. *n is the number of bytes that the OS accepted, which may be fewer than
 * len. Same as fer_tcp_stream_write.
 * Rust: std::io::Write::write for UnixStream. */
FER_MUST_USE FER_API fer_error fer_unix_stream_write(fer_unix_stream *stream,
                                                     const void *FER_NULLABLE buf, size_t len,
                                                     size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Writes as many bytes as there is room for and never waits. Otherwise same as
 * fer_unix_stream_write. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_write(fer_unix_stream *stream,
                                                         const void *FER_NULLABLE buf, size_t len,
                                                         size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Writes from several buffers, in order. If the number of slices or the sum of their lengths
 * exceeds the OS's limit, the call writes less. This is no error (rule R3).
 * Rust: std::io::Write::write_vectored for UnixStream. Differs: never raises SIGPIPE. */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_vectored(
    fer_unix_stream *stream, const fer_io_slice *FER_NULLABLE slices, size_t count,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Writes from several buffers as many bytes as there is room for and never waits. Otherwise same
 * as fer_unix_stream_write_vectored. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_write_vectored(
    fer_unix_stream *stream, const fer_io_slice *FER_NULLABLE slices, size_t count,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Writes all len bytes, with as many writes as necessary. Same as fer_tcp_stream_write_all.
 * Rust: std::io::Write::write_all for UnixStream. */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_all(fer_unix_stream *stream,
                                                         const void *FER_NULLABLE buf, size_t len,
                                                         size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/* ---- UnixStream: handles, not on Windows
 *
 * A Unix socket passes open sockets and other file descriptors to another process, for example a
 * listener to the successor of a server. A handle here is the raw socket or descriptor, as _as_raw
 * and _into_raw return it. The receiver gets a new descriptor of the same socket or file, and makes
 * a ferrule handle of it with _from_raw. On Windows pass the record of WSADuplicateSocketW instead,
 * through any stream; the receiver calls WSASocketW with it, and then _from_raw.
 *
 * Rules X7 and X8 hold. The handles travel with the first byte of their message. The recv_handles
 * call that returns this byte returns the handles. A plain read or receive that takes this byte
 * closes them. One call never returns the handles of two messages: it stops before the next message
 * that has handles. On Linux the bytes that it returns may begin with bytes that were sent before
 * the message.
 *
 * Blocks: never.
 * Threads: send_handles is a write of the handle, and recv_handles a read. */

/** Writes up to len bytes and sends count handles with the first of them. If *n is not 0, the
 * handles are sent, and the rest of the bytes can be written with fer_unix_stream_write_all. If *n
 * is 0, nothing is sent. handles may be NULL if count is 0.
 * Blocks: same as fer_unix_stream_write.
 * Owns: the caller still owns the handles, and may close them when the call returns.
 * Errors: FER_INVALID_INPUT (count is not 0 and len is 0; more than FER_UNIX_HANDLES_MAX handles,
 * or than the OS passes at once), FER_BAD_HANDLE (one of them is not open), FER_TOO_MANY_OPEN_FILES
 * (too many are in flight), FER_UNSUPPORTED (Windows), FER_MESSAGE_TOO_LONG (macOS, NetBSD: the
 * queue is full, see the row `unix_full_handles`); otherwise same as fer_unix_stream_write.
 * Rust: std: UnixStream::send_vectored_with_ancillary (unstable); socket.send_fds in Python. */
FER_MUST_USE FER_API fer_error fer_unix_stream_send_handles(
    fer_unix_stream *stream, const void *FER_NULLABLE buf, size_t len,
    const fer_raw_socket *FER_NULLABLE handles, size_t count, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3) FER_IN_READS(4, 5);

/** Writes up to len bytes with handles and never waits. Otherwise same as
 * fer_unix_stream_send_handles.
 * Errors: FER_WOULD_BLOCK (the queue is full); otherwise same as fer_unix_stream_send_handles, but
 * no expired timeout.
 * Rust: none in std; socket.send_fds with MSG_DONTWAIT in Python. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_send_handles(
    fer_unix_stream *stream, const void *FER_NULLABLE buf, size_t len,
    const fer_raw_socket *FER_NULLABLE handles, size_t count, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3) FER_IN_READS(4, 5);

/** Reads at most len bytes, and stores the handles that came with them, at most cap. FER_OK with
 * out->len 0 is end of file. Handles beyond cap are closed. If the process may open no more files,
 * Linux closes the handles that do not fit, and other systems close all handles of the message.
 * out->handles_truncated is true in both cases. The handles are not inherited by other programs
 * (close-on-exec). On macOS this is set after they were received, so that a program that another
 * thread starts meanwhile may inherit them. handles may be NULL if cap is 0. *out is unchanged
 * after a failure.
 * Blocks: same as fer_unix_stream_read.
 * Owns: the caller owns the stored handles: it adopts them with a _from_raw call, or closes them
 * with close(2), on the simulated network with fer_socket_from_raw and fer_socket_close.
 * Errors: FER_INVALID_INPUT (len is 0), FER_UNSUPPORTED (Windows); otherwise same as
 * fer_unix_stream_read.
 * Rust: std: UnixStream::recv_vectored_with_ancillary (unstable); socket.recv_fds in Python. */
FER_MUST_USE FER_API fer_error fer_unix_stream_recv_handles(fer_unix_stream *stream,
                                                            void *FER_NULLABLE buf, size_t len,
                                                            fer_raw_socket *FER_NULLABLE handles,
                                                            size_t cap,
                                                            fer_unix_received_handles *out)
    FER_INOUT(1) FER_OUT_WRITES(2, 3) FER_OUT_WRITES(4, 5);

/** Reads bytes and handles that have arrived, and never waits. Otherwise same as
 * fer_unix_stream_recv_handles.
 * Owns: same as fer_unix_stream_recv_handles.
 * Errors: FER_WOULD_BLOCK (no data available); otherwise same as fer_unix_stream_recv_handles, but
 * no expired timeout.
 * Rust: none in std; socket.recv_fds with MSG_DONTWAIT in Python. */
FER_MUST_USE FER_API fer_error fer_unix_stream_try_recv_handles(
    fer_unix_stream *stream, void *FER_NULLABLE buf, size_t len,
    fer_raw_socket *FER_NULLABLE handles, size_t cap, fer_unix_received_handles *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3) FER_OUT_WRITES(4, 5);

/* ---- UnixStream: timeouts and modes, as in tcp.h. Clones share both, but no limits (T6, K3). */

/** Sets the timeout of each single read. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_read_timeout(fer_unix_stream *stream,
                                                                fer_duration timeout) FER_INOUT(1);

/** Sets the timeout of each single write. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_write_timeout(fer_unix_stream *stream,
                                                                 fer_duration timeout) FER_INOUT(1);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_unix_stream_read_timeout(const fer_unix_stream *stream,
                                                            fer_duration *out);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_unix_stream_write_timeout(const fer_unix_stream *stream,
                                                             fer_duration *out);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. The limits are copied.
 * Owns: same as fer_tcp_stream_set_limits.
 * Errors: same as fer_tcp_stream_set_limits.
 * Rust: none in std; tokio::time::timeout and select! around a read or a write. */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_limits(fer_unix_stream *stream,
                                                          const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode a call that would
 * wait returns FER_WOULD_BLOCK. Same as fer_tcp_stream_set_nonblocking. */
FER_MUST_USE FER_API fer_error fer_unix_stream_set_nonblocking(fer_unix_stream *stream,
                                                               bool nonblocking) FER_INOUT(1);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. Same as
 * fer_tcp_stream_take_error.
 * Errors: FER_WOULD_BLOCK (pending connect), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_stream_take_error(fer_unix_stream *stream, fer_error *out)
    FER_INOUT(1);

/** Waits until the stream is ready for at least one interest: FER_READABLE, FER_WRITABLE, or both
 * joined by |. *ready is the subset of interest that is ready. Same as fer_tcp_stream_ready.
 * Blocks: same as fer_tcp_stream_ready.
 * Errors: same as fer_tcp_stream_ready.
 * Rust: tokio: net::UnixStream::ready, with a timeout. */
FER_MUST_USE FER_API fer_error fer_unix_stream_ready(const fer_unix_stream *stream,
                                                     fer_interest interest, fer_duration timeout,
                                                     fer_interest *ready);

/* ---- UnixStream: closing and raw sockets
 *
 * Threads: no concurrent call on the handle. */

/** Closes the handle. Does nothing on NULL, NEW and CLOSED handles. The path remains.
 * Blocks: never, except for a linger time that was set (fer_socket_set_linger).
 * Owns: releases the handle's socket.
 * Rust: Drop for std::os::unix::net::UnixStream. */
FER_API void fer_unix_stream_close(fer_unix_stream *stream) FER_INOUT(1);

/** Shuts down the write half, discards input until the peer's end of file, and closes the handle:
 * the lingering close of HTTP servers (RFC 9112, 9.6). Same as fer_tcp_stream_close_gracefully.
 * Blocks: same as fer_tcp_stream_close_gracefully.
 * Owns: releases the handle's socket.
 * Errors: same as fer_tcp_stream_close_gracefully.
 * Rust: none in std; tokio: shutdown, then io::copy to sink, within time::timeout. */
FER_MUST_USE FER_API fer_error fer_unix_stream_close_gracefully(fer_unix_stream *stream,
                                                                fer_duration timeout) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. Do
 * not close it. Change its blocking mode and timeouts only through ferrule.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd.
 * Threads: concurrent with any other call on the handle except close. */
FER_API fer_raw_socket fer_unix_stream_as_raw(const fer_unix_stream *stream);

/** Takes ownership of a connected Unix stream socket that was made elsewhere. Its close-on-exec
 * flag is left unchanged. On Windows blocking mode is assumed, because it cannot be queried.
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (stream is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not a connected Unix stream socket, not overlapped: see
 * fer_tcp_stream_from_raw) and other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_unix_stream_from_raw(fer_unix_stream *stream, fer_raw_socket raw)
    FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. Same as fer_tcp_stream_into_raw.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd. */
FER_MUST_USE FER_API fer_raw_socket fer_unix_stream_into_raw(fer_unix_stream *stream) FER_INOUT(1);

/* ---- UnixListener */

/** Creates a path and listens there. On POSIX its permissions are those that the umask leaves. The
 * backlog is 128. path has the format of fer_unix_addr_from_pathname. If a file of that name
 * exists, even one left by an earlier listener, the result is FER_ADDR_IN_USE.
 * Owns: the handle owns the socket, but not the path, until fer_unix_listener_close.
 * Errors: FER_INVALID_INPUT (an empty path, or one that is too long), FER_ADDR_IN_USE,
 * FER_ALREADY_EXISTS (macOS: the path was created during the call), FER_NOT_FOUND (no such
 * directory), FER_PERMISSION_DENIED, FER_UNSUPPORTED, FER_MISUSE, FER_TOO_MANY_OPEN_FILES,
 * FER_FILESYSTEM_LOOP, FER_INVALID_FILENAME, FER_NOT_A_DIRECTORY, FER_READ_ONLY_FILESYSTEM and
 * FER_STORAGE_FULL (the path) and other errors of the OS.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_unix_listener_bind(fer_unix_listener *listener, const char *path)
    FER_INOUT(1);

/** Listens at an address. Otherwise same as fer_unix_listener_bind.
 * Owns: the handle owns the socket until fer_unix_listener_close. addr is not kept.
 * Errors: same as fer_unix_listener_bind. FER_INVALID_INPUT also for the unnamed address.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_unix_listener_bind_addr(fer_unix_listener *listener,
                                                           const fer_unix_addr *addr) FER_INOUT(1);

/** Waits for a connection and accepts it. Same as fer_tcp_listener_accept: dead connections are
 * skipped, out starts in blocking mode, and a cancel token in limits that were set before the call
 * ends it. peer may be NULL; otherwise *peer is the peer address. It is usually unnamed. It is
 * unnamed too if the peer has closed and the OS no longer returns its address.
 * Blocks: until a connection arrives, at most the timeout of the listener
 * (fer_socket_set_read_timeout of fer_unix_listener_as_socket), and within the limits of the
 * handle. Never in nonblocking mode.
 * Owns: the handle out owns the connection until fer_unix_stream_close.
 * Errors: same as fer_tcp_listener_accept.
 * Rust: the default, and each step of incoming.
 * Threads: any number of concurrent calls on one listener, each with its own out. */
FER_MUST_USE FER_API fer_error fer_unix_listener_accept(fer_unix_listener *listener,
                                                        fer_unix_stream *out,
                                                        fer_unix_addr *FER_NULLABLE peer)
    FER_INOUT(1) FER_INOUT(2);

/** Accepts a queued connection and never waits, regardless of the blocking mode. Otherwise same as
 * fer_unix_listener_accept. On POSIX it has the race of fer_tcp_listener_try_accept.
 * Blocks: never, except for that race.
 * Owns: same as fer_unix_listener_accept.
 * Errors: FER_WOULD_BLOCK (no connection is queued); otherwise same as fer_unix_listener_accept in
 * nonblocking mode.
 * Rust: std::os::unix::net::UnixListener::accept, nonblocking for one call.
 * Threads: same as fer_unix_listener_accept. */
FER_MUST_USE FER_API fer_error fer_unix_listener_try_accept(fer_unix_listener *listener,
                                                            fer_unix_stream *out,
                                                            fer_unix_addr *FER_NULLABLE peer)
    FER_INOUT(1) FER_INOUT(2);

/** Waits until a connection is queued: FER_READABLE. A listener is never writable. Same as
 * fer_tcp_listener_ready.
 * Blocks: same as fer_tcp_listener_ready.
 * Errors: same as fer_tcp_listener_ready.
 * Rust: mio: a poll for net::UnixListener, with a timeout. */
FER_MUST_USE FER_API fer_error fer_unix_listener_ready(const fer_unix_listener *listener,
                                                       fer_interest interest, fer_duration timeout,
                                                       fer_interest *ready);

/** Makes a second handle of the same listener. It listens until the last handle is closed.
 * Owns: out is a separate handle; close it with fer_unix_listener_close.
 * Errors: same as fer_tcp_listener_try_clone.
 * Threads: listener: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_unix_listener_try_clone(fer_unix_listener *listener,
                                                           fer_unix_listener *out) FER_INOUT(1)
    FER_INOUT(2);

/** Stores the socket's local address in *out. It is unnamed if the socket has no name. */
FER_MUST_USE FER_API fer_error fer_unix_listener_local_addr(const fer_unix_listener *listener,
                                                            fer_unix_addr *out);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * Same as fer_tcp_listener_set_limits.
 * Owns: same as fer_tcp_listener_set_limits.
 * Errors: same as fer_tcp_listener_set_limits.
 * Rust: none in std; tokio::time::timeout and select! around an accept. */
FER_MUST_USE FER_API fer_error fer_unix_listener_set_limits(fer_unix_listener *listener,
                                                            const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode accept returns
 * FER_WOULD_BLOCK if no connection is queued. Same as fer_tcp_listener_set_nonblocking. */
FER_MUST_USE FER_API fer_error fer_unix_listener_set_nonblocking(fer_unix_listener *listener,
                                                                 bool nonblocking) FER_INOUT(1);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. */
FER_MUST_USE FER_API fer_error fer_unix_listener_take_error(fer_unix_listener *listener,
                                                            fer_error *out) FER_INOUT(1);

/** Closes the handle. Does nothing on NULL, NEW and CLOSED handles. The path remains.
 * Owns: releases the handle's socket.
 * Rust: Drop for std::os::unix::net::UnixListener.
 * Threads: no concurrent call on the handle. */
FER_API void fer_unix_listener_close(fer_unix_listener *listener) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. Do
 * not close it. Change its blocking mode and timeouts only through ferrule.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd. */
FER_API fer_raw_socket fer_unix_listener_as_raw(const fer_unix_listener *listener);

/** Takes ownership of a listening Unix stream socket that was made elsewhere. Its close-on-exec
 * flag is left unchanged. On Windows blocking mode is assumed, because it cannot be queried.
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (listener is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not a listening Unix stream socket, not overlapped: see
 * fer_tcp_stream_from_raw) and other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_unix_listener_from_raw(fer_unix_listener *listener,
                                                          fer_raw_socket raw) FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. Same as fer_tcp_stream_into_raw.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_raw_socket fer_unix_listener_into_raw(fer_unix_listener *listener)
    FER_INOUT(1);

/* ---- UnixDatagram: binding and connecting, not on Windows
 *
 * Owns: the handle owns the socket until fer_unix_datagram_close. No pointer is kept.
 * Threads: no concurrent call on the handle. */

/** Creates a path and a socket that receives there. path has the format of
 * fer_unix_addr_from_pathname.
 * Owns: the handle owns the socket, but not the path, until fer_unix_datagram_close.
 * Errors: same as fer_unix_listener_bind. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_bind(fer_unix_datagram *socket, const char *path)
    FER_INOUT(1);

/** Makes a socket that receives at an address. Otherwise same as fer_unix_datagram_bind.
 * Errors: same as fer_unix_datagram_bind. FER_INVALID_INPUT also for the unnamed address. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_bind_addr(fer_unix_datagram *socket,
                                                           const fer_unix_addr *addr) FER_INOUT(1);

/** Makes an unnamed socket: it can send, but no other socket can send to it.
 * Errors: FER_UNSUPPORTED, FER_TOO_MANY_OPEN_FILES, and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_unbound(fer_unix_datagram *socket) FER_INOUT(1);

/** Makes two unnamed sockets that are connected to each other.
 * Owns: each handle owns its socket until fer_unix_datagram_close.
 * Errors: FER_UNSUPPORTED, FER_TOO_MANY_OPEN_FILES, FER_MISUSE (an open handle; the same handle
 * twice) and other errors of the OS.
 * Threads: no concurrent call on either handle. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_pair(fer_unix_datagram *one,
                                                      fer_unix_datagram *other) FER_INOUT(1)
    FER_INOUT(2);

/** Connects to the socket at a path, the peer: fer_unix_datagram_send sends to it, and only it can
 * send to this socket (not on macOS and the BSDs: `unix_other_senders`). Datagrams that were queued
 * before are still received. A second connect, to another peer, discards them on Linux.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_INVALID_INPUT (an empty path, or one that is too long), FER_NOT_FOUND (no such path),
 * FER_CONNECTION_REFUSED (no socket is open there), FER_PERMISSION_DENIED, FER_FILESYSTEM_LOOP,
 * FER_INVALID_FILENAME and FER_NOT_A_DIRECTORY (the path), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_connect(fer_unix_datagram *socket,
                                                         const char *path) FER_INOUT(1);

/** Connects to the socket at an address. Otherwise same as fer_unix_datagram_connect.
 * Owns: nothing; no pointer is kept.
 * Errors: same as fer_unix_datagram_connect. FER_INVALID_INPUT also for the unnamed address. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_connect_addr(fer_unix_datagram *socket,
                                                              const fer_unix_addr *addr)
    FER_INOUT(1);

/* ---- UnixDatagram: addresses and clones */

/** Makes a second handle of the same socket.
 * Owns: out is a separate handle; close it with fer_unix_datagram_close.
 * Errors: FER_MISUSE (out is open), FER_TOO_MANY_OPEN_FILES and other errors of the OS.
 * Threads: socket: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_clone(fer_unix_datagram *socket,
                                                           fer_unix_datagram *out) FER_INOUT(1)
    FER_INOUT(2);

/** Stores the socket's local address in *out. It is unnamed if the socket has no name. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_local_addr(const fer_unix_datagram *socket,
                                                            fer_unix_addr *out);

/** Stores the connected socket's peer address in *out.
 * Errors: FER_NOT_CONNECTED, and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_peer_addr(const fer_unix_datagram *socket,
                                                           fer_unix_addr *out);

/* ---- UnixDatagram: sending and receiving
 *
 * A datagram is sent whole or not at all. buf may be NULL if len is 0. *n is len, or 0 after a
 * failure; n may be NULL. A _try_ call never waits, regardless of the blocking mode and the
 * timeouts. Otherwise it is the same as the call without _try_.
 *
 * Blocks: while the receiver's queue is full, at most the write timeout. Never in nonblocking mode.
 * On macOS and the BSDs a full queue is FER_NO_BUFFER_SPACE instead. The handle's limits end it
 * with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Threads: one receive call and one send call at once, and any other call except close. */

/** Sends one datagram to the peer.
 * Errors: FER_NOT_CONNECTED (no peer), FER_CONNECTION_REFUSED (the peer is closed; reported once,
 * then there is no peer: `unix_datagram_gone`), FER_CONNECTION_RESET (macOS and the BSDs: the same;
 * Linux: the peer has connected to another socket; reported once), FER_MESSAGE_TOO_LONG,
 * FER_WOULD_BLOCK (nonblocking mode), FER_NO_BUFFER_SPACE (macOS and the BSDs: the receiver's queue
 * is full), FER_TIMED_OUT, FER_CANCELLED, FER_INTERRUPTED, FER_BROKEN_PIPE (sending is shut down
 * here, or on Linux and macOS receiving at the other socket), FER_MISUSE and other errors of the
 * OS.
 * Rust: the default. Differs: never raises SIGPIPE. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send(fer_unix_datagram *socket,
                                                      const void *FER_NULLABLE buf, size_t len,
                                                      size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Sends one datagram to the socket at a path.
 * Errors: FER_INVALID_INPUT (an empty path, or one that is too long), FER_NOT_FOUND (no such path),
 * FER_CONNECTION_REFUSED (the receiver is closed), FER_CONNECTION_RESET (macOS and the BSDs: this
 * socket's peer is closed, whatever the path; reported once, by the first call),
 * FER_MESSAGE_TOO_LONG, FER_WOULD_BLOCK (nonblocking mode), FER_NO_BUFFER_SPACE (macOS and the
 * BSDs: the receiver's queue is full), FER_TIMED_OUT, FER_CANCELLED, FER_INTERRUPTED,
 * FER_BROKEN_PIPE (sending is shut down here, or on Linux and macOS receiving at the other socket),
 * FER_MISUSE, FER_FILESYSTEM_LOOP and FER_NOT_A_DIRECTORY (the path) and other errors of the OS. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send_to(fer_unix_datagram *socket,
                                                         const void *FER_NULLABLE buf, size_t len,
                                                         const char *path, size_t *FER_NULLABLE n)
    FER_INOUT(1) FER_IN_READS(2, 3);

/** Sends one datagram to the socket at an address.
 * Errors: same as fer_unix_datagram_send_to. FER_INVALID_INPUT also for the unnamed address. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_send_to_addr(fer_unix_datagram *socket,
                                                              const void *FER_NULLABLE buf,
                                                              size_t len, const fer_unix_addr *addr,
                                                              size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Receives one datagram. If the datagram is longer than len, out->truncated is set. The first len
 * bytes are stored, the rest is lost. If receiving is shut down, through this handle or another,
 * and no datagram is queued, the result is FER_OK with out->len 0 and the unnamed address, in
 * nonblocking mode too.
 * Blocks: until a datagram arrives or receiving is shut down, at most the read timeout. Never in
 * nonblocking mode. The handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_WOULD_BLOCK (nonblocking mode), FER_TIMED_OUT, FER_CANCELLED, FER_INTERRUPTED,
 * FER_CONNECTION_RESET (Linux: the peer has connected to another socket; macOS and the BSDs: the
 * peer is closed; both reported once), FER_MISUSE and other errors of the OS. *out is unchanged
 * then. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_recv_from(fer_unix_datagram *socket,
                                                           void *FER_NULLABLE buf, size_t len,
                                                           fer_unix_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Receives one datagram. Does the same as fer_unix_datagram_recv_from; Rust has both functions.
 * Blocks: same as fer_unix_datagram_recv_from.
 * Errors: same as fer_unix_datagram_recv_from. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_recv(fer_unix_datagram *socket,
                                                      void *FER_NULLABLE buf, size_t len,
                                                      fer_unix_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Sends one datagram to the peer and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_unix_datagram_send in nonblocking mode.
 * Rust: tokio: net::UnixDatagram::try_send. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_send(fer_unix_datagram *socket,
                                                          const void *FER_NULLABLE buf, size_t len,
                                                          size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Sends one datagram to an address and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_unix_datagram_send_to_addr, but no
 * expired timeout.
 * Rust: std: UnixDatagram::send_to_addr, nonblocking for one call. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_send_to_addr(
    fer_unix_datagram *socket, const void *FER_NULLABLE buf, size_t len, const fer_unix_addr *addr,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Receives a queued datagram and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no datagram is queued); otherwise same as fer_unix_datagram_recv_from in
 * nonblocking mode.
 * Rust: tokio: net::UnixDatagram::try_recv_from. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_try_recv_from(fer_unix_datagram *socket,
                                                               void *FER_NULLABLE buf, size_t len,
                                                               fer_unix_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Sends one datagram with count handles to the socket at the address receiver, or to the peer if
 * that is NULL. The rules are those of fer_unix_stream_send_handles: if count is not 0, len is at
 * least 1.
 * Owns: the caller still owns the handles, and may close them when the call returns.
 * Errors: FER_INVALID_INPUT, FER_BAD_HANDLE and FER_TOO_MANY_OPEN_FILES (see
 * fer_unix_stream_send_handles); otherwise same as fer_unix_datagram_send and
 * fer_unix_datagram_send_to_addr.
 * Rust: std: UnixDatagram::send_vectored_with_ancillary_to (unstable). */
FER_MUST_USE FER_API fer_error
fer_unix_datagram_send_handles(fer_unix_datagram *socket, const void *FER_NULLABLE buf, size_t len,
                               const fer_raw_socket *FER_NULLABLE handles, size_t count,
                               const fer_unix_addr *FER_NULLABLE receiver, size_t *FER_NULLABLE n)
    FER_INOUT(1) FER_IN_READS(2, 3) FER_IN_READS(4, 5);

/** Receives one datagram and its handles, at most cap. Otherwise same as
 * fer_unix_stream_recv_handles.
 * Blocks: same as fer_unix_datagram_recv_from.
 * Owns: same as fer_unix_stream_recv_handles.
 * Errors: FER_INVALID_INPUT (len is 0); otherwise same as fer_unix_datagram_recv_from.
 * Rust: std: UnixDatagram::recv_vectored_with_ancillary_from (unstable). */
FER_MUST_USE FER_API fer_error fer_unix_datagram_recv_handles(fer_unix_datagram *socket,
                                                              void *FER_NULLABLE buf, size_t len,
                                                              fer_raw_socket *FER_NULLABLE handles,
                                                              size_t cap,
                                                              fer_unix_received_handles *out)
    FER_INOUT(1) FER_OUT_WRITES(2, 3) FER_OUT_WRITES(4, 5);

/* ---- UnixDatagram: timeouts and modes, as in tcp.h. Clones share both, but no limits (T6, K3). */

/** Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE). Same as
 * fer_udp_socket_ready. A connected socket is writable if its peer's queue has room. For an
 * unconnected socket the OS cannot determine this.
 * Blocks: same as fer_udp_socket_ready.
 * Errors: same as fer_udp_socket_ready.
 * Rust: tokio: net::UnixDatagram::ready, with a timeout. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_ready(const fer_unix_datagram *socket,
                                                       fer_interest interest, fer_duration timeout,
                                                       fer_interest *ready);

/** Shuts down receiving, sending or both, for this handle and its clones. After a shutdown of
 * receiving, a send to this socket is FER_BROKEN_PIPE on Linux, and receive calls return the queued
 * datagrams, then FER_OK with out->len 0. On macOS and the BSDs the queued datagrams are lost
 * (`unix_datagram_shut`). After a shutdown of sending, sends are FER_BROKEN_PIPE.
 * Errors: FER_NOT_CONNECTED (macOS, FreeBSD: no peer), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_shutdown(fer_unix_datagram *socket,
                                                          fer_shutdown how) FER_INOUT(1);

/** Sets the timeout of each single receive. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_read_timeout(fer_unix_datagram *socket,
                                                                  fer_duration timeout)
    FER_INOUT(1);

/** Sets the timeout of each single send. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_write_timeout(fer_unix_datagram *socket,
                                                                   fer_duration timeout)
    FER_INOUT(1);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_read_timeout(const fer_unix_datagram *socket,
                                                              fer_duration *out);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_write_timeout(const fer_unix_datagram *socket,
                                                               fer_duration *out);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. The limits are copied.
 * Owns: same as fer_tcp_stream_set_limits.
 * Errors: same as fer_tcp_stream_set_limits.
 * Rust: none in std; tokio::time::timeout and select! around a receive or a send. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_limits(fer_unix_datagram *socket,
                                                            const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode a call that would
 * wait returns FER_WOULD_BLOCK. Same as fer_tcp_stream_set_nonblocking. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_set_nonblocking(fer_unix_datagram *socket,
                                                                 bool nonblocking) FER_INOUT(1);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. Same as
 * fer_udp_socket_take_error. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_take_error(fer_unix_datagram *socket,
                                                            fer_error *out) FER_INOUT(1);

/* ---- UnixDatagram: closing and raw sockets
 *
 * Threads: no concurrent call on the handle. */

/** Closes the handle. Does nothing on NULL, NEW and CLOSED handles. The path remains.
 * Owns: releases the handle's socket.
 * Rust: Drop for std::os::unix::net::UnixDatagram. */
FER_API void fer_unix_datagram_close(fer_unix_datagram *socket) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. Do
 * not close it. Change its blocking mode and timeouts only through ferrule.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd.
 * Threads: concurrent with any other call on the handle except close. */
FER_API fer_raw_socket fer_unix_datagram_as_raw(const fer_unix_datagram *socket);

/** Takes ownership of a Unix datagram socket that was made elsewhere. Its close-on-exec flag is
 * left unchanged.
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (socket is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not a Unix datagram socket) and other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_unix_datagram_from_raw(fer_unix_datagram *socket,
                                                          fer_raw_socket raw) FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. The socket itself has the blocking mode and the timeouts that were set.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd. */
FER_MUST_USE FER_API fer_raw_socket fer_unix_datagram_into_raw(fer_unix_datagram *socket)
    FER_INOUT(1);

FER_END_DECLS

#endif

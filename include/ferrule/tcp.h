/* tcp.h: TcpStream and TcpListener of std::net.
 *
 * docs/RULES.md (ferrule_rules(7)) has what holds for every call: handles, misuse, results,
 * threads, processes, unconnected streams, and the rules. A rule is cited by its number (rule C4),
 * a difference between systems by its tag (`ended_option`): docs/DIFFERENCES.md,
 * ferrule_differences(7).
 *
 * Slots. Five labelled parts end the comment of a function: Blocks, Owns, Errors, Rust, Threads. If
 * a function has no such slot, that of its section (----) holds; if the section has none either,
 * that of its header: the text below. "The default" in a slot means the text that would hold
 * without it. A function that returns no fer_error has no errors. error.h lists the "other errors
 * of the OS". In Threads:, close means every call that opens, closes or releases the handle. TYPE
 * and NAME are the type and the rest of the function's name: TcpStream and read of
 * fer_tcp_stream_read.
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE and other errors of the OS.
 * Rust: std::net::TYPE::NAME.
 * Threads: concurrent with any other call on the handle except close. */
#ifndef FERRULE_TCP_H
#define FERRULE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

FER_BEGIN_DECLS

/* A TCP connection. Initialize to all zero bytes. */
typedef struct fer_tcp_stream {
    fer_handle handle_;
} fer_tcp_stream;

/* A TCP socket that accepts connections. Initialize to all zero bytes. */
typedef struct fer_tcp_listener {
    fer_handle handle_;
} fer_tcp_listener;

/* ---- TcpStream: connecting
 *
 * After a failure the handle is NEW again and can be connected again (rule C4).
 *
 * Blocks: until connected or failed.
 * Owns: the handle owns the connection until fer_tcp_stream_close. No pointer is kept.
 * Threads: no concurrent call on the handle. */

/** Connects to "host:port": resolves the name, then tries its addresses in order until one
 * connects. host_port has the format of fer_to_socket_addrs. All addresses are tried, however many
 * there are. If none connects, the last address's error is returned (rule C3).
 * Blocks: until connected, or until the last address has failed. The name lookup blocks too.
 * Errors: FER_MISUSE (NULL, an open handle), FER_INVALID_INPUT (text that is not "host:port"; on
 * Linux also a blackhole route), FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED,
 * FER_CONNECTION_REFUSED, FER_CONNECTION_TIMED_OUT, FER_NETWORK_UNREACHABLE, FER_HOST_UNREACHABLE,
 * FER_TOO_MANY_OPEN_FILES, FER_ADDR_NOT_AVAILABLE, FER_ADDR_IN_USE, FER_CONNECTION_RESET,
 * FER_CONNECTION_ABORTED (the OS does not tell the cause), FER_NETWORK_DOWN,
 * FER_PERMISSION_DENIED, FER_UNSUPPORTED and FER_UNCATEGORIZED (on Linux also an ICMP message), and
 * other errors of the OS.
 * Rust: std::net::TcpStream::connect with a &str. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect(fer_tcp_stream *stream, const char *host_port)
    FER_INOUT(1);

/** Connects to one address. A signal does not end the call (rule I1). No listener can use port 0,
 * so port 0 is FER_CONNECTION_REFUSED without a system call.
 * Errors: same as fer_tcp_stream_connect, except those of the name lookup. FER_INVALID_INPUT also
 * for a bad address family.
 * Rust: std::net::TcpStream::connect with a SocketAddr. Differs: in Rust the result for port 0
 * depends on the OS. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_addr(fer_tcp_stream *stream,
                                                           const fer_socket_addr *addr)
    FER_INOUT(1);

/** Connects to one address and waits at most timeout. The OS's final answer decides, not
 * writability alone (rule C1). The stream is in blocking mode afterwards. With FER_DURATION_NONE
 * the call is the same as fer_tcp_stream_connect_addr.
 * Blocks: until connected or failed, at most timeout.
 * Errors: FER_TIMED_OUT (the timeout expired), FER_INVALID_INPUT (a timeout of 0); otherwise same
 * as fer_tcp_stream_connect_addr.
 * Rust: the default. Differs: a timeout of 0 is refused before any system call. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_timeout(fer_tcp_stream *stream,
                                                              const fer_socket_addr *addr,
                                                              fer_duration timeout) FER_INOUT(1);

union fer_resolver;

/* The steps of an attempt to connect. */
typedef enum fer_connect_step {
    FER_CONNECT_STEP_SOCKET = 0,
    FER_CONNECT_STEP_BIND = 1,
    FER_CONNECT_STEP_CONNECT = 2
} fer_connect_step;

/* An attempt of fer_tcp_stream_connect_with that failed: the address, its error, the time from the
 * start of the attempt to its end, and the step that failed. Later versions do not add members. */
typedef struct fer_connect_failure {
    fer_socket_addr addr;
    fer_error error;
    fer_duration elapsed;
    fer_connect_step step;
    uint32_t unused_;
} fer_connect_failure;

/* The options of fer_tcp_stream_connect_with. All zero bytes are the defaults. All pointers are
 * caller-owned and used during the call only. */
typedef struct fer_connect_options {
    /* The limits of lookup and attempts together (cancel.h). The stream has none (rule K8a). */
    fer_limits limits;
    /* The timeout of each attempt. 0 and FER_DURATION_NONE: that of the OS. */
    fer_duration attempt_timeout;
    /* The time from the start of an attempt to the start of the next one, which starts earlier if
     * the attempt fails. 0: 250 ms (RFC 8305, 8). FER_DURATION_NONE: one attempt after another. RFC
     * 8305, 5 recommends 10 ms to 2 s; every value is accepted. */
    fer_duration attempt_delay;
    /* The resolver that runs the lookup, or NULL. A resolver is advised: it bounds the threads of
     * abandoned lookups (see fer_to_socket_addrs_with). */
    union fer_resolver *FER_NULLABLE resolver;
    /* The local address to which each attempt is bound, of the same form as the remote address
     * (IPv4, IPv6 or IPv4-mapped; see the function). NULL: the OS's choice. */
    const fer_socket_addr *FER_NULLABLE local;
    /* An array of failures_cap elements for the attempts that failed; may be NULL if that is 0.
     * failures_count receives the number of all failures, and may be NULL. */
    fer_connect_failure *FER_NULLABLE failures;
    size_t failures_cap;
    size_t *FER_NULLABLE failures_count;
    /* The family of the addresses to look up, FER_IP_V4 or FER_IP_V6; 0: both. */
    fer_ip_family family;
    /* True: each socket has Nagle's algorithm off (fer_tcp_stream_set_nodelay). */
    bool nodelay;
    /* 0, like reserved_; a later version may use both. Any other value is FER_INVALID_INPUT. */
    uint8_t unused_[3];
    uint64_t reserved_[6];
} fer_connect_options;

/** Connects to the first address of "host:port" that answers, within limits (RFC 8305, "Happy
 * Eyeballs Version 2"). host_port has the format of fer_to_socket_addrs. The lookup is that of
 * fer_to_socket_addrs_with. options may be NULL: the defaults. Rules K8 to K10 of
 * docs/RULES.md hold: which attempt starts when, which connection wins, which error the call has,
 * and what remains after a failure.
 *
 * An attempt fails with any error of its socket, for example FER_TOO_MANY_OPEN_FILES, and with
 * FER_TIMED_OUT after attempt_timeout. If the limits end the call, the attempts that are still open
 * fail with the error of the limits. If an attempt connects, the others that are still open are no
 * failures. The array options->failures receives the first options->failures_cap failures, in the
 * order in which the attempts ended. *options->failures_count is the number of all failures, which
 * may be higher. Every call sets it, even a successful one.
 *
 * local fits the addresses of its own form: IPv4, IPv6 or IPv4-mapped IPv6 ([::ffff:127.0.0.1]). A
 * local address [::] also fits IPv4-mapped addresses. The attempt to an address that local does not
 * fit fails with FER_INVALID_INPUT. The error of the call is that of the last address that local
 * fits, and FER_INVALID_INPUT if it fits none. If the port of local is not 0, one attempt follows
 * another whatever attempt_delay is, because one socket at a time can be bound to the port. A
 * signal ends the call only if its handler cancels the token or the limits are interruptible (rule
 * I4).
 * Blocks: until connected, until the last attempt has failed, or until the deadline or a cancel.
 * Owns: the default. During the call, the call owns memory for the addresses.
 * Errors: same as fer_tcp_stream_connect and as fer_to_socket_addrs_with. FER_CANCELLED,
 * FER_TIMED_OUT and FER_INTERRUPTED (the limits). FER_TIMED_OUT also if attempt_timeout ended the
 * attempt to the last address; if it was the deadline, fer_instant_remaining of it is 0.
 * FER_INVALID_INPUT also for a local address of no family, FER_MISUSE for failures_cap without
 * failures, and for a token or a resolver that is not OPEN.
 * Rust: std::net::TcpStream::connect. Differs: in Rust there are no limits, and an attempt starts
 * only after the previous one has failed. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_with(
    fer_tcp_stream *stream, const char *host_port, const fer_connect_options *FER_NULLABLE options)
    FER_INOUT(1);

/** Connects to the first address of host that answers. Otherwise same as
 * fer_tcp_stream_connect_with. host has the format of fer_lookup_host.
 * Blocks: until connected, until the last attempt has failed, or until the deadline or a cancel.
 * Owns: same as fer_tcp_stream_connect_with.
 * Errors: same as fer_tcp_stream_connect_with. FER_MISUSE also if host is NULL.
 * Rust: std::net::TcpStream::connect with a (&str, u16). Differs: as
 * fer_tcp_stream_connect_with. */
FER_MUST_USE FER_API fer_error
fer_tcp_stream_connect_host_with(fer_tcp_stream *stream, const char *host, uint16_t port,
                                 const fer_connect_options *FER_NULLABLE options) FER_INOUT(1);

/** Connects to the first of several addresses that answers. With options it is the same as
 * fer_tcp_stream_connect_with, without a lookup: options->resolver and options->family are not
 * used, but an unknown family is refused all the same. If options is NULL, the addresses are tried
 * one after another in their order, without limits, and the error is that of the last one.
 * Blocks: until connected, until the last attempt has failed, or until the deadline or a cancel.
 * Owns: the default. addrs has count elements.
 * Errors: same as fer_tcp_stream_connect_with, except those of the name lookup. FER_INVALID_INPUT
 * also if count is 0 or an address has no family, FER_MISUSE if addrs is NULL. Without options same
 * as fer_tcp_stream_connect_addr.
 * Rust: std::net::TcpStream::connect with a &[SocketAddr]. With options it differs: as
 * fer_tcp_stream_connect_with. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_addrs(
    fer_tcp_stream *stream, const fer_socket_addr *addrs, size_t count,
    const fer_connect_options *FER_NULLABLE options) FER_INOUT(1) FER_IN_READS(2, 3);

/** Starts to connect to one address and does not wait for the result. FER_OK means that the connect
 * is pending or has already succeeded. The handle is open, in nonblocking mode. Wait until the
 * stream is writable, with fer_tcp_stream_ready or a poller, then call fer_tcp_stream_take_error.
 * It returns FER_OK, and *out is the result of the connect: FER_OK or the cause of the failure.
 * Rule C5 has the other calls on a pending or failed connect. If the connect fails after this call
 * has returned, the handle keeps its OS socket until close.
 * Blocks: never.
 * Errors: same as fer_tcp_stream_connect_addr.
 * Rust: mio: net::TcpStream::connect. Differs: the first call that detects a failure reports it. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_connect_start(fer_tcp_stream *stream,
                                                            const fer_socket_addr *addr)
    FER_INOUT(1);

/* ---- TcpStream: addresses, shutdown, clones */

/** Stores the connection's peer address in *out. After a call on this handle has returned end of
 * file or a fatal error the result is FER_NOT_CONNECTED on every OS (rule L6). If you need the
 * address after that, store it in advance, for example from accept.
 * Errors: FER_NOT_CONNECTED (after end of file or a fatal error, or reported by the OS),
 * FER_WOULD_BLOCK (pending connect), FER_MISUSE, the cause of a failed connect if this call detects
 * it.
 * Rust: the default. Differs: in Rust the result after the end depends on the OS. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_peer_addr(const fer_tcp_stream *stream,
                                                        fer_socket_addr *out);

/** Stores the connection's local address in *out.
 * Errors: FER_NOT_CONNECTED (NetBSD, OpenBSD: `local_addr_after_end`), and the default. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_local_addr(const fer_tcp_stream *stream,
                                                         fer_socket_addr *out);

/** Shuts down the read half, the write half or both, for this handle and its clones (rules S1 to
 * S7).
 *
 * Idempotent: FER_OK if a half is already shut down or the peer has closed. After FER_SHUTDOWN_READ
 * or BOTH, a read through this handle returns 0 bytes immediately, even if data was queued. A clone
 * may first read data that was queued or still arrives (Linux, Windows, macOS). After WRITE or
 * BOTH, writes are FER_BROKEN_PIPE. The peer still receives all data written before, then end of
 * file. READ never harms the write half.
 *
 * READ and BOTH wake a read that is blocked in another thread or through a clone. WRITE and BOTH
 * wake a blocked write. On Windows and macOS that may take 100 ms (rule S6).
 *
 * Written data may be lost by a close, and by input that arrives after both halves are shut down
 * (rule S7). For an orderly end on every OS use fer_tcp_stream_close_gracefully.
 * Errors: FER_NOT_CONNECTED (not connected yet, even if how is unknown), FER_MISUSE,
 * FER_INVALID_INPUT (an unknown how), the cause of a failed connect if this call detects it.
 * Rust: the default. Differs: never NotConnected after a connection; wakes reads on Windows too. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_shutdown(fer_tcp_stream *stream, fer_shutdown how)
    FER_INOUT(1);

/** Makes a second handle of the same connection. Options, timeouts and the blocking mode belong to
 * the socket, so both handles share them, even if they are set later. The clone starts with this
 * handle's state: end of file, saved error, halves that are shut down. The connection ends when the
 * last handle is closed. On Windows and macOS the first clone of a socket allocates a record of
 * what the handles share.
 * Owns: out is a separate handle; close it with fer_tcp_stream_close.
 * Errors: FER_MISUSE (a stream that is unconnected or whose connect failed; out is open),
 * FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY (Windows, macOS), FER_WOULD_BLOCK (pending connect),
 * the cause of a failed connect if this call detects it. After an error nothing has changed.
 * Threads: stream: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_clone(fer_tcp_stream *stream, fer_tcp_stream *out)
    FER_INOUT(1) FER_INOUT(2);

/* ---- TcpStream: timeouts and modes
 *
 * A timeout is rounded up to the OS's resolution (4 ms on most Linux kernels, 1 ms on Windows), and
 * limited to the OS's maximum (12 days on Windows). On Linux in a virtual machine it may end up to
 * two ticks of the kernel early, when the hypervisor has stopped the machine's processor for a
 * while. A deadline (fer_limits) never ends early. Timeouts and the blocking mode belong to the
 * socket, so clones share them. Limits belong to the handle: clones begin without. A call keeps the
 * timeout and the limits that it began with. */

/** Sets the timeout of each single read. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_read_timeout(fer_tcp_stream *stream,
                                                               fer_duration timeout) FER_INOUT(1);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_timeout(const fer_tcp_stream *stream,
                                                           fer_duration *out);

/** Sets the timeout of each single write. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_write_timeout(fer_tcp_stream *stream,
                                                                fer_duration timeout) FER_INOUT(1);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write_timeout(const fer_tcp_stream *stream,
                                                            fer_duration *out);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. The limits are copied.
 * Owns: limits is not kept, but its token is: the token stays OPEN and at its address until other
 * limits are set or the handle is closed, and the calls that began with it have returned.
 * Errors: FER_MISUSE (a token that is not OPEN), FER_INVALID_INPUT (a reserved byte is not 0).
 * Rust: none in std; tokio::time::timeout and select! around a read or a write. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_limits(fer_tcp_stream *stream,
                                                         const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode a call that would
 * wait returns FER_WOULD_BLOCK. A stream starts in blocking mode, an accepted one whatever the
 * listener's mode is. Exceptions: a stream of fer_tcp_stream_connect_start or fer_connector_take is
 * nonblocking, one of fer_socket_into_tcp_stream keeps the mode of its socket, and
 * fer_tcp_stream_from_raw queries the mode. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_nonblocking(fer_tcp_stream *stream,
                                                              bool nonblocking) FER_INOUT(1);

/* ---- TcpStream: bytes
 *
 * read and the _try_ calls make one system call on POSIX. A _try_ call never waits, regardless of
 * the blocking mode and the timeouts. Otherwise it is the same as the call without _try_. A fatal
 * error ends the connection (rule S5). Every error of a read, of a write or in *out of
 * fer_tcp_stream_take_error is fatal except FER_WOULD_BLOCK, FER_INTERRUPTED, FER_TIMED_OUT,
 * FER_CANCELLED, FER_BROKEN_PIPE, FER_MISUSE, FER_INVALID_INPUT, FER_PERMISSION_DENIED,
 * FER_UNSUPPORTED, FER_BAD_HANDLE, FER_MESSAGE_TOO_LONG, FER_OUT_OF_MEMORY, FER_NO_BUFFER_SPACE and
 * FER_TOO_MANY_OPEN_FILES. The exceptions are a connection that has itself ended with one of these
 * kinds, after an ICMP message or the loss of its route, and a write that may have sent bytes
 * (macOS, the BSDs: `failed_send_may_have_sent`). After such a kind fer_tcp_stream_peer_addr tells
 * whether the connection has ended: it is FER_NOT_CONNECTED then.
 *
 * Owns: buf is caller-owned, len or cap bytes; it may be NULL if that is 0. The memory of slices is
 * caller-owned; slices may be NULL if count is 0. n may be NULL. *n is the number of bytes that
 * were stored, or that the OS accepted, after a failure too. No pointer is kept.
 * Threads: one read call and one write call at once, and any other call except close. */

/** Reads available bytes, at most len. If len is not 0, FER_OK with *n == 0 is end of file. After
 * end of file every read returns 0 again. End of file is never an error, and a reset is never
 * reported as end of file. With len 0 the call immediately returns FER_OK with *n == 0, which does
 * not indicate end of file. A len above the OS's limit is cut to it (rule R3). The handle saves the
 * first fatal error that any of its calls returns. Later reads return the data that arrived before
 * the error, if the OS kept it, and then the saved error every time (rule S5).
 * Blocks: until data, end of file or an error arrives, at most the read timeout. Never in
 * nonblocking mode. The handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_TIMED_OUT (the read timeout expired, or the deadline: then fer_instant_remaining of
 * it is 0; no data is lost), FER_CANCELLED (the limits), FER_WOULD_BLOCK (nonblocking mode, or a
 * pending connect in every mode), FER_INTERRUPTED (a signal arrived before any byte was read),
 * FER_CONNECTION_RESET and other fatal errors (FER_CONNECTION_TIMED_OUT, FER_HOST_UNREACHABLE,
 * ...), which this handle saves (rule S5), FER_NOT_CONNECTED, FER_MISUSE, FER_CONNECTION_ABORTED (a
 * connect failed, and the OS does not tell the cause) and other errors of the OS.
 * Rust: std::io::Read::read for TcpStream. Differs: an expired timeout is TimedOut on every OS; a
 * read of zero bytes never blocks. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read(fer_tcp_stream *stream, void *FER_NULLABLE buf,
                                                   size_t len, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming: the next read returns the same bytes again. Otherwise same as
 * fer_tcp_stream_read. A peek that returns end of file counts as reading it.
 * Blocks: same as fer_tcp_stream_read.
 * Errors: same as fer_tcp_stream_read. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_peek(fer_tcp_stream *stream, void *FER_NULLABLE buf,
                                                   size_t len, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads available bytes and never waits. Otherwise same as fer_tcp_stream_read.
 * Errors: FER_WOULD_BLOCK (no data available); otherwise same as fer_tcp_stream_read in nonblocking
 * mode.
 * Rust: tokio: net::TcpStream::try_read. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_read(fer_tcp_stream *stream,
                                                       void *FER_NULLABLE buf, size_t len,
                                                       size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads without consuming and never waits. Otherwise same as fer_tcp_stream_peek.
 * Errors: FER_WOULD_BLOCK (no data available); otherwise same as fer_tcp_stream_read, but no
 * expired timeout.
 * Rust: std's peek, called through tokio: net::TcpStream::try_io. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_peek(fer_tcp_stream *stream,
                                                       void *FER_NULLABLE buf, size_t len,
                                                       size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads into several buffers, and fills each one before the next. If the number of slices or the
 * sum of their lengths exceeds the OS's limit, the call reads less. This is no error (rule R3).
 * Blocks: same as fer_tcp_stream_read.
 * Errors: same as fer_tcp_stream_read. FER_MISUSE also for a slice whose base is NULL and whose len
 * is not 0.
 * Rust: std::io::Read::read_vectored for TcpStream. */
FER_MUST_USE FER_API fer_error
fer_tcp_stream_read_vectored(fer_tcp_stream *stream, const fer_io_slice_mut *FER_NULLABLE slices,
                             size_t count, size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Reads into several buffers and never waits. Otherwise same as fer_tcp_stream_read_vectored.
 * Errors: FER_WOULD_BLOCK (no data available); otherwise same as fer_tcp_stream_read_vectored, but
 * no expired timeout.
 * Rust: tokio: net::TcpStream::try_read_vectored. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_read_vectored(
    fer_tcp_stream *stream, const fer_io_slice_mut *FER_NULLABLE slices, size_t count,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Reads exactly len bytes, with as many reads as necessary. A signal does not end the call, unless
 * the limits are interruptible (rule I4). The read timeout applies to each underlying read, and
 * begins once more after its first signal.
 * Blocks: until len bytes, end of file or an error arrives. Never in nonblocking mode. The handle's
 * limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_UNEXPECTED_EOF (end of file before len bytes); otherwise same as fer_tcp_stream_read,
 * but never FER_INTERRUPTED, unless the limits are interruptible.
 * Rust: std::io::Read::read_exact for TcpStream. Differs: a failure has the number of bytes. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_exact(fer_tcp_stream *stream,
                                                         void *FER_NULLABLE buf, size_t len,
                                                         size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Reads until end of file into a buffer of cap bytes. If the buffer is full, the call peeks one
 * more byte and may block for it. If that shows end of file, the result is FER_OK. If it shows
 * data, the result is FER_BUFFER_TOO_SMALL and the data stays queued. Signals and the read timeout:
 * as fer_tcp_stream_read_exact.
 * Blocks: until end of file or an error. Never in nonblocking mode. The handle's limits end it with
 * FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_BUFFER_TOO_SMALL (more than cap bytes); otherwise same as fer_tcp_stream_read, but
 * never FER_INTERRUPTED, unless the limits are interruptible.
 * Rust: std::io::Read::read_to_end for TcpStream. Differs: the buffer is caller-owned and does not
 * grow. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_read_to_end(fer_tcp_stream *stream,
                                                          void *FER_NULLABLE buf, size_t cap,
                                                          size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Writes up to len bytes. *n is the number of bytes that the OS accepted, which may be fewer than
 * len. Never raises SIGPIPE. With len 0 the call returns FER_OK with *n == 0 if the write half is
 * open, otherwise the error of a write of more bytes. A len above the OS's limit is cut to it (rule
 * R3). If the timeout expires after the OS has accepted some bytes, the call returns FER_OK with
 * their number. After the peer has closed, some writes may succeed before one fails, with
 * FER_BROKEN_PIPE or FER_CONNECTION_RESET (`write_after_peer_gone`).
 * Blocks: until the OS has accepted all bytes (Linux) or some bytes (Windows, macOS, the BSDs, and
 * Linux within limits: `one_write_takes`), at most the write timeout. Never in nonblocking mode.
 * The handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_BROKEN_PIPE (this half is shut down, or the peer has closed; reading is unaffected),
 * FER_CONNECTION_RESET, FER_TIMED_OUT (the write timeout expired, or the deadline; nothing was
 * accepted), FER_CANCELLED (the limits), FER_WOULD_BLOCK (nonblocking mode, or a pending connect),
 * FER_INTERRUPTED (a signal arrived before any byte was written), FER_NETWORK_UNREACHABLE,
 * FER_PERMISSION_DENIED and FER_NO_BUFFER_SPACE (the last two may end the stream:
 * `failed_send_may_have_sent`) and other errors as in fer_tcp_stream_read.
 * Rust: std::io::Write::write for TcpStream. Differs: an expired timeout is always TimedOut. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write(fer_tcp_stream *stream,
                                                    const void *FER_NULLABLE buf, size_t len,
                                                    size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Writes as many bytes as there is room for and never waits. Otherwise same as
 * fer_tcp_stream_write.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_tcp_stream_write, but no expired
 * timeout.
 * Rust: tokio: net::TcpStream::try_write. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_write(fer_tcp_stream *stream,
                                                        const void *FER_NULLABLE buf, size_t len,
                                                        size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Writes from several buffers, in order. If the number of slices or the sum of their lengths
 * exceeds the OS's limit, the call writes less. This is no error (rule R3).
 * Blocks: same as fer_tcp_stream_write.
 * Errors: same as fer_tcp_stream_write. FER_MISUSE also for a slice whose base is NULL and whose
 * len is not 0.
 * Rust: std::io::Write::write_vectored for TcpStream. Differs: never raises SIGPIPE. */
FER_MUST_USE FER_API fer_error
fer_tcp_stream_write_vectored(fer_tcp_stream *stream, const fer_io_slice *FER_NULLABLE slices,
                              size_t count, size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Writes from several buffers as many bytes as there is room for and never waits. Otherwise same
 * as fer_tcp_stream_write_vectored.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_tcp_stream_write_vectored, but no
 * expired timeout.
 * Rust: tokio: net::TcpStream::try_write_vectored. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_try_write_vectored(
    fer_tcp_stream *stream, const fer_io_slice *FER_NULLABLE slices, size_t count,
    size_t *FER_NULLABLE n) FER_INOUT(1) FER_IN_READS(2, 3);

/** Writes all len bytes, with as many writes as necessary. A signal does not end the call, unless
 * the limits are interruptible (rule I4). The write timeout applies to each underlying write,
 * and begins once more after its first signal.
 * Blocks: until the OS has accepted all bytes, or until an error. Never in nonblocking mode. The
 * handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_WRITE_ZERO (the OS accepted no byte); otherwise same as fer_tcp_stream_write, but
 * never FER_INTERRUPTED, unless the limits are interruptible.
 * Rust: std::io::Write::write_all for TcpStream. Differs: a failure has the number of bytes. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_write_all(fer_tcp_stream *stream,
                                                        const void *FER_NULLABLE buf, size_t len,
                                                        size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/* ---- TcpStream: options */

/** Turns Nagle's algorithm off (true) or on (false). If it is off, small writes are sent
 * immediately (TCP_NODELAY). */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_nodelay(fer_tcp_stream *stream, bool nodelay)
    FER_INOUT(1);

/** Stores in *out whether Nagle's algorithm is off.
 * Errors: FER_CONNECTION_RESET (the BSDs, ended connection: `ended_option`), and the default. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_nodelay(const fer_tcp_stream *stream, bool *out);

/** Sets the time to live of packets, 1 to 255. On an IPv6 socket this is the unicast hop limit. On
 * IPv6, IP_TTL is set as well if the OS allows it, for IPv4-mapped peers.
 * Errors: FER_INVALID_INPUT (outside 1 to 255), and the default.
 * Rust: the default. Differs: on IPv6 Rust sets only IP_TTL, and the OS checks the range. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_ttl(fer_tcp_stream *stream, uint32_t ttl)
    FER_INOUT(1);

/** Stores the time to live in *out. On an IPv6 socket this is the unicast hop limit.
 * Errors: FER_CONNECTION_RESET (NetBSD, OpenBSD, ended connection: `ended_option`), and the
 * default. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_ttl(const fer_tcp_stream *stream, uint32_t *out);

/** Sets what close does with unsent data. With FER_DURATION_NONE, the default, close returns
 * immediately and the OS keeps sending. A finite linger makes close wait up to that time for the
 * data to be acknowledged. It is rounded up to whole seconds and limited to the OS's maximum (327 s
 * on macOS, 65535 s on Windows). If the time expires, Windows resets the connection, and Linux
 * keeps sending (`linger_expires`). A linger of 0 resets the connection when its last handle is
 * closed.
 * Rust: the default (unstable in Rust). */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_linger(fer_tcp_stream *stream,
                                                         fer_duration linger) FER_INOUT(1);

/** Stores the linger time in *out, in whole seconds. FER_DURATION_NONE means off.
 * Rust: the default (unstable in Rust). */
FER_MUST_USE FER_API fer_error fer_tcp_stream_linger(const fer_tcp_stream *stream,
                                                     fer_duration *out);

/** Sets TCP keepalive: whether and when the OS probes an idle connection. time and interval are
 * rounded up to whole seconds. time, interval and retries are limited to the OS's maximums (on
 * Linux 32767 s for the times and 127 retries). A value of 0 leaves that field unchanged. Other
 * values are set even if enabled is false. If the call fails, the earlier values are restored.
 * Retries are ignored if the OS cannot set them (OpenBSD, Wine 8), and on Linux while a user
 * timeout is set (fer_socket_set_tcp_user_timeout; `user_timeout`).
 * Errors: FER_UNSUPPORTED (the OS has no time or interval, and one is given: OpenBSD, Wine 8),
 * FER_INVALID_INPUT (a time or interval of FER_DURATION_NONE), and the default.
 * Rust: none in std; socket2::Socket::set_tcp_keepalive. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_set_keepalive(fer_tcp_stream *stream,
                                                            const fer_tcp_keepalive *keepalive)
    FER_INOUT(1);

/** Stores the keepalive settings in *out. Fields that the OS does not report are 0.
 * Errors: FER_CONNECTION_RESET (the BSDs, ended connection: `ended_option`), and the default.
 * Rust: none in std; socket2::Socket::keepalive and related methods. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_keepalive(const fer_tcp_stream *stream,
                                                        fer_tcp_keepalive *out);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. A fatal error
 * stored in *out is also saved in the handle, as one from a read is. An error that another call has
 * already returned is not stored again. The cause of a failed connect is an exception: it is stored
 * every time. A soft error, after which the connection or the pending connect goes on, is dropped
 * (RFC 1122, 4.2.3.9; rule S5): Linux reports the message of a router, or the loss of a route,
 * while bytes are in flight. The return value is the result of the query itself; *out is the
 * socket's error.
 * Errors: FER_WOULD_BLOCK (pending connect), and the default.
 * Rust: std::net::TcpStream::take_error. Differs: that returns soft errors too. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_take_error(fer_tcp_stream *stream, fer_error *out)
    FER_INOUT(1);

/** Waits until the stream is ready for at least one interest: FER_READABLE, FER_WRITABLE, or both
 * joined by |. *ready is the subset of interest that is ready. If the timeout expired, the result
 * is FER_OK and *ready is 0. A timeout of 0 checks without waiting; FER_DURATION_NONE waits without
 * limit. A signal does not end the wait, unless the limits are interruptible (rule I4). *ready is
 * unchanged after a failure.
 *
 * A half that has ended in an earlier call on this handle (end of file, an error or a shutdown) is
 * ready immediately, because its calls do not wait. A hang-up or an error makes every interest
 * ready. A shutdown in another thread or through a clone ends the wait (within 100 ms on Windows
 * and macOS). On a pending connect the call waits for its result. Then a connected stream is
 * writable, and a failed one is ready for every interest. With FER_READABLE alone the call then
 * waits for data. The next read, write or fer_tcp_stream_take_error reports the cause. Readiness is
 * a hint: the next call may still return FER_WOULD_BLOCK, or wait in blocking mode.
 * fer_tcp_stream_try_read and fer_tcp_stream_try_write never wait.
 * Blocks: until ready, at most timeout, regardless of the stream's blocking mode and timeouts. The
 * handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_MISUSE (ready is NULL, a CLOSED handle), FER_INVALID_INPUT (no interest or an unknown
 * one), FER_NOT_CONNECTED, FER_TIMED_OUT, FER_CANCELLED and FER_INTERRUPTED (the limits),
 * FER_TOO_MANY_OPEN_FILES and other errors of the OS.
 * Rust: tokio: net::TcpStream::ready, with a timeout. Differs: no separate readiness for errors. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_ready(const fer_tcp_stream *stream,
                                                    fer_interest interest, fer_duration timeout,
                                                    fer_interest *ready);

/* ---- TcpStream: closing and raw sockets
 *
 * Threads: no concurrent call on the handle. */

/** Closes the handle. The connection ends with its last handle. Does nothing on NULL, NEW and
 * CLOSED handles. A CLOSED handle can be connected again. If input is unread, the peer gets a reset
 * (exceptions: `close_with_unread_input`). Over Windows' loopback the peer may lose data that it
 * has not received yet (`early_close_loses`). For an orderly end see
 * fer_tcp_stream_close_gracefully. End the calls of other threads on the handle first, with
 * fer_tcp_stream_shutdown or a cancel (cancel.h), and wait until they have returned.
 * Blocks: never, except for a linger time that was set.
 * Owns: releases the handle's socket.
 * Rust: Drop for std::net::TcpStream. */
FER_API void fer_tcp_stream_close(fer_tcp_stream *stream) FER_INOUT(1);

/** Shuts down the write half, discards input until the peer's end of file, and closes the handle:
 * the lingering close of HTTP servers (RFC 9112, 9.6). A plain close may lose written data (rule
 * S7). FER_OK: the peer has ended. If it ends after it has read to the end of file, as most
 * protocols require, it has received everything (rule K11). timeout is that of the whole call: 0
 * discards the queued input and does not wait for the peer's end, FER_DURATION_NONE has no limit.
 * The blocking mode and the read timeout do not matter. The handle is closed in every case, after
 * an error too. Clones remain open, but writing has ended for them, and input that is discarded
 * here is lost for them.
 * Blocks: until the peer's end, at most timeout, in every mode. Then as fer_tcp_stream_close.
 * Owns: releases the handle's socket.
 * Errors: FER_TIMED_OUT (the timeout expired, or the deadline), FER_CANCELLED, FER_CONNECTION_RESET
 * and every other failure of a read, also a saved one, but never FER_INTERRUPTED, unless the limits
 * are interruptible; FER_NOT_CONNECTED (an unconnected stream, a pending connect); the cause of a
 * failed connect if this call detects it; FER_MISUSE (a NEW or CLOSED stream; a failed connect;
 * reading was shut down).
 * Rust: none in std; tokio: shutdown, then io::copy to sink, within time::timeout. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_close_gracefully(fer_tcp_stream *stream,
                                                               fer_duration timeout) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. Do
 * not close it. Change its blocking mode, timeouts and linger setting only through ferrule. On
 * Windows it is a nonblocking SOCKET without the timeouts that were set. shutdown and try_clone
 * call CancelIoEx there, which may cancel your own overlapped calls on the SOCKET.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket.
 * Threads: concurrent with any other call on the handle except close. */
FER_API fer_raw_socket fer_tcp_stream_as_raw(const fer_tcp_stream *stream);

/** Takes ownership of a connected stream socket that was made elsewhere. Its type, state and
 * blocking mode are queried from the OS. Only Windows cannot report the blocking mode, so blocking
 * mode is assumed there. Its close-on-exec flag is left unchanged, and on Windows its
 * HANDLE_FLAG_INHERIT, which a SOCKET of WSADuplicateSocketW has. Its error queue (Linux:
 * IP_RECVERR) is disabled. A program that asks for other entries of that queue (SO_TIMESTAMPING,
 * MSG_ZEROCOPY) must read them with recvmsg(MSG_ERRQUEUE), or `_ready` calls do not wait, and a
 * poller reports the socket without end. A SOCKET that was made without WSA_FLAG_OVERLAPPED is
 * rejected, because a system may wait inside its calls without a limit (seen under Wine 10: a
 * nonblocking send). For a SOCKET of AcceptEx or ConnectEx call setsockopt with
 * SO_UPDATE_ACCEPT_CONTEXT or SO_UPDATE_CONNECT_CONTEXT first, otherwise Windows does not report it
 * as connected ("AcceptEx function", MSDN).
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (stream is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not a connected IP stream socket: a listener, a datagram socket, unconnected,
 * both halves ended and no bytes queued, not overlapped) and other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_tcp_stream_from_raw(fer_tcp_stream *stream, fer_raw_socket raw)
    FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. The socket has the blocking mode and the timeouts that were set. On Windows this
 * call applies them to the SOCKET, and remaining clones may share them (`raw_mode`). A call on such
 * a clone, except a _try_ call, would wait inside the system, and an expired timeout would make the
 * stream unusable. So release all clones together. A SOCKET for which the program has called
 * WSAEventSelect or WSAAsyncSelect stays nonblocking, and so does one that was accepted from it.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd. */
FER_MUST_USE FER_API fer_raw_socket fer_tcp_stream_into_raw(fer_tcp_stream *stream) FER_INOUT(1);

/* ---- TcpListener */

/** Listens on "host:port": resolves the name and uses the first address that can be bound. If none
 * can, the last address's error is returned. With port 0 the OS chooses an ephemeral port;
 * fer_tcp_listener_local_addr returns it. The backlog is 128. A bind to [::] accepts IPv4
 * connections too. OpenBSD has no dual stack: there a bind to [::] or to an IPv4-mapped address is
 * FER_UNSUPPORTED (use fer_socket_set_only_v6). On POSIX the port of a closed listener can be bound
 * again immediately, even if connections are in TIME_WAIT (SO_REUSEADDR); on Windows the listener
 * requests exclusive use instead (rule L1).
 *
 * On Windows a bind succeeds beside a socket of another program that is bound to a wildcard address
 * without exclusive use, and then takes the connections to its own address from that program
 * (`wildcard_beside_specific`, `ipv4_beside_dual_stack`). No program can do that to this listener.
 * Blocks: during the name lookup.
 * Owns: the handle owns the socket until fer_tcp_listener_close. host_port is not kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not an address of this machine),
 * FER_PERMISSION_DENIED, FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED (this machine has no IPv6; [::]
 * or an IPv4-mapped address on OpenBSD), the errors of fer_to_socket_addrs, and the default.
 * Rust: the default with a &str. Differs: [::] is dual stack on Windows and the BSDs too.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind(fer_tcp_listener *listener,
                                                     const char *host_port) FER_INOUT(1);

/** Listens on "host:port" with options, of which NULL means the defaults. Otherwise same as
 * fer_tcp_listener_bind.
 * Blocks: during the name lookup.
 * Owns: the handle owns the socket until fer_tcp_listener_close. Nothing else is kept.
 * Errors: same as fer_tcp_listener_bind. FER_INVALID_INPUT also for an unknown family, a negative
 * backlog or a device name that is empty or longer than 15 bytes; FER_NOT_FOUND (no such device),
 * FER_UNSUPPORTED (reuse_port on Windows; device on Windows and the BSDs), FER_PERMISSION_DENIED
 * (device).
 * Rust: none in std; socket2: Socket::bind and Socket::listen after its setters.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind_with(
    fer_tcp_listener *listener, const char *host_port, const fer_bind_options *FER_NULLABLE options)
    FER_INOUT(1);

/** Listens on a port of host, which has the format of fer_lookup_host. Otherwise same as
 * fer_tcp_listener_bind_with.
 * Blocks: during the name lookup.
 * Owns: same as fer_tcp_listener_bind_with.
 * Errors: same as fer_tcp_listener_bind_with. FER_MISUSE also if host is NULL.
 * Rust: std::net::TcpListener::bind with a (&str, u16).
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error
fer_tcp_listener_bind_host_with(fer_tcp_listener *listener, const char *host, uint16_t port,
                                const fer_bind_options *FER_NULLABLE options) FER_INOUT(1);

/** Listens on one address. Otherwise same as fer_tcp_listener_bind.
 * Owns: the handle owns the socket until fer_tcp_listener_close. addr is not kept.
 * Errors: same as fer_tcp_listener_bind, except those of the name lookup.
 * Rust: std::net::TcpListener::bind with a SocketAddr.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_bind_addr(fer_tcp_listener *listener,
                                                          const fer_socket_addr *addr) FER_INOUT(1);

/** Waits for a connection and accepts it. Connections that the OS reports as dead are skipped.
 * Linux, and macOS for IPv4, do not report a connection that was reset in the accept queue: it is
 * returned, and its first read is FER_CONNECTION_RESET (`reset_in_queue`). A signal does not end
 * the call, unless the limits are interruptible (rule I4). The stream starts in blocking mode
 * without timeouts, and child processes do not inherit it. peer may be NULL; otherwise *peer is the
 * peer address. To end a blocked accept from another thread, set limits with a cancel token before
 * the call (fer_tcp_listener_set_limits), then cancel the token. On Windows the accept returns
 * within 20 ms (rule K2). If the program has called WSAEventSelect for the listener's SOCKET, that
 * of the stream sets the same event ("accept function", MSDN), until the program calls
 * WSAEventSelect(s, NULL, 0) for it.
 * Blocks: until a connection arrives, at most the timeout of the listener
 * (fer_socket_set_read_timeout of fer_tcp_listener_as_socket), and within the limits of the handle.
 * Never in nonblocking mode.
 * Owns: the handle out owns the connection until fer_tcp_stream_close.
 * Errors: FER_WOULD_BLOCK (nonblocking mode), FER_TOO_MANY_OPEN_FILES (the connection stays queued:
 * close something, then call again), FER_NO_BUFFER_SPACE, FER_OUT_OF_MEMORY, FER_MISUSE (out is
 * open or NULL), FER_TIMED_OUT (the timeout expired, or the deadline of the limits), FER_CANCELLED
 * (the token of the limits), FER_INTERRUPTED (interruptible limits; in nonblocking mode 65536
 * signals in a row), FER_CONNECTION_ABORTED (65536 dead connections in a row), FER_NOT_CONNECTED
 * (the OS shut the listener down, as mobile systems do, or the program did through its raw socket:
 * close it and bind again) and other errors of the OS.
 * Rust: the default. Differs: continues after dead connections; inherits no modes.
 * Threads: any number of concurrent calls on one listener, each with its own out. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_accept(fer_tcp_listener *listener,
                                                       fer_tcp_stream *out,
                                                       fer_socket_addr *FER_NULLABLE peer)
    FER_INOUT(1) FER_INOUT(2);

/** Accepts a queued connection and never waits, regardless of the blocking mode. Otherwise same as
 * fer_tcp_listener_accept. POSIX cannot accept on a blocking listener without waiting, so there the
 * call checks the accept queue first. It still waits if the connection disappears between the check
 * and the accept. Another thread or process may accept it, or (on macOS and the BSDs) it may be
 * aborted. A listener that was in nonblocking mode, or had limits or a timeout, is accepted from
 * without a check, in one system call. It waits if another process, or code that is not ferrule's,
 * has made its socket blocking since (`listener_of_processes`).
 * Blocks: never, except as above.
 * Owns: same as fer_tcp_listener_accept.
 * Errors: FER_WOULD_BLOCK (no connection is queued); otherwise same as fer_tcp_listener_accept in
 * nonblocking mode.
 * Rust: std::net::TcpListener::accept, nonblocking for one call.
 * Threads: same as fer_tcp_listener_accept. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_try_accept(fer_tcp_listener *listener,
                                                           fer_tcp_stream *out,
                                                           fer_socket_addr *FER_NULLABLE peer)
    FER_INOUT(1) FER_INOUT(2);

/** Waits until a connection is queued: FER_READABLE. A listener is never writable. interest,
 * timeout, *ready and signals are those of fer_tcp_stream_ready. Readiness is a hint: another
 * thread may accept the connection first.
 * Blocks: until ready, at most timeout, regardless of the listener's blocking mode. The handle's
 * limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_MISUSE (ready is NULL, a handle that is not open), FER_INVALID_INPUT (no interest or
 * an unknown one), FER_TIMED_OUT, FER_CANCELLED and FER_INTERRUPTED (the limits),
 * FER_TOO_MANY_OPEN_FILES and other errors of the OS.
 * Rust: mio: a poll for net::TcpListener, with a timeout. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_ready(const fer_tcp_listener *listener,
                                                      fer_interest interest, fer_duration timeout,
                                                      fer_interest *ready);

/** Stores the listener's local address in *out, with the actual port. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_local_addr(const fer_tcp_listener *listener,
                                                           fer_socket_addr *out);

/** Makes a second handle of the same listener. It listens until the last handle is closed.
 * Owns: out is a separate handle; close it with fer_tcp_listener_close.
 * Errors: FER_MISUSE (out is open), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY and other errors of
 * the OS.
 * Threads: listener: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_try_clone(fer_tcp_listener *listener,
                                                          fer_tcp_listener *out) FER_INOUT(1)
    FER_INOUT(2);

/** Sets the time to live of packets, 1 to 255. On an IPv6 socket this is the unicast hop limit.
 * Accepted connections start with it.
 * Errors: FER_INVALID_INPUT (outside 1 to 255), and the default.
 * Rust: the default. See fer_tcp_stream_set_ttl. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_set_ttl(fer_tcp_listener *listener, uint32_t ttl)
    FER_INOUT(1);

/** Stores the time to live in *out. On an IPv6 socket this is the unicast hop limit. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_ttl(const fer_tcp_listener *listener,
                                                    uint32_t *out);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_take_error(fer_tcp_listener *listener,
                                                           fer_error *out) FER_INOUT(1);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. They belong to this handle: clones and
 * accepted streams begin without. On POSIX the first limits make the descriptor nonblocking (see
 * fer_tcp_listener_set_nonblocking), so that no accept waits in the system for a connection that
 * another thread or process took (rule K7). A call in progress keeps the limits that it began with.
 * The limits are copied.
 * Owns: limits is not kept, but its token is: the token stays OPEN and at its address until other
 * limits are set or the handle is closed, and the calls that began with it have returned.
 * Errors: FER_MISUSE (a token that is not OPEN), FER_INVALID_INPUT (a reserved byte is not 0) and
 * other errors of the OS.
 * Rust: none in std; tokio::time::timeout and select! around an accept. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_set_limits(fer_tcp_listener *listener,
                                                           const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode accept returns
 * FER_WOULD_BLOCK if no connection is queued. The mode belongs to the socket, so clones share it.
 * Accepted streams do not inherit it. On POSIX the descriptor (fer_tcp_listener_as_raw) becomes
 * nonblocking with the first nonblocking mode, limits or timeout, and stays so until
 * fer_tcp_listener_into_raw: in blocking mode ferrule waits itself from then on. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_set_nonblocking(fer_tcp_listener *listener,
                                                                bool nonblocking) FER_INOUT(1);

/** Closes the handle. Listening ends with its last handle. Connections that are still queued at
 * that time are reset. Does nothing on NULL, NEW and CLOSED handles.
 * Owns: releases the handle's socket.
 * Rust: Drop for std::net::TcpListener.
 * Threads: no concurrent call on the handle. */
FER_API void fer_tcp_listener_close(fer_tcp_listener *listener) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none.
 * Same as fer_tcp_stream_as_raw.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket. */
FER_API fer_raw_socket fer_tcp_listener_as_raw(const fer_tcp_listener *listener);

/** Takes ownership of a listening stream socket that was made elsewhere, for example one inherited
 * from a service manager. Same as fer_tcp_stream_from_raw.
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (listener is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not a listening IP stream socket, not overlapped) and other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_error fer_tcp_listener_from_raw(fer_tcp_listener *listener,
                                                         fer_raw_socket raw) FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. Same as fer_tcp_stream_into_raw. If the listener has had limits, a timeout or
 * nonblocking mode, release all clones together on POSIX too.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no concurrent call on the handle. */
FER_MUST_USE FER_API fer_raw_socket fer_tcp_listener_into_raw(fer_tcp_listener *listener)
    FER_INOUT(1);

FER_END_DECLS

#endif

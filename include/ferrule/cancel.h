/* cancel.h: limits of calls that wait: a deadline, a token that cancels them, and signals. std::net
 * has none of them; the names are those of tokio_util::sync::CancellationToken and of .NET.
 *
 *     fer_cancel_token stop = {0};
 *     FER_TRY(fer_cancel_token_new(&stop));
 *     fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(3)),
 *                          .token = &stop};
 *     FER_TRY(fer_tcp_stream_set_limits(&stream, &limits));
 *     error = fer_tcp_stream_read_exact(&stream, buf, sizeof buf, &n);
 *
 * The read ends with FER_TIMED_OUT after 3 seconds, and with FER_CANCELLED as soon as another
 * thread, or on POSIX systems a signal handler, calls fer_cancel_token_cancel(&stop). A console
 * control handler of Windows runs in a thread of its own and may call it too.
 *
 * Limits apply to every call that waits on a handle with limits. fer_tcp_stream_connect_with,
 * _connect_host_with and _connect_addrs, fer_to_socket_addrs_with and fer_lookup_host_with take
 * them as arguments. fer_socket_connect and fer_socket_connect_unix apply those of their built
 * socket. Other functions that open a handle, fer_lookup_host and fer_lookup_wait have no limits.
 * fer_poller_wait has none either; fer_poller_notify ends it. A cancel notifies no poller, so a
 * thread that cancels for an event loop also calls fer_poller_notify. The loop then calls
 * fer_cancel_token_is_cancelled; a token needs no key.
 *
 * The following rules hold for every handle with limits. docs/DIFFERENCES.md and the tests use
 * their numbers. Rules K8 to K10 are those of fer_tcp_stream_connect_with, and K11 is that of
 * fer_tcp_stream_close_gracefully (tcp.h).
 *
 * K1  A call that can wait first checks the limits. It is FER_CANCELLED if the token is cancelled,
 *     and FER_TIMED_OUT if the deadline is reached, even if the socket is
 *     ready. A loop over a socket that is always ready therefore ends too. An answer of the
 *     handle's own state (misuse, a half that has ended, a saved error) precedes the limits.
 *     Getters, setters, shutdown, close, the _try_ calls and calls of length 0 never check the
 *     limits. Neither do calls on a nonblocking socket, except those that wait in every mode:
 *     _ready, close_gracefully and fer_socket_connect_timeout.
 * K2  A cancel or the deadline ends a call that waits: immediately on POSIX systems; on Windows a
 *     read of TCP and a receive of UDP immediately, any other call within 20 ms. It changes
 *     nothing: no received byte is lost, no sent byte is uncounted, and the handle can be used
 *     again after a reset of the token or with new limits. A call that is cancelled may try a last
 *     time. If this try succeeds, the call is FER_OK, and the next call is FER_CANCELLED.
 *     read_exact, write_all, read_to_end and fer_copy report their counts. One deadline holds for
 *     the whole call, whereas a timeout starts again with each read and each write. If a call finds
 *     both the cancel and the deadline, it is FER_CANCELLED. A write within limits may be short on
 *     every system.
 * K3  The earlier of timeout and deadline applies, with the same error. If it was the deadline,
 *     fer_instant_remaining of it is 0. Limits belong to the handle and not to the socket: clones,
 *     accepted streams and handles that are converted from another one start without limits. A call
 *     keeps the limits that it started with.
 * K3a The timeout of a _ready call ends it as usual (FER_OK, none ready). A cancel or the deadline
 *     ends it with FER_CANCELLED or FER_TIMED_OUT.
 * K4  One token may limit any number of handles and calls in any number of threads. A cancel ends
 *     all of them, and its cost does not depend on their number. Calls that start after
 *     fer_cancel_token_cancel has returned are FER_CANCELLED, without a lock. All writes before the
 *     cancel happen-before the return of FER_CANCELLED.
 * K5  A handle without limits makes no system call for them, and executes no instruction of a read
 *     or a write for them.
 * K6  With limits, a call that need not wait makes at most one system call more than without.
 * K7  A cancel ends every accept of a listener that has the token, in all threads. Another process
 *     has a token of its own, which ends its accepts on the same listener. No accept with limits
 *     remains blocked in the system because another one took the connection.
 * I4  If the limits are interruptible, a signal that a thread handles while it waits ends its call
 *     with FER_INTERRUPTED, with SA_RESTART too. read_exact, write_all, read_to_end and fer_copy
 *     report their counts. The call can be repeated. An accept has accepted nothing, and a connect
 *     of a built socket is still pending: fer_socket_ready waits for its result. A cancel or a
 *     deadline precedes. Limits of fer_tcp_stream_connect_with and of a lookup end the whole call.
 *     A signal before the wait, or in another thread, ends nothing: a handler that must end a call
 *     in any case cancels the token. close_gracefully continues, and so does a connect that waits
 *     for room in a Unix listener's queue. Windows has no signals. fer_poller_set_interruptible
 *     does the same for the waits of a poller.
 *
 * A token is NEW if all of its bytes are zero, OPEN after fer_cancel_token_new, and CLOSED after
 * fer_cancel_token_close. Do not move a token while it is OPEN, and keep it OPEN while a handle's
 * limits refer to it. A call that checks limits whose token is NEW or CLOSED is FER_MISUSE.
 * After fork, the child may only close the tokens of its parent. It must first set other limits on
 * the handles that have them.
 *
 * The defaults of the slots, as in tcp.h:
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE. */
#ifndef FERRULE_CANCEL_H
#define FERRULE_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/time.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* A cancel token. Initialize to all zero bytes: {0}, in C++ {}. Its members are private. */
typedef union fer_cancel_token {
    uint64_t words_[4];
    struct fer_cancel_token_p_ {
        intptr_t system_[2];
        uint32_t state_;
    } p_;
} fer_cancel_token;

/* The limits of a call or of a handle. All zero bytes mean no limits. token is caller-owned and may
 * be NULL. If interruptible is true, a signal ends the waits too (rule I4). The other bytes are 0,
 * and any other value is FER_INVALID_INPUT: name the members in an initializer. */
typedef struct fer_limits {
    fer_instant deadline;
    fer_cancel_token *FER_NULLABLE token;
    bool interruptible;
    uint8_t reserved_[7];
} fer_limits;

/** Makes a token, which is not cancelled.
 * Owns: the token owns a resource of the OS until fer_cancel_token_close: a descriptor on Linux,
 * two on other POSIX systems, a handle on Windows. No thread and no memory.
 * Errors: FER_MISUSE (NULL; an OPEN token), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY,
 * FER_NOT_FOUND (Linux: no anonymous inodes, eventfd(2)) and other errors of the OS.
 * Rust: tokio_util::sync::CancellationToken::new.
 * Threads: no concurrent call on the token. */
FER_MUST_USE FER_API fer_error fer_cancel_token_new(fer_cancel_token *token) FER_INOUT(1);

/** Cancels every call that waits within limits with this token, and every later one, until
 * fer_cancel_token_reset. FER_OK also if the token is already cancelled.
 * Rust: tokio_util::sync::CancellationToken::cancel.
 * Threads: concurrent with any other call on the token except new and close. On POSIX systems a
 * signal handler may call it; errno is preserved. */
FER_API fer_error fer_cancel_token_cancel(fer_cancel_token *token) FER_INOUT(1);

/** Returns true if the token is cancelled; false for NULL and for a NEW or CLOSED token.
 * Errors: none.
 * Rust: tokio_util::sync::CancellationToken::is_cancelled.
 * Threads: concurrent with any other call on the token except new and close. On POSIX systems a
 * signal handler may call it. */
FER_API bool fer_cancel_token_is_cancelled(const fer_cancel_token *token);

/** Makes a cancelled token usable again. A call that is waiting may end with FER_CANCELLED or
 * continue to wait. FER_OK also if the token was not cancelled.
 * Blocks: briefly, until a concurrent fer_cancel_token_cancel has ended.
 * Rust: none; .NET's CancellationTokenSource.TryReset.
 * Threads: concurrent with any other call on the token except new, close and reset. */
FER_API fer_error fer_cancel_token_reset(fer_cancel_token *token) FER_INOUT(1);

/** Closes a token. Does nothing on NULL, NEW and CLOSED tokens. First remove it from all handles
 * (set_limits with NULL), and wait until the calls within its limits have returned.
 * Owns: releases the token's resource of the OS.
 * Errors: none.
 * Rust: none; the Drop of the last clone.
 * Threads: no concurrent call on the token, and none within its limits. */
FER_API void fer_cancel_token_close(fer_cancel_token *token) FER_INOUT(1);

FER_END_DECLS

#endif

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
 * them as arguments. fer_socket_connect, fer_socket_connect_timeout and fer_socket_connect_unix
 * apply those of their fer_socket. Other functions that open a handle, fer_to_socket_addrs,
 * fer_lookup_host and fer_lookup_wait have no limits. fer_poller_wait has none either;
 * fer_poller_notify ends it. A call that never waits (nonblocking mode, a _try_ call) does not look
 * at limits, so an event loop keeps the deadlines of its connections itself (rule K1). A cancel
 * notifies no poller, so a thread that cancels for an event loop also calls fer_poller_notify. The
 * loop then calls fer_cancel_token_is_cancelled.
 *
 * Rules K1 to K7 and I4 (docs/RULES.md, ferrule_rules(7)) hold for every handle with limits:
 * K1 which calls check the limits, and what precedes them, K2 how soon and with which count a call
 * ends, K3 timeout and deadline, clones, K4 one token for many calls, K5 and K6 the cost, K7
 * accepts, I4 signals (interruptible). Rules K8 to K10 are those of fer_tcp_stream_connect_with,
 * and K11 is that of fer_tcp_stream_close_gracefully (tcp.h).
 *
 * A token is NEW if all of its bytes are zero, OPEN after fer_cancel_token_new, and CLOSED after
 * fer_cancel_token_close. Do not move a token while it is OPEN, and keep it OPEN while a handle's
 * limits refer to it, or a call that began with such limits runs. A call that checks limits whose
 * token is NEW or CLOSED is FER_MISUSE. After fork, the child may only close the tokens of its
 * parent. It must first set other limits on the handles that have them.
 *
 * The defaults of the slots (tcp.h explains them):
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
 * be NULL. If interruptible is true, a signal ends the waits too (rule I4). reserved_ must be 0, as
 * an initializer that names the members makes it; any other value is FER_INVALID_INPUT. */
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

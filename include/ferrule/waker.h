/* waker.h: wakes an event loop of any kind, from another thread or from a signal handler. A waker
 * has a raw socket that is readable while it is woken: poll, select, GLib, Qt, libuv, libevent,
 * fer_poll and a fer_poller can wait for it. A loop that waits in fer_poller_wait alone uses
 * fer_poller_notify.
 *
 *     fer_waker waker = {0};
 *     FER_TRY(fer_waker_new(&waker));
 *     add_to_the_loop(fer_waker_as_raw(&waker));
 *
 * Another thread adds work and then calls fer_waker_wake(&waker). When the loop reports the raw
 * socket as readable, it clears the waker, and looks for work afterwards:
 *
 *     FER_TRY(fer_waker_clear(&waker));
 *     do_all_work();
 *
 * In the other order, work that is added between the two may be left until the next wake. A lookup
 * wakes the waker of its options when it is done (resolve.h). Rule P14 (docs/RULES.md,
 * ferrule_rules(7)) holds for all functions.
 *
 * A waker is NEW if all of its bytes are zero, OPEN after fer_waker_new, and CLOSED after
 * fer_waker_close. Any other call that returns a fer_error is FER_MISUSE on a waker that is NULL or
 * not OPEN. After fork one of the two processes uses the waker, and the other one may only close
 * its copy, which changes nothing for the first.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE. */
#ifndef FERRULE_WAKER_H
#define FERRULE_WAKER_H

#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

FER_BEGIN_DECLS

/* A waker. Initialize to all zero bytes: {0}, in C++ {}. Its members are private. Copying it moves
 * it: use and close only one copy. Do not move it while a call uses it, or while a lookup that is
 * OPEN has it. */
typedef union fer_waker {
    uint64_t words_[8];
    struct fer_waker_p_ {
        fer_cancel_token event_;
        fer_raw_socket reader_;
        fer_raw_socket writer_;
        uint32_t state_;
        uint32_t order_;
    } p_;
} fer_waker;

/** Makes a waker, which is not woken. Child processes do not inherit it (rule I3).
 * Blocks: never, except on Windows while a TCP connection of this machine to itself is made, at
 * most 10 seconds.
 * Owns: the waker owns a resource of the OS until fer_waker_close: a descriptor on Linux, two on
 * other POSIX systems; on Windows the two ends of a TCP connection on 127.0.0.1, to which no other
 * program can connect.
 * Errors: FER_MISUSE (NULL; an OPEN waker), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY,
 * FER_NOT_FOUND (Linux: no anonymous inodes, eventfd(2)), and other errors of the OS. On Windows
 * those of the connection, for example FER_PERMISSION_DENIED, FER_CONNECTION_TIMED_OUT and
 * FER_TIMED_OUT (a firewall), FER_CONNECTION_REFUSED, FER_CONNECTION_ABORTED,
 * FER_HOST_UNREACHABLE and FER_ADDR_NOT_AVAILABLE.
 * Rust: mio::Waker::new. Differs: no poller belongs to it.
 * Threads: no concurrent call on the waker. */
FER_MUST_USE FER_API fer_error fer_waker_new(fer_waker *waker) FER_INOUT(1);

/** Wakes: makes the raw socket readable until the waker is cleared. FER_OK also if it is woken
 * already, without a system call; several wakes may be seen as one.
 *
 * This call happens-before the return of the fer_waker_clear that clears it: the thread that clears
 * sees all memory writes made before the call.
 * Errors: FER_MISUSE. On Windows FER_NO_BUFFER_SPACE and other errors of the OS, which leave the
 * waker as it was. If the OS has ended the connection, FER_CONNECTION_RESET,
 * FER_CONNECTION_ABORTED, FER_CONNECTION_TIMED_OUT or FER_BROKEN_PIPE: the raw socket stays
 * readable then.
 * Rust: mio::Waker::wake.
 * Threads: concurrent with any other call on the waker except new and close. On POSIX systems a
 * signal handler may call it; errno is preserved. */
FER_API fer_error fer_waker_wake(fer_waker *waker) FER_INOUT(1);

/** Clears: makes the raw socket not readable. FER_OK also if the waker is not woken. Every wake
 * that begins after the return makes it readable again. A concurrent wake is cleared, or makes it
 * readable again; on Windows a wake that returned just before may do so too. The loop finds no work
 * then.
 * Errors: FER_MISUSE. On Windows also FER_CONNECTION_RESET, FER_CONNECTION_ABORTED and
 * FER_CONNECTION_TIMED_OUT (the OS has ended the connection: close the waker and make another one)
 * and other errors of the OS.
 * Rust: none; mio::Poll::poll clears its waker.
 * Threads: concurrent with any other call on the waker except new and close. */
FER_API fer_error fer_waker_clear(fer_waker *waker) FER_INOUT(1);

/** Returns the raw socket to wait for, or FER_RAW_SOCKET_NONE if the waker is not OPEN. Wait for
 * FER_READABLE (POLLIN) only. It is in nonblocking mode. On POSIX systems it is a descriptor that
 * may be no socket: an eventfd or a pipe on Linux. Do not read from it, write to it or close
 * it. Remove it from the loop before fer_waker_close.
 * Errors: none.
 * Rust: none.
 * Threads: concurrent with any other call on the waker except new and close. */
FER_API fer_raw_socket fer_waker_as_raw(const fer_waker *waker);

/** Closes a waker. Does nothing on NULL, NEW and CLOSED wakers. Close the lookups that have it
 * first (fer_lookup_options.waker).
 * Owns: releases the waker's resource of the OS.
 * Errors: none.
 * Rust: Drop of mio::Waker.
 * Threads: no concurrent call on the waker. */
FER_API void fer_waker_close(fer_waker *waker) FER_INOUT(1);

FER_END_DECLS

#endif

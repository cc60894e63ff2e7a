/* poller.h: waiting for many sockets at once, with the same rules for epoll (Linux), kqueue (macOS,
 * FreeBSD), AFD (Windows) and poll (other systems): those of Rust's polling crate.
 *
 *     fer_poller poller = {0};
 *     fer_event events[64];
 *     fer_event event = {.key = 1, .interest = FER_READABLE};
 *     fer_raw_socket raw = fer_tcp_listener_as_raw(&listener);
 *     size_t count = 0;
 *     FER_TRY(fer_poller_new(&poller));
 *     FER_TRY(fer_poller_add(&poller, raw, event, FER_POLL_LEVEL));
 *     for (;;) {
 *         FER_TRY(fer_poller_wait(&poller, FER_DURATION_NONE, events, 64, &count, NULL));
 *         for (size_t i = 0; i < count; i++) {
 *             serve(events[i].key);
 *         }
 *     }
 *
 * serve accepts, reads or writes until FER_WOULD_BLOCK, with the _try_ calls
 * (fer_tcp_stream_try_read and similar ones). After FER_TOO_MANY_OPEN_FILES of an accept the
 * listener stays ready: change its interest to none until a socket was closed. Otherwise every wait
 * returns at once.
 *
 * A poller registers sockets by their raw values, for example from fer_tcp_stream_as_raw. It does
 * not own them and does not change them. Set the sockets to nonblocking mode, or use the _try_
 * calls. An event is a hint: the next call may still return FER_WOULD_BLOCK. An unconnected Unix
 * datagram socket is always FER_WRITABLE on Linux (fer_unix_datagram_ready). Delete a socket before
 * closing it, and before into_raw. If keys are pointers, free their memory only after the last
 * event of the wait (rule P4). Rules P1 to P12, P15 and P16 (docs/RULES.md, ferrule_rules(7)) hold
 * for all functions: P2 hang-ups and errors, P3 registering twice or not at all, P4 deleting and
 * closing, P5 timeouts, P6 notifications, P7 modes, P8 several threads, P9 signals, P10 more events
 * than the array holds, P11 no interest, P12 failures, P15 another loop, P16 ends.
 *
 * A poller is for sockets. Whether other descriptors (for example pipes) can be registered depends
 * on the OS. A registration belongs to the socket and not to the handle, so it survives
 * fer_socket_into_tcp_stream and similar calls. After fork the child has a copy of its parent's
 * poller. On Linux both copies share one set of registrations. The child must not change the
 * registrations, but may close its copy.
 *
 * A handle is NEW if all of its bytes are zero, OPEN after fer_poller_new, and CLOSED after
 * fer_poller_close. Any other call that returns a fer_error is FER_MISUSE on a handle that is NULL
 * or not OPEN.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept. */
#ifndef FERRULE_POLLER_H
#define FERRULE_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

FER_BEGIN_DECLS

/* As an argument: the readiness to wait for, and a key that identifies the socket. As a result: the
 * readiness that was found, with that key. A key is any number, except those that an OPEN connector
 * of the poller uses (fer_connector_start). reserved_ is 0.
 *
 * An interest is FER_READABLE, FER_WRITABLE, both or none, and where the system has them
 * - FER_PRIORITY: urgent data of TCP (epoll, AFD, poll)
 * - FER_READ_CLOSED: reads end, after the bytes that have arrived. With it, and without
 *   FER_READABLE, a peer's end makes an event although bytes are unread (epoll, AFD, poll on Linux
 *   and FreeBSD).
 *
 * Regardless of the interest, an event also has those of these that the system reports (rule P16)
 * - FER_READ_CLOSED: the peer, or this program, has ended the half that is read
 * - FER_WRITE_CLOSED: both halves have ended
 * - FER_FAILED: the socket has an error, which the next call or take_error returns. On Linux also:
 *   the system keeps a router's report, that a datagram was too long or why a connect has failed.
 *   Then a receive may be FER_WOULD_BLOCK, and take_error may store FER_OK. */
typedef struct fer_event {
    uint64_t key;
    fer_interest interest;
    uint32_t reserved_;
} fer_event;

/* How often a ready socket is reported (rule P7). FER_POLL_ONESHOT and FER_POLL_LEVEL exist on
 * every OS, the two edge modes only where the OS has them: on Windows and with poll fer_poller_add
 * is FER_UNSUPPORTED. FER_POLL_EDGE_ONESHOT reports the same events as FER_POLL_ONESHOT: epoll and
 * kqueue disable both after an event, and query the socket again in fer_poller_modify. It is for
 * programs ported from polling that use this mode. */
typedef enum fer_poll_mode {
    FER_POLL_ONESHOT = 0,
    FER_POLL_LEVEL = 1,
    FER_POLL_EDGE = 2,
    FER_POLL_EDGE_ONESHOT = 3
} fer_poll_mode;

/* A poller. Initialize to all zero bytes. Its members are private. Copying it moves it: use and
 * close only one copy. Do not move it while a wait runs, or while a lookup or a connector that is
 * OPEN uses it. */
typedef union fer_poller {
    uint64_t words_[8];
    struct fer_poller_p_ {
        uintptr_t system_[4];
        uint32_t state_;
        uint32_t notified_;
        uint32_t interruptible_;
    } p_;
} fer_poller;

/** Makes a poller without registered sockets.
 * Owns: the poller owns its OS resources until fer_poller_close: three descriptors with epoll; a
 * completion port and a few other handles on Windows.
 * Errors: FER_MISUSE (NULL; an OPEN poller), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY,
 * FER_STORAGE_FULL (as in fer_poller_add), FER_UNSUPPORTED (Windows: the AFD driver cannot be
 * opened) and other errors of the OS.
 * Rust: polling::Poller::new; mio::Poll::new.
 * Threads: no concurrent call on the poller. */
FER_MUST_USE FER_API fer_error fer_poller_new(fer_poller *poller) FER_INOUT(1);

/** Registers a socket. A wait returns event.key if the socket is readable and event.interest has
 * FER_READABLE, or if it is writable and event.interest has FER_WRITABLE.
 *
 * If the socket is already ready, the next wait reports it. A listener is readable if a connection
 * is queued. A socket with a pending connect becomes writable when the connect succeeds or fails.
 * Start the connect before this call, or call fer_poller_modify after starting it. Linux
 * immediately reports an unconnected stream socket as hung up, and then never again with a one-shot
 * mode.
 *
 * Systems differ for a half that this program has shut down. Linux reports it in each wait, Windows
 * only when something arrives. fer_tcp_stream_ready reports it on every OS.
 *
 * This call happens-before the return of each wait that reports this registration: the waiting
 * thread sees all memory writes made before the call.
 * Owns: nothing. Delete the socket before closing it (rule P4).
 * Errors: FER_ALREADY_EXISTS, FER_UNSUPPORTED (FER_POLL_EDGE and FER_POLL_EDGE_ONESHOT on Windows
 * and with poll; an interest that the system lacks; a descriptor that the OS cannot poll),
 * FER_MISUSE (FER_RAW_SOCKET_NONE), FER_INVALID_INPUT (an unknown mode; other bits in
 * event.interest; event.reserved_ is not 0), FER_BAD_HANDLE (a raw value that is not an open
 * socket), FER_OUT_OF_MEMORY, FER_STORAGE_FULL (Linux: /proc/sys/fs/epoll/max_user_watches) and
 * other errors of the OS.
 * Rust: polling::Poller::add_with_mode. Differs: edge-triggered mode is refused if the OS does not
 * have it.
 * Threads: concurrent with any other call on the poller except new and close. A wait in progress
 * includes the new socket. */
FER_MUST_USE FER_API fer_error fer_poller_add(fer_poller *poller, fer_raw_socket raw,
                                              fer_event event, fer_poll_mode mode) FER_INOUT(1);

/** Changes the interest, the key and the mode of a registered socket. Reenables a one-shot socket
 * whose event was returned.
 *
 * This call happens-before the return of each wait that reports this registration: the waiting
 * thread sees all memory writes made before the call. So a thread that received a one-shot event
 * may change the data that belongs to the key without a lock. This call then hands the data over to
 * the next thread.
 * Errors: FER_NOT_FOUND; otherwise same as fer_poller_add, but never FER_ALREADY_EXISTS.
 * Rust: polling::Poller::modify_with_mode.
 * Threads: concurrent with any other call on the poller except new and close. A wait that is
 * returning at the same time may still return the old key. */
FER_MUST_USE FER_API fer_error fer_poller_modify(fer_poller *poller, fer_raw_socket raw,
                                                 fer_event event, fer_poll_mode mode) FER_INOUT(1);

/** Removes a socket's registration.
 * Blocks: never, except briefly with poll: until a wait in progress no longer uses the socket.
 * Errors: FER_NOT_FOUND, or instead FER_BAD_HANDLE or FER_UNSUPPORTED if the raw value is not an
 * open socket; FER_MISUSE (FER_RAW_SOCKET_NONE) and other errors of the OS.
 * Rust: polling::Poller::delete.
 * Threads: concurrent with any other call on the poller except new and close. A wait that is
 * returning at the same time may still return the key. */
FER_MUST_USE FER_API fer_error fer_poller_delete(fer_poller *poller, fer_raw_socket raw)
    FER_INOUT(1);

/** Waits until a socket is ready, the poller is notified or the timeout expires. Stores the events
 * of the ready sockets.
 *
 * The first *count elements of events are filled, at most cap. The others may be overwritten.
 * Readable and writable may be two events with one key, except with a one-shot mode. FER_OK with no
 * events means that the timeout expired, or that the poller was notified: by fer_poller_notify or
 * by the end of a lookup (resolve.h).
 *
 * notified may be NULL; then check for the notified work after every wait. Each notification, or
 * several that were merged, makes *notified true for exactly one wait (rule P6). This wait may
 * return events as well. If an event has ended a wait, the notification may be left to the next
 * wait. If cap is 1 and a notification arrives during the wait, the event may be left to the next
 * wait.
 * Blocks: at most timeout. A timeout of 0 checks without waiting; FER_DURATION_NONE waits without
 * limit.
 * Owns: events is caller-owned, cap elements; the events in it are copies.
 * Errors: FER_MISUSE (events or count is NULL), FER_INVALID_INPUT (cap is 0), FER_INTERRUPTED (a
 * signal, after fer_poller_set_interruptible) and other errors of the OS. After a failure *count is
 * 0 and *notified is false. A pending notification then wakes the next wait.
 * Rust: polling::Poller::wait. Differs: a timeout never expires early, and a notification is
 * reported.
 * Threads: any number of concurrent calls, also with any other call on the poller except new and
 * close; while the poller has OPEN connectors, one thread only (connector.h). */
FER_MUST_USE FER_API fer_error fer_poller_wait(fer_poller *poller, fer_duration timeout,
                                               fer_event *events, size_t cap, size_t *count,
                                               bool *FER_NULLABLE notified) FER_INOUT(1)
    FER_OUT_WRITES(3, 4);

/** Sets whether a signal ends a wait of the poller with FER_INTERRUPTED (rule I4, cancel.h). The
 * default is false: the wait continues. It holds for the waits that begin afterwards. A wait that
 * finds an event or a notification returns it all the same. Windows has no signals.
 * Errors: FER_MISUSE.
 * Rust: none; mio::Poll::poll is always Interrupted, polling::Poller::wait never.
 * Threads: any number of concurrent calls, also with any other call on the poller except new and
 * close. */
FER_MUST_USE FER_API fer_error fer_poller_set_interruptible(fer_poller *poller, bool interruptible)
    FER_INOUT(1);

/** Wakes one wait: one in progress, otherwise the next one.
 *
 * This call happens-before the return of that wait: the waiting thread sees all memory writes made
 * before the call. A notification has no key. After the notification of a lookup,
 * fer_resolver_take_completed (resolve.h) returns the keys of the lookups that are done.
 * fer_cancel_token_is_cancelled tells whether a token was cancelled.
 * Errors: FER_MISUSE, FER_OUT_OF_MEMORY. The notifications that were merged with the failed one are
 * not lost: they wake a wait in progress, otherwise the next one (rule P6).
 * Rust: polling::Poller::notify.
 * Threads: any number of concurrent calls, also with any other call on the poller except new and
 * close. On POSIX systems a signal handler may call it too. */
FER_MUST_USE FER_API fer_error fer_poller_notify(fer_poller *poller) FER_INOUT(1);

/* ---- A poller in another loop (GLib, Qt, libuv, libevent, poll). The loop waits until the
 * poller's raw socket is readable, at most the next timeout, and then calls fer_poller_wait with a
 * timeout of 0. On a system whose pollers have no raw socket, a thread of the program calls
 * fer_poller_wait and passes the events on, for example with a fer_waker. */

/** Returns a raw socket that is readable as long as a fer_poller_wait would return an event of a
 * socket or a notification, or FER_RAW_SOCKET_NONE if the system has none (Windows, OpenBSD and
 * NetBSD, the simulated network), or if the poller is not OPEN. The event of a connector that is
 * done is reported by fer_poller_next_timeout alone. Wait for FER_READABLE (POLLIN) only. It is a
 * hint: the wait may find nothing. From the first call on, a fer_poller_notify and the end of a
 * lookup are a system call also while no wait runs.
 * Owns: the poller owns the raw socket. Do not close it, register sockets in it or wait with it
 * yourself. Remove it from the loop before fer_poller_close.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd of polling::Poller. Differs: a notification makes it readable.
 * Threads: concurrent with any other call on the poller except new and close. */
FER_API fer_raw_socket fer_poller_as_raw(fer_poller *poller) FER_INOUT(1);

/** Stores the time after which the poller needs a fer_poller_wait even if its raw socket is not
 * readable: for its connectors (connector.h). FER_DURATION_NONE: it needs none. 0: it needs one
 * now, because a connector is done or due, or a notification waits for it. Query it again after
 * each wait, and after a connector was started. If the loop counts in milliseconds, round up:
 * otherwise the wait comes too early and finds nothing.
 * Errors: FER_MISUSE (also if out is NULL).
 * Rust: none; tokio's runtime keeps such a time itself.
 * Threads: any number of concurrent calls, also with any other call on the poller except new and
 * close; while the poller has OPEN connectors, by the thread that waits (connector.h). */
FER_MUST_USE FER_API fer_error fer_poller_next_timeout(const fer_poller *poller, fer_duration *out);

/** Closes a poller. Its registered sockets are unchanged. Does nothing on NULL, NEW and CLOSED
 * handles.
 * Blocks: only briefly: on Windows until the system has completed the poller's outstanding
 * requests, or completes none of them for 2 seconds.
 * Owns: releases the poller's OS resources.
 * Errors: none.
 * Rust: Drop of polling::Poller.
 * Threads: no concurrent call on the poller. Wake a wait in progress and let it return first. */
FER_API void fer_poller_close(fer_poller *poller) FER_INOUT(1);

/* ---- One wait for an array of sockets, without a poller: for programs that make their list of
 * sockets anew for each wait. */

/* A socket of fer_poll. raw and interest are arguments: FER_READABLE, FER_WRITABLE and FER_PRIORITY
 * (urgent data of TCP; never ready on macOS), joined by |. ready is the result: the members of
 * interest that are ready, or 0. If raw is FER_RAW_SOCKET_NONE, or interest is 0, the element is
 * ignored, and its ready is 0. */
typedef struct fer_poll_entry {
    fer_raw_socket raw;
    fer_interest interest;
    fer_interest ready;
} fer_poll_entry;

/** Waits until one of several sockets is ready, the timeout expires or the limits end the call. It
 * sets ready of every element, and stores in *n the number of those that are not 0. A socket is
 * ready as with FER_POLL_LEVEL (rule P13): a failure makes every interest ready. A socket that
 * occurs more than once may be reported for one of its elements only (macOS: its poll is built on
 * kqueue). FER_OK with *n 0 means that the timeout expired.
 *
 * On Windows the wait is a select, which looks at each socket. A program with many sockets that
 * stay the same uses a poller.
 * Blocks: at most timeout. A timeout of 0 checks without waiting; FER_DURATION_NONE waits without
 * limit.
 * Owns: entries is caller-owned, count elements; NULL if count is 0. n may be NULL.
 * Errors: FER_MISUSE (entries is NULL; more elements than an array can have; a token that is not
 * OPEN), FER_INVALID_INPUT (other bits in an interest; reserved bytes of limits that are not 0; on
 * NetBSD and FreeBSD more elements than the OS takes), FER_BAD_HANDLE (a raw value that is not an
 * open socket), FER_OUT_OF_MEMORY (more than 64 elements need memory), FER_TOO_MANY_OPEN_FILES
 * (more elements than the process may open files: poll(2), EINVAL), by the limits FER_TIMED_OUT,
 * FER_CANCELLED and FER_INTERRUPTED, and other errors of the OS. After a failure *n and all ready
 * members are 0.
 * Rust: none; nix::poll::poll, rustix::event::poll. Differs: signals do not end it, unless
 * limits->interruptible is true.
 * Threads: any number of concurrent calls, each with its own array. A socket that is closed during
 * the call may end it in any way, or not at all. */
FER_MUST_USE FER_API fer_error fer_poll(fer_poll_entry *FER_NULLABLE entries, size_t count,
                                        fer_duration timeout, const fer_limits *FER_NULLABLE limits,
                                        size_t *FER_NULLABLE n) FER_INOUT(1);

FER_END_DECLS

#endif

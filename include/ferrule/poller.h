/* poller.h: waiting for many sockets at once: one contract over epoll, kqueue, AFD and poll, that
 * of Rust's polling crate.
 *
 *     fer_poller poller = {0};
 *     fer_event events[64];
 *     size_t count = 0;
 *     FER_TRY(fer_poller_new(&poller));
 *     FER_TRY(fer_poller_add(&poller, fer_tcp_listener_as_raw(&listener), (fer_event){.key = 1, .readable = true}, FER_POLL_LEVEL));
 *     for (;;) {
 *         FER_TRY(fer_poller_wait(&poller, events, 64, FER_DURATION_NONE, &count));
 *         for (size_t i = 0; i < count; i++) {
 *             serve(events[i].key);
 *         }
 *     }
 *
 * where serve accepts, reads or writes with the _try_ calls until FER_WOULD_BLOCK. What all
 * functions here share:
 *
 * A poller watches sockets by their raw values (fer_tcp_stream_as_raw and its like). It does not
 * own them and does not change them: make them nonblocking, or read and write with the _try_ calls.
 * The rules, by which docs/DIFFERENCES.md and the tests name them:
 *
 * P1  An event is a hint, never a promise: the call that follows may still be FER_WOULD_BLOCK, on
 * every OS. Try, and wait again. It may tell of
 *      one half where both are ready (Windows: it is of the time when the socket was asked for): the other comes with the next one.
 * P2  A hang-up and a failure (a reset, a refused connect) make an event readable and writable,
 * whatever the interest was. The end that the
 *      peer's shutdown makes is readable.
 * P3  Adding a socket twice is FER_ALREADY_EXISTS; modifying or deleting one that is not there is
 * FER_NOT_FOUND. Neither changes anything.
 * P4  Deleting a socket stops its events at once: no wait that begins afterwards gives its key,
 * also when a new socket gets the same number.
 *      Delete before close. A close without it corrupts nothing: the number can be added again. But its key may come once more (Windows), and
 *      with a clone that keeps the socket alive again and again (Linux), until the clone or the poller is closed: nothing else ends it, for
 *      the number that names it is gone. Delete before into_raw, too: whoever gets the raw socket closes it without knowing of the poller. What
 *      a wait has given already stays given: whoever deletes while going through the events, with pointers for keys, frees afterwards.
 * P5  wait(0) looks and never blocks; wait(FER_DURATION_NONE) blocks until there is something.
 * Other timeouts are rounded up to what the OS can
 *      hold, and never end early. Nothing ready in time is FER_OK with no events.
 * P6  A notify wakes exactly one wait: one that is under way, else the next. Notifies that come
 * before a wait has been woken fold into one.
 *      A wait that was woken by one alone is FER_OK with no events; one that has events may have been woken by one, too: what was announced by a
 *      notify is looked for after every wait. To stop several threads, let each that finds the end announced notify once more.
 * P7  FER_POLL_ONESHOT gives one event, then none until fer_poller_modify. FER_POLL_LEVEL gives one
 * in each wait as long as the socket is ready.
 *      FER_POLL_EDGE gives one whenever the socket becomes ready, and may give more.
 *  P8  Several threads may wait at once. An event of a FER_POLL_ONESHOT socket goes to one of them.
 * P9  No signal ends a wait: it goes on with the time that is left. On POSIX systems a handler may
 * call fer_poller_notify.
 * P10 Where more sockets are ready than the array holds, or than the system tells of at once (64 on
 * Windows and with kqueue), the next waits
 *      give the others their turn before the first ones come again.
 * P11 A socket whose interest is neither is kept, but quiet: at most one event tells of a hang-up
 * or a failure. P12 A failed call leaves the poller and all of its sockets as they were.
 *
 * What can be watched is sockets. What else the OS lets a poller watch (pipes, say) is its own
 * affair, and not the same everywhere. A registration goes with the socket, not the handle:
 * fer_socket_into_tcp_stream and its like keep it. After fork the child has its parent's poller, on
 * Linux the very same registrations: it should leave them alone, and close its copy at most.
 *
 * A handle is NEW when it is all zero bytes, OPEN after fer_poller_new, CLOSED after
 * fer_poller_close. Every call but those two on one that is not OPEN, or is NULL, is
 * FER_INVALID_INPUT. */
#ifndef FERRULE_POLLER_H
#define FERRULE_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is waited for, with the user's own 64 bits to know the socket by; and what has come. Every
 * key is the user's: none is reserved. */
typedef struct fer_event {
    uint64_t key;
    bool readable;
    bool writable;
} fer_event;

/* How often a socket that is ready is told of (rule P7). */
typedef enum fer_poll_mode {
    FER_POLL_ONESHOT = 0,
    FER_POLL_LEVEL = 1,
    FER_POLL_EDGE = 2
} fer_poll_mode;

/* A poller. All zero bytes at first; its members are private. Copying it moves it: use and close
 * one copy only. */
typedef struct fer_poller {
    uintptr_t words_[4];
    uint32_t state_;
    uint32_t notified_;
} fer_poller;

/**
 * Makes a poller that watches nothing yet.
 *
 * Blocks: never.
 * Owns: the poller owns what the OS gives for it until fer_poller_close: three descriptors with
 * epoll, two completion ports and handles on Windows.
 * Errors: FER_INVALID_INPUT (NULL, or one that is OPEN), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY
 * and what else the OS says.
 * Rust: polling::Poller::new; mio::Poll::new.
 * Threads: no other call on the poller at the same time.
 */
FER_MUST_USE FER_API fer_error fer_poller_new(fer_poller *poller);

/**
 * Watches a socket: waits give interest.key whenever it is readable, where interest.readable, or
 * writable, where interest.writable.
 *
 * What is ready already is told by the next wait. A listener is readable when a connection is
 * queued, a socket whose connect goes on in the background writable when it has ended, well or
 * badly. Begin the connect first, then add, or modify after it: a stream socket that was never
 * connected is told of as hung up at once on Linux, and a FER_POLL_ONESHOT one then never again. A
 * half that this program has shut down itself is told of by some systems (Linux, in each wait) and
 * not by others (Windows, until something arrives): fer_tcp_stream_ready knows it everywhere. What
 * the caller wrote to memory before is visible to the thread whose wait gives an event of what is
 * watched by this call.
 *
 * Blocks: never.
 * Owns: nothing: the socket must be deleted before it is closed (rule P4).
 * Errors: FER_ALREADY_EXISTS; FER_UNSUPPORTED for FER_POLL_EDGE where the OS has no such (Windows,
 * poll), and for what it cannot watch at all; FER_INVALID_INPUT (FER_RAW_SOCKET_NONE, an unknown
 * mode); FER_BAD_HANDLE for a raw value that is no open socket; FER_OUT_OF_MEMORY; FER_STORAGE_FULL
 * (Linux: /proc/sys/fs/epoll/max_user_watches).
 * Rust: polling::Poller::add_with_mode. Differs: an edge-triggered source is refused where the OS
 * has no edges.
 * Threads: with any other call on the poller but new and close; a wait that is under way sees the
 * socket.
 */
FER_MUST_USE FER_API fer_error fer_poller_add(fer_poller *poller, fer_raw_socket raw,
                                              fer_event interest, fer_poll_mode mode);

/**
 * Changes what a socket is watched for, its key and its mode; and makes one whose FER_POLL_ONESHOT
 * event was given be told of again.
 *
 * What the caller wrote to memory before is visible to the thread whose wait gives an event of what
 * is watched by this call: a thread that has a FER_POLL_ONESHOT event may change what belongs to
 * its key, and hand it on by this call, without a lock.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_FOUND, else as fer_poller_add.
 * Rust: polling::Poller::modify_with_mode.
 * Threads: with any other call on the poller but new and close. A wait that is returning meanwhile
 * may still give the old key.
 */
FER_MUST_USE FER_API fer_error fer_poller_modify(fer_poller *poller, fer_raw_socket raw,
                                                 fer_event interest, fer_poll_mode mode);

/**
 * Watches a socket no longer.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_FOUND; FER_INVALID_INPUT (FER_RAW_SOCKET_NONE); instead of the first,
 * FER_BAD_HANDLE or FER_UNSUPPORTED for a raw value that is no open socket.
 * Rust: polling::Poller::delete.
 * Threads: with any other call on the poller but new and close. A wait that is returning meanwhile
 * may still give the key.
 */
FER_MUST_USE FER_API fer_error fer_poller_delete(fer_poller *poller, fer_raw_socket raw);

/**
 * Waits until a socket is ready, the poller is notified or timeout is over, and tells which sockets
 * are ready.
 *
 * The first *count of events are filled, at most cap; the others may have been written over. A
 * socket's being readable and being writable may come as two events of one key, but for
 * FER_POLL_ONESHOT. No event and FER_OK: timeout is over, or fer_poller_notify was called.
 *
 * Blocks: at most timeout; not at all where it is 0, until there is something where it is
 * FER_DURATION_NONE.
 * Owns: events, cap elements, is the caller's, and what is in it is a copy.
 * Errors: FER_INVALID_INPUT (NULL events or count, cap of 0), or what the OS says. *count is 0 on
 * failure.
 * Rust: polling::Poller::wait. Differs: a signal does not end it, and a timeout never ends it
 * early.
 * Threads: any number at once, with any other call on the poller but new and close.
 */
FER_MUST_USE FER_API fer_error fer_poller_wait(fer_poller *poller, fer_event *events, size_t cap,
                                               fer_duration timeout, size_t *count);

/**
 * Wakes one wait: one that is under way, else the next one.
 *
 * What the caller wrote to memory before is visible to the thread whose wait returns.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, FER_OUT_OF_MEMORY.
 * Rust: polling::Poller::notify.
 * Threads: any number at once, with any other call on the poller but new and close; from a signal
 * handler too on POSIX systems.
 */
FER_MUST_USE FER_API fer_error fer_poller_notify(fer_poller *poller);

/**
 * Ends a poller. The sockets that it watched are left as they are. NULL, NEW and CLOSED pollers are
 * left alone.
 *
 * Blocks: never for long: on Windows until the system has given back what it was asked to watch.
 * Owns: gives back what the OS gave for the poller.
 * Errors: none.
 * Rust: Drop of polling::Poller.
 * Threads: no other call on the poller at the same time, no wait above all: wake it and let it
 * return first.
 */
FER_API void fer_poller_close(fer_poller *poller);

#ifdef __cplusplus
}
#endif

#endif

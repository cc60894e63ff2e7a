/* modes.h: the blocking mode, the timeouts, the ended read half and the linger setting, which all
 * handles of a socket share (rules T6, S6, O2). core keeps them if calls do not wait in the kernel
 * (io_waits_in_kernel is false): in the words of the handle, and from the first clone on in a
 * record that all clones point to. No system keeps them reliably then. If calls wait in the kernel,
 * the OS keeps them, and the words stay 0, except for listeners, and on macOS for the end of the
 * read half of a connection.
 *
 * core keeps the mode and the timeouts of a listener on every system. accept has no flag for a call
 * that never waits, so an accept within limits needs a nonblocking socket (rule K7), although the
 * user's mode is blocking. macOS and the BSDs also ignore SO_RCVTIMEO in accept. The first limits,
 * the first timeout or the first nonblocking mode make the socket nonblocking, and it stays so:
 * core waits for all its handles from then on, those of other processes included. Until then accept
 * waits in the kernel, in one system call (rule K5).
 *
 * The functions take an open handle, and any number of threads may call them. Exceptions are
 * marked. */
#ifndef FERI_MODES_H
#define FERI_MODES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/handle/handle.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* Locks a handle for a change of its modes or its limits, for a few instructions. Returns a number,
 * which is passed to feri_handle_unlock. The lock's word is odd while it is locked and larger after
 * each change, so a reader without the lock detects a change. */
uint32_t feri_handle_lock(fer_handle *handle);
void feri_handle_unlock(fer_handle *handle, uint32_t version);

/* Called before each attempt to lock a handle, or to read what its lock protects: pauses after many
 * attempts. *attempts is 0 at first. */
void feri_handle_before_attempt(uint32_t *attempts);

/* ---- The mode and the timeouts, wherever they are kept */

/* Whether the user's mode lets a call wait. The OS is asked if the handle has one of the flags:
 * FERI_SHARED before a call, FERI_OTHERS after a try that would block (rule T6). If it refuses, the
 * mode is the last of this handle. */
bool feri_may_wait(const fer_handle *handle, uint32_t asking);

/* The timeout. The OS is asked unless core keeps it, or neither this handle has set one nor another
 * handle or the program may have. asks: in that case too, because another process may have. */
fer_error feri_timeout(const fer_handle *handle, ferp_direction direction, bool asks,
                       fer_duration *out);

/* Maps WOULD_BLOCK of a try that may have waited in the kernel: it is an expired timeout, if one is
 * set. A blocking socket without a timeout was nonblocking during the try: another thread or
 * process has made it so. */
fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error);

/* Whether a call whose waits only the system makes waits as a read or a write of the handle: not at
 * all (*waits is false), or without a timeout. splice and sendfile have no MSG_DONTWAIT, and do not
 * keep a timeout: each group of pages has its own (net/socket.c, splice_to_socket). The caller
 * excludes limits. */
bool feri_waits_by_system(const fer_handle *handle, ferp_direction direction, bool *waits);

/* Makes a built stream that has begun to listen a listener: core keeps its modes, beginning with
 * those that the OS has kept until now. */
fer_error feri_begin_listening(fer_handle *handle);

/* Gives an accepted socket the default modes, if it has inherited others (rule T6). */
fer_error feri_reset_inherited_modes(const fer_handle *listener, fer_raw_socket raw);

/* Before a connect that core waits for, and after it: the kernel does not wait inside connect if
 * the socket is nonblocking. Nothing if it never does. */
fer_error feri_set_connect_mode(fer_raw_socket raw, bool nonblocking);

/* ---- What core keeps */

/* Milliseconds, rounded up to at least 1, at most 12 days. */
void feri_modes_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout);
fer_duration feri_modes_timeout(const fer_handle *handle, ferp_direction direction);

/* What all handles of the socket share. */
typedef enum feri_mark {
    FERI_MARK_NONBLOCKING = 0x40000000, /* the user's mode; of a listener with CORE_WAITS */
    FERI_MARK_READ_ENDED = 0x20000000,
    /* the socket of a listener is nonblocking in the kernel, and stays so */
    FERI_MARK_CORE_WAITS = 0x04000000
} feri_mark;

void feri_modes_mark(fer_handle *handle, uint32_t marks, bool is_set);
bool feri_modes_has_mark(const fer_handle *handle, feri_mark mark);

/* Whether the read half was ended for all handles, by this one or a clone, and the OS does not
 * report it. */
bool feri_read_has_ended(const fer_handle *handle);

/* The linger setting is that of the OS. Clones share this record of it, because the OS may keep it
 * for each raw socket. False: the handle was never cloned, or no handle has set it. */
void feri_modes_record_linger(fer_handle *handle, struct ferp_linger linger);
bool feri_modes_shared_linger(const fer_handle *handle, struct ferp_linger *out);

/* Default modes, and no record: for an unpublished handle. */
void feri_modes_clear(fer_handle *handle);

/* Makes the socket of a listener nonblocking. Nothing for other sockets. */
fer_error feri_modes_wait_in_core(fer_handle *handle, fer_raw_socket raw);

/* ---- Clones */

typedef struct feri_shared_modes feri_shared_modes;

/* ---- The raw socket of a record. A Windows SOCKET that was duplicated has what Winsock knew of
 * the other one at that time: whether it is bound, its peer and SO_BROADCAST. What other SOCKETs of
 * the socket do later stays unknown to it: a receive of a SOCKET that does not know that it is
 * bound fails. So all handles of a datagram socket bind, connect, send, receive and query through
 * the SOCKET of the handle that was cloned first, or of the first clone if that handle borrows its
 * SOCKET, which stays open until the last of them is closed. They wait with their own. */

/* Of a handle that has a record. */
fer_raw_socket feri_modes_raw_of_record(const fer_handle *handle);

/* Whether the modes are those of a record, which clones share. */
static inline bool feri_modes_have_record(const fer_handle *handle)
{
    return feri_atomic_load_pointer(&handle->p_.shared_) != NULL;
}

/* The raw socket for every call of a handle but waits: the record's if it has one, or the
 * handle's. */
static inline fer_raw_socket feri_modes_raw(const fer_handle *handle)
{
    return !ferp_traits()->io_waits_in_kernel && feri_modes_have_record(handle)
               ? feri_modes_raw_of_record(handle)
               : handle->p_.raw_;
}

/* Before the raw socket is duplicated: *out is the memory of a record, or NULL if the handle needs
 * none. It is passed to feri_modes_share or to ferp_free. */
fer_error feri_modes_new_record(const fer_handle *handle, feri_shared_modes **out);

/* Copies the handle's words to made, which is its record from now on, or frees made if the handle
 * has a record. made may be NULL. clone is the duplicate: the raw socket of the record if that of
 * the handle is borrowed, because the program may close it. */
void feri_modes_share(fer_handle *handle, feri_shared_modes *made, fer_raw_socket clone);

/* Makes an unpublished handle a clone: source's record has one reference more. */
void feri_modes_join(fer_handle *clone, const fer_handle *source);

/* Gives the words, and the reference to the record, to an unpublished handle. No other thread uses
 * from. */
void feri_modes_move(fer_handle *from, fer_handle *to);

/* Drops the reference to the record; the last one frees it, and closes its raw socket, unless that
 * is raw, the handle's own. Returns whether raw must stay open, because other handles call through
 * it. No other thread uses the handle. */
bool feri_modes_leave(fer_handle *handle, fer_raw_socket raw);

/* ---- The socket's own settings */

/* Reads the timeouts of an adopted socket, or of one that begins to listen, which core keeps, and
 * the linger setting if core keeps it. */
fer_error feri_modes_read_from(fer_raw_socket raw, fer_handle *handle);

/* After feri_modes_read_from: core waits for a listener with a timeout. */
fer_error feri_modes_apply_timeouts(fer_handle *handle, fer_raw_socket raw);

/* Sets on the socket itself what clones may have set on other raw sockets of it, before it is
 * closed. */
void feri_modes_before_close(const fer_handle *handle, fer_raw_socket raw);

/* Sets everything that core keeps on the socket itself, before it is passed out of the library.
 * Best effort. */
void feri_modes_write_to(fer_handle *handle, fer_raw_socket raw);

#endif

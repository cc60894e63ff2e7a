/* handle.h: the storage of every socket handle: its state word, raw socket, saved error and flags.
 * All changes of the state word are made here. stream_state.h defines the states. */
#ifndef FERI_HANDLE_H
#define FERI_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/stream_state.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* Properties of the socket besides its state. A fer_socket has all that apply. Another handle has
 * those that its own calls read, and gets BOUND when it is used as a fer_socket. */
#define FERI_FLAGS(X)                                                                 \
    X(V6)                /* the family is IPv6 */                                     \
    X(NONBLOCKING)       /* the mode that was last set through this handle */         \
    X(CLONED)            /* other handles of the socket may have changed its modes */ \
    X(ADOPTED)           /* made elsewhere; other raw sockets of it may exist */      \
    X(LENT)              /* the program has the raw socket, and may set its modes */  \
    X(READ_TIMEOUT_SET)  /* a read timeout was set through this handle */             \
    X(WRITE_TIMEOUT_SET) /* a write timeout was set through this handle */            \
    X(RESETS_AT_CLOSE)   /* a linger time of zero was set through this handle */      \
    X(LISTENING)                                                                      \
    X(ANY_ADDR) /* bound to the wildcard address, or not; only read of datagrams */   \
    X(UNIX)     /* the addresses are Unix addresses */                                \
    X(DATAGRAM) /* not a stream */                                                    \
    X(NO_PORTS) /* a raw socket, or a datagram socket whose protocol has no ports */  \
    X(FOREIGN)  /* an adopted stream of another family, or SOCK_SEQPACKET of Unix */  \
    X(BOUND)                                                                          \
    X(REUSE_ADDRESS_SET) /* set_reuse_address was called, so bind does not set it */  \
    X(REUSE_PORT_SET)    /* set_reuse_port(true) was called through this handle */    \
    X(ONLY_V6_SET)       /* set_only_v6 was called, so bind does not clear it */      \
    X(COALESCING)        /* only batches can receive (rule B8) */                     \
    X(SEGMENTS_ON)       /* the system cuts messages into segments */                 \
    X(SEGMENTS_OFF)      /* it does not, or has refused to (rule B5) */               \
    X(ECN_OFF)           /* it has refused an ECN codepoint (rule B6) */              \
    X(TRANSLATED)        /* the system's peer is not the one of connect (U5) */       \
    X(BORROWED)          /* the program keeps the raw socket open (rule R5) */

/* FERI_FLAG_V6 and the others: one bit each, counted from 0, so that no two flags share one. */
enum {
#define FERI_NUMBER(name) FERI_FLAG_NUMBER_##name,
    FERI_FLAGS(FERI_NUMBER)
#undef FERI_NUMBER
};
enum {
#define FERI_BIT(name) FERI_FLAG_##name = 1 << FERI_FLAG_NUMBER_##name,
    FERI_FLAGS(FERI_BIT)
#undef FERI_BIT
};

/* The flag of a direction, and both. */
static inline uint32_t feri_timeout_flag(ferp_direction direction)
{
    return direction == FERP_READING ? FERI_FLAG_READ_TIMEOUT_SET : FERI_FLAG_WRITE_TIMEOUT_SET;
}
#define FERI_TIMEOUT_FLAGS (FERI_FLAG_READ_TIMEOUT_SET | FERI_FLAG_WRITE_TIMEOUT_SET)

/* Other handles may set the modes of the socket; other handles or the program. */
#define FERI_SHARED (FERI_FLAG_CLONED | FERI_FLAG_ADOPTED)
#define FERI_OTHERS (FERI_SHARED | FERI_FLAG_LENT)

/* The kinds of sockets whose addresses are not IP. */
#define FERI_NOT_IP (FERI_FLAG_UNIX | FERI_FLAG_FOREIGN)

/* The word state_ has the state and this mark, which is set if the handle has limits. If a handle
 * is fully open and has no limits, only the bits of its phase are set. The calls that move bytes
 * therefore detect both with one comparison (rule K5). */
#define FERI_HANDLE_LIMITED 0x80000000u

/* The handle of a public socket type; NULL for NULL, which the called functions refuse. */
#define FERI_HANDLE(socket) ((socket) == NULL ? NULL : &(socket)->handle_)

FERI_INLINE feri_state feri_handle_state(const fer_handle *handle)
{
    return feri_atomic_load(&handle->p_.state_) & ~FERI_HANDLE_LIMITED;
}

FERI_INLINE bool feri_handle_is_limited(const fer_handle *handle)
{
    return (feri_atomic_load(&handle->p_.state_) & FERI_HANDLE_LIMITED) != 0;
}

/* Whether the handle is fully open and has no limits. */
FERI_INLINE bool feri_handle_is_fast_path(const fer_handle *handle)
{
    return feri_atomic_load(&handle->p_.state_) == FERI_STATE_FULLY_OPEN;
}

FERI_INLINE uint32_t feri_handle_flags(const fer_handle *handle)
{
    return feri_atomic_load(&handle->p_.flags_);
}

FERI_INLINE bool feri_handle_has_flag(const fer_handle *handle, uint32_t flag)
{
    return (feri_atomic_load(&handle->p_.flags_) & flag) != 0;
}

/* Makes an address that is none. In two halves, for which gcc makes no loop if it compiles for
 * size. */
FERI_INLINE void feri_clear_addr(fer_socket_addr *addr)
{
    memset(addr, 0, sizeof *addr / 2);
    memset((unsigned char *)addr + sizeof *addr / 2, 0, sizeof *addr - sizeof *addr / 2);
}

/* The family of an IP socket. */
static inline fer_ip_family feri_handle_family(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_V6) ? FER_IP_V6 : FER_IP_V4;
}

/* Whether core keeps the modes of the socket (modes.h), and not the OS. */
FERI_INLINE bool feri_core_keeps_modes(const fer_handle *handle)
{
    return !ferp_traits()->io_waits_in_kernel || feri_handle_has_flag(handle, FERI_FLAG_LISTENING);
}

/* Whether core marks the end of the read half of a stream, and does not pass it to the OS alone. If
 * calls wait in the kernel (macOS), only the connections of IP need that. */
FERI_INLINE bool feri_marks_read_end(const fer_handle *handle)
{
    return ferp_traits()->shutdown_read_resets_on_data &&
           (!ferp_traits()->io_waits_in_kernel ||
            !feri_handle_has_flag(handle, FERI_NOT_IP | FERI_FLAG_DATAGRAM));
}

/* Whether a wait to write may miss that the write half has ended. */
static inline bool feri_write_wait_misses_end(const fer_handle *handle)
{
    return ferp_traits()->write_wait_misses_shutdown ||
           (ferp_traits()->unix_write_wait_misses_end &&
            feri_handle_has_flag(handle, FERI_FLAG_UNIX));
}

/* The handle that a fer_stream refers to. NULL, which every call refuses, for a datagram socket and
 * for a listener: a fer_socket may have become either. */
static inline fer_handle *feri_handle_of_stream(fer_handle *handle)
{
    bool is_other =
        handle != NULL && feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    return is_other ? NULL : handle;
}

/* The answer of the handle's state to a request; MISUSE for NULL. */
static inline feri_answer feri_handle_answer(const fer_handle *handle, feri_request request)
{
    return handle == NULL ? FERI_ANSWER_MISUSE
                          : feri_state_answer(feri_handle_state(handle), request);
}

/* Converts an answer to the caller's error: FER_OK for CALL_OS, CHECK_CONNECT, CHECK_QUEUED and
 * END. */
fer_error feri_handle_answer_error(const fer_handle *handle, feri_answer answer);

/* FER_OK if a request may call the OS, else the error of the state's answer. */
fer_error feri_handle_check(const fer_handle *handle, feri_request request);

/* As feri_handle_check of FERI_REQUEST_USE; the common case has no call. */
static inline fer_error feri_handle_check_use(const fer_handle *handle)
{
    if (handle != NULL && feri_handle_state(handle) == FERI_STATE_FULLY_OPEN) {
        return feri_ok();
    }
    return feri_handle_check(handle, FERI_REQUEST_USE);
}

/* The first check of every getter: MISUSE if out is NULL, else as FERI_REQUEST_USE. */
static inline fer_error feri_handle_check_getter(const fer_handle *handle, const void *out)
{
    return out == NULL ? feri_own_error(FER_MISUSE) : feri_handle_check(handle, FERI_REQUEST_USE);
}

/* Sets or clears the mark of limits. False: the handle has no socket; nothing changes. */
bool feri_handle_mark_limited(fer_handle *handle, bool is_limited);

/* Applies an event with the error that it brings (GOT_RESET, CONNECT_FAIL), of which the first is
 * saved, or FER_OK. An event that ends the handle's use ends its limits. Returns the state before
 * the event, or FERI_STATE_MISUSE: the state forbids the event and does not change. */
feri_state feri_handle_step(fer_handle *handle, feri_event event, fer_error error);

/* The event of a shutdown. False: how is invalid. */
bool feri_event_of_shutdown(fer_shutdown how, feri_event *event);

/* The saved error; BROKEN_PIPE if there is none. */
fer_error feri_handle_saved_error(const fer_handle *handle);

/* Claims a NEW or CLOSED handle for the call that fills it. MISUSE: the handle is NULL or in
 * use, and unchanged. */
fer_error feri_handle_claim(fer_handle *handle);

/* Stores the socket in a claimed handle, which then owns it. event is CONNECT_OK, or
 * OPEN_UNCONNECTED for a stream socket that is not connected yet. MISUSE: the handle was closed
 * meanwhile, and the socket is closed. */
fer_error feri_handle_fill(fer_handle *handle, feri_event event, fer_raw_socket raw,
                           uint32_t flags);

/* As feri_handle_fill, with the state, flags, modes and saved error of another handle of the
 * socket. */
fer_error feri_handle_fill_clone(fer_handle *handle, fer_raw_socket raw, const fer_handle *source);

/* Moves everything from an open handle to a claimed one. from is CLOSED afterwards. MISUSE: to was
 * closed meanwhile, and the socket is closed. */
fer_error feri_handle_move(fer_handle *from, fer_handle *to);

/* Ends a claim without a socket. The handle is NEW afterwards. */
void feri_handle_abandon(fer_handle *handle);

/* Returns the socket, or FER_RAW_SOCKET_NONE if there is none, and leaves a CLOSED handle, which
 * keeps its modes (modes.h) until the caller moves or drops them. */
fer_raw_socket feri_handle_release(fer_handle *handle);

void feri_handle_close(fer_handle *handle);

/* The raw socket, FER_RAW_SOCKET_NONE if there is none. */
fer_raw_socket feri_handle_as_raw(const fer_handle *handle);

/* The same, for a program, or for another process that inherits it. */
fer_raw_socket feri_handle_lend_raw(const fer_handle *handle);

/* ---- Clones, and sockets that are adopted or released, for every handle type (rules R1, R2):
 * ownership.c. */

fer_error feri_try_clone(fer_handle *handle, fer_handle *out);

/* The address family of a socket. */
typedef enum feri_domain { FERI_DOMAIN_IP, FERI_DOMAIN_UNIX } feri_domain;

/* What a handle adopts: a connected stream, a listener, a datagram socket, or any socket, of any
 * domain, connected or not. BORROWED: the same, and the caller keeps it in every case (rule R5). */
typedef enum feri_adopted {
    FERI_ADOPTED_STREAM,
    FERI_ADOPTED_LISTENER,
    FERI_ADOPTED_DATAGRAM,
    FERI_ADOPTED_ANY,
    FERI_ADOPTED_BORROWED
} feri_adopted;

/* On failure the caller keeps raw, which is unchanged. MISUSE: the handle is NULL or in use; the OS
 * was not asked. */
fer_error feri_adopt(fer_handle *handle, fer_raw_socket raw, feri_domain domain, feri_adopted kind);

/* As feri_handle_release, and sets the modes that core keeps on the socket itself. */
fer_raw_socket feri_into_raw(fer_handle *handle);

#endif

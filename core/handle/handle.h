/* handle.h: the storage behind every socket handle: its state word, its raw socket, the reason of
 * its end, its flags. All changes of a handle are made here. What the states mean is in
 * stream_state.h. */
#ifndef FERI_HANDLE_H
#define FERI_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/result.h"
#include "core/handle/stream_state.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* What is known of the socket besides its state. */
#define FERI_FLAG_V6 1u             /* its family is IPv6 */
#define FERI_FLAG_NONBLOCKING 2u    /* the mode that was set last through this handle */
#define FERI_FLAG_CLONED 4u         /* other handles of the socket may have changed its modes */
#define FERI_FLAG_ADOPTED 8u        /* made elsewhere, and perhaps still known there */
#define FERI_FLAG_MODE_CHANGED 16u  /* its mode was set through this handle, whatever it is now */
#define FERI_FLAG_TIMEOUT_SET 4096u /* a timeout was set through this handle */
/* The same of a fer_socket alone. */
#define FERI_FLAG_UNIX 32u      /* its addresses are Unix' */
#define FERI_FLAG_DATAGRAM 64u  /* it is no stream */
#define FERI_FLAG_NO_PORTS 128u /* its protocol has no ports */
#define FERI_FLAG_LISTENING 256u
#define FERI_FLAG_BOUND 512u
#define FERI_FLAG_REUSE_ADDRESS_SET 1024u /* set_reuse_address was called; bind leaves it so */
#define FERI_FLAG_ONLY_V6_SET 2048u       /* the same of set_only_v6 */

static inline feri_state feri_handle_state(const fer_handle *handle)
{
    return feri_atomic_load(&handle->state_);
}

static inline uint32_t feri_handle_flags(const fer_handle *handle)
{
    return feri_atomic_load(&handle->flags_);
}

static inline bool feri_handle_has_flag(const fer_handle *handle, uint32_t flag)
{
    return (feri_handle_flags(handle) & flag) != 0;
}

/* Whether somebody else may change the socket's modes, so that the OS must be asked. */
static inline bool feri_handle_is_shared(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_CLONED | FERI_FLAG_ADOPTED);
}

/* The answer of a handle's state to a request; MISUSE for NULL. */
static inline feri_answer feri_handle_answer(const fer_handle *handle, feri_request request)
{
    return handle == NULL ? FERI_ANSWER_MISUSE
                          : feri_state_answer(feri_handle_state(handle), request);
}

/* The error that an answer is to the caller: FER_OK for the three that ask, and for END. */
fer_error feri_handle_answer_error(const fer_handle *handle, feri_answer answer);

/* FER_OK where a request may go to the OS, else what it is answered. */
fer_error feri_handle_check(const fer_handle *handle, feri_request request);

/* What every getter begins with: INVALID_INPUT where there is nowhere to store the answer, else as
 * the request to use the handle. */
static inline fer_error feri_handle_check_getter(const fer_handle *handle, const void *out)
{
    return out == NULL ? feri_own_error(FER_INVALID_INPUT)
                       : feri_handle_check(handle, FERI_REQUEST_USE);
}

/* Applies an event; false where it cannot happen in the handle's state, which then stays. */
bool feri_handle_apply(fer_handle *handle, feri_event event);

/* Applies an event that brings a reason (GOT_RESET, CONNECT_FAIL): the first reason stays. */
bool feri_handle_fail(fer_handle *handle, feri_event event, fer_error reason);

/* The fatal error that was seen first; BROKEN_PIPE where the state has none. */
fer_error feri_handle_saved_error(const fer_handle *handle);

/* Claims a NEW or CLOSED handle for a call that will fill it. INVALID_INPUT: NULL, or not empty,
 * and left alone. */
fer_error feri_handle_claim(fer_handle *handle);

/* Gives a claimed handle its socket, which it then owns. INVALID_INPUT: closed meanwhile; the
 * socket is closed. */
fer_error feri_handle_fill(fer_handle *handle, fer_raw_socket raw, uint32_t flags);

/* The same with a stream socket that is still to be connected. */
fer_error feri_handle_fill_unconnected(fer_handle *handle, fer_raw_socket raw, uint32_t flags);

/* As feri_handle_fill, with what another handle of the same socket has seen. */
fer_error feri_handle_fill_clone(fer_handle *handle, fer_raw_socket raw, const fer_handle *source);

/* Gives an empty handle all that an open one has, which is CLOSED then. INVALID_INPUT: to is not
 * empty; nothing has changed. */
fer_error feri_handle_move(fer_handle *from, fer_handle *to);

/* Ends a claim without a socket: the handle is NEW again. */
void feri_handle_abandon(fer_handle *handle);

/* Leaves a CLOSED handle. The socket goes to the caller, or is FER_RAW_SOCKET_NONE where there was
 * none. */
fer_raw_socket feri_handle_release(fer_handle *handle);

void feri_handle_close(fer_handle *handle);

/* The raw socket, FER_RAW_SOCKET_NONE where there is none. */
fer_raw_socket feri_handle_as_raw(const fer_handle *handle);

#endif

/* datagram_receive.c: receives single datagrams, and checks their senders. */
#include "core/transfer/datagram.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/wait/waiting.h"

/* ---- What a receive discards: reports, refusals, and datagrams of other senders */

/* A socket that is not bound: Windows reports WSAEINVAL. Other systems wait (Linux: inet_recvmsg
 * binds nothing), perhaps until another thread's send has bound the socket. A bind here would make
 * the program's own bind fail. If the socket is bound now, a send has perhaps bound it after the
 * receive failed, so the receive is tried once more. */
bool feri_datagram_receives_again(const fer_handle *handle, fer_error *error, bool *was_retried)
{
    fer_socket_addr addr;
    if (feri_datagram_is_refusal(*error)) {
        return feri_datagram_peer(handle, &addr).kind != FER_OK; /* that of an earlier peer */
    }
    if (error->kind != FER_INVALID_INPUT) {
        return feri_datagram_is_report(*error);
    }
    if (ferp_local_addr(feri_modes_raw(handle), &addr).kind != FER_OK) {
        *error = feri_own_error(FER_WOULD_BLOCK);
        return false;
    }
    bool tries = !*was_retried;
    *was_retried = true;
    return tries;
}

/* The address that connect was given is the peer that the handle stores. After the connect of a
 * clone that one is no longer the peer, but the system does not tell what its peer is translated
 * from. */
bool feri_datagram_is_translated(const fer_handle *handle, const fer_socket_addr *from)
{
    fer_socket_addr peer;
    return feri_handle_has_flag(handle, FERI_FLAG_TRANSLATED) &&
           (feri_datagram_is_same_end(&handle->p_.peer_, from) ||
            (ferp_peer_addr(feri_modes_raw(handle), &peer).kind == FER_OK &&
             feri_datagram_is_same_end(&peer, from)));
}

/* Whether a datagram is the peer's, or there is no peer. The sender gets the form of the family. */
FERI_NOINLINE static bool is_from_peer(const fer_handle *handle, fer_socket_addr *from)
{
    fer_socket_addr peer;
    feri_datagram_map_to_family(handle, from);
    return feri_datagram_peer(handle, &peer).kind != FER_OK ||
           feri_datagram_is_same_end(&peer, from) || feri_datagram_is_translated(handle, from);
}

/* Whether a datagram that the handle has received is the caller's. The peer is compared also after
 * the queue was empty. Linux finds the socket of a datagram and then queues it, without a lock in
 * between (net/ipv4/udp.c, __udp4_lib_rcv). So another sender's may be queued after connect has
 * returned and a receive has found nothing (rule U5). */
static inline bool is_of_peer(const fer_handle *handle, fer_socket_addr *from)
{
    const fer_socket_addr *peer = &handle->p_.peer_;
    if (feri_handle_has_flag(handle, FERI_SHARED)) {
        return is_from_peer(handle, from);
    }
    if (peer->ip.family == 0) {
        feri_datagram_map_to_family(handle, from);
        return true;
    }
    return feri_datagram_is_same_end(peer, from) || is_from_peer(handle, from);
}

/* ---- Receiving */

/* One receive. The mark of the call: `received` is the datagram, or the end of a shut down read
 * half. */
typedef struct receive_call {
    feri_call call; /* RECEIVABLE */
    void *buf;
    size_t len;
    fer_udp_received *out;
    bool has_refusal; /* a peek has met one */
    bool was_retried; /* feri_datagram_receives_again */
    fer_udp_received received;
} receive_call;

/* The end of the read half, also during a wait, is FER_OK with no bytes, from the peer. XNU reports
 * no peer once both halves are shut down (uipc_syscalls.c, getpeername): a clone then knows the
 * peer that the socket had when the clone was made. */
static fer_error end_receiving(receive_call *call)
{
    const fer_handle *handle = call->call.handle;
    call->received = (fer_udp_received){.from = handle->p_.peer_};
    FER_IGNORE(feri_datagram_peer(handle, &call->received.from));
    return feri_ok();
}

/* Removes what a peek has left, a datagram or a report, without its bytes. */
static fer_error drop_peeked(const receive_call *call)
{
    fer_udp_received dropped;
    unsigned flags = (call->call.flags & FERP_NOT_UDP) | FERP_DONTWAIT;
    return ferp_recv_from(feri_modes_raw(call->call.handle), NULL, 0, flags, &dropped);
}

/* A peek that reports an earlier peer's refusal twice has not taken it (`refusal_is_left`; where
 * the first peek has taken it, no second one follows without a peer). */
FERI_NOINLINE static fer_error after_failed_receive(receive_call *call, fer_error error)
{
    if (!feri_datagram_receives_again(call->call.handle, &error, &call->was_retried)) {
        return error;
    }
    if ((call->call.flags & FERP_PEEK) != 0 && !feri_datagram_is_report(error)) {
        FER_IGNORE(call->has_refusal ? drop_peeked(call) : feri_ok());
        call->has_refusal = true;
    }
    return feri_discard(&call->call);
}

/* A peeked datagram of another sender is removed from the queue, so that the next one can be
 * peeked. */
static fer_error after_other_sender(receive_call *call)
{
    fer_error error = (call->call.flags & FERP_PEEK) != 0 ? drop_peeked(call) : feri_ok();
    /* WOULD_BLOCK: another thread has received it */
    bool is_gone = error.kind == FER_OK || error.kind == FER_WOULD_BLOCK;
    return is_gone || feri_datagram_is_report(error) ? feri_discard(&call->call) : error;
}

/* Receives a datagram of the peer, or meets the end of the read half. A failure that was saved
 * (rule B3) precedes them. The system filters what arrives after connect, but not what was queued
 * before (measured; Linux udp(7) and the BSDs do not document it). Only a shared handle queries the
 * OS for the peer. */
static fer_error try_to_receive(feri_call *of, unsigned flags)
{
    receive_call *call = (receive_call *)of;
    FER_TRY(feri_datagram_take_failure(of->handle));
    fer_error error =
        ferp_recv_from(feri_modes_raw(of->handle), call->buf, call->len, flags, &call->received);
    if (error.kind != FER_OK) {
        return after_failed_receive(call, error);
    }
    bool is_end = call->received.from.ip.family == 0; /* no sender: the read half is shut down */
    of->is_marked = is_end || is_of_peer(of->handle, &call->received.from);
    if (!of->is_marked) {
        return after_other_sender(call);
    }
    return is_end ? end_receiving(call) : error;
}

FERI_NOINLINE static fer_error run_receive(feri_call *of, feri_try *attempt, const fer_error *first)
{
    receive_call *call = (receive_call *)of;
    FER_TRY(feri_handle_check_use(of->handle));
    FERI_REQUIRE(call->out != NULL && feri_is_buffer(call->buf, call->len), FER_MISUSE);
    call->len = feri_clamp_datagram(call->len);
    if (first == NULL) {
        of->flags |= feri_handle_has_flag(of->handle, FERI_FLAG_NO_PORTS) ? FERP_NOT_UDP : 0;
        feri_call_start(of);
    }
    if (feri_handle_answer(of->handle, FERI_REQUEST_READ) == FERI_ANSWER_END) {
        return end_receiving(call);
    }
    FERI_REQUIRE(!feri_handle_has_flag(of->handle, FERI_FLAG_COALESCING), FER_INVALID_INPUT);
    fer_error error = feri_run_on(of, attempt, first);
    if (of->is_socket_error) {
        return feri_map_error(FERI_OPERATION_DATAGRAM, error);
    }
    return error.kind == FER_OK && !of->is_marked ? end_receiving(call) : error;
}

/* Whether the OS takes a buffer as it is. */
static inline bool is_usual(const fer_handle *handle, const void *buf, size_t len)
{
    return handle != NULL && buf != NULL && len - 1 < ferp_traits()->datagram_length_max;
}

/* Those without ports have other receives, and those that coalesce none. If a timeout may be set,
 * the clock is read before the first try. */
#define NOT_RECEIVED_AT_ONCE \
    (FERI_FLAG_NO_PORTS | FERI_FLAG_COALESCING | feri_may_expire(FERP_READING))

FERI_HOT fer_error feri_datagram_receive(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                         fer_udp_received *out)
{
    receive_call call;
    bool is_at_once = is_usual(handle, buf, len) && out != NULL &&
                      !feri_handle_has_flag(handle, NOT_RECEIVED_AT_ONCE);
    call.buf = buf;
    call.len = len;
    call.out = out;
    call.has_refusal = false;
    call.was_retried = false;
    fer_error error = feri_run(&call.call, handle, FERP_RECEIVABLE, is_at_once, flags,
                               try_to_receive, run_receive);
    if (error.kind == FER_OK) {
        FERI_ASSERT(call.received.len <= call.len);
        *out = (fer_udp_received){call.received.len, call.received.truncated, call.received.from};
    }
    return error;
}

/* ---- Receiving from a Unix socket */

typedef struct unix_receive_call {
    feri_call call; /* RECEIVABLE */
    void *buf;
    size_t len;
    fer_unix_received *out;
} unix_receive_call;

static fer_error try_to_receive_unix(feri_call *of, unsigned flags)
{
    const unix_receive_call *call = (const unix_receive_call *)of;
    return ferp_unix_recv_from(of->handle->p_.raw_, call->buf, call->len, flags, call->out);
}

FERI_NOINLINE static fer_error run_receive_unix(feri_call *of, feri_try *attempt,
                                                const fer_error *first)
{
    unix_receive_call *call = (unix_receive_call *)of;
    FER_TRY(feri_handle_check_getter(of->handle, call->out));
    FERI_REQUIRE(feri_is_buffer(call->buf, call->len), FER_MISUSE);
    call->len = feri_clamp_datagram(call->len);
    return feri_run_on(of, attempt, first);
}

FERI_HOT fer_error feri_unix_datagram_receive(fer_handle *handle, void *buf, size_t len,
                                              unsigned flags, fer_unix_received *out)
{
    unix_receive_call call;
    call.buf = buf;
    call.len = len;
    call.out = out;
    return feri_run(&call.call, handle, FERP_RECEIVABLE, is_usual(handle, buf, len) && out != NULL,
                    flags, try_to_receive_unix, run_receive_unix);
}

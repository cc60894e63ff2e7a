/* datagram_send.c: sends single datagrams. */
#include "core/transfer/datagram.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/opening.h"
#include "core/open/unix_opening.h"
#include "core/wait/waiting.h"

/* A datagram that is too long itself fails every time, and never waits. With three threads that
 * send through a router whose reports never end, 4 tries failed twice in 400,000 sends. */
#define SEND_TRIES_MAX 8

/* Rule U3. Wine 8 disconnects by a connect to 0.0.0.0, which on Linux is one to 127.0.0.1. */
static bool is_refusal_of_none(const fer_handle *handle, fer_error error)
{
    fer_socket_addr peer;
    return feri_datagram_is_refusal(error) && feri_datagram_peer(handle, &peer).kind != FER_OK;
}

bool feri_datagram_sends_again(const fer_handle *handle, unsigned *reports, fer_error error)
{
    bool is_again = (feri_datagram_is_report(error) || is_refusal_of_none(handle, error)) &&
                    *reports + 1 < SEND_TRIES_MAX;
    *reports = is_again ? *reports + 1 : 0;
    return is_again;
}

/* Some systems report a missing peer as an invalid argument. Linux reports ENOBUFS every time for
 * fragments that do not fit into the send buffer (net/ipv4/ip_output.c, __ip_append_data). */
fer_error feri_datagram_map_send_error(const fer_handle *handle, const fer_socket_addr *to,
                                       size_t len, fer_error error)
{
    fer_socket_addr peer;
    size_t size = 0;
    if (error.kind == FER_NO_BUFFER_SPACE && !ferp_traits()->no_buffer_space_is_transient &&
        feri_buffer_size(handle, FERP_SEND_BUFFER, &size).kind == FER_OK && len > size) {
        error.kind = FER_MESSAGE_TOO_LONG;
    }
    if (to == NULL && error.kind == FER_INVALID_INPUT &&
        feri_datagram_peer(handle, &peer).kind != FER_OK) {
        return feri_map_error(FERI_OPERATION_UNADDRESSED, error);
    }
    error = to != NULL ? feri_datagram_map_other_version(handle, to, error) : error;
    return feri_map_error(FERI_OPERATION_DATAGRAM, error);
}

fer_error feri_datagram_check_send(const fer_handle *handle, const void *buf, size_t len)
{
    FER_TRY(feri_handle_check_use(handle));
    FERI_REQUIRE(feri_is_buffer(buf, len), FER_MISUSE);
    return len > ferp_traits()->datagram_length_max ? feri_own_error(FER_MESSAGE_TOO_LONG)
                                                    : feri_ok();
}

/* One send: to an IP address, to the name of a Unix socket, or to the peer. */
typedef struct send_call {
    feri_call call; /* WRITABLE. FERP_UNIX: of fer_unix_datagram */
    const void *buf;
    size_t len;
    const fer_socket_addr *addr; /* NULL: to the peer */
    fer_socket_addr converted;   /* the address in the form of the family */
    const fer_unix_addr *name;
    size_t sent;
    unsigned reports; /* feri_datagram_sends_again */
} send_call;

static fer_error after_failed_send(send_call *call, fer_error error)
{
    return feri_datagram_sends_again(call->call.handle, &call->reports, error)
               ? feri_discard(&call->call)
               : error;
}

static fer_error try_send(feri_call *of, unsigned flags)
{
    send_call *call = (send_call *)of;
    fer_error error =
        ferp_send(feri_modes_raw(of->handle), call->buf, call->len, flags, &call->sent);
    return error.kind != FER_OK && (flags & FERP_UNIX) == 0 ? after_failed_send(call, error)
                                                            : error;
}

static fer_error try_send_to(feri_call *of, unsigned flags)
{
    send_call *call = (send_call *)of;
    fer_error error = ferp_send_to(feri_modes_raw(of->handle), call->buf, call->len, flags,
                                   call->addr, &call->sent);
    return error.kind != FER_OK ? after_failed_send(call, error) : error;
}

static fer_error try_send_to_name(feri_call *of, unsigned flags)
{
    send_call *call = (send_call *)of;
    return ferp_unix_send_to(of->handle->p_.raw_, call->buf, call->len, flags, call->name,
                             &call->sent);
}

/* The caller's address is not checked yet. */
FERI_NOINLINE static fer_error run_send(feri_call *of, feri_try *attempt, const fer_error *first)
{
    send_call *call = (send_call *)of;
    FER_TRY(feri_datagram_check_send(of->handle, call->buf, call->len));
    if (attempt == try_send_to) {
        FER_TRY(feri_addresses_are_valid(call->addr, 1)
                    ? feri_datagram_destination(of->handle, call->addr, &call->converted)
                    : feri_refuse(call->addr == NULL));
        call->addr = &call->converted;
    }
    feri_call_start(of);
    fer_error error = feri_run_on(of, attempt, first);
    return of->is_socket_error && (of->flags & FERP_UNIX) == 0
               ? feri_datagram_map_send_error(of->handle, call->addr, call->len, error)
               : error;
}

/* If a timeout was set, the clock is read before the first try. */
static inline fer_error send_one(fer_handle *handle, const void *buf, size_t len, unsigned flags,
                                 const fer_socket_addr *to, bool is_usual, feri_try *attempt,
                                 size_t *n)
{
    send_call call;
    bool is_at_once = is_usual && buf != NULL && len - 1 < ferp_traits()->datagram_length_max;
    call.buf = buf;
    call.len = len;
    call.addr = to;
    call.sent = 0;
    call.reports = 0;
    fer_error error =
        feri_run(&call.call, handle, FERP_WRITABLE, is_at_once, flags, attempt, run_send);
    feri_store_count(n, call.sent);
    return error;
}

FERI_HOT fer_error feri_datagram_send(fer_handle *handle, const void *buf, size_t len,
                                      unsigned flags, size_t *n)
{
    bool is_usual = handle != NULL && !feri_handle_has_flag(handle, FERI_FLAG_WRITE_TIMEOUT_SET);
    return send_one(handle, buf, len, flags, NULL, is_usual, try_send, n);
}

/* Whether feri_datagram_destination would not change the address. */
static inline bool is_as_sent(const fer_handle *handle, const fer_socket_addr *to)
{
    uint32_t flags = feri_handle_flags(handle);
    return to->port != 0 && (flags & (FERI_FLAG_NO_PORTS | FERI_FLAG_WRITE_TIMEOUT_SET)) == 0 &&
           to->ip.family == ((flags & FERI_FLAG_V6) != 0 ? FER_IP_V6 : FER_IP_V4);
}

FERI_HOT fer_error feri_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                         const fer_socket_addr *to, unsigned flags, size_t *n)
{
    bool is_usual = handle != NULL && to != NULL && is_as_sent(handle, to);
    return send_one(handle, buf, len, flags, to, is_usual, try_send_to, n);
}

/* A foreign socket has SOCK_SEQPACKET. Linux would send to its peer, whatever the address is
 * (af_unix.c, unix_seqpacket_sendmsg). */
fer_error feri_unix_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                     const fer_unix_addr *to, unsigned flags, size_t *n)
{
    send_call call = {{.handle = handle, .readiness = FERP_WRITABLE, .flags = flags},
                      .buf = buf,
                      .len = len,
                      .name = to};
    feri_store_count(n, 0);
    FER_TRY(feri_datagram_check_send(handle, buf, len));
    FER_TRY(feri_check_unix_name(to));
    FERI_REQUIRE(!feri_handle_has_flag(handle, FERI_FLAG_FOREIGN), FER_INVALID_INPUT);
    fer_error error = feri_run_on(&call.call, try_send_to_name, NULL);
    feri_store_count(n, call.sent);
    return error;
}

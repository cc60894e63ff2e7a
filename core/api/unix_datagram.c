/* unix_datagram.c: the public functions of fer_unix_datagram. Those that other handle types have
 * too are rows of handle_functions.h. */
#include "core/api/handle_functions.h"
#include "core/open/opening.h"
#include "core/open/unix_opening.h"
#include "core/transfer/datagram.h"
#include "core/transfer/handles.h"
#include "ferrule/unix.h"

/* ---- Binding and connecting */

fer_error fer_unix_datagram_bind(fer_unix_datagram *socket, const char *path)
{
    return feri_unix_open_path(FERI_HANDLE(socket), path, feri_unix_datagram_open,
                               FERI_FLAG_DATAGRAM);
}

fer_error fer_unix_datagram_bind_addr(fer_unix_datagram *socket, const fer_unix_addr *addr)
{
    return feri_unix_open(FERI_HANDLE(socket), addr, feri_unix_datagram_open, FERI_FLAG_DATAGRAM);
}

fer_error fer_unix_datagram_unbound(fer_unix_datagram *socket)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(feri_handle_claim(FERI_HANDLE(socket)));
    fer_error error = ferp_socket_new(FER_DOMAIN_UNIX, FER_TYPE_DGRAM, 0, &raw);
    return feri_finish_opening(FERI_HANDLE(socket), error, raw,
                               FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM);
}

fer_error fer_unix_datagram_pair(fer_unix_datagram *one, fer_unix_datagram *other)
{
    return feri_unix_open_pair(FERI_HANDLE(one), FERI_HANDLE(other), FER_TYPE_DGRAM);
}

fer_error fer_unix_datagram_connect(fer_unix_datagram *socket, const char *path)
{
    fer_unix_addr addr;
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_USE));
    FER_TRY(fer_unix_addr_from_pathname(&addr, path));
    return fer_unix_datagram_connect_addr(socket, &addr);
}

fer_error fer_unix_datagram_connect_addr(fer_unix_datagram *socket, const fer_unix_addr *addr)
{
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_USE));
    FER_TRY(feri_check_unix_name(addr));
    fer_error error;
    do {
        error = ferp_unix_connect(socket->handle_.p_.raw_, addr);
    } while (error.kind == FER_INTERRUPTED);
    return error;
}

FERI_QUERY(fer_unix_datagram_local_addr, const fer_unix_datagram, fer_unix_addr,
           ferp_unix_local_addr)
FERI_QUERY(fer_unix_datagram_peer_addr, const fer_unix_datagram, fer_unix_addr, ferp_unix_peer_addr)

FERI_FUNCTION(fer_unix_datagram_shutdown, feri_unix_datagram_shutdown(FERI_HANDLE(socket), how),
              fer_unix_datagram *socket, fer_shutdown how)

/* ---- Sending and receiving */

FERI_CALL_AND_TRY(fer_unix_datagram, send,
                  feri_datagram_send(handle, buf, len, FERP_UNIX | flags, n), const void *buf,
                  size_t len, size_t *n)
FERI_CALL_AND_TRY(fer_unix_datagram, send_to_addr,
                  feri_unix_datagram_send_to(handle, buf, len, addr, flags, n), const void *buf,
                  size_t len, const fer_unix_addr *addr, size_t *n)

fer_error fer_unix_datagram_send_to(fer_unix_datagram *socket, const void *buf, size_t len,
                                    const char *path, size_t *n)
{
    fer_unix_addr addr;
    fer_error error = feri_datagram_check_send(FERI_HANDLE(socket), buf, len);
    error = error.kind == FER_OK ? fer_unix_addr_from_pathname(&addr, path) : error;
    if (error.kind != FER_OK) {
        feri_store_count(n, 0);
        return error;
    }
    return fer_unix_datagram_send_to_addr(socket, buf, len, &addr, n);
}

FERI_CALL_AND_TRY(fer_unix_datagram, recv_from,
                  feri_unix_datagram_receive(handle, buf, len, flags, out), void *buf, size_t len,
                  fer_unix_received *out)

FERI_FUNCTION(fer_unix_datagram_recv,
              feri_unix_datagram_receive(FERI_HANDLE(socket), buf, len, 0, out),
              fer_unix_datagram *socket, void *buf, size_t len, fer_unix_received *out)

fer_error fer_unix_datagram_send_handles(fer_unix_datagram *socket, const void *buf, size_t len,
                                         const fer_raw_socket *handles, size_t count,
                                         const fer_unix_addr *receiver, size_t *n)
{
    const struct ferp_sent_handles message = {buf, len, handles, count, receiver};
    return feri_datagram_send_handles(FERI_HANDLE(socket), &message, n);
}

fer_error fer_unix_datagram_recv_handles(fer_unix_datagram *socket, void *buf, size_t len,
                                         fer_raw_socket *handles, size_t cap,
                                         fer_unix_received_handles *out)
{
    struct ferp_received_handles message = {.buf = buf, .len = len, .handles = handles, .cap = cap};
    return feri_datagram_recv_handles(FERI_HANDLE(socket), &message, out);
}

/* ---- Modes, clones, raw sockets */

FERI_HANDLE_FUNCTIONS(fer_unix_datagram, FERI_DOMAIN_UNIX, FERI_ADOPTED_DATAGRAM)
FERI_TIMEOUT_FUNCTIONS(fer_unix_datagram)
FERI_NON_STREAM_FUNCTIONS(fer_unix_datagram)

FERI_QUERY(fer_unix_datagram_take_error, fer_unix_datagram, fer_error, ferp_take_error)

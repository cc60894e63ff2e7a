/* socket.c: the public functions of fer_socket, but for those of socket_binding.c and of
 * socket_connecting.c, and for those that other handle types have too, which are rows of
 * handle_functions.h. */
#include "core/api/socket.h"

#include <string.h>

#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/transfer/datagram.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* The kinds of sockets without TCP options. */
#define ALL_BUT_TCP (FERI_NOT_IP | FERI_FLAG_DATAGRAM)

static bool is_datagram(const fer_socket *socket)
{
    return feri_handle_has_flag(&socket->handle_, FERI_FLAG_DATAGRAM);
}

/* ---- Modes, clones, closing and raw sockets */

FERI_HANDLE_FUNCTIONS(fer_socket)
FERI_TIMEOUT_FUNCTIONS(fer_socket)

/* A stream is closed as every stream type is (rule S7), even if it was not converted into one. */
void fer_socket_close(fer_socket *socket)
{
    bool is_datagram_socket = socket != NULL && is_datagram(socket);
    if (is_datagram_socket) {
        feri_handle_close(FERI_HANDLE(socket));
    } else {
        feri_stream_close(FERI_HANDLE(socket));
    }
}

fer_error fer_socket_from_raw(fer_socket *socket, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(socket), raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY);
}

fer_error fer_socket_borrow_raw(fer_socket *socket, fer_raw_socket raw)
{
    return feri_borrow(FERI_HANDLE(socket), raw);
}

/* ---- What the socket is */

fer_error fer_socket_domain(const fer_socket *socket, fer_domain *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    uint32_t flags = feri_handle_flags(&socket->handle_);
    FERI_REQUIRE((flags & FERI_NOT_IP) != FERI_FLAG_FOREIGN, FER_UNSUPPORTED);
    *out = (flags & FERI_FLAG_UNIX) != 0 ? FER_DOMAIN_UNIX
           : (flags & FERI_FLAG_V6) != 0 ? FER_DOMAIN_IPV6
                                         : FER_DOMAIN_IPV4;
    return feri_ok();
}

fer_error fer_socket_type(const fer_socket *socket, fer_type *out)
{
    uint32_t type = 0;
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    uint32_t flags = feri_handle_flags(&socket->handle_);
    FERI_REQUIRE((flags & FERI_NOT_IP) != FERI_NOT_IP, FER_UNSUPPORTED);
    FER_TRY(ferp_option_value(feri_modes_raw(&socket->handle_), FERP_TYPE, &type));
    *out = (fer_type)type;
    return feri_ok();
}

/* A system that does not report the protocol has only TCP and UDP of the protocols with ports. A
 * sandbox that refuses the query is PERMISSION_DENIED. */
fer_error fer_socket_protocol(const fer_socket *socket, int *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    uint32_t protocol = FER_PROTOCOL_DEFAULT;
    FER_TRY(feri_handle_check_getter(handle, out));
    uint32_t flags = feri_handle_flags(handle);
    fer_error error = (flags & FERI_FLAG_UNIX) != 0
                          ? feri_ok()
                          : ferp_option_value(feri_modes_raw(handle), FERP_PROTOCOL, &protocol);
    bool is_unknown = error.kind == FER_UNSUPPORTED || error.kind == FER_PERMISSION_DENIED;
    if (is_unknown && (flags & (FERI_FLAG_NO_PORTS | FERI_FLAG_FOREIGN)) == 0) {
        protocol = (flags & FERI_FLAG_DATAGRAM) != 0 ? FER_PROTOCOL_UDP : FER_PROTOCOL_TCP;
        error = feri_ok();
    }
    *out = error.kind == FER_OK ? (int)protocol : *out;
    return error;
}

/* A protocol without listeners may lack the option (Windows). */
fer_error fer_socket_is_listening(const fer_socket *socket, bool *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    if (is_datagram(socket) && !feri_handle_has_flag(&socket->handle_, FERI_FLAG_FOREIGN)) {
        *out = false;
        return feri_ok();
    }
    return feri_bool_option(&socket->handle_, FERP_LISTENING, out);
}

/* ---- Options */

fer_error fer_socket_only_v6(const fer_socket *socket, bool *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    bool is_v6 = feri_handle_has_flag(FERI_HANDLE(socket), FERI_FLAG_V6);
    return is_v6 ? feri_bool_option(FERI_HANDLE(socket), FERP_ONLY_V6, out)
                 : feri_own_error(FER_UNSUPPORTED);
}

fer_error fer_socket_set_recv_buffer_size(fer_socket *socket, size_t size)
{
    return feri_set_buffer_size(FERI_HANDLE(socket), FERP_RECV_BUFFER, size);
}

fer_error fer_socket_recv_buffer_size(const fer_socket *socket, size_t *out)
{
    return feri_buffer_size(FERI_HANDLE(socket), FERP_RECV_BUFFER, out);
}

fer_error fer_socket_set_send_buffer_size(fer_socket *socket, size_t size)
{
    return feri_set_buffer_size(FERI_HANDLE(socket), FERP_SEND_BUFFER, size);
}

fer_error fer_socket_send_buffer_size(const fer_socket *socket, size_t *out)
{
    return feri_buffer_size(FERI_HANDLE(socket), FERP_SEND_BUFFER, out);
}

fer_error fer_socket_set_keepalive(fer_socket *socket, const fer_tcp_keepalive *keepalive)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), ALL_BUT_TCP));
    return feri_set_keepalive(FERI_HANDLE(socket), keepalive);
}

fer_error fer_socket_keepalive(const fer_socket *socket, fer_tcp_keepalive *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), ALL_BUT_TCP));
    return feri_keepalive(FERI_HANDLE(socket), out);
}

/* 0 of the option is the system's own time. */
fer_error fer_socket_set_tcp_user_timeout(fer_socket *socket, fer_duration timeout)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_reject_kinds(handle, ALL_BUT_TCP));
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    uint32_t millis = timeout.nanos == FER_DURATION_NONE_NANOS
                          ? 0
                          : feri_units_of(timeout, FERP_NANOS_PER_MILLI, INT32_MAX);
    fer_error error = ferp_set_option(feri_modes_raw(handle), FERP_USER_TIMEOUT, millis);
    return feri_forgive_ended(handle, error);
}

fer_error fer_socket_tcp_user_timeout(const fer_socket *socket, fer_duration *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), ALL_BUT_TCP));
    uint32_t millis = 0;
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    FER_TRY(ferp_option_value(feri_modes_raw(&socket->handle_), FERP_USER_TIMEOUT, &millis));
    *out = millis == 0 ? FER_DURATION_NONE : fer_duration_from_millis(millis);
    return feri_ok();
}

fer_error fer_socket_set_linger(fer_socket *socket, fer_duration linger)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_FLAG_DATAGRAM));
    return feri_set_linger(FERI_HANDLE(socket), linger);
}

fer_error fer_socket_linger(const fer_socket *socket, fer_duration *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_FLAG_DATAGRAM));
    return feri_linger(FERI_HANDLE(socket), out);
}

fer_error fer_socket_set_nodelay(fer_socket *socket, bool nodelay)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), ALL_BUT_TCP));
    return feri_set_bool_option(FERI_HANDLE(socket), FERP_NODELAY, nodelay);
}

fer_error fer_socket_nodelay(const fer_socket *socket, bool *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), ALL_BUT_TCP));
    return feri_bool_option(FERI_HANDLE(socket), FERP_NODELAY, out);
}

fer_error fer_socket_set_ttl(fer_socket *socket, uint32_t ttl)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    return feri_set_ttl(FERI_HANDLE(socket), ttl);
}

fer_error fer_socket_ttl(const fer_socket *socket, uint32_t *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    return feri_ttl(FERI_HANDLE(socket), out);
}

/* On a stream TCP owns the two lowest bits, explicit congestion notification (RFC 3168, 5), and
 * overwrites them. */
fer_error fer_socket_set_tos(fer_socket *socket, uint32_t tos)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    if (tos > 255 || (!is_datagram(socket) && (tos & 3) != 0)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return feri_set_option_of_family(FERI_HANDLE(socket), FERP_TOS_V4, FERP_TCLASS_V6, tos);
}

fer_error fer_socket_tos(const fer_socket *socket, uint32_t *out)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    return feri_tos(FERI_HANDLE(socket), out);
}

/* UNSUPPORTED unless the socket is an IP datagram or raw socket. */
static fer_error check_is_datagram(const fer_socket *socket)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    return is_datagram(socket) ? feri_ok() : feri_own_error(FER_UNSUPPORTED);
}

fer_error fer_socket_set_broadcast(fer_socket *socket, bool broadcast)
{
    FER_TRY(check_is_datagram(socket));
    return feri_set_bool_option(FERI_HANDLE(socket), FERP_BROADCAST, broadcast);
}

fer_error fer_socket_broadcast(const fer_socket *socket, bool *out)
{
    FER_TRY(check_is_datagram(socket));
    return feri_bool_option(FERI_HANDLE(socket), FERP_BROADCAST, out);
}

fer_error fer_socket_bind_device(fer_socket *socket, const char *name)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    FERI_REQUIRE(feri_is_device_name(name), FER_INVALID_INPUT);
    fer_ip_family family =
        feri_handle_has_flag(FERI_HANDLE(socket), FERI_FLAG_V6) ? FER_IP_V6 : FER_IP_V4;
    fer_error error =
        ferp_bind_device(feri_modes_raw(&socket->handle_), family, name == NULL ? "" : name);
    return feri_forgive_ended(FERI_HANDLE(socket), error);
}

/* The flag is the raw socket's own. */
fer_error fer_socket_set_inheritable(fer_socket *socket, bool inheritable)
{
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_USE));
    fer_raw_socket raw =
        inheritable ? feri_handle_lend_raw(&socket->handle_) : socket->handle_.p_.raw_;
    return ferp_set_option(raw, FERP_INHERITABLE, inheritable);
}

fer_error fer_socket_inheritable(const fer_socket *socket, bool *out)
{
    uint32_t value = 0;
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    FER_TRY(ferp_option_value(socket->handle_.p_.raw_, FERP_INHERITABLE, &value));
    *out = value != 0;
    return feri_ok();
}

/* ---- Accepting, addresses, the end */

fer_error fer_socket_accept(fer_socket *listener, fer_socket *out, fer_socket_addr *peer)
{
    return feri_accept(FERI_HANDLE(listener), 0, FERI_HANDLE(out), peer);
}

fer_error fer_socket_try_accept(fer_socket *listener, fer_socket *out, fer_socket_addr *peer)
{
    return feri_accept(FERI_HANDLE(listener), FERP_DONTWAIT, FERI_HANDLE(out), peer);
}

fer_error fer_socket_local_addr(const fer_socket *socket, fer_socket_addr *out)
{
    return feri_socket_local_addr(FERI_HANDLE(socket), out);
}

fer_error fer_socket_peer_addr(const fer_socket *socket, fer_socket_addr *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    if (feri_handle_has_flag(FERI_HANDLE(socket), FERI_FLAG_NO_PORTS)) {
        return feri_datagram_peer(FERI_HANDLE(socket), out);
    }
    FER_TRY(feri_stream_check(FERI_HANDLE(socket), FERI_REQUEST_PEER_ADDR));
    return ferp_peer_addr(feri_modes_raw(&socket->handle_), out);
}

fer_error fer_socket_peer_addr_unix(const fer_socket *socket, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    FERI_REQUIRE(feri_handle_has_flag(&socket->handle_, FERI_FLAG_UNIX), FER_UNSUPPORTED);
    FER_TRY(feri_stream_check(FERI_HANDLE(socket), FERI_REQUEST_PEER_ADDR));
    return ferp_unix_peer_addr(socket->handle_.p_.raw_, out);
}

fer_error fer_socket_take_error(fer_socket *socket, fer_error *out)
{
    bool is_datagram_socket = socket != NULL && is_datagram(socket);
    return is_datagram_socket ? feri_datagram_take_error(FERI_HANDLE(socket), out)
                              : feri_stream_take_error(FERI_HANDLE(socket), out);
}

fer_error fer_socket_shutdown(fer_socket *socket, fer_shutdown how)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_FLAG_LISTENING));
    return is_datagram(socket) ? feri_datagram_shutdown(FERI_HANDLE(socket), how)
                               : feri_stream_shutdown(FERI_HANDLE(socket), how);
}

/* A socket that can connect, or is connected, is a stream. */
fer_error fer_socket_ready(const fer_socket *socket, fer_interest interest, fer_duration timeout,
                           fer_interest *ready)
{
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_RAW));
    bool is_stream =
        !feri_handle_has_flag(FERI_HANDLE(socket), FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    return is_stream ? feri_stream_ready(FERI_HANDLE(socket), interest, timeout, ready)
                     : feri_ready(FERI_HANDLE(socket), interest, timeout, ready);
}

/* ---- Datagrams */

fer_error fer_socket_send(fer_socket *socket, const void *buf, size_t len, size_t *n)
{
    feri_store_count(n, 0);
    FER_TRY(check_is_datagram(socket));
    return feri_datagram_send(FERI_HANDLE(socket), buf, len, 0, n);
}

fer_error fer_socket_send_to(fer_socket *socket, const void *buf, size_t len,
                             const fer_socket_addr *to, size_t *n)
{
    feri_store_count(n, 0);
    FER_TRY(check_is_datagram(socket));
    return feri_datagram_send_to(FERI_HANDLE(socket), buf, len, to, 0, n);
}

fer_error fer_socket_recv_from(fer_socket *socket, void *buf, size_t len, fer_udp_received *out)
{
    FER_TRY(check_is_datagram(socket));
    return feri_datagram_receive(FERI_HANDLE(socket), buf, len, 0, out);
}

/* ---- Conversion to other handle types */

#define KINDS (FERI_NOT_IP | FERI_FLAG_DATAGRAM | FERI_FLAG_NO_PORTS | FERI_FLAG_LISTENING)

/* kinds are the flags of the other type. */
static fer_error convert_to(fer_handle *socket, fer_handle *out, uint32_t kinds)
{
    FER_TRY(feri_handle_check(socket, FERI_REQUEST_RAW));
    FER_TRY(feri_handle_claim(out));
    uint32_t found = feri_handle_flags(socket) & KINDS;
    /* An accept would need the addresses of a foreign family, and cut the messages of Unix. */
    if ((found & FERI_FLAG_LISTENING) == 0) {
        found &= ~(uint32_t)FERI_FLAG_FOREIGN;
    }
    if (found != kinds) {
        feri_handle_abandon(out);
        return feri_own_error(FER_INVALID_INPUT);
    }
    return feri_handle_move(socket, out);
}

fer_error fer_socket_into_tcp_stream(fer_socket *socket, fer_tcp_stream *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), 0);
}

fer_error fer_socket_into_tcp_listener(fer_socket *socket, fer_tcp_listener *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), FERI_FLAG_LISTENING);
}

fer_error fer_socket_into_udp_socket(fer_socket *socket, fer_udp_socket *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), FERI_FLAG_DATAGRAM);
}

fer_error fer_socket_into_unix_stream(fer_socket *socket, fer_unix_stream *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), FERI_FLAG_UNIX);
}

fer_error fer_socket_into_unix_listener(fer_socket *socket, fer_unix_listener *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), FERI_FLAG_UNIX | FERI_FLAG_LISTENING);
}

fer_error fer_socket_into_unix_datagram(fer_socket *socket, fer_unix_datagram *out)
{
    return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM);
}

/* ---- The other handle types, lent as a fer_socket, which reads flags that they do not have. A
 * handle without a socket stays NEW, all of its bytes zero. */

static fer_socket *lend(fer_handle *handle, uint32_t kinds)
{
    if (feri_handle_as_raw(handle) != FER_RAW_SOCKET_NONE) {
        feri_atomic_change_bits(&handle->p_.flags_, kinds, 0);
    }
    return (fer_socket *)handle;
}

fer_socket *fer_tcp_stream_as_socket(fer_tcp_stream *stream)
{
    return stream == NULL ? NULL : lend(&stream->handle_, 0);
}

fer_socket *fer_tcp_listener_as_socket(fer_tcp_listener *listener)
{
    return listener == NULL ? NULL : lend(&listener->handle_, FERI_FLAG_BOUND);
}

fer_socket *fer_udp_socket_as_socket(fer_udp_socket *socket)
{
    return socket == NULL ? NULL : lend(&socket->handle_, 0);
}

fer_socket *fer_unix_stream_as_socket(fer_unix_stream *stream)
{
    return stream == NULL ? NULL : lend(&stream->handle_, 0);
}

fer_socket *fer_unix_listener_as_socket(fer_unix_listener *listener)
{
    return listener == NULL ? NULL : lend(&listener->handle_, FERI_FLAG_BOUND);
}

fer_socket *fer_unix_datagram_as_socket(fer_unix_datagram *datagram)
{
    return datagram == NULL ? NULL : lend(&datagram->handle_, 0);
}

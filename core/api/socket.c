/* socket.c: the public functions of fer_socket, but for those of socket_binding.c and of
 * socket_connecting.c, and for those that other handle types have too, which are rows of
 * handle_functions.h. */
#include "core/api/socket.h"

#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/transfer/datagram.h"

/* The kinds of sockets without TCP options. */
#define ALL_BUT_TCP (FERI_NOT_IP | FERI_FLAG_DATAGRAM)

static bool is_datagram(const fer_socket *socket)
{
    return socket != NULL && feri_handle_has_flag(&socket->handle_, FERI_FLAG_DATAGRAM);
}

/* ---- Modes, clones, closing and raw sockets */

FERI_HANDLE_FUNCTIONS(fer_socket, FERI_DOMAIN_IP, FERI_ADOPTED_ANY)
FERI_TIMEOUT_FUNCTIONS(fer_socket)

/* A stream is closed as every stream type is (rule S7), even if it was not converted into one. */
void fer_socket_close(fer_socket *socket)
{
    if (is_datagram(socket)) {
        feri_handle_close(FERI_HANDLE(socket));
    } else {
        feri_stream_close(FERI_HANDLE(socket));
    }
}

FERI_FUNCTION(fer_socket_borrow_raw,
              feri_adopt(FERI_HANDLE(socket), raw, FERI_DOMAIN_IP, FERI_ADOPTED_BORROWED),
              fer_socket *socket, fer_raw_socket raw)

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

FERI_OPTION(fer_socket, recv_buffer_size, size_t,
            feri_set_buffer_size(handle, FERP_RECV_BUFFER, value),
            feri_buffer_size(handle, FERP_RECV_BUFFER, out))
FERI_OPTION(fer_socket, send_buffer_size, size_t,
            feri_set_buffer_size(handle, FERP_SEND_BUFFER, value),
            feri_buffer_size(handle, FERP_SEND_BUFFER, out))

/* An option that sockets of these kinds lack. */
#define KIND_OPTION(name, kinds, value_type, out_type, set, get)                               \
    FERI_CHECKED_OPTION(fer_socket, name, feri_socket_reject_kinds(handle, kinds), value_type, \
                        out_type, set, get)

KIND_OPTION(keepalive, ALL_BUT_TCP, const fer_tcp_keepalive *, fer_tcp_keepalive,
            feri_set_keepalive(handle, value), feri_keepalive(handle, out))

/* 0 of the option is the system's own time. */
static fer_error set_user_timeout(const fer_handle *handle, fer_duration timeout)
{
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    uint32_t millis = timeout.nanos == FER_DURATION_NONE_NANOS
                          ? 0
                          : feri_units_of(timeout, FERP_NANOS_PER_MILLI, INT32_MAX);
    fer_error error = ferp_set_option(feri_modes_raw(handle), FERP_USER_TIMEOUT, millis);
    return feri_forgive_ended(handle, error);
}

static fer_error user_timeout(const fer_handle *handle, fer_duration *out)
{
    uint32_t millis = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(feri_modes_raw(handle), FERP_USER_TIMEOUT, &millis));
    *out = millis == 0 ? FER_DURATION_NONE : fer_duration_from_millis(millis);
    return feri_ok();
}

KIND_OPTION(tcp_user_timeout, ALL_BUT_TCP, fer_duration, fer_duration,
            set_user_timeout(handle, value), user_timeout(handle, out))

KIND_OPTION(linger, FERI_FLAG_DATAGRAM, fer_duration, fer_duration, feri_set_linger(handle, value),
            feri_linger(handle, out))
KIND_OPTION(nodelay, ALL_BUT_TCP, bool, bool, feri_set_bool_option(handle, FERP_NODELAY, value),
            feri_bool_option(handle, FERP_NODELAY, out))
KIND_OPTION(ttl, FERI_NOT_IP, uint32_t, uint32_t, feri_set_ttl(handle, value),
            feri_option_of_family(handle, FERP_TTL_V4, FERP_HOPS_V6, out))

/* On a stream TCP owns the two lowest bits, explicit congestion notification (RFC 3168, 5), and
 * overwrites them. */
static fer_error set_tos(fer_handle *handle, uint32_t tos)
{
    bool is_stream = !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM);
    FERI_REQUIRE(tos <= 255 && (!is_stream || (tos & 3) == 0), FER_INVALID_INPUT);
    return feri_set_option_of_family(handle, FERP_TOS_V4, FERP_TCLASS_V6, tos);
}

KIND_OPTION(tos, FERI_NOT_IP, uint32_t, uint32_t, set_tos(handle, value),
            feri_option_of_family(handle, FERP_TOS_V4, FERP_TCLASS_V6, out))

/* UNSUPPORTED unless the socket is an IP datagram or raw socket. */
static fer_error check_is_datagram(const fer_socket *socket)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    return is_datagram(socket) ? feri_ok() : feri_own_error(FER_UNSUPPORTED);
}

FERI_CHECKED_OPTION(fer_socket, broadcast, check_is_datagram(self), bool, bool,
                    feri_set_bool_option(handle, FERP_BROADCAST, value),
                    feri_bool_option(handle, FERP_BROADCAST, out))

fer_error fer_socket_bind_device(fer_socket *socket, const char *name)
{
    FER_TRY(feri_socket_reject_kinds(FERI_HANDLE(socket), FERI_NOT_IP));
    FERI_REQUIRE(feri_is_device_name(name), FER_INVALID_INPUT);
    const fer_handle *handle = &socket->handle_;
    fer_error error = ferp_bind_device(feri_modes_raw(handle), feri_handle_family(handle),
                                       name == NULL ? "" : name);
    return feri_forgive_ended(handle, error);
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

FERI_CALL_AND_TRY(fer_socket, accept, feri_accept(handle, flags, FERI_HANDLE(out), peer),
                  fer_socket *out, fer_socket_addr *peer)

FERI_FUNCTION(fer_socket_local_addr, feri_socket_local_addr(FERI_HANDLE(socket), out),
              const fer_socket *socket, fer_socket_addr *out)

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
    return is_datagram(socket) ? feri_datagram_take_error(FERI_HANDLE(socket), out)
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

#define CONVERSION(type, kinds)                                           \
    fer_error fer_socket_into_##type(fer_socket *socket, fer_##type *out) \
    {                                                                     \
        return convert_to(FERI_HANDLE(socket), FERI_HANDLE(out), kinds);  \
    }
CONVERSION(tcp_stream, 0)
CONVERSION(tcp_listener, FERI_FLAG_LISTENING)
CONVERSION(udp_socket, FERI_FLAG_DATAGRAM)
CONVERSION(unix_stream, FERI_FLAG_UNIX)
CONVERSION(unix_listener, FERI_FLAG_UNIX | FERI_FLAG_LISTENING)
CONVERSION(unix_datagram, FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM)

/* ---- The other handle types, lent as a fer_socket, which reads flags that they do not have. A
 * handle without a socket stays NEW, all of its bytes zero. */

static fer_socket *lend(fer_handle *handle, uint32_t kinds)
{
    if (feri_handle_as_raw(handle) != FER_RAW_SOCKET_NONE) {
        feri_atomic_change_bits(&handle->p_.flags_, kinds, 0);
    }
    return (fer_socket *)handle;
}

#define VIEW(type, kinds)                      \
    fer_socket *type##_as_socket(type *self)   \
    {                                          \
        return lend(FERI_HANDLE(self), kinds); \
    }
VIEW(fer_tcp_stream, 0)
VIEW(fer_tcp_listener, FERI_FLAG_BOUND)
VIEW(fer_udp_socket, 0)
VIEW(fer_unix_stream, 0)
VIEW(fer_unix_listener, FERI_FLAG_BOUND)
VIEW(fer_unix_datagram, 0)

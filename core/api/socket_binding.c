/* socket_binding.c: the public functions of fer_socket that create a socket, bind it and listen;
 * the options that decide which sockets share an address or a port (rule L1). */
#include "core/api/socket.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/opening.h"
#include "core/open/unix_opening.h"
#include "platform/platform.h"

/* IANA's number, which few systems name. */
#define FERI_PROTOCOL_UDP_LITE 136

/* ---- Creation */

/* IPv6 sockets are dual-stack from their creation, and a bind that handles IPv4 clears IPV6_V6ONLY
 * again (rule L4): the default differs between systems. */
fer_error fer_socket_new(fer_socket *socket, fer_domain domain, fer_type type, int protocol)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error;
    bool is_known =
        (domain == FER_DOMAIN_IPV4 || domain == FER_DOMAIN_IPV6 || domain == FER_DOMAIN_UNIX) &&
        (type == FER_TYPE_STREAM || type == FER_TYPE_DGRAM || type == FER_TYPE_RAW);
    bool is_default = type != FER_TYPE_RAW && protocol == FER_PROTOCOL_DEFAULT;
    if (!is_known || protocol < 0) {
        error = feri_own_error(FER_INVALID_INPUT);
    } else if (domain == FER_DOMAIN_UNIX && !is_default) {
        /* Unix sockets have no protocols and no raw type. Linux would create a datagram socket for
         * the raw type (af_unix.c, unix_create). */
        error = feri_own_error(FER_UNSUPPORTED);
    } else {
        error = ferp_socket_new(domain, type, protocol, &raw);
    }
    if (error.kind != FER_OK) {
        return feri_finish_opening(handle, error, raw, 0);
    }
    /* UDP-Lite has UDP's calls and ports of its own (RFC 3828, udplite(7)) */
    bool is_udp = protocol == FER_PROTOCOL_DEFAULT || protocol == FER_PROTOCOL_UDP ||
                  protocol == FERI_PROTOCOL_UDP_LITE;
    uint32_t flags = domain == FER_DOMAIN_UNIX   ? FERI_FLAG_UNIX
                     : domain == FER_DOMAIN_IPV6 ? FERI_FLAG_V6
                                                 : 0;
    if (type != FER_TYPE_STREAM) {
        bool has_ports = type != FER_TYPE_RAW && is_udp;
        flags |= FERI_FLAG_DATAGRAM | FERI_FLAG_ANY_ADDR | (has_ports ? 0 : FERI_FLAG_NO_PORTS);
    }
    if ((flags & FERI_FLAG_V6) != 0) {
        FER_IGNORE(ferp_set_option(raw, FERP_ONLY_V6, 0));
    }
    if ((flags & (FERI_FLAG_DATAGRAM | FERI_FLAG_UNIX)) == FERI_FLAG_DATAGRAM) {
        ferp_report_refusals(raw, false);
    }
    feri_event event =
        type == FER_TYPE_STREAM ? FERI_EVENT_OPEN_UNCONNECTED : FERI_EVENT_CONNECT_OK;
    return feri_handle_fill(handle, event, raw, flags);
}

/* ---- Binding */

/* DGRAM for raw sockets too. */
static fer_type type_of_socket(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM) ? FER_TYPE_DGRAM : FER_TYPE_STREAM;
}

fer_error feri_socket_reject_kinds(const fer_handle *handle, uint32_t kinds)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return feri_handle_has_flag(handle, kinds) ? feri_own_error(FER_UNSUPPORTED) : feri_ok();
}

fer_error feri_socket_check_addr(const fer_handle *handle, const fer_socket_addr *addr)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    uint32_t family = feri_addresses_are_valid(addr, 1) ? feri_family_flag(addr) : FERI_FLAG_UNIX;
    bool fits = (feri_handle_flags(handle) & (FERI_NOT_IP | FERI_FLAG_V6)) == family &&
                family != FERI_FLAG_UNIX;
    return fits ? feri_ok() : feri_refuse(addr == NULL);
}

/* Whether the socket needs SO_REUSEPORT to share its address. */
static bool shares_by_reuse_port(const fer_handle *handle)
{
    return ferp_traits()->datagrams_share_by_reuse_port && type_of_socket(handle) == FER_TYPE_DGRAM;
}

/* Whether set_reuse_address was called, if the OS knows it through any handle of the socket. */
static bool reuse_is_set(const fer_handle *handle)
{
    bool may_be_set_elsewhere =
        ferp_traits()->reuse_address_steals_ports || shares_by_reuse_port(handle);
    if (!feri_handle_has_flag(handle, FERI_SHARED) || !may_be_set_elsewhere) {
        return feri_handle_has_flag(handle, FERI_FLAG_REUSE_ADDRESS_SET);
    }
    uint32_t on = 0;
    FER_IGNORE(ferp_option_value(feri_modes_raw(handle), FERP_REUSE_ADDRESS, &on));
    return on != 0;
}

/* Whether the socket is bound, by this handle or in another way: by a clone, by a connect, or
 * before it was adopted. A stream whose connection has ended may have lost its address (NetBSD,
 * OpenBSD: tcp_sockaddr), and cannot be bound again. */
static bool is_bound(const fer_handle *handle)
{
    fer_socket_addr addr = {.port = 0};
    if (feri_handle_has_flag(handle, FERI_FLAG_BOUND)) {
        return true;
    }
    fer_error_kind kind = ferp_local_addr(feri_modes_raw(handle), &addr).kind;
    return kind == FER_NOT_CONNECTED || (kind == FER_OK && addr.port != 0);
}

/* Options that the user has set are kept. The others are set as for every bind of the library
 * (rules L1, L4). */
fer_error fer_socket_bind(fer_socket *socket, const fer_socket_addr *addr)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_check_addr(handle, addr));
    FERI_REQUIRE(!feri_handle_has_flag(handle, FERI_FLAG_BOUND), FER_INVALID_INPUT);
    uint32_t flags = feri_handle_flags(handle);
    fer_raw_socket raw = feri_modes_raw(handle);
    fer_error prepared = feri_ok();
    if ((flags & FERI_FLAG_NO_PORTS) == 0 && !reuse_is_set(handle)) {
        prepared = feri_set_port_options(type_of_socket(handle), raw);
    }
    bool is_dual_stack =
        (flags & (FERI_FLAG_V6 | FERI_FLAG_ONLY_V6_SET | FERI_FLAG_NO_PORTS)) == FERI_FLAG_V6;
    if (prepared.kind == FER_OK && is_dual_stack) {
        prepared = feri_set_dual_stack(raw, &addr->ip);
    }
    if (prepared.kind != FER_OK) {
        return is_bound(handle) ? feri_own_error(FER_INVALID_INPUT) : prepared;
    }
    FER_TRY(feri_map_bind_error(type_of_socket(handle), addr, ferp_bind(raw, addr)));
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_BOUND,
                            FERI_FLAG_ANY_ADDR & ~feri_any_addr_flag(addr));
    return feri_ok();
}

fer_error fer_socket_bind_unix(fer_socket *socket, const fer_unix_addr *addr)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(feri_handle_has_flag(handle, FERI_FLAG_UNIX), FER_INVALID_INPUT);
    FERI_REQUIRE(!feri_handle_has_flag(handle, FERI_FLAG_BOUND), FER_INVALID_INPUT);
    FER_TRY(feri_check_unix_name(addr));
    FER_TRY(feri_unix_bind_raw(handle->p_.raw_, addr));
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_BOUND, 0);
    return feri_ok();
}

static fer_socket_addr unspecified_addr(const fer_handle *handle)
{
    return (fer_socket_addr){.ip = {.family = feri_handle_family(handle)}};
}

/* A stream that was connected has an address, even if the system reports EINVAL after the
 * connection is dead (macOS). */
static bool may_be_unbound(const fer_handle *handle)
{
    bool never_connected =
        feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM) ||
        feri_handle_answer(handle, FERI_REQUEST_SHUTDOWN) == FERI_ANSWER_UNCONNECTED;
    return never_connected && !feri_handle_has_flag(handle, FERI_FLAG_BOUND);
}

/* On Windows getsockname fails on a socket that is not bound ("getsockname function", MSDN:
 * WSAEINVAL). The result is then the unspecified address. */
fer_error feri_socket_local_addr(const fer_handle *handle, fer_socket_addr *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(feri_socket_reject_kinds(handle, FERI_NOT_IP));
    fer_error error = ferp_local_addr(feri_modes_raw(handle), out);
    if (error.kind == FER_INVALID_INPUT && may_be_unbound(handle)) {
        *out = unspecified_addr(handle);
        return feri_ok();
    }
    return error;
}

/* The same; the result is then the unnamed address (Wine: WSAEINVAL too). */
fer_error fer_socket_local_addr_unix(const fer_socket *socket, fer_unix_addr *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    FERI_REQUIRE(feri_handle_has_flag(handle, FERI_FLAG_UNIX), FER_UNSUPPORTED);
    fer_error error = ferp_unix_local_addr(handle->p_.raw_, out);
    if (error.kind == FER_INVALID_INPUT && may_be_unbound(handle)) {
        *out = (fer_unix_addr){0};
        return feri_ok();
    }
    return error;
}

/* ---- Listening */

/* Windows listens on bound sockets only ("listen function", MSDN: WSAEINVAL). Other systems bind
 * the socket to a port of their choice. */
fer_error fer_socket_listen(fer_socket *socket, int backlog)
{
    fer_handle *handle = FERI_HANDLE(socket);
    bool is_listening = handle != NULL && feri_handle_has_flag(handle, FERI_FLAG_LISTENING);
    FER_TRY(feri_handle_check(handle, is_listening ? FERI_REQUEST_USE : FERI_REQUEST_CONNECT));
    FERI_REQUIRE(backlog >= 0, FER_INVALID_INPUT);
    if (!is_listening && !feri_handle_has_flag(handle, FERI_NOT_IP) && !is_bound(handle)) {
        fer_socket_addr unspecified = unspecified_addr(handle);
        FER_TRY(fer_socket_bind(socket, &unspecified));
    }
    FER_TRY(ferp_listen(handle->p_.raw_, backlog));
    if (!is_listening) {
        FER_TRY(feri_begin_listening(handle));
        (void)feri_handle_step(handle, FERI_EVENT_CONNECT_OK, feri_ok());
    }
    return feri_ok();
}

/* ---- Options that affect bind */

/* A stream that is or was connected is bound, although Linux accepts the option again after the end
 * of the connection. */
fer_error fer_socket_set_only_v6(fer_socket *socket, bool only_v6)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(feri_handle_has_flag(handle, FERI_FLAG_V6), FER_UNSUPPORTED);
    if (type_of_socket(handle) == FER_TYPE_STREAM) {
        FER_TRY(feri_handle_check(handle, FERI_REQUEST_CONNECT));
    }
    FER_TRY(ferp_set_option(feri_modes_raw(handle), FERP_ONLY_V6, only_v6));
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_ONLY_V6_SET, 0);
    return feri_ok();
}

fer_error fer_socket_only_v6(const fer_socket *socket, bool *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    FERI_REQUIRE(feri_handle_has_flag(handle, FERI_FLAG_V6), FER_UNSUPPORTED);
    return feri_bool_option(handle, FERP_ONLY_V6, out);
}

/* Whether the option is nothing that this socket has. A Unix path that exists is not bound again
 * (unix(7)), although POSIX systems accept SO_REUSEADDR. Binding a port in TIME_WAIT is the effect
 * of the option on a POSIX stream. On Windows every bind can do it, and SO_REUSEADDR would let
 * another socket steal the port. */
static bool has_fixed_reuse(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_UNIX) ||
           (ferp_traits()->reuse_address_steals_ports && type_of_socket(handle) == FER_TYPE_STREAM);
}

/* The default value is left to bind, which then keeps the port exclusive. A failed bind may have
 * set exclusive use, and a socket cannot have both options. set_reuse_address(false) keeps the
 * SO_REUSEPORT that set_reuse_port has set. */
fer_error fer_socket_set_reuse_address(fer_socket *socket, bool reuse)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (has_fixed_reuse(handle)) {
        return feri_ok();
    }
    fer_raw_socket raw = feri_modes_raw(handle);
    fer_error error = ferp_set_option(raw, FERP_REUSE_ADDRESS, reuse);
    if (error.kind == FER_INVALID_INPUT && ferp_traits()->reuse_address_steals_ports &&
        !is_bound(handle)) {
        error = ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 0);
        error = error.kind == FER_OK ? ferp_set_option(raw, FERP_REUSE_ADDRESS, reuse) : error;
    }
    if (error.kind == FER_OK && shares_by_reuse_port(handle)) {
        bool port = reuse || feri_handle_has_flag(handle, FERI_FLAG_REUSE_PORT_SET);
        error = ferp_set_option(raw, FERP_REUSE_PORT, port);
    }
    FER_TRY(feri_forgive_ended(handle, error));
    bool is_default = reuse == (type_of_socket(handle) == FER_TYPE_STREAM);
    feri_atomic_change_bits(&handle->p_.flags_, is_default ? 0 : FERI_FLAG_REUSE_ADDRESS_SET,
                            is_default ? FERI_FLAG_REUSE_ADDRESS_SET : 0);
    return feri_ok();
}

/* The value that bind will use. */
fer_error fer_socket_reuse_address(const fer_socket *socket, bool *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    bool is_stream = type_of_socket(handle) == FER_TYPE_STREAM;
    uint32_t asks = FERI_FLAG_REUSE_ADDRESS_SET | FERI_FLAG_ADOPTED;
    asks |= is_stream ? 0 : FERI_FLAG_CLONED; /* a clone may have set it */
    if (has_fixed_reuse(handle) || !feri_handle_has_flag(handle, asks)) {
        *out = is_stream && !feri_handle_has_flag(handle, FERI_FLAG_UNIX);
        return feri_ok();
    }
    return feri_bool_option(handle, FERP_REUSE_ADDRESS, out);
}

fer_error fer_socket_set_reuse_port(fer_socket *socket, bool reuse)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_reject_kinds(handle, FERI_NOT_IP));
    bool shares = shares_by_reuse_port(handle) && reuse_is_set(handle);
    FER_TRY(feri_set_bool_option(handle, FERP_REUSE_PORT, reuse || shares));
    feri_atomic_change_bits(&handle->p_.flags_, reuse ? FERI_FLAG_REUSE_PORT_SET : 0,
                            reuse ? 0 : FERI_FLAG_REUSE_PORT_SET);
    return feri_ok();
}

fer_error fer_socket_reuse_port(const fer_socket *socket, bool *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_reject_kinds(handle, FERI_NOT_IP));
    FER_TRY(feri_handle_check_getter(handle, out));
    if (shares_by_reuse_port(handle) && !feri_handle_has_flag(handle, FERI_SHARED)) {
        /* this handle, and not the system, has the value of set_reuse_port */
        *out = feri_handle_has_flag(handle, FERI_FLAG_REUSE_PORT_SET);
        return feri_ok();
    }
    return feri_bool_option(handle, FERP_REUSE_PORT, out);
}

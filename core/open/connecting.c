/* connecting.c: opens connections. Each try uses a new OS socket, and the OS's final status decides
 * (rules C1, C4). */
#include "core/open/connecting.h"

#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/open/opening.h"
#include "core/wait/connect_wait.h"

fer_error feri_connect_raw(fer_raw_socket raw, feri_operation operation,
                           const fer_socket_addr *addr)
{
    /* A group or the broadcast address. Linux reports ENETUNREACH (ip_route_connect's callers),
     * macOS and FreeBSD EAFNOSUPPORT or EACCES, NetBSD EADDRNOTAVAIL. */
    fer_ip_addr ip = fer_ip_addr_to_canonical(addr->ip);
    uint8_t first = ip.u.v6.octets[0]; /* of IPv4 too. 255: reserved, or the broadcast */
    bool has_many_receivers = first == 0xff || (ip.family == FER_IP_V4 && first >> 4 == 0xe);
    FERI_REQUIRE(!has_many_receivers, FER_NETWORK_UNREACHABLE);
    fer_error error = ferp_connect(raw, addr);
    if (error.kind == FER_IN_PROGRESS) {
        return error; /* no operation maps it */
    }
    if (error.kind == FER_OK && ip.family == FER_IP_V4) {
        ferp_drop_reports(raw); /* about a SYN before the one that was answered */
    }
    /* The system may choose the destination's port for the connecting socket itself. Linux then
     * connects it to itself (RFC 9293, 3.5, simultaneous open). macOS reports EINVAL (libuv, issue
     * 2503), which is no mistake of the caller. */
    fer_socket_addr own;
    if (error.kind == FER_INVALID_INPUT && ferp_local_addr(raw, &own).kind == FER_OK &&
        own.port == addr->port &&
        (fer_ip_addr_is_unspecified(own.ip) || fer_ip_addr_eq(own.ip, addr->ip))) {
        error = feri_map_error(FERI_OPERATION_CONNECT_TO_ITSELF, error);
    }
    /* only START maps "would block", to IN_PROGRESS */
    feri_operation start = ferp_traits()->connect_would_block_means_started
                               ? FERI_OPERATION_START
                               : FERI_OPERATION_CONNECT;
    return feri_map_error(operation, feri_map_error(start, error));
}

fer_error feri_connect_within(fer_raw_socket raw, feri_operation operation,
                              const fer_socket_addr *addr, const feri_limits *limits)
{
    FER_TRY(feri_set_connect_mode(raw, true));
    fer_error error = feri_connect_raw(raw, operation, addr);
    return error.kind == FER_IN_PROGRESS ? feri_await_connect(raw, operation, limits) : error;
}

static bool is_mapped(const fer_socket_addr *addr)
{
    return fer_ip_addr_to_canonical(addr->ip).family != addr->ip.family;
}

/* No listener can use port 0, so the connect is refused (rule C2). Linux sends a SYN; Windows and
 * the BSDs report an invalid address. An IPv4-mapped address needs a dual-stack socket; Windows and
 * some BSDs create sockets for IPv6 only. If there is no dual stack, connect reports the error. */
static fer_error open_socket_for(const fer_socket_addr *addr, fer_raw_socket *out)
{
    FERI_REQUIRE(addr->port != 0, FER_CONNECTION_REFUSED);
    FER_TRY(ferp_socket_new(feri_domain_of(addr), FER_TYPE_STREAM, 0, out));
    if (is_mapped(addr)) {
        FER_IGNORE(ferp_set_option(*out, FERP_ONLY_V6, 0));
    }
    return feri_ok();
}

fer_error feri_connection_open(const fer_socket_addr *addr, const fer_bind_options *options,
                               fer_raw_socket *out)
{
    (void)options; /* a connect binds nothing */
    feri_operation operation = feri_connect_operation_if(false);
    FER_TRY(open_socket_for(addr, out));
    fer_error error = feri_connect_raw(*out, operation, addr);
    /* IN_PROGRESS: a signal has interrupted the wait in the kernel */
    return error.kind == FER_IN_PROGRESS ? feri_await_connect(*out, operation, &FERI_NO_LIMITS)
                                         : error;
}

/* The kernel does not wait inside the connect. */
static fer_error open_within(const fer_socket_addr *addr, fer_duration timeout, fer_raw_socket *out)
{
    const feri_limits limits = {feri_deadline_after(timeout), NULL, false};
    FER_TRY(open_socket_for(addr, out));
    FER_TRY(feri_connect_within(*out, feri_connect_operation_if(false), addr, &limits));
    return feri_set_connect_mode(*out, false);
}

fer_error feri_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                               fer_duration timeout)
{
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (!feri_addresses_are_valid(addr, 1) || timeout.nanos == 0) {
        return feri_finish_opening(handle, feri_refuse(addr == NULL), raw, 0);
    }
    fer_error error = timeout.nanos == FER_DURATION_NONE_NANOS
                          ? feri_connection_open(addr, NULL, &raw)
                          : open_within(addr, timeout, &raw);
    return feri_finish_opening(handle, error, raw, feri_family_flag(addr));
}

/* ---- Starting a connect */

fer_error feri_finish_connect_start(fer_handle *handle, fer_error started, fer_raw_socket raw,
                                    uint32_t flags)
{
    if (started.kind == FER_IN_PROGRESS) {
        FER_TRY(feri_handle_fill(handle, FERI_EVENT_OPEN_UNCONNECTED, raw, flags));
        /* fails if another thread has closed the handle */
        (void)feri_handle_step(handle, FERI_EVENT_CONNECT_BEGIN, feri_ok());
        return feri_ok();
    }
    return feri_finish_opening(handle, started, raw, flags);
}

/* The local address has the form of the peer's: IPv4, IPv6 or IPv4-mapped. [::] is IPv4-mapped too.
 * Otherwise the system fails with an error of its own: Linux with ENETUNREACH or EAFNOSUPPORT. */
bool feri_can_connect_from(const fer_socket_addr *local, const fer_socket_addr *addr)
{
    return local->ip.family == addr->ip.family &&
           (is_mapped(local) == is_mapped(addr) || fer_ip_addr_is_unspecified(local->ip));
}

/* A fixed port is bound as every bind of the library does it (rule L1). Port 0 is not: with
 * SO_REUSEADDR the system could choose the port of another socket. On Linux the connect chooses a
 * port that is free for the pair of addresses. The bind would take one from all pairs (ip(7),
 * IP_BIND_ADDRESS_NO_PORT). */
fer_error feri_start_attempt(const fer_socket_addr *addr, const fer_connect_options *options,
                             fer_raw_socket *out, fer_connect_step *step)
{
    const fer_socket_addr *local = options->local;
    *step = FER_CONNECT_STEP_BIND;
    FERI_REQUIRE(local == NULL || feri_can_connect_from(local, addr), FER_INVALID_INPUT);
    *step = addr->port == 0 ? FER_CONNECT_STEP_CONNECT : FER_CONNECT_STEP_SOCKET;
    FER_TRY(open_socket_for(addr, out));
    FER_TRY(options->nodelay ? ferp_set_option(*out, FERP_NODELAY, 1) : feri_ok());
    *step = FER_CONNECT_STEP_BIND;
    if (local != NULL) {
        if (local->port != 0) {
            FER_TRY(feri_set_port_options(FER_TYPE_STREAM, *out));
        } else {
            FER_IGNORE(ferp_set_option(*out, FERP_CONNECT_CHOOSES_PORT, 1));
        }
        FER_TRY(feri_map_bind_error(FER_TYPE_STREAM, local, ferp_bind(*out, local)));
    }
    *step = FER_CONNECT_STEP_CONNECT;
    FER_TRY(feri_set_connect_mode(*out, true));
    return feri_connect_raw(*out, feri_connect_operation_if(local != NULL), addr);
}

fer_error feri_start_connect(fer_handle *handle, const fer_socket_addr *addr)
{
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (!feri_addresses_are_valid(addr, 1)) {
        return feri_finish_opening(handle, feri_refuse(addr == NULL), raw, 0);
    }
    fer_error error = open_socket_for(addr, &raw);
    error = error.kind == FER_OK ? feri_set_connect_mode(raw, true) : error;
    error = error.kind == FER_OK ? feri_connect_raw(raw, feri_connect_operation_if(false), addr)
                                 : error;
    return feri_finish_connect_start(handle, error, raw,
                                     feri_family_flag(addr) | FERI_STARTED_FLAGS);
}

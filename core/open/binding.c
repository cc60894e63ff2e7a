/* binding.c: bound sockets, with the options that make their behaviour the same on every system
 * (rules L1, L4). */
#include "core/open/binding.h"

#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/open/opening.h"

/* The first socket that binds a port keeps it. If SO_REUSEADDR steals ports, exclusive use prevents
 * that. Elsewhere a listener sets SO_REUSEADDR, to bind a port in TIME_WAIT. A datagram socket does
 * not set it, because it would share its port. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw)
{
    if (feri_reuse_address_steals_ports()) {
        return ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 1);
    }
    return type == FER_TYPE_STREAM ? ferp_set_option(raw, FERP_REUSE_ADDRESS, 1) : feri_ok();
}

/* Only [::] and an IPv4-mapped address handle IPv4. A system without dual stack refuses to clear
 * IPV6_V6ONLY (OpenBSD: ip6_output.c, ip6_ctloutput), and can bind every other IPv6 address. */
static bool handles_ipv4(const fer_ip_addr *ip)
{
    return fer_ip_addr_is_unspecified(*ip) || fer_ip_addr_to_canonical(*ip).family == FER_IP_V4;
}

fer_error feri_set_dual_stack(fer_raw_socket raw, const fer_ip_addr *ip)
{
    return handles_ipv4(ip)
               ? feri_map_error(FERI_OPERATION_DUAL_STACK, ferp_set_option(raw, FERP_ONLY_V6, 0))
               : feri_ok();
}

static fer_error prepare(fer_type type, fer_raw_socket raw, const fer_ip_addr *ip)
{
    FER_TRY(feri_set_port_options(type, raw));
    return ip->family == FER_IP_V6 ? feri_set_dual_stack(raw, ip) : feri_ok();
}

static fer_error bind_prepared(fer_type type, const fer_socket_addr *addr, fer_raw_socket *out)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_socket_new(feri_domain_of(addr), type, 0, &raw));
    fer_error error = prepare(type, raw, &addr->ip);
    if (error.kind == FER_OK) {
        error = ferp_bind(raw, addr);
    }
    if (error.kind != FER_OK) {
        ferp_close(raw);
        return error;
    }
    *out = raw;
    return error;
}

/* "Access denied" means a reserved port, or a port that another socket holds exclusively. A second
 * bind distinguishes them: a plain bind of the wildcard address to a held port reports "in use"
 * (Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE, MSDN, its table), and to a reserved port "access
 * denied" again. */
static fer_error classify_denial(fer_type type, const fer_socket_addr *addr, fer_error denied)
{
    fer_socket_addr wildcard = {.ip = {.family = addr->ip.family}, .port = addr->port};
    fer_raw_socket probe = FER_RAW_SOCKET_NONE;
    if (ferp_socket_new(feri_domain_of(addr), type, 0, &probe).kind != FER_OK) {
        return denied;
    }
    fer_error probed = ferp_bind(probe, &wildcard);
    ferp_close(probe);
    return probed.kind == FER_ADDR_IN_USE ? feri_map_error(FERI_OPERATION_BIND_TAKEN, denied)
                                          : denied;
}

fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error)
{
    if (error.kind == FER_PERMISSION_DENIED && feri_bind_denied_can_mean_in_use()) {
        return classify_denial(type, addr, error);
    }
    return error;
}

fer_error feri_bound_socket_open(fer_type type, const fer_socket_addr *addr, fer_raw_socket *out)
{
    return feri_map_bind_error(type, addr, bind_prepared(type, addr, out));
}

/* ---- Datagram sockets */

#define FERI_DATAGRAM_MAX 65535
/* Room for one such datagram, with the system's bookkeeping. */
#define FERI_DATAGRAM_ROOM (2 * (FERI_DATAGRAM_MAX + 1))

fer_error feri_datagram_open(const fer_socket_addr *addr, fer_raw_socket *out)
{
    FER_TRY(feri_bound_socket_open(FER_TYPE_DGRAM, addr, out));
    feri_datagram_prepare(*out);
    return feri_ok();
}

/* A queue with less room loses the largest datagrams: FreeBSD's has 42080 bytes
 * (sys/netinet/udp_usrreq.c, udp_recvspace), and NetBSD's as many. macOS' has more. */
static void make_room(fer_raw_socket raw)
{
    uint32_t room = FERI_DATAGRAM_ROOM;
    FER_IGNORE(ferp_option_value(raw, FERP_RECV_BUFFER, &room));
    if (room < FERI_DATAGRAM_ROOM) {
        FER_IGNORE(ferp_set_option(raw, FERP_RECV_BUFFER, FERI_DATAGRAM_ROOM));
    }
}

void feri_datagram_prepare(fer_raw_socket raw)
{
    ferp_report_refusals(raw, false);
    feri_unix_datagram_prepare(raw);
}

void feri_unix_datagram_prepare(fer_raw_socket raw)
{
    if (feri_datagram_limit_is_send_buffer()) {
        /* a smaller limit is reported by the first send that exceeds it */
        FER_IGNORE(ferp_set_option(raw, FERP_SEND_BUFFER, FERI_DATAGRAM_MAX));
        make_room(raw);
    }
}

/* binding.c: bound sockets and listeners, with the options that make their behaviour the same on
 * every system (rules L1, L4). */
#include "core/open/binding.h"

#include <string.h>

#include "core/base/error.h"
#include "core/open/opening.h"

/* The first socket that binds a port keeps it. If SO_REUSEADDR steals ports, exclusive use prevents
 * that. Elsewhere a listener sets SO_REUSEADDR, to bind a port in TIME_WAIT. A datagram socket does
 * not set it, because it would share its port. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw)
{
    if (ferp_traits()->reuse_address_steals_ports) {
        return ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 1);
    }
    return type == FER_TYPE_STREAM ? ferp_set_option(raw, FERP_REUSE_ADDRESS, 1) : feri_ok();
}

/* Only [::] and an IPv4-mapped address handle IPv4. A system without dual stack refuses to clear
 * IPV6_V6ONLY (OpenBSD: ip6_output.c, ip6_ctloutput), and can bind every other IPv6 address. */
fer_error feri_set_dual_stack(fer_raw_socket raw, const fer_ip_addr *ip)
{
    bool handles_ipv4 =
        fer_ip_addr_is_unspecified(*ip) || fer_ip_addr_to_canonical(*ip).family == FER_IP_V4;
    return handles_ipv4
               ? feri_map_error(FERI_OPERATION_DUAL_STACK, ferp_set_option(raw, FERP_ONLY_V6, 0))
               : feri_ok();
}

#define DEVICE_NAME_MAX 15 /* Linux, macOS, the BSDs: IFNAMSIZ - 1 */

static const fer_bind_options default_options;

bool feri_is_device_name(const char *name)
{
    return name == NULL || (name[0] != '\0' && memchr(name, '\0', DEVICE_NAME_MAX + 1) != NULL);
}

fer_error feri_bind_options_check(const fer_bind_options *options)
{
    bool is_known =
        options == NULL ||
        (feri_is_device_name(options->device) && feri_is_family_choice(options->family) &&
         options->backlog >= 0 && options->unused_ == 0 &&
         feri_are_zero(options->reserved_, sizeof options->reserved_));
    return is_known ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

static fer_error bind_prepared(fer_type type, const fer_socket_addr *addr,
                               const fer_bind_options *options, fer_raw_socket *out)
{
    FER_TRY(ferp_socket_new(feri_domain_of(addr), type, 0, out));
    FER_TRY(feri_set_port_options(type, *out));
    FER_TRY(options->reuse_port ? ferp_set_option(*out, FERP_REUSE_PORT, 1) : feri_ok());
    if (addr->ip.family == FER_IP_V6) {
        FER_TRY(options->only_v6 ? ferp_set_option(*out, FERP_ONLY_V6, 1)
                                 : feri_set_dual_stack(*out, &addr->ip));
    }
    FER_TRY(options->device != NULL ? ferp_bind_device(*out, addr->ip.family, options->device)
                                    : feri_ok());
    return ferp_bind(*out, addr);
}

static bool is_port_in_use(fer_type type, fer_ip_family family, uint16_t port)
{
    const fer_socket_addr wildcard = {.ip = {.family = family}, .port = port};
    fer_raw_socket probe = FER_RAW_SOCKET_NONE;
    fer_error probed = bind_prepared(type, &wildcard, &default_options, &probe);
    feri_close_opened(&probe);
    return probed.kind == FER_ADDR_IN_USE;
}

/* "Access denied" means a reserved port, or a port that another socket holds exclusively. A second
 * bind distinguishes them: an exclusive bind of the wildcard address to a held port reports "in
 * use" (Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE, MSDN, its table), and to a reserved port
 * "access denied" again. So does 0.0.0.0 if a socket on [::] holds the port (Wine's
 * test_reuseaddr, which Windows passes), therefore [::] is asked too. */
fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error)
{
    if (error.kind != FER_PERMISSION_DENIED || !ferp_traits()->bind_denied_can_mean_in_use) {
        return error;
    }
    bool is_in_use = is_port_in_use(type, addr->ip.family, addr->port) ||
                     (addr->ip.family == FER_IP_V4 && is_port_in_use(type, FER_IP_V6, addr->port));
    return is_in_use ? feri_map_error(FERI_OPERATION_BIND_TAKEN, error) : error;
}

static const fer_bind_options *options_or_default(const fer_bind_options *options)
{
    return options == NULL ? &default_options : options;
}

static fer_error open_bound(fer_type type, const fer_socket_addr *addr,
                            const fer_bind_options *options, fer_raw_socket *out)
{
    return feri_map_bind_error(type, addr,
                               bind_prepared(type, addr, options_or_default(options), out));
}

fer_error feri_datagram_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out)
{
    FER_TRY(open_bound(FER_TYPE_DGRAM, addr, options, out));
    ferp_report_refusals(*out, false);
    return feri_ok();
}

fer_error feri_listener_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out)
{
    FER_TRY(open_bound(FER_TYPE_STREAM, addr, options, out));
    int backlog = options_or_default(options)->backlog;
    return ferp_listen(*out, backlog == 0 ? FERI_BACKLOG : backlog);
}

/* resolve.h: from "host:port" text to socket addresses, through the system's resolver. The strict address grammar is in
 * socket_addr.h. */
#ifndef FERRULE_RESOLVE_H
#define FERRULE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/socket_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Turns "host:port" into socket addresses: an address text as it stands, anything else by the system's resolver.
 *
 * The text is split at its last colon. The port is decimal digits, 0 to 65535, leading zeros allowed, no sign, and no service's
 * name; brackets round a host with a colon are taken off, so "[fe80::1%eth0]:80" works where the system knows the name (the
 * strict parsers of socket_addr.h take numbers alone). The host is UTF-8 of at most 253 bytes, one trailing dot apart, and is
 * handed to the resolver as it is: a name beyond ASCII (IDN) is the system's affair, and in Punycode it works on every one.
 *
 * Addresses of both families come in the resolver's order. The first min(*count, cap) are stored; *count is how many there
 * were, so call again with a larger array when *count > cap. addrs may be NULL when cap is 0.
 *
 * Blocks: while the system's resolver works, which may be seconds; never for an address text. No timeout ends it.
 * Owns: addrs is the caller's, cap elements; nothing is kept.
 * Errors: FER_INVALID_INPUT, os_code 0, before any lookup (NULL host_port or count, NULL addrs with a cap, no colon, a bad port,
 *   an empty or over-long host, one that is not UTF-8); FER_HOST_NOT_FOUND; FER_RESOLVE_TRY_AGAIN (a passing failure: no network,
 *   say); FER_RESOLVE_FAILED; with the resolver's os_code (EAI_ numbers negative on every POSIX system, WSA codes on Windows).
 *   *count and addrs are untouched on failure.
 * Rust: std::net::ToSocketAddrs for str. Differs: "host:+80" is refused, brackets round a non-address host with a colon are
 *   removed, an empty host and an over-long one never reach the resolver, and failures have kinds.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_to_socket_addrs(const char *host_port, fer_socket_addr *addrs, size_t cap, size_t *count);

/**
 * Looks a host up: the addresses of host, each with the given port. A strict IP address text is taken as it stands.
 *
 * host is UTF-8 of at most 253 bytes, one trailing dot apart, and without brackets; "fe80::1%eth0" is the resolver's to know.
 * Results and *count are as in fer_to_socket_addrs.
 *
 * Blocks: while the system's resolver works; never for an address text.
 * Owns: addrs is the caller's, cap elements; nothing is kept.
 * Errors: as fer_to_socket_addrs; NULL host is FER_INVALID_INPUT.
 * Rust: std::net::ToSocketAddrs for (&str, u16).
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_lookup_host(const char *host, uint16_t port, fer_socket_addr *addrs, size_t cap,
                                               size_t *count);

#ifdef __cplusplus
}
#endif

#endif

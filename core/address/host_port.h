/* host_port.h: splits "host:port" text, and checks that a host is UTF-8 (rule A3). No resolving,
 * and no strict address grammar, which is in socket_addr.c. */
#ifndef FERI_HOST_PORT_H
#define FERI_HOST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

/* The longest host name in text: RFC 1035, 2.3.4, has 255 octets on the wire, which are 253
 * characters without a trailing dot. */
#define FERI_HOST_LEN_MAX 253

/* The host, as a part of the original text, and the port. */
typedef struct feri_host_port {
    const char *host;
    size_t host_len;
    uint16_t port;
} feri_host_port;

/* Splits NUL-terminated text at its last colon and removes the brackets of a host with a colon.
 * INVALID_INPUT: no colon, a port that is not 0 to 65535 in decimal digits, or an empty host. */
fer_error feri_host_port_split(feri_host_port *out, const char *text);

/* Whether len bytes are UTF-8 (RFC 3629), as every str in Rust. Windows' resolver requires UTF-16,
 * and bytes that are not UTF-8 cannot be converted. */
bool feri_host_is_utf_8(const char *host, size_t len);

#endif

/* ownership.h: clones, and sockets that come from elsewhere or go there, for every handle type
 * (rules R1, R2). */
#ifndef FERI_OWNERSHIP_H
#define FERI_OWNERSHIP_H

#include <stdbool.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

fer_error feri_try_clone(fer_handle *handle, fer_handle *out);

/* Whether a clone has ended the read half for all handles, where the OS does not know of it. */
bool feri_read_shut_by_clone(const fer_handle *handle);

/* Whose addresses a socket has. */
typedef enum feri_domain { FERI_DOMAIN_IP, FERI_DOMAIN_UNIX } feri_domain;

/* Take over a connected stream, a listener, a datagram socket. On failure raw stays the caller's,
 * as it was. */
fer_error feri_stream_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);
fer_error feri_listener_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);
fer_error feri_datagram_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);

/* Takes over any of these, connected or not. */
fer_error feri_socket_from_raw(fer_handle *handle, fer_raw_socket raw);

fer_raw_socket feri_into_raw(fer_handle *handle);

#endif

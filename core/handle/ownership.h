/* ownership.h: clones, and sockets that are adopted or released, for every handle type (rules R1,
 * R2). */
#ifndef FERI_OWNERSHIP_H
#define FERI_OWNERSHIP_H

#include <stdbool.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

fer_error feri_try_clone(fer_handle *handle, fer_handle *out);

/* Whether the read half was ended for all handles, by this one or a clone, and the OS does not
 * report it. */
bool feri_read_shut_by_clone(const fer_handle *handle);

/* The address family of a socket. */
typedef enum feri_domain { FERI_DOMAIN_IP, FERI_DOMAIN_UNIX } feri_domain;

/* Adopt a connected stream, a listener, a datagram socket. On failure the caller keeps raw, which
 * is unchanged. */
fer_error feri_stream_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);
fer_error feri_listener_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);
fer_error feri_datagram_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain);

/* Adopts any of these, connected or not. */
fer_error feri_socket_from_raw(fer_handle *handle, fer_raw_socket raw);

fer_raw_socket feri_into_raw(fer_handle *handle);

#endif

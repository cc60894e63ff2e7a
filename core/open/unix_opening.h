/* unix_opening.h: how Unix sockets come to be. */
#ifndef FERI_UNIX_OPENING_H
#define FERI_UNIX_OPENING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* Makes a socket for one address; none is left behind on failure. */
typedef fer_error (*feri_unix_opener)(const fer_unix_addr *addr, fer_raw_socket *out);

fer_error feri_unix_connection_open(const fer_unix_addr *addr, fer_raw_socket *out);
fer_error feri_unix_listener_open(const fer_unix_addr *addr, fer_raw_socket *out);
fer_error feri_unix_datagram_open(const fer_unix_addr *addr, fer_raw_socket *out);

/* Fill an empty handle by one of these. INVALID_INPUT: NULL, a handle that is not empty, an address
 * without a name. */
fer_error feri_unix_open(fer_handle *handle, const fer_unix_addr *addr, feri_unix_opener opener);
fer_error feri_unix_open_path(fer_handle *handle, const char *path, feri_unix_opener opener);

/* Fills two empty handles with the ends of a new pair. */
fer_error feri_unix_open_pair(fer_handle *one, fer_handle *other, fer_type type);

/* connect: IN_PROGRESS where it has only started, WOULD_BLOCK where the queue is full and nothing
 * has. */
fer_error feri_unix_connect_raw(fer_raw_socket raw, const fer_unix_addr *addr);

/* As fer_unix_stream_connect_start. */
fer_error feri_unix_start_connect(fer_handle *handle, const fer_unix_addr *addr);

/* INVALID_INPUT unless it is a path or an abstract name, of a length that the OS takes;
 * UNSUPPORTED: the OS has no abstract names. */
fer_error feri_check_unix_name(const fer_unix_addr *addr);

#endif

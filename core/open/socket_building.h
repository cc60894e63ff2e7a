/* socket_building.h: what a fer_socket can do beyond any handle: be made of a domain, type and
 * protocol, be bound, listen and connect as its options ask, and become another type of handle. */
#ifndef FERI_SOCKET_BUILDING_H
#define FERI_SOCKET_BUILDING_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"

/* Each as its public namesake, and checks all that it takes, but that a datagram socket's connect
 * is not here. */
fer_error feri_socket_new(fer_handle *handle, fer_domain domain, fer_type type, int protocol);
fer_error feri_socket_bind(fer_handle *handle, const fer_socket_addr *addr);
fer_error feri_socket_bind_unix(fer_handle *handle, const fer_unix_addr *addr);
fer_error feri_socket_listen(fer_handle *handle, int backlog);
fer_error feri_socket_connect(fer_handle *handle, const fer_socket_addr *addr);
fer_error feri_socket_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                                      fer_duration timeout);
fer_error feri_socket_connect_unix(fer_handle *handle, const fer_unix_addr *addr);
fer_error feri_socket_local_addr(const fer_handle *handle, fer_socket_addr *out);
fer_error feri_socket_set_reuse_address(fer_handle *handle, bool reuse);
fer_error feri_socket_reuse_address(const fer_handle *handle, bool *out);
fer_error feri_socket_set_only_v6(fer_handle *handle, bool only_v6);

/* FER_OK where the handle is of no kind that lacks something: FERI_FLAG_UNIX, _DATAGRAM; else
 * UNSUPPORTED. */
fer_error feri_socket_reject_kinds(const fer_handle *handle, uint32_t kinds);

/* FER_OK where it has an IP address of that family. */
fer_error feri_socket_check_addr(const fer_handle *handle, const fer_socket_addr *addr);

/* The kinds by which a handle type takes a socket: FERI_FLAG_UNIX, _DATAGRAM, _LISTENING. */
fer_error feri_socket_into(fer_handle *socket, fer_handle *out, uint32_t kinds);
fer_error feri_socket_from(fer_handle *socket, fer_handle *source, uint32_t kinds);

#endif

/* socket_building.h: the functions of a fer_socket that other handles do not have: creation from a
 * domain, type and protocol, bind, listen and connect with the user's options, and conversion. */
#ifndef FERI_SOCKET_BUILDING_H
#define FERI_SOCKET_BUILDING_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"

/* Each as the public function with its name, with all checks of its arguments, but without the
 * connect of a datagram socket. The other functions of ferrule/socket.h that socket_building.c
 * defines are called by programs only. */
fer_error feri_socket_connect(fer_handle *handle, const fer_socket_addr *addr);
fer_error feri_socket_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                                      fer_duration timeout);
fer_error feri_socket_local_addr(const fer_handle *handle, fer_socket_addr *out);

/* UNSUPPORTED if the socket is of one of these kinds (FERI_FLAG_UNIX, FERI_FLAG_DATAGRAM), else
 * FER_OK. */
fer_error feri_socket_reject_kinds(const fer_handle *handle, uint32_t kinds);

/* FER_OK if the socket has IP addresses and addr has its family. */
fer_error feri_socket_check_addr(const fer_handle *handle, const fer_socket_addr *addr);

/* Conversion to another handle type. kinds are the flags of that type: FERI_FLAG_UNIX,
 * FERI_FLAG_DATAGRAM, FERI_FLAG_LISTENING. */
fer_error feri_socket_into(fer_handle *socket, fer_handle *out, uint32_t kinds);

#endif

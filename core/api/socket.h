/* socket.h: what the files of fer_socket share. */
#ifndef FERI_SOCKET_H
#define FERI_SOCKET_H

#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"

/* As fer_socket_local_addr. */
fer_error feri_socket_local_addr(const fer_handle *handle, fer_socket_addr *out);

/* UNSUPPORTED if the socket is of one of these kinds (FERI_FLAG_UNIX, FERI_FLAG_DATAGRAM), else
 * FER_OK. */
fer_error feri_socket_reject_kinds(const fer_handle *handle, uint32_t kinds);

/* FER_OK if the socket has IP addresses and addr has its family. */
fer_error feri_socket_check_addr(const fer_handle *handle, const fer_socket_addr *addr);

#endif

/* unix.h: what the files of Unix sockets share. */
#ifndef FERP_POSIX_UNIX_H
#define FERP_POSIX_UNIX_H

#include "platform/posix/posix.h"

#include <sys/uio.h>
#include <sys/un.h>

socklen_t ferp_posix_sockaddr_un_of(const fer_unix_addr *addr, struct sockaddr_un *out);

void ferp_posix_from_sockaddr_un(const struct sockaddr_un *from, socklen_t len, fer_unix_addr *out);

/* The result of a call with the path of a socket. */
fer_error ferp_posix_path_result(fer_raw_socket raw, intptr_t returned);

/* Whether the socket is connected to the address. Sets errno to EISCONN. */
bool ferp_posix_is_unix_peer(fer_raw_socket raw, const fer_unix_addr *addr);

/* The result of a send of a Unix datagram. */
fer_error ferp_posix_unix_send_result(fer_raw_socket raw, intptr_t returned);

/* As a receive of a Unix stream, and closes the handles that come with the bytes (ferp_traits,
 * receive_leaks_handles). handles.c */
fer_error ferp_posix_recv_and_close_handles(int fd, struct iovec *slices, size_t count, int flags,
                                            size_t *n);

#endif

/* socket.h: accept4, which NetBSD declares since version 8; the kernel may be older. */
#include_next <sys/socket.h>

#ifndef FERRULE_BSD_SOCKET_H
#define FERRULE_BSD_SOCKET_H
int accept4(int listener, struct sockaddr *addr, socklen_t *len, int flags);
#endif

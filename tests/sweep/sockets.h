/* sockets.h: plain sockets of the system, with the names of POSIX. */
#ifndef SWEEP_SOCKETS_H
#define SWEEP_SOCKETS_H

#ifdef _WIN32
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

/* <afunix.h>, which older headers lack. */
struct sockaddr_un {
    ADDRESS_FAMILY sun_family;
    char sun_path[108];
};
typedef SOCKET plain_socket;
typedef int plain_size;
#define SHUT_WR SD_SEND
#define MSG_DONTWAIT 0 /* every socket is nonblocking, those of ferrule too */
#else
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef int plain_socket;
typedef size_t plain_size;
#define closesocket close
#endif

/* Nonblocking. posix.c, winsock.c */
plain_socket new_socket(int domain, int type);

/* The sockets of the stage, at its paths. peers.c */
void stage_open_sockets(void);

#endif

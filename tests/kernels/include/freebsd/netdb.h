/* netdb.h: FreeBSD's names of getaddrinfo, which are not in its kernel's sources. The structure and
 * the numbers are those of FreeBSD 13's include/netdb.h. */
#ifndef FERRULE_BSD_NETDB_H
#define FERRULE_BSD_NETDB_H

#include <sys/types.h>

#include <sys/socket.h>

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    char *ai_canonname;
    struct sockaddr *ai_addr;
    struct addrinfo *ai_next;
};

#define AI_PASSIVE 1
#define AI_NUMERICHOST 4
#define AI_NUMERICSERV 8

#define EAI_AGAIN 2
#define EAI_BADFLAGS 3
#define EAI_FAIL 4
#define EAI_FAMILY 5
#define EAI_MEMORY 6
#define EAI_NONAME 8
#define EAI_SERVICE 9
#define EAI_SOCKTYPE 10
#define EAI_SYSTEM 11

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found);
void freeaddrinfo(struct addrinfo *list);
const char *gai_strerror(int code);

#endif

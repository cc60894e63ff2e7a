/* adoption.h: sockets of every kind, made without ferrule, and the tests which handle type adopts
 * them. */
#ifndef INTEROP_ADOPTION_H
#define INTEROP_ADOPTION_H

#include "interop/handle_types.h"
#include "interop/sockets.h"

/* Each function creates a connected socket, and stores one that sends to it in *other. */
plain_socket tcp_connected(plain_socket *other);
plain_socket udp_connected(plain_socket *other);
#ifdef _WIN32
SOCKET tcp_accepted(SOCKET *other);
#else
int unix_stream_end(int *other);
int unix_datagram_end(int *other);
int unix_seqpacket_end(int *other);
#endif

enum { NO_TYPE = HANDLE_TYPE_COUNT, NO_SOCKET };

/* A socket that the function creates, which may store one that sends to it in *other; or without a
 * function one of this domain, type and protocol. It is NONE if this machine has none. */
struct candidate {
    const char *name;
    plain_socket (*create)(plain_socket *other);
    int adopted_by;
    bool is_for_socket; /* fer_socket adopts it, and must */
    int domain, type, protocol;
};

/* ---- The candidates of the system, and its modes of a socket, which an adoption leaves. */

extern const struct candidate candidates[];
extern const size_t candidate_count;
uint64_t modes_of(const struct candidate *candidate, plain_socket created);

void assert_no_type_adopts(const fer_raw_socket *raws, size_t count);

/* The tests of adoption.c, and of the system. */
int adoption_tests(void);
int system_adoption_tests(void);

#endif

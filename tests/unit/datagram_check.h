/* datagram_check.h: sockets and datagrams for the tests of core/transfer/datagram.c over the
 * scripted seam. */
#ifndef TEST_DATAGRAM_CHECK_H
#define TEST_DATAGRAM_CHECK_H

#include "unit/scripted_platform.h"

#include "core/transfer/datagram.h"

#define PEER "192.0.2.1:1001"

/* Returns an open socket. Starts a script with the given facts. */
static inline fer_udp_socket open_socket(const struct ferp_traits *traits, uint32_t flags)
{
    fer_udp_socket socket;
    memset(&socket, 0, sizeof socket);
    script_begin(traits);
    socket.handle_ = script_stream(flags | FERI_FLAG_DATAGRAM);
    return socket;
}

static inline fer_udp_socket connected_socket(const struct ferp_traits *traits, uint32_t flags)
{
    fer_udp_socket socket = open_socket(traits, flags);
    socket.handle_.p_.peer_ = script_addr(PEER);
    return socket;
}

/* Queues a datagram as the next result of the call. */
static inline void queue_datagram(script_call call, const char *from, uint64_t len)
{
    script_result *answer = script_then(call);
    answer->addr = script_addr(from);
    answer->value = len;
}

#endif

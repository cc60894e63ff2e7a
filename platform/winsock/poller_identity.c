/* poller_identity.c: distinguishes a new socket from a closed one that had its number. Windows has
 * no query for that: a handle's object can be compared only with an open handle, which would keep
 * the socket open. So sockets are compared by what does not change once it is set: the port and the
 * peer. */
#include "platform/winsock/poller.h"

#include <string.h>

/* FNV-1a. */
static uint64_t digest(const ferp_winsock_sockaddr *name, int length)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (int i = 0; i < length; i++) {
        hash = (hash ^ ((const unsigned char *)name)[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* The address may change until a connect selects it; the family and the port do not change. They
 * come first in both IP address structures. */
static uint64_t port_of(SOCKET socket, DWORD type)
{
    struct {
        uint16_t family;
        uint16_t port;
    } name = {0, 0};
    ferp_winsock_sockaddr full;
    int length = (int)sizeof full;
    memset(&full, 0, sizeof full);
    if (getsockname(socket, &full.any, &length) != 0) {
        return 0;
    }
    memcpy(&name, &full, sizeof name);
    return name.port == 0 ? 0 : (uint64_t)type << 32 | (uint64_t)name.family << 16 | name.port;
}

/* The peer of a datagram socket may change. */
static uint64_t peer_of(SOCKET socket, DWORD type)
{
    ferp_winsock_sockaddr name;
    int length = (int)sizeof name;
    memset(&name, 0, sizeof name);
    if (type != SOCK_STREAM || getpeername(socket, &name.any, &length) != 0 ||
        length > (int)sizeof name) {
        return 0;
    }
    return digest(&name, length);
}

ferp_winsock_names ferp_winsock_names_of(SOCKET socket)
{
    DWORD type = 0;
    (void)ferp_winsock_type_of(socket, &type);
    return (ferp_winsock_names){port_of(socket, type), peer_of(socket, type)};
}

/* A bound port never changes. The peer is lost when the connection is reset. */
bool ferp_winsock_names_contradict(ferp_winsock_names then, ferp_winsock_names now)
{
    bool has_other_port = then.port != 0 && then.port != now.port;
    bool has_other_peer = then.peer != 0 && now.peer != 0 && then.peer != now.peer;
    return has_other_port || has_other_peer;
}

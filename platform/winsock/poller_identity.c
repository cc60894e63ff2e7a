/* poller_identity.c: distinguishes a new socket from a closed one that had its number. Windows has
 * no query for that: a handle's object can be compared only with an open handle, which would keep
 * the socket open. So this library counts its own closes of each number. If other code closes a
 * SOCKET, sockets are compared by what does not change once it is set: the port and the peer. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* ---- Closes. A word counts the closes of all numbers that differ by a multiple of 4 * WORDS, and
 * has the upper bits of the one that was closed last. The upper bits of a number have 12 bits,
 * because a process has at most 2^24 handles, and their numbers are multiples of 4. No lock: a
 * program may close sockets while it ends, when other threads are gone. */

enum { WORDS_LOG2 = 12, WORDS = 1 << WORDS_LOG2, UPPER_BITS = 12 };

#define COUNT_MASK ((UINT32_C(1) << (32 - UPPER_BITS)) - 1)

static volatile LONG closes[WORDS];

static volatile LONG *closes_word_of(SOCKET socket)
{
    return &closes[(size_t)(socket >> 2) & (WORDS - 1)];
}

static uint32_t upper_bits_of(SOCKET socket)
{
    return (uint32_t)(socket >> (2 + WORDS_LOG2)) & ((UINT32_C(1) << UPPER_BITS) - 1);
}

void ferp_winsock_count_close(SOCKET socket)
{
    volatile LONG *word = closes_word_of(socket);
    LONG found = *word;
    LONG old;
    do {
        old = found;
        uint32_t count = ((uint32_t)old + 1) & COUNT_MASK;
        uint32_t next = upper_bits_of(socket) << (32 - UPPER_BITS) | count;
        found = InterlockedCompareExchange(word, (LONG)next, old);
    } while (found != old);
}

/* Whether a close of this number changed its word from then to now. If another number was closed
 * last, it is not known. */
static bool shows_close(SOCKET socket, uint32_t then, uint32_t now)
{
    return then != now && now >> (32 - UPPER_BITS) == upper_bits_of(socket);
}

/* ---- Identities */

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
 * come first in both IP address structures. The peer of a datagram socket may change. */
ferp_winsock_identity ferp_winsock_identity_of(SOCKET socket)
{
    ferp_winsock_identity identity = {.socket = socket};
    ferp_winsock_sockaddr name;
    int length = (int)sizeof name;
    DWORD type = 0;
    identity.closes = (uint32_t)InterlockedCompareExchange(closes_word_of(socket), 0, 0);
    (void)ferp_winsock_type_of(socket, &type);
    memset(&name, 0, sizeof name);
    if (getsockname(socket, &name.any, &length) == 0 && name.v4.sin_port != 0) {
        identity.port =
            (uint64_t)type << 32 | (uint64_t)name.v4.sin_family << 16 | name.v4.sin_port;
    }
    length = (int)sizeof name;
    memset(&name, 0, sizeof name);
    if (type == SOCK_STREAM && getpeername(socket, &name.any, &length) == 0 &&
        length <= (int)sizeof name) {
        identity.peer = digest(&name, length);
    }
    return identity;
}

/* A bound port never changes. The peer is lost when the connection is reset. */
bool ferp_winsock_identity_differs(ferp_winsock_identity then, ferp_winsock_identity now)
{
    bool has_other_port = then.port != 0 && then.port != now.port;
    bool has_other_peer = then.peer != 0 && now.peer != 0 && then.peer != now.peer;
    return has_other_port || has_other_peer || shows_close(now.socket, then.closes, now.closes);
}

bool ferp_winsock_was_closed(ferp_winsock_identity *then)
{
    uint32_t count = (uint32_t)InterlockedCompareExchange(closes_word_of(then->socket), 0, 0);
    if (count == then->closes || shows_close(then->socket, then->closes, count)) {
        return count != then->closes;
    }
    bool is_other = ferp_winsock_identity_differs(*then, ferp_winsock_identity_of(then->socket));
    then->closes = is_other ? then->closes : count;
    return is_other;
}

/* poller_identity.c: distinguishes a new socket from a closed one that had its descriptor, for the
 * poller over poll(2). Linux' sockets have inode numbers. On the BSDs fstat reports 0 for every TCP
 * and UDP socket (sys_socket.c, soo_stat). So this library counts its own closes of each
 * descriptor. If other code closes one, sockets are compared by what does not change once it is
 * set: the type, the port and the peer. */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/posix/poller_list.h"

/* ---- Closes. A word counts the closes of all descriptors that differ by a multiple of WORDS, and
 * has the upper bits of the one that was closed last. No lock: a signal handler may close. */

enum { WORDS_LOG2 = 12, WORDS = 1 << WORDS_LOG2, UPPER_BITS = 12 };

#define COUNT_MASK ((UINT32_C(1) << (32 - UPPER_BITS)) - 1)

static _Atomic uint32_t closes[WORDS];

static uint32_t upper_bits_of(int fd)
{
    return (uint32_t)fd >> WORDS_LOG2 & ((UINT32_C(1) << UPPER_BITS) - 1);
}

void ferp_posix_count_close(int fd)
{
    _Atomic uint32_t *word = &closes[fd & (WORDS - 1)];
    uint32_t old = atomic_load(word);
    uint32_t next;
    do {
        next = upper_bits_of(fd) << (32 - UPPER_BITS) | ((old + 1) & COUNT_MASK);
    } while (!atomic_compare_exchange_weak(word, &old, next));
}

/* Whether a close of this descriptor changed its word from then to now. If another descriptor was
 * closed last, it is not known. */
static bool shows_close(int fd, uint32_t then, uint32_t now)
{
    return then != now && now >> (32 - UPPER_BITS) == upper_bits_of(fd);
}

/* ---- Names */

/* FNV-1a. */
static uint64_t digest(const struct sockaddr_storage *name, socklen_t length)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (socklen_t i = 0; i < length; i++) {
        hash = (hash ^ ((const unsigned char *)name)[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* The address may change until a connect selects it; the family and the port do not change. */
static uint64_t port_of(int fd, int type)
{
    struct sockaddr_storage name;
    fer_socket_addr addr;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    bool is_known = getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
                    ferp_posix_socket_addr(&name, &addr) && addr.port != 0;
    return is_known ? (uint64_t)type << 32 | (uint64_t)name.ss_family << 16 | addr.port : 0;
}

/* The peer of a datagram socket may change. */
static uint64_t peer_of(int fd, int type)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    if (type != SOCK_STREAM || getpeername(fd, (struct sockaddr *)&name, &length) != 0 ||
        length > (socklen_t)sizeof name) {
        return 0;
    }
    return digest(&name, length);
}

ferp_list_identity ferp_posix_identity_of(int fd, const struct stat *status)
{
    ferp_list_identity identity = {
        .device = (uint64_t)status->st_dev,
        .inode = (uint64_t)status->st_ino,
        .fd = fd,
        .closes = atomic_load(&closes[fd & (WORDS - 1)]),
    };
    int type = 0;
    socklen_t length = sizeof type;
    if (identity.inode == 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0) {
        identity.port = port_of(fd, type);
        identity.peer = peer_of(fd, type);
    }
    return identity;
}

static bool differ(uint64_t then, uint64_t now)
{
    return then != 0 && now != 0 && then != now;
}

/* NetBSD gives a Unix socket its inode number with the first fstat, which still reports 0. A bound
 * port never changes, but after a reset NetBSD and OpenBSD report neither the port nor the peer. */
bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now)
{
    return then->device == now->device && !differ(then->inode, now->inode) &&
           !differ(then->port, now->port) && !differ(then->peer, now->peer) &&
           !shows_close(now->fd, then->closes, now->closes);
}

#endif

/* silent_ports.c: ports of FreeBSD's kernel that answer no connect. A packet filter (pfil(9)) in
 * the kernel drops the SYNs to them. */
#include "conformance/peer_system.h"

enum { QUEUED_MS = 300 };

extern long fb_silent(int port, int is_silent);

bool peer_system_set_silent(peer_family family, uint16_t port, bool silent)
{
    (void)family;
    return fb_silent(port, silent) == 0;
}

/* A full accept queue of FreeBSD resets further connections (sonewconn, syncache_socket in
 * netinet/tcp_syncache.c). One connection is queued, so that an accept frees a place. The accept
 * ends the silence (shim_freebsd.c). */
bool peer_fill_backlog(peer_family family, uint16_t port)
{
    peer_socket queued = peer_connect_begin(family, port);
    if (queued == PEER_NONE) {
        return false;
    }
    (void)peer_connect_ended(queued, QUEUED_MS);
    return fb_silent(port, 1) == 0;
}

/* posix.c: what differs in the peers of the sweep (peers.c) over the POSIX backend. */
#include <poll.h>
#include <sys/ioctl.h>

#include "conformance/unix_peer.h"
#include "sweep/world.h"

#define PEEKED_DESCRIPTORS 200

void prepare_system(void)
{
}

void free_the_path(void)
{
    (void)unix_peer_remove(stage.free_path);
}

size_t queued_bytes(fer_raw_socket raw)
{
    int queued = -1;
    REQUIRE(ioctl((int)raw, FIONREAD, &queued) == 0);
    return (size_t)queued;
}

/* One system call for all descriptors. */
int count_open(void)
{
    struct pollfd entries[PEEKED_DESCRIPTORS];
    int count = 0;
    for (int i = 0; i < PEEKED_DESCRIPTORS; i++) {
        entries[i] = (struct pollfd){.fd = i};
    }
    REQUIRE(poll(entries, PEEKED_DESCRIPTORS, 0) >= 0);
    for (int i = 0; i < PEEKED_DESCRIPTORS; i++) {
        count += (entries[i].revents & POLLNVAL) == 0;
    }
    return count;
}

/* posix.c: what differs in the peers of the sweep (peers.c) over the POSIX backend. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sweep/sockets.h"
#include "sweep/world.h"

#define PEEKED_DESCRIPTORS 200

/* ---- The peers, which live as long as the program */

static char folder[64];

void free_the_path(void)
{
    unlink(stage.free_path);
}

plain_socket new_socket(int domain, int type)
{
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void stage_set(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/sweep-XXXXXX", tmp != NULL ? tmp : "/tmp");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(stage.path, sizeof stage.path, "%s/file", folder);
    stage.file = open(stage.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    REQUIRE(stage.file >= 0 && write((int)stage.file, pattern, BYTES) == BYTES);
    unlink(stage.path);
    snprintf(stage.path, sizeof stage.path, "%s/listener", folder);
    snprintf(stage.gram_path, sizeof stage.gram_path, "%s/datagrams", folder);
    snprintf(stage.free_path, sizeof stage.free_path, "%s/free", folder);
    stage_open_sockets();
}

void stage_clear(void)
{
    close((int)stage.file);
    unlink(stage.path);
    unlink(stage.gram_path);
    rmdir(folder);
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

void pause_a_millisecond(void)
{
    poll(NULL, 0, 1);
}

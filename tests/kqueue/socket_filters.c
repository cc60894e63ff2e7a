/* socket_filters.c: when a socket of Linux is what EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT wait
 * for, by the rules that XNU and FreeBSD share (filt_soread, filt_sowrite in their uipc_socket.c;
 * kqueue(2)). What they look at is found so:
 *
 *  the socket receives no more (CANTRCVMORE)   POLLRDHUP: the peer's end, its own shutdown, a reset
 * the socket sends no more (CANTSENDMORE)     POLLHUP with POLLRDHUP: both halves are gone; or its
 * own shutdown alone
 * it has an error that nobody took (so_error) POLLERR. Its number cannot be had without recv_mode
 * it from the socket: fflags says ECONNRESET for all
 *
 * On a stream an error always is the end; Linux shows it a moment before the halves are gone
 * (tcp_reset), XNU under one lock. A datagram socket's is the peer's refusal: both filters tell,
 * without EV_EOF. data, the number of bytes, is not told: it is 0. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP */
#endif
#include "kqueue/knote.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

int knote_attach_socket(struct knote *note)
{
    int type = 0;
    socklen_t size = sizeof type;
    if (note->event.ident > INT_MAX) {
        return EBADF;
    }
    if (getsockopt((int)note->event.ident, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        return errno == ENOTSOCK ? EINVAL : errno;
    }
    note->is_stream = type == SOCK_STREAM;
    return 0;
}

/* A write of nothing to a Unix stream changes nothing, and fails where it may not write. To a TCP
 * stream it would take an error. */
static bool has_shut_write(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE;
    }
    switch (info.tcpi_state) {
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT: return true;
    default: return false;
    }
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static bool set_eof(struct knote *note, int revents)
{
    note->event.flags |= EV_EOF;
    note->event.fflags = (revents & POLLERR) != 0 ? ECONNRESET : 0;
    return true;
}

static bool may_read(struct knote *note, int revents)
{
    if ((revents & POLLRDHUP) != 0 || (note->is_stream && (revents & POLLERR) != 0)) {
        return set_eof(note, revents);
    }
    return (revents & (POLLIN | POLLERR)) != 0;
}

/* Linux finds room in a stream that is not connected, or listens; the BSDs do not (socanwrite;
 * PR_CONNREQUIRED). */
static bool may_write(struct knote *note, int revents)
{
    int fd = (int)note->event.ident;
    if (!note->is_stream) {
        return (revents & (POLLOUT | POLLERR)) != 0;
    }
    if ((revents & POLLERR) != 0 || (revents & (POLLHUP | POLLRDHUP)) == (POLLHUP | POLLRDHUP) ||
        has_shut_write(fd)) {
        return set_eof(note, revents);
    }
    return (revents & POLLOUT) != 0 && is_connected(fd);
}

bool knote_is_ready(struct knote *note)
{
    struct pollfd polled = {.fd = (int)note->event.ident,
                            .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
    if (poll(&polled, 1, 0) <= 0) {
        return false;
    }
    switch (note->event.filter) {
    case EVFILT_READ: return may_read(note, polled.revents);
    case EVFILT_WRITE: return may_write(note, polled.revents);
    default: return (polled.revents & POLLPRI) != 0;
    }
}

/* socket_filters.c: evaluates EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT for a socket of Linux, by
 * the rules that XNU and FreeBSD share (filt_soread, filt_sowrite in their uipc_socket.c;
 * kqueue(2)). Their conditions correspond to:
 *
 * - The socket receives no more (CANTRCVMORE). POLLRDHUP: the peer's FIN, the own shutdown, a
 *   reset.
 * - The socket sends no more (CANTSENDMORE). POLLHUP with POLLRDHUP: both halves have ended; or the
 *   own shutdown alone.
 * - The socket has a pending error (so_error). POLLERR. The error's number cannot be read without
 *   clearing it: fflags is ECONNRESET for all errors.
 *
 * On a stream an error always is the end. Linux reports it a moment before the halves have ended
 * (tcp_reset), XNU under one lock. The error of a datagram socket is a refusal: both filters report
 * it, without EV_EOF. The number of bytes (data) is not reported: it is 0. */
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

/* An empty write to a Unix stream changes nothing, and fails after a shutdown. On a TCP stream it
 * would clear a pending error. */
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

/* On Linux an unconnected or listening stream is writable; on the BSDs it is not (socanwrite;
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

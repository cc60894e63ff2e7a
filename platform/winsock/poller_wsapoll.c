/* poller_wsapoll.c: a poller over WSAPoll, for a system without AFD. Defines what
 * platform/common/poller_list.c needs. Before Windows 10 version 2004 WSAPoll reports no failed
 * connect ("WSAPoll function", MSDN), and neither does this poller. */
#include "platform/common/poller_list.h"

#include <limits.h>

/* ---- The waker */

/* No other socket can send to the waker: the port is exclusive, and a connected socket drops
 * datagrams that are not from its peer, which is itself. */
static fer_error connect_to_itself(SOCKET socket)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = (int)sizeof name;
    FER_TRY(ferp_set_option((fer_raw_socket)socket, FERP_EXCLUSIVE_ADDRESS, 1));
    FER_TRY(ferp_winsock_result(bind(socket, (const struct sockaddr *)&name, size)));
    FER_TRY(ferp_winsock_result(getsockname(socket, (struct sockaddr *)&name, &size)));
    return ferp_winsock_result(connect(socket, (const struct sockaddr *)&name, size));
}

fer_error ferp_list_waker_open(ferp_list_waker *waker)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &raw));
    fer_error err = connect_to_itself(ferp_winsock_socket(raw));
    if (err.kind != FER_OK) {
        ferp_close(raw);
        return err;
    }
    waker->socket = ferp_winsock_socket(raw);
    InitializeSRWLock(&waker->sending);
    return err;
}

void ferp_list_waker_close(ferp_list_waker *waker)
{
    closesocket(waker->socket);
}

ferp_list_fd ferp_list_waker_fd(const ferp_list_waker *waker)
{
    return waker->socket;
}

fer_error ferp_list_waker_send(ferp_list_waker *waker, ferp_list_reason reason)
{
    const char byte = (char)reason;
    AcquireSRWLockExclusive(&waker->sending);
    fer_error err = ferp_winsock_result(send(waker->socket, &byte, 1, 0) < 0 ? SOCKET_ERROR : 0);
    ReleaseSRWLockExclusive(&waker->sending);
    return err;
}

/* Receives datagrams until none is left. */
bool ferp_list_waker_take(const ferp_list_waker *waker)
{
    char byte = 0;
    bool notified = false;
    while (recv(waker->socket, &byte, 1, 0) == 1) {
        notified = notified || byte == (char)FERP_LIST_NOTIFIED;
    }
    return notified;
}

/* ---- Sockets */

fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out)
{
    DWORD type = 0;
    FER_TRY(ferp_winsock_type_of(ferp_winsock_socket(raw), &type));
    *out = ferp_winsock_names_of(ferp_winsock_socket(raw));
    return FERP_WINSOCK_OK;
}

bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now)
{
    return !ferp_winsock_names_contradict(*then, *now);
}

/* ---- WSAPoll */

/* POLLHUP means "A stream-oriented connection was either disconnected or aborted" ("WSAPOLLFD
 * structure", MSDN). recv's result shows which. recv does not block then. */
bool ferp_list_has_failed(const ferp_list_entry *entry)
{
    char byte = 0;
    if ((entry->revents & POLLHUP) == 0 || (entry->revents & POLLERR) != 0) {
        return (entry->revents & POLLERR) != 0;
    }
    return recv(entry->fd, &byte, 1, MSG_PEEK) < 0 && WSAGetLastError() != WSAEWOULDBLOCK;
}

static int wsapoll_millis(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return -1;
    }
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    return millis < INT_MAX ? (int)millis : INT_MAX;
}

/* The events of one socket. A socket that WSAPoll rejects has failed, or was closed. */
static short poll_alone(ferp_list_fd fd, short events)
{
    WSAPOLLFD entry = {fd, events, 0};
    if (WSAPoll(&entry, 1, 0) >= 0) {
        return entry.revents;
    }
    fer_error err = ferp_winsock_last_error();
    if (err.kind == FER_BAD_HANDLE) {
        return POLLNVAL;
    }
    return ferp_winsock_is_transient(err) || ferp_winsock_is_cancelled(err.os_code) ? 0 : POLLERR;
}

/* WSAPoll may fail for all sockets because of one: Wine does so with WSAENOTSOCK, while Windows
 * marks only the closed one. Then each is polled alone. False: none has an event. */
static bool poll_each(ferp_list_entry *entries, size_t count)
{
    bool has_event = false;
    for (size_t i = 0; i < count; i++) {
        entries[i].revents = poll_alone(entries[i].fd, entries[i].events);
        has_event = has_event || entries[i].revents != 0;
    }
    return has_event;
}

/* WSAPoll fails without sockets. A CancelIoEx for another wait on the socket (wait.c) ends it,
 * too. */
fer_error ferp_list_poll(ferp_list_entry *entries, size_t count, fer_duration timeout)
{
    if (count == 0 || WSAPoll(entries, (ULONG)count, wsapoll_millis(timeout)) >= 0) {
        return FERP_WINSOCK_OK;
    }
    fer_error err = ferp_winsock_last_error();
    if (ferp_winsock_is_cancelled(err.os_code)) {
        return (fer_error){FER_INTERRUPTED, err.os_code};
    }
    if (poll_each(entries, count) || err.kind == FER_BAD_HANDLE) {
        return FERP_WINSOCK_OK;
    }
    return err;
}

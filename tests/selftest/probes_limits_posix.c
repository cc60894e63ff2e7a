/* probes_limits_posix.c: the probes of the limits in ferp_traits that need calls of POSIX. */
#include "selftest/raw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#elif defined(__APPLE__) || defined(__FreeBSD__)
#include <sys/event.h>
#include <sys/time.h>
#endif

#include "platform/platform.h"
#include "selftest/probe.h"

#if defined(__linux__)
static int count_edges(raw_socket socket, int count)
{
    int events = 0;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    (void)epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
    for (int i = 0; i < count; i++) {
        events += epoll_wait(poller, &event, 1, 100);
    }
    (void)close(poller);
    return events;
}
#elif defined(__APPLE__) || defined(__FreeBSD__)
static int count_edges(raw_socket socket, int count)
{
    int events = 0;
    int poller = kqueue();
    struct timespec limit = {0, 100000000};
    struct kevent event;
    EV_SET(&event, (uintptr_t)socket, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
    (void)kevent(poller, &event, 1, NULL, 0, NULL);
    for (int i = 0; i < count; i++) {
        events += kevent(poller, NULL, 0, &event, 1, &limit);
    }
    (void)close(poller);
    return events;
}
#else
static int count_edges(raw_socket socket, int count)
{
    (void)socket;
    return count;
}
#endif

/* Unread input causes one event in two waits. */
PROBE(poller_has_edges, "platform/*/traits.c")
{
    raw_socket two[2];
    raw_pair(two);
    (void)raw_send(two[1], "x", 1);
    (void)raw_poll(two[0], RAW_READ, 2000);
    int events = count_edges(two[0], 2);
    conclude_fact(ferp_traits()->poller_has_edges, events == 1);
}

/* The length of a path is padded with slashes, which a system joins. */
static int bind_path_of(size_t len)
{
    struct sockaddr_un address;
    char folder[] = "/tmp/ferrule.XXXXXX";
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    size_t used = strlen(folder);
    memcpy(address.sun_path, folder, used);
    memset(address.sun_path + used, '/', len - used);
    address.sun_path[len - 1] = 's';
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = bind(made, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1));
    int code = raw_code();
    (void)close(made);
    (void)unlink(address.sun_path);
    (void)rmdir(folder);
    errno = code;
    return result;
}

PROBE(unix_path_max, "platform/*/traits.c")
{
    size_t most = ferp_traits()->unix_path_max;
    believe("%lu", (unsigned long)most);
    see("sun_path has %lu bytes", (unsigned long)sizeof((struct sockaddr_un *)0)->sun_path);
    int result = bind_path_of(most);
    see("bind of a path of %lu: %s", (unsigned long)most, result == 0 ? "OK" : raw_text(-1));
    conclude(result == 0);
}

PROBE(has_abstract_unix_names, "platform/*/traits.c")
{
    struct sockaddr_un address;
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int len = snprintf(address.sun_path + 1, 40, "ferrule-selftest-%ld", (long)getpid());
    int result = bind(made, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len));
    see("bind of a name that begins with NUL: %s", result == 0 ? "OK" : raw_text(result));
    conclude_fact(ferp_traits()->has_abstract_unix_names, result == 0);
}

static ssize_t send_slices(raw_socket socket, size_t count)
{
    static char byte;
    struct iovec *slices = calloc(count, sizeof *slices);
    struct msghdr message;
    if (slices == NULL) {
        return -1;
    }
    memset(&message, 0, sizeof message);
    for (size_t i = 0; i < count; i++) {
        slices[i].iov_base = &byte;
        slices[i].iov_len = 1;
    }
    message.msg_iov = slices;
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    ssize_t n = sendmsg(socket, &message, 0);
    free(slices);
    return n;
}

PROBE(io_slices_max, "platform/*/traits.c")
{
    raw_socket two[2];
    size_t most = ferp_traits()->io_slices_max;
    raw_pair(two);
    ssize_t n = send_slices(two[0], most);
    believe("%lu", (unsigned long)most);
    see("sendmsg of %lu slices: %s", (unsigned long)most, raw_text(n));
    conclude(n == (ssize_t)most);
    see("of one more: %s", raw_text(send_slices(two[0], most + 1)));
}

/* os_kernel.c: detects arrived data on macOS, FreeBSD and NetBSD by the connection's state, the
 * number of readable bytes (FIONREAD) and the length of the accept queue (kevent). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/event.h>
#include <sys/filio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fidelity/fidelity.h"

/* The numbers of the states are those of 4.4BSD (netinet/tcp_fsm.h, which macOS' SDK lacks in
 * part). */
enum { CLOSED = 0, ESTABLISHED = 4, CLOSE_WAIT = 5, FIN_WAIT_2 = 9, TIME_WAIT = 10 };

#ifdef __APPLE__
#define STATE_OPTION TCP_CONNECTION_INFO
#else
#define STATE_OPTION TCP_INFO
#endif

bool os_has(enum fidelity_system system)
{
#if defined(__APPLE__)
    return system == FIDELITY_MACOS;
#elif defined(__FreeBSD__)
    return system == FIDELITY_FREEBSD;
#else
    return system == FIDELITY_NETBSD;
#endif
}

/* tcpi_state is the first byte. A connection that was reset has no state (EINVAL, ECONNRESET). */
static int state_of(fer_raw_socket raw)
{
    unsigned char state = CLOSED;
    socklen_t len = sizeof state;
    return getsockopt((int)raw, IPPROTO_TCP, STATE_OPTION, &state, &len) == 0 ? state : CLOSED;
}

/* Nagle's algorithm delays a write until the one before is acknowledged (RFC 1122, 4.2.3.4). A peer
 * that discards its input counts nothing, so the sender's buffer must be empty. */
static bool has_sent_all(fer_raw_socket raw)
{
    int unsent = 0;
#ifdef __APPLE__
    socklen_t len = sizeof unsent;
    return getsockopt((int)raw, SOL_SOCKET, SO_NWRITE, &unsent, &len) == 0 && unsent == 0;
#else
    return ioctl((int)raw, FIONWRITE, &unsent) == 0 && unsent == 0;
#endif
}

bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over)
{
    int queued = -1;
    int state = state_of(raw);
    if (ioctl((int)raw, FIONREAD, &queued) != 0 || (size_t)queued != end->unread ||
        (end->peer_discards && !end->is_reset && !has_sent_all(raw))) {
        return false;
    }
    if (end->is_reset || is_over) {
        return state == CLOSED || (state == TIME_WAIT && !end->is_reset);
    }
    /* A FIN that is acknowledged may disconnect the socket (tcp_input, FIN_WAIT_1). */
    return end->fin_arrived ? state == CLOSE_WAIT
                            : state == (end->fin_sent ? FIN_WAIT_2 : ESTABLISHED);
}

void os_close(fer_raw_socket raw)
{
    (void)close((int)raw);
}

/* The data of an event of a listener is the length of its accept queue (kqueue(2)). */
static int queued_at(fer_raw_socket raw)
{
    const struct timespec none = {0, 0};
    struct kevent change;
    struct kevent event;
    int queue = kqueue();
    EV_SET(&change, (uintptr_t)raw, EVFILT_READ, EV_ADD, 0, 0, 0);
    int count = kevent(queue, &change, 1, &event, 1, &none);
    (void)close(queue);
    return count == 1 ? (int)event.data : 0;
}

bool os_is_queued(fer_raw_socket raw, int count)
{
    return queued_at(raw) == count;
}

bool os_is_acceptable(fer_raw_socket raw)
{
    return queued_at(raw) > 0;
}

bool os_yield(unsigned attempts)
{
    (void)poll(NULL, 0, attempts < 100 ? 0 : 10);
    return attempts < 2100;
}

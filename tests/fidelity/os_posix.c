/* os_posix.c: detects arrived data on Linux by the connection's state (TCP_INFO) and the number of
 * readable bytes (FIONREAD). */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fidelity/fidelity.h"

bool os_has(enum fidelity_system system)
{
    return system == FIDELITY_LINUX;
}

static struct tcp_info info_of(fer_raw_socket raw)
{
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t len = sizeof info;
    (void)getsockopt((int)raw, IPPROTO_TCP, TCP_INFO, &info, &len);
    return info;
}

bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over)
{
    int queued = -1;
    int state = info_of(raw).tcpi_state;
    if (ioctl((int)raw, FIONREAD, &queued) != 0 || (size_t)queued != end->unread) {
        return false;
    }
    if (end->is_reset || is_over) {
        return state == TCP_CLOSE;
    }
    return end->fin_arrived
               ? state == TCP_CLOSE_WAIT
               : state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2;
}

void os_close(fer_raw_socket raw)
{
    (void)close((int)raw);
}

bool os_is_queued(fer_raw_socket raw, int count)
{
    return info_of(raw).tcpi_unacked == (unsigned)count;
}

bool os_is_acceptable(fer_raw_socket raw)
{
    return info_of(raw).tcpi_unacked > 0;
}

bool os_yield(unsigned attempts)
{
    const struct timespec moment = {0, 100000};
    if (attempts < 100) {
        (void)sched_yield();
    } else {
        (void)nanosleep(&moment, NULL);
    }
    return attempts < 200000;
}

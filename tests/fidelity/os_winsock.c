/* os_winsock.c: detects arrived data on Windows by the number of readable bytes (FIONREAD), and
 * FINs and resets by WSAPoll. */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>

#include <windows.h>

#include "fidelity/fidelity.h"

bool os_has(enum fidelity_system system)
{
    return system == FIDELITY_WINSOCK;
}

static SHORT polled(fer_raw_socket raw)
{
    WSAPOLLFD polled = {(SOCKET)raw, POLLRDNORM, 0};
    return WSAPoll(&polled, 1, 0) > 0 ? polled.revents : 0;
}

/* Remembers a failure, because a call can clear it. */
static bool has_failed(fer_raw_socket raw, struct end *end)
{
    end->saw_reset = end->saw_reset || (polled(raw) & POLLERR) != 0;
    return end->saw_reset;
}

/* WSAPoll does not report a FIN behind unread bytes, so that only the bytes count then. With a mask
 * their number is uncertain. */
bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over)
{
    u_long queued = 0;
    if (end->mask == NULL &&
        (ioctlsocket((SOCKET)raw, (long)FIONREAD, &queued) != 0 || queued != end->unread)) {
        return false;
    }
    if (end->is_reset) {
        return has_failed(raw, end);
    }
    return !end->fin_arrived || end->unread > 0 || end->shut_read || (polled(raw) & POLLHUP) != 0;
}

void os_close(fer_raw_socket raw)
{
    (void)closesocket((SOCKET)raw);
}

bool os_is_queued(fer_raw_socket raw, int count)
{
    return ((polled(raw) & POLLRDNORM) != 0) == (count > 0);
}

bool os_is_acceptable(fer_raw_socket raw)
{
    return (polled(raw) & POLLRDNORM) != 0;
}

bool os_yield(unsigned attempts)
{
    Sleep(attempts < 100 ? 0 : 1);
    return attempts < 2000;
}

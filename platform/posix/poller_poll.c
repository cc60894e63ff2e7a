/* poller_poll.c: a poller over poll(2), which every POSIX system has. Defines what
 * platform/posix/poller_list.c needs. The waker is a pipe, so that a signal handler can notify. */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL

#include <sys/stat.h>
#include <unistd.h>

#include "platform/posix/poller_list.h"

static const fer_error fine = {FER_OK, 0};

/* ---- The waker */

fer_error ferp_list_waker_open(ferp_list_waker *waker)
{
    int ends[2];
    FER_TRY(ferp_posix_result(ferp_posix_wake_pipe(ends, false)));
    *waker = (ferp_list_waker){ends[0], ends[1]};
    return fine;
}

void ferp_list_waker_close(ferp_list_waker *waker)
{
    close(waker->writer);
    close(waker->reader);
}

int ferp_list_waker_fd(const ferp_list_waker *waker)
{
    return waker->reader;
}

/* write is async-signal-safe (signal-safety(7)). The reader is always open, so there is no SIGPIPE.
 * The pipe is never full, because it holds at most two bytes. */
fer_error ferp_list_waker_send(ferp_list_waker *waker, ferp_list_reason reason)
{
    int before = errno;
    const char byte = (char)reason;
    fer_error err = ferp_posix_result(write(waker->writer, &byte, 1));
    errno = before;
    return err;
}

bool ferp_list_waker_take(const ferp_list_waker *waker)
{
    char bytes[8];
    bool notified = false;
    ssize_t count = read(waker->reader, bytes, sizeof bytes);
    for (ssize_t i = 0; i < count; i++) {
        notified = notified || bytes[i] == (char)FERP_LIST_NOTIFIED;
    }
    return notified;
}

/* ---- Sockets */

/* Files, and devices such as /dev/null, have no readiness; poll(2) reports them as always ready.
 * epoll refuses them (EPERM), and so does this poller. */
static bool is_pollable(int fd, const struct stat *status)
{
    if (S_ISCHR(status->st_mode)) {
        return isatty(fd) == 1;
    }
    return !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode) && !S_ISBLK(status->st_mode);
}

fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out)
{
    struct stat status;
    if (raw < 0 || raw > INT_MAX) {
        return ferp_posix_error_of(EBADF);
    }
    FER_TRY(ferp_posix_result(fstat((int)raw, &status)));
    if (!is_pollable((int)raw, &status)) {
        return (fer_error){FER_UNSUPPORTED, EPERM};
    }
    *out = ferp_posix_identity_of((int)raw, &status);
    return fine;
}

/* ---- poll */

/* Then all that was requested is ready. POLLHUP is the end of both halves; the end of the peer's
 * half alone is POLLIN (poll(2)). */
bool ferp_list_hides_end(const struct pollfd *entry)
{
    const int both = POLLIN | POLLOUT;
    return FERP_POSIX_POLL_HIDES_FAILURES && (entry->revents & both) == (entry->events & both) &&
           (entry->revents & (POLLERR | POLLHUP)) == 0 && ferp_posix_has_failed(entry->fd);
}

static int poll_millis(struct pollfd *entries, size_t count, fer_duration timeout)
{
    return poll(entries, (nfds_t)count, ferp_posix_millis(timeout));
}

#if FERP_HAS_PPOLL

/* A sandbox may have poll alone. */
static int poll_nanos(struct pollfd *entries, size_t count, fer_duration timeout)
{
    struct timespec time = ferp_posix_timespec(timeout.nanos);
    int ready = ppoll(entries, (nfds_t)count, &time, NULL);
    return ready < 0 && ferp_posix_is_refusal(errno) ? poll_millis(entries, count, timeout) : ready;
}

#else

static int poll_nanos(struct pollfd *entries, size_t count, fer_duration timeout)
{
    return poll_millis(entries, count, timeout);
}

#endif

fer_error ferp_list_poll(struct pollfd *entries, size_t count, fer_duration timeout)
{
    bool is_fine =
        timeout.nanos != FER_DURATION_NONE_NANOS && timeout.nanos % FERP_NANOS_PER_MILLI != 0;
    int returned =
        is_fine ? poll_nanos(entries, count, timeout) : poll_millis(entries, count, timeout);
    return returned < 0 ? ferp_posix_poll_error(errno) : (fer_error){FER_OK, 0};
}

/* ---- The seam */

fer_error ferp_poller_open(fer_poller *poller)
{
    return ferp_list_open(poller);
}

void ferp_poller_close(fer_poller *poller)
{
    ferp_list_close(poller);
}

/* poll has no edges, and without POLLRDHUP it reports the peer's end with the bytes alone. */
static bool is_supported(fer_event interest, fer_poll_mode mode)
{
    fer_interest reads = interest.interest & (FER_READABLE | FER_READ_CLOSED);
    return mode <= FER_POLL_LEVEL && (FERP_POSIX_POLLRDHUP != 0 || reads != FER_READ_CLOSED);
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    return is_supported(interest, mode) ? ferp_list_add(poller, raw, interest, mode)
                                        : (fer_error){FER_UNSUPPORTED, 0};
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    return is_supported(interest, mode) ? ferp_list_modify(poller, raw, interest, mode)
                                        : (fer_error){FER_UNSUPPORTED, 0};
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    return ferp_list_delete(poller, raw);
}

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    return ferp_list_wait(poller, events, cap, timeout, count, notified);
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    return ferp_list_notify(poller);
}

fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    (void)poller;
    return FER_RAW_SOCKET_NONE;
}

#endif

/* wait.c: waiting with poll. On POSIX shutdown wakes a poll, so ferp_wait_arm and ferp_wake make no
 * system call. */
#include "platform/posix/posix.h"

#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>

#include "core/base/compiler.h"
#include "platform/background.h"
#include "platform/copying.h"

/* Indexes into ferp_wait's words. */
#define WORD_FD 0
#define WORD_READINESS 1

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    wait->words[WORD_FD] = (uintptr_t)raw;
    wait->words[WORD_READINESS] = (uintptr_t)readiness;
    wait->call_deadline = 0;
    wait->token = NULL;
    wait->failure = (fer_error){FER_OK, 0};
    return (fer_error){FER_OK, 0};
}

void ferp_wait_disarm(ferp_wait *wait)
{
    (void)wait;
}

void ferp_wake(fer_raw_socket raw)
{
    (void)raw;
}

/* poll ignores a negative descriptor. */
static struct pollfd token_entry(const fer_cancel_token *token)
{
    int fd = token == NULL ? -1 : (int)token->p_.system_[FERP_POSIX_AT_READ_END];
    return (struct pollfd){fd, POLLIN, 0};
}

static bool has_no_socket(const struct pollfd *entries, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if ((entries[i].revents & POLLNVAL) != 0) {
            return true;
        }
    }
    return false;
}

static bool is_dead_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return ferp_check_connected(fd).kind != FER_OK &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

#if defined(__NetBSD__) || defined(__FreeBSD__)

/* poll takes 1,000 sockets whatever the limit of open files is (NetBSD: kern/sys_select.c,
 * pollcommon; FreeBSD: kern/sys_generic.c, kern_poll_maxfds). */
static int select_once(struct pollfd *entries, nfds_t count, int millis)
{
    (void)entries;
    (void)count;
    (void)millis;
    errno = EINVAL;
    return -1;
}

#else

/* poll fails with EINVAL if it has more sockets than the process may open files (Linux,
 * do_sys_poll; OpenBSD, sys/kern/sys_generic.c, doppoll), for example after a sandbox has set
 * RLIMIT_NOFILE to 0. select has no such limit, but takes only numbers below FD_SETSIZE, and
 * a connect that has failed is writable like one that has not. */
static int select_once(struct pollfd *entries, nfds_t count, int millis)
{
    static const short interests[] = {POLLIN, POLLOUT, POLLPRI};
    fd_set sets[3];
    int last = -1;
    struct timeval time = {millis / 1000, millis % 1000 * 1000};
    for (size_t kind = 0; kind < 3; kind++) {
        FD_ZERO(&sets[kind]);
        for (nfds_t i = 0; i < count; i++) {
            int fd = entries[i].fd;
            if (fd >= FD_SETSIZE) {
                errno = EINVAL;
                return -1;
            }
            last = fd > last ? fd : last;
            if (fd >= 0 && (entries[i].events & interests[kind]) != 0) {
                FD_SET(fd, &sets[kind]);
            }
        }
    }
    int ready = select(last + 1, &sets[0], &sets[1], &sets[2], millis < 0 ? NULL : &time);
    for (nfds_t i = 0; i < count && ready > 0; i++) {
        int fd = entries[i].fd;
        unsigned events = 0;
        for (size_t kind = 0; kind < 3 && fd >= 0; kind++) {
            events |= FD_ISSET(fd, &sets[kind]) ? (unsigned)interests[kind] : 0;
        }
        events |= (events & POLLOUT) != 0 && is_dead_stream(fd) ? POLLERR : 0;
        entries[i].revents = (short)events;
    }
    return ready;
}

#endif

/* A poll during which the signal comes that the pipe holds back. A pointer: a program without
 * relays does not link it. */
typedef int poll_call(struct pollfd *entries, nfds_t count, int millis, const ferp_pipe *pipe);

/* By poll, or by a call for the pipe. Loops if the time does not fit poll's int, and if a poll
 * without a timeout returns 0, which is reported of macOS (openradar, 19356). */
FERI_NOINLINE static fer_error poll_until(struct pollfd *entries, nfds_t count, uint64_t deadline,
                                          poll_call *call, const ferp_pipe *pipe)
{
    for (;;) {
        fer_duration left = FER_DURATION_NONE;
        if (deadline != FERP_NO_DEADLINE) {
            uint64_t now = deadline == 0 ? 0 : ferp_now(); /* 0 has always passed */
            left.nanos = deadline > now ? deadline - now : 0;
        }
        int millis = ferp_posix_millis(left);
        int ready =
            call != NULL ? call(entries, count, millis, pipe) : poll(entries, count, millis);
        if (ready < 0 && errno == EINVAL) {
            ready = select_once(entries, count, millis);
        }
        if (ready < 0) {
            return ferp_posix_poll_error(errno);
        }
        if (ready > 0) {
            return has_no_socket(entries, count) ? ferp_posix_error_of(EBADF)
                                                 : (fer_error){FER_OK, 0};
        }
        if (millis >= 0 && millis != INT_MAX) {
            return (fer_error){FER_TIMED_OUT, 0};
        }
    }
}

/* The first poll of a call that never waits. If it fails, the next one decides. */
static fer_error poll_at_once(struct pollfd *entry)
{
    int ready = poll(entry, 1, 0);
    if (ready == 0) {
        return (fer_error){FER_TIMED_OUT, 0};
    }
    return ready > 0 && (entry->revents & POLLNVAL) == 0 ? (fer_error){FER_OK, 0}
                                                         : poll_until(entry, 1, 0, NULL, NULL);
}

/* A peek keeps the pending error (NetBSD: uipc_socket.c, soreceive). ENOTCONN is a stream that was
 * never connected, or a listener, and ENOTSOCK a pipe. If bytes are queued or the error was taken,
 * only the lost peer shows the end of both halves. */
bool ferp_posix_has_failed(int fd)
{
    char byte;
    if (FERP_POSIX_DONTWAIT == 0 && (fcntl(fd, F_GETFL, 0) & O_NONBLOCK) == 0) {
        return is_dead_stream(fd); /* a blocking socket of the program, in which a peek may wait */
    }
    if (recv(fd, &byte, 1, MSG_PEEK | FERP_POSIX_DONTWAIT) < 0) {
        return errno != EAGAIN && errno != EINTR && errno != ENOTCONN && errno != ENOTSOCK;
    }
    return is_dead_stream(fd);
}

/* Whether a poll for POLLOUT shows that a started connect has failed. */
static bool connect_has_failed(const struct pollfd *entry)
{
    return (entry->revents & FERP_POSIX_POLLENDED) != 0 ||
           (FERP_POSIX_POLL_HIDES_FAILURES && entry->revents != 0 &&
            ferp_posix_has_failed(entry->fd));
}

/* OK also if only the token is signalled: the caller tries once more, and checks the token. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    ferp_readiness readiness = (ferp_readiness)wait->words[WORD_READINESS];
    bool writing = readiness == FERP_WRITABLE || readiness == FERP_CONNECTED;
    struct pollfd entries[] = {{(int)wait->words[WORD_FD], writing ? POLLOUT : POLLIN, 0},
                               token_entry(wait->token)};
    FER_TRY(poll_until(entries, wait->token == NULL ? 1 : 2, deadline, NULL, NULL));
    bool has_failed = readiness == FERP_CONNECTED && connect_has_failed(&entries[0]);
    return (fer_error){has_failed ? FER_CONNECTION_REFUSED : FER_OK, 0};
}

#ifdef __linux__
/* The error of a poll that a signal ends says the same as no event. */
bool ferp_posix_hides_end(int fd)
{
    struct pollfd entry = {fd, POLLRDHUP, 0};
    (void)poll(&entry, 1, 0);
    return (entry.revents & POLLRDHUP) != 0;
}
#else
bool ferp_posix_hides_end(int fd)
{
    (void)fd;
    return false;
}
#endif

/* poll ignores an entry whose descriptor is negative. Without interests it would still report a
 * hang-up in each wait. */
static struct pollfd entry_for(fer_raw_socket raw, fer_interest interest)
{
    int events = ((interest & FER_READABLE) != 0 ? POLLIN : 0) |
                 ((interest & FER_WRITABLE) != 0 ? POLLOUT : 0) |
                 ((interest & FER_PRIORITY) != 0 ? FERP_POSIX_POLLPRI : 0);
    return (struct pollfd){interest == 0 ? -1 : (int)raw, (short)events, 0};
}

static fer_interest ready_of(short revents)
{
    if ((revents & FERP_POSIX_POLLENDED) != 0) {
        return FER_READABLE | FER_WRITABLE | FER_PRIORITY;
    }
    return ((revents & (POLLIN | POLLHUP)) != 0 ? FER_READABLE : 0) |
           ((revents & POLLOUT) != 0 ? FER_WRITABLE : 0) |
           ((revents & POLLPRI) != 0 ? FER_PRIORITY : 0);
}

fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready)
{
    struct pollfd entries[] = {entry_for(raw, interest), token_entry(token)};
    (void)deadline;
    FER_TRY(until == 0 && token == NULL
                ? poll_at_once(entries)
                : poll_until(entries, token == NULL ? 1 : 2, until, NULL, NULL));
    *ready = ready_of(entries[0].revents) & interest;
    return (fer_error){FER_OK, 0};
}

#if FERP_HAS_SPLICE
static int poll_with_signal(struct pollfd *entries, nfds_t count, int millis, const ferp_pipe *pipe)
{
    if (pipe == NULL || pipe->held.was_blocked) {
        return poll(entries, count, millis);
    }
    const struct timespec time = {millis / 1000, millis % 1000 * 1000000L};
    sigset_t mask;
    memcpy(&mask, pipe->held.mask, sizeof mask);
    int ready = ppoll(entries, count, millis < 0 ? NULL : &time, &mask);
    /* a sandbox may have poll alone: then the signal comes after the wait */
    return ready < 0 && ferp_posix_is_refusal(errno) ? poll(entries, count, millis) : ready;
}
#else
#define poll_with_signal NULL
#endif

fer_error ferp_wait_for_pair(ferp_ready_pair *pair, uint64_t until, uint64_t deadline)
{
    struct pollfd entries[4];
    nfds_t count = 2;
    (void)deadline;
    for (int i = 0; i < 2; i++) {
        entries[i] = entry_for(pair->raws[i], pair->interests[i]);
        if (pair->tokens[i] != NULL) {
            entries[count++] = token_entry(pair->tokens[i]);
        }
    }
    fer_error error = poll_until(entries, count, until, poll_with_signal, pair->pipe);
    for (int i = 0; i < 2; i++) {
        pair->ready[i] = ready_of(entries[i].revents) & pair->interests[i];
    }
    return error;
}

fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline)
{
    struct pollfd entry = token_entry(token);
    fer_error error = poll_until(&entry, 1, until, NULL, NULL);
    (void)deadline;
    if (error.kind != FER_OK && error.kind != FER_TIMED_OUT && error.kind != FER_INTERRUPTED) {
        (void)poll(NULL, 0, 1); /* the caller tries again, and must not spin */
    }
    return error.kind == FER_INTERRUPTED ? error : (fer_error){FER_OK, 0};
}

/* Fills an array of count entries and one for the token. BAD_HANDLE: a number that is no
 * descriptor. */
static fer_error list_entries(const fer_poll_entry *entries, size_t count,
                              const fer_cancel_token *token, struct pollfd *polled)
{
    for (size_t i = 0; i < count; i++) {
        polled[i] = entry_for(entries[i].raw, entries[i].interest);
        bool is_ignored = entries[i].raw == FER_RAW_SOCKET_NONE || entries[i].interest == 0;
        if (!is_ignored && (uintptr_t)entries[i].raw > INT_MAX) {
            return ferp_posix_error_of(EBADF);
        }
    }
    polled[count] = token_entry(token);
    return (fer_error){FER_OK, 0};
}

fer_error ferp_poll(fer_poll_entry *entries, size_t count, uint64_t deadline,
                    const fer_cancel_token *token, size_t *found)
{
    struct pollfd few[FERP_POLL_FEW + 1];
    bool is_few = count <= FERP_POLL_FEW;
    bool fits = count < SIZE_MAX / sizeof(struct pollfd);
    struct pollfd *polled = is_few ? few : fits ? ferp_alloc((count + 1) * sizeof *polled) : NULL;
    if (polled == NULL) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    fer_error error = list_entries(entries, count, token, polled);
    if (error.kind == FER_OK) {
        error = poll_until(polled, (nfds_t)count + (token == NULL ? 0 : 1), deadline, NULL, NULL);
    }
    *found = 0;
    for (size_t i = 0; i < count && error.kind == FER_OK; i++) {
        fer_interest ready = ready_of(polled[i].revents) & entries[i].interest;
        bool has_failed = FERP_POSIX_POLL_HIDES_FAILURES && ready != 0 &&
                          ready != entries[i].interest && ferp_posix_has_failed(polled[i].fd);
        entries[i].ready = has_failed ? entries[i].interest : ready;
        *found += entries[i].ready != 0;
    }
    if (!is_few) {
        ferp_free(polled);
    }
    return error;
}

fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline)
{
    struct pollfd entries[] = {token_entry(token), token_entry(other)};
    return poll_until(entries, other == NULL ? 1 : 2, deadline, NULL, NULL);
}

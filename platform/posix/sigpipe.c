/* sigpipe.c: holds SIGPIPE back during a call that has no flag against it: splice, sendfile, and on
 * a system without MSG_NOSIGNAL and SO_NOSIGPIPE each send. */
#include "platform/posix/posix.h"

#if FERP_HAS_SPLICE || FERP_SENDFILE == FERP_SENDFILE_LINUX || FERP_POSIX_SENDS_RAISE_SIGPIPE

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "platform/posix/sigpipe.h"

_Static_assert(sizeof(sigset_t) <= sizeof((ferp_held_signal *)0)->mask, "mask is too short");

static sigset_t only_sigpipe(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    return signals;
}

/* For the thread or for the process. */
static bool sigpipe_is_pending(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigpending(&signals);
    return sigismember(&signals, SIGPIPE) == 1;
}

/* SIGPIPE is directed at the thread that writes (signal(7)), so the thread blocks it. If it did not
 * before, none can be pending for it. */
void ferp_posix_hold_sigpipe(ferp_held_signal *held)
{
    const sigset_t signals = only_sigpipe();
    sigset_t before;
    (void)sigemptyset(&before);
    (void)pthread_sigmask(SIG_BLOCK, &signals, &before);
    memcpy(held->mask, &before, sizeof before);
    held->was_blocked = sigismember(&before, SIGPIPE) == 1;
    held->was_pending = held->was_blocked && sigpipe_is_pending();
}

/* Removes the signal that an EPIPE has raised, which a short count hides: then the stream ended
 * after some bytes. One that was pending before stays. The thread's own is removed before one of
 * the process. The kernel keeps one of each number, so one that was pending for the thread was the
 * new one too, and is raised again. Not exact: if the thread and the process each had one, or
 * pthread_kill sends the thread one while it is held back, that of the thread is lost. If a short
 * count was no EPIPE, one of the process becomes the thread's. Returns whether there was one. */
bool ferp_posix_take_sigpipe(const ferp_held_signal *held)
{
    const sigset_t signals = only_sigpipe();
#if FERP_HAS_SIGTIMEDWAIT
    const struct timespec now = {0, 0};
    int taken;
    do {
        taken = sigtimedwait(&signals, NULL, &now);
    } while (taken < 0 && errno == EINTR);
    bool was_pending = taken == SIGPIPE;
#else
    int number;
    bool was_pending = sigpipe_is_pending();
    if (was_pending) {
        (void)sigwait(&signals, &number);
    }
#endif
    if (held->was_pending && !sigpipe_is_pending()) {
        (void)raise(SIGPIPE);
    }
    return was_pending;
}

void ferp_posix_release_sigpipe(const ferp_held_signal *held)
{
    const sigset_t signals = only_sigpipe();
    if (!held->was_blocked) {
        (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    }
}

#else

typedef int ferp_posix_sigpipe_is_never_held; /* no file is empty in ISO C */

#endif

#if FERP_POSIX_SENDS_RAISE_SIGPIPE

/* Takes the signal of a call that failed with EPIPE. A short count of a socket is no EPIPE: the
 * call that would fail is the next one. */
static ssize_t finish_send(const ferp_held_signal *held, ssize_t moved)
{
    int code = errno;
    if (moved < 0 && code == EPIPE) {
        (void)ferp_posix_take_sigpipe(held);
    }
    ferp_posix_release_sigpipe(held);
    errno = code;
    return moved;
}

ssize_t ferp_posix_send(int fd, const void *buf, size_t len, int flags)
{
    ferp_held_signal held;
    ferp_posix_hold_sigpipe(&held);
    return finish_send(&held, send(fd, buf, len, flags));
}

ssize_t ferp_posix_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
                          socklen_t to_len)
{
    ferp_held_signal held;
    ferp_posix_hold_sigpipe(&held);
    return finish_send(&held, sendto(fd, buf, len, flags, to, to_len));
}

ssize_t ferp_posix_sendmsg(int fd, const struct msghdr *message, int flags)
{
    ferp_held_signal held;
    ferp_posix_hold_sigpipe(&held);
    return finish_send(&held, sendmsg(fd, message, flags));
}

#endif

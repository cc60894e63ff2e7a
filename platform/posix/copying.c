/* copying.c: moving the bytes of streams and files inside the kernel, and reading files. macOS and
 * the BSDs have no splice, and NetBSD and OpenBSD no sendfile. */
#include "platform/posix/posix.h"

#include "platform/copying.h"

#include <unistd.h>

/* The position in a file. With 4 bytes a large offset would become another one. */
_Static_assert(sizeof(off_t) == 8, "features.h comes before each system header");

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    ssize_t moved = pread(ferp_posix_fd(file), buf, len, (off_t)offset);
    *n = moved > 0 ? (size_t)moved : 0;
    return ferp_posix_waited_result(moved);
}

#if defined(__linux__) || defined(__FreeBSD__) || defined(__APPLE__)
#define FERP_POSIX_SENDS_FILES
#endif

#ifdef FERP_POSIX_SENDS_FILES

/* The error of a splice or sendfile. Those that are UNSUPPORTED refuse it: the kind of socket or
 * file (EINVAL; XNU: ENOTSUP), kTLS, a kernel or a sandbox without it. None is an error of the
 * connection. EPERM is one on macOS and the BSDs: a firewall has refused a segment, whose bytes are
 * queued (tcp_output.c, tcp_output). */
static fer_error refusal_or_error(int code)
{
    switch (code) {
    case EINVAL:
    case ENOSYS:
    case EBADF: return (fer_error){FER_UNSUPPORTED, code};
    default:
        return code == EPERM && !FERP_POSIX_IS_BSD ? (fer_error){FER_UNSUPPORTED, code}
                                                   : ferp_posix_waited_error(code);
    }
}

#endif

#ifdef __linux__

#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* The default size of a pipe, and the largest that an unprivileged process may set (pipe(7)). */
enum { PIPE_DEFAULT = 65536, PIPE_MAX = 1048576 };

/* A pipe that does not wait makes the splice of a Unix stream not wait either (fs/splice.c,
 * do_splice). The splice of a TCP stream has the mode of the stream (net/ipv4/tcp.c,
 * tcp_splice_read). A larger pipe has more slots, of which a segment takes one or more. */
fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    FER_TRY(ferp_posix_result(pipe2(out->ends, O_CLOEXEC | (waits ? 0 : O_NONBLOCK))));
    if (cap > PIPE_DEFAULT) {
        (void)fcntl(out->ends[1], F_SETPIPE_SZ, (int)(cap < PIPE_MAX ? cap : PIPE_MAX));
    }
    return (fer_error){FER_OK, 0};
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    (void)close(pipe->ends[0]);
    (void)close(pipe->ends[1]);
}

static fer_error store_spliced(ssize_t moved, size_t *n)
{
    *n = moved > 0 ? (size_t)moved : 0;
    return moved >= 0 ? (fer_error){FER_OK, 0} : refusal_or_error(errno);
}

static fer_error splice_some(int from, int to, size_t len, size_t *n)
{
    return store_spliced(splice(from, NULL, to, NULL, len, SPLICE_F_MOVE), n);
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    return splice_some((int)from, pipe->ends[1], len, n);
}

/* Whether the thread's mask blocks SIGPIPE, and if so, whether one is pending. */
typedef struct held_signal {
    sigset_t mask; /* before */
    bool was_blocked;
    bool was_pending;
} held_signal;

/* For the thread or for the process. */
static bool sigpipe_is_pending(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigpending(&signals);
    return sigismember(&signals, SIGPIPE) == 1;
}

/* splice has no MSG_NOSIGNAL. SIGPIPE is directed at the thread that writes (signal(7)), so the
 * thread blocks it. If it did not before, none can be pending for it. */
static void hold_sigpipe(held_signal *held)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &signals, &held->mask);
    held->was_blocked = sigismember(&held->mask, SIGPIPE) == 1;
    held->was_pending = held->was_blocked && sigpipe_is_pending();
}

static void take_sigpipe(void)
{
    const struct timespec now = {0, 0};
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    while (sigtimedwait(&signals, NULL, &now) < 0 && errno == EINTR) {
    }
}

/* Removes the signal that an EPIPE has raised, which a short count hides: then the stream ended
 * after some bytes. One that was pending before stays. The thread's own is removed before one of
 * the process. The kernel keeps one of each number, so one that was pending for the thread was the
 * new one too, and is raised again. Not exact: if the thread and the process each had one, that of
 * the thread is lost. If a short count was no EPIPE, one of the process becomes the thread's. */
static void release_sigpipe(const held_signal *held, fer_error error, bool is_short)
{
    bool was_raised = error.kind == FER_OK ? is_short : error.os_code == EPIPE;
    if (was_raised) {
        take_sigpipe();
        if (held->was_pending && !sigpipe_is_pending()) {
            (void)raise(SIGPIPE);
        }
    }
    if (!held->was_blocked) {
        (void)pthread_sigmask(SIG_SETMASK, &held->mask, NULL);
    }
}

fer_error ferp_pipe_drain(const ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    held_signal held;
    hold_sigpipe(&held);
    fer_error error = splice_some(pipe->ends[0], (int)to, len, n);
    release_sigpipe(&held, error, *n < len);
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    return store_spliced(read(pipe->ends[0], buf, len), n);
}

/* A count beyond the end of the file delays the last segment by 200 ms on older kernels, because it
 * is sent with MSG_MORE (golang/go#45256). The size of a file that is not regular says nothing, nor
 * does a size of 0, which files of proc(5) have. */
static size_t clamp_to_file(int file, uint64_t offset, size_t len)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
        return len;
    }
    uint64_t size = (uint64_t)status.st_size;
    uint64_t left = size > offset ? size - offset : 0;
    return left < len ? (size_t)left : len;
}

fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    held_signal held;
    off_t at = (off_t)offset;
    size_t most = clamp_to_file(ferp_posix_fd(file), offset, len);
    *n = 0;
    if (most == 0) {
        return (fer_error){FER_OK, 0};
    }
    hold_sigpipe(&held);
    ssize_t moved = sendfile((int)to, ferp_posix_fd(file), &at, most);
    fer_error error = store_spliced(moved, n);
    release_sigpipe(&held, error, *n < most);
    return error;
}

#else

static fer_error refuse_pipes(size_t *n)
{
    *n = 0;
    return (fer_error){FER_UNSUPPORTED, EOPNOTSUPP};
}

fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    size_t none;
    (void)cap;
    (void)waits;
    (void)out;
    return refuse_pipes(&none);
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    (void)pipe;
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    (void)pipe;
    (void)from;
    (void)len;
    return refuse_pipes(n);
}

fer_error ferp_pipe_drain(const ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    (void)pipe;
    (void)to;
    (void)len;
    return refuse_pipes(n);
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    (void)pipe;
    (void)buf;
    (void)len;
    return refuse_pipes(n);
}

#endif

#if !defined(__linux__) && defined(FERP_POSIX_SENDS_FILES)

#include <sys/uio.h>

/* Whether the count of a failed sendfile was stored. XNU leaves the length in it if it has no such
 * call, or a sandbox refuses it. Only the check for room follows the last byte (uipc_syscalls.c,
 * sendfile), so the length beside another error is no count. */
static bool count_is_stored(fer_error error, off_t sent, size_t len)
{
    return sent < (off_t)len || error.kind == FER_BROKEN_PIPE || error.kind == FER_WOULD_BLOCK;
}

/* The call ends at the end of the file, and raises no signal. Bytes that it sent before an error
 * are counted beside the error, which the socket then no longer has. FreeBSD raises SO_SNDLOWAT to
 * half of the send buffer. XNU copies the bytes inside the kernel (FreeBSD: kern/kern_sendfile.c,
 * vn_sendfile; XNU: bsd/kern/uipc_syscalls.c, sendfile). */
fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
#ifdef __APPLE__
    off_t sent = (off_t)len;
    int result = sendfile(ferp_posix_fd(file), (int)to, (off_t)offset, &sent, NULL, 0);
#else
    off_t sent = 0;
    int result = sendfile(ferp_posix_fd(file), (int)to, (off_t)offset, len, NULL, &sent, 0);
#endif
    fer_error error = result == 0 ? (fer_error){FER_OK, 0} : refusal_or_error(errno);
    bool is_count = error.kind == FER_OK || count_is_stored(error, sent, len);
    *n = is_count && sent > 0 ? (size_t)sent : 0;
    return error;
}

#elif !defined(FERP_POSIX_SENDS_FILES)

fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    (void)to;
    (void)file;
    (void)offset;
    (void)len;
    *n = 0;
    return (fer_error){FER_UNSUPPORTED, EOPNOTSUPP};
}

#endif

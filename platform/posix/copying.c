/* copying.c: moving the bytes of streams and files inside the kernel, and reading files. */
#include "platform/posix/posix.h"

#include <unistd.h>

#include "platform/posix/sigpipe.h"

/* The position in a file. With 4 bytes a large offset would become another one. */
_Static_assert(sizeof(off_t) == 8, "features.h comes before each system header");

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    ssize_t moved = pread(ferp_posix_fd(file), buf, len, (off_t)offset);
    *n = moved > 0 ? (size_t)moved : 0;
    return ferp_posix_waited_result(moved);
}

#if FERP_HAS_SPLICE || FERP_SENDFILE != FERP_SENDFILE_NONE

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

#if FERP_HAS_SPLICE || FERP_SENDFILE == FERP_SENDFILE_LINUX
static fer_error store_spliced(ssize_t moved, size_t *n)
{
    *n = moved > 0 ? (size_t)moved : 0;
    return moved >= 0 ? (fer_error){FER_OK, 0} : refusal_or_error(errno);
}

/* A splice or sendfile that fails after some bytes clears the socket's error and returns the count
 * (Linux, fs/splice.c, splice_to_socket; net/core/stream.c, sk_stream_error).
 * The next one returns EPIPE, and a read the end of file. If the first one raised no SIGPIPE, its
 * error was no EPIPE: it was a reset, or another end of the connection, whose kind is lost. */
static fer_error error_after_cut(fer_raw_socket to, fer_error error)
{
    bool has_ended = error.os_code == EPIPE && ferp_check_connected(to).kind != FER_OK;
    return has_ended ? (fer_error){FER_CONNECTION_RESET, ECONNRESET} : error;
}
#endif

#endif

#if FERP_HAS_SPLICE

#include <fcntl.h>

/* The default size of a pipe, and the largest that an unprivileged process may set (pipe(7)). */
enum { PIPE_DEFAULT = 65536, PIPE_MAX = 1048576 };

/* The drains of a pipe after which a signal that it holds back comes. */
enum { DRAINS_HELD = 64 };

/* ---- Pipes */

/* A pipe that does not wait makes the splice of a Unix stream not wait either (fs/splice.c,
 * do_splice). The splice of a TCP stream has the mode of the stream (net/ipv4/tcp.c,
 * tcp_splice_read). A larger pipe has more slots, of which a segment takes one or more. */
fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    FER_TRY(ferp_posix_result(pipe2(out->ends, O_CLOEXEC | (waits ? 0 : O_NONBLOCK))));
    if (cap > PIPE_DEFAULT) {
        (void)fcntl(out->ends[1], F_SETPIPE_SZ, (int)(cap < PIPE_MAX ? cap : PIPE_MAX));
    }
    out->waits = waits;
    out->was_cut = false;
    out->drains = 0;
    if (!waits) {
        ferp_posix_hold_sigpipe(&out->held);
    }
    return (fer_error){FER_OK, 0};
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    (void)close(pipe->ends[0]);
    (void)close(pipe->ends[1]);
    if (!pipe->waits) {
        ferp_posix_release_sigpipe(&pipe->held);
    }
}

static fer_error splice_some(int from, int to, size_t len, size_t *n)
{
    return store_spliced(splice(from, NULL, to, NULL, len, SPLICE_F_MOVE), n);
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    return splice_some((int)from, pipe->ends[1], len, n);
}

/* A pipe whose fills wait holds the signal back only here, so that the program's own comes while
 * they wait. Otherwise it comes in ferp_wait_for_pair, and now and then in a copy that never
 * waits, but not after a short count: the next drain reports the end that may have caused it, and
 * takes its signal. */
fer_error ferp_pipe_drain(ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    if (pipe->waits) {
        ferp_posix_hold_sigpipe(&pipe->held);
    }
    fer_error error = splice_some(pipe->ends[0], (int)to, len, n);
    bool is_short = error.kind == FER_OK && *n < len;
    bool may_have_raised = error.os_code == EPIPE || (is_short && pipe->waits);
    bool has_raised = may_have_raised && ferp_posix_take_sigpipe(&pipe->held);
    error = pipe->was_cut ? error_after_cut(to, error) : error;
    pipe->was_cut = is_short && *n > 0 && !has_raised;
    if (pipe->waits) {
        ferp_posix_release_sigpipe(&pipe->held);
    } else if (!is_short && ++pipe->drains % DRAINS_HELD == 0) {
        ferp_posix_release_sigpipe(&pipe->held);
        ferp_posix_hold_sigpipe(&pipe->held);
    }
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    return store_spliced(read(pipe->ends[0], buf, len), n);
}

#endif

#if FERP_SENDFILE == FERP_SENDFILE_LINUX

#include <sys/sendfile.h>
#include <sys/stat.h>

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
    ferp_held_signal held;
    off_t at = (off_t)offset;
    size_t most = clamp_to_file(ferp_posix_fd(file), offset, len);
    *n = 0;
    if (most == 0) {
        return (fer_error){FER_OK, 0};
    }
    ferp_posix_hold_sigpipe(&held);
    bool was_cut = false;
    fer_error error;
    do { /* the call after one that was cut returns the reason */
        size_t moved = 0;
        error = store_spliced(sendfile((int)to, ferp_posix_fd(file), &at, most - *n), &moved);
        *n += moved;
        bool is_short = error.kind == FER_OK && *n < most;
        bool may_have_raised = is_short || error.os_code == EPIPE;
        bool has_raised = may_have_raised && ferp_posix_take_sigpipe(&held);
        error = was_cut ? error_after_cut(to, error) : error;
        was_cut = is_short && moved > 0 && !has_raised;
    } while (was_cut);
    ferp_posix_release_sigpipe(&held);
    return error;
}

#elif FERP_SENDFILE != FERP_SENDFILE_NONE

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
#if FERP_SENDFILE == FERP_SENDFILE_MACOS
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

#endif

/* token.c: the event of a cancel token: a descriptor that is readable while the token is signalled.
 * No wait reads it, so it ends every wait. It is an eventfd, or if the system has none or refuses
 * it, a pipe. */
#include "platform/posix/posix.h"

#include <unistd.h>

#if FERP_HAS_EVENTFD
#include <sys/eventfd.h>
#endif

/* The index into a token's words after FERP_POSIX_AT_READ_END. An eventfd is both ends. */
enum { AT_WRITE_END = 1 };

static int read_end_of(const fer_cancel_token *token)
{
    return (int)token->p_.system_[FERP_POSIX_AT_READ_END];
}

static int write_end_of(const fer_cancel_token *token)
{
    return (int)token->p_.system_[AT_WRITE_END];
}

static fer_error open_pipe(fer_cancel_token *token)
{
    int ends[2];
    FER_TRY(ferp_posix_result(ferp_posix_wake_pipe(ends, false)));
    token->p_.system_[FERP_POSIX_AT_READ_END] = ends[0];
    token->p_.system_[AT_WRITE_END] = ends[1];
    return (fer_error){FER_OK, 0};
}

#if FERP_HAS_EVENTFD

fer_error ferp_token_open(fer_cancel_token *token)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return ferp_posix_is_refusal(errno) ? open_pipe(token) : ferp_posix_error_of(errno);
    }
    token->p_.system_[FERP_POSIX_AT_READ_END] = fd;
    token->p_.system_[AT_WRITE_END] = fd;
    return (fer_error){FER_OK, 0};
}

#else

fer_error ferp_token_open(fer_cancel_token *token)
{
    return open_pipe(token);
}

#endif

#ifdef FERP_POSIX_BSD

/* A kqueue poller's marker is for sockets only (XNU and FreeBSD, sys_pipe.c, pipe_kqfilter). */
fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    fer_raw_socket ends[2];
    FER_TRY(ferp_unix_pair(FER_TYPE_STREAM, &ends[0], &ends[1]));
    fer_error error = ferp_set_nonblocking(ends[0], true);
    error = error.kind == FER_OK ? ferp_set_nonblocking(ends[1], true) : error;
    if (error.kind != FER_OK) {
        ferp_close(ends[0]);
        ferp_close(ends[1]);
        return error;
    }
    token->p_.system_[FERP_POSIX_AT_READ_END] = (int)ends[0];
    token->p_.system_[AT_WRITE_END] = (int)ends[1];
    *raw = ends[0];
    return error;
}

#else

fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    FER_TRY(ferp_token_open(token));
    *raw = (fer_raw_socket)read_end_of(token);
    return (fer_error){FER_OK, 0};
}

#endif

void ferp_token_close(fer_cancel_token *token)
{
    close(read_end_of(token));
    if (write_end_of(token) != read_end_of(token)) {
        close(write_end_of(token));
    }
}

/* Eight bytes are what an eventfd takes (eventfd(2)). Only a signal can end the write without
 * effect (XNU, sys_pipe.c, pipeio_lock). EAGAIN, a full counter or pipe, leaves it readable. So
 * does a lack of memory, because a pipe has its buffer from the start and only grows while it is
 * not empty (pipepair_create, pipe_write), and a socket waits for it. The token has both ends, so
 * neither is closed, and no other error of a valid call exists (Linux: fs/eventfd.c,
 * eventfd_write). */
void ferp_token_signal(fer_cancel_token *token)
{
    const uint64_t one = 1;
    int saved = errno;
    while (write(write_end_of(token), &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = saved;
}

/* A read that fills the buffer may have left bytes of a pipe. An eventfd has eight. */
void ferp_token_clear(fer_cancel_token *token)
{
    char bytes[512];
    ssize_t count;
    do {
        count = read(read_end_of(token), bytes, sizeof bytes);
    } while (count == (ssize_t)sizeof bytes || (count < 0 && errno == EINTR));
}

/* no_copying.c: the calls of copying.h that a system lacks: pipes without splice, and files without
 * sendfile. */
#include "platform/copying.h"

#ifndef _WIN32
#include "platform/posix/posix.h"
#endif

#if defined(_WIN32) || !FERP_HAS_SPLICE || FERP_SENDFILE == FERP_SENDFILE_NONE

static fer_error refuse_copying(size_t *n)
{
    *n = 0;
    return (fer_error){FER_UNSUPPORTED, 0};
}

#if defined(_WIN32) || !FERP_HAS_SPLICE
fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    size_t none;
    (void)cap;
    (void)waits;
    (void)out;
    return refuse_copying(&none);
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
    return refuse_copying(n);
}

fer_error ferp_pipe_drain(ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    (void)pipe;
    (void)to;
    (void)len;
    return refuse_copying(n);
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    (void)pipe;
    (void)buf;
    (void)len;
    return refuse_copying(n);
}
#endif

#if defined(_WIN32) || FERP_SENDFILE == FERP_SENDFILE_NONE
fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    (void)to;
    (void)file;
    (void)offset;
    (void)len;
    return refuse_copying(n);
}
#endif

#endif

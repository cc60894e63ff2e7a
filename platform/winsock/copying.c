/* copying.c: moving the bytes of streams inside the system. Windows has no splice. */
#include "platform/winsock/winsock.h"

#include "platform/copying.h"

static fer_error refuse_pipes(size_t *n)
{
    *n = 0;
    return ferp_winsock_error(WSAEOPNOTSUPP);
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

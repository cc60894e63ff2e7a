/* copying.h: the part of the seam that moves the bytes of streams inside the system. Only the files
 * that use it include it, so platform.h does not. The rules of platform.h apply. */
#ifndef FERP_COPYING_H
#define FERP_COPYING_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* ---- Pipes between two streams. UNSUPPORTED: this OS has none, or refuses these sockets; the
 * bytes are where they were. */

/* The raw ends of a pipe: one to read, one to write. */
typedef struct ferp_pipe {
    int ends[2];
} ferp_pipe;

/* Makes a pipe, not inherited, for up to cap bytes if the OS allows it, else for fewer. waits: a
 * fill from a blocking stream waits. pipe2, fcntl(F_SETPIPE_SZ) | UNSUPPORTED. */
fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out);
void ferp_pipe_close(const ferp_pipe *pipe);

/* Moves up to len received bytes of a stream to an empty pipe, as ferp_recv does to a buffer: OK
 * with *n == 0 is end of file. There is no FERP_DONTWAIT: the mode of the socket decides. splice */
fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n);

/* Moves bytes of a pipe, which contains len, to a stream, as ferp_send does from a buffer. Never
 * raises a signal. splice, pthread_sigmask; after EPIPE sigtimedwait. */
fer_error ferp_pipe_drain(const ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n);

/* Moves bytes of a pipe, which contains len, to a buffer. Never waits. read */
fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n);

#endif

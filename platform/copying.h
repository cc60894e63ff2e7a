/* copying.h: the part of the seam that moves the bytes of streams inside the system. Only the files
 * that use it include it, so platform.h does not. The rules of platform.h apply. */
#ifndef FERP_COPYING_H
#define FERP_COPYING_H

#include <stdbool.h>
#include <stddef.h>

#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/io.h"
#include "ferrule/poller.h"

/* ---- Pipes between two streams. UNSUPPORTED: this OS has none, or refuses these sockets; the
 * bytes are where they were. */

/* SIGPIPE, which a thread holds back: its mask before, and whether that blocked the signal, and if
 * so, whether one was pending. */
typedef struct ferp_held_signal {
    uint64_t mask[16];
    bool was_blocked;
    bool was_pending;
} ferp_held_signal;

/* The raw ends of a pipe: one to read, one to write. */
typedef struct ferp_pipe {
    int ends[2];
    bool waits;
    bool was_cut; /* the last drain: it moved fewer bytes than it could, for no reason given */
    uint32_t drains;
    ferp_held_signal held; /* by the thread that made it, until it is closed, unless it waits */
} ferp_pipe;

/* Makes a pipe, not inherited, for up to cap bytes if the OS allows it, else for fewer. waits: a
 * fill from a blocking stream waits. pipe2, fcntl(F_SETPIPE_SZ), and unless it waits
 * pthread_sigmask | UNSUPPORTED. */
fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out);
void ferp_pipe_close(const ferp_pipe *pipe);

/* Moves up to len received bytes of a stream to an empty pipe, as ferp_recv does to a buffer: OK
 * with *n == 0 is end of file. There is no FERP_DONTWAIT: the mode of the socket decides. splice */
fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n);

/* Moves bytes of a pipe, which contains len, to a stream, as ferp_send does from a buffer. Never
 * raises a signal. After a short count, which may hide an error of the stream, the next call of the
 * pipe is another drain. An error that the system hides is CONNECTION_RESET. splice; after EPIPE
 * sigtimedwait; if the pipe waits pthread_sigmask before and after, else after every 64th drain. */
fer_error ferp_pipe_drain(ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n);

/* Moves bytes of a pipe, which contains len, to a buffer. Never waits. read */
fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n);

/* ---- Files */

/* Moves up to len bytes of a file, from an offset on, to a stream, as ferp_send does from a buffer:
 * OK with *n == 0 is the end of the file. There is no FERP_DONTWAIT: the mode of the socket
 * decides. With an error *n may be above 0. An error that the system hides is CONNECTION_RESET, as
 * of ferp_pipe_drain. UNSUPPORTED: this OS has no such call, or refuses this file. The position of
 * the file does not change. offset + len is at most INT64_MAX. sendfile, on Linux fstat, and again
 * after a short count | UNSUPPORTED, on NetBSD and OpenBSD too. */
fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n);

/* Reads up to len bytes of a file, from an offset on: OK with *n == 0 is the end of the file.
 * pread | ReadFile, which moves the position of the file. */
fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n);

/* ---- Waits for two streams */

/* Two sockets, the directions for which each is waited, none or both too, and tokens, which may be
 * NULL. pipe: NULL, or an open one, whose signal comes during the wait. */
typedef struct ferp_ready_pair {
    fer_raw_socket raws[2];
    fer_interest interests[2];
    const fer_cancel_token *tokens[2];
    const ferp_pipe *pipe;
    /* 0; after OK those of the interests that are ready. All 0: any may be */
    fer_interest ready[2];
} ferp_ready_pair;

/* One wait, until a time by ferp_now, as ferp_ready. OK, as a hint: a direction of one of the
 * sockets is ready, a token is signalled, or the wait was woken. TIMED_OUT with os_code 0,
 * INTERRUPTED. poll, ppoll with a pipe | select, which does not show every failure, so that its
 * sets are not reported. */
fer_error ferp_wait_for_pair(ferp_ready_pair *pair, uint64_t until, uint64_t deadline);

#endif

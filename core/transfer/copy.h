/* copy.h: what copies and send_file share: the count, the conditions and the errors of a transfer
 * that the system makes, and splices, which move bytes through a pipe instead of the caller's
 * buffer. */
#ifndef FERI_COPY_H
#define FERI_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/io.h"
#include "platform/copying.h"

/* Stores the count of a copy, if the caller wants it. */
static inline void feri_store_total(uint64_t *out, uint64_t total)
{
    if (out != NULL) {
        *out = total;
    }
}

/* ---- Transfers that the system makes */

/* Whether the error of a splice or of a sendfile says nothing about the connection, so that the
 * buffer's path has the answer. */
static inline bool feri_is_for_the_buffer(fer_error error)
{
    switch (error.kind) {
    case FER_OK:
    case FER_WOULD_BLOCK:
    case FER_INTERRUPTED:
    case FER_UNSUPPORTED:
    case FER_NO_BUFFER_SPACE:
    case FER_OUT_OF_MEMORY: return true;
    default: return false;
    }
}

/* ---- Splices: splicing.c */

/* The bytes of one copy after which it splices. A pipe costs about as much time as a copy of 32 KiB
 * (pipe2, F_SETPIPE_SZ and two closes: 12.8 us on Linux 6.18). */
#define FERI_SPLICE_AFTER ((uint64_t)262144)

/* The shortest buffer with which a copy splices. A splice moves whole pages, and its two calls cost
 * more than a read and a write of fewer bytes. */
#define FERI_SPLICE_CAP_MIN ((size_t)16384)

/* The pipe of a copy, which is empty between two splices. All zeros but may_wait: none yet. */
typedef struct feri_splicing {
    bool may_wait; /* fer_copy: streams that wait are spliced too, but none with limits */
    bool waits;    /* they do */
    bool is_open;
    bool is_over;     /* the modes forbid it, no pipe can be made, or a splice was refused */
    bool would_block; /* the last fill, or the last drain; not of streams that wait */
    size_t held;      /* the bytes in the pipe */
    ferp_pipe pipe;
} feri_splicing;

/* One fill of the pipe and its drain, if both streams allow it: both wait, or neither. buffer is
 * empty, and has the bytes that the pipe contained afterwards. *copied grows by the bytes that were
 * written. FER_OK with an empty buffer and the same count: the buffer's path has the answer (the
 * end of file, a wait, limits, a change by another thread). With may_wait the part is over then,
 * and after a fill of which something is left. Any other error: that of the read or of the write,
 * applied to its handle. */
fer_error feri_splice(feri_splicing *part, fer_handle *from, fer_handle *to,
                      fer_copy_buffer *buffer, uint64_t *copied);

void feri_splicing_end(feri_splicing *part);

#endif

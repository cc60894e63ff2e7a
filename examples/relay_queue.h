/* relay_queue.h: a bounded queue of the bytes for one client, in a block of memory that does not
 * move or grow. */
#ifndef RELAY_QUEUE_H
#define RELAY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ferrule.h"

struct relay_queue {
    char *bytes;
    size_t cap;
    size_t begin;
    size_t end;
};

static inline size_t relay_queue_len(const struct relay_queue *queue)
{
    return queue->end - queue->begin;
}
static inline bool relay_queue_is_empty(const struct relay_queue *queue)
{
    return queue->begin == queue->end;
}

/* Sends without waiting and adds the number of bytes sent to *sent. FER_OK: the queue is empty.
 * FER_WOULD_BLOCK: bytes remain. */
static inline fer_error relay_queue_send(struct relay_queue *queue, fer_tcp_stream *stream,
                                         size_t *sent)
{
    while (!relay_queue_is_empty(queue)) {
        size_t n = 0;
        fer_error error = fer_tcp_stream_try_write(stream, queue->bytes + queue->begin,
                                                   relay_queue_len(queue), &n);
        if (error.kind == FER_INTERRUPTED) {
            continue;
        }
        FER_TRY(error);
        queue->begin += n;
        *sent += n;
    }
    queue->begin = 0;
    queue->end = 0;
    return FER_ERROR_OK;
}

/* False: there is no room for all of the bytes, and none is stored. */
static inline bool relay_queue_put(struct relay_queue *queue, const char *bytes, size_t len)
{
    if (queue->cap - relay_queue_len(queue) < len) {
        return false;
    }
    if (queue->cap - queue->end < len) {
        queue->end -= queue->begin;
        memmove(queue->bytes, queue->bytes + queue->begin, queue->end);
        queue->begin = 0;
    }
    memcpy(queue->bytes + queue->end, bytes, len);
    queue->end += len;
    return true;
}

#endif

/* echo_uv.c: the echo server's turn over libuv: as its streams, which answer with uv_try_write, and
 * as its uv_poll with recv and send. libuv's streams close their descriptors, so they get
 * duplicates. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "bench/echo_turn.h"

static uv_loop_t loop;
static size_t remaining;

static void serve(size_t requests)
{
    remaining = requests;
    while (remaining > 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void count_answer(size_t answers)
{
    remaining -= answers;
}

/* ---- uv_tcp */

static uv_tcp_t *streams;
static size_t stream_count;
static char shared[65536];

static void provide_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof shared);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    if (got > 0) {
        uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)got);
        echo_must(uv_try_write(stream, &answer, 1) == got, "uv_try_write");
        count_answer(1);
    }
}

static void stream_begin(const echo_server *server)
{
    echo_must(uv_loop_init(&loop) == 0, "uv_loop_init");
    stream_count = server->count;
    streams = calloc(stream_count, sizeof *streams);
    for (size_t i = 0; i < stream_count; i++) {
        echo_must(uv_tcp_init(&loop, &streams[i]) == 0 &&
                      uv_tcp_open(&streams[i], dup(server->fds[i])) == 0 &&
                      uv_read_start((uv_stream_t *)&streams[i], provide_buffer, on_read) == 0,
                  "uv_tcp_open");
    }
}

static void stream_end(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        uv_close((uv_handle_t *)&streams[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    echo_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    free(streams);
}

const echo_contender echo_uv_stream = {"libuv-try", stream_begin, serve, stream_end};

/* ---- uv_poll */

static uv_poll_t *polls;
static int *poll_fds;

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    count_answer(echo_answer(poll_fds[poll - polls]));
}

static void poll_begin(const echo_server *server)
{
    echo_must(uv_loop_init(&loop) == 0, "uv_loop_init");
    stream_count = server->count;
    polls = calloc(stream_count, sizeof *polls);
    poll_fds = (int *)(uintptr_t)server->fds;
    for (size_t i = 0; i < stream_count; i++) {
        echo_must(uv_poll_init(&loop, &polls[i], server->fds[i]) == 0 &&
                      uv_poll_start(&polls[i], UV_READABLE, on_ready) == 0,
                  "uv_poll_start");
    }
}

static void poll_end(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        uv_close((uv_handle_t *)&polls[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    echo_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    free(polls);
}

const echo_contender echo_uv_poll = {"libuv-poll", poll_begin, serve, poll_end};

/* peer_nng.c: the operations of bench/peers.h over the byte streams of nng's platform layer. They
 * cannot take a descriptor of the case, so they open a connection of their own. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <nng/nng.h>
#include <stdlib.h>

#include "bench/peers.h"

static nng_stream *ends_of_stream[2];
static nng_aio *requests[2];

static void good(int result, const char *what)
{
    bench_must(result == 0, what);
}

static void open_connection(void)
{
    nng_stream_listener *listener = NULL;
    nng_stream_dialer *dialer = NULL;
    nng_sockaddr address;
    char url[64];
    good(nng_aio_alloc(&requests[0], NULL, NULL), "nng_aio_alloc");
    good(nng_aio_alloc(&requests[1], NULL, NULL), "nng_aio_alloc");
    good(nng_stream_listener_alloc(&listener, "tcp://127.0.0.1:0"), "nng_stream_listener_alloc");
    good(nng_stream_listener_listen(listener), "nng_stream_listener_listen");
    good(nng_stream_listener_get_addr(listener, NNG_OPT_LOCADDR, &address), "NNG_OPT_LOCADDR");
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", (unsigned)ntohs(address.s_in.sa_port));
    good(nng_stream_dialer_alloc(&dialer, url), "nng_stream_dialer_alloc");
    nng_stream_listener_accept(listener, requests[0]);
    nng_stream_dialer_dial(dialer, requests[1]);
    for (size_t i = 0; i < 2; i++) {
        nng_aio_wait(requests[i]);
        good(nng_aio_result(requests[i]), "nng_stream_dialer_dial");
        ends_of_stream[i] = nng_aio_get_output(requests[i], 0);
    }
}

static void move_all(size_t end, unsigned char *bytes, size_t block,
                     void (*start)(nng_stream *, nng_aio *))
{
    size_t done = 0;
    while (done < block) {
        nng_iov piece = {bytes + done, block - done};
        good(nng_aio_set_iov(requests[end], 1, &piece), "nng_aio_set_iov");
        start(ends_of_stream[end], requests[end]);
        nng_aio_wait(requests[end]);
        good(nng_aio_result(requests[end]), "nng_stream_send or nng_stream_recv");
        done += nng_aio_count(requests[end]);
    }
}

/* The receive is started after the send has ended, so a block may be no larger than the buffers of
 * the connection. */
static uint64_t turn(const void *input, size_t count)
{
    const bench_ends *ends = input;
    if (ends_of_stream[0] == NULL) {
        open_connection();
    }
    for (size_t i = 0; i < count; i++) {
        move_all(0, (unsigned char *)(uintptr_t)ends->outgoing, ends->block, nng_stream_send);
        move_all(1, ends->incoming, ends->block, nng_stream_recv);
    }
    return count;
}

const bench_peer bench_peer_nng = {.name = "nng", .turn = turn};

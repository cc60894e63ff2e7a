/* client_nng.c: the client of tests/api/size_client.c over the byte streams of nng. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <nng/nng.h>

static int transfer(nng_stream *stream, nng_aio *request, char *bytes, size_t len,
                    void (*start)(nng_stream *, nng_aio *))
{
    nng_iov piece = {bytes, len};
    nng_aio_set_iov(request, 1, &piece);
    start(stream, request);
    nng_aio_wait(request);
    return nng_aio_result(request);
}

int main(void)
{
    static char hello[] = "hello";
    char reply[64];
    nng_stream_dialer *dialer;
    nng_aio *request;
    if (nng_aio_alloc(&request, NULL, NULL) != 0 ||
        nng_stream_dialer_alloc(&dialer, "tcp://127.0.0.1:7") != 0) {
        return 1;
    }
    nng_stream_dialer_dial(dialer, request);
    nng_aio_wait(request);
    if (nng_aio_result(request) != 0) {
        return 1;
    }
    nng_stream *stream = nng_aio_get_output(request, 0);
    int failed = transfer(stream, request, hello, 5, nng_stream_send) != 0 ||
                 transfer(stream, request, reply, sizeof reply, nng_stream_recv) != 0;
    nng_stream_free(stream);
    nng_stream_dialer_free(dialer);
    nng_aio_free(request);
    return failed;
}

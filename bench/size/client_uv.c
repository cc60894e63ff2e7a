/* client_uv.c: the client of tests/api/size_client.c over libuv. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <uv.h>

static char reply[64];
static int failed;

static void provide_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(reply, sizeof reply);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    failed |= got < 0;
    uv_close((uv_handle_t *)stream, NULL);
}

static void on_written(uv_write_t *request, int status)
{
    failed |= status != 0;
    uv_read_start(request->handle, provide_buffer, on_read);
}

static void on_connected(uv_connect_t *request, int status)
{
    static uv_write_t write_request;
    static char hello[] = "hello";
    uv_buf_t buffer = uv_buf_init(hello, 5);
    failed |= status != 0;
    if (failed) {
        uv_close((uv_handle_t *)request->handle, NULL);
    } else {
        uv_write(&write_request, request->handle, &buffer, 1, on_written);
    }
}

int main(void)
{
    uv_loop_t loop;
    uv_tcp_t client;
    uv_connect_t request;
    struct sockaddr_in addr;
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &client);
    uv_ip4_addr("127.0.0.1", 7, &addr);
    uv_tcp_connect(&request, &client, (const struct sockaddr *)&addr, on_connected);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return failed;
}

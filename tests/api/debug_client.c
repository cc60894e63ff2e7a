/* debug_client.c: handles in several states, for debugger_test.sh, which stops in stop_here. */
#include "ferrule.h"

void stop_here(const fer_tcp_stream *stream);

/* Not inlined: the debugger stops here. */
__attribute__((noinline)) void stop_here(const fer_tcp_stream *stream)
{
    __asm__ volatile("" : : "g"(stream) : "memory");
}

int main(void)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream stream = {0};
    fer_socket_addr addr;
    char byte;
    size_t n;
    const fer_duration durations[] = {{1500000000}, FER_DURATION_NONE};
    const char *texts[] = {"127.0.0.1:80", "[fe80::1%2]:443"};
    fer_socket_addr addrs[2];
    fer_cancel_token token = {0};
    fer_poller poller = {0};
    fer_event event = {.interest = FER_READABLE | FER_FAILED};
    for (size_t i = 0; i < 2; i++) {
        if (fer_socket_addr_parse(&addrs[i], texts[i]).kind != FER_OK) {
            return 1;
        }
    }
    if (fer_poller_new(&poller).kind != FER_OK || fer_cancel_token_new(&token).kind != FER_OK) {
        return 1;
    }
    stop_here(&stream);
    event.interest = 0; /* used */
    fer_poller_close(&poller);
    fer_cancel_token_close(&token);
    if (fer_tcp_listener_bind(&listener, "127.0.0.1:0").kind != FER_OK ||
        fer_tcp_listener_local_addr(&listener, &addr).kind != FER_OK ||
        fer_tcp_stream_connect_addr(&stream, &addr).kind != FER_OK) {
        return 1;
    }
    stop_here(&stream);
    fer_tcp_listener_close(&listener);
    /* the connection in the queue is reset */
    FER_IGNORE(fer_tcp_stream_read(&stream, &byte, 1, &n));
    FER_IGNORE(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_WRITE));
    stop_here(&stream);
    fer_tcp_stream_close(&stream);
    stop_here(&stream);
    return 0;
}

/* poller.c: the loop of poller.h, until it has served two clients. */
#include "frame.h"

static fer_tcp_listener listener;
static int served;

static void serve(uint64_t key)
{
    fer_tcp_stream stream = {0};
    expect(key == 1, "the event has the key of the listener");
    expect_kind(fer_tcp_listener_accept(&listener, &stream, NULL), FER_OK);
    fer_tcp_stream_close(&stream);
    if (++served == 2) {
        exit(0);
    }
}

static fer_error run(void)
{
    /* BLOCK include/ferrule/poller.h 1 */
}

int main(void)
{
    fer_socket_addr addr;
    fer_sim_peer peer;
    expect_kind(fer_sim_start(NULL), FER_OK);
    expect_kind(fer_tcp_listener_bind(&listener, "10.0.0.1:80"), FER_OK);
    expect_kind(fer_tcp_listener_local_addr(&listener, &addr), FER_OK);
    for (int i = 0; i < 2; i++) {
        expect_kind(fer_sim_peer_connect(NULL, &addr, &peer), FER_OK);
    }
    expect_kind(run(), FER_OK);
    return 1;
}

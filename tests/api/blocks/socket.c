/* socket.c: the block of socket.h: a listener with an option of its own. */
#include "frame.h"

static fer_error listen_ipv6(fer_tcp_listener *result)
{
    fer_socket_addr addr;
    FER_TRY(fer_socket_addr_parse(&addr, "[::]:80"));
    /* BLOCK include/ferrule/socket.h 1 */
    *result = listener;
    return FER_ERROR_OK;
}

int main(void)
{
    fer_socket_addr addr;
    fer_tcp_listener listener = {0};
    expect_kind(fer_sim_start(NULL), FER_OK);
    expect_kind(listen_ipv6(&listener), FER_OK);
    expect_kind(fer_tcp_listener_local_addr(&listener, &addr), FER_OK);
    expect(addr.port == 80, "it listens");
    fer_tcp_listener_close(&listener);
    stop_simulation();
    return 0;
}

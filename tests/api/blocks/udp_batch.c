/* udp_batch.c: the server of udp_batch.h, for one batch. */
#include "frame.h"

static unsigned char buffers[32][64];

static fer_error run(fer_udp_socket socket)
{
    /* BLOCK include/ferrule/udp_batch.h 1 */
    return (fer_error){FER_OK, 0};
}

int main(void)
{
    fer_udp_socket server = {0};
    fer_udp_socket client = {0};
    fer_socket_addr addr;
    fer_udp_received got;
    char buf[8];
    size_t n = 0;
    expect_kind(fer_sim_start(NULL), FER_OK);
    expect_kind(fer_udp_socket_bind(&server, "0.0.0.0:53"), FER_OK);
    expect_kind(fer_udp_socket_bind(&client, "127.0.0.1:0"), FER_OK);
    expect_kind(fer_socket_addr_parse(&addr, "127.0.0.1:53"), FER_OK);
    expect_kind(fer_udp_socket_send_to(&client, "ask", 3, &addr, &n), FER_OK);
    expect_kind(run(server), FER_OK);
    expect_kind(fer_udp_socket_recv_from(&client, buf, sizeof buf, &got), FER_OK);
    expect(got.len == 3 && memcmp(buf, "ask", 3) == 0, "the datagram came back");
    expect(fer_socket_addr_eq(&got.from, &addr), "it came from the address that was asked");
    return 0;
}

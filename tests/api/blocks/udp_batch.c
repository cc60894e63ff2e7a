/* udp_batch.c: the server of udp_batch.h, for one batch, and its loop over a message. */
#include "frame.h"

static unsigned char buffers[32][64];

static fer_error run(fer_udp_socket socket)
{
    /* BLOCK include/ferrule/udp_batch.h 1 */
    return FER_ERROR_OK;
}

/* What the loop takes: "+" for a whole datagram, "-" for another one, and its bytes. */
static char taken[64];

static void take(const char *bytes, size_t len, bool is_whole)
{
    (void)snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "%c%.*s",
                   is_whole ? '+' : '-', (int)len, bytes);
}

static void expect_taken(size_t len, size_t segment_size, bool truncated, const char *text)
{
    static char bytes[] = "aabbc";
    fer_datagram_recv in = {
        .buf = bytes, .len = len, .segment_size = segment_size, .truncated = truncated};
    taken[0] = 0;
    /* BLOCK include/ferrule/udp_batch.h 2 */
    expect(strcmp(taken, text) == 0, text);
}

static void take_messages(void)
{
    expect_taken(0, 0, false, "+");
    expect_taken(2, 2, false, "+aa");
    expect_taken(5, 2, false, "+aa+bb+c");
    expect_taken(0, 1, true, "-");
    expect_taken(2, 3, true, "-aa");
    expect_taken(3, 2, true, "+aa-b");
    expect_taken(4, 2, true, "+aa+bb");
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
    take_messages();
    expect(fer_socket_addr_eq(&got.from, &addr), "it came from the address that was asked");
    return 0;
}

/* size_client.c: the smallest TCP client, over ferrule and over raw sockets (RAW).
 * check_client_size.sh compares the sizes of both programs. */
#if defined(RAW) && defined(_WIN32)
#include <winsock2.h>

static int greet(char *reply, int cap)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(7)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return 1;
    }
    SOCKET client = socket(AF_INET, SOCK_STREAM, 0);
    int failed = client == INVALID_SOCKET ||
                 connect(client, (struct sockaddr *)&addr, sizeof addr) != 0 ||
                 send(client, "hello", 5, 0) != 5 || recv(client, reply, cap, 0) < 0;
    closesocket(client);
    return failed;
}
#elif defined(RAW)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int greet(char *reply, size_t cap)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(7)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int failed = client < 0 || connect(client, (struct sockaddr *)&addr, sizeof addr) != 0 ||
                 send(client, "hello", 5, MSG_NOSIGNAL) != 5 || recv(client, reply, cap, 0) < 0;
    close(client);
    return failed;
}
#else
#include "ferrule.h"

static int greet(char *reply, size_t cap)
{
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, 1);
    fer_socket_addr addr = fer_socket_addr_v4_new(ip, 7);
    fer_tcp_stream client = {0};
    size_t n = 0;
    int failed = fer_tcp_stream_connect_addr(&client, &addr).kind != FER_OK ||
                 fer_tcp_stream_write_all(&client, "hello", 5, NULL).kind != FER_OK ||
                 fer_tcp_stream_read(&client, reply, cap, &n).kind != FER_OK;
    fer_tcp_stream_close(&client);
    return failed;
}
#endif

int main(void)
{
    char reply[64];
    return greet(reply, sizeof reply);
}

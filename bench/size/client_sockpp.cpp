/* client_sockpp.cpp: the client of tests/api/size_client.c over sockpp. */
#include <sockpp/tcp_connector.h>

int main()
{
    char reply[64];
    sockpp::initialize();
    sockpp::tcp_connector client;
    const bool moved = client.connect(sockpp::inet_address(INADDR_LOOPBACK, 7)) &&
                       client.write_n("hello", 5) == 5 && client.read(reply, sizeof reply) >= 0;
    return moved ? 0 : 1;
}

/* client_apr.c: the client of tests/api/size_client.c over the Apache Portable Runtime. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <apr_general.h>
#include <apr_network_io.h>

int main(void)
{
    apr_pool_t *pool;
    apr_sockaddr_t *addr;
    apr_socket_t *client;
    char reply[64];
    apr_size_t sent = 5;
    apr_size_t got = sizeof reply;
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return 1;
    }
    int failed =
        apr_sockaddr_info_get(&addr, "127.0.0.1", APR_INET, 7, 0, pool) != APR_SUCCESS ||
        apr_socket_create(&client, APR_INET, SOCK_STREAM, APR_PROTO_TCP, pool) != APR_SUCCESS ||
        apr_socket_connect(client, addr) != APR_SUCCESS ||
        apr_socket_send(client, "hello", &sent) != APR_SUCCESS ||
        apr_socket_recv(client, reply, &got) != APR_SUCCESS;
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}

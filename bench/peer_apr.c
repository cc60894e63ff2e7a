/* peer_apr.c: the operations of bench/peers.h over the Apache Portable Runtime. Its sockets wrap
 * the descriptors of the case, once for each run of a body. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <apr_general.h>
#include <apr_network_io.h>
#include <apr_poll.h>
#include <apr_portable.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/echo_turn.h"
#include "bench/peers.h"

enum { TEXT_CAP = 64 };

static void good(apr_status_t status, const char *what)
{
    bench_must(status == APR_SUCCESS, what);
}

static apr_pool_t *new_pool(void)
{
    static int initialized;
    apr_pool_t *pool = NULL;
    if (!initialized) {
        good(apr_initialize(), "apr_initialize");
        initialized = 1;
    }
    good(apr_pool_create(&pool, NULL), "apr_pool_create");
    return pool;
}

static apr_socket_t *wrap(int fd, apr_pool_t *pool)
{
    apr_socket_t *socket = NULL;
    apr_os_sock_t raw = fd;
    good(apr_os_sock_put(&socket, &raw, pool), "apr_os_sock_put");
    return socket;
}

/* ---- Address text. APR has no function for the text of one address alone; a mask has one. */

static uint64_t parse(const void *input, size_t count)
{
    const bench_texts *texts = input;
    uint64_t sum = 0;
    apr_pool_t *pool = new_pool();
    for (size_t i = 0; i < count; i++) {
        apr_ipsubnet_t *subnet;
        sum += apr_ipsubnet_create(&subnet, &texts->pool[texts->at[i]], NULL, pool) == APR_SUCCESS;
        if (i % 256 == 255) {
            apr_pool_clear(pool);
        }
    }
    apr_pool_destroy(pool);
    return sum;
}

static uint64_t format(const void *input, size_t count, int family)
{
    const unsigned char *values = input;
    const size_t size = family == APR_INET ? 4 : 16;
    apr_pool_t *pool = new_pool();
    apr_sockaddr_t *address = NULL;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    good(apr_sockaddr_info_get(&address, family == APR_INET ? "127.0.0.1" : "::1", family, 80, 0,
                               pool),
         "apr_sockaddr_info_get");
    for (size_t i = 0; i < count; i++) {
        memcpy(address->ipaddr_ptr, values + i * size, size);
        good(apr_sockaddr_ip_getbuf(text, sizeof text, address), "apr_sockaddr_ip_getbuf");
        sum += (unsigned char)text[0];
    }
    apr_pool_destroy(pool);
    return sum;
}

static uint64_t format_v4(const void *input, size_t count)
{
    return format(input, count, APR_INET);
}

static uint64_t format_v6(const void *input, size_t count)
{
    return format(input, count, APR_INET6);
}

/* ---- Streams */

static uint64_t send_all(apr_socket_t *socket, const bench_ends *ends)
{
    size_t done = 0;
    while (done < ends->block) {
        apr_size_t moved = ends->block - done;
        good(apr_socket_send(socket, (const char *)ends->outgoing + done, &moved),
             "apr_socket_send");
        done += moved;
    }
    return done;
}

static uint64_t receive_all(apr_socket_t *socket, const bench_ends *ends)
{
    size_t done = 0;
    while (done < ends->block) {
        apr_size_t moved = ends->block - done;
        good(apr_socket_recv(socket, (char *)ends->incoming + done, &moved), "apr_socket_recv");
        done += moved;
    }
    return done;
}

static uint64_t turn(const void *input, size_t count)
{
    const bench_ends *ends = input;
    apr_pool_t *pool = new_pool();
    apr_socket_t *from = wrap(ends->from, pool);
    apr_socket_t *to = wrap(ends->to, pool);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += send_all(from, ends);
        sum += receive_all(to, ends);
    }
    apr_pool_destroy(pool);
    return sum;
}

static uint64_t datagrams(const void *input, size_t count)
{
    const bench_ends *ends = input;
    apr_pool_t *pool = new_pool();
    apr_socket_t *from = wrap(ends->from, pool);
    apr_socket_t *to = wrap(ends->to, pool);
    apr_sockaddr_t *address = NULL;
    apr_sockaddr_t *sender = NULL;
    uint64_t sum = 0;
    good(apr_sockaddr_info_get(&address, "127.0.0.1", APR_INET, ntohs(ends->address.sin_port), 0,
                               pool),
         "apr_sockaddr_info_get");
    good(apr_sockaddr_info_get(&sender, "127.0.0.1", APR_INET, 0, 0, pool),
         "apr_sockaddr_info_get");
    for (size_t i = 0; i < count; i++) {
        apr_size_t sent = ends->block;
        apr_size_t received = ends->block;
        good(apr_socket_sendto(from, address, 0, (const char *)ends->outgoing, &sent),
             "apr_socket_sendto");
        good(apr_socket_recvfrom(sender, to, 0, (char *)ends->incoming, &received),
             "apr_socket_recvfrom");
        sum += received;
    }
    apr_pool_destroy(pool);
    return sum;
}

static uint64_t connected_datagrams(const void *input, size_t count)
{
    return turn(input, count);
}

static uint64_t connects(const void *input, size_t count)
{
    const bench_target *target = input;
    apr_pool_t *pool = new_pool();
    apr_pool_t *each = NULL;
    apr_socket_t *listener = wrap(target->listener, pool);
    apr_sockaddr_t *address = NULL;
    good(apr_pool_create(&each, pool), "apr_pool_create");
    good(apr_sockaddr_info_get(&address, "127.0.0.1", APR_INET, ntohs(target->address.sin_port), 0,
                               pool),
         "apr_sockaddr_info_get");
    for (size_t i = 0; i < count; i++) {
        apr_socket_t *client = NULL;
        apr_socket_t *server = NULL;
        apr_os_sock_t raw = -1;
        good(apr_socket_create(&client, APR_INET, SOCK_STREAM, APR_PROTO_TCP, each),
             "apr_socket_create");
        good(apr_socket_connect(client, address), "apr_socket_connect");
        good(apr_socket_accept(&server, listener, each), "apr_socket_accept");
        good(apr_os_sock_get(&raw, client), "apr_os_sock_get");
        bench_reset_on_close(raw);
        good(apr_socket_close(client), "apr_socket_close");
        good(apr_socket_close(server), "apr_socket_close");
        apr_pool_clear(each);
    }
    apr_pool_destroy(pool);
    return count;
}

/* ---- Accepts: APR's pool closes the sockets */

static apr_pool_t *accept_pool;

static void accepts(int listener, int *fds, size_t count)
{
    static apr_socket_t *server;
    if (server == NULL) {
        accept_pool = new_pool();
        server = wrap(listener, new_pool());
    }
    for (size_t i = 0; i < count; i++) {
        apr_socket_t *accepted = NULL;
        good(apr_socket_accept(&accepted, server, accept_pool), "apr_socket_accept");
        fds[i] = -1;
    }
}

static void close_accepted(void)
{
    apr_pool_clear(accept_pool);
}

/* ---- Lookups. A pool belongs to one thread. */

static void *lookup_share(void *argument)
{
    const bench_share *mine = argument;
    apr_pool_t *pool = new_pool();
    for (size_t i = 0; i < mine->count; i++) {
        apr_sockaddr_t *address = NULL;
        good(apr_sockaddr_info_get(&address, mine->host, APR_UNSPEC, 80, 0, pool),
             "apr_sockaddr_info_get");
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

static uint64_t lookups(const void *input, size_t count)
{
    apr_pool_destroy(new_pool()); /* Before other threads use APR. */
    return bench_in_threads(input, count, lookup_share);
}

/* ---- Poll sets */

static apr_pool_t *loop_pool;
static apr_pollset_t *loop_set;
static apr_pollfd_t loop_free;

static void loop_make(size_t count, apr_uint32_t flags)
{
    loop_pool = new_pool();
    good(apr_pollset_create(&loop_set, (apr_uint32_t)count, loop_pool, flags),
         "apr_pollset_create");
}

static apr_pollfd_t entry_of(int fd)
{
    return (apr_pollfd_t){.p = loop_pool,
                          .desc_type = APR_POLL_SOCKET,
                          .reqevents = APR_POLLIN,
                          .desc.s = wrap(fd, loop_pool),
                          .client_data = (void *)(uintptr_t)fd};
}

static void loop_add(int fd)
{
    const apr_pollfd_t entry = entry_of(fd);
    good(apr_pollset_add(loop_set, &entry), "apr_pollset_add");
}

static void loop_begin(const int *sockets, size_t count, int free_socket)
{
    loop_make(count + 2, APR_POLLSET_WAKEABLE);
    for (size_t i = 0; i < count; i++) {
        loop_add(sockets[i]);
    }
    loop_free = entry_of(free_socket);
}

static void loop_end(void)
{
    apr_pool_destroy(loop_pool);
}

static uint64_t loop_wakes(const void *input, size_t count)
{
    uint64_t sum = 0;
    (void)input;
    for (size_t i = 0; i < count; i++) {
        apr_int32_t found = 0;
        const apr_pollfd_t *entries = NULL;
        good(apr_pollset_wakeup(loop_set), "apr_pollset_wakeup");
        sum += apr_pollset_poll(loop_set, -1, &found, &entries) == APR_EINTR;
    }
    bench_must(sum == count, "apr_pollset_poll");
    return sum;
}

static uint64_t loop_adds(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        good(apr_pollset_add(loop_set, &loop_free), "apr_pollset_add");
        good(apr_pollset_remove(loop_set, &loop_free), "apr_pollset_remove");
    }
    return count;
}

static uint64_t loop_empty_waits(const void *input, size_t count)
{
    uint64_t sum = 0;
    (void)input;
    for (size_t i = 0; i < count; i++) {
        apr_int32_t found = 0;
        const apr_pollfd_t *entries = NULL;
        sum += apr_pollset_poll(loop_set, 0, &found, &entries) == APR_TIMEUP;
    }
    bench_must(sum == count, "apr_pollset_poll");
    return sum;
}

static const bench_loop loop = {loop_begin, loop_end, loop_wakes,
                                loop_adds,  NULL,     loop_empty_waits};

static void echo_begin(const echo_server *server)
{
    loop_make(server->count, 0);
    for (size_t i = 0; i < server->count; i++) {
        loop_add(server->fds[i]);
    }
}

static void echo_serve(size_t requests)
{
    while (requests > 0) {
        apr_int32_t found = 0;
        const apr_pollfd_t *entries = NULL;
        good(apr_pollset_poll(loop_set, -1, &found, &entries), "apr_pollset_poll");
        for (apr_int32_t i = 0; i < found; i++) {
            requests -= echo_answer((int)(uintptr_t)entries[i].client_data);
        }
    }
}

const echo_contender echo_apr = {"apr", echo_begin, echo_serve, loop_end, 0, true};

const bench_peer bench_peer_apr = {
    .name = "apr",
    .parse_v4 = parse,
    .parse_v6 = parse,
    .format_v4 = format_v4,
    .format_v6 = format_v6,
    .turn = turn,
    .round_trip = turn,
    .datagrams = datagrams,
    .connected_datagrams = connected_datagrams,
    .connects = connects,
    .accepts = accepts,
    .close_accepted = close_accepted,
    .lookups = lookups,
    .loop = &loop,
};

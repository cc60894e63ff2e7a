/* peer_sockpp.cpp: the operations of bench/peers.h over sockpp, a C++17 wrapper of sockets. Its
 * sockets wrap the descriptors of the case, once for each run of a body. */
#include <sockpp/inet6_address.h>
#include <sockpp/tcp_acceptor.h>
#include <sockpp/tcp_connector.h>
#include <sockpp/udp_socket.h>

#include "bench/peers.h"

namespace
{

/* A socket of sockpp that does not close the descriptor of the case. */
template <typename Socket> class borrowed
{
  public:
    explicit borrowed(int fd) : socket(fd) { sockpp::initialize(); }
    ~borrowed() { socket.release(); }
    borrowed(const borrowed &) = delete;
    borrowed &operator=(const borrowed &) = delete;

    Socket socket;
};

/* ---- Address text. resolve_name calls inet_pton first, and a text that it parses is not looked
 * up. sockpp formats an address only together with a port. */

uint64_t parse_v4(const void *input, size_t count)
{
    const auto *texts = static_cast<const bench_texts *>(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += sockpp::inet_address::resolve_name(&texts->pool[texts->at[i]]) & 1;
    }
    return sum;
}

uint64_t parse_v6(const void *input, size_t count)
{
    const auto *texts = static_cast<const bench_texts *>(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += sockpp::inet6_address::resolve_name(&texts->pool[texts->at[i]]).s6_addr[15];
    }
    return sum;
}

/* ---- Streams */

uint64_t turn(const void *input, size_t count)
{
    const auto *ends = static_cast<const bench_ends *>(input);
    const auto block = static_cast<ssize_t>(ends->block);
    borrowed<sockpp::tcp_socket> from(ends->from);
    borrowed<sockpp::tcp_socket> to(ends->to);
    for (size_t i = 0; i < count; i++) {
        bench_must(from.socket.write_n(ends->outgoing, ends->block) == block, "write_n");
        bench_must(to.socket.read_n(ends->incoming, ends->block) == block, "read_n");
    }
    return count;
}

uint64_t connects(const void *input, size_t count)
{
    const auto *target = static_cast<const bench_target *>(input);
    const sockpp::inet_address address(target->address);
    borrowed<sockpp::acceptor> listener(target->listener);
    for (size_t i = 0; i < count; i++) {
        sockpp::tcp_connector client;
        bench_must(client.connect(address), "connect");
        sockpp::tcp_socket server(listener.socket.accept());
        bench_must(server.is_open(), "accept");
        bench_reset_on_close(client.handle());
        client.close();
        server.close();
    }
    return count;
}

void accepts(int listener, int *fds, size_t count)
{
    borrowed<sockpp::acceptor> server(listener);
    for (size_t i = 0; i < count; i++) {
        sockpp::inet_address peer;
        fds[i] = server.socket.accept(&peer).release();
        bench_must(fds[i] >= 0, "accept");
    }
}

/* ---- Datagrams */

uint64_t datagrams(const void *input, size_t count)
{
    const auto *ends = static_cast<const bench_ends *>(input);
    const auto block = static_cast<ssize_t>(ends->block);
    const sockpp::inet_address address(ends->address);
    borrowed<sockpp::udp_socket> from(ends->from);
    borrowed<sockpp::udp_socket> to(ends->to);
    for (size_t i = 0; i < count; i++) {
        sockpp::inet_address sender;
        bench_must(from.socket.send_to(ends->outgoing, ends->block, address) == block, "send_to");
        bench_must(to.socket.recv_from(ends->incoming, ends->block, &sender) == block, "recv_from");
    }
    return count;
}

uint64_t connected_datagrams(const void *input, size_t count)
{
    const auto *ends = static_cast<const bench_ends *>(input);
    const auto block = static_cast<ssize_t>(ends->block);
    borrowed<sockpp::udp_socket> from(ends->from);
    borrowed<sockpp::udp_socket> to(ends->to);
    for (size_t i = 0; i < count; i++) {
        bench_must(from.socket.send(ends->outgoing, ends->block) == block, "send");
        bench_must(to.socket.recv(ends->incoming, ends->block) == block, "recv");
    }
    return count;
}

/* ---- Lookups */

void *lookup_share(void *argument)
{
    const auto *mine = static_cast<const bench_share *>(argument);
    for (size_t i = 0; i < mine->count; i++) {
        bench_must(sockpp::inet_address::resolve_name(mine->host) != 0, "resolve_name");
    }
    return nullptr;
}

uint64_t lookups(const void *input, size_t count)
{
    return bench_in_threads(static_cast<const char *>(input), count, lookup_share);
}

bench_peer operations()
{
    bench_peer peer = {};
    peer.name = "sockpp";
    peer.parse_v4 = parse_v4;
    peer.parse_v6 = parse_v6;
    peer.turn = turn;
    peer.round_trip = turn;
    peer.datagrams = datagrams;
    peer.connected_datagrams = connected_datagrams;
    peer.connects = connects;
    peer.accepts = accepts;
    peer.lookups = lookups;
    return peer;
}

} // namespace

const bench_peer bench_peer_sockpp = operations();

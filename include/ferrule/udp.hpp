/* udp.hpp: the datagram sockets of udp.h as C++17 values. owned.hpp has the rules. */
#ifndef FERRULE_UDP_HPP
#define FERRULE_UDP_HPP

#include <cstddef>
#include <cstdint>

#include "ferrule/owned.hpp"
#include "ferrule/udp.h"

namespace ferrule
{

/* A UDP socket. A member function m is fer_udp_socket_m of udp.h. */
class udp_socket : public owned<fer_udp_socket, fer_udp_socket_close>
{
  public:
    using owned::owned;

    /* ---- Binding and connecting */

    /* Binds to "host:port": resolves the name and uses the first address that can be bound. */
    static result<udp_socket> bind(const char *host_port) noexcept
    {
        return detail::opened<udp_socket>(fer_udp_socket_bind, host_port);
    }

    /* Binds to one address. */
    static result<udp_socket> bind_addr(const fer_socket_addr &addr) noexcept
    {
        return detail::opened<udp_socket>(fer_udp_socket_bind_addr, &addr);
    }

    /* Makes "host:port" the socket's peer: fer_udp_socket_send sends to it, and only its
     * datagrams are received. */
    [[nodiscard]] fer_error connect(const char *host_port) noexcept
    {
        return fer_udp_socket_connect(get(), host_port);
    }

    /* Makes one address the socket's peer. */
    [[nodiscard]] fer_error connect_addr(const fer_socket_addr &addr) noexcept
    {
        return fer_udp_socket_connect_addr(get(), &addr);
    }

    /* Returns the connected socket's peer address. */
    result<fer_socket_addr> peer_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_udp_socket_peer_addr, get());
    }

    /* Returns the socket's local address. */
    result<fer_socket_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_udp_socket_local_addr, get());
    }

    /* ---- Sending */

    /* Sends one datagram to the peer. */
    result<std::size_t> send(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_udp_socket_send, get(), buf.data(), buf.size());
    }

    /* Sends one datagram to an address. */
    result<std::size_t> send_to(bytes buf, const fer_socket_addr &to) noexcept
    {
        return detail::value_of<std::size_t>(fer_udp_socket_send_to, get(), buf.data(), buf.size(),
                                             &to);
    }

    /* ---- Receiving */

    /* Receives one datagram. */
    result<fer_udp_received> recv_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_recv_from, get(), buf.data(),
                                                  buf.size());
    }

    /* Receives one datagram. */
    result<fer_udp_received> recv(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_recv, get(), buf.data(),
                                                  buf.size());
    }

    /* Receives one datagram and leaves it in the queue. */
    result<fer_udp_received> peek_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_peek_from, get(), buf.data(),
                                                  buf.size());
    }

    /* Receives one datagram and leaves it in the queue. */
    result<fer_udp_received> peek(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_peek, get(), buf.data(),
                                                  buf.size());
    }

    /* Sends one datagram to the peer and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_send(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_udp_socket_try_send, get(), buf.data(),
                                             buf.size());
    }

    /* Sends one datagram to an address and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_send_to(bytes buf, const fer_socket_addr &to) noexcept
    {
        return detail::value_of<std::size_t>(fer_udp_socket_try_send_to, get(), buf.data(),
                                             buf.size(), &to);
    }

    /* Receives a queued datagram and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<fer_udp_received> try_recv_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_try_recv_from, get(), buf.data(),
                                                  buf.size());
    }

    /* Receives a queued datagram, leaves it in the queue and never waits, regardless of the
     * blocking mode and the timeouts. */
    result<fer_udp_received> try_peek_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_udp_socket_try_peek_from, get(), buf.data(),
                                                  buf.size());
    }

    /* Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE), or a refusal
     * can be reported. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_udp_socket_ready, get(), interest, timeout);
    }

    /* ---- Modes */

    /* Sets the timeout of each single receive call. */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_udp_socket_set_read_timeout(get(), timeout);
    }

    /* Sets the timeout of each single send call. */
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    {
        return fer_udp_socket_set_write_timeout(get(), timeout);
    }

    /* Returns the read timeout, in the OS's resolution. */
    result<fer_duration> read_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_udp_socket_read_timeout, get());
    }

    /* Returns the write timeout, in the OS's resolution. */
    result<fer_duration> write_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_udp_socket_write_timeout, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_udp_socket_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_udp_socket_set_nonblocking(get(), nonblocking);
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_udp_socket_take_error, get());
    }

    /* Sets the time to live of unicast datagrams, 1 to 255. */
    [[nodiscard]] fer_error set_ttl(std::uint32_t ttl) noexcept
    {
        return fer_udp_socket_set_ttl(get(), ttl);
    }

    /* Returns the time to live of unicast datagrams. */
    result<std::uint32_t> ttl() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_udp_socket_ttl, get());
    }

    /* ---- Broadcast and multicast */

    /* Sets whether the socket may send to broadcast addresses. */
    [[nodiscard]] fer_error set_broadcast(bool broadcast) noexcept
    {
        return fer_udp_socket_set_broadcast(get(), broadcast);
    }

    /* Returns whether the socket may send to broadcast addresses. */
    result<bool> broadcast() const noexcept
    {
        return detail::value_of<bool>(fer_udp_socket_broadcast, get());
    }

    /* Sets whether IPv4 multicast datagrams are also delivered to group members on this machine. */
    [[nodiscard]] fer_error set_multicast_loop_v4(bool loop) noexcept
    {
        return fer_udp_socket_set_multicast_loop_v4(get(), loop);
    }

    /* Returns whether IPv4 multicast datagrams are also delivered to group members on this
     * machine. */
    result<bool> multicast_loop_v4() const noexcept
    {
        return detail::value_of<bool>(fer_udp_socket_multicast_loop_v4, get());
    }

    /* Sets the time to live of IPv4 multicast datagrams, 0 to 255. */
    [[nodiscard]] fer_error set_multicast_ttl_v4(std::uint32_t ttl) noexcept
    {
        return fer_udp_socket_set_multicast_ttl_v4(get(), ttl);
    }

    /* Returns the time to live of IPv4 multicast datagrams. */
    result<std::uint32_t> multicast_ttl_v4() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_udp_socket_multicast_ttl_v4, get());
    }

    /* Sets whether IPv6 multicast datagrams are also delivered to group members on this machine. */
    [[nodiscard]] fer_error set_multicast_loop_v6(bool loop) noexcept
    {
        return fer_udp_socket_set_multicast_loop_v6(get(), loop);
    }

    /* Returns whether IPv6 multicast datagrams are also delivered to group members on this
     * machine. */
    result<bool> multicast_loop_v6() const noexcept
    {
        return detail::value_of<bool>(fer_udp_socket_multicast_loop_v6, get());
    }

    /* Joins an IPv4 multicast group on the network interface with the address local. */
    [[nodiscard]] fer_error join_multicast_v4(const fer_ipv4_addr &group,
                                              const fer_ipv4_addr &local) noexcept
    {
        return fer_udp_socket_join_multicast_v4(get(), group, local);
    }

    /* Leaves an IPv4 multicast group. */
    [[nodiscard]] fer_error leave_multicast_v4(const fer_ipv4_addr &group,
                                               const fer_ipv4_addr &local) noexcept
    {
        return fer_udp_socket_leave_multicast_v4(get(), group, local);
    }

    /* Joins an IPv6 multicast group on the network interface with the index interface_index. */
    [[nodiscard]] fer_error join_multicast_v6(const fer_ipv6_addr &group,
                                              std::uint32_t interface_index) noexcept
    {
        return fer_udp_socket_join_multicast_v6(get(), group, interface_index);
    }

    /* Leaves an IPv6 multicast group. */
    [[nodiscard]] fer_error leave_multicast_v6(const fer_ipv6_addr &group,
                                               std::uint32_t interface_index) noexcept
    {
        return fer_udp_socket_leave_multicast_v6(get(), group, interface_index);
    }

    /* ---- Clones, closing and raw sockets */

    /* Makes a second handle of the same socket. */
    result<udp_socket> try_clone() noexcept
    {
        return detail::opened_by<udp_socket>(fer_udp_socket_try_clone, get());
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_udp_socket_as_raw(get());
    }

    /* Takes ownership of an IP datagram socket that was made elsewhere, connected or not. */
    static result<udp_socket> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<udp_socket>(fer_udp_socket_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_udp_socket_into_raw(get());
    }
};

} // namespace ferrule

#endif

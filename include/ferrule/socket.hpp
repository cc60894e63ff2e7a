/* socket.hpp: the built sockets of socket.h as C++17 values. owned.hpp has the rules. */
#ifndef FERRULE_SOCKET_HPP
#define FERRULE_SOCKET_HPP

#include <cstddef>
#include <cstdint>

#include "ferrule/owned.hpp"
#include "ferrule/socket.h"
#include "ferrule/tcp.hpp"
#include "ferrule/udp.hpp"
#include "ferrule/unix.hpp"

namespace ferrule
{

/* A built socket. A member function m is fer_socket_m of socket.h. */
class socket : public owned<fer_socket, fer_socket_close>
{
  public:
    using owned::owned;

    /* ---- Creation and closing */

    /* Makes a socket. */
    static result<socket> open(fer_domain domain, fer_type type, int protocol) noexcept
    {
        return detail::opened<socket>(fer_socket_new, domain, type, protocol);
    }

    /* Makes a second handle of the same socket. */
    result<socket> try_clone() noexcept
    {
        return detail::opened_by<socket>(fer_socket_try_clone, get());
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_socket_as_raw(get());
    }

    /* Takes ownership of a socket that was made elsewhere, of any kind in this header and in any
     * state. */
    static result<socket> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<socket>(fer_socket_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_socket_into_raw(get());
    }

    /* ---- Options. If bind or connect should use an option, set it before that call. */

    /* Sets whether bind may use an address that is still occupied by ended connections (streams)
     * or used by other sockets (datagrams). */
    [[nodiscard]] fer_error set_reuse_address(bool reuse) noexcept
    {
        return fer_socket_set_reuse_address(get(), reuse);
    }

    /* Returns the reuse setting that bind will use. */
    result<bool> reuse_address() const noexcept
    {
        return detail::value_of<bool>(fer_socket_reuse_address, get());
    }

    /* Sets whether sockets that all set this option share a port (SO_REUSEPORT). */
    [[nodiscard]] fer_error set_reuse_port(bool reuse) noexcept
    {
        return fer_socket_set_reuse_port(get(), reuse);
    }

    /* Returns the value of fer_socket_set_reuse_port. */
    result<bool> reuse_port() const noexcept
    {
        return detail::value_of<bool>(fer_socket_reuse_port, get());
    }

    /* Sets whether an IPv6 socket excludes IPv4. */
    [[nodiscard]] fer_error set_only_v6(bool only_v6) noexcept
    {
        return fer_socket_set_only_v6(get(), only_v6);
    }

    /* Returns whether an IPv6 socket excludes IPv4. */
    result<bool> only_v6() const noexcept
    {
        return detail::value_of<bool>(fer_socket_only_v6, get());
    }

    /* Requests a receive buffer of at least one byte. */
    [[nodiscard]] fer_error set_recv_buffer_size(std::size_t size) noexcept
    {
        return fer_socket_set_recv_buffer_size(get(), size);
    }

    /* Returns the actual receive buffer size, in the unit of fer_socket_set_recv_buffer_size. */
    result<std::size_t> recv_buffer_size() const noexcept
    {
        return detail::value_of<std::size_t>(fer_socket_recv_buffer_size, get());
    }

    /* Requests a send buffer of at least one byte. */
    [[nodiscard]] fer_error set_send_buffer_size(std::size_t size) noexcept
    {
        return fer_socket_set_send_buffer_size(get(), size);
    }

    /* Returns the actual send buffer size, in the unit of fer_socket_set_send_buffer_size. */
    result<std::size_t> send_buffer_size() const noexcept
    {
        return detail::value_of<std::size_t>(fer_socket_send_buffer_size, get());
    }

    /* Sets TCP keepalive. */
    [[nodiscard]] fer_error set_keepalive(const fer_tcp_keepalive &keepalive) noexcept
    {
        return fer_socket_set_keepalive(get(), &keepalive);
    }

    /* Returns the keepalive settings. */
    result<fer_tcp_keepalive> keepalive() const noexcept
    {
        return detail::value_of<fer_tcp_keepalive>(fer_socket_keepalive, get());
    }

    /* Sets what close does with unsent data. */
    [[nodiscard]] fer_error set_linger(fer_duration linger) noexcept
    {
        return fer_socket_set_linger(get(), linger);
    }

    /* Returns the linger time. */
    result<fer_duration> linger() const noexcept
    {
        return detail::value_of<fer_duration>(fer_socket_linger, get());
    }

    /* Turns Nagle's algorithm off (true) or on (false). */
    [[nodiscard]] fer_error set_nodelay(bool nodelay) noexcept
    {
        return fer_socket_set_nodelay(get(), nodelay);
    }

    /* Returns whether Nagle's algorithm is off. */
    result<bool> nodelay() const noexcept
    {
        return detail::value_of<bool>(fer_socket_nodelay, get());
    }

    /* Sets the time to live of packets, 1 to 255. */
    [[nodiscard]] fer_error set_ttl(std::uint32_t ttl) noexcept
    {
        return fer_socket_set_ttl(get(), ttl);
    }

    /* Returns the time to live. */
    result<std::uint32_t> ttl() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_socket_ttl, get());
    }

    /* Sets the type of service, 0 to 255: IPv4's octet of that name, or IPv6's traffic class. */
    [[nodiscard]] fer_error set_tos(std::uint32_t tos) noexcept
    {
        return fer_socket_set_tos(get(), tos);
    }

    /* Returns the type of service. */
    result<std::uint32_t> tos() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_socket_tos, get());
    }

    /* Returns the family of the socket's addresses. */
    result<fer_domain> domain() const noexcept
    {
        return detail::value_of<fer_domain>(fer_socket_domain, get());
    }

    /* Returns the type of the socket. */
    result<fer_type> type() const noexcept
    {
        return detail::value_of<fer_type>(fer_socket_type, get());
    }

    /* Returns the number of the socket's protocol. */
    result<int> protocol() const noexcept
    {
        return detail::value_of<int>(fer_socket_protocol, get());
    }

    /* Returns whether the socket listens. */
    result<bool> is_listening() const noexcept
    {
        return detail::value_of<bool>(fer_socket_is_listening, get());
    }

    /* Sets how long sent bytes may stay without an acknowledgement. */
    [[nodiscard]] fer_error set_tcp_user_timeout(fer_duration timeout) noexcept
    {
        return fer_socket_set_tcp_user_timeout(get(), timeout);
    }

    /* Returns how long sent bytes may stay without an acknowledgement. */
    result<fer_duration> tcp_user_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_socket_tcp_user_timeout, get());
    }

    /* Sets whether child processes inherit the raw socket. */
    [[nodiscard]] fer_error set_inheritable(bool inheritable) noexcept
    {
        return fer_socket_set_inheritable(get(), inheritable);
    }

    /* Returns whether child processes inherit the raw socket. */
    result<bool> inheritable() const noexcept
    {
        return detail::value_of<bool>(fer_socket_inheritable, get());
    }

    /* Sets whether the socket may send to broadcast addresses. */
    [[nodiscard]] fer_error set_broadcast(bool broadcast) noexcept
    {
        return fer_socket_set_broadcast(get(), broadcast);
    }

    /* Returns whether the socket may send to broadcast addresses. */
    result<bool> broadcast() const noexcept
    {
        return detail::value_of<bool>(fer_socket_broadcast, get());
    }

    /* Restricts sending and receiving to one network interface, for example "eth0", whatever its
     * addresses are. */
    [[nodiscard]] fer_error bind_device(const char *name) noexcept
    {
        return fer_socket_bind_device(get(), name);
    }

    /* ---- Modes */

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_socket_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_socket_set_nonblocking(get(), nonblocking);
    }

    /* Sets the timeout of each single read or receive call. */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_socket_set_read_timeout(get(), timeout);
    }

    /* Returns the read timeout. */
    result<fer_duration> read_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_socket_read_timeout, get());
    }

    /* Sets the timeout of each single write or send call. */
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    {
        return fer_socket_set_write_timeout(get(), timeout);
    }

    /* Returns the write timeout. */
    result<fer_duration> write_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_socket_write_timeout, get());
    }

    /* ---- Binding, listening, connecting */

    /* Binds to an address of the socket's own family, with the options that were set. */
    [[nodiscard]] fer_error bind(const fer_socket_addr &addr) noexcept
    {
        return fer_socket_bind(get(), &addr);
    }

    /* Binds to a Unix address. */
    [[nodiscard]] fer_error bind_unix(const fer_unix_addr &addr) noexcept
    {
        return fer_socket_bind_unix(get(), &addr);
    }

    /* Starts to listen, with an accept queue of about backlog connections. */
    [[nodiscard]] fer_error listen(int backlog) noexcept
    {
        return fer_socket_listen(get(), backlog);
    }

    /* Connects to an address of the socket's own family. */
    [[nodiscard]] fer_error connect(const fer_socket_addr &addr) noexcept
    {
        return fer_socket_connect(get(), &addr);
    }

    /* Connects to an address and waits at most timeout, regardless of the blocking mode, which
     * is unchanged afterwards. */
    [[nodiscard]] fer_error connect_timeout(const fer_socket_addr &addr,
                                            fer_duration timeout) noexcept
    {
        return fer_socket_connect_timeout(get(), &addr, timeout);
    }

    /* Connects a Unix stream. */
    [[nodiscard]] fer_error connect_unix(const fer_unix_addr &addr) noexcept
    {
        return fer_socket_connect_unix(get(), &addr);
    }

    /* Returns the socket's local address. */
    result<fer_socket_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_socket_local_addr, get());
    }

    /* Returns the local address of a Unix socket. */
    result<fer_unix_addr> local_addr_unix() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_socket_local_addr_unix, get());
    }

    /* Returns the peer address. */
    result<fer_socket_addr> peer_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_socket_peer_addr, get());
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_socket_take_error, get());
    }

    /* Shuts down receiving, sending or both. A UDP socket must be connected. */
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    {
        return fer_socket_shutdown(get(), how);
    }

    /* Waits until the socket is ready for at least one interest: FER_READABLE, FER_WRITABLE, or
     * both joined by |. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_socket_ready, get(), interest, timeout);
    }

    /* ---- Datagrams, for datagram and raw sockets. To transfer data over a stream or a Unix
     * socket, convert it to its own handle first. */

    /* Sends one datagram to the peer. */
    result<std::size_t> send(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_socket_send, get(), buf.data(), buf.size());
    }

    /* Sends one datagram to an address. */
    result<std::size_t> send_to(bytes buf, const fer_socket_addr &to) noexcept
    {
        return detail::value_of<std::size_t>(fer_socket_send_to, get(), buf.data(), buf.size(),
                                             &to);
    }

    /* Receives one datagram. */
    result<fer_udp_received> recv_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_udp_received>(fer_socket_recv_from, get(), buf.data(),
                                                  buf.size());
    }

    /* ---- Conversions to the handle types of tcp.h, udp.h and unix.h. The
     * socket keeps its options and its state. A failed call changes nothing. */

    /* Converts the socket to a fer_tcp_stream and leaves a CLOSED fer_socket. */
    result<tcp_stream> into_tcp_stream() noexcept
    {
        return detail::opened_by<tcp_stream>(fer_socket_into_tcp_stream, get());
    }

    /* Converts the socket to a fer_tcp_listener and leaves a CLOSED fer_socket. */
    result<tcp_listener> into_tcp_listener() noexcept
    {
        return detail::opened_by<tcp_listener>(fer_socket_into_tcp_listener, get());
    }

    /* Converts the socket to a fer_udp_socket and leaves a CLOSED fer_socket. */
    result<udp_socket> into_udp_socket() noexcept
    {
        return detail::opened_by<udp_socket>(fer_socket_into_udp_socket, get());
    }

    /* Converts the socket to a fer_unix_stream and leaves a CLOSED fer_socket. */
    result<unix_stream> into_unix_stream() noexcept
    {
        return detail::opened_by<unix_stream>(fer_socket_into_unix_stream, get());
    }

    /* Converts the socket to a fer_unix_listener and leaves a CLOSED fer_socket. */
    result<unix_listener> into_unix_listener() noexcept
    {
        return detail::opened_by<unix_listener>(fer_socket_into_unix_listener, get());
    }

    /* Converts the socket to a fer_unix_datagram and leaves a CLOSED fer_socket. */
    result<unix_datagram> into_unix_datagram() noexcept
    {
        return detail::opened_by<unix_datagram>(fer_socket_into_unix_datagram, get());
    }
};

/* Every other handle as a fer_socket, for the options that its type does not have. */
inline fer_socket *as_socket(tcp_stream &stream) noexcept
{
    return fer_tcp_stream_as_socket(stream.get());
}

inline fer_socket *as_socket(tcp_listener &listener) noexcept
{
    return fer_tcp_listener_as_socket(listener.get());
}

inline fer_socket *as_socket(udp_socket &socket_) noexcept
{
    return fer_udp_socket_as_socket(socket_.get());
}

inline fer_socket *as_socket(unix_stream &stream) noexcept
{
    return fer_unix_stream_as_socket(stream.get());
}

inline fer_socket *as_socket(unix_listener &listener) noexcept
{
    return fer_unix_listener_as_socket(listener.get());
}

inline fer_socket *as_socket(unix_datagram &datagram) noexcept
{
    return fer_unix_datagram_as_socket(datagram.get());
}

/* Returns the index of a network interface (fer_interface_index). */
inline result<std::uint32_t> interface_index(const char *interface_name) noexcept
{
    return detail::value_of<std::uint32_t>(fer_interface_index, interface_name);
}

/* Stores the name of the network interface with an index in buf (fer_interface_name). */
template <std::size_t N>
[[nodiscard]] fer_error interface_name(std::uint32_t index, char (&buf)[N]) noexcept
{
    return fer_interface_name(index, buf, N);
}

} // namespace ferrule

#endif

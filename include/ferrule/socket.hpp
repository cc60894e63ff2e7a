/* socket.hpp: socket.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_SOCKET_HPP
#define FERRULE_SOCKET_HPP

#include "ferrule/io.h"
#include "ferrule/owned.hpp"
#include "ferrule/socket.h"
#include "ferrule/tcp.hpp"
#include "ferrule/udp.hpp"
#include "ferrule/unix.hpp"

namespace ferrule
{
/* clang-format off */

/* A socket of any kind. A member function m is fer_socket_m of socket.h. */
class socket : public owned<fer_socket, fer_socket_close>
{
  public:
    using owned::owned;

    /* ---- Creation and closing */
    static result<socket> open(fer_domain domain, fer_type type, int protocol) noexcept
    { return detail::opened<socket>(fer_socket_new, domain, type, protocol); }
    result<socket> try_clone() noexcept { return made<socket>(fer_socket_try_clone); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_socket_as_raw(get()); }
    static result<socket> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<socket>(fer_socket_from_raw, raw); }
    static result<socket> borrow_raw(fer_raw_socket raw) noexcept
    { return detail::opened<socket>(fer_socket_borrow_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_socket_into_raw(get()); }

    /* ---- What the socket is */
    result<fer_domain> domain() const noexcept { return value(fer_socket_domain); }
    result<fer_type> type() const noexcept { return value(fer_socket_type); }
    result<int> protocol() const noexcept { return value(fer_socket_protocol); }
    result<bool> is_listening() const noexcept { return value(fer_socket_is_listening); }

    /* ---- Options */
    [[nodiscard]] fer_error set_reuse_address(bool reuse) noexcept
    { return fer_socket_set_reuse_address(get(), reuse); }
    result<bool> reuse_address() const noexcept { return value(fer_socket_reuse_address); }
    [[nodiscard]] fer_error set_reuse_port(bool reuse) noexcept
    { return fer_socket_set_reuse_port(get(), reuse); }
    result<bool> reuse_port() const noexcept { return value(fer_socket_reuse_port); }
    [[nodiscard]] fer_error set_only_v6(bool only_v6) noexcept
    { return fer_socket_set_only_v6(get(), only_v6); }
    result<bool> only_v6() const noexcept { return value(fer_socket_only_v6); }
    [[nodiscard]] fer_error set_recv_buffer_size(size_t size) noexcept
    { return fer_socket_set_recv_buffer_size(get(), size); }
    result<size_t> recv_buffer_size() const noexcept { return value(fer_socket_recv_buffer_size); }
    [[nodiscard]] fer_error set_send_buffer_size(size_t size) noexcept
    { return fer_socket_set_send_buffer_size(get(), size); }
    result<size_t> send_buffer_size() const noexcept { return value(fer_socket_send_buffer_size); }
    [[nodiscard]] fer_error set_keepalive(const fer_tcp_keepalive &keepalive) noexcept
    { return fer_socket_set_keepalive(get(), &keepalive); }
    result<fer_tcp_keepalive> keepalive() const noexcept { return value(fer_socket_keepalive); }
    [[nodiscard]] fer_error set_tcp_user_timeout(fer_duration timeout) noexcept
    { return fer_socket_set_tcp_user_timeout(get(), timeout); }
    result<fer_duration> tcp_user_timeout() const noexcept
    { return value(fer_socket_tcp_user_timeout); }
    [[nodiscard]] fer_error set_linger(fer_duration linger) noexcept
    { return fer_socket_set_linger(get(), linger); }
    result<fer_duration> linger() const noexcept { return value(fer_socket_linger); }
    [[nodiscard]] fer_error set_nodelay(bool nodelay) noexcept
    { return fer_socket_set_nodelay(get(), nodelay); }
    result<bool> nodelay() const noexcept { return value(fer_socket_nodelay); }
    [[nodiscard]] fer_error set_ttl(uint32_t ttl) noexcept
    { return fer_socket_set_ttl(get(), ttl); }
    result<uint32_t> ttl() const noexcept { return value(fer_socket_ttl); }
    [[nodiscard]] fer_error set_tos(uint32_t tos) noexcept
    { return fer_socket_set_tos(get(), tos); }
    result<uint32_t> tos() const noexcept { return value(fer_socket_tos); }
    [[nodiscard]] fer_error set_broadcast(bool broadcast) noexcept
    { return fer_socket_set_broadcast(get(), broadcast); }
    result<bool> broadcast() const noexcept { return value(fer_socket_broadcast); }
    [[nodiscard]] fer_error bind_device(const char *name) noexcept
    { return fer_socket_bind_device(get(), name); }
    [[nodiscard]] fer_error set_inheritable(bool inheritable) noexcept
    { return fer_socket_set_inheritable(get(), inheritable); }
    result<bool> inheritable() const noexcept { return value(fer_socket_inheritable); }

    /* ---- Modes */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_socket_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_socket_set_nonblocking(get(), nonblocking); }
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    { return fer_socket_set_read_timeout(get(), timeout); }
    result<fer_duration> read_timeout() const noexcept { return value(fer_socket_read_timeout); }
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    { return fer_socket_set_write_timeout(get(), timeout); }
    result<fer_duration> write_timeout() const noexcept { return value(fer_socket_write_timeout); }

    /* ---- Binding, listening, connecting */
    [[nodiscard]] fer_error bind(const fer_socket_addr &addr) noexcept
    { return fer_socket_bind(get(), &addr); }
    [[nodiscard]] fer_error bind_unix(const fer_unix_addr &addr) noexcept
    { return fer_socket_bind_unix(get(), &addr); }
    [[nodiscard]] fer_error listen(int backlog) noexcept
    { return fer_socket_listen(get(), backlog); }
    result<socket> accept(fer_socket_addr *peer = nullptr) noexcept
    { return made<socket>(fer_socket_accept, peer); }
    result<socket> try_accept(fer_socket_addr *peer = nullptr) noexcept
    { return made<socket>(fer_socket_try_accept, peer); }
    [[nodiscard]] fer_error connect(const fer_socket_addr &addr) noexcept
    { return fer_socket_connect(get(), &addr); }
    [[nodiscard]] fer_error connect_timeout(const fer_socket_addr &addr,
                                            fer_duration timeout) noexcept
    { return fer_socket_connect_timeout(get(), &addr, timeout); }
    [[nodiscard]] fer_error connect_unix(const fer_unix_addr &addr) noexcept
    { return fer_socket_connect_unix(get(), &addr); }

    /* ---- Addresses, errors, shutdown, readiness */
    result<fer_socket_addr> local_addr() const noexcept { return value(fer_socket_local_addr); }
    result<fer_unix_addr> local_addr_unix() const noexcept
    { return value(fer_socket_local_addr_unix); }
    result<fer_socket_addr> peer_addr() const noexcept { return value(fer_socket_peer_addr); }
    result<fer_unix_addr> peer_addr_unix() const noexcept
    { return value(fer_socket_peer_addr_unix); }
    result<fer_error> take_error() noexcept { return value(fer_socket_take_error); }
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    { return fer_socket_shutdown(get(), how); }
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_socket_ready, interest, timeout); }

    /* ---- Datagrams, for datagram and raw sockets */
    result<size_t> send(bytes buf) noexcept { return io(fer_socket_send, buf); }
    result<size_t> send_to(bytes buf, const fer_socket_addr &to) noexcept
    { return io(fer_socket_send_to, buf, &to); }
    result<fer_udp_received> recv_from(mutable_bytes buf) noexcept
    { return io(fer_socket_recv_from, buf); }

    /* ---- Conversions to the handle types of tcp.h, udp.h and unix.h */
    result<tcp_stream> into_tcp_stream() noexcept
    { return made<tcp_stream>(fer_socket_into_tcp_stream); }
    result<tcp_listener> into_tcp_listener() noexcept
    { return made<tcp_listener>(fer_socket_into_tcp_listener); }
    result<udp_socket> into_udp_socket() noexcept
    { return made<udp_socket>(fer_socket_into_udp_socket); }
    result<unix_stream> into_unix_stream() noexcept
    { return made<unix_stream>(fer_socket_into_unix_stream); }
    result<unix_listener> into_unix_listener() noexcept
    { return made<unix_listener>(fer_socket_into_unix_listener); }
    result<unix_datagram> into_unix_datagram() noexcept
    { return made<unix_datagram>(fer_socket_into_unix_datagram); }

    /* ---- Of io.h */
    [[nodiscard]] fer_stream as_stream() noexcept { return fer_socket_as_stream(get()); }
};

/* A function f is fer_f of socket.h. */
[[nodiscard]] inline fer_socket *as_socket(tcp_stream &stream) noexcept
{ return fer_tcp_stream_as_socket(stream.get()); }
[[nodiscard]] inline fer_socket *as_socket(tcp_listener &listener) noexcept
{ return fer_tcp_listener_as_socket(listener.get()); }
[[nodiscard]] inline fer_socket *as_socket(udp_socket &socket) noexcept
{ return fer_udp_socket_as_socket(socket.get()); }
[[nodiscard]] inline fer_socket *as_socket(unix_stream &stream) noexcept
{ return fer_unix_stream_as_socket(stream.get()); }
[[nodiscard]] inline fer_socket *as_socket(unix_listener &listener) noexcept
{ return fer_unix_listener_as_socket(listener.get()); }
[[nodiscard]] inline fer_socket *as_socket(unix_datagram &datagram) noexcept
{ return fer_unix_datagram_as_socket(datagram.get()); }
inline result<uint32_t> interface_index(const char *interface_name) noexcept
{ return detail::value_of(fer_interface_index, interface_name); }
template <size_t N>
[[nodiscard]] fer_error interface_name(uint32_t index, char (&buf)[N]) noexcept
{ return fer_interface_name(index, buf, N); }
inline result<uint16_t> service_port(const char *service, fer_type type) noexcept
{ return detail::value_of(fer_service_port, service, type); }

/* clang-format on */
} // namespace ferrule

#endif

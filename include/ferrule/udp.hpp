/* udp.hpp: udp.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_UDP_HPP
#define FERRULE_UDP_HPP

#include "ferrule/owned.hpp"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"

namespace ferrule
{
/* clang-format off */

/* A UDP socket. A member function m is fer_udp_socket_m of udp.h. */
class udp_socket : public owned<fer_udp_socket, fer_udp_socket_close>
{
  public:
    using owned::owned;

    /* ---- Binding and connecting */
    static result<udp_socket> bind(const char *host_port) noexcept
    { return detail::opened<udp_socket>(fer_udp_socket_bind, host_port); }
    static result<udp_socket> bind_with(const char *host_port,
                                        const fer_bind_options &options) noexcept
    { return detail::opened<udp_socket>(fer_udp_socket_bind_with, host_port, &options); }
    static result<udp_socket> bind_host_with(const char *host, uint16_t port,
                                             const fer_bind_options &options = {}) noexcept
    { return detail::opened<udp_socket>(fer_udp_socket_bind_host_with, host, port, &options); }
    static result<udp_socket> bind_addr(const fer_socket_addr &addr) noexcept
    { return detail::opened<udp_socket>(fer_udp_socket_bind_addr, &addr); }
    [[nodiscard]] fer_error connect(const char *host_port) noexcept
    { return fer_udp_socket_connect(get(), host_port); }
    [[nodiscard]] fer_error connect_addr(const fer_socket_addr &addr) noexcept
    { return fer_udp_socket_connect_addr(get(), &addr); }
    [[nodiscard]] fer_error disconnect() noexcept { return fer_udp_socket_disconnect(get()); }

    /* ---- Addresses */
    result<fer_socket_addr> peer_addr() const noexcept { return value(fer_udp_socket_peer_addr); }
    result<fer_socket_addr> local_addr() const noexcept { return value(fer_udp_socket_local_addr); }

    /* ---- Sending and receiving */
    result<size_t> send(bytes buf) noexcept { return io(fer_udp_socket_send, buf); }
    result<size_t> send_to(bytes buf, const fer_socket_addr &to) noexcept
    { return io(fer_udp_socket_send_to, buf, &to); }
    result<fer_udp_received> recv_from(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_recv_from, buf); }
    result<fer_udp_received> recv(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_recv, buf); }
    result<fer_udp_received> peek_from(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_peek_from, buf); }
    result<fer_udp_received> peek(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_peek, buf); }
    result<size_t> try_send(bytes buf) noexcept { return io(fer_udp_socket_try_send, buf); }
    result<size_t> try_send_to(bytes buf, const fer_socket_addr &to) noexcept
    { return io(fer_udp_socket_try_send_to, buf, &to); }
    result<fer_udp_received> try_recv_from(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_try_recv_from, buf); }
    result<fer_udp_received> try_peek_from(mutable_bytes buf) noexcept
    { return io(fer_udp_socket_try_peek_from, buf); }

    /* ---- Modes */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_udp_socket_ready, interest, timeout); }
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    { return fer_udp_socket_set_read_timeout(get(), timeout); }
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    { return fer_udp_socket_set_write_timeout(get(), timeout); }
    result<fer_duration> read_timeout() const noexcept
    { return value(fer_udp_socket_read_timeout); }
    result<fer_duration> write_timeout() const noexcept
    { return value(fer_udp_socket_write_timeout); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_udp_socket_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_udp_socket_set_nonblocking(get(), nonblocking); }
    result<fer_error> take_error() noexcept { return value(fer_udp_socket_take_error); }
    [[nodiscard]] fer_error set_ttl(uint32_t ttl) noexcept
    { return fer_udp_socket_set_ttl(get(), ttl); }
    result<uint32_t> ttl() const noexcept { return value(fer_udp_socket_ttl); }

    /* ---- Broadcast and multicast */
    [[nodiscard]] fer_error set_broadcast(bool broadcast) noexcept
    { return fer_udp_socket_set_broadcast(get(), broadcast); }
    result<bool> broadcast() const noexcept { return value(fer_udp_socket_broadcast); }
    [[nodiscard]] fer_error set_multicast_loop_v4(bool loop) noexcept
    { return fer_udp_socket_set_multicast_loop_v4(get(), loop); }
    result<bool> multicast_loop_v4() const noexcept
    { return value(fer_udp_socket_multicast_loop_v4); }
    [[nodiscard]] fer_error set_multicast_ttl_v4(uint32_t ttl) noexcept
    { return fer_udp_socket_set_multicast_ttl_v4(get(), ttl); }
    result<uint32_t> multicast_ttl_v4() const noexcept
    { return value(fer_udp_socket_multicast_ttl_v4); }
    [[nodiscard]] fer_error set_multicast_if_v4(const fer_ipv4_addr &local) noexcept
    { return fer_udp_socket_set_multicast_if_v4(get(), local); }
    result<fer_ipv4_addr> multicast_if_v4() const noexcept
    { return value(fer_udp_socket_multicast_if_v4); }
    [[nodiscard]] fer_error set_multicast_loop_v6(bool loop) noexcept
    { return fer_udp_socket_set_multicast_loop_v6(get(), loop); }
    result<bool> multicast_loop_v6() const noexcept
    { return value(fer_udp_socket_multicast_loop_v6); }
    [[nodiscard]] fer_error set_multicast_hops_v6(uint32_t hops) noexcept
    { return fer_udp_socket_set_multicast_hops_v6(get(), hops); }
    result<uint32_t> multicast_hops_v6() const noexcept
    { return value(fer_udp_socket_multicast_hops_v6); }
    [[nodiscard]] fer_error set_multicast_if_v6(uint32_t interface_index) noexcept
    { return fer_udp_socket_set_multicast_if_v6(get(), interface_index); }
    result<uint32_t> multicast_if_v6() const noexcept
    { return value(fer_udp_socket_multicast_if_v6); }
    [[nodiscard]] fer_error join_multicast_v4(const fer_ipv4_addr &group,
                                              const fer_ipv4_addr &local) noexcept
    { return fer_udp_socket_join_multicast_v4(get(), group, local); }
    [[nodiscard]] fer_error leave_multicast_v4(const fer_ipv4_addr &group,
                                               const fer_ipv4_addr &local) noexcept
    { return fer_udp_socket_leave_multicast_v4(get(), group, local); }
    [[nodiscard]] fer_error join_multicast_v6(const fer_ipv6_addr &group,
                                              uint32_t interface_index) noexcept
    { return fer_udp_socket_join_multicast_v6(get(), group, interface_index); }
    [[nodiscard]] fer_error leave_multicast_v6(const fer_ipv6_addr &group,
                                               uint32_t interface_index) noexcept
    { return fer_udp_socket_leave_multicast_v6(get(), group, interface_index); }
    [[nodiscard]] fer_error join_ssm_v4(const fer_ipv4_addr &group, const fer_ipv4_addr &source,
                                        const fer_ipv4_addr &local) noexcept
    { return fer_udp_socket_join_ssm_v4(get(), group, source, local); }
    [[nodiscard]] fer_error leave_ssm_v4(const fer_ipv4_addr &group, const fer_ipv4_addr &source,
                                         const fer_ipv4_addr &local) noexcept
    { return fer_udp_socket_leave_ssm_v4(get(), group, source, local); }
    [[nodiscard]] fer_error join_ssm_v6(const fer_ipv6_addr &group, const fer_ipv6_addr &source,
                                        uint32_t interface_index) noexcept
    { return fer_udp_socket_join_ssm_v6(get(), group, source, interface_index); }
    [[nodiscard]] fer_error leave_ssm_v6(const fer_ipv6_addr &group, const fer_ipv6_addr &source,
                                         uint32_t interface_index) noexcept
    { return fer_udp_socket_leave_ssm_v6(get(), group, source, interface_index); }

    /* ---- Clones, closing and raw sockets */
    result<udp_socket> try_clone() noexcept { return made<udp_socket>(fer_udp_socket_try_clone); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_udp_socket_as_raw(get()); }
    static result<udp_socket> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<udp_socket>(fer_udp_socket_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_udp_socket_into_raw(get()); }

    /* ---- Features */
    result<fer_udp_features> enable(fer_udp_features wanted) noexcept
    { return value(fer_udp_socket_enable, wanted); }
    result<fer_udp_capabilities> features() const noexcept
    { return value(fer_udp_socket_features); }

    /* ---- Sending and receiving */
    result<size_t> send_batch(view<fer_datagram_send> messages) noexcept
    { return io(fer_udp_socket_send_batch, messages); }
    result<size_t> recv_batch(view<fer_datagram_recv> messages) noexcept
    { return io(fer_udp_socket_recv_batch, messages); }
    result<size_t> try_send_batch(view<fer_datagram_send> messages) noexcept
    { return io(fer_udp_socket_try_send_batch, messages); }
    result<size_t> try_recv_batch(view<fer_datagram_recv> messages) noexcept
    { return io(fer_udp_socket_try_recv_batch, messages); }

    /* ---- The length of datagrams on the path */
    [[nodiscard]] fer_error set_dont_fragment(bool dont_fragment) noexcept
    { return fer_udp_socket_set_dont_fragment(get(), dont_fragment); }
    result<bool> dont_fragment() const noexcept { return value(fer_udp_socket_dont_fragment); }
    result<uint32_t> path_mtu() const noexcept { return value(fer_udp_socket_path_mtu); }
};

/* clang-format on */
} // namespace ferrule

#endif

/* tcp.hpp: tcp.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_TCP_HPP
#define FERRULE_TCP_HPP

#include "ferrule/io.h"
#include "ferrule/owned.hpp"
#include "ferrule/tcp.h"

namespace ferrule
{
/* clang-format off */

/* A TCP connection. A member function m is fer_tcp_stream_m of tcp.h. */
class tcp_stream : public owned<fer_tcp_stream, fer_tcp_stream_close>
{
  public:
    using owned::owned;

    /* ---- Connecting */
    static result<tcp_stream> connect(const char *host_port) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect, host_port); }
    static result<tcp_stream> connect_addr(const fer_socket_addr &addr) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_addr, &addr); }
    static result<tcp_stream> connect_timeout(const fer_socket_addr &addr,
                                              fer_duration timeout) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_timeout, &addr, timeout); }
    static result<tcp_stream> connect_with(const char *host_port,
                                           const fer_connect_options &options) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_with, host_port, &options); }
    static result<tcp_stream> connect_host_with(const char *host, uint16_t port,
                                                const fer_connect_options &options = {}) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_host_with, host, port, &options); }
    static result<tcp_stream> connect_addrs(view<const fer_socket_addr> addrs) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_addrs, addrs.data(), addrs.size(),
                                        nullptr); }
    static result<tcp_stream> connect_addrs(view<const fer_socket_addr> addrs,
                                            const fer_connect_options &options) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_addrs, addrs.data(), addrs.size(),
                                        &options); }
    static result<tcp_stream> connect_start(const fer_socket_addr &addr) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_connect_start, &addr); }

    /* ---- Addresses, shutdown, clones */
    result<fer_socket_addr> peer_addr() const noexcept { return value(fer_tcp_stream_peer_addr); }
    result<fer_socket_addr> local_addr() const noexcept { return value(fer_tcp_stream_local_addr); }
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    { return fer_tcp_stream_shutdown(get(), how); }
    result<tcp_stream> try_clone() noexcept { return made<tcp_stream>(fer_tcp_stream_try_clone); }

    /* ---- Timeouts and modes */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    { return fer_tcp_stream_set_read_timeout(get(), timeout); }
    result<fer_duration> read_timeout() const noexcept
    { return value(fer_tcp_stream_read_timeout); }
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    { return fer_tcp_stream_set_write_timeout(get(), timeout); }
    result<fer_duration> write_timeout() const noexcept
    { return value(fer_tcp_stream_write_timeout); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_tcp_stream_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_tcp_stream_set_nonblocking(get(), nonblocking); }

    /* ---- Bytes */
    result<size_t> read(mutable_bytes buf) noexcept { return io(fer_tcp_stream_read, buf); }
    result<size_t> peek(mutable_bytes buf) noexcept { return io(fer_tcp_stream_peek, buf); }
    result<size_t> try_read(mutable_bytes buf) noexcept { return io(fer_tcp_stream_try_read, buf); }
    result<size_t> try_peek(mutable_bytes buf) noexcept { return io(fer_tcp_stream_try_peek, buf); }
    result<size_t> read_vectored(view<const fer_io_slice_mut> slices) noexcept
    { return io(fer_tcp_stream_read_vectored, slices); }
    result<size_t> try_read_vectored(view<const fer_io_slice_mut> slices) noexcept
    { return io(fer_tcp_stream_try_read_vectored, slices); }
    result<size_t> read_exact(mutable_bytes buf) noexcept
    { return io(fer_tcp_stream_read_exact, buf); }
    result<size_t> read_to_end(mutable_bytes buf) noexcept
    { return io(fer_tcp_stream_read_to_end, buf); }
    result<size_t> write(bytes buf) noexcept { return io(fer_tcp_stream_write, buf); }
    result<size_t> try_write(bytes buf) noexcept { return io(fer_tcp_stream_try_write, buf); }
    result<size_t> write_vectored(view<const fer_io_slice> slices) noexcept
    { return io(fer_tcp_stream_write_vectored, slices); }
    result<size_t> try_write_vectored(view<const fer_io_slice> slices) noexcept
    { return io(fer_tcp_stream_try_write_vectored, slices); }
    result<size_t> write_all(bytes buf) noexcept { return io(fer_tcp_stream_write_all, buf); }

    /* ---- Options */
    [[nodiscard]] fer_error set_nodelay(bool nodelay) noexcept
    { return fer_tcp_stream_set_nodelay(get(), nodelay); }
    result<bool> nodelay() const noexcept { return value(fer_tcp_stream_nodelay); }
    [[nodiscard]] fer_error set_ttl(uint32_t ttl) noexcept
    { return fer_tcp_stream_set_ttl(get(), ttl); }
    result<uint32_t> ttl() const noexcept { return value(fer_tcp_stream_ttl); }
    [[nodiscard]] fer_error set_linger(fer_duration linger) noexcept
    { return fer_tcp_stream_set_linger(get(), linger); }
    result<fer_duration> linger() const noexcept { return value(fer_tcp_stream_linger); }
    [[nodiscard]] fer_error set_keepalive(const fer_tcp_keepalive &keepalive) noexcept
    { return fer_tcp_stream_set_keepalive(get(), &keepalive); }
    result<fer_tcp_keepalive> keepalive() const noexcept { return value(fer_tcp_stream_keepalive); }
    result<fer_error> take_error() noexcept { return value(fer_tcp_stream_take_error); }
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_tcp_stream_ready, interest, timeout); }

    /* ---- Closing and raw sockets */
    [[nodiscard]] fer_error close_gracefully(fer_duration timeout) noexcept
    { return fer_tcp_stream_close_gracefully(get(), timeout); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_tcp_stream_as_raw(get()); }
    static result<tcp_stream> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<tcp_stream>(fer_tcp_stream_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_tcp_stream_into_raw(get()); }

    /* ---- Of io.h */
    [[nodiscard]] fer_stream as_stream() noexcept { return fer_tcp_stream_as_stream(get()); }
    result<uint64_t> send_file(fer_raw_file file, uint64_t offset, uint64_t len,
                               const fer_copy_buffer &buffer) noexcept
    { return value(fer_tcp_stream_send_file, file, offset, len, &buffer); }
};

/* A TCP socket that accepts connections. A member function m is fer_tcp_listener_m of tcp.h. */
class tcp_listener : public owned<fer_tcp_listener, fer_tcp_listener_close>
{
  public:
    using owned::owned;
    static result<tcp_listener> bind(const char *host_port) noexcept
    { return detail::opened<tcp_listener>(fer_tcp_listener_bind, host_port); }
    static result<tcp_listener> bind_with(const char *host_port,
                                          const fer_bind_options &options) noexcept
    { return detail::opened<tcp_listener>(fer_tcp_listener_bind_with, host_port, &options); }
    static result<tcp_listener> bind_host_with(const char *host, uint16_t port,
                                               const fer_bind_options &options = {}) noexcept
    { return detail::opened<tcp_listener>(fer_tcp_listener_bind_host_with, host, port, &options); }
    static result<tcp_listener> bind_addr(const fer_socket_addr &addr) noexcept
    { return detail::opened<tcp_listener>(fer_tcp_listener_bind_addr, &addr); }
    result<tcp_stream> accept(fer_socket_addr *peer = nullptr) noexcept
    { return made<tcp_stream>(fer_tcp_listener_accept, peer); }
    result<tcp_stream> try_accept(fer_socket_addr *peer = nullptr) noexcept
    { return made<tcp_stream>(fer_tcp_listener_try_accept, peer); }
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_tcp_listener_ready, interest, timeout); }
    result<fer_socket_addr> local_addr() const noexcept
    { return value(fer_tcp_listener_local_addr); }
    result<tcp_listener> try_clone() noexcept
    { return made<tcp_listener>(fer_tcp_listener_try_clone); }
    [[nodiscard]] fer_error set_ttl(uint32_t ttl) noexcept
    { return fer_tcp_listener_set_ttl(get(), ttl); }
    result<uint32_t> ttl() const noexcept { return value(fer_tcp_listener_ttl); }
    result<fer_error> take_error() noexcept { return value(fer_tcp_listener_take_error); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_tcp_listener_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_tcp_listener_set_nonblocking(get(), nonblocking); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_tcp_listener_as_raw(get()); }
    static result<tcp_listener> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<tcp_listener>(fer_tcp_listener_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_tcp_listener_into_raw(get()); }
};

/* clang-format on */
} // namespace ferrule

#endif

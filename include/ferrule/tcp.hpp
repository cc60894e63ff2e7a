/* tcp.hpp: the streams and listeners of tcp.h as C++17 values. owned.hpp has the rules. */
#ifndef FERRULE_TCP_HPP
#define FERRULE_TCP_HPP

#include <cstddef>
#include <cstdint>

#include "ferrule/io.h"
#include "ferrule/owned.hpp"
#include "ferrule/tcp.h"

namespace ferrule
{

/* A TCP connection. A member function m is fer_tcp_stream_m of tcp.h. */
class tcp_stream : public owned<fer_tcp_stream, fer_tcp_stream_close>
{
  public:
    using owned::owned;

    /* ---- Connecting */

    /* Connects to "host:port": resolves the name, then tries its addresses in order until one
     * connects. */
    static result<tcp_stream> connect(const char *host_port) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect, host_port);
    }

    /* Connects to one address. */
    static result<tcp_stream> connect_addr(const fer_socket_addr &addr) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_addr, &addr);
    }

    /* Connects to the first of several addresses that accepts the connection, one after another. */
    static result<tcp_stream> connect_addrs(view<const fer_socket_addr> addrs) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_addrs, addrs.data(), addrs.size(),
                                          nullptr);
    }

    /* Connects to one address and waits at most timeout. */
    static result<tcp_stream> connect_timeout(const fer_socket_addr &addr,
                                              fer_duration timeout) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_timeout, &addr, timeout);
    }

    /* Connects to the first address of "host:port" that answers, within limits (RFC 8305, "Happy
     * Eyeballs Version 2"). */
    static result<tcp_stream> connect_with(const char *host_port,
                                           const fer_connect_options &options) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_with, host_port, &options);
    }

    /* The same for the addresses of host, each with the given port. */
    static result<tcp_stream> connect_host_with(const char *host, std::uint16_t port,
                                                const fer_connect_options &options) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_host_with, host, port, &options);
    }

    /* The same for several addresses, without a lookup. */
    static result<tcp_stream> connect_addrs(view<const fer_socket_addr> addrs,
                                            const fer_connect_options &options) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_addrs, addrs.data(), addrs.size(),
                                          &options);
    }

    /* Starts to connect to one address and does not wait for the result. */
    static result<tcp_stream> connect_start(const fer_socket_addr &addr) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_connect_start, &addr);
    }

    /* ---- Addresses, shutdown, clones */

    /* Returns the connection's peer address. */
    result<fer_socket_addr> peer_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_tcp_stream_peer_addr, get());
    }

    /* Returns the connection's local address. */
    result<fer_socket_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_tcp_stream_local_addr, get());
    }

    /* Shuts down the read half, the write half or both, for this handle and its clones. */
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    {
        return fer_tcp_stream_shutdown(get(), how);
    }

    /* Makes a second handle of the same connection. */
    result<tcp_stream> try_clone() noexcept
    {
        return detail::opened_by<tcp_stream>(fer_tcp_stream_try_clone, get());
    }

    /* Makes a fer_stream that refers to this stream, for copy (io.hpp). The stream must outlive it
     * and stay at its address. */
    [[nodiscard]] fer_stream as_stream() noexcept
    {
        return fer_tcp_stream_as_stream(get());
    }

    /* ---- Timeouts and modes */

    /* Sets the timeout of each single read. */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_tcp_stream_set_read_timeout(get(), timeout);
    }

    /* Returns the read timeout, in the OS's resolution. */
    result<fer_duration> read_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_tcp_stream_read_timeout, get());
    }

    /* Sets the timeout of each single write. */
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    {
        return fer_tcp_stream_set_write_timeout(get(), timeout);
    }

    /* Returns the write timeout, in the OS's resolution. */
    result<fer_duration> write_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_tcp_stream_write_timeout, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_tcp_stream_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_tcp_stream_set_nonblocking(get(), nonblocking);
    }

    /* ---- Bytes */

    /* Reads available bytes, at most as many as the buffer holds. */
    result<std::size_t> read(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_read, get(), buf.data(), buf.size());
    }

    /* Reads without consuming: the next read returns the same bytes again. */
    result<std::size_t> peek(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_peek, get(), buf.data(), buf.size());
    }

    /* Reads available bytes and never waits, regardless of the blocking mode and the timeouts. */
    result<std::size_t> try_read(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_try_read, get(), buf.data(),
                                             buf.size());
    }

    /* Reads without consuming and never waits, regardless of the blocking mode and the timeouts. */
    result<std::size_t> try_peek(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_try_peek, get(), buf.data(),
                                             buf.size());
    }

    /* Reads into several buffers, and fills each one before the next. */
    result<std::size_t> read_vectored(view<const fer_io_slice_mut> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_read_vectored, get(), slices.data(),
                                             slices.size());
    }

    /* Reads into several buffers and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_read_vectored(view<const fer_io_slice_mut> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_try_read_vectored, get(), slices.data(),
                                             slices.size());
    }

    /* Fills the buffer, with as many reads as necessary. */
    result<std::size_t> read_exact(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_read_exact, get(), buf.data(),
                                             buf.size());
    }

    /* Reads until end of file into the buffer. */
    result<std::size_t> read_to_end(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_read_to_end, get(), buf.data(),
                                             buf.size());
    }

    /* Writes bytes, at least one and at most all. */
    result<std::size_t> write(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_write, get(), buf.data(), buf.size());
    }

    /* Writes as many bytes as there is room for and never waits, regardless of the blocking mode
     * and the timeouts. */
    result<std::size_t> try_write(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_try_write, get(), buf.data(),
                                             buf.size());
    }

    /* Writes from several buffers, in order. */
    result<std::size_t> write_vectored(view<const fer_io_slice> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_write_vectored, get(), slices.data(),
                                             slices.size());
    }

    /* Writes from several buffers as many bytes as there is room for and never waits, regardless
     * of the blocking mode and the timeouts. */
    result<std::size_t> try_write_vectored(view<const fer_io_slice> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_try_write_vectored, get(),
                                             slices.data(), slices.size());
    }

    /* Writes all bytes, with as many writes as necessary. */
    result<std::size_t> write_all(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_tcp_stream_write_all, get(), buf.data(),
                                             buf.size());
    }

    /* ---- Options */

    /* Turns Nagle's algorithm off (true) or on (false). */
    [[nodiscard]] fer_error set_nodelay(bool nodelay) noexcept
    {
        return fer_tcp_stream_set_nodelay(get(), nodelay);
    }

    /* Returns whether Nagle's algorithm is off. */
    result<bool> nodelay() const noexcept
    {
        return detail::value_of<bool>(fer_tcp_stream_nodelay, get());
    }

    /* Sets the time to live of packets, 1 to 255. */
    [[nodiscard]] fer_error set_ttl(std::uint32_t ttl) noexcept
    {
        return fer_tcp_stream_set_ttl(get(), ttl);
    }

    /* Returns the time to live. */
    result<std::uint32_t> ttl() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_tcp_stream_ttl, get());
    }

    /* Sets what close does with unsent data. */
    [[nodiscard]] fer_error set_linger(fer_duration linger) noexcept
    {
        return fer_tcp_stream_set_linger(get(), linger);
    }

    /* Returns the linger time, in whole seconds. */
    result<fer_duration> linger() const noexcept
    {
        return detail::value_of<fer_duration>(fer_tcp_stream_linger, get());
    }

    /* Sets TCP keepalive: whether and when the OS probes an idle connection. */
    [[nodiscard]] fer_error set_keepalive(const fer_tcp_keepalive &keepalive) noexcept
    {
        return fer_tcp_stream_set_keepalive(get(), &keepalive);
    }

    /* Returns the keepalive settings. */
    result<fer_tcp_keepalive> keepalive() const noexcept
    {
        return detail::value_of<fer_tcp_keepalive>(fer_tcp_stream_keepalive, get());
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_tcp_stream_take_error, get());
    }

    /* Waits until the stream is ready for at least one interest: FER_READABLE, FER_WRITABLE, or
     * both joined by |. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_tcp_stream_ready, get(), interest, timeout);
    }

    /* ---- Closing and raw sockets */

    /* Shuts down the write half, discards input until the peer's end of file, and closes the
     * handle: the lingering close of HTTP servers (RFC 9112, 9.6). */
    [[nodiscard]] fer_error close_gracefully(fer_duration timeout) noexcept
    {
        return fer_tcp_stream_close_gracefully(get(), timeout);
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_tcp_stream_as_raw(get());
    }

    /* Takes ownership of a connected stream socket that was made elsewhere. */
    static result<tcp_stream> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<tcp_stream>(fer_tcp_stream_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_tcp_stream_into_raw(get());
    }
};

/* A TCP socket that accepts connections. A member function m is fer_tcp_listener_m of tcp.h. */
class tcp_listener : public owned<fer_tcp_listener, fer_tcp_listener_close>
{
  public:
    using owned::owned;

    /* Listens on "host:port": resolves the name and uses the first address that can be bound. */
    static result<tcp_listener> bind(const char *host_port) noexcept
    {
        return detail::opened<tcp_listener>(fer_tcp_listener_bind, host_port);
    }

    /* Listens on one address. */
    static result<tcp_listener> bind_addr(const fer_socket_addr &addr) noexcept
    {
        return detail::opened<tcp_listener>(fer_tcp_listener_bind_addr, &addr);
    }

    /* Waits for a connection and accepts it. */
    result<tcp_stream> accept(fer_socket_addr *peer = nullptr) noexcept
    {
        return detail::opened_by<tcp_stream>(fer_tcp_listener_accept, get(), peer);
    }

    /* Accepts a queued connection and never waits, regardless of the blocking mode, and returns
     * its peer's address in *peer. */
    result<tcp_stream> try_accept(fer_socket_addr *peer = nullptr) noexcept
    {
        return detail::opened_by<tcp_stream>(fer_tcp_listener_try_accept, get(), peer);
    }

    /* Waits until a connection is queued: FER_READABLE. A listener is never writable. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_tcp_listener_ready, get(), interest, timeout);
    }

    /* Returns the listener's local address, with the actual port. */
    result<fer_socket_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_socket_addr>(fer_tcp_listener_local_addr, get());
    }

    /* Makes a second handle of the same listener. */
    result<tcp_listener> try_clone() noexcept
    {
        return detail::opened_by<tcp_listener>(fer_tcp_listener_try_clone, get());
    }

    /* Sets the time to live of packets, 1 to 255. */
    [[nodiscard]] fer_error set_ttl(std::uint32_t ttl) noexcept
    {
        return fer_tcp_listener_set_ttl(get(), ttl);
    }

    /* Returns the time to live. */
    result<std::uint32_t> ttl() const noexcept
    {
        return detail::value_of<std::uint32_t>(fer_tcp_listener_ttl, get());
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_tcp_listener_take_error, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_tcp_listener_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_tcp_listener_set_nonblocking(get(), nonblocking);
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_tcp_listener_as_raw(get());
    }

    /* Takes ownership of a listening stream socket that was made elsewhere, for example one
     * inherited from a service manager. */
    static result<tcp_listener> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<tcp_listener>(fer_tcp_listener_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_tcp_listener_into_raw(get());
    }
};

} // namespace ferrule

#endif

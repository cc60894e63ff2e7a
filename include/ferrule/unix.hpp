/* unix.hpp: the Unix sockets of unix.h as C++17 values. owned.hpp has the rules. */
#ifndef FERRULE_UNIX_HPP
#define FERRULE_UNIX_HPP

#include <cstddef>
#include <utility>

#include "ferrule/io.h"
#include "ferrule/owned.hpp"
#include "ferrule/unix.h"

namespace ferrule
{

/* A connection of Unix sockets. A member function m is fer_unix_stream_m of unix.h. */
class unix_stream : public owned<fer_unix_stream, fer_unix_stream_close>
{
  public:
    using owned::owned;

    /* Connects to the listener at a path. */
    static result<unix_stream> connect(const char *path) noexcept
    {
        return detail::opened<unix_stream>(fer_unix_stream_connect, path);
    }

    /* Connects to the listener at an address. */
    static result<unix_stream> connect_addr(const fer_unix_addr &addr) noexcept
    {
        return detail::opened<unix_stream>(fer_unix_stream_connect_addr, &addr);
    }

    /* Starts to connect to an address and does not wait for the result. */
    static result<unix_stream> connect_start(const fer_unix_addr &addr) noexcept
    {
        return detail::opened<unix_stream>(fer_unix_stream_connect_start, &addr);
    }

    /* Makes two unnamed streams that are connected to each other. */
    static result<std::pair<unix_stream, unix_stream>> pair() noexcept
    {
        std::pair<unix_stream, unix_stream> both;
        fer_error error = fer_unix_stream_pair(both.first.get(), both.second.get());
        return {error, std::move(both)};
    }

    /* Makes a second handle of the same connection. */
    result<unix_stream> try_clone() noexcept
    {
        return detail::opened_by<unix_stream>(fer_unix_stream_try_clone, get());
    }

    /* Makes a fer_stream that refers to this stream, for copy (io.hpp). The stream must outlive it
     * and stay at its address. */
    [[nodiscard]] fer_stream as_stream() noexcept
    {
        return fer_unix_stream_as_stream(get());
    }

    /* Returns the socket's local address. */
    result<fer_unix_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_unix_stream_local_addr, get());
    }

    /* Returns the connection's peer address. */
    result<fer_unix_addr> peer_addr() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_unix_stream_peer_addr, get());
    }

    /* Returns the user, the group and the process of the peer. */
    result<fer_unix_cred> peer_cred() const noexcept
    {
        return detail::value_of<fer_unix_cred>(fer_unix_stream_peer_cred, get());
    }

    /* Shuts down the read half, the write half or both, for this handle and its clones. */
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    {
        return fer_unix_stream_shutdown(get(), how);
    }

    /* Reads available bytes, at most as many as the buffer holds. */
    result<std::size_t> read(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_read, get(), buf.data(), buf.size());
    }

    /* Reads without consuming: the next read returns the same bytes again. */
    result<std::size_t> peek(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_peek, get(), buf.data(), buf.size());
    }

    /* Reads available bytes and never waits, regardless of the blocking mode and the timeouts. */
    result<std::size_t> try_read(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_try_read, get(), buf.data(),
                                             buf.size());
    }

    /* Reads into several buffers, and fills each one before the next. */
    result<std::size_t> read_vectored(view<const fer_io_slice_mut> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_read_vectored, get(), slices.data(),
                                             slices.size());
    }

    /* Reads into several buffers and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_read_vectored(view<const fer_io_slice_mut> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_try_read_vectored, get(),
                                             slices.data(), slices.size());
    }

    /* Fills the buffer, with as many reads as necessary. */
    result<std::size_t> read_exact(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_read_exact, get(), buf.data(),
                                             buf.size());
    }

    /* Reads until end of file into the buffer. */
    result<std::size_t> read_to_end(mutable_bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_read_to_end, get(), buf.data(),
                                             buf.size());
    }

    /* Writes bytes, at least one and at most all. */
    result<std::size_t> write(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_write, get(), buf.data(), buf.size());
    }

    /* Writes as many bytes as there is room for and never waits, regardless of the blocking mode
     * and the timeouts. */
    result<std::size_t> try_write(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_try_write, get(), buf.data(),
                                             buf.size());
    }

    /* Writes from several buffers, in order. */
    result<std::size_t> write_vectored(view<const fer_io_slice> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_write_vectored, get(), slices.data(),
                                             slices.size());
    }

    /* Writes from several buffers as many bytes as there is room for and never waits, regardless
     * of the blocking mode and the timeouts. */
    result<std::size_t> try_write_vectored(view<const fer_io_slice> slices) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_try_write_vectored, get(),
                                             slices.data(), slices.size());
    }

    /* Writes all bytes, with as many writes as necessary. */
    result<std::size_t> write_all(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_stream_write_all, get(), buf.data(),
                                             buf.size());
    }

    /* Sets the timeout of each single read. */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_unix_stream_set_read_timeout(get(), timeout);
    }

    /* Sets the timeout of each single write. */
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    {
        return fer_unix_stream_set_write_timeout(get(), timeout);
    }

    /* Returns the read timeout, in the OS's resolution. */
    result<fer_duration> read_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_unix_stream_read_timeout, get());
    }

    /* Returns the write timeout, in the OS's resolution. */
    result<fer_duration> write_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_unix_stream_write_timeout, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_unix_stream_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_unix_stream_set_nonblocking(get(), nonblocking);
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_unix_stream_take_error, get());
    }

    /* Waits until the stream is ready for at least one interest: FER_READABLE, FER_WRITABLE, or
     * both joined by |. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_unix_stream_ready, get(), interest, timeout);
    }

    /* Shuts down the write half, discards input until the peer's end of file, and closes the
     * handle. */
    [[nodiscard]] fer_error close_gracefully(fer_duration timeout) noexcept
    {
        return fer_unix_stream_close_gracefully(get(), timeout);
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_unix_stream_as_raw(get());
    }

    /* Takes ownership of a connected Unix stream socket that was made elsewhere. */
    static result<unix_stream> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<unix_stream>(fer_unix_stream_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_unix_stream_into_raw(get());
    }
};

/* A Unix socket that accepts connections. A member function m is fer_unix_listener_m of unix.h. */
class unix_listener : public owned<fer_unix_listener, fer_unix_listener_close>
{
  public:
    using owned::owned;

    /* Creates a path and listens there. */
    static result<unix_listener> bind(const char *path) noexcept
    {
        return detail::opened<unix_listener>(fer_unix_listener_bind, path);
    }

    /* Listens at an address. */
    static result<unix_listener> bind_addr(const fer_unix_addr &addr) noexcept
    {
        return detail::opened<unix_listener>(fer_unix_listener_bind_addr, &addr);
    }

    /* Waits for a connection and accepts it. */
    result<unix_stream> accept(fer_unix_addr *peer = nullptr) noexcept
    {
        return detail::opened_by<unix_stream>(fer_unix_listener_accept, get(), peer);
    }

    /* Accepts a queued connection and never waits, regardless of the blocking mode, and returns
     * its peer's address in *peer. */
    result<unix_stream> try_accept(fer_unix_addr *peer = nullptr) noexcept
    {
        return detail::opened_by<unix_stream>(fer_unix_listener_try_accept, get(), peer);
    }

    /* Waits until a connection is queued: FER_READABLE. A listener is never writable. */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_unix_listener_ready, get(), interest, timeout);
    }

    /* Makes a second handle of the same socket. */
    result<unix_listener> try_clone() noexcept
    {
        return detail::opened_by<unix_listener>(fer_unix_listener_try_clone, get());
    }

    /* Returns the socket's local address. */
    result<fer_unix_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_unix_listener_local_addr, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_unix_listener_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_unix_listener_set_nonblocking(get(), nonblocking);
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_unix_listener_take_error, get());
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_unix_listener_as_raw(get());
    }

    /* Takes ownership of a listening Unix stream socket that was made elsewhere. */
    static result<unix_listener> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<unix_listener>(fer_unix_listener_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_unix_listener_into_raw(get());
    }
};

/* A Unix datagram socket. A member function m is fer_unix_datagram_m of unix.h. */
class unix_datagram : public owned<fer_unix_datagram, fer_unix_datagram_close>
{
  public:
    using owned::owned;

    /* Creates a path and a socket that receives there. */
    static result<unix_datagram> bind(const char *path) noexcept
    {
        return detail::opened<unix_datagram>(fer_unix_datagram_bind, path);
    }

    /* Makes a socket that receives at an address. */
    static result<unix_datagram> bind_addr(const fer_unix_addr &addr) noexcept
    {
        return detail::opened<unix_datagram>(fer_unix_datagram_bind_addr, &addr);
    }

    /* Makes an unnamed socket: it can send, but no other socket can send to it. */
    static result<unix_datagram> unbound() noexcept
    {
        return detail::opened<unix_datagram>(fer_unix_datagram_unbound);
    }

    /* Makes two unnamed sockets that are connected to each other. */
    static result<std::pair<unix_datagram, unix_datagram>> pair() noexcept
    {
        std::pair<unix_datagram, unix_datagram> both;
        fer_error error = fer_unix_datagram_pair(both.first.get(), both.second.get());
        return {error, std::move(both)};
    }

    /* Makes the socket at a path this socket's peer: fer_unix_datagram_send sends to it, and
     * from now on only it can send to this socket. */
    [[nodiscard]] fer_error connect(const char *path) noexcept
    {
        return fer_unix_datagram_connect(get(), path);
    }

    /* Connects to the socket at an address. */
    [[nodiscard]] fer_error connect_addr(const fer_unix_addr &addr) noexcept
    {
        return fer_unix_datagram_connect_addr(get(), &addr);
    }

    /* Makes a second handle of the same socket. */
    result<unix_datagram> try_clone() noexcept
    {
        return detail::opened_by<unix_datagram>(fer_unix_datagram_try_clone, get());
    }

    /* Returns the socket's local address. */
    result<fer_unix_addr> local_addr() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_unix_datagram_local_addr, get());
    }

    /* Returns the connected socket's peer address. */
    result<fer_unix_addr> peer_addr() const noexcept
    {
        return detail::value_of<fer_unix_addr>(fer_unix_datagram_peer_addr, get());
    }

    /* Sends one datagram to the peer, whole or not at all. */
    result<std::size_t> send(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_datagram_send, get(), buf.data(), buf.size());
    }

    /* Sends one datagram to the socket at a path, whole or not at all. */
    result<std::size_t> send_to(bytes buf, const char *path) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_datagram_send_to, get(), buf.data(),
                                             buf.size(), path);
    }

    /* Sends one datagram to the socket at an address, whole or not at all. */
    result<std::size_t> send_to_addr(bytes buf, const fer_unix_addr &addr) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_datagram_send_to_addr, get(), buf.data(),
                                             buf.size(), &addr);
    }

    /* Receives one datagram. */
    result<fer_unix_received> recv_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_unix_received>(fer_unix_datagram_recv_from, get(), buf.data(),
                                                   buf.size());
    }

    /* Receives one datagram. */
    result<fer_unix_received> recv(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_unix_received>(fer_unix_datagram_recv, get(), buf.data(),
                                                   buf.size());
    }

    /* Sends one datagram to the peer and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_send(bytes buf) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_datagram_try_send, get(), buf.data(),
                                             buf.size());
    }

    /* Sends one datagram to an address and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<std::size_t> try_send_to_addr(bytes buf, const fer_unix_addr &addr) noexcept
    {
        return detail::value_of<std::size_t>(fer_unix_datagram_try_send_to_addr, get(), buf.data(),
                                             buf.size(), &addr);
    }

    /* Receives a queued datagram and never waits, regardless of the blocking mode and the
     * timeouts. */
    result<fer_unix_received> try_recv_from(mutable_bytes buf) noexcept
    {
        return detail::value_of<fer_unix_received>(fer_unix_datagram_try_recv_from, get(),
                                                   buf.data(), buf.size());
    }

    /* Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE). */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    {
        return detail::value_of<fer_interest>(fer_unix_datagram_ready, get(), interest, timeout);
    }

    /* Shuts down receiving, sending or both, for this handle and its clones. */
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    {
        return fer_unix_datagram_shutdown(get(), how);
    }

    /* Sets the timeout of each single receive call. */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_unix_datagram_set_read_timeout(get(), timeout);
    }

    /* Sets the timeout of each single send call. */
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    {
        return fer_unix_datagram_set_write_timeout(get(), timeout);
    }

    /* Returns the read timeout, in the OS's resolution. */
    result<fer_duration> read_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_unix_datagram_read_timeout, get());
    }

    /* Returns the write timeout, in the OS's resolution. */
    result<fer_duration> write_timeout() const noexcept
    {
        return detail::value_of<fer_duration>(fer_unix_datagram_write_timeout, get());
    }

    /* Sets the limits of the calls on this handle that wait: a deadline and a cancel token
     * (rules K1 to K6, cancel.h). */
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    {
        return fer_unix_datagram_set_limits(get(), &limits);
    }

    /* Sets nonblocking mode (true) or blocking mode (false). */
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    {
        return fer_unix_datagram_set_nonblocking(get(), nonblocking);
    }

    /* Takes the socket's pending error. */
    result<fer_error> take_error() noexcept
    {
        return detail::value_of<fer_error>(fer_unix_datagram_take_error, get());
    }

    /* Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is
     * none. */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept
    {
        return fer_unix_datagram_as_raw(get());
    }

    /* Takes ownership of a Unix datagram socket that was made elsewhere. */
    static result<unix_datagram> from_raw(fer_raw_socket raw) noexcept
    {
        return detail::opened<unix_datagram>(fer_unix_datagram_from_raw, raw);
    }

    /* Releases the raw socket to the caller and leaves a CLOSED handle. */
    fer_raw_socket into_raw() noexcept
    {
        return fer_unix_datagram_into_raw(get());
    }
};

} // namespace ferrule

#endif

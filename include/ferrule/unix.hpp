/* unix.hpp: unix.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_UNIX_HPP
#define FERRULE_UNIX_HPP

#include "ferrule/io.h"
#include "ferrule/owned.hpp"
#include "ferrule/unix.h"

namespace ferrule
{
/* clang-format off */

/* A connection of Unix sockets. A member function m is fer_unix_stream_m of unix.h. */
class unix_stream : public owned<fer_unix_stream, fer_unix_stream_close>
{
  public:
    using owned::owned;

    /* ---- Connecting */
    static result<unix_stream> connect(const char *path) noexcept
    { return detail::opened<unix_stream>(fer_unix_stream_connect, path); }
    static result<unix_stream> connect_addr(const fer_unix_addr &addr) noexcept
    { return detail::opened<unix_stream>(fer_unix_stream_connect_addr, &addr); }
    static result<unix_stream> connect_start(const fer_unix_addr &addr) noexcept
    { return detail::opened<unix_stream>(fer_unix_stream_connect_start, &addr); }
    static result<std::pair<unix_stream, unix_stream>> pair() noexcept
    { return detail::opened_pair<unix_stream>(fer_unix_stream_pair); }

    /* ---- Addresses, shutdown, clones */
    result<unix_stream> try_clone() noexcept
    { return made<unix_stream>(fer_unix_stream_try_clone); }
    result<fer_unix_addr> local_addr() const noexcept { return value(fer_unix_stream_local_addr); }
    result<fer_unix_addr> peer_addr() const noexcept { return value(fer_unix_stream_peer_addr); }
    result<fer_unix_cred> peer_cred() const noexcept { return value(fer_unix_stream_peer_cred); }
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    { return fer_unix_stream_shutdown(get(), how); }

    /* ---- Bytes */
    result<size_t> read(mutable_bytes buf) noexcept { return io(fer_unix_stream_read, buf); }
    result<size_t> peek(mutable_bytes buf) noexcept { return io(fer_unix_stream_peek, buf); }
    result<size_t> try_peek(mutable_bytes buf) noexcept
    { return io(fer_unix_stream_try_peek, buf); }
    result<size_t> try_read(mutable_bytes buf) noexcept
    { return io(fer_unix_stream_try_read, buf); }
    result<size_t> read_vectored(view<const fer_io_slice_mut> slices) noexcept
    { return io(fer_unix_stream_read_vectored, slices); }
    result<size_t> try_read_vectored(view<const fer_io_slice_mut> slices) noexcept
    { return io(fer_unix_stream_try_read_vectored, slices); }
    result<size_t> read_exact(mutable_bytes buf) noexcept
    { return io(fer_unix_stream_read_exact, buf); }
    result<size_t> read_to_end(mutable_bytes buf) noexcept
    { return io(fer_unix_stream_read_to_end, buf); }
    result<size_t> write(bytes buf) noexcept { return io(fer_unix_stream_write, buf); }
    result<size_t> try_write(bytes buf) noexcept { return io(fer_unix_stream_try_write, buf); }
    result<size_t> write_vectored(view<const fer_io_slice> slices) noexcept
    { return io(fer_unix_stream_write_vectored, slices); }
    result<size_t> try_write_vectored(view<const fer_io_slice> slices) noexcept
    { return io(fer_unix_stream_try_write_vectored, slices); }
    result<size_t> write_all(bytes buf) noexcept { return io(fer_unix_stream_write_all, buf); }

    /* ---- Handles, not on Windows */
    result<size_t> send_handles(bytes buf, view<const fer_raw_socket> handles) noexcept
    { return io(fer_unix_stream_send_handles, buf, handles.data(), handles.size()); }
    result<size_t> try_send_handles(bytes buf, view<const fer_raw_socket> handles) noexcept
    { return io(fer_unix_stream_try_send_handles, buf, handles.data(), handles.size()); }
    result<fer_unix_received_handles> recv_handles(mutable_bytes buf,
                                                   view<fer_raw_socket> handles) noexcept
    { return io(fer_unix_stream_recv_handles, buf, handles.data(), handles.size()); }
    result<fer_unix_received_handles> try_recv_handles(mutable_bytes buf,
                                                       view<fer_raw_socket> handles) noexcept
    { return io(fer_unix_stream_try_recv_handles, buf, handles.data(), handles.size()); }

    /* ---- Timeouts and modes, as in tcp.h */
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    { return fer_unix_stream_set_read_timeout(get(), timeout); }
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    { return fer_unix_stream_set_write_timeout(get(), timeout); }
    result<fer_duration> read_timeout() const noexcept
    { return value(fer_unix_stream_read_timeout); }
    result<fer_duration> write_timeout() const noexcept
    { return value(fer_unix_stream_write_timeout); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_unix_stream_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_unix_stream_set_nonblocking(get(), nonblocking); }
    result<fer_error> take_error() noexcept { return value(fer_unix_stream_take_error); }
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_unix_stream_ready, interest, timeout); }

    /* ---- Closing and raw sockets */
    [[nodiscard]] fer_error close_gracefully(fer_duration timeout) noexcept
    { return fer_unix_stream_close_gracefully(get(), timeout); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_unix_stream_as_raw(get()); }
    static result<unix_stream> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<unix_stream>(fer_unix_stream_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_unix_stream_into_raw(get()); }

    /* ---- Of io.h */
    [[nodiscard]] fer_stream as_stream() noexcept { return fer_unix_stream_as_stream(get()); }
};

/* A Unix socket that accepts connections. A member function m is fer_unix_listener_m of unix.h. */
class unix_listener : public owned<fer_unix_listener, fer_unix_listener_close>
{
  public:
    using owned::owned;
    static result<unix_listener> bind(const char *path) noexcept
    { return detail::opened<unix_listener>(fer_unix_listener_bind, path); }
    static result<unix_listener> bind_addr(const fer_unix_addr &addr) noexcept
    { return detail::opened<unix_listener>(fer_unix_listener_bind_addr, &addr); }
    result<unix_stream> accept(fer_unix_addr *peer = nullptr) noexcept
    { return made<unix_stream>(fer_unix_listener_accept, peer); }
    result<unix_stream> try_accept(fer_unix_addr *peer = nullptr) noexcept
    { return made<unix_stream>(fer_unix_listener_try_accept, peer); }
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_unix_listener_ready, interest, timeout); }
    result<unix_listener> try_clone() noexcept
    { return made<unix_listener>(fer_unix_listener_try_clone); }
    result<fer_unix_addr> local_addr() const noexcept
    { return value(fer_unix_listener_local_addr); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_unix_listener_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_unix_listener_set_nonblocking(get(), nonblocking); }
    result<fer_error> take_error() noexcept { return value(fer_unix_listener_take_error); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_unix_listener_as_raw(get()); }
    static result<unix_listener> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<unix_listener>(fer_unix_listener_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_unix_listener_into_raw(get()); }
};

/* A Unix datagram socket. A member function m is fer_unix_datagram_m of unix.h. */
class unix_datagram : public owned<fer_unix_datagram, fer_unix_datagram_close>
{
  public:
    using owned::owned;

    /* ---- Binding and connecting, not on Windows */
    static result<unix_datagram> bind(const char *path) noexcept
    { return detail::opened<unix_datagram>(fer_unix_datagram_bind, path); }
    static result<unix_datagram> bind_addr(const fer_unix_addr &addr) noexcept
    { return detail::opened<unix_datagram>(fer_unix_datagram_bind_addr, &addr); }
    static result<unix_datagram> unbound() noexcept
    { return detail::opened<unix_datagram>(fer_unix_datagram_unbound); }
    static result<std::pair<unix_datagram, unix_datagram>> pair() noexcept
    { return detail::opened_pair<unix_datagram>(fer_unix_datagram_pair); }
    [[nodiscard]] fer_error connect(const char *path) noexcept
    { return fer_unix_datagram_connect(get(), path); }
    [[nodiscard]] fer_error connect_addr(const fer_unix_addr &addr) noexcept
    { return fer_unix_datagram_connect_addr(get(), &addr); }

    /* ---- Addresses and clones */
    result<unix_datagram> try_clone() noexcept
    { return made<unix_datagram>(fer_unix_datagram_try_clone); }
    result<fer_unix_addr> local_addr() const noexcept
    { return value(fer_unix_datagram_local_addr); }
    result<fer_unix_addr> peer_addr() const noexcept { return value(fer_unix_datagram_peer_addr); }

    /* ---- Sending and receiving */
    result<size_t> send(bytes buf) noexcept { return io(fer_unix_datagram_send, buf); }
    result<size_t> send_to(bytes buf, const char *path) noexcept
    { return io(fer_unix_datagram_send_to, buf, path); }
    result<size_t> send_to_addr(bytes buf, const fer_unix_addr &addr) noexcept
    { return io(fer_unix_datagram_send_to_addr, buf, &addr); }
    result<fer_unix_received> recv_from(mutable_bytes buf) noexcept
    { return io(fer_unix_datagram_recv_from, buf); }
    result<fer_unix_received> recv(mutable_bytes buf) noexcept
    { return io(fer_unix_datagram_recv, buf); }
    result<size_t> try_send(bytes buf) noexcept { return io(fer_unix_datagram_try_send, buf); }
    result<size_t> try_send_to_addr(bytes buf, const fer_unix_addr &addr) noexcept
    { return io(fer_unix_datagram_try_send_to_addr, buf, &addr); }
    result<fer_unix_received> try_recv_from(mutable_bytes buf) noexcept
    { return io(fer_unix_datagram_try_recv_from, buf); }
    result<size_t> send_handles(bytes buf, view<const fer_raw_socket> handles,
                                const fer_unix_addr *receiver = nullptr) noexcept
    { return io(fer_unix_datagram_send_handles, buf, handles.data(), handles.size(), receiver); }
    result<fer_unix_received_handles> recv_handles(mutable_bytes buf,
                                                   view<fer_raw_socket> handles) noexcept
    { return io(fer_unix_datagram_recv_handles, buf, handles.data(), handles.size()); }

    /* ---- Timeouts and modes, as in tcp.h */
    result<fer_interest> ready(fer_interest interest, fer_duration timeout) const noexcept
    { return value(fer_unix_datagram_ready, interest, timeout); }
    [[nodiscard]] fer_error shutdown(fer_shutdown how) noexcept
    { return fer_unix_datagram_shutdown(get(), how); }
    [[nodiscard]] fer_error set_read_timeout(fer_duration timeout) noexcept
    { return fer_unix_datagram_set_read_timeout(get(), timeout); }
    [[nodiscard]] fer_error set_write_timeout(fer_duration timeout) noexcept
    { return fer_unix_datagram_set_write_timeout(get(), timeout); }
    result<fer_duration> read_timeout() const noexcept
    { return value(fer_unix_datagram_read_timeout); }
    result<fer_duration> write_timeout() const noexcept
    { return value(fer_unix_datagram_write_timeout); }
    [[nodiscard]] fer_error set_limits(const fer_limits &limits) noexcept
    { return fer_unix_datagram_set_limits(get(), &limits); }
    [[nodiscard]] fer_error set_nonblocking(bool nonblocking) noexcept
    { return fer_unix_datagram_set_nonblocking(get(), nonblocking); }
    result<fer_error> take_error() noexcept { return value(fer_unix_datagram_take_error); }

    /* ---- Closing and raw sockets */
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_unix_datagram_as_raw(get()); }
    static result<unix_datagram> from_raw(fer_raw_socket raw) noexcept
    { return detail::opened<unix_datagram>(fer_unix_datagram_from_raw, raw); }
    [[nodiscard]] fer_raw_socket into_raw() noexcept { return fer_unix_datagram_into_raw(get()); }
};

/* clang-format on */
} // namespace ferrule

#endif

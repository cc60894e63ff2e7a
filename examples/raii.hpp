/* raii.hpp: ferrule's handles as C++17 values: move-only, closed by the destructor, errors as
 * return values. It needs no exceptions, virtual functions or allocation. Copy and extend it: get()
 * gives the handle for any function of ferrule. */
#ifndef RAII_HPP
#define RAII_HPP

#include <cstddef>
#include <string_view>
#include <utility>

#include "ferrule.h"

namespace raii
{

/* An error or a value, as Rust's Result. The value is valid only if the result is true. */
template <typename Value> class [[nodiscard]] result
{
  public:
    result(fer_error error) noexcept : error_(error)
    {
    }
    result(Value value) noexcept : value_(std::move(value))
    {
    }

    explicit operator bool() const noexcept
    {
        return error_.kind == FER_OK;
    }
    fer_error error() const noexcept
    {
        return error_;
    }
    Value &operator*() noexcept
    {
        return value_;
    }
    Value *operator->() noexcept
    {
        return &value_;
    }

  private:
    fer_error error_{FER_OK, 0};
    Value value_{};
};

/* Owns a handle. Copying a handle of ferrule moves it, so a move copies the bytes and leaves a new
 * handle, and copying is deleted. Do not move or destroy a handle that another thread is using. */
template <typename Handle, void (*close_handle)(Handle *)> class owned
{
  public:
    owned() noexcept = default;
    ~owned()
    {
        close_handle(&handle_);
    }
    owned(owned &&other) noexcept : handle_(other.release())
    {
    }
    owned(const owned &) = delete;
    owned &operator=(const owned &) = delete;

    owned &operator=(owned &&other) noexcept
    {
        if (this != &other) {
            close_handle(&handle_);
            handle_ = other.release();
        }
        return *this;
    }

    Handle *get() noexcept
    {
        return &handle_;
    }

    /* Releases ownership: the caller closes the returned handle. */
    Handle release() noexcept
    {
        return std::exchange(handle_, Handle{});
    }

  private:
    Handle handle_{};
};

using unix_stream = owned<fer_unix_stream, fer_unix_stream_close>;
using unix_listener = owned<fer_unix_listener, fer_unix_listener_close>;
using unix_datagram = owned<fer_unix_datagram, fer_unix_datagram_close>;

class tcp_stream : public owned<fer_tcp_stream, fer_tcp_stream_close>
{
  public:
    static result<tcp_stream> connect(const fer_socket_addr &addr, fer_duration timeout) noexcept
    {
        tcp_stream stream;
        fer_error error = fer_tcp_stream_connect_timeout(stream.get(), &addr, timeout);
        return error.kind == FER_OK ? result<tcp_stream>(std::move(stream)) : error;
    }

    /* The timeout of each single read and each single write. */
    fer_error set_timeouts(fer_duration timeout) noexcept
    {
        FER_TRY(fer_tcp_stream_set_read_timeout(get(), timeout));
        return fer_tcp_stream_set_write_timeout(get(), timeout);
    }

    result<std::size_t> read(void *buf, std::size_t len) noexcept
    {
        std::size_t n = 0;
        fer_error error = fer_tcp_stream_read(get(), buf, len, &n);
        return error.kind == FER_OK ? result<std::size_t>(n) : error;
    }

    fer_error write_all(std::string_view bytes) noexcept
    {
        return fer_tcp_stream_write_all(get(), bytes.data(), bytes.size(), nullptr);
    }

    fer_error shutdown(fer_shutdown how) noexcept
    {
        return fer_tcp_stream_shutdown(get(), how);
    }
    fer_stream as_stream() noexcept
    {
        return fer_tcp_stream_as_stream(get());
    }
};

class tcp_listener : public owned<fer_tcp_listener, fer_tcp_listener_close>
{
  public:
    static result<tcp_listener> bind(const char *host_port) noexcept
    {
        tcp_listener listener;
        fer_error error = fer_tcp_listener_bind(listener.get(), host_port);
        return error.kind == FER_OK ? result<tcp_listener>(std::move(listener)) : error;
    }

    result<tcp_stream> accept() noexcept
    {
        tcp_stream stream;
        fer_error error = fer_tcp_listener_accept(get(), stream.get(), nullptr);
        return error.kind == FER_OK ? result<tcp_stream>(std::move(stream)) : error;
    }

    result<fer_socket_addr> local_addr() noexcept
    {
        fer_socket_addr addr{};
        fer_error error = fer_tcp_listener_local_addr(get(), &addr);
        return error.kind == FER_OK ? result<fer_socket_addr>(addr) : error;
    }
};

class udp_socket : public owned<fer_udp_socket, fer_udp_socket_close>
{
  public:
    static result<udp_socket> bind(const char *host_port) noexcept
    {
        udp_socket socket;
        fer_error error = fer_udp_socket_bind(socket.get(), host_port);
        return error.kind == FER_OK ? result<udp_socket>(std::move(socket)) : error;
    }

    result<fer_socket_addr> local_addr() noexcept
    {
        fer_socket_addr addr{};
        fer_error error = fer_udp_socket_local_addr(get(), &addr);
        return error.kind == FER_OK ? result<fer_socket_addr>(addr) : error;
    }

    fer_error set_read_timeout(fer_duration timeout) noexcept
    {
        return fer_udp_socket_set_read_timeout(get(), timeout);
    }

    fer_error send_to(std::string_view bytes, const fer_socket_addr &addr) noexcept
    {
        return fer_udp_socket_send_to(get(), bytes.data(), bytes.size(), &addr, nullptr);
    }

    result<fer_datagram> recv_from(void *buf, std::size_t len) noexcept
    {
        fer_datagram got{};
        fer_error error = fer_udp_socket_recv_from(get(), buf, len, &got);
        return error.kind == FER_OK ? result<fer_datagram>(got) : error;
    }
};

} // namespace raii

#endif

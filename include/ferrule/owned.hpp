/* owned.hpp: what the C++17 headers of ferrule share: results, views of memory, and owners of
 * handles. The following holds for all of them.
 *
 * Names. Class ferrule::tcp_stream owns a fer_tcp_stream, and stream.read(buf) is
 * fer_tcp_stream_read. The C header documents what a function does, how long it blocks, what it
 * owns, its errors and its threads. Two names are keywords of C++: `new` is open, and `delete` is
 * remove. Other types (fer_error, fer_socket_addr, fer_duration, fer_limits) are those of C. The
 * members that only forward are a table without comments.
 *
 * Errors. A function without a value returns a fer_error, so FER_TRY works. Any other function
 * returns a result. Compilers warn if either is discarded. No function throws, and none allocates
 * more than its C function.
 *
 * Ownership. The destructor closes the handle. A move leaves a NEW handle, on which every call is
 * defined, and copying is deleted. Do not move or destroy a handle while another thread uses it.
 *
 * Memory. Buffers are passed as bytes and mutable_bytes, arrays as view. All three are made
 * implicitly from an array, a std::span, a std::array or a std::vector, and from {pointer, size};
 * bytes also from a std::string_view. They own nothing and are used during the call only. */
#ifndef FERRULE_OWNED_HPP
#define FERRULE_OWNED_HPP

/* cl.exe defines __cplusplus as C++98 unless it is called with /Zc:__cplusplus. */
#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "ferrule's C++ headers need C++17 (-std=c++17, /std:c++17); in older C++, include ferrule.h"
#endif

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/error.h"

namespace ferrule
{

/* An error and a value. After an error the value is a NEW handle or zero, and may be used without
 * undefined behaviour. Only a number of bytes or messages is that of C's out-pointer after an error
 * too: read_exact, write_all, send_batch and their like report what was moved. */
template <typename Value> class [[nodiscard]] result
{
  public:
    result(fer_error error) noexcept : error_(error) {}
    result(fer_error error, Value value) noexcept : error_(error), value_(std::move(value)) {}

    explicit operator bool() const noexcept { return error_.kind == FER_OK; }
    fer_error error() const noexcept { return error_; }
    Value &operator*() &noexcept { return value_; }
    const Value &operator*() const &noexcept { return value_; }
    Value &&operator*() &&noexcept { return std::move(value_); }
    Value *operator->() noexcept { return &value_; }
    const Value *operator->() const noexcept { return &value_; }

  private:
    fer_error error_{FER_OK, 0};
    Value value_{};
};

namespace detail
{

/* The type of the elements of a range in one block of memory. */
template <typename Range>
using element = std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))>;

/* size bytes at data. Void is void or const void. */
template <typename Void> class memory
{
  public:
    constexpr memory(Void *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <typename Range, typename Element = element<Range>,
              typename = std::enable_if_t<std::is_convertible_v<Element *, Void *> &&
                                          std::is_trivially_copyable_v<Element>>>
    constexpr memory(Range &&range) noexcept
        : data_(std::data(range)), size_(std::size(range) * sizeof(Element))
    {
    }

    constexpr Void *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }

  private:
    Void *data_;
    std::size_t size_;
};

/* Calls a function of C whose last parameter is an out-pointer. */
template <typename... Parameters, typename... Arguments>
auto value_of(fer_error (*function)(Parameters...), Arguments... arguments) noexcept
{
    using out = std::tuple_element_t<sizeof...(Arguments), std::tuple<Parameters...>>;
    std::remove_pointer_t<out> value{};
    fer_error error = function(arguments..., &value);
    return result<decltype(value)>{error, value};
}

/* Calls a function that opens its first argument. */
template <typename Owner, typename Function, typename... Arguments>
result<Owner> opened(Function function, Arguments... arguments) noexcept
{
    Owner owner;
    fer_error error = function(owner.get(), arguments...);
    return {error, std::move(owner)};
}

/* Calls a function that opens both its arguments. */
template <typename Owner, typename Function>
result<std::pair<Owner, Owner>> opened_pair(Function function) noexcept
{
    std::pair<Owner, Owner> both;
    fer_error error = function(both.first.get(), both.second.get());
    return {error, std::move(both)};
}

} // namespace detail

/* size elements of type T at data. */
template <typename T> class view
{
  public:
    constexpr view() noexcept = default;
    constexpr view(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <typename Range, typename = std::enable_if_t<
                                  std::is_convertible_v<detail::element<Range> (*)[], T (*)[]>>>
    constexpr view(Range &&range) noexcept : data_(std::data(range)), size_(std::size(range))
    {
    }

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* A buffer that a call fills. */
class mutable_bytes : public detail::memory<void>
{
  public:
    using memory::memory;
};

/* The bytes that a call sends. A string literal is refused, because the bytes of its array include
 * the NUL: use a std::string_view. */
class bytes : public detail::memory<const void>
{
  public:
    using memory::memory;
    template <std::size_t N> bytes(const char (&literal)[N]) = delete;
};

/* Owns an object of C, which stays at its address. */
template <typename Object, void (*close_object)(Object *)> class pinned
{
  public:
    pinned() noexcept = default;
    pinned(const pinned &) = delete;
    pinned &operator=(const pinned &) = delete;
    ~pinned() { close_object(&object_); }

    /* Closes the object before its destructor does. It may be called more than once. */
    void close() noexcept { close_object(&object_); }

    /* Returns the object for a function of C. This object still owns it. */
    Object *get() noexcept { return &object_; }
    const Object *get() const noexcept { return &object_; }

  protected:
    explicit pinned(const Object &object) noexcept : object_(object) {}

    /* Calls a function of the object whose last parameter is an out-pointer. */
    template <typename Function, typename... Arguments>
    auto value(Function function, Arguments... arguments) noexcept
    {
        return detail::value_of(function, &object_, arguments...);
    }
    template <typename Function, typename... Arguments>
    auto value(Function function, Arguments... arguments) const noexcept
    {
        return detail::value_of(function, &object_, arguments...);
    }

    /* The same for a function that moves the bytes or the elements of a range. */
    template <typename Function, typename Range, typename... Arguments>
    auto io(Function function, Range range, Arguments... arguments) noexcept
    {
        return detail::value_of(function, &object_, range.data(), range.size(), arguments...);
    }

    /* Calls a function of the object that opens its second argument. */
    template <typename Owner, typename Function, typename... Arguments>
    result<Owner> made(Function function, Arguments... arguments) noexcept
    {
        Owner owner;
        fer_error error = function(&object_, owner.get(), arguments...);
        return {error, std::move(owner)};
    }

  private:
    Object object_{};
};

/* Owns a handle. Copying a handle of ferrule moves it, so a move copies the bytes and leaves a NEW
 * handle. */
template <typename Handle, void (*close_handle)(Handle *)>
class owned : public pinned<Handle, close_handle>
{
  public:
    owned() noexcept = default;

    /* Takes ownership of a handle of C. */
    explicit owned(const Handle &handle) noexcept : pinned<Handle, close_handle>(handle) {}
    owned(owned &&other) noexcept : pinned<Handle, close_handle>(other.release()) {}

    /* Closes the own handle first. A move to itself changes nothing. */
    owned &operator=(owned &&other) noexcept
    {
        if (this != &other) {
            this->close();
            *this->get() = other.release();
        }
        return *this;
    }

    /* Releases ownership: the caller closes the returned handle. */
    [[nodiscard]] Handle release() noexcept { return std::exchange(*this->get(), Handle{}); }
};

} // namespace ferrule

#endif

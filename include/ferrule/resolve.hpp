/* resolve.hpp: the lookups of resolve.h in C++17. owned.hpp has the rules. Each result is the
 * number of addresses found, and as many of them are stored as the array holds. */
#ifndef FERRULE_RESOLVE_HPP
#define FERRULE_RESOLVE_HPP

#include <cstddef>
#include <cstdint>

#include "ferrule/owned.hpp"
#include "ferrule/poller.hpp"
#include "ferrule/resolve.h"

namespace ferrule
{

/* The lookup of one name. A member function m is fer_lookup_m of resolve.h. */
class lookup : public owned<fer_lookup, fer_lookup_close>
{
  public:
    using owned::owned;

    /* Waits until the lookup is done, and returns its result. */
    result<std::size_t> wait(fer_duration timeout, view<fer_socket_addr> addrs) noexcept
    {
        return detail::value_of<std::size_t>(fer_lookup_wait, get(), timeout, addrs.data(),
                                             addrs.size());
    }
};

/* A resolver. A member function m is fer_resolver_m of resolve.h. */
class resolver : public owned<fer_resolver, fer_resolver_close>
{
  public:
    using owned::owned;

    /* Makes a resolver with the default options. */
    static result<resolver> open() noexcept
    {
        return detail::opened<resolver>(fer_resolver_new, nullptr);
    }

    static result<resolver> open(const fer_resolver_options &options) noexcept
    {
        return detail::opened<resolver>(fer_resolver_new, &options);
    }

    /* Starts a lookup of "host:port" and returns immediately. take_completed returns the key when
     * the lookup is done. */
    result<lookup> start(const char *host_port, std::uint64_t key = 0,
                         const fer_lookup_options *options = nullptr) noexcept
    {
        return started(fer_resolver_start, host_port, options, nullptr, key);
    }

    /* The same, and notifies the poller when the lookup is done. The poller stays OPEN and at its
     * address until the lookup is closed. */
    result<lookup> start(const char *host_port, poller &notified, std::uint64_t key,
                         const fer_lookup_options *options = nullptr) noexcept
    {
        return started(fer_resolver_start, host_port, options, notified.get(), key);
    }

    /* The same for the addresses of host, each with the given port. */
    result<lookup> start_host(const char *host, std::uint16_t port, std::uint64_t key = 0,
                              const fer_lookup_options *options = nullptr) noexcept
    {
        return started(fer_resolver_start_host, host, port, options, nullptr, key);
    }

    result<lookup> start_host(const char *host, std::uint16_t port, poller &notified,
                              std::uint64_t key,
                              const fer_lookup_options *options = nullptr) noexcept
    {
        return started(fer_resolver_start_host, host, port, options, notified.get(), key);
    }

    /* Stores the keys of lookups without a poller that are done, and returns their number. If it
     * is the size of the array, there may be more. */
    result<std::size_t> take_completed(view<std::uint64_t> keys) noexcept
    {
        return detail::value_of<std::size_t>(fer_resolver_take_completed, get(), nullptr,
                                             keys.data(), keys.size());
    }

    /* The same, for the lookups that notify this poller. */
    result<std::size_t> take_completed(const poller &notified, view<std::uint64_t> keys) noexcept
    {
        return detail::value_of<std::size_t>(fer_resolver_take_completed, get(), notified.get(),
                                             keys.data(), keys.size());
    }

  private:
    template <typename Function, typename... Arguments>
    result<lookup> started(Function function, Arguments... arguments) noexcept
    {
        lookup made;
        fer_error error = function(get(), arguments..., made.get());
        return {error, std::move(made)};
    }
};

/* Converts "host:port" to socket addresses (fer_to_socket_addrs). */
inline result<std::size_t> to_socket_addrs(const char *host_port,
                                           view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_to_socket_addrs, host_port, addrs.data(),
                                         addrs.size());
}

/* Looks up the addresses of host, each with the given port (fer_lookup_host). */
inline result<std::size_t> lookup_host(const char *host, std::uint16_t port,
                                       view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_lookup_host, host, port, addrs.data(), addrs.size());
}

/* Same as to_socket_addrs, within limits, with a resolver, or for one family
 * (fer_to_socket_addrs_with). */
inline result<std::size_t> to_socket_addrs_with(const char *host_port,
                                                const fer_lookup_options &options,
                                                view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_to_socket_addrs_with, host_port, &options,
                                         addrs.data(), addrs.size());
}

/* Same as lookup_host, with the same options (fer_lookup_host_with). */
inline result<std::size_t> lookup_host_with(const char *host, std::uint16_t port,
                                            const fer_lookup_options &options,
                                            view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_lookup_host_with, host, port, &options, addrs.data(),
                                         addrs.size());
}

} // namespace ferrule

#endif

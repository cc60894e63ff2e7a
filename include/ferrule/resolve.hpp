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

    /* Makes a resolver that runs up to `threads` lookups at once, with up to `queue_cap` more in
     * its queue. */
    static result<resolver> open(std::size_t threads, std::size_t queue_cap) noexcept
    {
        return detail::opened<resolver>(fer_resolver_new, threads, queue_cap);
    }

    /* Starts a lookup of "host:port" and returns immediately. */
    result<lookup> start(const char *host_port) noexcept
    {
        return start_for(host_port, nullptr);
    }

    /* The same, and notifies the poller when the lookup is done. The poller stays OPEN and at its
     * address until the lookup is closed. */
    result<lookup> start(const char *host_port, poller &notified) noexcept
    {
        return start_for(host_port, notified.get());
    }

    /* Starts a lookup with a key that take_completed returns when the lookup is done. */
    result<lookup> start_with_key(const char *host_port, std::uint64_t key) noexcept
    {
        return start_with_key_for(host_port, nullptr, key);
    }

    /* The same, and notifies the poller when the lookup is done, as start does. */
    result<lookup> start_with_key(const char *host_port, poller &notified,
                                  std::uint64_t key) noexcept
    {
        return start_with_key_for(host_port, notified.get(), key);
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
    result<lookup> start_for(const char *host_port, fer_poller *notified) noexcept
    {
        lookup started;
        fer_error error = fer_resolver_start(get(), host_port, notified, started.get());
        return {error, std::move(started)};
    }

    result<lookup> start_with_key_for(const char *host_port, fer_poller *notified,
                                      std::uint64_t key) noexcept
    {
        lookup started;
        fer_error error =
            fer_resolver_start_with_key(get(), host_port, notified, key, started.get());
        return {error, std::move(started)};
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

/* Same as to_socket_addrs, within limits (fer_to_socket_addrs_within). */
inline result<std::size_t> to_socket_addrs_within(const char *host_port, const fer_limits &limits,
                                                  view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_to_socket_addrs_within, host_port, &limits, nullptr,
                                         addrs.data(), addrs.size());
}

/* The same, with a resolver, which bounds the threads of abandoned lookups. */
inline result<std::size_t> to_socket_addrs_within(const char *host_port, const fer_limits &limits,
                                                  resolver &with,
                                                  view<fer_socket_addr> addrs) noexcept
{
    return detail::value_of<std::size_t>(fer_to_socket_addrs_within, host_port, &limits, with.get(),
                                         addrs.data(), addrs.size());
}

} // namespace ferrule

#endif

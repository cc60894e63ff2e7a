/* resolve.hpp: resolve.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_RESOLVE_HPP
#define FERRULE_RESOLVE_HPP

#include "ferrule/owned.hpp"
#include "ferrule/poller.hpp"
#include "ferrule/resolve.h"

namespace ferrule
{
/* clang-format off */

/* The lookup of one name. A member function m is fer_lookup_m of resolve.h. */
class lookup : public owned<fer_lookup, fer_lookup_close>
{
  public:
    using owned::owned;
    result<size_t> wait(fer_duration timeout, view<fer_socket_addr> addrs) noexcept
    { return value(fer_lookup_wait, timeout, addrs.data(), addrs.size()); }
};

/* A resolver. A member function m is fer_resolver_m of resolve.h. */
class resolver : public owned<fer_resolver, fer_resolver_close>
{
  public:
    using owned::owned;
    static result<resolver> open() noexcept
    { return detail::opened<resolver>(fer_resolver_new, nullptr); }
    static result<resolver> open(const fer_resolver_options &options) noexcept
    { return detail::opened<resolver>(fer_resolver_new, &options); }

    /* Starts a lookup and returns immediately. take_completed returns its key when it is done. With
     * a poller, the end of the lookup also notifies it: the poller stays OPEN and at its address
     * until the lookup is closed. */
    result<lookup> start(const char *host_port, uint64_t key = 0,
                         const fer_lookup_options *options = nullptr) noexcept
    { return started(fer_resolver_start, host_port, options, nullptr, key); }
    result<lookup> start(const char *host_port, poller &notified, uint64_t key,
                         const fer_lookup_options *options = nullptr) noexcept
    { return started(fer_resolver_start, host_port, options, notified.get(), key); }
    result<lookup> start_host(const char *host, uint16_t port, uint64_t key = 0,
                              const fer_lookup_options *options = nullptr) noexcept
    { return started(fer_resolver_start_host, host, port, options, nullptr, key); }
    result<lookup> start_host(const char *host, uint16_t port, poller &notified, uint64_t key,
                              const fer_lookup_options *options = nullptr) noexcept
    { return started(fer_resolver_start_host, host, port, options, notified.get(), key); }

    /* Stores the keys of lookups that are done, of those without a poller or of those with this
     * one, and returns their number. If it is the size of the array, there may be more. */
    result<size_t> take_completed(view<uint64_t> keys) noexcept
    { return value(fer_resolver_take_completed, nullptr, keys.data(), keys.size()); }
    result<size_t> take_completed(const poller &notified, view<uint64_t> keys) noexcept
    { return value(fer_resolver_take_completed, notified.get(), keys.data(), keys.size()); }
    [[nodiscard]] fer_error close_gracefully(const fer_limits *limits = nullptr) noexcept
    { return fer_resolver_close_gracefully(get(), limits); }

  private:
    template <typename Function, typename... Arguments>
    result<lookup> started(Function function, Arguments... arguments) noexcept
    {
        lookup made;
        fer_error error = function(get(), arguments..., made.get());
        return {error, std::move(made)};
    }
};

/* A function f is fer_f of resolve.h. */
inline result<size_t> to_socket_addrs(const char *host_port, view<fer_socket_addr> addrs) noexcept
{ return detail::value_of(fer_to_socket_addrs, host_port, addrs.data(), addrs.size()); }
inline result<size_t> lookup_host(const char *host, uint16_t port,
                                  view<fer_socket_addr> addrs) noexcept
{ return detail::value_of(fer_lookup_host, host, port, addrs.data(), addrs.size()); }

inline result<size_t> to_socket_addrs_with(const char *host_port, const fer_lookup_options &options,
                                           view<fer_socket_addr> addrs) noexcept
{ return detail::value_of(fer_to_socket_addrs_with, host_port, &options, addrs.data(),
                          addrs.size()); }
inline result<size_t> lookup_host_with(const char *host, uint16_t port,
                                       const fer_lookup_options &options,
                                       view<fer_socket_addr> addrs) noexcept
{ return detail::value_of(fer_lookup_host_with, host, port, &options, addrs.data(), addrs.size()); }

/* clang-format on */
} // namespace ferrule

#endif

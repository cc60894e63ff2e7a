/* poller.hpp: poller.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_POLLER_HPP
#define FERRULE_POLLER_HPP

#include "ferrule/owned.hpp"
#include "ferrule/poller.h"

namespace ferrule
{
/* clang-format off */

/* The end of a wait: the number of events, and whether a notification has woken it. */
struct poller_wake {
    std::size_t count;
    bool notified;
};

/* A poller. A member function m is fer_poller_m of poller.h. It must stay at its address while a
 * lookup or a connector uses it. */
class poller : public owned<fer_poller, fer_poller_close>
{
  public:
    using owned::owned;
    static result<poller> open() noexcept { return detail::opened<poller>(fer_poller_new); }
    [[nodiscard]] fer_error add(fer_raw_socket raw, fer_event event, fer_poll_mode mode) noexcept
    { return fer_poller_add(get(), raw, event, mode); }
    [[nodiscard]] fer_error modify(fer_raw_socket raw, fer_event event, fer_poll_mode mode) noexcept
    { return fer_poller_modify(get(), raw, event, mode); }
    [[nodiscard]] fer_error remove(fer_raw_socket raw) noexcept
    { return fer_poller_delete(get(), raw); }

    /* Waits until a socket is ready, the poller is notified or the timeout expires. */
    result<std::size_t> wait(fer_duration timeout, view<fer_event> events) noexcept
    {
        auto wake = wait_notified(timeout, events);
        return {wake.error(), wake->count};
    }

    /* Waits as wait does, and returns also whether a notification has woken this wait. */
    result<poller_wake> wait_notified(fer_duration timeout, view<fer_event> events) noexcept
    {
        poller_wake wake{};
        fer_error error = fer_poller_wait(get(), timeout, events.data(), events.size(), &wake.count,
                                          &wake.notified);
        return {error, wake};
    }
    [[nodiscard]] fer_error set_interruptible(bool interruptible) noexcept
    { return fer_poller_set_interruptible(get(), interruptible); }
    [[nodiscard]] fer_error notify() noexcept { return fer_poller_notify(get()); }

    /* ---- A poller in another loop (GLib, Qt, libuv, libevent, poll) */
    [[nodiscard]] fer_raw_socket as_raw() noexcept { return fer_poller_as_raw(get()); }
    result<fer_duration> next_timeout() const noexcept { return value(fer_poller_next_timeout); }
};

/* A function f is fer_f of poller.h. */
inline result<size_t> poll(view<fer_poll_entry> entries, fer_duration timeout,
                           const fer_limits *limits = nullptr) noexcept
{ return detail::value_of(fer_poll, entries.data(), entries.size(), timeout, limits); }

/* clang-format on */
} // namespace ferrule

#endif

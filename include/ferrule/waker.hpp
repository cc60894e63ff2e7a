/* waker.hpp: waker.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_WAKER_HPP
#define FERRULE_WAKER_HPP

#include "ferrule/owned.hpp"
#include "ferrule/waker.h"

namespace ferrule
{
/* clang-format off */

/* A waker. A member function m is fer_waker_m of waker.h. It must stay at its address while a
 * lookup has it (fer_lookup_options.waker is get()). */
class waker : public owned<fer_waker, fer_waker_close>
{
  public:
    using owned::owned;
    static result<waker> open() noexcept { return detail::opened<waker>(fer_waker_new); }
    [[nodiscard]] fer_error wake() noexcept { return fer_waker_wake(get()); }
    [[nodiscard]] fer_error clear() noexcept { return fer_waker_clear(get()); }
    [[nodiscard]] fer_raw_socket as_raw() const noexcept { return fer_waker_as_raw(get()); }
};

/* clang-format on */
} // namespace ferrule

#endif

/* cancel.hpp: cancel.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_CANCEL_HPP
#define FERRULE_CANCEL_HPP

#include "ferrule/cancel.h"
#include "ferrule/owned.hpp"

namespace ferrule
{
/* clang-format off */

/* Makes limits. */
inline fer_limits limits(fer_instant deadline, fer_cancel_token *token = nullptr,
                         bool interruptible = false) noexcept
{ return {deadline, token, interruptible, {}}; }

/* A cancel token. A member function m is fer_cancel_token_m of cancel.h. It can be neither copied
 * nor moved, because limits refer to it by its address:
 *
 *     ferrule::cancel_token stop;
 *     FER_TRY(stop.open());
 *     auto deadline = fer_instant_after(fer_duration_from_secs(3));
 *     FER_TRY(stream.set_limits(ferrule::limits(deadline, stop.get())));
 *
 * Declare it before the handles that it limits, so that their destructors run first. */
class cancel_token : public pinned<fer_cancel_token, fer_cancel_token_close>
{
  public:
    [[nodiscard]] fer_error open() noexcept { return fer_cancel_token_new(get()); }
    [[nodiscard]] fer_error cancel() noexcept { return fer_cancel_token_cancel(get()); }
    [[nodiscard]] bool is_cancelled() const noexcept
    { return fer_cancel_token_is_cancelled(get()); }
    [[nodiscard]] fer_error reset() noexcept { return fer_cancel_token_reset(get()); }
};

/* clang-format on */
} // namespace ferrule

#endif

/* connector.hpp: connector.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the
 * rules. */
#ifndef FERRULE_CONNECTOR_HPP
#define FERRULE_CONNECTOR_HPP

#include "ferrule/connector.h"
#include "ferrule/owned.hpp"
#include "ferrule/poller.hpp"
#include "ferrule/resolve.hpp"
#include "ferrule/tcp.hpp"

namespace ferrule
{
/* clang-format off */

/* A connector. A member function m is fer_connector_m of connector.h. It can be neither copied nor
 * moved, because its poller refers to it by its address. Declare it after its poller and its
 * resolver, so that its destructor runs first. */
class connector : public pinned<fer_connector, fer_connector_close>
{
  public:
    [[nodiscard]] fer_error start(const char *host_port, resolver &names, poller &driver,
                                  uint64_t key,
                                  const fer_connect_options *options = nullptr) noexcept
    { return fer_connector_start(get(), host_port, options, names.get(), driver.get(), key); }
    [[nodiscard]] fer_error start_host(const char *host, uint16_t port, resolver &names,
                                       poller &driver, uint64_t key,
                                       const fer_connect_options *options = nullptr) noexcept
    { return fer_connector_start_host(get(), host, port, options, names.get(), driver.get(), key); }
    result<tcp_stream> take() noexcept { return made<tcp_stream>(fer_connector_take); }
};

/* clang-format on */
} // namespace ferrule

#endif

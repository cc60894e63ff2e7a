/* connector.hpp: the connector of connector.h as a C++17 object. owned.hpp has the rules. */
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
class connector
{
  public:
    connector() noexcept = default;
    connector(const connector &) = delete;
    connector &operator=(const connector &) = delete;
    ~connector() { close(); }

    [[nodiscard]] fer_error start(const char *host_port, resolver &names, poller &driver,
                                  uint64_t key,
                                  const fer_connect_options *options = nullptr) noexcept
    { return fer_connector_start(get(), host_port, options, names.get(), driver.get(), key); }
    [[nodiscard]] fer_error start_host(const char *host, uint16_t port, resolver &names,
                                       poller &driver, uint64_t key,
                                       const fer_connect_options *options = nullptr) noexcept
    { return fer_connector_start_host(get(), host, port, options, names.get(), driver.get(), key); }
    result<tcp_stream> take() noexcept
    { return detail::opened<tcp_stream>(
          [this](fer_tcp_stream *stream) { return fer_connector_take(get(), stream); }); }

    /* Closes the connector before its destructor does. */
    void close() noexcept { fer_connector_close(get()); }

    fer_connector *get() noexcept { return &connector_; }

  private:
    fer_connector connector_{};
};

/* clang-format on */
} // namespace ferrule

#endif

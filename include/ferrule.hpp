/* ferrule.hpp: includes all C++17 headers and ferrule.h. The headers are inline: a program links
 * the C library. ferrule/owned.hpp has their rules. */
#ifndef FERRULE_HPP
#define FERRULE_HPP

#include "ferrule.h"

#include "ferrule/cancel.hpp"
#include "ferrule/connector.hpp"
#include "ferrule/io.hpp"
#include "ferrule/owned.hpp"
#include "ferrule/poller.hpp"
#include "ferrule/resolve.hpp"
#include "ferrule/socket.hpp"
#include "ferrule/tcp.hpp"
#include "ferrule/udp.hpp"
#include "ferrule/unix.hpp"
#include "ferrule/waker.hpp"

#endif

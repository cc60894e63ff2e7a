/* ferrule.h: includes all public headers except sim.h, which tests include separately. */
#ifndef FERRULE_H
#define FERRULE_H

#include "ferrule/cancel.h"
#include "ferrule/connector.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/io.h"
#include "ferrule/ip.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"
#include "ferrule/time.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"
#include "ferrule/unix.h"
#include "ferrule/version.h"
#include "ferrule/waker.h"

#endif

/* connecting.h: how a connection comes to be: one address, with or without a time limit. Several addresses are opening.h's. */
#ifndef FERI_CONNECTING_H
#define FERI_CONNECTING_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

/* A feri_opener: connects, waiting as long as the OS does. */
fer_error feri_connection_open(const fer_socket_addr *addr, fer_raw_socket *out);

/* Waits for the end of a started connect. Interruptions and false readiness only begin the wait again. */
fer_error feri_await_connection(fer_raw_socket raw, uint64_t deadline);

/* Fills a handle with a connection to addr, within timeout. Checks all of it, as fer_tcp_stream_connect_timeout says. */
fer_error feri_connect_timeout(fer_handle *handle, const fer_socket_addr *addr, fer_duration timeout);

#endif

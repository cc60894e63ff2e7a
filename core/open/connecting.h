/* connecting.h: how a connection comes to be: one address, with or without a time limit. Several
 * addresses are opening.h's. */
#ifndef FERI_CONNECTING_H
#define FERI_CONNECTING_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

/* A feri_opener: connects, waiting as long as the OS does. */
fer_error feri_connection_open(const fer_socket_addr *addr, fer_raw_socket *out);

/* connect, and where the kernel has only started it, IN_PROGRESS. */
fer_error feri_connect_raw(fer_raw_socket raw, const fer_socket_addr *addr);

/* The same to its end, within timeout. The socket may be nonblocking afterwards. */
fer_error feri_connect_within(fer_raw_socket raw, const fer_socket_addr *addr,
                              fer_duration timeout);

/* Before a connect: a refusal on loopback is final at once. Off loopback a lost SYN must be sent
 * again, so it is left alone there. */
void feri_disable_connect_retry(fer_raw_socket raw, const fer_socket_addr *addr);

/* Fills a handle with a connection to addr, within timeout. Checks all of it, as
 * fer_tcp_stream_connect_timeout says. */
fer_error feri_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                               fer_duration timeout);

/* As fer_tcp_stream_connect_start: WOULD_BLOCK where it is under way, and the handle is CONNECTING;
 * after any other failure it is NEW. */
fer_error feri_start_connect(fer_handle *handle, const fer_socket_addr *addr);

/* Ends a claim with a nonblocking socket whose connect was begun: started is FER_OK, IN_PROGRESS,
 * or a failure, and then there may be none, and none is left. */
#define FERI_STARTED_FLAGS (FERI_FLAG_NONBLOCKING | FERI_FLAG_MODE_CHANGED)
fer_error feri_finish_connect_start(fer_handle *handle, fer_error started, fer_raw_socket raw,
                                    uint32_t flags);

#endif

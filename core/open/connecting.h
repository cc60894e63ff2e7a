/* connecting.h: opens a connection to one address, with or without a timeout. binding.h tries
 * several addresses one after another, and connect_attempts.h side by side. */
#ifndef FERI_CONNECTING_H
#define FERI_CONNECTING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/handle/limits.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

/* A feri_opener: connects, and waits as long as the OS does. */
fer_error feri_connection_open(const fer_socket_addr *addr, const fer_bind_options *options,
                               fer_raw_socket *out);

/* Calls connect. IN_PROGRESS: the connect has only started. operation maps its errors:
 * ADDR_NOT_AVAILABLE if no port is left for a socket that is not bound (row ports_exhausted). */
fer_error feri_connect_raw(fer_raw_socket raw, feri_operation operation,
                           const fer_socket_addr *addr);

/* As feri_connect_raw, and waits for the result within limits. The caller restores the mode of the
 * socket (feri_set_connect_mode). */
fer_error feri_connect_within(fer_raw_socket raw, feri_operation operation,
                              const fer_socket_addr *addr, const feri_limits *limits);

/* Creates a socket whose calls do not wait, binds it to options->local (NULL: not) and starts to
 * connect it. IN_PROGRESS: the connect is pending. *step is the step that the error is of. After an
 * error the caller closes *out unless it is FER_RAW_SOCKET_NONE, as it was before. INVALID_INPUT:
 * feri_can_connect_from is false. */
fer_error feri_start_attempt(const fer_socket_addr *addr, const fer_connect_options *options,
                             fer_raw_socket *out, fer_connect_step *step);

/* Whether the addresses have one form: IPv4, IPv6 or IPv4-mapped. [::] is IPv4-mapped too. */
bool feri_can_connect_from(const fer_socket_addr *local, const fer_socket_addr *addr);

/* Fills a handle with a connection to addr, within timeout. Checks all arguments as
 * fer_tcp_stream_connect_timeout. */
fer_error feri_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                               fer_duration timeout);

/* As fer_tcp_stream_connect_start. OK: the connect has succeeded or is pending, and the handle is
 * open. After a failure the handle is NEW. */
fer_error feri_start_connect(fer_handle *handle, const fer_socket_addr *addr);

/* The flags of a socket whose connect was started. */
#define FERI_STARTED_FLAGS FERI_FLAG_NONBLOCKING

/* Ends a claim with a socket that does not wait, after its connect was called. started is FER_OK,
 * IN_PROGRESS, or an error. After an error raw may be FER_RAW_SOCKET_NONE, and otherwise it is
 * closed. */
fer_error feri_finish_connect_start(fer_handle *handle, fer_error started, fer_raw_socket raw,
                                    uint32_t flags);

#endif

/* datagram_batch.h: sends and receives batches of datagrams, and the features of their sockets
 * (rules B1 to B12). */
#ifndef FERI_DATAGRAM_BATCH_H
#define FERI_DATAGRAM_BATCH_H

#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/udp_batch.h"

/* As fer_udp_socket_send_batch and fer_udp_socket_recv_batch. With FERP_DONTWAIT they never
 * wait. */
fer_error feri_datagram_send_batch(fer_handle *handle, fer_datagram_send *messages, size_t count,
                                   unsigned flags, size_t *n);
fer_error feri_datagram_receive_batch(fer_handle *handle, fer_datagram_recv *messages, size_t count,
                                      unsigned flags, size_t *n);

#endif

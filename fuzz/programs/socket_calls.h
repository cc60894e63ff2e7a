/* socket_calls.h: one call on handles of each type, the values of options, and the network of the
 * program. No model here. */
#ifndef FUZZ_SOCKET_CALLS_H
#define FUZZ_SOCKET_CALLS_H

#include "fuzz/programs/socket_program.h"

enum { DESTINATION_OWN = 12 };

void socket_network_begin(void);
fer_socket_addr socket_bind_address(uint8_t arg);
model_destination socket_destination(uint8_t arg);
fer_unix_addr socket_path(int path);
void socket_remove_path(int path);
/* True if a peer's connect to this address is accepted by a queue. */
bool socket_peer_can_connect(const fer_socket_addr *addr);

uint64_t socket_option_value(model_option option, uint8_t arg);
fer_error socket_set_option(fer_socket *socket, model_option option, uint64_t value);
fer_error socket_get_option(const fer_socket *socket, model_option option, uint64_t *value);

void socket_close_any(socket_any *handle, model_type type);
fer_error socket_into_any(fer_socket *socket, socket_any *out, model_type type);
fer_socket *socket_lend_any(socket_any *handle, model_type type);
fer_error socket_open_any(socket_any *handle, model_type type);
/* For fer_sockets and streams. */
fer_error socket_peer_addr_any(const socket_any *handle, model_type type);
fer_error socket_take_error_any(socket_any *handle, model_type type, fer_error *out);
/* For streams only. */
fer_error socket_read_any(socket_any *handle, model_type type);
fer_error socket_write_any(socket_any *handle, model_type type);
fer_error socket_shutdown_any(socket_any *handle, model_type type);
fer_error socket_accept_any(socket_any *listener, socket_any *out, model_type type);

#endif

/* things_posix.h: everything that a descriptor can be. */
#ifndef INTEROP_THINGS_POSIX_H
#define INTEROP_THINGS_POSIX_H

enum { NONE = -1 };

/* Each makes a descriptor, and in *other one that writes to it. */
int tcp_connected(int *other);
int udp_connected(int *other);
int unix_stream_end(int *other);
int unix_datagram_end(int *other);

/* ---- Tests */

void each_type_takes_its_own_and_leaves_all_else(void **state);
void a_socket_of_any_protocol_is_taken_as_it_is(void **state);
void no_type_takes_a_number_that_names_nothing(void **state);

#endif

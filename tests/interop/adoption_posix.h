/* adoption_posix.h: descriptors of every kind, and the tests which handle type adopts them. */
#ifndef INTEROP_ADOPTION_POSIX_H
#define INTEROP_ADOPTION_POSIX_H

enum { NONE = -1 };

/* Each function creates a descriptor, and stores one that writes to it in *other. */
int tcp_connected(int *other);
int udp_connected(int *other);
int unix_stream_end(int *other);
int unix_datagram_end(int *other);

/* ---- Tests */

void each_type_takes_its_own_and_leaves_all_else(void **state);
void a_socket_of_any_protocol_is_taken_as_it_is(void **state);
void no_type_takes_a_number_that_names_nothing(void **state);

#endif

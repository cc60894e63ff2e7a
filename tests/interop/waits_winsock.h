/* waits_winsock.h: tests of calls that wait on adopted SOCKETs of unusual kinds. */
#ifndef INTEROP_WAITS_WINSOCK_H
#define INTEROP_WAITS_WINSOCK_H

void reads_of_a_socket_that_is_not_overlapped_expire(void **state);
void a_read_of_a_socket_that_is_not_overlapped_gets_what_arrives(void **state);
void shutdown_wakes_a_read_of_a_socket_that_is_not_overlapped(void **state);
void writes_to_a_socket_that_is_not_overlapped_expire(void **state);
void a_listener_that_is_not_overlapped_accepts(void **state);
void waits_queue_no_packet_in_a_port_of_the_socket(void **state);

#endif

/* waits_winsock.h: tests of calls that wait on adopted SOCKETs with a completion port. */
#ifndef INTEROP_WAITS_WINSOCK_H
#define INTEROP_WAITS_WINSOCK_H

void waits_queue_no_packet_in_a_port_of_the_socket(void **state);

#endif

/* interop_posix.h: the tests of interop_posix.c that are in files of their own. */
#ifndef INTEROP_POSIX_H
#define INTEROP_POSIX_H

/* ---- A program that is started with open sockets, as a service manager does (systemd's
 * sd_listen_fds(3)). Its exit code reports whether it could serve. activation_posix.c */

/* The argument that starts this program as the service. */
#define ACTIVATED "--activated"

int activated_main(void);
void activation_program(const char *path);
void sockets_of_a_service_manager_are_taken_in(void **state);

/* ---- What a child process may do with its copies of the parent's handles. fork_posix.c */

void a_child_may_close_its_copies_of_a_resolver(void **state);
void a_child_with_its_parents_process_id_has_copies(void **state);
void two_processes_accept_within_limits_on_one_listener(void **state);
void the_limits_of_a_child_do_not_end_the_accept_of_its_parent(void **state);
void the_modes_that_a_child_sets_are_those_of_its_parent(void **state);

/* ---- Descriptors of every kind, and which handle type adopts them. adoption_posix.c */

enum { NONE = -1 };

/* Each function creates a descriptor, and stores one that writes to it in *other. */
int tcp_connected(int *other);
int udp_connected(int *other);
int unix_stream_end(int *other);
int unix_datagram_end(int *other);
int unix_seqpacket_end(int *other);

void each_type_takes_its_own_and_leaves_all_else(void **state);
void a_socket_of_any_protocol_is_taken_as_it_is(void **state);
void no_type_takes_a_number_that_names_nothing(void **state);

/* ---- Sockets that only fer_socket adopts. foreign_posix.c */

void messages_in_sequence_are_datagrams(void **state);
void a_listener_of_messages_in_sequence_is_no_other_handle(void **state);
void a_stream_of_another_family_is_one(void **state);
void a_connected_stream_of_another_family_reads_and_writes(void **state);

#endif

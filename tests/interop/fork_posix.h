/* fork_posix.h: what a child process may do with its copies of the parent's handles. */
#ifndef INTEROP_FORK_POSIX_H
#define INTEROP_FORK_POSIX_H

void a_child_may_close_its_copies_of_a_resolver(void **state);
void two_processes_accept_within_limits_on_one_listener(void **state);
void the_limits_of_a_child_do_not_end_the_accept_of_its_parent(void **state);

#endif

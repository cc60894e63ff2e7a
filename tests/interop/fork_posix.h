/* fork_posix.h: what a child process may do with its copies of the parent's handles. */
#ifndef INTEROP_FORK_POSIX_H
#define INTEROP_FORK_POSIX_H

void a_child_may_close_its_copies_of_a_resolver(void **state);

#endif

/* interop_posix.h: the tests of interop_posix.c that are in files of their own. */
#ifndef INTEROP_POSIX_H
#define INTEROP_POSIX_H

/* ---- A program that is started with open sockets, as a service manager does (systemd's
 * sd_listen_fds(3)). Its exit code reports whether it could serve. activation_posix.c */

/* The argument that starts this program as the service. */
#define ACTIVATED "--activated"

int activated_main(void);
void activation_program(const char *path);

/* ---- The tests of each file. What a child process may do with its copies of the parent's handles
 * (fork_posix.c); sockets that only fer_socket adopts (foreign_posix.c). */

int activation_tests(void);
int foreign_tests(void);
int fork_tests(void);

#endif

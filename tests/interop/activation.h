/* activation.h: a program that is started with open sockets, as a service manager does (systemd's
 * sd_listen_fds(3)). Its exit code reports whether it could serve. */
#ifndef INTEROP_ACTIVATION_H
#define INTEROP_ACTIVATION_H

/* The argument that starts this program as the service. */
#define ACTIVATED "--activated"

int activated_main(void);
void activation_program(const char *path);
void sockets_of_a_service_manager_are_taken_in(void **state);

#endif

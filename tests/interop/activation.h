/* activation.h: a program that is started with its sockets open already, as a service manager does
 * (systemd's sd_listen_fds(3)), and says by its exit code whether it could serve. */
#ifndef INTEROP_ACTIVATION_H
#define INTEROP_ACTIVATION_H

/* The argument by which this program is started as the service. */
#define ACTIVATED "--activated"

int activated_main(void);
void activation_program(const char *path);
void sockets_of_a_service_manager_are_taken_in(void **state);

#endif

/* seam_socket.h: the simulated system's sockets, for the files of the seam. */
#ifndef INTERLEAVE_SEAM_SOCKET_H
#define INTERLEAVE_SEAM_SOCKET_H

#include "tests/interleave/seam.h"

typedef struct inter_socket {
    size_t queued; /* bytes to read */
    bool has_ended;
    bool read_shut, write_shut;
    size_t room; /* bytes that can be sent */
    size_t sent;
    bool is_nonblocking, is_connecting;
    fer_error error; /* SO_ERROR */
    fer_duration timeouts[2];
    size_t connections; /* of a listener: queued */
} inter_socket;

typedef struct inter_raw {
    inter_socket *socket;
    bool is_open;
    unsigned wakes; /* on Windows: cancelled reads, of this handle only */
} inter_raw;

inter_raw *inter_raw_of(fer_raw_socket raw);

/* Fails if the raw socket is not open. */
inter_socket *inter_socket_of(fer_raw_socket raw);

/* The same after an operation of that name, which changes the socket. */
inter_socket *inter_socket_step(const char *name, fer_raw_socket raw);

/* The argument is an inter_socket. */
bool inter_is_readable(const void *argument);
bool inter_is_writable(const void *argument);
bool inter_is_acceptable(const void *argument);

void inter_sockets_begin(void);
void inter_sockets_end(void);
void inter_waits_begin(void);
void inter_waits_end(void);

#endif

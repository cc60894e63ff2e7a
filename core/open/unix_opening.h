/* unix_opening.h: opens Unix sockets. */
#ifndef FERI_UNIX_OPENING_H
#define FERI_UNIX_OPENING_H

#include <stdint.h>

#include "core/handle/limits.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* As feri_opener. */
typedef fer_error (*feri_unix_opener)(const fer_unix_addr *addr, fer_raw_socket *out);

fer_error feri_unix_connection_open(const fer_unix_addr *addr, fer_raw_socket *out);
fer_error feri_unix_listener_open(const fer_unix_addr *addr, fer_raw_socket *out);
fer_error feri_unix_datagram_open(const fer_unix_addr *addr, fer_raw_socket *out);

/* Fill an empty handle with one of these. kind as in feri_open_first. MISUSE: the handle is NULL or
 * in use. INVALID_INPUT: the address has no name. */
fer_error feri_unix_open(fer_handle *handle, const fer_unix_addr *addr, feri_unix_opener opener,
                         uint32_t kind);
fer_error feri_unix_open_path(fer_handle *handle, const char *path, feri_unix_opener opener,
                              uint32_t kind);

/* Fills two empty handles with the ends of a new pair. */
fer_error feri_unix_open_pair(fer_handle *one, fer_handle *other, fer_type type);

/* Calls connect. IN_PROGRESS: the connect has only started. WOULD_BLOCK: the queue is full and the
 * connect has not started. INTERRUPTED: nor has it, because Linux waits for room in the queue
 * first (unix_stream_connect). */
fer_error feri_unix_connect_once(fer_raw_socket raw, const fer_unix_addr *addr);

/* The same, repeated after a signal. */
fer_error feri_unix_connect_raw(fer_raw_socket raw, const fer_unix_addr *addr);

/* As feri_unix_connect_raw on a socket that does not wait, but waits itself for room in the queue,
 * within limits, and at most until queue_deadline: WOULD_BLOCK. It does not wait for the result of
 * the connect. */
fer_error feri_unix_connect_within(fer_raw_socket raw, const fer_unix_addr *addr,
                                   const feri_limits *limits, uint64_t queue_deadline);

/* bind, with the errors that every system reports for a path. */
fer_error feri_unix_bind_raw(fer_raw_socket raw, const fer_unix_addr *addr);

/* As fer_unix_stream_connect_start. */
fer_error feri_unix_start_connect(fer_handle *handle, const fer_unix_addr *addr);

/* INVALID_INPUT unless addr is a path or an abstract name whose length the OS accepts. UNSUPPORTED:
 * the OS has no abstract names. */
fer_error feri_check_unix_name(const fer_unix_addr *addr);

#endif

/* blocking.h: the blocking mode and the timeouts of a socket: how they are set, and what follows
 * from them beside the waits of waiting.h. modes.h keeps those that the OS does not keep. */
#ifndef FERI_BLOCKING_H
#define FERI_BLOCKING_H

#include <stdbool.h>

#include "core/wait/waiting.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

fer_error feri_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout);
fer_error feri_set_nonblocking(fer_handle *handle, bool nonblocking);

/* Makes a built stream that has begun to listen a listener: core keeps its modes, beginning with
 * those that the OS has kept until now. */
fer_error feri_begin_listening(fer_handle *handle);

/* Gives an accepted socket the default modes, if it has inherited others (rule T6). */
fer_error feri_reset_inherited_modes(const fer_handle *listener, fer_raw_socket raw);

/* Before a connect that core waits for, and after it: the kernel does not wait inside connect if
 * the socket is nonblocking. Nothing if it never does. */
fer_error feri_set_connect_mode(fer_raw_socket raw, bool nonblocking);

/* Whether a call whose waits only the system makes waits as a read or a write of the handle:
 * *nonblocking, or without a timeout. splice and sendfile have no MSG_DONTWAIT, and do not keep a
 * timeout: each group of pages has its own (net/socket.c, splice_to_socket). The caller excludes
 * limits. */
bool feri_waits_by_system(const fer_handle *handle, ferp_direction direction, bool *nonblocking);

#endif

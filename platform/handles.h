/* handles.h: the part of the seam that passes sockets and other files over a Unix socket
 * (SCM_RIGHTS, unix(7)). platform.h does not include it. */
#ifndef FERP_HANDLES_H
#define FERP_HANDLES_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/unix.h"

/* What one call sends: at least one byte, and at most FER_UNIX_HANDLES_MAX handles. */
struct ferp_sent_handles {
    const void *buf;
    size_t len;
    const fer_raw_socket *handles;
    size_t count;
    const fer_unix_addr *to; /* of a datagram. NULL: to the peer */
};

/* What one call receives. The caller sets the first members: room for at least one byte, and for
 * any number of handles; and handles_truncated to false before the first try. */
struct ferp_received_handles {
    void *buf;
    size_t len;
    fer_raw_socket *handles;
    size_t cap;
    bool is_datagram;
    size_t moved;
    bool truncated; /* a datagram was longer than the buffer */
    size_t count;
    bool handles_truncated; /* more handles came than the caller has now */
    fer_unix_addr from;     /* of a datagram */
};

/* Sends the bytes, and with the first of them the handles, which stay open here. flags: 0 or
 * FERP_DONTWAIT. The errors of ferp_send and ferp_unix_send_to, and BAD_HANDLE (of one of the
 * handles), TOO_MANY_OPEN_FILES (too many are in flight), INVALID_INPUT (more than this system
 * passes at once), UNSUPPORTED. sendmsg; Windows has no such call. */
fer_error ferp_unix_send_handles(fer_raw_socket raw, const struct ferp_sent_handles *message,
                                 unsigned flags, size_t *n);

/* Receives bytes, and the handles that came with them. They are not inherited by other programs.
 * Those beyond cap are closed, and so are those of a stream's message without bytes; the next
 * message is received then. A try that fails may have set handles_truncated. moved == 0: the end of
 * a stream, or an empty datagram. flags: 0 or FERP_DONTWAIT. The errors of ferp_recv and
 * ferp_unix_recv_from, and UNSUPPORTED. recvmsg. */
fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags);

#endif

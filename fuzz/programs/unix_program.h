/* unix_program.h: calls on Unix sockets. The library and the model must agree on each. */
#ifndef FUZZ_UNIX_PROGRAM_H
#define FUZZ_UNIX_PROGRAM_H

#include "ferrule/socket.h"
#include "ferrule/unix.h"
#include "fuzz/driver/choice.h"
#include "fuzz/models/unix_model.h"

enum { UNIX_STREAMS = 4, UNIX_LISTENERS = 2, UNIX_DATAGRAMS = 4 };

struct unix_program {
    fer_sim_dialect dialect;
    /* The kind of a call that cannot proceed: WOULD_BLOCK in nonblocking mode, or TIMED_OUT. */
    fer_error_kind wait_kind;
    fer_duration no_buffers_until; /* windows.no_buffers_until, in the WINSOCK dialect */
    fer_unix_stream streams[UNIX_STREAMS];
    fer_unix_listener listeners[UNIX_LISTENERS];
    fer_unix_datagram datagrams[UNIX_DATAGRAMS];
    unix_handle stream_models[UNIX_STREAMS], listener_models[UNIX_LISTENERS];
    unix_handle datagram_models[UNIX_DATAGRAMS];
    uint8_t next_byte;
    int fault; /* injected into the next call, or -1 */
};

void unix_program_begin(struct unix_program *program, fer_sim_dialect dialect);
/* Decodes and makes one call. */
void unix_program_step(struct unix_program *program, choices *from);
/* Closes all handles. */
void unix_program_end(struct unix_program *program);

#endif

/* stream_program.h: bytes as a program of calls on a few streams, with peers and faults, run on the
 * simulated network. What each call came to is a record; what is right is for the harness to
 * say. */
#ifndef FUZZ_STREAM_PROGRAM_H
#define FUZZ_STREAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

enum {
    PROGRAM_HANDLES = 6,
    PROGRAM_CONNECTIONS = 8,
    PROGRAM_LISTENERS = 3,
    PROGRAM_NAMES = 7,
    PROGRAM_STEPS = 100,
    PROGRAM_DEFERRED = 64,
    PROGRAM_STEP_BYTES = 4,
    PROGRAM_POLLER_FROM =
        /* of a step's first byte, on which the ops before those of the poller share the rest */
    248,
    PROGRAM_BUFFER = 2048
};

/* X(name): what a step does. The second group is the peers'. */
/* clang-format off */
#define PROGRAM_OPS(X)                                                                           \
    X(CONNECT) X(CONNECT_TIMEOUT) X(CONNECT_ADDRS) X(CONNECT_NAME) X(CONNECT_FAILS)              \
    X(CONNECT_FULL) X(ACCEPT_SECOND) X(ACCEPT) X(READ) X(PEEK) X(READ_VECTORED) X(READ_EXACT)    \
    X(READ_TO_END) X(WRITE) X(WRITE_VECTORED) X(WRITE_ALL) X(SHUTDOWN) X(CLONE)                  \
    X(SET_READ_TIMEOUT) X(SET_WRITE_TIMEOUT) X(READ_TIMEOUT) X(WRITE_TIMEOUT) X(SET_NONBLOCKING) \
    X(TAKE_ERROR) X(PEER_ADDR) X(LOCAL_ADDR) X(CLOSE) X(THROUGH_RAW) X(NODELAY) X(TTL) X(LINGER) \
    X(KEEPALIVE) X(BIND) X(UNBIND) X(LISTENER) X(PEER_SEND) X(PEER_RECEIVE) X(PEER_SHUTDOWN)     \
    X(PEER_CLOSE) X(PEER_RESET) X(DEFER) X(POLLER_ADD) X(POLLER_MODIFY) X(POLLER_DELETE)         \
    X(POLLER_WAIT)
/* clang-format on */

enum program_op {
#define PROGRAM_OP(name) OP_##name,
    PROGRAM_OPS(PROGRAM_OP)
#undef PROGRAM_OP
        OP_COUNT
};

/* What has happened to a connection. */
enum {
    FACT_PEER_SHUT = 1, /* the peer ended its writing, by shutdown or close */
    FACT_PEER_CLOSED = 2,
    FACT_RESET = 4,            /* a reset was sent, or may have been: by the peer, or by a fault */
    FACT_CLONED = 8,           /* more than one handle has been there */
    FACT_WROTE_AFTER_END = 16, /* the program wrote after FACT_PEER_SHUT */
    FACT_SHUT_READ = 32,       /* through one of its handles */
    FACT_SHUT_WRITE = 64,
    FACT_DEFERRED = 128,   /* a peer's action was still to come when the step began */
    FACT_ADOPTED = 256,    /* it went through a raw socket */
    FACT_PORT_IN_USE = 512 /* of BIND: a connection that was accepted on the port is still open */
};

struct record {
    enum program_op op;
    int handle;
    int connection; /* or -1 */
    unsigned facts; /* before the step */
    unsigned facts_after;
    int fault; /* armed for it, or -1 */
    fer_error error;
    bool has_length; /* a transfer of at least one byte was asked for */
    size_t requested;
    size_t n;
    bool bytes_are_right; /* those that were read are those that were sent, in order */
    bool has_value;       /* or: THROUGH_RAW was done */
    uint64_t value;       /* of a getter, or the kind that take_error gave */
    uint64_t expected;    /* what was set, where value should be that */
    uint64_t elapsed;     /* virtual nanoseconds */
    bool was_forgiven; /* for the harness that compares: an earlier difference of this connection */
    size_t unread;     /* sent by the peer and not consumed, before the step */
};

/* One end of the bytes: the n-th byte of each direction of each connection is known. */
struct connection {
    fer_sim_peer peer;
    unsigned facts;
    uint16_t accepted_on; /* the port of the program's listener, or 0 */
    size_t peer_sent;
    size_t received; /* of it, by the program */
    size_t sent;
    size_t peer_received;
    bool peer_bytes_are_right;
};

struct deferred {
    struct program *program;
    int connection;
    enum program_op op;
    size_t count;
};

struct program {
    fer_poller poller;              /* of all streams */
    uint64_t keys[PROGRAM_HANDLES]; /* the last that each handle had */
    fer_tcp_stream streams[PROGRAM_HANDLES];
    int connection_of[PROGRAM_HANDLES];
    struct connection connections[PROGRAM_CONNECTIONS];
    int connection_count;
    fer_sim_peer listener;
    fer_sim_peer full_listener;
    fer_tcp_listener
        listeners[PROGRAM_LISTENERS]; /* the program's own; the first is bound at the start */
    fer_socket_addr server;           /* where the peers' listener is */
    fer_sim_name names[PROGRAM_NAMES];
    fer_socket_addr name_addrs[2];
    struct deferred deferred[PROGRAM_DEFERRED];
    int deferred_count;
    int deferred_done;
    size_t buffer;        /* bytes of each side of a connection */
    struct record record; /* of the step that is being done */
    void *context;
    void (*observe)(const struct program *program, const struct record *record);
    fer_sim_report report;
};

const char *program_op_name(enum program_op op);

/* Runs the bytes; each step's record goes to observe; then all is closed, and the report is
 * there. */
void program_run(struct program *program, fer_sim_dialect dialect, const uint8_t *data,
                 size_t size);

#endif

/* stream_program.h: decodes bytes into a program of calls on a few streams, with peers and faults,
 * and runs it on the simulated network. Each call's result is a record, which the harness
 * checks. */
#ifndef FUZZ_STREAM_PROGRAM_H
#define FUZZ_STREAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"
#include "fuzz/programs/limits.h"

enum {
    PROGRAM_HANDLES = 6,
    PROGRAM_CONNECTIONS = 8,
    PROGRAM_LISTENERS = 3,
    PROGRAM_NAMES = 7,
    PROGRAM_STEPS = 100,
    PROGRAM_DEFERRED = 64,
    PROGRAM_STEP_BYTES = 4,
    /* The first byte of a step is an operation of the poller from this value on. */
    PROGRAM_POLLER_FROM = 248,
    PROGRAM_OWN_SHUTDOWN_FROM = 192, /* DEFER's argument, with loses_cancels */
    /* The first byte of these, if the program has limits. */
    PROGRAM_CONNECT_WITH_FROM = 232,
    PROGRAM_READY_FROM = 240,
    PROGRAM_BUFFER = 16384,
    /* Writes are longer by this factor if the simulated Windows lacks buffers for long sends. */
    PROGRAM_LONG_WRITE = 8
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
    X(POLLER_WAIT) X(READY) X(CONNECT_WITH)
/* clang-format on */

enum program_op {
#define PROGRAM_OP(name) OP_##name,
    PROGRAM_OPS(PROGRAM_OP)
#undef PROGRAM_OP
        OP_COUNT
};

/* The systems of the dialects. Those of the BSD dialect are in fer_sim_bsd's order. */
enum program_system {
    SYSTEM_POSIX,
    SYSTEM_WINDOWS,
    SYSTEM_MACOS,
    SYSTEM_FREEBSD,
    SYSTEM_NETBSD,
    SYSTEM_OPENBSD
};

/* The facts of a connection. */
enum {
    FACT_PEER_SHUT = 1, /* the peer shut down writing, or closed */
    FACT_PEER_CLOSED = 2,
    FACT_RESET = 4,            /* a reset was sent, or may have been, by the peer or a fault */
    FACT_CLONED = 8,           /* it had more than one handle */
    FACT_WROTE_AFTER_END = 16, /* the program wrote after FACT_PEER_SHUT */
    FACT_SHUT_READ = 32,       /* through any of its handles */
    FACT_SHUT_WRITE = 64,
    FACT_DEFERRED = 128,    /* a deferred action of a peer was pending when the step began */
    FACT_ADOPTED = 256,     /* it went through a raw socket */
    FACT_PORT_IN_USE = 512, /* of BIND: a connection accepted on the port is still open */
    FACT_LOOPBACK = 1024,   /* the peer has a loopback address */
    /* The simulation's switches: no_buffers_until, at the time of the step; those with which a wait
     * on Windows may notice an event late. */
    FACT_LACKS_BUFFERS = 2048,
    FACT_NOTICES_LATE = 4096,
    FACT_SEND_FAILED = 8192, /* a write failed for lack of buffers */
    FACT_CUT = 32768,        /* its path has lost packets */
    FACT_GIVEN_UP = 65536,   /* so long that an end may have given up, or for good */
    FACT_CLONE_TIMED = 16384 /* of ACCEPT: one clone of a listener got a timeout as a raw socket */
};

struct record {
    enum program_system system;
    enum program_op op;
    int handle;
    int connection; /* or -1 */
    unsigned facts; /* before the step */
    unsigned facts_after;
    int fault;         /* injected, or -1 */
    bool fault_missed; /* no call of the step met it */
    bool was_reset;    /* by the fault */
    struct call_limits limits;
    fer_error error;
    bool has_length; /* the requested transfer is of at least one byte */
    size_t requested;
    size_t n;
    bool bytes_are_right; /* the bytes that were read are those that were sent, in order */
    bool has_value;       /* or, for THROUGH_RAW, that it was done; CLOSE: the peer received */
    uint64_t value;       /* of a getter, or the kind from take_error */
    uint64_t expected;    /* the value that was set and should be returned; CLOSE: n */
    uint64_t elapsed;     /* of virtual time, in nanoseconds */
    /* Set by the harness that compares: an earlier step of this connection differed. */
    bool was_forgiven;
    fer_interest asked; /* READY */
    fer_interest ready;
    size_t unread;     /* sent by the peer and not received, before the step */
    size_t could_read; /* unread, and what the peer sent during the step */
    /* The times of events from the beginning of the step on, or LIMITS_NEVER. */
    uint64_t timeout_in; /* the socket's own, of a read or a write */
    uint64_t action_in;  /* the first deferred action that is pending */
    uint64_t buffers_in; /* the simulated Windows has buffers again, or has them: 0 */
    int actions;         /* deferred ones that ran during the step */
    int actions_at_end;  /* of these, in the instant in which the step ended */
};

static inline bool is_read(const struct record *record)
{
    return record->op >= OP_READ && record->op <= OP_READ_TO_END;
}

static inline bool is_write(const struct record *record)
{
    return record->op >= OP_WRITE && record->op <= OP_WRITE_ALL;
}

/* A call that makes several reads or writes. */
static inline bool is_whole(const struct record *record)
{
    return record->op == OP_READ_EXACT || record->op == OP_READ_TO_END ||
           record->op == OP_WRITE_ALL;
}

/* Whether one of the facts held before the step; holds after it; whether all hold after it. */
static inline bool had(const struct record *record, unsigned facts)
{
    return (record->facts & facts) != 0;
}

static inline bool has(const struct record *record, unsigned facts)
{
    return (record->facts_after & facts) != 0;
}

static inline bool has_both(const struct record *record, unsigned facts)
{
    return (record->facts_after & facts) == facts;
}

/* One connection. The n-th byte of each direction is known. */
struct connection {
    fer_sim_peer peer;
    unsigned facts;
    uint16_t accepted_on; /* the port of the program's listener, or 0 */
    uint64_t timeouts[2]; /* that were set, of reads and of writes; 0: none */
    size_t peer_sent;
    size_t received; /* of peer_sent, by the program */
    size_t sent;
    size_t peer_received;
    bool peer_bytes_are_right;
};

struct deferred {
    struct program *program;
    int connection;
    int handle;         /* of SHUTDOWN, which is the program's own */
    enum program_op op; /* SHUTDOWN, or the peer's */
    size_t count;
    uint64_t time;
    bool is_done;
};

struct program {
    fer_poller poller;              /* with all streams */
    uint64_t keys[PROGRAM_HANDLES]; /* the last key of each handle */
    fer_tcp_stream streams[PROGRAM_HANDLES];
    int connection_of[PROGRAM_HANDLES];
    bool draws_paths; /* set by the harness: the program may have events of paths */
    bool is_cut;      /* the path to the server's host */
    uint64_t cut_since;
    uint64_t cut_until; /* a cut before this time continues the last one */
    struct program_limits limits;
    struct handle_limits limits_of[PROGRAM_HANDLES];
    struct handle_limits connect_limits;  /* of CONNECT_WITH */
    unsigned shut_later[PROGRAM_HANDLES]; /* FACT_SHUT_, by deferred shutdowns of the handle */
    struct connection connections[PROGRAM_CONNECTIONS];
    int connection_count;
    fer_sim_peer listener, full_listener;
    /* The program's own. The first is bound at the start. */
    fer_tcp_listener listeners[PROGRAM_LISTENERS];
    bool clone_was_timed;   /* FACT_CLONE_TIMED */
    fer_socket_addr server; /* the address of the peers' listener */
    fer_sim_name names[PROGRAM_NAMES];
    fer_socket_addr name_addrs[2];
    struct deferred deferred[PROGRAM_DEFERRED];
    int deferred_count;
    uint64_t steps; /* that were made */
    int deferred_done;
    uint64_t last_action; /* the time of the last deferred action, and how many ran then */
    int actions_at_last;
    size_t buffer;           /* the buffer of each side of a connection, in bytes */
    fer_sim_windows windows; /* the switches of the simulation */
    enum program_system system;
    struct record record; /* of the current step */
    void *context;
    void (*observe)(const struct program *program, const struct record *record);
    fer_sim_report report;
};

const char *program_op_name(enum program_op op);
void program_print_record(const struct record *record);

/* Runs the bytes as a program. Each step's record goes to observe. At the end all handles are
 * closed, and the report is stored. */
void program_run(struct program *program, fer_sim_dialect dialect, const uint8_t *data,
                 size_t size);

#endif
